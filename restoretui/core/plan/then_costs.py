"""What then-steps cost besides the restore: requests, storage of what is kept, traffic of what is downloaded.

A copy is one Tier-1 request of the class it is made in, or a few where it goes in parts, and is stored from then on
(FACTS 1.11); the first ``FREQUENT_DAYS`` days of that are in the sum, as with all that stays.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from restoretui.core.plan.pricing import FREQUENT_DAYS, GIB, ZERO, Cost, PriceTable
from restoretui.core.then.parts import copy_requests
from restoretui.core.then.steps import STANDARD, ThenKind, ThenStep


@dataclass(frozen=True, slots=True)
class ThenAmount:
    """So many objects of one bucket that can be read, or will be."""

    table: PriceTable
    objects: int
    size_bytes: int
    unsized: int = 0
    was_online: bool = False
    """They can be read as they are: nothing is copied in place of them."""


@dataclass(frozen=True, slots=True)
class StepCost:
    """One step's part of a plan."""

    step: ThenStep
    objects: int
    size_bytes: int
    cost: Cost
    per_month: Decimal | None = None
    """What keeping the copies costs from then on; None where nothing is kept, or that is not known."""


def step_costs(steps: Sequence[ThenStep], amounts: Iterable[ThenAmount]) -> list[StepCost]:
    """What each step does and costs."""
    found = list(amounts)
    return [_cost_of(step, [one for one in found if not (step.in_place and one.was_online)]) for step in steps]


def _cost_of(step: ThenStep, amounts: Sequence[ThenAmount]) -> StepCost:
    objects = sum(one.objects for one in amounts)
    size = sum(one.size_bytes for one in amounts)
    if step.kind is ThenKind.COPY:
        parts = [_copies(step, one) for one in amounts]
        months = [month for _, month in parts]
        known = None if None in months else sum((month for month in months if month is not None), ZERO)
        return StepCost(step, objects, size, sum((cost for cost, _ in parts), Cost()), known)
    if step.kind is ThenKind.DOWNLOAD:
        return StepCost(step, objects, size, sum((_download(one) for one in amounts), Cost()))
    return StepCost(step, 1 if step.kind.is_of_run else objects, size, Cost())


def _copies(step: ThenStep, one: ThenAmount) -> tuple[Cost, Decimal | None]:
    table = one.table
    rate = table.frequent_per_gib_month
    if rate is None and table.copy_per_gib_month:
        rate = table.copy_per_gib_month
    if step.far or step.storage_class != STANDARD or rate is None or table.list_per_1000 is None:
        return Cost(unpriced=one.objects), None
    month = Decimal(one.size_bytes) / GIB * rate
    requests = copy_requests(one.objects, one.size_bytes) * table.list_per_1000 / 1000
    return Cost(then=requests + month * FREQUENT_DAYS / 30, unpriced=one.unsized), month


def _download(one: ThenAmount) -> Cost:
    egress = one.table.egress(one.size_bytes)
    return Cost(unpriced=one.objects) if egress is None else Cost(then=egress, unpriced=one.unsized)


def together(costs: Iterable[StepCost], objects: int) -> Cost:
    """All steps; an object is counted once among those without a price."""
    whole = sum((one.cost for one in costs), Cost())
    return replace(whole, unpriced=min(whole.unpriced, objects))
