"""Plans of what was chosen."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from restoretui.config.settings import Settings
from restoretui.core.errors import GuardStopped, UsageError
from restoretui.core.model import Tier
from restoretui.core.plan.plan import FactGroup, RestorePlan, make_plan
from restoretui.core.plan.pricing import PriceBook, PriceTable
from restoretui.core.provider import Provider
from restoretui.core.rules.rules import Action, Purpose, check_days
from restoretui.engine.traffic.retrying_reads import Reader
from restoretui.ledger import Ledger
from restoretui.ledger.records import CloudId, Run

DIRECT_READ_KNOWN_S = 60.0
"""How long a bucket's setting is taken to stay; machine time."""


class Planner:
    """Makes plans; sends nothing but looks."""

    def __init__(
        self,
        settings: Settings,
        ledger: Ledger,
        prices: PriceBook,
        clouds: Mapping[str, CloudId],
        provider: Callable[[str], Awaitable[Provider]],
        region: Callable[[str, str], Awaitable[str]],
        readers: Mapping[str, Reader],
    ) -> None:
        self._settings = settings
        self._clock = settings.clock
        self._ledger = ledger
        self.prices = prices
        self._clouds = clouds
        self._provider = provider
        self._region = region
        self._readers = readers
        self._direct_reads: dict[tuple[str, str], tuple[float, frozenset[str]]] = {}

    async def schemes(self, sel: int) -> list[str]:
        """The clouds in which objects are chosen: a plan and a run is of one of them."""
        chosen = await self._ledger.selections.facts(sel)
        return [scheme for scheme, cloud in self._clouds.items() if chosen.get(cloud)]

    async def plan(
        self, sel: int, days: int, purpose: Purpose = Purpose.RESTORE, scheme: str | None = None
    ) -> RestorePlan:
        """What restoring the selection would do and cost, at every tier. Sends nothing but looks.

        ``scheme`` says which cloud's objects; it may be left out when all are in one (else ``UsageError``).
        """
        check_days(days)
        marks, facts = await self._chosen(sel)
        chosen = [name for name, cloud in self._clouds.items() if facts.get(cloud)]
        if scheme is None and len(chosen) > 1:
            raise UsageError("objects of S3 and OSS are chosen together", "plan each cloud by itself")
        scheme = scheme or (chosen or ["s3"])[0]
        return await self._plan(scheme, facts.get(self._clouds[scheme], []), days, purpose, marks)

    async def plans(self, sel: int, days: Callable[[str], int]) -> list[RestorePlan]:
        """One for each cloud in which objects are chosen; the objects are looked up only once."""
        marks, facts = await self._chosen(sel)
        wanted = [(scheme, groups) for scheme, cloud in self._clouds.items() if (groups := facts.get(cloud))]
        for scheme, _ in wanted:
            check_days(days(scheme))
        return [await self._plan(scheme, groups, days(scheme), Purpose.RESTORE, marks) for scheme, groups in wanted]

    async def _chosen(self, sel: int) -> tuple[int, Mapping[CloudId, Sequence[FactGroup]]]:
        # The revision first: of a change in between, the plan then has the older one, and is not taken for current.
        marks = await self._ledger.selections.revision(sel)
        return marks, await self._ledger.selections.facts(sel)

    async def _plan(
        self, scheme: str, groups: Sequence[FactGroup], days: int, purpose: Purpose, marks: int
    ) -> RestorePlan:
        buckets = {group.bucket for group in groups}
        prices = await self._price_table(buckets, scheme)
        readable = {bucket: await self._readable(bucket, scheme) for bucket in buckets}
        made = make_plan(self._clouds[scheme].rules, groups, days, self._clock.now(), prices, purpose, readable)
        return replace(made, marks=marks)

    def looks_cost(self, run: Run) -> Decimal | None:
        """What watching the run has cost so far, in the run's currency; None where that is not known."""
        region = str(run.connection.get("region") or "")
        table, _ = self.prices.table_for(run.cloud.scheme, region, run.cloud.rules.store)
        return table.looks(run.list_calls, run.head_calls)

    async def _readable(self, bucket: str, scheme: str) -> frozenset[str]:
        """Archives that the bucket lets anybody read as they are; asked for once a minute: plans are made often."""
        asked_at, archives = self._direct_reads.get((scheme, bucket), (float("-inf"), frozenset()))
        if self._clock.monotonic() - asked_at >= DIRECT_READ_KNOWN_S:
            provider = await self._provider(scheme)
            archives = await self._readers[scheme](lambda: provider.readable_archives(bucket))
            self._direct_reads[scheme, bucket] = self._clock.monotonic(), archives
        return archives

    async def _price_table(self, buckets: set[str], scheme: str) -> tuple[PriceTable, bool]:
        regions = {await self._region(bucket, scheme) for bucket in sorted(buckets)}
        regions = regions or {self._settings.connection_to(scheme).region or ""}
        store = self._clouds[scheme].rules.store
        tables = [self.prices.table_for(scheme, region, store) for region in sorted(regions)]
        table, _ = tables[0]
        return table, all(exact and other is table for other, exact in tables)


def check_sends(plan: RestorePlan, tier: Tier) -> None:
    """``GuardStopped`` when there is nothing to send at ``tier``, and nothing to watch."""
    chosen = plan.tiers[tier]
    if not chosen.requests and not chosen.counts.get(Action.ALREADY, 0):
        raise GuardStopped(f"nothing to send: {why_nothing(plan, tier)}")


def why_nothing(plan: RestorePlan, tier: Tier) -> str:
    """One sentence for a plan that sends nothing at ``tier``: each reason with how many objects it holds for."""
    reasons: dict[str, int] = {}
    for line in plan.tiers[tier].lines:
        reasons[line.verdict.reason] = reasons.get(line.verdict.reason, 0) + line.group.objects
    if not reasons:
        return "no object was chosen"
    return "; ".join(f"{count} × {reason}" for reason, count in sorted(reasons.items(), key=lambda item: -item[1]))
