"""Chosen objects as arguments: a location for each where they are few, else a list of keys for ``--keys-from``.

A list of keys holds one a line, verbatim: what has a version, a line break or such an end that reading it back would
give another key must stand as a location of its own.
"""

import codecs
from collections.abc import Sequence
from typing import NamedTuple

from restoretui.core.errors import UsageError
from restoretui.core.location import Location
from restoretui.core.model import ObjectRef

MOST_NAMED = 4
"""So many objects are named in the line itself, which then can be read anywhere."""
MOST_NAMED_BYTES = 600
MOST_ARGUMENTS = 500
"""Locations in one line that no list can hold."""
MOST_ARGUMENT_BYTES = 100_000
"""Systems take 128 KiB and more (getconf ARG_MAX)."""
_MARK = codecs.BOM_UTF8.decode()


class Naming(NamedTuple):
    """How the objects of one bucket are named."""

    bucket: str
    listed: list[str]
    """In a list of keys."""
    named: list[str]
    """Each by its location."""


def can_be_listed(ref: ObjectRef) -> bool:
    """A line of a key list reads back as this very object."""
    key = ref.key
    return ref.version_id is None and "\n" not in key and not key.endswith("\r") and not key.startswith(_MARK)


def name_objects(scheme: str, refs: Sequence[ObjectRef]) -> list[Naming]:
    """By bucket, in the order of their names. ``UsageError`` where they do not fit into a line."""
    text = [location_of(scheme, ref) for ref in refs]
    plain = all(word.isprintable() for word in text)
    is_few = len(refs) == 1 or (len(refs) <= MOST_NAMED and plain and sum(map(len, text)) <= MOST_NAMED_BYTES)
    by_bucket: dict[str, Naming] = {}
    named = 0
    for ref, location in zip(refs, text, strict=True):
        naming = by_bucket.setdefault(ref.bucket, Naming(ref.bucket, [], []))
        if not is_few and can_be_listed(ref):
            naming.listed.append(ref.key)
        else:
            naming.named.append(location)
            named += len(location.encode())
    if any(len(one.named) > MOST_ARGUMENTS for one in by_bucket.values()) or named > MOST_ARGUMENT_BYTES:
        raise UsageError(
            "these are too many versions, or keys with line breaks, for a command line", "mark fewer at a time"
        )
    return [by_bucket[bucket] for bucket in sorted(by_bucket)]


def location_of(scheme: str, ref: ObjectRef) -> str:
    """That reads back as this very object."""
    return str(Location(scheme, ref.bucket, key=ref.key, version_id=ref.version_id))


def as_lines(keys: Sequence[str]) -> bytes:
    """The file of a key list."""
    return "".join(f"{key}\n" for key in keys).encode()
