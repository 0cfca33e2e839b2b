"""Marks on their way to disk, shown at once: marking a million rows takes a second, the next repaint must not."""

from collections.abc import Container, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol


class _Browsed(Protocol):
    """What a view of a listing is to us."""

    @property
    def listing_id(self) -> int: ...


@dataclass(frozen=True, slots=True, eq=False)
class _Pending:
    sel: int
    listing_id: int
    view: _Browsed | None
    """None: any view of the listing."""
    rows: Container[int]
    """Ids, or positions if a view is given."""
    mark: bool


class PendingMarks:
    """What is under way; lives on the event loop's thread."""

    def __init__(self, shown: int) -> None:
        """``shown`` is the selection whose marks are on screen."""
        self.shown = shown
        self._pending: list[_Pending] = []

    @contextmanager
    def rows(self, sel: int, listing_id: int, ids: Container[int], *, mark: bool) -> Iterator[None]:
        """Rows of a listing are being marked or unmarked."""
        with self._under_way(_Pending(sel, listing_id, None, ids, mark)):
            yield

    @contextmanager
    def positions(self, sel: int, view: _Browsed, positions: Container[int], *, mark: bool) -> Iterator[None]:
        """Positions of a view are being marked or unmarked."""
        with self._under_way(_Pending(sel, view.listing_id, view, positions, mark)):
            yield

    def apply(self, view: _Browsed, row_id: int, position: int, marked: bool) -> bool:
        """Whether that row will be marked, given whether it is ``marked`` on disk."""
        for pending in self._pending:
            if pending.view is view:
                marked = pending.mark if position in pending.rows else marked
            elif pending.view is None and pending.listing_id == view.listing_id and row_id in pending.rows:
                marked = pending.mark
        return marked

    @contextmanager
    def _under_way(self, pending: _Pending) -> Iterator[None]:
        if pending.sel != self.shown:
            yield
            return
        self._pending.append(pending)
        try:
            yield
        finally:
            self._pending.remove(pending)
