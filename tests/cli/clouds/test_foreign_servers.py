"""The main job on servers that nobody here wrote, judged by what went over the wire and by what they say."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest

from tests.cli.clouds.foreign_servers import SERVERS, served
from tests.cli.conftest import Run

BUCKET = "foreign"
PLACE = f"s3://{BUCKET}/a/"
COLD = {"a/1 of many.bin": "GLACIER", "a/ü & <+>%41.bin": "GLACIER", "a/deep": "DEEP_ARCHIVE"}
READABLE = {"a/at once": "GLACIER_IR", "a/plain": "STANDARD"}


def seed(s3: Any) -> None:
    s3.create_bucket(Bucket=BUCKET)
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    for size in (3, 5):  # Two versions of each.
        for key, storage_class in (COLD | READABLE).items():
            s3.put_object(Bucket=BUCKET, Key=key, Body=b"x" * size, StorageClass=storage_class)
    s3.put_object(Bucket=BUCKET, Key="a/gone", Body=b"x", StorageClass="GLACIER")
    s3.delete_object(Bucket=BUCKET, Key="a/gone")


def ends(s3: Any) -> dict[str, datetime]:
    """Until when each copy lasts, by the server's own word to another client."""
    told = {key: s3.head_object(Bucket=BUCKET, Key=key)["Restore"] for key in COLD}
    assert all('ongoing-request="false"' in header for header in told.values()), told
    return {key: parsedate_to_datetime(header.split('"')[3]) for key, header in told.items()}


@pytest.mark.parametrize("name", SERVERS)
def test_the_main_job_from_listing_to_repeat(name: str, run: Run, tmp_path: Path) -> None:
    with served(name, tmp_path) as (wire, s3):
        seed(s3)
        listed = run(wire, "ls", PLACE, "--json")
        states = {line["key"]: line["state"] for line in listed.of("object")}
        assert (listed.code, states) == (0, dict.fromkeys(COLD, "archived") | dict.fromkeys(READABLE, "online"))
        versions = run(wire, "ls", PLACE, "--versions", "--json").of("object")
        assert len(versions) == len({(it["key"], it["version_id"]) for it in versions}) == 11

        args = (PLACE, "--tier", "standard", "--json")
        planned = run(wire, "plan", *args, "--days", "3")
        assert (planned.code, planned.of("plan")[0]["requests"], wire.restores()) == (0, 3, [])

        restored = run(wire, "restore", *args, "--days", "3", "--yes", "--wait", "--timeout", "60s")
        assert (restored.code, restored.summary["available"]) == (0, 3), restored.err
        assert wire.restores() == sorted(COLD)
        first = ends(s3)
        assert min(first.values()) > datetime.now(UTC) + timedelta(days=2, hours=23)

        followed = run(wire, "status", "last", "--json")
        assert (followed.code, followed.summary["available"]) == (0, 3), followed.err
        states = {line["key"]: line["state"] for line in run(wire, "ls", PLACE, "--json").of("object")}
        assert {states[key] for key in COLD} == {"available"}

        for days in ("3", "1"):  # The same again, and less: neither is sent.
            again = run(wire, "restore", *args, "--days", days, "--yes", "--wait")
            assert (again.code, wire.restores()) == (0, sorted(COLD)), again.err
        # By somebody who knows nothing of the first run.
        stranger = run(wire, "restore", *args, "--days", "1", "--yes", RESTORETUI_STATE_DIR=str(tmp_path / "other"))
        assert (stranger.code, wire.restores()) == (0, sorted(COLD)), stranger.err
        assert ends(s3) == first

        longer = run(wire, "restore", *args, "--days", "9", "--yes", "--wait", "--timeout", "60s")
        assert (longer.code, wire.restores()) == (0, sorted([*COLD, *COLD])), longer.err
        assert all(end > first[key] + timedelta(days=5) for key, end in ends(s3).items())
        assert all(b"<Days>" in sent.body for sent in wire.sent if sent.restores)
