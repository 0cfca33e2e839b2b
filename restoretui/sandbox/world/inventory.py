"""Writes S3 inventories of simulated buckets, true to the documented manifest and rows (FACTS 8.1).

Rows come in no order: each file has every so many of them, every other file from its end. What S3 leaves out is left
out: no restore status, no header row; a null version has no id.
"""

import json
import zlib
from collections.abc import Iterator, Sequence
from hashlib import md5
from typing import NamedTuple
from urllib.parse import quote_plus

from restoretui.sandbox.state.bucket import BucketState, describe
from restoretui.sandbox.state.cloud import Cloud, instant
from restoretui.sandbox.state.kinds import MARKER, NULL_VERSION
from restoretui.sandbox.state.table import Row

INVENTORIES = "acme-inventories"
"""The bucket that ``write_inventories`` fills."""
CONFIGURATION = "everything"
_ALWAYS = ("Bucket", "Key")
_OF_VERSIONS = ("VersionId", "IsLatest", "IsDeleteMarker")
_CHOSEN = (
    "Size", "LastModifiedDate", "ETag", "StorageClass", "IsMultipartUploaded", "ReplicationStatus",
    "EncryptionStatus", "IntelligentTieringAccessTier",
)  # fmt: skip
_TIERS = {"INTELLIGENT_TIERING": "FREQUENT"}
"""Of what is in no archive; how AWS spells it was not seen (FACTS 8.1)."""
_ROWS_A_BLOCK = 10_000


class WrittenInventory(NamedTuple):
    """An inventory that was written."""

    bucket: str
    manifest: str
    """Its key."""


def write_inventory(
    cloud: Cloud,
    source: str,
    destination: str,
    *,
    prefix: str = "",
    name: str = CONFIGURATION,
    at: float | None = None,
    rows_a_file: int = 500_000,
    chosen: Sequence[str] = _CHOSEN,
) -> WrittenInventory:
    """An inventory of a bucket as it is now, in another, and the configuration ``name`` that says so.

    ``at`` is when its scan is said to have begun (epoch).
    """
    bucket, began = cloud.bucket(source), cloud.now() if at is None else at
    versions = bool(bucket.versioning)
    columns = (*_ALWAYS, *(_OF_VERSIONS if versions else ()), *chosen)
    stem = f"{prefix}{source}/{name}/"
    number = max(1, -(-len(bucket.table) // rows_a_file))
    files = []
    for which in range(number):
        body = _packed(bucket, columns, which, number)
        key = f"{stem}data/{md5(f'{source}{began}{which}'.encode(), usedforsecurity=False).hexdigest()}.csv.gz"
        cloud.put(destination, key, body)
        files.append({"key": key, "size": len(body), "MD5checksum": md5(body, usedforsecurity=False).hexdigest()})
    manifest = json.dumps(
        {
            "sourceBucket": source,
            "destinationBucket": f"arn:aws:s3:::{destination}",
            "version": "2016-11-30",
            "creationTimestamp": str(int(began * 1000)),
            "fileFormat": "CSV",
            "fileSchema": ", ".join(columns),
            "files": files,
        },
        indent=2,
    ).encode()
    folder = f"{stem}{instant(began):%Y-%m-%dT%H-%MZ}/"
    cloud.put(destination, f"{folder}manifest.json", manifest)
    checksum = md5(manifest, usedforsecurity=False).hexdigest()
    cloud.put(destination, f"{folder}manifest.checksum", f"{checksum}\n".encode())
    bucket.inventory_rules[name] = (
        f"<Id>{name}</Id><IsEnabled>true</IsEnabled>"
        f"<IncludedObjectVersions>{'All' if versions else 'Current'}</IncludedObjectVersions>"
        f"<Destination><S3BucketDestination><Bucket>arn:aws:s3:::{destination}</Bucket><Format>CSV</Format>"
        + (f"<Prefix>{prefix.rstrip('/')}</Prefix>" if prefix else "")
        + "</S3BucketDestination></Destination><Schedule><Frequency>Daily</Frequency></Schedule>"
    )
    return WrittenInventory(destination, f"{folder}manifest.json")


def write_inventories(cloud: Cloud) -> list[WrittenInventory]:
    """One of each S3 bucket, of the midnight before now, in ``INVENTORIES``."""
    named = [bucket.name for bucket in cloud.buckets.values() if bucket.scheme == "s3"]
    cloud.add_bucket(INVENTORIES)
    midnight = cloud.now() // 86_400 * 86_400
    return [write_inventory(cloud, name, INVENTORIES, at=midnight) for name in named]


def _packed(bucket: BucketState, columns: Sequence[str], which: int, number: int) -> bytes:
    packing = zlib.compressobj(1, wbits=31)
    found: list[bytes] = []
    rows = list(_rows(bucket, which, number))
    for at in range(0, len(rows), _ROWS_A_BLOCK):
        some = rows[::-1][at : at + _ROWS_A_BLOCK] if which % 2 else rows[at : at + _ROWS_A_BLOCK]
        found.append(packing.compress("".join(_line(bucket, columns, row, latest) for row, latest in some).encode()))
    return b"".join([*found, packing.flush()])


def _rows(bucket: BucketState, which: int, number: int) -> Iterator[tuple[Row, bool]]:
    before = None
    for at, row in enumerate(bucket.rows()):
        latest = row.key != before
        before = row.key
        if at % number == which:
            yield row, latest


def _line(bucket: BucketState, columns: Sequence[str], row: Row, latest: bool) -> str:
    marker = row.kind & MARKER == MARKER
    kind = describe(row.kind)
    values = {
        "Bucket": bucket.name,
        "Key": quote_plus(row.key, safe="/"),
        "VersionId": "" if row.kind & NULL_VERSION else bucket.version_id(row) or "",
        "IsLatest": _flag(latest),
        "IsDeleteMarker": _flag(marker),
        "Size": "" if marker else str(row.size),
        "LastModifiedDate": f"{instant(row.modified):%Y-%m-%dT%H:%M:%S}.000Z",
        "ETag": "" if marker else bucket.etag(row.tag),
        "StorageClass": "" if marker else kind.storage_class,
        "IsMultipartUploaded": "false",
        "EncryptionStatus": "SSE-S3",
        "IntelligentTieringAccessTier": kind.archive_status or _TIERS.get(kind.storage_class, ""),
    }
    return ",".join(f'"{values.get(name, "")}"' for name in columns) + "\n"


def _flag(value: bool) -> str:
    return "true" if value else "false"
