"""What a list of objects says, whatever its form: entries, and the places they are taken from."""

import os
from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from msgspec import Struct, field

from restoretui.core.location import Location
from restoretui.core.model import ObjectRef


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


class NamedKeys(Struct, frozen=True):
    """A list that was read."""

    name: str
    """What it is called in sentences."""
    form: KeysFormat
    entries: Sequence[ListedKey]
    is_guessed: bool = False
    """Nobody said which form it has."""
    notes: Sequence[str] = field(default=())
    """What a person should know of it: that it is not whole, say."""

    def buckets(self, scheme: str) -> list[Location]:
        """The buckets it names, each once; ``scheme`` is taken where the list tells none."""
        return [
            Location(of or scheme, bucket)
            for of, bucket in dict.fromkeys((entry.scheme, entry.bucket) for entry in self.entries)
        ]

    def placed(self, places: Sequence[Location]) -> tuple[list[list[ObjectRef]], int]:
        """The objects at each place, each at the first that holds it; and how many lie at none."""
        found: list[list[ObjectRef]] = [[] for _ in places]
        outside = 0
        numbered = list(enumerate(places))
        of_bucket: dict[str, list[tuple[int, Location]]] = {"": numbered}
        for scheme, bucket, key, version_id in self.entries:
            there = of_bucket.get(bucket)
            if there is None:
                there = of_bucket[bucket] = [pair for pair in numbered if pair[1].bucket in (bucket, "")]
            for at, place in there:
                if scheme in ("", place.scheme) and key.startswith(place.prefix):
                    found[at].append(ObjectRef(bucket or place.bucket, key, version_id))
                    break
            else:
                outside += 1
        return found, outside


def how_far(source: str, number: int, what: str) -> str:
    """What to say while a list is read: from stdin or a pipe, nobody may be about to write any of it."""
    named = "stdin" if source == "-" else source
    if number:
        return f"reading {named}: {number:,} {what}{'s' if number > 1 else ''} so far"
    by_hand = source == "-" and os.isatty(0)
    return f"waiting for the first {what} of {named}{', up to its end (ctrl+d)' if by_hand else ''}"
