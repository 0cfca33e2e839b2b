"""The OSS buckets of the seeded world; they come after those of S3 and change nothing in them."""

import random
from datetime import datetime

from restoretui.core.model import Tier
from restoretui.sandbox.state.bucket import DAY, BucketState
from restoretui.sandbox.state.cloud import Cloud, instant
from restoretui.sandbox.state.kinds import KINDS, RULES, kind_number

REGION = "cn-hangzhou"
_HOUR = 3600
_MIB = 2**20

_STANDARD = kind_number("Standard")
_IA = kind_number("IA")
_ARCHIVE = kind_number("Archive")
_COLD = kind_number("ColdArchive")
_DEEP = kind_number("DeepColdArchive")


def build_oss(cloud: Cloud, now: float, born: datetime) -> None:
    """Two buckets: one of every class and state, and one whose Archive objects are read without a restore."""
    films = cloud.add_bucket("acme-oss-films", region=REGION, scheme="oss", created=born)
    _films(cloud, films, now)
    scans = cloud.add_bucket("acme-oss-direct-read", region=REGION, scheme="oss", created=born)
    scans.direct_read = True
    for number in range(40):
        kind = _ARCHIVE if number % 4 else _COLD
        scans.write(f"scans/box-{number // 10}/page-{number:03d}.tif", 30 * _MIB + number, kind, now - 300 * DAY)


def _films(cloud: Cloud, bucket: BucketState, now: float) -> None:
    draw = random.Random(f"{cloud.seed}/{bucket.name}")
    bucket.write("目录/README.txt", 3_000, _STANDARD, now - 20 * DAY)
    for year in range(2019, 2025):
        age = (2025 - year) * 365 * DAY
        for reel in range(1, 31):
            kind = draw.choice((_ARCHIVE, _ARCHIVE, _IA) if year > 2022 else (_COLD, _COLD, _DEEP, _ARCHIVE))
            key = f"films/{year}/reel-{reel:03d}.mxf"
            bucket.write(key, int(draw.uniform(50, 4_000) * _MIB), kind, now - age - reel * DAY)
    archived = [row for row in bucket.rows() if RULES[row.kind]]
    for number, row in enumerate(draw.sample(archived, 24)):
        rule = RULES[row.kind]
        longest = rule.max_days or 7 if rule else 7
        if number % 2 or KINDS[row.kind].storage_class == "Archive":
            # Restored for a while: ends within hours, within days, or when the class's longest is over.
            days = (1, 3, longest)[number // 2 % 3]
            asked = now - (0.8 * DAY if days == 1 else DAY)
            cloud.begin_restore(bucket, row, Tier.EXPEDITED, days, asked, draw=0.0)
        else:
            asked = now - draw.uniform(0.1, 1.5) * _HOUR
            cloud.begin_restore(bucket, row, Tier.STANDARD, 1 + number % 7, asked)
    bucket.write(f"films/incoming/{instant(now):%Y-%m-%d}.mxf", 900 * _MIB, _STANDARD, now - _HOUR)
