"""What restoring marks would cost, tier by tier, in a few words.

Nobody has looked at what was marked by an inventory, say: some of it may be there already, or cannot be asked for.
A sum over the rest alone would be far too low, so that it is said what all of it costs **at most**.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from textual.content import Content

from restoretui.core.model import Tier
from restoretui.core.rules.verdicts import Action
from restoretui.tui.words import Part, said
from restoretui.wording import format as fmt

if TYPE_CHECKING:
    from restoretui.core.plan.plan import RestorePlan

LONG = {tier: tier.value for tier in Tier}
SHORT = {Tier.EXPEDITED: "exp", Tier.STANDARD: "std", Tier.BULK: "bulk"}


class TierCosts:
    """Of one plan, with everything that a look could still find to be archived counted as such."""

    def __init__(self, plan: "RestorePlan") -> None:
        self.looks = _looks(plan)
        """Objects that a look will judge before anything is sent."""
        self._plan = plan
        if self.looks:
            from restoretui.core.plan.unseen import otherwise  # Not for the first screen: nothing is marked there.

            self._plan = otherwise(plan)
        self._is_short = _looks(self._plan) > 0

    def of(self, tier: Tier, names: Mapping[Tier, str] = SHORT) -> list[Part]:
        """One tier: its name, and ``$1.20``, ``≤$1.20`` or ``$1.20+?``."""
        chosen, name = self._plan.tiers[tier], (f"{names[tier]} ", "dim")
        if not chosen.requests:
            return [name, ("?", "warn") if self._is_short else ("–", "dim")]
        text = fmt.estimate(chosen.cost, chosen.requests, self._plan.prices.currency)
        if self._is_short:
            return [name, f"{text.removesuffix('+?')}+?"]
        return [name, text if not self.looks or text.endswith(("?", "unknown")) else "≤" + text.removeprefix("<")]

    def all(self, names: Mapping[Tier, str] = SHORT, *, parts_said: bool = True) -> list[Part]:
        """Of each tier; where one takes fewer objects than another, of how many, if ``parts_said``."""
        most = max(self._plan.tiers[tier].requests for tier in Tier)
        parts: list[Part] = []
        for tier in Tier:
            parts += ["  " if parts else "", *self.of(tier, names)]
            if parts_said and 0 < (requests := self._plan.tiers[tier].requests) < most:
                parts.append((f" ({requests:,} of {most:,})", "warn"))
        return parts

    def shorter_and_shorter(self) -> list[Content]:
        """What all tiers cost, for a bar: the longest wording first, the last for where there is hardly any room."""
        return [
            said(*self.all(LONG)), said(*self.all()), said(*self.all(parts_said=False)),
            said(*self.of(Tier.STANDARD), "  ", *self.of(Tier.BULK)), said(*self.of(Tier.BULK)),
        ]  # fmt: skip


def _looks(plan: "RestorePlan") -> int:
    return max(plan.tiers[tier].counts.get(Action.LOOK, 0) for tier in Tier)
