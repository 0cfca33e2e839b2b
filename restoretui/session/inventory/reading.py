"""Streams the rows of an inventory, file by file, in constant memory; each file is held to its checksum."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import md5

from restoretui.core.blocking import beside
from restoretui.core.errors import InvalidRequest, InventoryUnreadable, ObjectNotFound, UsageError
from restoretui.core.inventory.csv_rows import InventoryRows, WantedRows
from restoretui.core.inventory.gunzipped import Gunzipped
from restoretui.core.inventory.manifest import Format, InventoryFile
from restoretui.core.provider import FilePiece
from restoretui.core.rows import Rows
from restoretui.session.inventory.finding import FoundInventory

Take = Callable[[Rows], int]
"""Keeps rows, in a thread; how many."""


@dataclass(slots=True)
class ReadSoFar:
    """How far it is."""

    seen: int = 0
    kept: int = 0
    files: int = 0


async def read_rows(found: FoundInventory, wanted: WantedRows, take: Take, tally: ReadSoFar) -> None:
    """Read all files; ``InventoryUnreadable`` for the first that is not what the manifest says."""
    if found.inventory.format is not Format.CSV:
        raise UsageError(
            f"{found.called} is in {found.inventory.format.value}, which is not read here",
            "let the bucket write an inventory as CSV",
        )
    for file in found.inventory.files:
        await _File(found, file, wanted, take, tally).read()
        tally.files += 1


class _File:
    def __init__(
        self, found: FoundInventory, file: InventoryFile, wanted: WantedRows, take: Take, tally: ReadSoFar
    ) -> None:
        self._files = found.files
        self._file = file
        self._name = found.files.called(file.key)
        self._take = take
        self._tally = tally
        self._lines = Gunzipped(self._name)
        self._rows = InventoryRows(found.inventory, wanted, self._name)
        self._md5 = md5(usedforsecurity=False)
        self._seen = 0

    async def read(self) -> None:
        at, piece = 0, await self._piece(0, "")
        while True:
            at += len(piece.data)
            over = at >= piece.size or not piece.data
            # The next piece is on its way while this one is read.
            following = None if over else asyncio.ensure_future(self._piece(at, piece.etag))
            try:
                await beside(lambda data=piece.data: self._feed(data), "restoretui-inventory")  # type: ignore[misc]
            except BaseException:
                if following is not None:
                    following.cancel()
                    await asyncio.gather(following, return_exceptions=True)
                raise
            if following is None:
                break
            piece = await following
        await beside(self._end, "restoretui-inventory")

    async def _piece(self, at: int, etag: str) -> FilePiece:
        try:
            return await self._files.piece(self._file.key, at, etag)
        except ObjectNotFound:
            raise InventoryUnreadable(
                f"{self._name} is not there, and the manifest names it", "is it deleted? take another inventory"
            ) from None
        except InvalidRequest as error:
            if error.status != 412:
                raise
            raise InventoryUnreadable(f"{self._name} changed while it was read", "read it again") from None

    def _feed(self, data: bytes) -> None:
        self._md5.update(data)
        for block in self._lines.feed(data):
            self._keep(block)

    def _end(self) -> None:
        if self._file.md5 and self._md5.hexdigest() != self._file.md5:
            raise InventoryUnreadable(
                f"{self._name} is not what its checksum in the manifest says: half-fetched, or changed",
                "fetch it again, or take another inventory",
            )
        self._keep(self._lines.end())

    def _keep(self, block: str) -> None:
        rows = self._rows.read(block)
        self._tally.kept += self._take(rows)
        self._tally.seen += self._rows.seen - self._seen
        self._seen = self._rows.seen
