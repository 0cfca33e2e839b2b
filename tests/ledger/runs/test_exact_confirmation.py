"""A confirmed plan is the one that was shown, or nothing: whatever changed between."""

import random
from typing import Any

import pytest
from msgspec.structs import replace

from restoretui.core.batch.jobs import BatchOptions
from restoretui.core.batch.planned_jobs import as_batch
from restoretui.core.clock import ManualClock
from restoretui.core.errors import PlanChanged
from restoretui.core.model import State, Tier
from restoretui.core.plan.plan import RestorePlan
from restoretui.core.rules.clouds import CLOUDS
from restoretui.core.rules.verdicts import Purpose
from restoretui.ledger import Ledger
from restoretui.ledger.runs.create_run import ConfirmedPlan
from tests.ledger.helpers import BUCKET, CLOUD, entry, keys, listed, look, now_of, planned

MARKS = 1
SOON = 1_800_000_000
ROLE = BatchOptions("arn:aws:iam::123456789012:role/x")


async def shown(ledger: Ledger, days: int = 3, purpose: Purpose = Purpose.RESTORE) -> RestorePlan:
    """A plan with the revision of the marks it is made of, as a session makes it."""
    marks = await ledger.selections.revision(MARKS)
    return replace(await planned(ledger, days=days, purpose=purpose), marks=marks)


@pytest.mark.parametrize("seed", range(30))
async def test_under_random_changes_what_is_confirmed_is_what_was_shown(
    ledger: Ledger, manual_clock: ManualClock, seed: int
) -> None:
    chance = random.Random(seed)
    classes = ["GLACIER", "DEEP_ARCHIVE", "STANDARD", "INTELLIGENT_TIERING"]
    listing = await listed(ledger, [entry(key, chance.choice(classes), size=10) for key in keys(12)])
    await ledger.selections.add_under(MARKS, listing.id)
    refused = written = 0
    for _ in range(12):
        plan, tier = await shown(ledger, chance.randint(1, 5)), chance.choice(list(Tier))
        jobs = chance.random() < 0.3
        plan = as_batch(plan, CLOUDS["s3"].rules) if jobs else plan
        match chance.choice(("marks", "look", "time", "run", "nothing", "nothing")):
            case "marks":
                await ledger.selections.toggle_rows(MARKS, listing.id, [chance.randint(1, 12)])
            case "look":
                restored: dict[str, Any] = {
                    "in_progress": chance.choice((True, False, None)),
                    "expiry": SOON + 86_400,
                }
                seen = look(chance.choice(keys(12)), now_of(ledger), chance.choice(classes), looked=True, **restored)
                await ledger.catalog.observe(CLOUD, BUCKET, [seen])
            case "time":
                await manual_clock.advance(chance.choice((60, 40_000_000)))
            case "run":
                await ledger.runs.confirm(MARKS, ConfirmedPlan(CLOUD, await shown(ledger), Tier.BULK, {}), exact=True)
        before = len(await ledger.runs.list())
        chosen = plan.tiers[tier]
        try:
            if jobs:
                number = await ledger.batches.confirm(MARKS, ConfirmedPlan(CLOUD, plan, tier, {}), ROLE, exact=True)
                run = await ledger.runs.get(number)
            else:
                run = await ledger.runs.confirm(MARKS, ConfirmedPlan(CLOUD, plan, tier, {}), exact=True)
        except PlanChanged:
            assert len(await ledger.runs.list()) == before
            refused += 1
            continue
        written += 1
        assert run.counts.get(State.PLANNED, 0) == chosen.requests - chosen.later
        now = sum(line.group.size_bytes for line in chosen.sending if line.verdict.action.sends_now)
        assert run.bytes_by_state.get(State.PLANNED, 0) == now
        assert (run.estimate, run.unpriced) == (chosen.cost.total, chosen.cost.unpriced)
    assert written
    assert refused


async def test_an_unchanged_plan_is_confirmed_after_any_time(ledger: Ledger, manual_clock: ManualClock) -> None:
    listing = await listed(ledger, [entry(key) for key in keys(3)])
    await ledger.selections.add_under(MARKS, listing.id)
    plan = await shown(ledger)
    await manual_clock.advance(3 * 86_400)
    run = await ledger.runs.confirm(MARKS, ConfirmedPlan(CLOUD, plan, Tier.BULK, {}), exact=True)
    assert run.counts == {State.PLANNED: 3}


async def test_the_same_plan_is_confirmed_once(ledger: Ledger) -> None:
    listing = await listed(ledger, [entry(key) for key in keys(3)])
    await ledger.selections.add_under(MARKS, listing.id)
    plan = await shown(ledger)
    await ledger.runs.confirm(MARKS, ConfirmedPlan(CLOUD, plan, Tier.BULK, {}), exact=True)
    with pytest.raises(PlanChanged, match="what is known of the objects changed"):
        await ledger.runs.confirm(MARKS, ConfirmedPlan(CLOUD, plan, Tier.BULK, {}), exact=True)
    assert len(await ledger.runs.list()) == 1


async def test_other_objects_of_the_same_kind_are_another_plan(ledger: Ledger) -> None:
    listing = await listed(ledger, [entry(key) for key in keys(2)])
    await ledger.selections.add_rows(MARKS, listing.id, [1])
    plan = await shown(ledger)
    await ledger.selections.toggle_rows(MARKS, listing.id, [1, 2])
    with pytest.raises(PlanChanged, match="the marks changed"):
        await ledger.runs.confirm(MARKS, ConfirmedPlan(CLOUD, plan, Tier.BULK, {}), exact=True)
    assert await ledger.runs.list() == []


async def test_nothing_left_of_what_was_marked_is_another_plan(ledger: Ledger) -> None:
    listing = await listed(ledger, [entry("a")])
    await ledger.selections.add_rows(MARKS, listing.id, [1])
    plan = await shown(ledger)
    await ledger.selections.clear(MARKS)
    with pytest.raises(PlanChanged):
        await ledger.runs.confirm(MARKS, ConfirmedPlan(CLOUD, plan, Tier.BULK, {}), exact=True)
