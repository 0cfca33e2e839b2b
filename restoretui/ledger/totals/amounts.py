"""Objects and bytes, and what they add up to by class and state. Sizes that are not told are counted apart."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from restoretui.core.model import State

GONE = "gone"
"""Stands in place of a state: a later look found the object deleted."""

ARCHIVED = frozenset({State.ARCHIVED, State.EXPIRED, State.FAILED})
"""To be restored before it can be read, and nothing under way."""
RESTORING = frozenset({State.PLANNED, State.REQUESTED, State.RESTORING})
READABLE = frozenset({State.AVAILABLE, State.ONLINE})


class Amount(NamedTuple):
    """So many objects; ``unsized`` of them are not in ``size_bytes``, since the store does not tell their size."""

    objects: int = 0
    size_bytes: int = 0
    unsized: int = 0

    def plus(self, other: "Amount") -> "Amount":
        """Both together."""
        return Amount(self.objects + other.objects, self.size_bytes + other.size_bytes, self.unsized + other.unsized)

    def less(self, other: "Amount") -> "Amount":
        """Without those."""
        return self.plus(Amount(-other.objects, -other.size_bytes, -other.unsized))


NONE = Amount()


def together(amounts: Iterable[Amount]) -> Amount:
    """All of them."""
    total = NONE
    for amount in amounts:
        total = total.plus(amount)
    return total


Groups = Mapping[tuple[str, str], Amount]
"""By storage class and state (``GONE`` in place of a state)."""


@dataclass(frozen=True, slots=True)
class PrefixTotals:
    """What lies below one prefix."""

    prefix: str
    groups: Groups

    @property
    def whole(self) -> Amount:
        """All that is still there."""
        return self._where(lambda _class, state: state != GONE)

    @property
    def gone(self) -> Amount:
        """Listed, and found deleted since."""
        return self._where(lambda _class, state: state == GONE)

    @property
    def archived(self) -> Amount:
        """To be restored before it can be read."""
        return self._of(ARCHIVED)

    @property
    def restoring(self) -> Amount:
        """Asked for, or about to be."""
        return self._of(RESTORING)

    @property
    def readable(self) -> Amount:
        """Never archived, or a copy is there."""
        return self._of(READABLE)

    @property
    def unseen(self) -> Amount:
        """Only a look at each could tell whether it is archived."""
        return self._of(frozenset({State.UNKNOWN}))

    def by_state(self) -> dict[str, Amount]:
        """Of what is still there, in the order of ``State``."""
        found = self._by(1)
        return {state.value: found[state] for state in State if state in found}

    def by_class(self) -> dict[str, Amount]:
        """Of what is still there, most bytes first."""
        found = self._by(0)
        return dict(sorted(found.items(), key=lambda item: (-item[1].size_bytes, item[0])))

    def less(self, others: Iterable["PrefixTotals"]) -> "PrefixTotals":
        """Without what lies below those."""
        groups = dict(self.groups)
        for other in others:
            for key, amount in other.groups.items():
                groups[key] = groups.get(key, NONE).less(amount)
        return PrefixTotals(self.prefix, {key: amount for key, amount in groups.items() if amount.objects})

    def _by(self, part: int) -> dict[str, Amount]:
        found: dict[str, Amount] = {}
        for key, amount in self.groups.items():
            if key[1] != GONE:
                found[key[part]] = found.get(key[part], NONE).plus(amount)
        return found

    def _of(self, states: frozenset[State]) -> Amount:
        return self._where(lambda _class, state: state in states)

    def _where(self, wanted: Callable[[str, str], bool]) -> Amount:
        return together(amount for key, amount in self.groups.items() if wanted(*key))
