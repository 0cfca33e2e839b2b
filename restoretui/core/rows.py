"""Columnar pages: a page's entries by column; most are written down as they came, never looked at one by one."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, overload

from restoretui.core.model import UNTOLD_CLASS, Entry

_WIDTH = len(Entry._fields)
_VERSION_ID, _CLASS, _IN_PROGRESS, _EXPIRY = map(
    Entry._fields.index, ("version_id", "storage_class", "in_progress", "expiry")
)
_as_entry = partial(tuple.__new__, Entry)


class Rows(Sequence[Entry]):
    """Reads like a list of entries, each of which is made when it is asked for."""

    __slots__ = ("columns",)

    def __init__(self, columns: Sequence[Sequence[Any]]) -> None:
        """``columns`` in the order of ``Entry``'s fields, all of one length."""
        self.columns = columns

    @classmethod
    def of(cls, entries: Sequence[Entry]) -> "Rows":
        """The same entries; a no-op where they are rows already."""
        if isinstance(entries, Rows):
            return entries
        return cls(list(zip(*entries, strict=True)) or [()] * _WIDTH)

    @property
    def keys(self) -> Sequence[str]:
        """Of all entries."""
        return self.columns[0]

    @property
    def version_ids(self) -> Sequence[str | None]:
        """Of all entries."""
        return self.columns[_VERSION_ID]

    @property
    def classes(self) -> Sequence[str]:
        """Of all entries."""
        return self.columns[_CLASS]

    def classed(self, name: str) -> "Rows":
        """The same entries, in class ``name`` where none is told."""
        if UNTOLD_CLASS not in self.classes:
            return self
        classes = [told or name for told in self.classes]
        return Rows([classes if at == _CLASS else column for at, column in enumerate(self.columns)])

    def those(self, places: Sequence[int]) -> "Rows":
        """The entries at these places, in their order."""
        if isinstance(places, range) and places.step == 1:
            return self[places.start : places.stop]
        return Rows([[column[at] for at in places] for column in self.columns])

    @property
    def in_progress(self) -> Sequence[bool | None]:
        """Of all entries."""
        return self.columns[_IN_PROGRESS]

    @property
    def expiries(self) -> Sequence[int | None]:
        """Of all entries."""
        return self.columns[_EXPIRY]

    def __len__(self) -> int:
        return len(self.columns[0])

    @overload
    def __getitem__(self, at: int) -> Entry: ...
    @overload
    def __getitem__(self, at: slice) -> "Rows": ...
    def __getitem__(self, at: int | slice) -> "Entry | Rows":
        if isinstance(at, slice):
            return Rows([column[at] for column in self.columns])
        return Entry(*[column[at] for column in self.columns])

    def __iter__(self) -> Iterator[Entry]:
        return map(_as_entry, zip(*self.columns, strict=True))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]  # as lists have none
