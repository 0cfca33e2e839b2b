"""Reads the CSV manifest of a job that exists, ours or another's, in constant memory (FACTS 2.2)."""

import csv
from codecs import getincrementaldecoder
from collections.abc import AsyncIterator, Mapping
from typing import Any
from urllib.parse import unquote_plus

from restoretui.core.batch.jobs import JobInfo, ManifestRow
from restoretui.core.errors import InvalidRequest, MalformedAnswer, Unsupported
from restoretui.providers.s3.client.files import S3Files

LONGEST_ROW = 1 << 16
"""Characters: a key of 1,024 bytes, encoded and quoted, and columns that nobody reads."""
_CHANGED = 412


class ManifestReader:
    """Holds a manifest to the ETag that its job was made with."""

    def __init__(self, files: S3Files) -> None:
        self._files = files

    async def is_there(self, info: JobInfo) -> bool:
        """As ``BatchService.has_manifest`` says."""
        try:
            await self._piece(info, 0, 1)
        except InvalidRequest as error:
            if error.status != _CHANGED:
                raise
            return False
        return True

    async def rows(self, info: JobInfo) -> AsyncIterator[list[ManifestRow]]:
        """As ``BatchService.read_manifest`` says."""
        if "Bucket" not in info.manifest_fields or "Key" not in info.manifest_fields:
            kind = "S3 generated it" if info.generated is not None else "it is an inventory report, no CSV manifest"
            raise Unsupported(kind)
        decoder, text, at = getincrementaldecoder("utf-8")(), "", 0
        while True:
            try:
                piece, size = await self._piece(info, at)
            except InvalidRequest as error:
                if error.status != _CHANGED:
                    raise
                raise InvalidRequest(
                    f"it was changed since: {info.manifest} has another ETag",
                    "what the job asked for stands in its completion report alone",
                    code=error.code,
                ) from None
            at += len(piece)
            over = at >= size or not piece
            try:
                text += decoder.decode(piece, over)
            except UnicodeDecodeError:
                raise _unreadable(info, "it is not UTF-8") from None
            end = len(text) if over else text.rfind("\n") + 1
            while not over and end and text.count('"', 0, end) % 2:
                end = text.rfind("\n", 0, end - 1) + 1  # A line feed within quotes ends no row.
            whole, text = text[:end], text[end:]
            if len(text) > LONGEST_ROW + len(piece):
                raise _unreadable(info, "a row has no end")
            if rows := _rows(info, whole):
                yield rows
            if over:
                return

    async def _piece(self, info: JobInfo, at: int, length: int = 0) -> tuple[bytes, int]:
        bucket, _, key = info.manifest.partition("://")[2].partition("/")
        etag = f'"{info.manifest_etag}"' if info.manifest_etag else ""
        piece, size, _ = await self._files.read(
            bucket, key, etag, at, length=length, version_id=info.manifest_version
        )
        return piece, size


def _rows(info: JobInfo, text: str) -> list[ManifestRow]:
    fields = info.manifest_fields
    bucket, key = fields.index("Bucket"), fields.index("Key")
    version = fields.index("VersionId") if "VersionId" in fields else None
    rows: list[ManifestRow] = []
    try:
        for row in csv.reader([line + "\n" for line in text.removesuffix("\n").split("\n")], strict=True):
            if row:
                # A key is written as in a form: a plus that stands for itself is encoded.
                named = None if version is None else row[version] or None
                rows.append(ManifestRow(row[bucket], unquote_plus(row[key]), named))
    except (csv.Error, IndexError) as error:
        raise _unreadable(info, f"a row has other columns than {', '.join(fields)}: {error}") from None
    return rows


def _unreadable(info: JobInfo, why: str) -> MalformedAnswer:
    return MalformedAnswer(f"the manifest {info.manifest} cannot be read: {why}", operation="GetObject")


def told_manifest(job: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a ``JobInfo`` that are about a manifest that was uploaded."""
    manifest = job.get("Manifest", {})
    location, spec = manifest.get("Location", {}), manifest.get("Spec", {})
    is_csv = str(spec.get("Format", "")).startswith("S3BatchOperations_CSV")
    return {
        "manifest_etag": str(location.get("ETag", "")).strip('"'),
        "manifest_version": str(location.get("ObjectVersionId") or ""),
        "manifest_fields": tuple(str(name) for name in spec.get("Fields", ())) if is_csv else (),
    }
