"""Plans of what was chosen."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import cast

from msgspec.structs import replace

from restoretui.core.clock import Clock
from restoretui.core.errors import (
    AccessDenied,
    BucketNotFound,
    CloudError,
    GuardStopped,
    InvalidRequest,
    MalformedAnswer,
    Unreachable,
    Unsupported,
    UsageError,
)
from restoretui.core.model import DEFAULT_SCHEME, Tier
from restoretui.core.plan.lifecycle import ExpirationRule, Expiring, read_rules
from restoretui.core.plan.plan import PLAINLY, BucketTerms, RestorePlan, Terms, make_plan
from restoretui.core.plan.pricing import PriceBook, PriceTable, told_together
from restoretui.core.plan.tier_plan import FactGroup
from restoretui.core.provider import TellsCapacity, TellsExpirations
from restoretui.core.rules.rules import check_days
from restoretui.core.rules.verdicts import Action, Purpose
from restoretui.engine.traffic.waits import TimeLimit
from restoretui.ledger import Ledger
from restoretui.ledger.marks.marked_places import PartOfPlace
from restoretui.ledger.records import CloudId
from restoretui.ledger.run_records import Run
from restoretui.session.clouds import CloudAccess, Clouds

DIRECT_READ_KNOWN_S = 60.0
"""How long a bucket's setting is taken to stay; machine time."""


RULES_KNOWN_S = 600.0
"""The same of its lifecycle rules."""
CAPACITY_WITHIN_S = 2.0
"""Longest wait for what capacity there is; machine time. Not every network has a way there."""


class Planner:
    """Makes plans; sends nothing but looks."""

    def __init__(self, clock: Clock, ledger: Ledger, prices: PriceBook, clouds: Clouds) -> None:
        self._clock = clock
        self._ledger = ledger
        self.prices = prices
        self._clouds = clouds
        self._asks_unseen: set[int] = set()
        self._literal: dict[int, str] = {}
        self._expirations: dict[tuple[str, str], tuple[float, Sequence[ExpirationRule] | str]] = {}
        self._asked_capacity: set[tuple[str, str]] = set()
        self._capacity: dict[tuple[str, str], int] = {}
        self._direct_reads: dict[tuple[str, str], tuple[float, frozenset[str]]] = {}

    def ask_unseen(self, sel: int) -> None:
        """In plans of this selection, what no look can judge is asked for all the same."""
        self._asks_unseen.add(sel)

    def say_literally(self, sel: int, literal: str) -> None:
        """In plans of this selection, requests are said so (``core.literal``)."""
        self._literal[sel] = literal

    async def schemes(self, sel: int) -> list[str]:
        """The clouds in which objects are chosen: a plan and a run is of one of them."""
        marked = (await self._ledger.selections.summary(sel)).by_bucket  # Quick, however many they are.
        chosen = {cloud for cloud, _ in marked}
        return [cloud.scheme for cloud in self._clouds if cloud.ledger_cloud in chosen]

    async def plan(
        self,
        sel: int,
        days: int,
        purpose: Purpose = Purpose.RESTORE,
        scheme: str | None = None,
        *,
        shorten: bool = False,
        ask_unseen: bool = False,
        until: datetime | None = None,
    ) -> RestorePlan:
        """What restoring the selection would do and cost, at every tier. Sends nothing but looks.

        ``scheme`` says which cloud's objects; it may be left out when all are in one (else ``UsageError``).
        ``until``: what the days are counted for, where that is an instant.
        """
        check_days(days)
        marks, facts = await self._chosen(sel)
        chosen = [cloud for cloud in self._clouds if facts.get(cloud.ledger_cloud)]
        if scheme is None and len(chosen) > 1:
            names = " and ".join(cloud.kind.name for cloud in chosen)
            raise UsageError(f"objects of {names} are chosen together", "plan each cloud by itself")
        cloud = self._clouds[scheme or (chosen[0].scheme if chosen else DEFAULT_SCHEME)]
        return await self._plan(
            cloud, facts.get(cloud.ledger_cloud, []), days, purpose, marks, sel, Terms(ask_unseen, shorten, until)
        )

    async def plans(
        self, sel: int, days: Callable[[str], int], *, shorten: bool = False, until: datetime | None = None
    ) -> list[RestorePlan]:
        """One for each cloud in which objects are chosen; the objects are looked up only once."""
        marks, facts = await self._chosen(sel)
        wanted = [(cloud, groups) for cloud in self._clouds if (groups := facts.get(cloud.ledger_cloud))]
        for cloud, _ in wanted:
            check_days(days(cloud.scheme))
        return [
            await self._plan(
                cloud, groups, days(cloud.scheme), Purpose.RESTORE, marks, sel, Terms(shorten=shorten, until=until)
            )
            for cloud, groups in wanted
        ]

    async def part(self, part: PartOfPlace, days: int) -> RestorePlan:
        """What restoring a part of what is marked on screen would do and cost: to be shown, never to be confirmed."""
        cloud = self._clouds[part.cloud.scheme]
        prices, tables = self._price_tables({part.bucket: await cloud.region(part.bucket)}, cloud)
        readable = {part.bucket: await self._readable(part.bucket, cloud)}
        groups = await self._ledger.mark_sets.facts_of(part)
        now = self._clock.now()
        return make_plan(
            cloud.rules, groups, days, now, prices, Purpose.RESTORE, PLAINLY, BucketTerms(readable, tables)
        )

    async def _chosen(self, sel: int) -> tuple[int, Mapping[CloudId, Sequence[FactGroup]]]:
        # The revision first: of a change in between, the plan then has the older one, and is not taken for current.
        marks = await self._ledger.selections.revision(sel)
        return marks, await self._ledger.selections.facts(sel)

    async def _plan(
        self,
        cloud: CloudAccess,
        groups: Sequence[FactGroup],
        days: int,
        purpose: Purpose,
        marks: int,
        sel: int,
        terms: Terms,
    ) -> RestorePlan:
        buckets = {group.bucket for group in groups}
        regions = {bucket: await cloud.region(bucket) for bucket in sorted(buckets)}
        prices, tables = self._price_tables(regions, cloud)
        readable = {bucket: await self._readable(bucket, cloud) for bucket in buckets}
        unseen, literal = terms.asks_unseen or sel in self._asks_unseen, self._literal.get(sel, "")
        made = make_plan(
            cloud.rules, groups, days, self._clock.now(), prices, purpose,
            replace(terms, asks_unseen=unseen, literal=literal), BucketTerms(readable, tables),
        )  # fmt: skip
        expiring, unread = await self._expiring(sel, cloud, made)
        known = {region: units for (scheme, region), units in self._capacity.items() if scheme == cloud.scheme}
        return replace(
            made, marks=marks, expiring=expiring, rules_unread=unread, capacity=known,
            measured=await self._ledger.runs.measured(cloud.ledger_cloud), regions=sorted(set(regions.values())),
        )  # fmt: skip

    async def with_capacity(self, plan: RestorePlan) -> RestorePlan:
        """The plan with what capacity for Expedited the account owns, where Expedited would be asked for at all.

        One request a Region and session; no answer in time, or a denial, is no obstacle: then it is not known.
        """
        cloud, sending = self._clouds[plan.scheme], plan.tiers[Tier.EXPEDITED].sending
        provider = await cloud.provider()
        if not provider.capabilities.capacity or not sending:
            return plan
        telling, now = cast("TellsCapacity", provider), self._clock.now()
        for region in sorted({await cloud.region(line.group.bucket) for line in sending}):
            if (cloud.scheme, region) in self._asked_capacity:
                continue
            self._asked_capacity.add((cloud.scheme, region))
            try:
                async with TimeLimit(self._clock, CAPACITY_WITHIN_S, lambda: Unreachable("it takes too long")):
                    units = await telling.provisioned_capacity(region)
            except CloudError:
                continue
            owned = sum((since is None or since <= now) and (until is None or now < until) for since, until in units)
            self._capacity[cloud.scheme, region] = owned
        known = {region: units for (scheme, region), units in self._capacity.items() if scheme == plan.scheme}
        return replace(plan, capacity=known)

    async def _expiring(
        self, sel: int, cloud: CloudAccess, made: RestorePlan
    ) -> tuple[list[Expiring], dict[str, str]]:
        """What lifecycle rules delete before its copy would end, and buckets whose rules cannot be read."""
        classes: dict[str, set[str]] = {}
        for line in (line for tier in made.tiers.values() for line in tier.sending):
            classes.setdefault(line.group.bucket, set()).add(line.group.facts.storage_class)
        found: list[Expiring] = []
        unread: dict[str, str] = {}
        for bucket in sorted(classes):
            rules = await self._rules_of(bucket, cloud)
            if isinstance(rules, str):
                unread[bucket] = rules
            # HEAD tells of one object what may not be read of the bucket (FACTS 1.5).
            for rule in (None,) if isinstance(rules, str) else rules:
                one = await self._ledger.selections.expiring(
                    sel, cloud.ledger_cloud, bucket, rule, sorted(classes[bucket]), made.expiry
                )
                found += [one] if one is not None else []
        return found, unread

    async def _rules_of(self, bucket: str, cloud: CloudAccess) -> Sequence[ExpirationRule] | str:
        """A bucket's expirations, asked for once in a while; why not, where they cannot be read: that is no error."""
        asked_at, rules = self._expirations.get((cloud.scheme, bucket), (float("-inf"), ()))
        if self._clock.monotonic() - asked_at >= RULES_KNOWN_S:
            provider = await cloud.provider()
            if not provider.capabilities.expirations:
                return ()
            telling = cast("TellsExpirations", provider)
            try:
                rules = read_rules(await cloud.of(bucket).read(lambda: telling.expirations(bucket)))
            except (AccessDenied, BucketNotFound, InvalidRequest, Unsupported, MalformedAnswer) as error:
                rules = error.code or str(error)
            self._expirations[cloud.scheme, bucket] = self._clock.monotonic(), rules
        return rules

    def glance(self, scheme: str, groups: Sequence[FactGroup], days: int) -> RestorePlan:
        """What restoring so much of one bucket would do and cost, from what is known: nothing is asked.

        Without prices as long as nobody asked for the bucket's region.
        """
        cloud = self._clouds[scheme]
        readable, prices = {}, (PriceTable(scheme, (), "", store=cloud.rules.store), False)
        for bucket in {group.bucket for group in groups}:
            region = cloud.channel.known_region(bucket)
            if region is not None:
                prices = self.prices.table_for(scheme, region, cloud.rules.store)
            readable[bucket] = self._direct_reads.get((scheme, bucket), (0.0, frozenset[str]()))[1]
        return make_plan(cloud.rules, groups, days, self._clock.now(), prices, buckets=BucketTerms(readable))

    def looks_cost(self, run: Run) -> Decimal | None:
        """What watching the run has cost so far, in the run's currency, at the prices of its buckets' Regions.

        At the most, where they are of several: how many requests each had is not kept. None where it is not known.
        """
        regions = run.regions or (str(run.connection.get("region") or ""),)
        tables = [self.prices.table_for(run.cloud.scheme, region, run.cloud.rules.store)[0] for region in regions]
        costs = [table.looks(run.list_calls, run.head_calls) for table in tables if table.currency == run.currency]
        known = [cost for cost in costs if cost is not None]
        return max(known) if len(known) == len(tables) else None

    async def read_directly(self, scheme: str, bucket: str) -> frozenset[str]:
        """Archives of a bucket whose objects its setting lets anybody read as they are, without a restore."""
        return await self._readable(bucket, self._clouds[scheme])

    async def _readable(self, bucket: str, cloud: CloudAccess) -> frozenset[str]:
        """Archives that the bucket lets anybody read as they are; asked for once a minute: plans are made often."""
        asked_at, archives = self._direct_reads.get((cloud.scheme, bucket), (float("-inf"), frozenset()))
        if self._clock.monotonic() - asked_at >= DIRECT_READ_KNOWN_S:
            provider = await cloud.provider()
            archives = await cloud.of(bucket).read(lambda: provider.readable_archives(bucket))
            self._direct_reads[cloud.scheme, bucket] = self._clock.monotonic(), archives
        return archives

    def _price_tables(
        self, regions: Mapping[str, str], cloud: CloudAccess
    ) -> tuple[tuple[PriceTable, bool], Mapping[str, PriceTable]]:
        """Each bucket's table, by its own region, and what is told of all of them."""
        store, nowhere = cloud.rules.store, cloud.connection.region or ""
        found = {
            bucket: self.prices.table_for(cloud.scheme, region, store)
            for bucket, region in (regions or {"": nowhere}).items()
        }
        together = told_together(sorted((table for table, _ in found.values()), key=lambda one: list(one.regions)))
        is_exact = all(exact for _, exact in found.values())
        return (together, is_exact), {
            # One sum has one currency: what another list prices has no price in it.
            bucket: table if table.currency == together.currency
            else PriceTable(cloud.scheme, (), "", together.currency, store=store)
            for bucket, (table, _) in found.items()
        }  # fmt: skip


def check_sends(plan: RestorePlan, tier: Tier) -> None:
    """``GuardStopped`` when there is nothing to send at ``tier``, and nothing to watch."""
    chosen = plan.tiers[tier]
    if not chosen.requests and not chosen.counts.get(Action.ALREADY, 0) and not chosen.then_objects:
        raise GuardStopped(f"nothing to send: {why_nothing(plan, tier)}")


def why_nothing(plan: RestorePlan, tier: Tier) -> str:
    """One sentence for a plan that sends nothing at ``tier``: each reason with how many objects it holds for."""
    reasons: dict[str, int] = {}
    for line in plan.tiers[tier].lines:
        reasons[line.verdict.reason] = reasons.get(line.verdict.reason, 0) + line.group.objects
    if not reasons:
        return "no object was chosen"
    return "; ".join(f"{count} × {reason}" for reason, count in sorted(reasons.items(), key=lambda item: -item[1]))
