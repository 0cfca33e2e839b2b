"""What a cloud must be able to do with the contents of objects: read them, and copy them on its own side."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from restoretui.core.model import ObjectDetail, ObjectRef


class CopyTarget(NamedTuple):
    """Where a copy goes, and under which conditions it may be written there."""

    bucket: str
    key: str
    storage_class: str
    only_new: bool = False
    """Refused (``InvalidRequest``, code ``PreconditionFailed``) where an object is there already."""
    only_over: str = ""
    """The ETag of what it may replace; empty: nothing is said."""
    same_region: bool = True
    """A key for encryption that the source names is one of the target's Region, too."""


class Written(NamedTuple):
    """What the cloud said of an object that it wrote."""

    etag: str
    version_id: str | None


class UploadPart(NamedTuple):
    """A part of a multipart upload that is there."""

    number: int
    etag: str
    size: int


class PendingUpload(NamedTuple):
    """A multipart upload that was begun and not ended."""

    upload_id: str
    begun: datetime | None


class Contents(Protocol):
    """The part of a provider that handles contents. Each method sends one request, once; ``CloudError`` says why not.

    After ``ServerFault``, ``ConnectionLost`` or ``MalformedAnswer`` it is not known what a write did: look.
    """

    async def look(self, ref: ObjectRef, part: int = 0) -> ObjectDetail:
        """HEAD with checksums among the headers; of one part where ``part`` is given."""
        ...

    async def read(self, ref: ObjectRef, etag: str, start: int, end: int) -> bytes:
        """Bytes from ``start`` up to ``end`` of exactly the object that has this ETag; few MiB at a time."""
        ...

    async def copy(self, source: ObjectDetail, target: CopyTarget) -> Written:
        """Copy an object of up to ``core.then.parts.LARGEST_COPY`` bytes, metadata and tags with it."""
        ...

    async def tags(self, ref: ObjectRef) -> Mapping[str, str]:
        """An object's tags."""
        ...

    async def begin_upload(self, source: ObjectDetail, target: CopyTarget, tags: Mapping[str, str]) -> str:
        """Begin a multipart upload that will have the source's metadata; its id."""
        ...

    async def copy_part(
        self, source: ObjectDetail, target: CopyTarget, upload_id: str, number: int, extent: tuple[int, int]
    ) -> UploadPart:
        """Copy ``extent`` (from, up to) of the source as one part."""
        ...

    async def parts(self, target: CopyTarget, upload_id: str) -> Sequence[UploadPart]:
        """The parts that are there; ``ObjectNotFound`` when there is no such upload, or none any more."""
        ...

    async def end_upload(self, target: CopyTarget, upload_id: str, parts: Sequence[UploadPart], size: int) -> Written:
        """Make the parts, of together ``size`` bytes, an object."""
        ...

    async def abort_upload(self, target: CopyTarget, upload_id: str) -> None:
        """Give an upload up and remove its parts; of one that is not there, nothing happens."""
        ...

    async def delete(self, ref: ObjectRef) -> None:
        """Remove exactly this version for good, or without one the object of a bucket that keeps none."""
        ...

    async def uploads(self, target: CopyTarget) -> Sequence[PendingUpload]:
        """Uploads for exactly this key that were begun and not ended."""
        ...

    async def is_versioned(self, bucket: str) -> bool:
        """Whether a write keeps what it replaces as an older version."""
        ...
