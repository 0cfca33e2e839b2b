"""Objects and bytes, and what they add up to by class and state. Sizes that are not told are counted apart."""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from msgspec import Struct

from restoretui.core.model import State

GONE = "gone"
"""Stands in place of a state: a later look found the object deleted."""

HALF = 32
"""Bits: a sum of bytes is kept in two parts, above and below, since SQLite's own numbers may overflow."""

ARCHIVED = frozenset({State.ARCHIVED, State.EXPIRED, State.FAILED})
"""To be restored before it can be read, and nothing under way."""
RESTORING = frozenset({State.PLANNED, State.REQUESTED, State.RESTORING})
READABLE = frozenset({State.AVAILABLE, State.ONLINE})


class Volume(NamedTuple):
    """So many objects; ``unsized`` of them are not in ``size_bytes``, since the store does not tell their size."""

    objects: int = 0
    size_bytes: int = 0
    unsized: int = 0

    def plus(self, other: "Volume") -> "Volume":
        """Both together."""
        return Volume(self.objects + other.objects, self.size_bytes + other.size_bytes, self.unsized + other.unsized)

    def less(self, other: "Volume") -> "Volume":
        """Without those."""
        return self.plus(Volume(-other.objects, -other.size_bytes, -other.unsized))


NONE = Volume()


def together(volumes: Iterable[Volume]) -> Volume:
    """All of them."""
    total = NONE
    for volume in volumes:
        total = total.plus(volume)
    return total


Groups = Mapping[tuple[str, str], Volume]
"""By storage class and state (``GONE`` in place of a state)."""


class PrefixTotals(Struct, frozen=True):
    """What lies below one prefix."""

    prefix: str
    groups: Groups

    @property
    def whole(self) -> Volume:
        """All that is still there."""
        return self._where(lambda _class, state: state != GONE)

    @property
    def gone(self) -> Volume:
        """Listed, and found deleted since."""
        return self._where(lambda _class, state: state == GONE)

    @property
    def archived(self) -> Volume:
        """To be restored before it can be read."""
        return self._of(ARCHIVED)

    @property
    def restoring(self) -> Volume:
        """Asked for, or about to be."""
        return self._of(RESTORING)

    @property
    def readable(self) -> Volume:
        """Never archived, or a copy is there."""
        return self._of(READABLE)

    @property
    def unseen(self) -> Volume:
        """Only a look at each could tell whether it is archived."""
        return self._of(frozenset({State.UNKNOWN}))

    def by_state(self) -> dict[str, Volume]:
        """Of what is still there, in the order of ``State``."""
        found = self._by(1)
        return {state.value: found[state] for state in State if state in found}

    def by_class(self) -> dict[str, Volume]:
        """Of what is still there, most bytes first."""
        found = self._by(0)
        return dict(sorted(found.items(), key=lambda item: (-item[1].size_bytes, item[0])))

    def plus(self, other: "PrefixTotals") -> "PrefixTotals":
        """Both together."""
        groups = dict(self.groups)
        for key, volume in other.groups.items():
            groups[key] = groups.get(key, NONE).plus(volume)
        return PrefixTotals(self.prefix, groups)

    def less(self, others: Iterable["PrefixTotals"]) -> "PrefixTotals":
        """Without what lies below those."""
        groups = dict(self.groups)
        for other in others:
            for key, volume in other.groups.items():
                groups[key] = groups.get(key, NONE).less(volume)
        return PrefixTotals(self.prefix, {key: volume for key, volume in groups.items() if volume.objects})

    def _by(self, part: int) -> dict[str, Volume]:
        found: dict[str, Volume] = {}
        for key, volume in self.groups.items():
            if key[1] != GONE:
                found[key[part]] = found.get(key[part], NONE).plus(volume)
        return found

    def _of(self, states: frozenset[State]) -> Volume:
        return self._where(lambda _class, state: state in states)

    def _where(self, wanted: Callable[[str, str], bool]) -> Volume:
        return together(volume for key, volume in self.groups.items() if wanted(*key))
