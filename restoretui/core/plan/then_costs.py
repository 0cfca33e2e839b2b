"""What then-steps cost besides the restore: requests, storage of what is kept, traffic of what is downloaded.

A copy is one Tier-1 request of the class it is made in, or a few where it goes in parts, and is stored from then on
(FACTS 1.11); the first ``FREQUENT_DAYS`` days of that are in the sum, as with all that stays.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from msgspec import Struct, field
from msgspec.structs import replace

from restoretui.core.plan.job_fees import NO_FEES
from restoretui.core.plan.money import DOLLARS
from restoretui.core.plan.pricing import FREQUENT_DAYS, GIB, ZERO, Cost, PriceTable
from restoretui.core.then.parts import copy_requests
from restoretui.core.then.steps import STANDARD, ThenKind, ThenStep


class ThenAmount(Struct, frozen=True):
    """So many objects of one bucket that can be read, or will be."""

    table: PriceTable
    objects: int
    size_bytes: int
    unsized: int = 0
    bucket: str = ""
    was_online: bool = False
    """They can be read as they are: nothing is copied in place of them."""
    kept: Cost = field(default_factory=Cost)
    """What extending their copies once costs, should the steps not be done before they end."""
    early: Cost = field(default_factory=Cost)
    """What removing them from the archive costs at most: the rest of the shortest time they are billed for."""


class StepCost(Struct, frozen=True):
    """One step's part of a plan."""

    step: ThenStep
    objects: int
    size_bytes: int
    cost: Cost
    per_month: Decimal | None = None
    """What keeping the copies costs from then on; None where nothing is kept, or that is not known."""
    kept: Decimal | None = None
    """Of the cost, what extending the objects' copies once would take; None where nothing is extended."""
    about: int = 0
    """The objects that it is about, also where it is done once for all of them."""


def step_costs(steps: Sequence[ThenStep], amounts: Iterable[ThenAmount]) -> list[StepCost]:
    """What each step does and costs."""
    found = list(amounts)
    return [
        _with_keeping(_cost_of(step, [one for one in found if not (step.of_archived and one.was_online)]), found)
        for step in steps
    ]


def _with_keeping(one: StepCost, amounts: Sequence[ThenAmount]) -> StepCost:
    """A copy that ends too soon is extended: at most, each is."""
    if not one.step.keep_days:
        return one
    kept = sum((amount.kept for amount in amounts), Cost())
    cost = one.cost.beside(Cost(then=kept.total, unpriced=kept.unpriced, fees_unknown=kept.fees_unknown))
    return replace(one, cost=cost, kept=kept.total)


def _cost_of(step: ThenStep, amounts: Sequence[ThenAmount]) -> StepCost:
    objects = sum(one.objects for one in amounts)
    size = sum(one.size_bytes for one in amounts)
    if step.kind is ThenKind.COPY:
        parts = [_copies(step, one) for one in amounts]
        months = [month for _, month in parts]
        known = None if None in months else sum((month for month in months if month is not None), ZERO)
        cost = sum((cost for cost, _ in parts), Cost())
        if step.job:
            buckets = {one.bucket for one in amounts}
            tried = int(replace(step, several=len(buckets) > 1).is_tried_first)
            jobs, currency = len(buckets) + tried, amounts[0].table.currency if amounts else DOLLARS
            fees = NO_FEES.in_currency(currency).of_jobs("", jobs, objects)
            cost = cost.beside(Cost(then=fees.total, unpriced=fees.unpriced))
        return StepCost(step, objects, size, cost, known, about=objects)
    if step.kind is ThenKind.DISCARD:
        return StepCost(step, objects, size, sum((one.early for one in amounts), Cost()), about=objects)
    if step.kind is ThenKind.DOWNLOAD:
        return StepCost(step, objects, size, sum((_download(one) for one in amounts), Cost()), about=objects)
    return StepCost(step, 1 if step.is_of_run else objects, size, Cost(), about=objects)


def early_fee(table: PriceTable, archive: str, least_days: int | None, objects: int, size_bytes: int) -> Cost:
    """What is billed at most of an archive's shortest time when objects leave it: as if they came today.

    ``GB × $/GB-month × days / 30``, with 32 KiB for each object (FACTS-AFTER 10.1). Since when they are there, no
    API of S3 tells. ``least_days`` 0: of what may leave at any time.
    """
    if least_days == 0:
        return Cost()
    rate = table.archived_per_gib_month.get(archive)
    if rate is None or least_days is None:
        return Cost(unpriced=objects)
    return Cost(then=Decimal(size_bytes + (32 << 10) * objects) / GIB * rate * least_days / 30)


def _copies(step: ThenStep, one: ThenAmount) -> tuple[Cost, Decimal | None]:
    table = one.table
    rate = table.frequent_per_gib_month
    if rate is None and table.copy_per_gib_month:
        rate = table.copy_per_gib_month
    fee = table.put_per_1000 or table.list_per_1000  # OSS names the one, and S3 bills both alike.
    if step.far or step.storage_class.upper() != STANDARD or rate is None or fee is None:
        return Cost(unpriced=one.objects), None
    month = Decimal(one.size_bytes) / GIB * rate
    requests = copy_requests(one.objects, one.size_bytes) * fee / 1000
    return Cost(then=requests + month * FREQUENT_DAYS / 30, unpriced=one.unsized), month


def _download(one: ThenAmount) -> Cost:
    egress = one.table.egress(one.size_bytes)
    return Cost(unpriced=one.objects) if egress is None else Cost(then=egress, unpriced=one.unsized)


def together(costs: Iterable[StepCost], objects: int) -> Cost:
    """All steps; an object is counted once among those without a price."""
    whole = sum((one.cost for one in costs), Cost())
    return replace(whole, unpriced=min(whole.unpriced, objects))
