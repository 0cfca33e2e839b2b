"""The seeded world: buckets worth demonstrating, the same for the same seed.

Dates lie before the virtual now. States that wear off (restoring, restored and near expiry) are as of that now.
"""

import random
from array import array
from datetime import UTC, datetime
from itertools import chain

from restoretui.core.model import Tier
from restoretui.core.rules.s3 import S3
from restoretui.sandbox.state.bucket import DAY, BucketState, Expiration, describe
from restoretui.sandbox.state.cloud import OTHER_ACCOUNT, Cloud, instant
from restoretui.sandbox.state.kinds import MARKER, RULES, kind_number
from restoretui.sandbox.state.table import SortedTable
from restoretui.sandbox.world.odd_names import ODD_KEYS
from restoretui.sandbox.world.oss import build_oss

DEFAULT_OBJECTS = 2000
HOUR = 3600
_GIB = 2**30
_MIB = 2**20

_STANDARD = kind_number("STANDARD")
_IA = kind_number("STANDARD_IA")
_INSTANT = kind_number("GLACIER_IR")
_GLACIER = kind_number("GLACIER")
_DEEP = kind_number("DEEP_ARCHIVE")
_TIERING = kind_number("INTELLIGENT_TIERING")
_TIERING_ARCHIVE = kind_number("INTELLIGENT_TIERING", "ARCHIVE_ACCESS")
_TIERING_DEEP = kind_number("INTELLIGENT_TIERING", "DEEP_ARCHIVE_ACCESS")


def build_world(cloud: Cloud, objects: int | None = None) -> None:
    """Fill ``cloud``; the first bucket gets ``objects`` objects (None: about 2,000), the others stay small."""
    now = cloud.now()
    born = instant(now - 1500 * DAY)
    media = cloud.add_bucket("acme-media-archive", created=born)
    _fill_media(media, DEFAULT_OBJECTS if objects is None else objects, cloud.seed, now)
    _seed_restores(cloud, media, now, count=min(40, len(media.table) // 40))
    _genomics(cloud, cloud.add_bucket("acme-genomics-cold", created=born), now)
    _legal(cloud, cloud.add_bucket("acme-legal-versions", created=born, versioning=True), now)
    _backups(cloud, cloud.add_bucket("acme-backups-tiering", created=born), now)
    _odd(cloud, cloud.add_bucket("acme-odd-names", created=born), now)
    _logs(cloud, cloud.add_bucket("acme-logs-expiring", created=born), now)
    cloud.expire("acme-logs-expiring", [Expiration("expire-old-logs", "app/", 400)])
    _frankfurt(cloud, cloud.add_bucket("acme-frankfurt-archive", created=born, region="eu-central-1"), now)
    shared = cloud.add_bucket("acme-requester-pays", created=born, requester_pays=True, owner=OTHER_ACCOUNT)
    _requester_pays(cloud, shared, now)
    cloud.add_bucket("acme-empty", created=born)
    build_oss(cloud, now, born)


def _fill_media(bucket: BucketState, objects: int, seed: int, now: float) -> None:
    """``archive/2021/03/cam-07/clip-000123.mov``: dense prefixes, in columns because there may be millions."""
    draw = random.Random(f"{seed}/{bucket.name}")
    extras = ["README.txt", *(f"catalog/index-{number:03d}.json" for number in range(9))] if objects >= 100 else []
    clips = objects - len(extras)
    cameras = max(2, min(12, round((clips / 1000) ** 0.5)))
    years = max(1, min(6, clips // (12 * cameras * 40)))
    groups = [
        (year, month, camera)
        for year in range(2025 - years, 2025)
        for month in range(1, 13)
        for camera in range(1, cameras + 1)
    ]
    each, rest = divmod(clips, len(groups))
    kinds = bytearray([_STANDARD] * len(extras[:1]))
    modified = array("q", [int(now) - 30 * DAY] * len(kinds))
    stems: list[tuple[str, int]] = []
    for number, (year, month, camera) in enumerate(groups):
        count = each + (number < rest)
        stems.append((f"archive/{year}/{month:02d}/cam-{camera:02d}/", count))
        kinds += draw.randbytes(count).translate(_OLD if year < 2025 - (years + 1) // 2 else _RECENT)
        first = int(min(datetime(year, month, 1, 6, tzinfo=UTC).timestamp(), now - 60 * DAY)) + 977 * camera
        step = max(1, 27 * DAY // max(1, count))
        modified.extend(range(first, first + step * count, step))
    kinds += bytes([_IA] * len(extras[1:]))
    modified.extend([int(now) - 30 * DAY] * len(extras[1:]))
    suffixes = [f"clip-{number:06d}.mov" for number in range(each + 1)]
    dense = (map(stem.__add__, suffixes[:count]) for stem, count in stems)
    keys = chain(extras[:1], chain.from_iterable(dense), extras[1:])
    tags = array("Q", draw.randbytes(8 * objects))
    # One of 4,096 sizes around 180 MiB with a long tail, plus a few odd bytes.
    scale = [int(_MIB * draw.lognormvariate(5.2, 0.9)) for _ in range(4096)]
    sizes = array("q", (scale[tag & 4095] + (tag >> 12 & 1023) for tag in tags))
    for at in range(len(extras[:1])):
        sizes[at] = 2048
    for at in range(objects - len(extras[1:]), objects):
        sizes[at] = 3 * _MIB
    bucket.table = SortedTable.of_columns(keys, sizes, modified, kinds, tags)


def _shares(*shares: tuple[int, int]) -> bytes:
    """A table for ``bytes.translate``: random bytes to kinds, in the given shares of 256."""
    table = b"".join(bytes([kind]) * count for kind, count in shares)
    return table + bytes([shares[0][0]]) * (256 - len(table))


_OLD = _shares((_DEEP, 190), (_GLACIER, 50), (_INSTANT, 8), (_TIERING_DEEP, 8))
_RECENT = _shares((_GLACIER, 196), (_DEEP, 24), (_INSTANT, 12), (_IA, 12), (_STANDARD, 6), (_TIERING_ARCHIVE, 6))


def _seed_restores(cloud: Cloud, bucket: BucketState, now: float, count: int) -> None:
    """Set ``count`` archived rows, spread evenly, restoring or restored: some of the latter end at midnight."""
    if not count:
        return
    archived = [row for row in bucket.rows() if _needs_days(row.kind)] if len(bucket.table) < 10_000 else []
    if not archived:
        # Of a huge bucket only the beginning is looked at.
        archived = [row for row, _ in zip(bucket.rows(), range(10_000), strict=False) if _needs_days(row.kind)]
    draw = random.Random(f"{cloud.seed}/{bucket.name}/restores")
    for number, row in enumerate(draw.sample(archived, min(count, len(archived)))):
        tier = Tier.BULK if number % 3 == 0 else Tier.STANDARD
        if number % 2:
            # Restoring: asked for so recently that even the earliest end of its window lies ahead.
            shortest = S3.archives[describe(row.kind).storage_class].windows[tier].shortest.total_seconds()
            asked = now - draw.uniform(0.1, 0.9) * shortest
            cloud.begin_restore(bucket, row, tier, 1 + number % 7, asked)
        else:
            # Restored: asked for three days ago, for so long that it ends tonight, tomorrow or in a week.
            asked = now - 3 * DAY
            cloud.begin_restore(bucket, row, tier, 3 + (0, 1, 7)[number // 2 % 3], asked, draw=draw.random() * 0.9)


def _needs_days(kind: int) -> bool:
    return kind in (_GLACIER, _DEEP)


def _genomics(cloud: Cloud, bucket: BucketState, now: float) -> None:
    draw = random.Random(f"{cloud.seed}/{bucket.name}")
    for run in range(6):
        at = now - (900 - 120 * run) * DAY
        day = instant(at).strftime("%Y%m%d")
        stem = f"runs/{day}_NB50{run}_A00{run + 4}"
        for sample in range(1, 17):
            for end in ("R1", "R2"):
                size = int(draw.uniform(8, 60) * _GIB)
                bucket.write(f"{stem}/fastq/S{sample:03d}_{end}.fastq.gz", size, _DEEP, at)
            bucket.write(f"{stem}/bam/S{sample:03d}.bam", int(draw.uniform(30, 140) * _GIB), _DEEP, at + HOUR)
            bucket.write(f"{stem}/bam/S{sample:03d}.bam.bai", int(draw.uniform(4, 9) * _MIB), _INSTANT, at + HOUR)
        bucket.write(f"{stem}/RunInfo.xml", 24_000, _STANDARD, at)
    _seed_restores(cloud, bucket, now, 12)


def _legal(cloud: Cloud, bucket: BucketState, now: float) -> None:
    draw = random.Random(f"{cloud.seed}/{bucket.name}")
    for matter in range(1, 13):
        stem = f"matters/{2015 + matter % 8}-{matter:04d}"
        for number in range(1, 11):
            key = f"{stem}/exhibit-{number:02d}.pdf"
            versions = 1 + draw.randrange(4)
            for version in range(versions):
                at = now - (1200 - 250 * version - matter) * DAY
                newest = version == versions - 1
                kind = _STANDARD if newest and draw.random() < 0.4 else draw.choice((_GLACIER, _DEEP))
                bucket.write(key, int(draw.uniform(0.2, 90) * _MIB), kind, at)
            if number == 10:
                bucket.write(key, 0, MARKER, now - (100 - matter) * DAY)
    _seed_restores(cloud, bucket, now, 10)


def _backups(cloud: Cloud, bucket: BucketState, now: float) -> None:
    draw = random.Random(f"{cloud.seed}/{bucket.name}")
    kinds = (_TIERING_ARCHIVE, _TIERING, _TIERING_DEEP)
    for host in ("db-01", "db-02", "mail", "wiki"):
        for week in range(40):
            at = now - (20 + 7 * week) * DAY
            # Archived after 90 days without access, deep archived after 180, if nobody looked.
            age = 0 if week < 11 else 1 if week < 24 else 2
            kind = _TIERING if draw.random() < 0.2 or age == 0 else kinds[0] if age == 1 else kinds[2]
            key = f"hosts/{host}/weekly/{instant(at):%G-W%V}/full.tar.zst"
            bucket.write(key, int(draw.uniform(2, 80) * _GIB), kind, at)
    for number, row in enumerate([row for row in bucket.rows() if RULES[row.kind]]):
        if number % 15 == 4:
            cloud.begin_restore(bucket, row, Tier.STANDARD, None, now - draw.uniform(0.2, 2.5) * HOUR)


def _odd(cloud: Cloud, bucket: BucketState, now: float) -> None:
    for number, key in enumerate(ODD_KEYS):
        kind = (_GLACIER, _GLACIER, _DEEP, _STANDARD)[number % 4]
        bucket.write(key, 1000 + 37 * number, kind, now - (40 + number) * DAY)
    _seed_restores(cloud, bucket, now, 6)


def _logs(cloud: Cloud, bucket: BucketState, now: float) -> None:
    for service in ("api", "web", "worker"):
        for day in range(0, 420, 7):
            at = now - day * DAY - HOUR
            if day < 395:
                kind = _STANDARD if day < 30 else _IA if day < 60 else _GLACIER
                bucket.write(f"app/{service}/{instant(at):%Y/%m/%d}.log.gz", 40 * _MIB + day, kind, at)
    for month in range(1, 13):
        bucket.write(f"audit/2023-{month:02d}.log.gz", 400 * _MIB, _DEEP, now - (900 - 30 * month) * DAY)


def _frankfurt(cloud: Cloud, bucket: BucketState, now: float) -> None:
    draw = random.Random(f"{cloud.seed}/{bucket.name}")
    for city in ("berlin", "frankfurt", "münchen"):
        for number in range(60):
            kind = draw.choice((_GLACIER, _GLACIER, _DEEP, _IA))
            key = f"radio/{city}/sendung-{number:04d}.flac"
            bucket.write(key, int(draw.uniform(20, 600) * _MIB), kind, now - (200 + 3 * number) * DAY)
    _seed_restores(cloud, bucket, now, 8)


def _requester_pays(cloud: Cloud, bucket: BucketState, now: float) -> None:
    draw = random.Random(f"{cloud.seed}/{bucket.name}")
    for tile in range(80):
        key = f"sentinel/tiles/33/U/{'UVWX'[tile % 4]}{tile // 4:02d}/B{1 + tile % 12:02d}.jp2"
        bucket.write(key, int(draw.uniform(20, 130) * _MIB), draw.choice((_GLACIER, _DEEP)), now - (400 + tile) * DAY)
