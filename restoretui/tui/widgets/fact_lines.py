"""A few lines of facts, throttled and diffed: only those that changed are painted, and not too often."""

from collections.abc import Callable, Sequence

from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

EVERY_S = 1.0
"""Throttle. Counts of thousands of objects change all the time; nobody reads them faster."""


class FactLines(Vertical):
    """One line of text, wrapped if need be, for each fact."""

    DEFAULT_CSS = "FactLines { height: auto; } FactLines Static { height: auto; }"

    def __init__(self, *, id: str | None = None, now: Callable[[], float]) -> None:  # noqa: A002  Textual's own name
        """``now`` is machine time."""
        super().__init__(id=id)
        self._now = now
        self._shown: list[Content] = []
        self._lines: list[Static] = []
        self._said_at = float("-inf")

    def show(self, facts: Callable[[], Sequence[Content]], *, at_once: bool = False) -> bool:
        """Say what ``facts`` gives, unless something was said a moment ago; tells whether that was anything new."""
        if not at_once and self._now() - self._said_at < EVERY_S:
            return False
        new, old = list(facts()), self._shown
        changed = [at for at, line in enumerate(new) if at >= len(old) or not line.is_same(old[at])]
        if not changed and len(new) == len(old):
            return False
        self._said_at, self._shown = self._now(), new
        for line in self._lines[len(new) :]:
            line.display = False
        for at in changed:
            self._say(at, new[at])
        return True

    def _say(self, at: int, content: Content) -> None:
        if at == len(self._lines):
            self._lines.append(Static(content, markup=False))
            self.mount(self._lines[at])
            return
        line = self._lines[at]
        is_back = not line.display
        # Laid out again only if it may take another number of lines than before.
        wraps = max(content.cell_length, line.size.height * self.size.width) > self.size.width
        line.display = True
        line.update(content, layout=is_back or wraps)
