"""A virtualised table: any number of rows costs the same each frame, and only what changed is repainted.

It reads the visible window of a ``View`` and nothing else, paints through Textual's line API, and on a change reads
that window again and compares: only cells that differ are repainted, and of these only what the terminal does not
show yet is sent (``terminal.shown_cells``).
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual import events
from textual.geometry import Region
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from restoretui.core.errors import RestoreTuiError
from restoretui.tui.keys import TABLE
from restoretui.tui.terminal.pacing import Pacer
from restoretui.tui.widgets.error_state import ErrorState
from restoretui.tui.widgets.table import events as table_events
from restoretui.tui.widgets.table.column_choice import Choice, arranged
from restoretui.tui.widgets.table.columns import GAP, Column
from restoretui.tui.widgets.table.painting import EDGE, LinePainter, Sentence, instead_of_rows
from restoretui.tui.widgets.table.row_cursor import RowCursor
from restoretui.tui.widgets.table.row_styles import RowKind, RowStyles
from restoretui.tui.widgets.table.visible_rows import RowT
from restoretui.wording.safe import clean, width

if TYPE_CHECKING:
    from restoretui.ledger.records import View

SPACED_FROM = 30
"""Lines of the terminal; with fewer, rows follow each other whatever is wanted."""
BYTES_A_CELL = 2.0
"""About what a cell takes on the line, colours included."""


class LiveTable(RowCursor[RowT], can_focus=True):
    """Shows a view. ``changed()`` may be called for every change of the data, however many there are."""

    ALLOW_SELECT = False
    BINDINGS = TABLE.bindings()
    DEFAULT_CSS = "LiveTable { overflow: hidden scroll; scrollbar-size-vertical: 1; height: 1fr; }"

    placeholder: reactive[str] = reactive("")
    """Said where rows would be when there are none."""
    error_state: reactive[ErrorState | None] = reactive[ErrorState | None](None)
    """Said there instead: why there are none, and what to do."""

    def __init__(
        self,
        columns: Sequence[Column[RowT]],
        pacer: Pacer,
        *,
        marking: bool = False,
        follow_top: bool = False,
        placeholder: str = "",
        id: str | None = None,  # noqa: A002  Textual's own name
    ) -> None:
        super().__init__(follow_top=follow_top, id=id)
        self.offered: Sequence[Column[RowT]] = tuple(columns)
        """All columns there are for these rows."""
        self.choice: Choice | None = None
        """Which of them are shown, where somebody chose."""
        self._columns: Sequence[Column[RowT]] = self.offered
        self._pacer = pacer
        self._marking = marking
        self._rows.use(self._columns)
        self._sort: tuple[str, bool] = ("", False)
        self._row_styles = RowStyles(lambda: self.app.theme_variables)
        self._painter = LinePainter(self._row_styles)
        self.set_reactive(LiveTable.placeholder, placeholder)

    # --- what is shown

    def set_view(self, view: "View[RowT] | None", *, at: int | None = None) -> None:
        """Show another view. The cursor goes to ``at``, or else stays on its row by id, or else on its position."""
        line = self._cursor - self.scroll_offset.y
        if at is not None:  # What stands above a row that is gone to is in sight, too.
            line = at if at < self.height_of_rows else self.height_of_rows // 2
        self._rows.view = view
        if view is None:
            self.fit_columns()
        self._rows.drop()
        self.count = view.count if view is not None else 0
        sought = self._cursor_id if self._sought is None else self._sought
        self._sought = None
        if at is None and view is not None and sought is not None:
            at = view.position(sought)
            self._sought = sought if at is None and not view.complete else None
        if self._anchor_id is not None:
            self._anchor = view.position(self._anchor_id) if view is not None else None
            self._anchor_id = self._anchor_id if self._anchor is not None else None
        # Of rows in the order of their keys, the last one tells what the first has in common with all.
        self._rows.meet(self._rows.read(self.count - 1, 1))
        self.resize_virtual()
        self._place_cursor(self._cursor if at is None else at, line)
        self.refresh()
        self.refresh_bindings()

    def exchange(self, view: "View[RowT]") -> bool:
        """Show the same in a newer order, from the same position on; tells whether anything was repainted."""
        self._rows.view = view
        self._sought = None
        self._cursor = max(0, min(view.count - 1, self._cursor))
        self._cursor_id = view.row_id(self._cursor)
        return self.look_again()

    def set_columns(self, columns: Sequence[Column[RowT]] | None = None, choice: Choice | None = None) -> None:
        """Show other columns, or others of them."""
        self.offered, self.choice = self.offered if columns is None else tuple(columns), choice
        self._columns = tuple(arranged(self.offered, choice))
        self.fit_columns()

    @property
    def silent(self) -> frozenset[str]:
        """Columns that have nothing to say of the rows seen."""
        return frozenset(column.id for column in self._columns) - {column.id for column in self._rows.saying}

    def fit_columns(self) -> None:
        """The rows, or what their columns say, are others than before: those with nothing to say are left out."""
        for column in self._columns:
            if column.shared is not None:
                column.shared.forget()
        self._rows.use(self._columns)
        self.refresh()

    @property
    def cut_value(self) -> str:
        """What the main column says of the row under the cursor, if it has no room for all of it."""
        placed = max(self._rows.placed, key=lambda place: place.column.keep, default=None)
        row = self.row if placed is not None and placed.column.value is not None else None
        if placed is None or placed.column.value is None or row is None:
            return ""
        value = placed.column.value(row)
        shown = value if placed.column.shared is None else placed.column.shared.strip(value)
        return value if width(clean(shown)) > placed.cells else ""

    def set_sort(self, sort: str, descending: bool) -> None:
        """Which column's header carries the arrow."""
        self._sort = (sort, descending)
        self.refresh(Region(0, 0, self.width_of_rows, 1))

    def changed(self) -> None:
        """The data may have changed: look again, soon."""
        self._pacer.request(self.look_again)

    def look_again(self) -> bool:
        """Read the window again now and repaint the cells that differ; tells whether there were any."""
        view = self._rows.view
        if view is None or not self.is_attached or self.height_of_rows <= 0:
            return False
        count, self.count = self.count, view.count
        if count != self.count:
            self.resize_virtual()
            if self._rows.meet(self._rows.read(self.count - 1, 1)):
                self.refresh()
                return True
        if self._find_sought(view) or self._keep_place() or self._rows.top != self.scroll_offset.y:
            self._rows.drop()
            self.refresh()
            return True
        if bool(count) != bool(self.count):
            self.refresh()
            self.refresh_bindings()
        pacer = self._pacer
        room = pacer.room / BYTES_A_CELL
        dirty, cells, is_more = self._rows.compare(self.height_of_rows, self.width_of_rows, room, self.line_of)
        pacer.room = max(0.0, pacer.room - cells * BYTES_A_CELL)
        if dirty:
            self.refresh(*dirty)
        if is_more:
            self.changed()
        return bool(dirty)

    def on_unmount(self) -> None:
        self._pacer.forget(self.look_again)

    # --- painting

    def _arrange(self) -> None:
        self._rows.arrange(self.width_of_rows - GAP, EDGE)
        self.refresh()

    def on_show(self) -> None:
        """What came while it was out of sight has not been counted: without room nothing is looked at."""
        before = self.count
        self.look_again()
        if self.count != before:
            self.post_message(table_events.Moved(self))

    def respace(self) -> None:
        """The app wants rows spaced, or no longer; where there are few lines they never are."""
        wanted = getattr(self.app, "spaced_rows", False) and self.app.size.height >= SPACED_FROM
        self.lines_a_row = 2 if wanted else 1
        self.resize_virtual()
        self._rows.drop()
        self.forget_thumb()
        self.reveal(self._cursor)
        self.refresh()

    def on_resize(self, event: events.Resize) -> None:
        self.respace()
        self._arrange()
        self.reveal(self._cursor)

    def notify_style_update(self) -> None:
        """Another theme: what was painted in the old one is dropped."""
        super().notify_style_update()
        self._rows.drop()

    def watch_has_focus(self, has_focus: bool) -> None:
        # No style of the stylesheet hangs on it, so none is looked for: how rows look is ``RowStyles``'.
        self.repaint(self._cursor, self._cursor)

    def render_lines(self, crop: Region) -> list[Strip]:
        """Reads the rows of the window, if it shows others than at the last paint, then paints as Textual does."""
        if self._rows.show(self.scroll_offset.y, self.height_of_rows, self.count):
            self.call_next(self.refresh)  # What is outside of the crop stands elsewhere, too.
        # Below what is told all lines are blank and look alike: one is made, as of containers (``side_pane.Alike``).
        told = crop.crop_size((crop.width, max(1, self._blank_from - crop.y + 1)))
        strips = super().render_lines(told)
        return strips + strips[-1:] * (crop.height - told.height)

    @property
    def _blank_from(self) -> int:
        if self._rows.lines:
            return self.line_of(len(self._rows.lines) - 1) + 1
        return len(self._instead_of_rows()[0]) + 2

    def render_line(self, y: int) -> Strip:
        """One line of cells from the cache of painted rows: the header, a row, or what is said where no rows are."""
        width, index = self.width_of_rows, self.index_at(y)
        if y == 0:
            return self._painter.header(self._rows.placed, self._sort, width)
        if index >= len(self._rows.lines) or y != self.line_of(index):
            said = self._instead_of_rows()[0] if not self._rows.lines else []
            return self._painter.sentence(said[y - 2] if 2 <= y <= len(said) + 1 else ("", "dim"), width)
        line = self._rows.lines[index]
        kind = self._kind(self._rows.top + index)
        if line.strip is None or line.kind is not kind:
            line.kind, line.strip = kind, self._painter.row(line, kind, width)
        return line.strip

    def _instead_of_rows(self) -> tuple[list[Sentence], bool]:
        return instead_of_rows(self.error_state, self.placeholder, self.width_of_rows, max(0, self.size.height - 1))

    def tells(self, error: RestoreTuiError) -> bool:
        """The whole of ``error`` stands in the empty space, on the tab in front: nobody need say it elsewhere."""
        shown = all(widget.display for widget in self.ancestors_with_self if isinstance(widget, Widget))
        about_it = self.error_state is not None and self.error_state[:2] == (str(error), error.hint)
        return about_it and shown and not self.count and self._instead_of_rows()[1]

    def _kind(self, position: int) -> RowKind:
        if position == self._cursor:
            return RowKind.CURSOR if self.has_focus else RowKind.CURSOR_BLURRED
        span = self.range
        return RowKind.RANGE if span is not None and span[0] <= position <= span[1] else RowKind.PLAIN

    # --- what keys do

    def action_open(self) -> None:
        """Posts ``Opened``: what that means is its owner's."""
        row = self.row
        if row is not None:
            self.post_message(table_events.Opened(self, row))

    def action_mark(self) -> None:
        """Posts ``RangeMarked`` if a range was begun; else ``MarkToggled``, and goes a row down."""
        span, row = self.range, self.row
        self._drop_range()
        if span is not None:
            self.post_message(table_events.RangeMarked(self, *span))
        elif row is not None:
            self.post_message(table_events.MarkToggled(self, row))
            self.goto(self._cursor + 1)

    def action_range(self) -> None:
        """Begins a range at the cursor's row, held by the row's id; where one was begun, marks it."""
        if self._anchor is not None:
            self.action_mark()
            return
        self._sought = None
        self._anchor, self._anchor_id = self._cursor, self._cursor_id
        self.repaint(self._cursor, self._cursor)
        self.refresh_bindings()

    def action_cancel_range(self) -> None:
        self._drop_range()

    def _drop_range(self) -> None:
        span = self.range
        self._anchor = self._anchor_id = None
        if span is not None:
            self.repaint(*span)
            self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Marking needs rows and a table that marks; giving up a range needs one."""
        if action in ("mark", "range"):
            return self._marking and self.count > 0
        if action == "cancel_range":
            return self._anchor is not None
        return self.count > 0 if action == "open" else True

    # --- the mouse

    def on_click(self, event: events.Click) -> None:
        """The header sorts, a row takes the cursor, two clicks open it, its first column marks it."""
        event.stop()
        placed = self._rows.placed
        if event.y == 0:
            for place in placed:
                if place.x <= event.x < place.x + place.cells and place.column.sort:
                    self.post_message(table_events.SortChosen(self, place.column.sort))
            return
        position = self.scroll_offset.y + self.index_at(event.y)
        if position >= self.count:
            return
        self.goto(position)
        if event.chain == 2:
            self.action_open()
        elif self._marking and placed and event.x < placed[0].x + placed[0].cells + GAP:
            row = self.row
            if row is not None:
                self.post_message(table_events.MarkToggled(self, row))
