"""The list of what could not be called by its key: ``restoretui-names.csv`` in the folder of a download."""

import asyncio
import csv
import io
import os

from restoretui.core.then.names import key_of
from restoretui.engine.then.folder import Folder
from restoretui.ledger import Ledger

NAME = "restoretui-names.csv"
_DRAFT = ".restoretui-names.part"


class NameList:
    """Of one step. Written anew as a whole, from the ledger and what was just named."""

    def __init__(self, ledger: Ledger, step_id: int, folder: Folder) -> None:
        self._ledger = ledger
        self._step_id = step_id
        self._folder = folder
        self._lock = asyncio.Lock()
        self._wanted: dict[str, str] = {}
        """Keys by path: kept, since the ledger counts what is downloaded only a moment later."""
        self._written: set[str] = set()

    async def note(self, key: str, path: str) -> None:
        """This file is there; where its path is not its key, the list says so before it counts as done."""
        if path == key or (path.endswith(f"/{key}") and key_of(path) == path):
            return
        self._wanted[path] = key
        async with self._lock:
            if path in self._written:
                return  # along with another
            fresh = dict(self._wanted)
            known = await self._ledger.then.renamed(self._step_id)
            rows = {named: (bucket, kept, version) for bucket, kept, version, named in known}
            rows |= {named: ("", kept, "") for named, kept in fresh.items() if named not in rows}
            await asyncio.to_thread(self._write, rows)
            self._written.update(fresh)

    def _write(self, rows: dict[str, tuple[str, str, str]]) -> None:
        text = io.StringIO()
        table = csv.writer(text)
        table.writerow(["key", "path", "version_id"])
        for path, (_, key, version) in sorted(rows.items()):
            table.writerow([key, path, version])
        descriptor = self._folder.open((_DRAFT,), write=True)
        try:
            os.truncate(descriptor, 0)
            os.pwrite(descriptor, text.getvalue().encode("utf-8", "backslashreplace"), 0)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        self._folder.move((_DRAFT,), NAME)
