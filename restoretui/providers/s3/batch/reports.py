"""Finding and reading the completion report of a job, in pieces, and deleting it (FACTS 2.3)."""

from base64 import b64encode
from collections.abc import AsyncIterator
from hashlib import md5

from restoretui.core.batch.jobs import Place, ReportRow
from restoretui.core.errors import AccessDenied, ObjectNotFound, ReportUnreadable
from restoretui.providers.s3.batch.report_csv import MANIFEST_NAMES, Foreign, ResultFile, RowReader, read_manifest
from restoretui.providers.s3.client.files import S3Files


class ReportFiles:
    """Finds, streams and deletes the reports below a place."""

    def __init__(self, files: S3Files) -> None:
        self._files = files

    async def rows(self, place: Place, job_id: str) -> AsyncIterator[list[ReportRow]]:
        """As ``BatchService.read_report`` says."""
        folder, name, manifest = await self._find_manifest(place, job_id)
        try:
            files = read_manifest(manifest)
            await self._check(place.bucket, folder + name, manifest)
            for file in files:
                async for rows in self._rows(file):
                    yield rows
        except Foreign as error:
            raise ReportUnreadable(
                f"{error} (job {job_id})", f"look at it yourself: s3://{place.bucket}/{folder}", operation="GetObject"
            ) from None

    async def delete(self, place: Place, job_id: str) -> int:
        """As ``BatchService.delete_written`` says."""
        deleted = 0
        for folder in _folders(place, job_id):
            for key in await self._files.keys(place.bucket, folder):
                if _is_of_report(key[len(folder) :]):
                    await self._files.delete(place.bucket, key)
                    deleted += 1
        return deleted

    async def _find_manifest(self, place: Place, job_id: str) -> tuple[str, str, bytes]:
        """Its folder, name and content; where none is, the listing tells whether a report is only half there."""
        bucket, folders = place.bucket, _folders(place, job_id)
        for folder in folders:
            for name in MANIFEST_NAMES:
                try:
                    manifest = await self._files.whole(bucket, folder + name)
                except ObjectNotFound:
                    continue
                return folder, name, manifest
        for folder in folders:
            try:
                half = await self._files.keys(bucket, folder)
            except AccessDenied:
                half = []
            if half:
                raise ReportUnreadable(
                    f"the completion report below s3://{bucket}/{folder} lacks its manifest.json",
                    "it may still be being written: ask again in a while",
                    operation="GetObject",
                )
        raise ObjectNotFound(
            f"there is no completion report below s3://{bucket}/{folders[0]}",
            "no task ran, no report was asked for, or the role may not write there (s3:PutObject)",
            operation="GetObject",
        )

    async def _check(self, bucket: str, key: str, manifest: bytes) -> None:
        """Hold the report's manifest to the checksum beside it, where there is one."""
        try:
            told = (await self._files.whole(bucket, key + ".md5")).strip().strip(b'"')
        except (ObjectNotFound, AccessDenied):
            return
        digest = md5(manifest, usedforsecurity=False)
        if (len(told) == 32 and told.lower() != digest.hexdigest().encode()) or (
            len(told) == 24 and told != b64encode(digest.digest())
        ):
            raise ReportUnreadable(
                f"s3://{bucket}/{key} is not what its checksum says: half-written or changed",
                "it may still be being written: ask again in a while",
                operation="GetObject",
            )

    async def _rows(self, file: ResultFile) -> AsyncIterator[list[ReportRow]]:
        reader, digest = RowReader(), md5(usedforsecurity=False)
        at, etag, size = 0, "", -1
        while True:
            piece, whole, etag = await self._files.read(file.bucket, file.key, etag, at)
            if size not in (-1, whole):
                raise Foreign("the completion report changes its length while it is read")
            size = whole
            at += len(piece)
            digest.update(piece)
            over = at >= whole or not piece
            if over and len(file.md5) == 32 and digest.hexdigest() != file.md5.lower():
                raise Foreign("the completion report is not what its checksum says: half-written or changed")
            if rows := reader.feed(piece, final=over):
                yield rows
            if over:
                return


def _folders(place: Place, job_id: str) -> list[str]:
    """Where a report may lie: below the prefix just as it was told, slashes and all, then without a doubled one."""
    name = f"job-{job_id}/"
    told = f"{place.prefix}/{name}" if place.prefix else name
    tidy = f"{place.prefix.strip('/')}/{name}".lstrip("/")
    return list(dict.fromkeys((told, f"{place.prefix.rstrip('/')}/{name}".lstrip("/"), tidy)))


def _is_of_report(name: str) -> bool:
    """Whether the service writes such a name into a job's folder (FACTS 2.3); else it is somebody's own."""
    head, slash, rest = name.partition("/")
    if slash:
        return head == "results" and rest.endswith(".csv") and "/" not in rest
    return name.removesuffix(".md5") in MANIFEST_NAMES
