"""A status bar of one line with a left and a right part, repainted only when it says something else."""

from collections.abc import Sequence

from textual.content import Content
from textual.widget import Widget

EMPTY = Content("")


class Bar(Widget):
    """Several wordings may be given for each part, the longest first: the first that fit are shown."""

    ALLOW_SELECT = False
    DEFAULT_CSS = "Bar { height: 1; padding: 0 1; }"

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002  Textual's own name
        super().__init__(id=id, classes=classes)
        self._left_parts: Sequence[Content] = (EMPTY,)
        self._rights: Sequence[Content] = (EMPTY,)

    def show(self, left: Content, *rights: Content, longer: Sequence[Content] = ()) -> bool:
        """Say this; tells whether it is anything new. ``longer`` are left parts for where there is room."""
        rights, lefts = rights or (EMPTY,), (*longer, left)
        if _same(lefts, self._left_parts) and _same(rights, self._rights):
            return False
        self._left_parts, self._rights = lefts, rights
        self.refresh()
        return True

    def render(self) -> Content:
        width = self.size.width
        fits = (left for left in self._left_parts if width - left.cell_length - self._rights[0].cell_length >= 2)
        left = next(fits, self._left_parts[-1])
        for right in self._rights:
            gap = width - left.cell_length - right.cell_length
            if gap >= 2 or not right:
                break
        else:
            right = self._rights[-1].truncate(max(0, width * 2 // 3), ellipsis=True)
            left = left.truncate(max(0, width - right.cell_length - 2), ellipsis=True)
            gap = width - left.cell_length - right.cell_length
        if gap < 0:
            return left.truncate(width, ellipsis=True)
        return Content.assemble(left, " " * gap, right)


def _same(some: Sequence[Content], others: Sequence[Content]) -> bool:
    return len(some) == len(others) and all(a.is_same(b) for a, b in zip(some, others, strict=True))
