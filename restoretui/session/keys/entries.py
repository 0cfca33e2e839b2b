"""What a list of objects says, whatever its form: entries, and the places they are taken from."""

import os
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from typing import NamedTuple, overload

from msgspec import Struct, field

from restoretui.core.location import Location
from restoretui.core.rows import PackedKeys, Refs, Repeated


class KeysFormat(StrEnum):
    """The forms of ``--keys-format``."""

    PLAIN = "plain"
    """A key a line, verbatim."""
    URI = "uri"
    """A location a line, each of one object."""
    JSONL = "jsonl"
    """A JSON object a line: ours, or any with a key and perhaps a bucket."""
    CSV = "csv"
    """With a line of headings: location, or bucket, key and version_id."""
    MANIFEST = "manifest"
    """Of S3 Batch Operations: bucket, key, perhaps a version id; keys are URL-encoded, there are no headings."""
    REPORT = "report"
    """A completion report of S3 Batch Operations."""


class ListedKey(NamedTuple):
    """One object of a list."""

    scheme: str
    """Empty where the list does not say; so is ``bucket``."""
    bucket: str
    key: str
    version_id: str | None = None


class Entries(Sequence[ListedKey]):
    """The objects of a list by column: reads like a list of them, each of which is made when it is asked for."""

    schemes: Sequence[str]
    buckets: Sequence[str]
    keys: Sequence[str]
    versions: Sequence[str | None]

    def append(self, entry: ListedKey) -> None:
        """One more."""
        self.add(entry.scheme, [entry.bucket], [entry.key], [entry.version_id])

    def add(self, scheme: str, buckets: Sequence[str], keys: Sequence[str], versions: Sequence[str | None]) -> None:
        """So many more, of one cloud."""
        raise NotImplementedError

    def __len__(self) -> int:
        return len(self.keys)

    @overload
    def __getitem__(self, at: int) -> ListedKey: ...
    @overload
    def __getitem__(self, at: slice) -> list[ListedKey]: ...
    def __getitem__(self, at: int | slice) -> ListedKey | list[ListedKey]:
        if isinstance(at, slice):
            return [self[one] for one in range(len(self))[at]]
        return ListedKey(self.schemes[at], self.buckets[at], self.keys[at], self.versions[at])

    def __iter__(self) -> Iterator[ListedKey]:
        return map(ListedKey, self.schemes, self.buckets, self.keys, self.versions)


class ListedKeys(Entries):
    """Of a list that tells more than keys."""

    def __init__(self, entries: Iterable[ListedKey] = ()) -> None:
        self.schemes: list[str] = []
        self.buckets: list[str] = []
        self.keys: list[str] = []
        self.versions: list[str | None] = []
        for entry in entries:
            self.append(entry)

    def append(self, entry: ListedKey) -> None:
        scheme, bucket, key, version_id = entry
        self.schemes.append(scheme)
        self.buckets.append(bucket)
        self.keys.append(key)
        self.versions.append(version_id)

    def add(self, scheme: str, buckets: Sequence[str], keys: Sequence[str], versions: Sequence[str | None]) -> None:
        self.schemes += [scheme] * len(keys)
        self.buckets += buckets
        self.keys += keys
        self.versions += versions


class PlainKeys(Entries):
    """Of a list that tells nothing but keys."""

    def __init__(self) -> None:
        self.keys: PackedKeys = PackedKeys()

    def add(self, scheme: str, buckets: Sequence[str], keys: Sequence[str], versions: Sequence[str | None]) -> None:
        del scheme, buckets, versions
        self.keys.add(keys)

    @property
    def schemes(self) -> Sequence[str]:  # type: ignore[override]
        """What a list of another form tells; so are ``buckets`` and ``versions``."""
        return Repeated("", len(self.keys))

    @property
    def buckets(self) -> Sequence[str]:  # type: ignore[override]
        """See ``schemes``."""
        return Repeated("", len(self.keys))

    @property
    def versions(self) -> Sequence[str | None]:  # type: ignore[override]
        """See ``schemes``."""
        return Repeated(None, len(self.keys))


class NamedKeys(Struct, frozen=True):
    """A list that was read."""

    name: str
    """What it is called in sentences."""
    form: KeysFormat
    entries: Entries
    is_guessed: bool = False
    """Nobody said which form it has."""
    notes: Sequence[str] = field(default=())
    """What a person should know of it: that it is not whole, say."""

    def buckets(self, scheme: str) -> list[Location]:
        """The buckets it names, each once; ``scheme`` is taken where the list tells none."""
        return [Location(of or scheme, bucket) for of, bucket in self._pairs()]

    def placed(self, places: Sequence[Location]) -> tuple[list[Refs], int]:
        """The objects at each place, each at the first that holds it; and how many lie at none."""
        entries = self.entries
        there = {pair: _places_of(*pair, places) for pair in self._pairs()}
        if len(there) == 1 and (only := next(iter(there.values()))):
            at, prefix, bucket = only[0]
            if not prefix or all(key.startswith(prefix) for key in entries.keys):
                whole = Refs(Repeated(bucket, len(entries)), entries.keys, entries.versions)
                return [whole if place == at else Refs([], [], []) for place in range(len(places))], 0
        found: list[tuple[list[str], list[str], list[str | None]]] = [([], [], []) for _ in places]
        outside = 0
        for scheme, bucket, key, version_id in entries:
            for at, prefix, holds in there[scheme, bucket]:
                if key.startswith(prefix):
                    buckets, keys, versions = found[at]
                    buckets.append(holds)
                    keys.append(key)
                    versions.append(version_id)
                    break
            else:
                outside += 1
        return [Refs(*columns) for columns in found], outside

    def _pairs(self) -> Iterable[tuple[str, str]]:
        """Scheme and bucket of its objects, each pair once."""
        if isinstance(self.entries, PlainKeys):
            return [("", "")] if self.entries else []
        return dict.fromkeys(zip(self.entries.schemes, self.entries.buckets, strict=True))


def _places_of(scheme: str, bucket: str, places: Sequence[Location]) -> list[tuple[int, str, str]]:
    """Which places may hold an object that a list puts there: their number, their prefix, and its bucket."""
    return [
        (at, place.prefix, bucket or place.bucket)
        for at, place in enumerate(places)
        if scheme in ("", place.scheme) and (not bucket or place.bucket in (bucket, ""))
    ]


def how_far(source: str, number: int, what: str) -> str:
    """What to say while a list is read: from stdin or a pipe, nobody may be about to write any of it."""
    named = "stdin" if source == "-" else source
    if number:
        return f"reading {named}: {number:,} {what}{'s' if number > 1 else ''} so far"
    by_hand = source == "-" and os.isatty(0)
    return f"waiting for the first {what} of {named}{', up to its end (ctrl+d)' if by_hand else ''}"
