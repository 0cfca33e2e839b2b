"""Virtual scrolling of any number of rows below a line of labels; their number may change all the time.

Spaced, a blank line stands below each row. Positions and scrolling count rows, not lines.
"""

from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.widget import Widget


class RowScroll(ScrollView):
    """Knows how many rows there are, and which of them are on screen."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002  Textual's own name
        super().__init__(id=id)
        self.count = 0
        """Rows there were when it was last painted."""
        self._thumb = (0, 0)
        self.lines_a_row = 1
        """2 where they are spaced."""

    @property
    def height_of_rows(self) -> int:
        """Rows that there is room for below the header."""
        return max(0, (self.size.height - 2 + self.lines_a_row) // self.lines_a_row)

    def line_of(self, index: int) -> int:
        """Where the row that is so many below the topmost stands."""
        return 1 + index * self.lines_a_row

    def index_at(self, y: int) -> int:
        """The row at that line, counted from the topmost; the blank line below it is its own."""
        return (y - 1) // self.lines_a_row

    @property
    def width_of_rows(self) -> int:
        """Cells left of the scrollbar."""
        return self.scrollable_content_region.width

    def resize_virtual(self) -> None:
        """Another number of rows. Set the usual way, Textual would lay out and send the whole screen again."""
        # What is below the last row scrolls no further than it: Textual takes a row for a line.
        self.set_reactive(Widget.virtual_size, Size(0, self.count + self.size.height - self.height_of_rows))
        self._move_thumb()

    def _move_thumb(self) -> None:
        """Repaint the scrollbar only when it would look different by an eighth of a cell."""
        eighths, rows = 8 * self.size.height, self.count + 1
        looks = (
            (eighths * self.height_of_rows // rows, eighths * self.scroll_offset.y // rows)
            if self.height_of_rows
            else (0, 0)
        )
        if looks != self._thumb:
            self._thumb = looks
            bar = self.vertical_scrollbar
            bar.window_virtual_size, bar.position = rows, self.scroll_y

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Repaints by whole rows only: Textual animates between them."""
        if round(old_value) != round(new_value):
            self._move_thumb()
            self.refresh(self.size.region)

    def forget_thumb(self) -> None:
        """The scrollbar has another height."""
        self._thumb = (0, 0)
        self._move_thumb()

    def reveal(self, position: int) -> bool:
        """Scroll as little as shows that position; tells whether it had to."""
        top, height = self.scroll_offset.y, self.height_of_rows
        if height <= 0 or top <= position < top + height:
            return False
        y = position if position < top else position - height + 1
        self.scroll_to(y=y, animate=False, force=True, immediate=True)
        return True

    def repaint(self, first: int, last: int) -> None:
        """From one position to another, as far as they are on screen."""
        top = self.scroll_offset.y
        first, last = max(first, top), min(last, top + self.height_of_rows - 1)
        if first <= last:
            height = (last - first) * self.lines_a_row + 1
            self.refresh(Region(0, self.line_of(first - top), self.width_of_rows, height))
