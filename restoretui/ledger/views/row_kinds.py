"""Kinds of listed objects: what of a row decides about it, added up as rows come, so that nobody has to read them.

A plan asks of a million objects only of which class they are, how each is being restored, and how large they are
together: a few kinds, which stand with the segment whose rows they are.
"""

import json
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from restoretui.core.rules.rules import EXPEDITED_TYPICAL_BYTES

MOST = 200
"""Kinds of one segment; copies may end in as many instants as there are. Beyond them its rows have to be read."""
_TOO_MANY = "-"

Kind = tuple[str, int | None, int | None]
"""Storage class, whether a restore is in progress (None: not told), and when the copy ends."""


class KindSums(NamedTuple):
    """Of the objects of one kind."""

    objects: int
    size_bytes: int
    large: int
    unsized: int
    seen: int
    """Seconds from the begin of the listing to when the first of them was seen."""

    def plus(self, other: "KindSums") -> "KindSums":
        """Of both together."""
        return KindSums(
            self.objects + other.objects,
            self.size_bytes + other.size_bytes,
            self.large + other.large,
            self.unsized + other.unsized,
            min(self.seen, other.seen),
        )


Kinds = dict[Kind, KindSums]


def kinds_of(
    classes: Sequence[str],
    sizes: Sequence[int],
    statuses: Sequence[bool | None],
    ends: Sequence[int | None],
    seen: int,
) -> Kinds:
    """Of rows that were seen then at the earliest; ``sizes`` as they are stored."""
    told = (None if status is None else int(status) for status in statuses)
    kinds = list(zip(classes, told, ends, strict=True))
    found = {kind: [0, 0, 0, 0] for kind in set(kinds)}
    for kind, size in zip(kinds, sizes, strict=True):
        sums = found[kind]
        sums[0] += 1
        if size > 0:
            sums[1] += size
            if size >= EXPEDITED_TYPICAL_BYTES:
                sums[2] += 1
        elif size < 0:
            sums[3] += 1
    return {kind: KindSums(sums[0], sums[1], sums[2], sums[3], seen) for kind, sums in found.items()}


def kinds_of_classes(added: Iterable[tuple[str, int, int, int, int]], seen: int) -> Kinds:
    """Of rows that tell of no restore: class, objects, bytes, large and unsized ones; a class may come repeatedly."""
    found: dict[str, list[int]] = {}
    for name, objects, size_bytes, large, unsized in added:
        sums = found.setdefault(name, [0, 0, 0, 0])
        sums[0] += objects
        sums[1] += size_bytes
        sums[2] += large
        sums[3] += unsized
    return {(name, None, None): KindSums(sums[0], sums[1], sums[2], sums[3], seen) for name, sums in found.items()}


def together(known: Kinds, more: Kinds) -> Kinds:
    """Both added up."""
    added = dict(known)
    for kind, sums in more.items():
        added[kind] = sums.plus(added[kind]) if kind in added else sums
    return added


def written(kinds: Kinds | None) -> str:
    """As it stands with a segment; None for too many."""
    if kinds is None or len(kinds) > MOST:
        return _TOO_MANY
    return json.dumps([[*kind, *sums] for kind, sums in kinds.items()], separators=(",", ":"))


def read(text: str | None) -> Kinds | None:
    """As it was written; None where the rows have to be read."""
    if not text or text == _TOO_MANY:
        return None
    return {(row[0], row[1], row[2]): KindSums(*row[3:]) for row in json.loads(text)}
