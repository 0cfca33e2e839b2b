"""One object: everything HEAD tells of it, and what the ledger remembers of its restores."""

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.binding import Binding
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from restoretui.core.errors import ObjectNotFound, RestoreTuiError
from restoretui.core.filter.tree import OneOf
from restoretui.core.location import Location
from restoretui.core.model import ObjectRef, State
from restoretui.ledger.records import ActivityEntry, BrowseRow, Query
from restoretui.tui.dialogs.copy_menu import Copied, CopyMenu
from restoretui.tui.dialogs.dialog import Dialog, Middle
from restoretui.tui.dialogs.inspector_text import Known, lines
from restoretui.tui.keys import READING

DAYS = 7
"""Of a restore that is offered as a command."""
HISTORY_SHOWN = 50
HISTORY_READ = 200
"""Entries that mention the key are read, those about this object are shown."""


class Inspector(Dialog[None], inherit_bindings=False):
    """Shows what is known at once, and what a HEAD adds when it has answered."""

    BINDINGS = [  # noqa: RUF012  Textual declares it so
        *READING.bindings(),
        Binding("c", "copy", "copy", tooltip="copy it in one of many forms", id="copy"),
    ]

    def __init__(self, ref: ObjectRef, scheme: str, row: BrowseRow | None = None) -> None:
        super().__init__("Object")
        self._scheme = scheme
        self._known = Known(ref, str(Location(scheme, ref.bucket, key=ref.key, version_id=ref.version_id)), row)

    FITS_ITSELF = True

    def body(self) -> ComposeResult:
        with Middle(can_focus=True) as self._scroll:
            self._facts = Static("", markup=False)
            yield self._facts

    def giving(self) -> Sequence[Widget]:
        return [self._scroll]

    def on_mount(self) -> None:
        """Two looks side by side: HEAD for what it is now, the ledger for what was."""
        self.attempt(self._look, "look")
        self.attempt(self._remember, "remember")

    def on_resize(self) -> None:
        self._say()

    async def _look(self) -> None:
        try:
            self._known.detail = await self.session.selecting.inspect(self._known.ref, self._scheme)
        except RestoreTuiError as error:
            joint = "" if str(error).endswith((".", "!", "?")) else "."
            self._known.problem = f"{error}{joint} {error.hint}" if error.hint else str(error)
            if not isinstance(error, ObjectNotFound):  # That is an answer.
                self.shell.place_bar.over(("✗ object not seen", "bad"))
        self._say()

    def on_unmount(self) -> None:
        if self.app.is_running:
            self.shell.place_bar.over(None)

    async def _remember(self) -> None:
        view = await self.session.ledger.activity.view(Query(OneOf("key", (self._known.ref.key,))))
        try:
            await view.wait()
            entries = view.rows(0, HISTORY_READ)
        finally:
            await view.aclose()
        ref = self._known.ref
        about = [
            entry for entry in entries if entry.ref is not None and entry.ref[:2] == ref[:2] and self._is_here(entry)
        ]
        self._known.history = about[:HISTORY_SHOWN]
        cloud = self.session.cloud_of(self._scheme)
        self._known.past = self.session.ledger.runs.of_object(cloud, [ref, ref._replace(version_id=None)])
        self._say()

    def _is_here(self, entry: ActivityEntry) -> bool:
        """Two clouds may have a bucket of the same name."""
        return entry.cloud is None or entry.cloud.scheme == self._scheme

    def _say(self) -> None:
        width = max(40, self._scroll.size.width - 1)
        session = self.shell.session
        if session is None:
            return
        text = lines(self._known, session.clock.now(), width)
        self._facts.update(Content("\n").join(text))

    def action_copy(self) -> None:
        """Opens the forms it can be copied in."""
        state = self._known.row.state if self._known.row is not None else None
        readable = state in (State.ONLINE, State.AVAILABLE)
        ref = self._known.ref
        place = Location(self._scheme, ref.bucket, key=ref.key, version_id=ref.version_id)
        self.shell.push_screen(CopyMenu(Copied(place, DAYS, readable)))
