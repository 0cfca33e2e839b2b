"""What the chosen objects would do and cost at one tier, group by group.

Objects with equal facts get equal verdicts, so a plan is made from groups: a million marks are a few dozen lines.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from functools import cached_property

from msgspec import Struct
from msgspec.structs import astuple

from restoretui.core.model import ObjectFacts, RestoreRequest, Tier
from restoretui.core.plan.pricing import Cost
from restoretui.core.plan.then_costs import StepCost, together
from restoretui.core.rules.rules import Quota, RestoreWindow
from restoretui.core.rules.verdicts import Action, Verdict


class FactGroup(Struct, frozen=True, eq=False):
    """All chosen objects of one bucket that share their facts."""

    bucket: str
    facts: ObjectFacts
    objects: int
    size_bytes: int
    large_objects: int = 0
    """Of them, those too large for Expedited's typical time (``rules.EXPEDITED_TYPICAL_BYTES``)."""
    unsized: int = 0
    """Of them, those whose size the store does not tell: not in ``size_bytes``, and without a price."""
    seen_at: float | None = None
    """When what is known of them was seen, of all the longest ago; seconds since the epoch, cloud time."""

    def __eq__(self, other: object) -> bool:
        """Whether they are the same objects with the same facts, whenever those were seen."""
        return isinstance(other, FactGroup) and astuple(self)[:-1] == astuple(other)[:-1]

    def __hash__(self) -> int:
        return hash(astuple(self)[:-1])


class PlanLine(Struct, frozen=True):
    """One group's verdict and cost at one tier."""

    group: FactGroup
    verdict: Verdict
    cost: Cost
    added_days: int = 0
    """By how many days the life of each temporary copy is lengthened: what its part of ``cost`` is for."""


class TierPlan(Struct, frozen=True, dict=True):
    """The whole selection at one tier."""

    request: RestoreRequest
    lines: Sequence[PlanLine]
    then: Sequence[StepCost] = ()
    """What is done with the objects once they can be read, and what that costs."""

    @cached_property
    def counts(self) -> Mapping[Action, int]:
        """Objects by action."""
        counts: Counter[Action] = Counter()
        for line in self.lines:
            counts[line.verdict.action] += line.group.objects
        return counts

    @property
    def sending(self) -> Sequence[PlanLine]:
        """The lines for which requests go out."""
        return [line for line in self.lines if line.verdict.action.sends]

    @property
    def requests(self) -> int:
        """How many restore requests go out: one for each object acted on, some only when its copy is there."""
        return sum(line.group.objects for line in self.sending)

    @property
    def later(self) -> int:
        """Of them, those that are sent when a restore under way has arrived."""
        return self.counts.get(Action.LATER, 0)

    @property
    def taken_over(self) -> Mapping[int, int]:
        """Objects acted on that other runs plan and nobody sends there, by run: there they are given up."""
        runs: Counter[int] = Counter()
        for line in self.sending:
            if line.verdict.action.sends_now and line.group.facts.intent is not None:
                runs[line.group.facts.intent.run_id] += line.group.objects
        return runs

    @property
    def size_bytes(self) -> int:
        """Bytes of the objects acted on."""
        return sum(line.group.size_bytes for line in self.sending)

    @property
    def unsized(self) -> int:
        """Objects acted on whose size is not told."""
        return sum(line.group.unsized for line in self.sending)

    @property
    def cost(self) -> Cost:
        """The estimate for all requests together, and for what is done with the objects afterwards."""
        cost = sum((line.cost for line in self.sending), Cost())
        if not self.then:
            return cost
        after = together(self.then, sum(line.group.objects for line in self.lines))
        return cost.beside(after)

    @property
    def then_objects(self) -> int:
        """Objects that something is done with once they can be read."""
        return max((one.about for one in self.then if one.step.is_asked_for), default=0)

    @property
    def window(self) -> RestoreWindow | None:
        """From the soonest to the latest typical end; None when nothing takes time."""
        windows = [line.verdict.window for line in self.sending if line.verdict.window is not None]
        if not windows:
            return None
        whole = windows[0]
        for window in windows[1:]:
            whole |= window
        return whole

    @cached_property
    def at_quota(self) -> timedelta | None:
        """How long it takes at the quotas the cloud documents; None where that is no longer than it takes anyway."""
        together: dict[str, tuple[Quota, int, int]] = {}
        for line in self.sending:
            verdict = line.verdict
            if verdict.quota is not None and verdict.action.retrieves:
                quota, objects, size = together.get(verdict.archive or "", (verdict.quota, 0, 0))
                together[verdict.archive or ""] = (
                    quota, objects + line.group.objects, size + line.group.size_bytes,
                )  # fmt: skip
        longest = max((quota.time_for(*amount) for quota, *amount in together.values()), default=timedelta())
        window = self.window
        return longest if longest > (window.longest if window else timedelta()) else None

    @property
    def expected(self) -> RestoreWindow | None:
        """The window in which it comes, the quotas minded: what is late is late by this one."""
        window, longest = self.window, self.at_quota
        return window if window is None or longest is None else RestoreWindow(window.shortest, longest)

    @property
    def endless(self) -> int:
        """Objects acted on that come back for good: neither the days nor the plan's expiry hold for them."""
        return sum(line.group.objects for line in self.sending if line.verdict.endless)

    @property
    def endless_bytes(self) -> int:
        """Bytes that come back for good by what is sent; what was under way before is not among them."""
        return sum(
            line.group.size_bytes
            for line in self.sending
            if line.verdict.endless and line.verdict.action is Action.START
        )

    @property
    def endless_bytes_by_bucket(self) -> Mapping[str, int]:
        """``endless_bytes``, of the buckets that have any."""
        return self._by_bucket(
            line for line in self.sending if line.verdict.endless and line.verdict.action is Action.START
        )

    @property
    def bytes_by_bucket(self) -> Mapping[str, int]:
        """``size_bytes`` of each bucket."""
        return self._by_bucket(self.sending)

    @staticmethod
    def _by_bucket(lines: Iterable[PlanLine]) -> Mapping[str, int]:
        sizes: Counter[str] = Counter()
        for line in lines:
            sizes[line.group.bucket] += line.group.size_bytes
        return {bucket: size for bucket, size in sizes.items() if size}

    @property
    def large_objects(self) -> int:
        """Objects acted on that Expedited's typical time does not cover."""
        if self.request.tier is not Tier.EXPEDITED:
            return 0
        return sum(line.group.large_objects for line in self.sending)
