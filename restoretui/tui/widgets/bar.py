"""A status bar of one line with a left and a right part, repainted only when it says something else."""

from collections.abc import Sequence

from textual.content import Content
from textual.widget import Widget

from restoretui.wording.safe import clean, crop

EMPTY = Content("")
SPACE = Content(" · ")


class Bar(Widget):
    """Several wordings may be given for each part, the longest first: the first that fit are shown."""

    ALLOW_SELECT = False
    DEFAULT_CSS = "Bar { height: 1; padding: 0 1; }"

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002  Textual's own name
        super().__init__(id=id, classes=classes)
        self._left_parts: Sequence[Content] = (EMPTY,)
        self._rights: Sequence[Content] = (EMPTY,)
        self._whole = ""

    def show(self, left: Content, *rights: Content, longer: Sequence[Content] = (), whole: str = "") -> bool:
        """Say this; tells whether it is anything new. ``longer`` are left parts for where there is room.

        ``whole`` is what the row under the cursor has no room for: said behind the left part, or in its place.
        """
        rights, lefts = rights or (EMPTY,), (*longer, left)
        if whole == self._whole and _same(lefts, self._left_parts) and _same(rights, self._rights):
            return False
        self._left_parts, self._rights, self._whole = lefts, rights, whole
        self.refresh()
        return True

    def render(self) -> Content:
        """The first wordings that fit beside each other; where none does, the shortest are cut."""
        width = self.size.width
        if self._whole:
            return self._with_whole(width)
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

    def _with_whole(self, width: int) -> Content:
        right = next((said for said in self._rights if said.cell_length < width // 2), EMPTY)
        room = max(1, width - right.cell_length - 2)
        whole = clean(self._whole)
        behind = (Content.assemble(left, SPACE, whole) for left in self._left_parts)
        left = next((said for said in behind if said.cell_length <= room), None) or Content(crop(whole, room))
        return Content.assemble(left, " " * (width - left.cell_length - right.cell_length), right)


def _same(some: Sequence[Content], others: Sequence[Content]) -> bool:
    return len(some) == len(others) and all(a.is_same(b) for a, b in zip(some, others, strict=True))
