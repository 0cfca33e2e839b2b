"""What somebody has set on the screens and finds again at the next start; the config says what holds until then.

``screens.json`` in the state folder: ``{"columns": {"browse": ["state", "key", "class:16"]}, "pane": false}``. It is
no fact and no intent, so it is not in the ledger; a file that cannot be read is one that says nothing.
"""

import asyncio
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from restoretui.core.errors import RestoreTuiError
from restoretui.tui.widgets.table.column_choice import Choice, read_choice

FILE = "screens.json"


class Remembered:
    """Read once, behind the first paint; written whole when something was set, and last written wins."""

    def __init__(self, folder: Path | None, configured: Mapping[str, Sequence[str]]) -> None:
        """``configured`` are columns by table, from the config; without a ``folder`` nothing outlives the screens."""
        self._path = folder / FILE if folder is not None else None
        self._configured = configured
        self._known: dict[str, Any] = {}

    def columns(self, table: str) -> Choice | None:
        """As chosen on screen, else as configured; None for all, as they are."""
        own = self._known.get("columns")
        found = own.get(table) if isinstance(own, dict) else None
        if not isinstance(found, list) or not all(isinstance(text, str) for text in found):
            found = self._configured.get(table)
        try:
            return None if found is None else read_choice(found)
        except ValueError:  # The file was edited.
            return None

    def choose_columns(self, table: str, choice: Choice | None) -> None:
        """From now on; None for what the config says."""
        own = self._known.get("columns")
        columns = dict(own) if isinstance(own, dict) else {}
        columns.pop(table, None)
        if choice is not None:
            columns[table] = [str(one) for one in choice]
        self._known["columns"] = columns

    @property
    def pane(self) -> bool:
        """The pane beside the tables is shown where there is room for it."""
        return self._known.get("pane") is not False

    @pane.setter
    def pane(self, shown: bool) -> None:
        self._known["pane"] = shown

    def read(self) -> None:
        """What there is of earlier starts; blocks, so not in the event loop."""
        try:
            found = json.loads(self._path.read_text("utf-8")) if self._path is not None else {}
        except (OSError, ValueError, RecursionError):
            return
        if isinstance(found, dict):
            self._known = {**found, **self._known}

    async def save(self) -> None:
        """Have it outlive the screens; ``RestoreTuiError`` where that cannot be."""
        if self._path is not None:
            await asyncio.to_thread(self._write, self._path, json.dumps(self._known))

    @staticmethod
    def _write(path: Path, text: str) -> None:
        draft = path.with_name(f"{FILE}.{os.getpid()}.part")
        try:
            draft.touch(0o600)
            draft.write_text(text, "utf-8")
            draft.replace(path)
        except OSError as error:
            raise RestoreTuiError(
                f"{path} cannot be written: {error.strerror or error}", "it holds for this session only"
            ) from None
