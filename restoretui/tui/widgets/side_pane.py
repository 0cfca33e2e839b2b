"""A pane beside a table that tells of the row under the cursor, once the cursor rests.

It holds no key up: nothing is read or painted while the cursor moves, and what is read is a row or two by their
ids, or what a query off the loop gives later. Nothing is asked of a cloud for it. Of its lines only those are
painted that read differently, so that an idle screen sends nothing.
"""

from collections.abc import Callable, Sequence

from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.geometry import Region
from textual.strip import Strip
from textual.timer import Timer

from restoretui.tui.widgets.fact_lines import FactLines

FROM_COLUMNS = 110
"""A narrower screen belongs to the table alone."""
REST_S = 0.12
"""Debounce: seconds that the cursor stands still before its row is told of."""

Tell = Callable[[int], Sequence[Content]]
"""Lines of that width at the most; what is read for them is quick enough for a repaint."""


class Alike:
    """A container whose lines all look alike, since its children stand on it: one is made, not one for each line.

    Textual makes every line of every container before it finds that others cover it: of a full screen that was a
    quarter of the time until the first paint. Mixed into one without a border; no widget by itself, since Textual
    takes the name and the styles of the first one among a widget's bases.
    """

    def render_lines(self, crop: Region) -> list[Strip]:
        """The first line, so many times as are asked for."""
        if not crop.height:
            return []
        first: list[Strip] = super().render_lines(Region(crop.x, 0, crop.width, 1))  # type: ignore[misc]
        return first * crop.height


class Beside(Alike, Horizontal):
    """A table, and the pane beside it."""

    DEFAULT_CSS = "Beside { height: 1fr; }"


class SidePane(Alike, Vertical):
    """``tell`` says what of; it is asked again with each ``follow``."""

    DEFAULT_CSS = """
    SidePane { width: 36%; min-width: 40; max-width: 64; height: 1fr; padding: 0 1; overflow: hidden; display: none; }
    """

    def __init__(self, tell: Tell) -> None:
        super().__init__(classes="side")
        self._tell = tell
        self._lines = FactLines(now=lambda: 0.0)
        self._rest: Timer | None = None

    def fit(self, *, wanted: bool) -> None:
        """Show it if it is wanted and there is room, or hide it."""
        shown = wanted and self.app.size.width >= FROM_COLUMNS
        if shown != self.display:
            self.display = shown
        if shown:
            self.call_after_refresh(self.renew)

    def follow(self) -> None:
        """The cursor moved: tell of its row once it rests."""
        if not self.display:
            return
        if self._rest is not None:
            self._rest.stop()
        self._rest = self.set_timer(REST_S, self._rested)

    def _rested(self) -> None:
        self._rest = None
        self.renew()

    def renew(self) -> bool:
        """Tell of the same row again; tells whether it reads differently. Not while the cursor is moving."""
        if not self.display or self._rest is not None or not self.is_attached or self.content_size.width < 8:
            return False
        width, height = self.content_size
        lines = list(self._tell(width))[:height]
        if lines and not self._lines.is_attached:  # not before there is anything to tell
            self.mount(self._lines)
        return self._lines.show(lambda: lines, at_once=True)
