"""Preferences set on the screens, kept for the next start; the config says what holds until then.

``screens.json`` in the state folder: ``{"columns": {"browse": ["state", "key", "class:16"]}, "pane": false,
"theme": {"chosen": "nord", "instead_of": null}, "filters": {"big": "size>1G"}}``. It is no fact and no intent, so it
is not in the ledger; a file that cannot be read is one that says nothing.
"""

import asyncio
import os
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from restoretui.core.errors import RestoreTuiError
from restoretui.tui.widgets.table.column_choice import Choice, read_choice

FILE = "screens.json"


class Remembered:
    """Read once, at the start. What is set is written into the file as it is by then.

    So two sessions beside each other lose nothing of what the other one set; of the same thing, last set wins.
    """

    def __init__(self, folder: Path | None, configured: Mapping[str, Sequence[str]]) -> None:
        """``configured`` are columns by table, from the config; without a ``folder`` nothing outlives the screens."""
        self._path = folder / FILE if folder is not None else None
        self._configured = configured
        self._known: dict[str, Any] = {}
        self._unsaved: dict[tuple[str, ...], Any] = {}
        """What was set since it was last written, by where it stands; None for what was taken out."""
        self._writing = threading.Lock()
        self.is_read = False

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
        self._set(None if choice is None else [str(one) for one in choice], "columns", table)

    def look(self, setting: str, configured: str | None) -> str | None:
        """``theme`` or ``density`` as chosen on screen, until the config says something else than it did then."""
        own = self._known.get(setting)
        if isinstance(own, dict) and isinstance(own.get("chosen"), str) and own.get("instead_of") == configured:
            return str(own["chosen"])
        return configured

    def choose_look(self, setting: str, chosen: str, configured: str | None) -> None:
        """From now on, in place of what the config says."""
        self._set({"chosen": chosen, "instead_of": configured}, setting)

    @property
    def pane(self) -> bool:
        """The pane beside the tables is shown where there is room for it."""
        return self._known.get("pane") is not False

    @pane.setter
    def pane(self, shown: bool) -> None:
        self._set(shown, "pane")

    @property
    def filters(self) -> Mapping[str, str]:
        """What was kept by a name; what cannot be read is none."""
        from restoretui.core.filter.parser import FilterError, parse_filter

        kept = {}
        own = self._known.get("filters")
        for name, text in own.items() if isinstance(own, dict) else ():
            try:
                if isinstance(text, str) and parse_filter(text) is not None:
                    kept[name] = text
            except FilterError:  # The file was edited.
                continue
        return kept

    def keep_filter(self, name: str, text: str) -> None:
        """From now on."""
        self._set(text, "filters", name)

    def forget_filter(self, name: str) -> None:
        """From now on."""
        self._set(None, "filters", name)

    def _set(self, value: Any, *where: str) -> None:
        self._unsaved[where] = value
        _put(self._known, where, value)

    def read(self) -> None:
        """What there is of earlier starts; blocks, so not in the event loop."""
        self.is_read = True
        if self._path is not None:
            self._known = _with(_read(self._path), self._unsaved)

    async def save(self) -> None:
        """Have it outlive the screens; ``RestoreTuiError`` where that cannot be."""
        unsaved = dict(self._unsaved)
        try:
            if self._path is not None and unsaved:
                await asyncio.to_thread(self._write, self._path, unsaved)
        except RestoreTuiError:
            self._settle(unsaved)
            raise
        self._settle(unsaved)  # Given up meanwhile, it stays to be saved: whether it was is not known.

    async def save_rest(self) -> None:
        """What the end of the screens overtook; nobody is there any more to be told that it cannot be."""
        with suppress(RestoreTuiError):
            await self.save()

    def _settle(self, saved: Mapping[tuple[str, ...], Any]) -> None:
        for where, value in saved.items():
            if where in self._unsaved and self._unsaved[where] is value:
                del self._unsaved[where]

    def _write(self, path: Path, unsaved: Mapping[tuple[str, ...], Any]) -> None:
        import json  # which nobody needs who has set nothing

        draft = path.with_name(f"{FILE}.{os.getpid()}.part")
        try:
            with self._writing:  # One whose waiter was given up may still be at it.
                text = json.dumps(_with(_read(path), unsaved))
                draft.touch(0o600)
                draft.write_text(text, "utf-8")
                draft.replace(path)
        except OSError as error:
            raise RestoreTuiError(
                f"{path} cannot be written: {error.strerror or error}", "it holds for this session only"
            ) from None


def _read(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text("utf-8")
    except (OSError, ValueError):
        return {}
    import json

    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _with(known: dict[str, Any], changes: Mapping[tuple[str, ...], Any]) -> dict[str, Any]:
    for where, value in changes.items():
        _put(known, where, value)
    return known


def _put(known: dict[str, Any], where: Sequence[str], value: Any) -> None:
    *above, name = where
    for part in above:
        inner = known.get(part)
        known[part] = known = dict(inner) if isinstance(inner, dict) else {}
    if value is None:
        known.pop(name, None)
    else:
        known[name] = value
