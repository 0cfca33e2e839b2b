"""One object: everything HEAD tells of it, and what the ledger remembers of its restores."""

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from restoretui.core.location import Location
from restoretui.core.model import ObjectDetail, ObjectRef, State
from restoretui.ledger.records import ActivityEntry, BrowseRow, Query
from restoretui.tui import format as fmt
from restoretui.tui.activity_words import entry_parts
from restoretui.tui.keys import READING
from restoretui.tui.screens.dialog import Dialog
from restoretui.tui.words import STATES, Part, class_word, said, state_word

LABEL_CELLS = 18
HISTORY_SHOWN = 50


class Inspector(Dialog[None], inherit_bindings=False):
    """Shows what is known at once, and what a HEAD adds when it has answered."""

    BINDINGS = [  # noqa: RUF012  Textual declares it so
        *READING.bindings(),
        Binding("c", "copy", "copy location", tooltip="copy the location to the clipboard", id="copy"),
    ]

    def __init__(self, ref: ObjectRef, scheme: str, row: BrowseRow | None = None) -> None:
        super().__init__("Object")
        self._ref = ref
        self._row = row
        self._location = str(Location(scheme, ref.bucket, key=ref.key))
        self._detail: ObjectDetail | None = None
        self._history: list[ActivityEntry] = []

    def body(self) -> ComposeResult:
        with VerticalScroll(can_focus=True):
            yield Static(self._text(), id="facts", markup=False)

    def on_mount(self) -> None:
        self.attempt(self._look, "look")
        self.attempt(self._remember, "remember", exclusive=False)

    async def _look(self) -> None:
        self._detail = await self.session.inspect(self._ref)
        self._say()

    async def _remember(self) -> None:
        literal = "".join(f"\\{mark}" if mark in "*?[]\\" else mark for mark in self._ref.key)
        view = await self.session.ledger.activity.view(Query(text=literal))
        try:
            await view.wait()
            entries = view.rows(0, HISTORY_SHOWN * 4)
        finally:
            await view.aclose()
        same = [entry for entry in entries if entry.ref is not None and entry.ref[:2] == self._ref[:2]]
        self._history = same[:HISTORY_SHOWN]
        self._say()

    def _say(self) -> None:
        self.query_one("#facts", Static).update(self._text())

    def action_copy(self) -> None:
        self.shell.copy(self._location)

    # --- the text

    def _text(self) -> Content:
        lines = [said((self._location, "strong"))]
        if not self._ref.key.isascii():
            lines.append(_fact("in ASCII", ascii(self._ref.key)[1:-1]))
        if self._ref.version_id:
            lines.append(_fact("version", self._ref.version_id))
        lines.append(Content(""))
        lines += self._facts_of_row() if self._detail is None else self._facts_of_head(self._detail)
        if self._history:
            lines += [Content(""), said(("What we did, newest first (UTC)", "strong"))]
            lines += [
                said((f"{fmt.instant(entry.at)}  ", "dim"), *entry_parts(entry, key=False)) for entry in self._history
            ]
        if self._detail is not None and self._detail.headers:
            lines += [Content(""), said(("Headers", "strong"))]
            lines += [_fact(name.lower(), value) for name, value in self._detail.headers]
        return Content("\n").join(lines)

    def _facts_of_row(self) -> list[Content]:
        row = self._row
        if row is None:
            return [said(("asking …", "dim"))]
        return [
            _fact("state", state_word(row.state), STATES[row.state][1]),
            _fact("size", f"{fmt.size(row.size)} ({row.size:,} bytes)"),
            _fact("storage class", class_word(row)),
            _fact("modified", f"{fmt.instant(row.modified)} UTC"),
            said(("asking for the rest …", "dim")),
        ]

    def _facts_of_head(self, detail: ObjectDetail) -> list[Content]:
        lines = []
        if self._row is not None:
            row = self._row
            lines.append(_fact("state", state_word(row.state), STATES[row.state][1]))
            if row.run_id is not None:
                tier = f" at {row.tier}" if row.tier else ""
                lines.append(_fact("our run", f"#{row.run_id}{tier}", "busy"))
        lines += [
            _fact("size", f"{fmt.size(detail.size)} ({detail.size:,} bytes)"),
            _fact("storage class", detail.storage_class),
        ]
        if detail.archive_status:
            lines.append(_fact("archived in", detail.archive_status, "cold"))
        lines.append(_fact("restore", *self._restore(detail)))
        if detail.lifecycle_expiry:
            lines.append(_fact("lifecycle", f"deletes it: {detail.lifecycle_expiry}", "warn"))
        if detail.modified is not None:
            lines.append(_fact("modified", f"{fmt.instant(detail.modified)} UTC"))
        lines.append(_fact("etag", detail.etag))
        if detail.version_id:
            lines.append(_fact("version", detail.version_id))
        return lines

    def _restore(self, detail: ObjectDetail) -> tuple[str, str]:
        status = detail.restore
        if status is None:
            return "no copy, and none asked for", "dim"
        if status.in_progress:
            return state_word(State.RESTORING), "busy"
        if status.expiry is None:
            return "● readable, without an end", "ok"
        left = (status.expiry - self.session.clock.now()).total_seconds()
        until = f"until {fmt.instant(status.expiry)} UTC"
        return (f"● readable {until}, for {fmt.duration(left)}", "ok") if left > 0 else (f"over since {until}", "dim")


def _fact(label: str, value: str, style: str = "") -> Content:
    text: Part = (value, style) if style else value
    return said((label.ljust(LABEL_CELLS), "dim"), text)
