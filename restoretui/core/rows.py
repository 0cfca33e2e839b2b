"""Columnar pages and lists of names: most are written down, or looked up, as they came, never one by one."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import partial
from itertools import compress as chosen_of
from itertools import islice, repeat
from operator import itemgetter, le, lt
from typing import Any, TypeVar, overload
from zlib import compress, decompress

from restoretui.core.model import UNTOLD_CLASS, Entry, ObjectRef

T = TypeVar("T")

_WIDTH = len(Entry._fields)
_VERSION_ID, _CLASS, _IN_PROGRESS, _EXPIRY = map(
    Entry._fields.index, ("version_id", "storage_class", "in_progress", "expiry")
)
_NOT_PACKED, _A_PIECE = 1 << 17, 1 << 13
"""Keys: up to so many are held as they are, and so many are packed together."""
_as_entry = partial(tuple.__new__, Entry)
_as_ref = partial(tuple.__new__, ObjectRef)


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


class Refs(Sequence[ObjectRef]):
    """Reads like a list of names, each of which is made when it is asked for."""

    __slots__ = ("buckets", "keys", "versions")

    def __init__(self, buckets: Sequence[str], keys: Sequence[str], versions: Sequence[str | None]) -> None:
        """All of one length."""
        self.buckets = buckets
        self.keys = keys
        self.versions = versions

    @classmethod
    def of(cls, refs: Iterable[ObjectRef]) -> "Refs":
        """The same names; a no-op where they stand by column already."""
        if isinstance(refs, Refs):
            return refs
        columns: list[list[Any]] = list(map(list, zip(*refs, strict=True))) or [[], [], []]
        return cls(*columns)

    def once(self) -> "Refs":
        """Each of them once, where it stands first."""
        if not self._are_alike():
            named = dict.fromkeys(self)
            return self if len(named) == len(self) else Refs.of(named)
        if _go(lt, self.keys):
            return self
        keys = list(dict.fromkeys(self.keys))
        return self if len(keys) == len(self) else Refs(self.buckets[: len(keys)], keys, self.versions[: len(keys)])

    def those(self, wanted: Iterable[bool]) -> "Refs":
        """Some of them, in their order."""
        chosen = list(wanted)
        return Refs(*[list(chosen_of(column, chosen)) for column in self._columns])

    def among(self, refs: Collection[ObjectRef]) -> "Refs":
        """Those that are in ``refs``, in their order here."""
        return self.those([ref in refs for ref in self]) if refs else Refs([], [], [])

    def parts(self) -> "list[Refs]":
        """By bucket, and whether they have a version id; each in the order of its keys."""
        if not self.keys:
            return []
        if self._are_alike():
            return [_in_order(self)]
        places: dict[tuple[str, bool], list[int]] = {}
        for at, (bucket, version) in enumerate(zip(self.buckets, self.versions, strict=True)):
            places.setdefault((bucket, version is not None), []).append(at)
        parts = [Refs(*[[column[at] for at in some] for column in self._columns]) for some in places.values()]
        return [_in_order(part) for part in parts]

    def _are_alike(self) -> bool:
        """Of one bucket, and without version ids: their keys tell them apart."""
        there, number = self.buckets, len(self.keys)
        return self.versions.count(None) == number and (not there or there.count(there[0]) == number)

    @property
    def _columns(self) -> tuple[Sequence[Any], Sequence[Any], Sequence[Any]]:
        return self.buckets, self.keys, self.versions

    def __len__(self) -> int:
        return len(self.keys)

    @overload
    def __getitem__(self, at: int) -> ObjectRef: ...
    @overload
    def __getitem__(self, at: slice) -> "Refs": ...
    def __getitem__(self, at: int | slice) -> "ObjectRef | Refs":
        if isinstance(at, slice):
            return Refs(self.buckets[at], self.keys[at], self.versions[at])
        return ObjectRef(self.buckets[at], self.keys[at], self.versions[at])

    def __iter__(self) -> Iterator[ObjectRef]:
        return map(_as_ref, zip(*self._columns, strict=True))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]  # as lists have none


class Repeated(Sequence[T]):
    """A column of one value."""

    __slots__ = ("_number", "_value")

    def __init__(self, value: T, number: int) -> None:
        self._value = value
        self._number = number

    def __len__(self) -> int:
        return self._number

    @overload
    def __getitem__(self, at: int) -> T: ...
    @overload
    def __getitem__(self, at: slice) -> "Repeated[T]": ...
    def __getitem__(self, at: int | slice) -> "T | Repeated[T]":
        if isinstance(at, slice):
            return Repeated(self._value, len(range(self._number)[at]))
        range(self._number)[at]  # IndexError, as a list has it
        return self._value

    def __iter__(self) -> Iterator[T]:
        return repeat(self._value, self._number)

    def count(self, value: object) -> int:
        """As a list counts, at once."""
        return self._number if value == self._value else 0


class PackedKeys(Sequence[str]):
    """A column of keys that grows: a tenth of its size once there are very many, which mostly resemble each other."""

    __slots__ = ("_latest", "_open", "_packed", "_unpacked", "rises")

    def __init__(self) -> None:
        self._packed: list[bytes | list[str]] = []
        self._open: list[str] = []
        self._unpacked: tuple[int, list[str]] = (-1, [])
        self._latest = ""
        self.rises = True
        """Each key is above the one before it."""

    def add(self, keys: Sequence[str]) -> None:
        """So many more."""
        if not keys:
            return
        is_above = self._latest < keys[0] or not len(self)
        self.rises = self.rises and is_above and all(map(lt, keys, islice(keys, 1, None)))
        self._latest = keys[-1]
        self._open += keys
        if len(self._open) >= _NOT_PACKED:
            whole = len(self._open) // _A_PIECE * _A_PIECE
            self._packed += [_packed(self._open[at : at + _A_PIECE]) for at in range(0, whole, _A_PIECE)]
            del self._open[:whole]

    def __len__(self) -> int:
        return len(self._packed) * _A_PIECE + len(self._open)

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> list[str]: ...
    def __getitem__(self, at: int | slice) -> str | list[str]:
        if isinstance(at, slice):
            places = range(len(self))[at]
            return self._between(places.start, places.stop) if places.step == 1 else [self[place] for place in places]
        place = range(len(self))[at]
        return (
            self._piece(place // _A_PIECE)[place % _A_PIECE]
            if place < self._whole
            else self._open[place - self._whole]
        )

    def __iter__(self) -> Iterator[str]:
        for number in range(len(self._packed)):
            yield from self._piece(number)
        yield from self._open

    @property
    def _whole(self) -> int:
        return len(self._packed) * _A_PIECE

    def _between(self, start: int, stop: int) -> list[str]:
        found: list[str] = []
        while start < min(stop, self._whole):
            number, within = divmod(start, _A_PIECE)
            found += self._piece(number)[within : within + stop - start]
            start = (number + 1) * _A_PIECE
        return found + self._open[max(0, start - self._whole) : max(0, stop - self._whole)]

    def _piece(self, number: int) -> list[str]:
        if self._unpacked[0] != number:  # The next that is asked for is mostly of the same.
            packed = self._packed[number]
            if isinstance(packed, bytes):
                text = decompress(packed).decode()
                packed = text[1:].split(text[0])
            self._unpacked = number, packed
        return self._unpacked[1]


def _packed(keys: list[str]) -> bytes | list[str]:
    """Themselves where no letter is left to stand between them."""
    for between in "\n\0":
        text = between.join(keys)
        if text.count(between) == len(keys) - 1:
            return compress((between + text).encode(), 1)
    return keys


def _go(how: Callable[[str, str], bool], keys: Sequence[str]) -> bool:
    """Each key goes so with the one behind it."""
    if isinstance(keys, PackedKeys):
        return keys.rises  # That one repeats is a reason for a closer look.
    return all(map(how, keys, islice(keys, 1, None)))


def _in_order(refs: Refs) -> Refs:
    """By key; all are of one bucket."""
    if _go(le, refs.keys):
        return refs
    if refs.versions.count(None) == len(refs):
        return Refs(refs.buckets, sorted(refs.keys), refs.versions)
    named = sorted(zip(refs.keys, refs.versions, strict=True), key=itemgetter(0))
    return Refs(refs.buckets, [key for key, _ in named], [version for _, version in named])
