"""Streams the rows of an inventory, file by file, in constant memory; each file is held to its checksum."""

import asyncio
import os
import tempfile
from collections.abc import Callable
from hashlib import md5
from pathlib import Path
from threading import Lock
from typing import Any

from msgspec import Struct

from restoretui.core.blocking import beside
from restoretui.core.errors import InvalidRequest, InventoryUnreadable, ObjectNotFound
from restoretui.core.inventory.csv_rows import InventoryRows, PlusSign, WantedRows
from restoretui.core.inventory.gunzipped import Gunzipped
from restoretui.core.inventory.manifest import Format, InventoryFile, KeyWriting
from restoretui.core.inventory.typed_rows import TypedRows
from restoretui.core.provider import FilePiece
from restoretui.core.rows import Rows
from restoretui.session.inventory.finding import FoundInventory

Take = Callable[[Rows], int]
"""Keeps rows, in a thread; how many."""


class ReadSoFar(Struct):
    """How far it is."""

    seen: int = 0
    kept: int = 0
    files: int = 0


async def read_rows(
    found: FoundInventory, wanted: WantedRows, take: Take, tally: ReadSoFar, scratch: Path | None = None
) -> None:
    """Read all files; ``InventoryUnreadable`` for the first that is not what the manifest says.

    ``PlusIsBlank`` where it turns out late how its keys are written: then all of it is to be read anew so.
    ``scratch`` has room for one of them, where it cannot be read as it comes; CSV can.
    """
    form = found.inventory.format
    if form is not Format.CSV:
        from restoretui.session.inventory.tables import check_installed

        await beside(lambda: check_installed(form, found.called), "restoretui-inventory")
    plus = PlusSign(found.inventory.keys is KeyWriting.FORM)
    for file in found.inventory.files:
        if form is Format.CSV:
            await _Lines(found, file, wanted, take, tally, plus).read()
        else:
            await _Table(found, file, wanted, take, tally).read(scratch or Path(tempfile.gettempdir()))
        tally.files += 1


class _File:
    """One file: its bytes in their order, held to the manifest's checksum; and its rows, once they are made."""

    def __init__(
        self,
        found: FoundInventory,
        file: InventoryFile,
        wanted: WantedRows,
        take: Take,
        tally: ReadSoFar,
        plus: PlusSign | None = None,
    ) -> None:
        self._files = found.files
        self._file = file
        self._form = found.inventory.format
        self._name = found.files.called(file.key)
        self._take = take
        self._tally = tally
        self._rows: Any = (
            TypedRows(found.inventory, wanted, self._name)
            if plus is None
            else InventoryRows(found.inventory, wanted, self._name, plus)
        )
        self._md5 = md5(usedforsecurity=False)
        self._seen = 0

    async def _stream(self, feed: Callable[[bytes], object]) -> None:
        """Hand all of it to ``feed``, beside the event loop."""
        at, piece = 0, await self._piece(0, "")
        while True:
            at += len(piece.data)
            over = at >= piece.size or not piece.data
            # The next piece is on its way while this one is read.
            following = None if over else asyncio.ensure_future(self._piece(at, piece.etag))
            try:
                await beside(lambda data=piece.data: self._fed(data, feed), "restoretui-inventory")  # type: ignore[misc]
            except BaseException:
                if following is not None:
                    following.cancel()
                    await asyncio.gather(following, return_exceptions=True)
                raise
            if following is None:
                break
            piece = await following
        if self._file.md5 and self._md5.hexdigest() != self._file.md5:
            raise InventoryUnreadable(
                f"{self._name} is not what its checksum in the manifest says: half-fetched, or changed",
                "fetch it again, or take another inventory",
            )
        if not self._file.md5 and self._file.size not in (None, at):
            raise InventoryUnreadable(
                f"{self._name} has {at:,} bytes, and by the manifest {self._file.size:,}: half-fetched, or changed",
                "fetch it again, or take another inventory",
            )

    def _fed(self, data: bytes, feed: Callable[[bytes], object]) -> None:
        self._md5.update(data)
        feed(data)

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

    def _keep(self, block: Any) -> None:
        rows = self._rows.read(block)
        self._tally.kept += self._take(rows)
        self._tally.seen += self._rows.seen - self._seen
        self._seen = self._rows.seen


class _Lines(_File):
    """CSV, perhaps packed: read as it comes."""

    async def read(self) -> None:
        lines = Gunzipped(self._name)

        def feed(data: bytes) -> None:
            for block in lines.feed(data):
                self._keep(block)

        await self._stream(feed)
        await beside(lambda: self._keep(lines.end()), "restoretui-inventory")


class _Table(_File):
    """Parquet or ORC, whose end says what is in it: on disk before it is read."""

    async def read(self, scratch: Path) -> None:
        own = await beside(lambda: self._files.on_disk(self._file.key), "restoretui-inventory")
        path = own or scratch / f"inventory-{os.urandom(6).hex()}"
        try:
            if own is None:
                with await beside(lambda: path.open("wb"), "restoretui-inventory") as fetched:
                    await self._stream(fetched.write)
            else:
                await self._stream(lambda data: None)
            await self._read(path)
        finally:
            if own is None:
                await beside(lambda: path.unlink(missing_ok=True), "restoretui-inventory")

    async def _read(self, path: Path) -> None:
        from restoretui.session.inventory.tables import table_rows

        batches = table_rows(self._form, path, self._name)
        # Who is told to end leaves a step behind in its thread: the file is not closed under it.
        one_at_a_time = Lock()

        def step() -> bool:
            with one_at_a_time:
                columns = next(batches, None)
                if columns is not None:
                    self._keep(columns)
                return columns is not None

        def close() -> None:
            with one_at_a_time:
                batches.close()

        try:
            while await beside(step, "restoretui-inventory"):
                pass
        finally:
            await beside(close, "restoretui-inventory")
