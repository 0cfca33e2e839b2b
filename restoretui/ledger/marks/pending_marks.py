"""Optimistic updates: marks on their way to disk, shown as such at once. Marking a million rows takes a second."""

from collections.abc import Container, Iterator
from contextlib import contextmanager
from typing import Protocol

from msgspec import Struct


class _Browsed(Protocol):
    """What a view of a listing is to us."""

    @property
    def listing_id(self) -> int: ...


class _Pending(Struct, frozen=True, eq=False):
    mark: bool | None
    """What marks become; None turns them."""
    listing_id: int | None = None
    """None: whatever is marked anywhere."""
    view: _Browsed | None = None
    """None: any view of the listing."""
    rows: Container[int] | None = None
    """Ids, or positions if a view is given; None for all."""

    def concerns(self, view: _Browsed, row_id: int, position: int) -> bool:
        if self.listing_id is None:
            return True
        if self.view is not None:
            return self.view is view and (self.rows is None or position in self.rows)
        return self.listing_id == view.listing_id and (self.rows is None or row_id in self.rows)


class PendingMarks:
    """What is under way; lives on the event loop's thread. ``mark`` None turns what is there."""

    def __init__(self, shown: int) -> None:
        """``shown`` is the selection whose marks are on screen."""
        self.shown = shown
        self._pending: list[_Pending] = []

    @contextmanager
    def rows(self, sel: int, listing_id: int, ids: Container[int] | None, *, mark: bool | None) -> Iterator[None]:
        """Rows of a listing, or all of them, are being marked or unmarked."""
        with self._under_way(sel, _Pending(mark, listing_id, None, ids)):
            yield

    @contextmanager
    def positions(
        self, sel: int, view: _Browsed, positions: Container[int] | None, *, mark: bool | None
    ) -> Iterator[None]:
        """Positions of a view, or all of them, are being marked or unmarked."""
        with self._under_way(sel, _Pending(mark, view.listing_id, view, positions)):
            yield

    @contextmanager
    def everything(self, sel: int) -> Iterator[None]:
        """All marks are being removed."""
        with self._under_way(sel, _Pending(False)):
            yield

    def becoming(self, view: _Browsed, row_id: int, position: int, marked: bool) -> bool | None:
        """Whether an object will be marked, given whether it is ``marked`` on disk; None if nothing is under way."""
        after = None
        for pending in self._pending:
            if pending.concerns(view, row_id, position):
                before = marked if after is None else after
                after = not before if pending.mark is None else pending.mark
        return after

    @property
    def is_marking(self) -> bool:
        """Anything is under way at all."""
        return bool(self._pending)

    @property
    def is_clearing(self) -> bool:
        """All marks are being removed, also below common prefixes."""
        return any(pending.listing_id is None for pending in self._pending)

    @contextmanager
    def _under_way(self, sel: int, pending: _Pending) -> Iterator[None]:
        if sel != self.shown:
            yield
            return
        self._pending.append(pending)
        try:
            yield
        finally:
            self._pending.remove(pending)
