"""A small world with something of everything: classes, prefixes, versions, a second cloud, names that do harm."""

from restoretui.sandbox.state.cloud import Cloud

KEYS = 12


def build(cloud: Cloud) -> None:
    """Fill an empty cloud."""
    cloud.add_bucket("cold")
    for number in range(KEYS):
        cloud.put("cold", f"2021/a-{number:02}.bin", size=1000 * (number + 1), storage_class="GLACIER")
    for number in range(4):
        cloud.put("cold", f"2022/deep/b-{number}.bin", size=5 << 20, storage_class="DEEP_ARCHIVE")
    cloud.put(
        "cold", "2022/tiered.bin", size=300_000, storage_class="INTELLIGENT_TIERING", archive_status="ARCHIVE_ACCESS"
    )
    cloud.put("cold", "2022/\x1b[31m[red]日本\u202egnp.txt", size=77, storage_class="GLACIER")
    cloud.put("cold", "c-online.bin", size=10)
    cloud.put("cold", "c-" + "long" * 60, size=10, storage_class="GLACIER")
    for key in ("x-0", "x-1", "x-2"):
        cloud.put("cold", key, size=1 << 30, storage_class="DEEP_ARCHIVE")
    cloud.add_bucket("layers", versioning=True)
    for version in range(2):
        for key in ("one", "two", "sub/three"):
            cloud.put("layers", key, size=version + 1, storage_class="GLACIER")
    cloud.delete("layers", "two")
    cloud.add_bucket("frozen", scheme="oss", region="cn-hangzhou")
    for number in range(3):
        cloud.put("frozen", f"films/{number}.mov", size=1 << 20, storage_class="ColdArchive")
    cloud.put("frozen", "films/now.mov", size=1 << 20, storage_class="Standard")
