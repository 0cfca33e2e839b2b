"""Manifests: read again for every pass, so that a million rows never lie in memory (FACTS 2.2)."""

import csv
import gzip
import json
import zlib
from codecs import getincrementaldecoder
from collections.abc import Iterator
from hashlib import md5
from typing import NamedTuple
from urllib.parse import quote, unquote_plus

from restoretui.sandbox.s3control.job import Job, ManifestSpec, OwnManifest, Task
from restoretui.sandbox.s3control.request import CSV
from restoretui.sandbox.state.body import Body, length, pieces
from restoretui.sandbox.state.bucket import Extra, describe, real_etag
from restoretui.sandbox.state.cloud import Cloud
from restoretui.sandbox.state.kinds import MARKER, STANDARD
from restoretui.sandbox.state.refusals import ErrorAnswer

_INVENTORY_LIMIT = 1_000_000


class Unusable(Exception):
    """The manifest cannot be used: the job fails with this code and reason."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class ReadManifest(NamedTuple):
    """A manifest that was looked through once."""

    rows: int
    bodies: tuple[Body, ...]
    fields: tuple[str, ...]

    def tasks(self) -> Iterator[Task]:
        """Its rows, in order."""
        for body in self.bodies:
            yield from _rows(body, self.fields)


def open_manifest(cloud: Cloud, job: Job, now: float) -> ReadManifest:
    """Find, check and count; ``Unusable`` says why the job fails."""
    order = job.order
    if isinstance(order.source, OwnManifest):
        return _generate(cloud, job, order.source, now)
    spec = order.source
    if not order.role.trusted:
        # The reason's words are not documented; the code is.
        raise Unusable("AccessDenied", "Unable to assume the specified role: Access Denied")
    if not order.role.reads_manifest:
        raise Unusable("AccessDenied", "Reading the manifest is forbidden: Access Denied")
    body = _object(cloud, spec.bucket, spec.key, spec.etag)
    if spec.format == CSV:
        return _counted(ReadManifest(0, (body,), spec.fields), one_bucket=True)
    fields, bodies = _inventory(cloud, spec, body)
    return _counted(ReadManifest(0, bodies, fields), one_bucket=False)


def _counted(manifest: ReadManifest, *, one_bucket: bool) -> ReadManifest:
    rows = 0
    bucket = None
    with_version = None
    for task in manifest.tasks():
        rows += 1
        if one_bucket:
            if bucket not in (None, task.bucket):
                raise Unusable("InvalidManifestContent", f"Row {rows} names another bucket than the rows before")
            if with_version not in (None, task.version_id is not None):
                raise Unusable("InvalidManifestContent", "All rows must have a version id, or none")
            bucket, with_version = task.bucket, task.version_id is not None
    if not rows:
        raise Unusable("InvalidManifestContent", "The manifest is empty")
    return manifest._replace(rows=rows)


def _object(cloud: Cloud, bucket: str, key: str, etag: str | None) -> Body:
    if bucket not in cloud.buckets:
        raise Unusable("NoSuchBucket", "The specified bucket does not exist")
    target = cloud.buckets[bucket]
    try:
        _, row = target.current(key)
    except ErrorAnswer:
        raise Unusable("ManifestNotFound", f"The manifest s3://{bucket}/{key} does not exist") from None
    if etag is not None and target.etag(row.tag) != etag.strip('"'):
        raise Unusable("ManifestNotFound", "Etag mismatch reading manifest")
    extra = target.extras.get(row.tag)
    if extra is not None and extra.headers.get("x-amz-server-side-encryption") == "aws:kms":
        raise Unusable("InvalidManifestContent", "Manifests encrypted with SSE-KMS are not supported")
    return target.body(row)


def _rows(body: Body, fields: tuple[str, ...]) -> Iterator[Task]:
    at = {name: number for number, name in enumerate(fields)}
    version_at = at.get("VersionId")
    for number, row in enumerate(csv.reader(_lines(body)), 1):
        if not row:
            continue
        if len(row) != len(fields):
            raise Unusable("InvalidManifestContent", f"Row {number} has {len(row)} columns instead of {len(fields)}")
        written = row[at["Key"]]
        # A plus stands for itself in a manifest's keys only when it is encoded, as in every form.
        key = unquote_plus(written, errors="strict") if "%" in written or "+" in written else written
        version = row[version_at] if version_at is not None else ""
        yield Task(row[at["Bucket"]], key, version or None)


def _lines(body: Body) -> Iterator[str]:
    decoder = getincrementaldecoder("utf-8")()
    rest = ""
    try:
        for piece in pieces(body):
            lines = (rest + decoder.decode(piece)).split("\n")
            rest = lines.pop()
            yield from lines
        rest += decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        raise Unusable("InvalidManifestContent", "The manifest is not UTF-8") from None
    if rest:
        yield rest


def _inventory(cloud: Cloud, spec: ManifestSpec, body: Body) -> tuple[tuple[str, ...], tuple[Body, ...]]:
    """An inventory report's ``manifest.json``, which names the CSV files."""
    if length(body) > _INVENTORY_LIMIT:
        raise Unusable("InvalidManifestContent", "The inventory's manifest.json is too large")
    try:
        content = json.loads(b"".join(pieces(body)))
        fields = tuple(name.strip() for name in content["fileSchema"].split(","))
        keys = [str(file["key"]) for file in content["files"]]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Unusable("InvalidManifestContent", "The inventory's manifest.json cannot be read") from None
    return fields, tuple(_unpacked(_object(cloud, spec.bucket, key, None), key) for key in keys)


def _unpacked(body: Body, key: str) -> Body:
    """The lines of a file of an inventory, which AWS writes compressed."""
    if not key.endswith(".gz"):
        return body
    try:
        return (gzip.decompress(b"".join(pieces(body))),)
    except (OSError, EOFError, zlib.error):
        raise Unusable("InvalidManifestContent", f"{key} is not a gzip file") from None


def _generate(cloud: Cloud, job: Job, wanted: OwnManifest, now: float) -> ReadManifest:
    if not job.order.role.trusted:
        raise Unusable("AccessDenied", "Unable to assume the specified role: Access Denied")
    source = cloud.buckets.get(wanted.bucket)
    if source is None or (wanted.output_bucket and wanted.output_bucket not in cloud.buckets):
        raise Unusable("NoSuchBucket", "The specified bucket does not exist")
    lines = []
    seen = None
    for row in source.rows():
        current, seen = row.key != seen, row.key
        if current and row.kind & MARKER != MARKER and _matches(wanted, row.key, row.size, row.modified):
            kind = describe(source.kind_of(row, now))
            if not wanted.classes or kind.storage_class in wanted.classes:
                # Keys are quoted as inventories are, versions as the bucket has them.
                version = source.version_id(row) or ""
                lines.append(f'"{wanted.bucket}","{quote(row.key, safe="/")}","{version}"\n')
    content = "".join(lines).encode()
    if wanted.output_bucket:
        key = f"{wanted.output_prefix.rstrip('/')}/job-{job.id}/manifest.csv".lstrip("/")
        etag = real_etag(content)
        cloud.buckets[wanted.output_bucket].write(key, len(content), STANDARD, now, Extra((content,), etag))
        job.made_manifest = ManifestSpec(
            "S3InventoryReport_CSV_20211130", (), wanted.output_bucket, key, md5(content).hexdigest(), None
        )
    return _counted(ReadManifest(0, ((content,),), ("Bucket", "Key", "VersionId")), one_bucket=False)


def _matches(wanted: OwnManifest, key: str, size: int, modified: float) -> bool:
    return (
        (not wanted.prefixes or key.startswith(wanted.prefixes))
        and (not wanted.suffixes or key.endswith(wanted.suffixes))
        and (not wanted.substrings or any(part in key for part in wanted.substrings))
        and wanted.created_after <= modified <= wanted.created_before
        and wanted.larger_than < size < wanted.smaller_than
    )
