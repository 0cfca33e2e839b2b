"""Where an inventory's files lie: in a bucket, or on this machine. A path has slashes; a folder ends in one."""

import os
from functools import partial
from pathlib import Path
from typing import NamedTuple, Protocol, cast

from restoretui.core.blocking import beside
from restoretui.core.errors import InventoryUnreadable, ObjectNotFound, Unsupported, UsageError
from restoretui.core.inventory.manifest import LARGEST_MANIFEST
from restoretui.core.location import Location
from restoretui.core.provider import FilePiece, ReadsFiles
from restoretui.session.clouds import CloudAccess

_PIECE = 4 << 20
_MOST_PAGES = 100
"""Of a folder: an inventory a day for ninety years."""
_ANCESTORS = 6
"""Folders above a manifest in which its files are looked for: a copy may begin anywhere."""


class Names(NamedTuple):
    """What is in a folder."""

    folders: list[str]
    """By name alone, without a slash."""
    files: list[str]


class Files(Protocol):
    """A place to read from."""

    def called(self, path: str) -> str:
        """How people write it."""
        ...

    async def names(self, folder: str) -> Names:
        """What is right in a folder; empty where there is no such folder."""
        ...

    async def piece(self, path: str, at: int, etag: str) -> FilePiece:
        """See ``ReadsFiles.read_piece``; ``ObjectNotFound``."""
        ...

    def on_disk(self, path: str) -> Path | None:
        """Where it lies on this machine; None where it does not. Reads the disk."""
        ...


async def whole(files: Files, path: str) -> bytes:
    """A small file; ``UsageError`` where it is too long to be one."""
    found = await files.piece(path, 0, "")
    data = found.data
    while len(data) < found.size <= LARGEST_MANIFEST:
        found = await files.piece(path, len(data), found.etag)
        if not found.data:
            break
        data += found.data
    if found.size > LARGEST_MANIFEST:
        raise UsageError(
            f"{files.called(path)} has {found.size:,} bytes, as no manifest has", "name the inventory's manifest.json"
        )
    return data


class CloudFiles:
    """Objects of a bucket."""

    def __init__(self, cloud: CloudAccess, bucket: str) -> None:
        self._cloud = cloud
        self._bucket = bucket

    def called(self, path: str) -> str:
        return (
            str(Location(self._cloud.scheme, self._bucket, path if path.endswith("/") else ""))
            if not path or (path.endswith("/"))
            else str(Location(self._cloud.scheme, self._bucket, key=path))
        )

    async def names(self, folder: str) -> Names:
        """By listing with a delimiter; of a folder of very many, as many as ``_MOST_PAGES`` pages hold."""
        provider = await self._cloud.provider()
        await self._cloud.region(self._bucket)
        found, token = Names([], []), None
        for _ in range(_MOST_PAGES):
            ask = partial(provider.list_page, self._bucket, folder, delimiter="/", token=token)
            page = await self._cloud.of(self._bucket).read(ask)
            found.folders.extend(prefix[len(folder) :].rstrip("/") for prefix in page.prefixes)
            found.files.extend(entry.key[len(folder) :] for entry in page.entries)
            token = page.next_token
            if token is None:
                break
        return found

    async def piece(self, path: str, at: int, etag: str) -> FilePiece:
        """``Unsupported`` from a provider that reads no files."""
        provider = await self._cloud.provider()
        if not provider.capabilities.reads_files:
            raise Unsupported(
                f"files of {self._cloud.scheme}:// are not read from here",
                "fetch the inventory's folder, and name the manifest.json in it",
            )
        reading = cast("ReadsFiles", provider)
        return await self._cloud.of(self._bucket).read(lambda: reading.read_piece(self._bucket, path, at, etag))

    def on_disk(self, path: str) -> Path | None:
        del path
        return None


class LocalFiles:
    """Files of this machine, as they were fetched: below the folders that they had, or beside their manifest."""

    def __init__(self) -> None:
        self.beside = ""
        """The folder of the manifest, once it is found: files that it names are looked for around it."""

    def called(self, path: str) -> str:
        return path

    async def names(self, folder: str) -> Names:
        """Read in a thread."""
        return await beside(lambda: self._names(folder), "restoretui-folder")

    async def piece(self, path: str, at: int, etag: str) -> FilePiece:
        """Read in a thread; ``etag`` means nothing to a disk."""
        return await beside(lambda: self._piece(path, at), "restoretui-file")

    def on_disk(self, path: str) -> Path | None:
        return self._found(path)

    def _names(self, folder: str) -> Names:
        found = Names([], [])
        try:
            with os.scandir(folder or ".") as entries:
                for entry in entries:
                    (found.folders if entry.is_dir() else found.files).append(entry.name)
        except OSError:
            return Names([], [])
        return found

    def _piece(self, path: str, at: int) -> FilePiece:
        try:
            found = self._found(path)
            if self.beside and not found.is_file():
                raise ObjectNotFound(f"there is no file {path}", "fetch it, too")
            with found.open("rb") as file:
                size = os.fstat(file.fileno()).st_size
                file.seek(at)
                return FilePiece(file.read(_PIECE), size, "")
        except FileNotFoundError:
            raise ObjectNotFound(f"there is no file {path}", "fetch it, too") from None
        except OSError as error:
            raise UsageError(f"{path} cannot be read: {error.strerror or error}", "is it a file?") from None

    def _found(self, path: str) -> Path:
        """What a person named; what a manifest names is looked for around it alone, wherever it says it would be."""
        own = Path(path)
        if not self.beside:
            return own
        folder = Path(self.beside)
        parts = [part for part in own.parts if part != own.anchor]
        if ".." in parts:
            raise InventoryUnreadable(
                f"the manifest names the file {path}, which would lie outside of its folder",
                "name a manifest.json that a cloud wrote",
            )
        above_it = [above for above in folder.resolve().parents if above.name]  # not the root, which has everything
        for above in (folder, *above_it[:_ANCESTORS]):
            for at in range(len(parts)):
                if (there := above.joinpath(*parts[at:])).is_file():
                    return there
        return Path(*parts)
