"""The cursor of a table, which stands on a row and not on a line.

Whatever is inserted, sorted or filtered, it stays on that row, and the row stays where it is on screen, as long as
the view has it. From it a range reaches to its anchor.
"""

from typing import TYPE_CHECKING, Generic

from restoretui.core.errors import RestoreTuiError
from restoretui.tui.widgets.table import events as table_events
from restoretui.tui.widgets.table.row_scroll import RowScroll
from restoretui.tui.widgets.table.visible_rows import RowT, VisibleRows

if TYPE_CHECKING:
    from restoretui.ledger.records import View


class RowCursor(RowScroll, Generic[RowT]):
    """Which row is meant, and its place on screen."""

    def __init__(self, *, follow_top: bool = False, id: str | None = None) -> None:  # noqa: A002  Textual's own name
        """``follow_top``: on the first row of an unscrolled table it stays there, whatever comes before its row."""
        super().__init__(id=id)
        self._follow_top = follow_top
        self._rows: VisibleRows[RowT] = VisibleRows(self._read_failed)
        self._cursor = 0
        self._cursor_id: int | None = None
        self._sought: int | None = None
        """The row to stand on as soon as the view, which is not complete, has it."""
        self._anchor: int | None = None
        self._anchor_id: int | None = None

    def _read_failed(self, error: RestoreTuiError) -> None:
        self.post_message(table_events.ReadFailed(self, error))

    @property
    def view(self) -> "View[RowT] | None":
        """The view shown."""
        return self._rows.view

    @property
    def cursor(self) -> int:
        """The cursor's position."""
        return self._cursor

    @property
    def row(self) -> RowT | None:
        """The row under the cursor as it is now; None in an empty table."""
        rows = self._rows.read(self._cursor, 1)
        return rows[0] if rows else None

    @property
    def range(self) -> tuple[int, int] | None:
        """First and last position of the range being marked."""
        if self._anchor is None:
            return None
        return min(self._anchor, self._cursor), max(self._anchor, self._cursor)

    def goto(self, position: int) -> None:
        """Put the cursor on that position, or the nearest there is, and show it."""
        position = max(0, min(self.count - 1, position))
        self._sought = None
        old, self._cursor = self._cursor, position
        view = self._rows.view
        self._cursor_id = view.row_id(position) if view is not None else None
        if self.reveal(position) or old == position:
            pass
        elif self._anchor is not None:
            self.repaint(min(old, position), max(old, position))
        else:
            self.repaint(old, old)
            self.repaint(position, position)
        self.post_message(table_events.Moved(self))

    def action_move(self, lines: int) -> None:
        self.goto(self._cursor + lines)

    def action_page(self, pages: int) -> None:
        """A window less one row, so that a row of the page before stays in view."""
        self.goto(self._cursor + pages * max(1, self.height_of_rows - 1))

    def action_first(self) -> None:
        self.goto(0)

    def action_last(self) -> None:
        self.goto(self.count - 1)

    def _place_cursor(self, position: int, line: int) -> None:
        """Put the cursor there, at that line of the window if possible."""
        self._cursor = max(0, min(self.count - 1, position))
        view = self._rows.view
        self._cursor_id = view.row_id(self._cursor) if view is not None and self.count else None
        line = max(0, min(self.height_of_rows - 1, line))
        self.scroll_to(y=max(0, self._cursor - line), animate=False, force=True, immediate=True)
        self.post_message(table_events.Moved(self))

    # --- keeping the place

    def _find_sought(self, view: "View[RowT]") -> bool:
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
        view, top = self._rows.view, self.scroll_offset.y
        if view is None or self.count == 0:
            return False
        if self._cursor_id is None or (self._follow_top and self._cursor == 0 and top == 0):
            self._cursor_id = view.row_id(self._cursor)
            return False
        in_sight = top <= self._cursor < top + self.height_of_rows
        held, held_id = (self._cursor, self._cursor_id)
        if not in_sight and self._rows.lines:
            held, held_id = top, self._rows.lines[0].id
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
        view = self._rows.view
        found = view.position(row_id) if view is not None and row_id is not None else None
        return max(0, min(self.count - 1, otherwise)) if found is None else found
