"""A table over any number of rows that costs the same each frame, and repaints only what changed on screen.

It reads the visible window of a ``View`` and nothing else, paints through Textual's line API, and on a change reads
that window again and compares: only cells that differ are repainted. What lives (mark, state) should be in the
leftmost columns, since Textual sends a line again from its left edge up to the cell that changed.

The cursor stands on a row, not on a line: whatever is inserted, sorted or filtered, it stays on that row, and the row
stays where it is on screen, as long as the view has it.
"""

import textwrap
from collections.abc import Sequence
from typing import Generic

from rich.segment import Segment
from textual import events
from textual.geometry import Region, Size
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget

from restoretui.core.errors import RestoreTuiError
from restoretui.ledger.records import View
from restoretui.tui.keys import TABLE
from restoretui.tui.terminal.pacing import Pacer
from restoretui.tui.trouble import Trouble
from restoretui.tui.widgets.table import events as table_events
from restoretui.tui.widgets.table.columns import GAP, Column, lay_out
from restoretui.tui.widgets.table.row_styles import COMPONENTS, Kind, RowStyles
from restoretui.tui.widgets.table.window import Line, RowT, Window
from restoretui.wording.safe import clean, fit

INDENT = 2
"""Cells left of what is said instead of rows."""
EDGE = 1
BYTES_A_CELL = 2.0
"""About what a cell takes on the line, colours included."""
"""Cells left of the first column, for the bar that marks the cursor where colours do not."""
_EDGES = {Kind.PLAIN: " ", Kind.RANGE: "┃", Kind.CURSOR: "▌", Kind.CURSOR_BLURRED: "▏"}


class LiveTable(ScrollView, Generic[RowT], can_focus=True):
    """Shows a view. ``changed()`` may be called for every change of the data, however many there are."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES = COMPONENTS
    BINDINGS = TABLE.bindings()
    DEFAULT_CSS = "LiveTable { overflow: hidden scroll; scrollbar-size-vertical: 1; height: 1fr; }"

    placeholder: reactive[str] = reactive("")
    """Said where rows would be when there are none."""
    trouble: reactive[Trouble | None] = reactive[Trouble | None](None)
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
        super().__init__(id=id)
        self._columns = tuple(columns)
        self._pacer = pacer
        self._marking = marking
        self._follow_top = follow_top
        self._window: Window[RowT] = Window(self._read_failed)
        self._count = 0
        self._cursor = 0
        self._cursor_id: int | None = None
        self._sought: int | None = None
        """The row to stand on as soon as the view, which is not complete, has it."""
        self._anchor: int | None = None
        self._anchor_id: int | None = None
        self._sort: tuple[str, bool] = ("", False)
        self._thumb = (0, 0)
        self._row_styles = RowStyles(self)
        self.set_reactive(LiveTable.placeholder, placeholder)

    def _read_failed(self, error: RestoreTuiError) -> None:
        self.post_message(table_events.ReadFailed(self, error))

    # --- what is shown

    @property
    def view(self) -> View[RowT] | None:
        """The view shown."""
        return self._window.view

    @property
    def count(self) -> int:
        """Rows in the view when it was last painted."""
        return self._count

    @property
    def cursor(self) -> int:
        """The cursor's position."""
        return self._cursor

    @property
    def row(self) -> RowT | None:
        """The row under the cursor as it is now; None in an empty table."""
        rows = self._window.read(self._cursor, 1)
        return rows[0] if rows else None

    @property
    def range(self) -> tuple[int, int] | None:
        """First and last position of the range being marked."""
        if self._anchor is None:
            return None
        return min(self._anchor, self._cursor), max(self._anchor, self._cursor)

    def set_view(self, view: View[RowT] | None, *, at: int | None = None) -> None:
        """Show another view. The cursor goes to ``at``, or else stays on its row by id, or else on its position."""
        line = self._cursor - self.scroll_offset.y
        self._window.view = view
        self._window.drop()
        self._count = view.count if view is not None else 0
        sought = self._cursor_id if self._sought is None else self._sought
        self._sought = None
        if at is None and view is not None and sought is not None:
            at = view.position(sought)
            self._sought = sought if at is None and not view.complete else None
        if self._anchor_id is not None:
            self._anchor = view.position(self._anchor_id) if view is not None else None
            self._anchor_id = self._anchor_id if self._anchor is not None else None
        self._resize_virtual()
        self._place_cursor(self._cursor if at is None else at, line)
        self.refresh()
        self.refresh_bindings()

    def set_columns(self, columns: Sequence[Column[RowT]]) -> None:
        """Show other columns."""
        self._columns = tuple(columns)
        self._arrange()

    def set_sort(self, sort: str, descending: bool) -> None:
        """Which column's header carries the arrow."""
        self._sort = (sort, descending)
        self.refresh(Region(0, 0, self._width, 1))

    def changed(self) -> None:
        """The data may have changed: look again, soon."""
        self._pacer.request(self.look_again)

    def look_again(self) -> bool:
        """Read the window again now and repaint the cells that differ; tells whether there were any."""
        view = self._window.view
        if view is None or not self.is_attached or self._height <= 0:
            return False
        count, self._count = self._count, view.count
        if count != self._count:
            self._resize_virtual()
        if self._find_sought(view) or self._keep_place() or self._window.top != self.scroll_offset.y:
            self._window.drop()
            self.refresh()
            return True
        if bool(count) != bool(self._count):
            self.refresh()
            self.refresh_bindings()
        pacer = self._pacer
        dirty, cells, is_more = self._window.compare(self._height, self._width, pacer.room / BYTES_A_CELL)
        pacer.room = max(0.0, pacer.room - cells * BYTES_A_CELL)
        if dirty:
            self.refresh(*dirty)
        if is_more:
            self.changed()
        return bool(dirty)

    def on_unmount(self) -> None:
        self._pacer.forget(self.look_again)

    # --- keeping the place

    @property
    def _height(self) -> int:
        return max(0, self.size.height - 1)

    @property
    def _width(self) -> int:
        """Cells left of the scrollbar."""
        return self.scrollable_content_region.width

    def _resize_virtual(self) -> None:
        """Another number of rows. Set the usual way, Textual would lay out and send the whole screen again."""
        self.set_reactive(Widget.virtual_size, Size(0, self._count + 1))
        self._move_thumb()

    def _move_thumb(self) -> None:
        """Repaint the scrollbar only when it would look different by an eighth of a cell."""
        eighths, rows = 8 * self.size.height, self._count + 1
        looks = (eighths * self._height // rows, eighths * self.scroll_offset.y // rows) if self._height else (0, 0)
        if looks != self._thumb:
            self._thumb = looks
            bar = self.vertical_scrollbar
            bar.window_virtual_size, bar.position = rows, self.scroll_y

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        if round(old_value) != round(new_value):
            self._move_thumb()
            self.refresh(self.size.region)

    def _find_sought(self, view: View[RowT]) -> bool:
        """Go to the row that was left for a view without it, if the view has it by now; tells whether it moved."""
        if self._sought is None:
            return False
        found = view.position(self._sought)
        if found is not None or view.complete:
            self._sought = None
        if found is None:
            return False
        self._place_cursor(found, self._cursor - self.scroll_offset.y)
        return True

    def _keep_place(self) -> bool:
        """Follow the row that holds the screen when others came before it; tells whether it moved."""
        view, top = self._window.view, self.scroll_offset.y
        if view is None or self._count == 0:
            return False
        if self._cursor_id is None or (self._follow_top and self._cursor == 0 and top == 0):
            self._cursor_id = view.row_id(self._cursor)
            return False
        in_sight = top <= self._cursor < top + self._height
        held, held_id = (self._cursor, self._cursor_id)
        if not in_sight and self._window.lines:
            held, held_id = top, self._window.lines[0].id
        if view.row_id(held) == held_id:
            return False
        found = view.position(held_id)
        if in_sight or found is None:
            self._place_cursor(self._cursor if found is None else found, self._cursor - top)
        else:
            self._cursor = self._position(self._cursor_id, self._cursor)
            self.scroll_to(y=found, animate=False, force=True, immediate=True)
        if self._anchor is not None:
            self._anchor = self._position(self._anchor_id, self._anchor)
        return True

    def _position(self, row_id: int | None, otherwise: int) -> int:
        view = self._window.view
        found = view.position(row_id) if view is not None and row_id is not None else None
        return max(0, min(self._count - 1, otherwise)) if found is None else found

    # --- painting

    def _arrange(self) -> None:
        self._window.placed = lay_out(self._columns, self._width - GAP, EDGE)
        self._window.drop()
        self.refresh()

    def on_resize(self, event: events.Resize) -> None:
        self._thumb = (0, 0)
        self._move_thumb()
        self._arrange()
        self._reveal(self._cursor)

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._row_styles.clear()
        self._window.drop()

    def watch_has_focus(self, has_focus: bool) -> None:
        super().watch_has_focus(has_focus)
        self._repaint(self._cursor, self._cursor)

    def render_lines(self, crop: Region) -> list[Strip]:
        self._window.show(self.scroll_offset.y, self._height, self._count)
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        width, index = self._width, y - 1
        if y == 0:
            return self._header(width)
        if index >= len(self._window.lines):
            said = self._instead_of_rows(width, self._height) if not self._window.lines else []
            text, style = said[index - 1] if 1 <= index <= len(said) else ("", "dim")
            return Strip([Segment(fit(text, width, prose=True), self._row_styles.get(style, Kind.PLAIN))], width)
        line = self._window.lines[index]
        kind = self._kind(self._window.top + index)
        if line.strip is None or line.kind is not kind:
            line.kind, line.strip = kind, self._strip(line, kind, width)
        return line.strip

    def _instead_of_rows(self, width: int, height: int) -> list[tuple[str, str]]:
        """Lines of text, each with its style; where there is no room for all, cause and keys without the hint."""
        if self.trouble is None:
            told = [(self.placeholder, "dim")]
        else:
            told = [(f"✗ {self.trouble.cause}", "bad"), (self.trouble.hint, ""), (self.trouble.keys, "dim")]
        room = max(8, width - 2 * INDENT)

        def wrapped(told: list[tuple[str, str]]) -> list[tuple[str, str]]:
            return [
                (" " * INDENT + line, style)
                for text, style in told
                for line in textwrap.wrap(clean(text), room, break_on_hyphens=False)
            ]

        lines = wrapped(told)
        return lines if len(lines) < height else wrapped([told[0], *told[2:]])

    def _kind(self, position: int) -> Kind:
        if position == self._cursor:
            return Kind.CURSOR if self.has_focus else Kind.CURSOR_BLURRED
        span = self.range
        return Kind.RANGE if span is not None and span[0] <= position <= span[1] else Kind.PLAIN

    def _header(self, width: int) -> Strip:
        sort, descending = self._sort
        pieces = [" " * EDGE]
        for placed in self._window.placed:
            column = placed.column
            arrow = (" ▼" if descending else " ▲") if column.sort and column.sort == sort else ""
            pieces.append(fit(column.label + arrow, placed.cells, right=column.right) + " " * GAP)
        header = self._row_styles.header
        return Strip([Segment("".join(pieces), header)]).adjust_cell_length(width, header)

    def _strip(self, line: Line, kind: Kind, width: int) -> Strip:
        """Neighbours of one style become one segment, and blanks join either side: fewer bytes."""
        spans = [(_EDGES[kind], "edge")]
        for cells in line.cells:
            spans += cells
            spans.append((" " * GAP, ""))
        segments: list[Segment] = []
        text, style = "", ""
        for piece, name in spans:
            if name != style and not piece.isspace():
                if not text.isspace():
                    segments.append(Segment(text, self._row_styles.get(style, kind)))
                    text = ""
                style = name
            text += piece
        segments.append(Segment(text, self._row_styles.get(style, kind)))
        return Strip(segments).adjust_cell_length(width, self._row_styles.get("", kind))

    def _repaint(self, first: int, last: int) -> None:
        top = self.scroll_offset.y
        first, last = max(first, top), min(last, top + self._height - 1)
        if first <= last:
            self.refresh(Region(0, first - top + 1, self._width, last - first + 1))

    # --- the cursor

    def goto(self, position: int) -> None:
        """Put the cursor on that position, or the nearest there is, and show it."""
        position = max(0, min(self._count - 1, position))
        self._sought = None
        old, self._cursor = self._cursor, position
        view = self._window.view
        self._cursor_id = view.row_id(position) if view is not None else None
        if self._reveal(position) or old == position:
            pass
        elif self._anchor is not None:
            self._repaint(min(old, position), max(old, position))
        else:
            self._repaint(old, old)
            self._repaint(position, position)
        self.post_message(table_events.Moved(self))

    def _place_cursor(self, position: int, line: int) -> None:
        """Put the cursor there, at that line of the window if possible."""
        self._cursor = max(0, min(self._count - 1, position))
        view = self._window.view
        self._cursor_id = view.row_id(self._cursor) if view is not None and self._count else None
        line = max(0, min(self._height - 1, line))
        self.scroll_to(y=max(0, self._cursor - line), animate=False, force=True, immediate=True)
        self.post_message(table_events.Moved(self))

    def _reveal(self, position: int) -> bool:
        """Scroll as little as shows that position; tells whether it had to."""
        top, height = self.scroll_offset.y, self._height
        if height <= 0 or top <= position < top + height:
            return False
        y = position if position < top else position - height + 1
        self.scroll_to(y=y, animate=False, force=True, immediate=True)
        return True

    def action_move(self, lines: int) -> None:
        self.goto(self._cursor + lines)

    def action_page(self, pages: int) -> None:
        self.goto(self._cursor + pages * max(1, self._height - 1))

    def action_first(self) -> None:
        self.goto(0)

    def action_last(self) -> None:
        self.goto(self._count - 1)

    def action_open(self) -> None:
        row = self.row
        if row is not None:
            self.post_message(table_events.Opened(self, row))

    def action_mark(self) -> None:
        span, row = self.range, self.row
        self._drop_range()
        if span is not None:
            self.post_message(table_events.RangeMarked(self, *span))
        elif row is not None:
            self.post_message(table_events.MarkToggled(self, row))
            self.goto(self._cursor + 1)

    def action_range(self) -> None:
        if self._anchor is not None:
            self.action_mark()
            return
        self._sought = None
        self._anchor, self._anchor_id = self._cursor, self._cursor_id
        self._repaint(self._cursor, self._cursor)
        self.refresh_bindings()

    def action_cancel_range(self) -> None:
        self._drop_range()

    def _drop_range(self) -> None:
        span = self.range
        self._anchor = self._anchor_id = None
        if span is not None:
            self._repaint(*span)
            self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("mark", "range"):
            return self._marking and self._count > 0
        if action == "cancel_range":
            return self._anchor is not None
        return self._count > 0 if action == "open" else True

    # --- the mouse

    def on_click(self, event: events.Click) -> None:
        event.stop()
        placed = self._window.placed
        if event.y == 0:
            for place in placed:
                if place.x <= event.x < place.x + place.cells and place.column.sort:
                    self.post_message(table_events.SortChosen(self, place.column.sort))
            return
        position = self.scroll_offset.y + event.y - 1
        if position >= self._count:
            return
        self.goto(position)
        if event.chain == 2:
            self.action_open()
        elif self._marking and placed and event.x < placed[0].x + placed[0].cells + GAP:
            row = self.row
            if row is not None:
                self.post_message(table_events.MarkToggled(self, row))
