"""What another run only plans is no restore: it waits there, or is taken over, and is sent once."""

import random
from collections import Counter
from typing import Any

import pytest

from restoretui.core.batch.jobs import BatchOptions
from restoretui.core.clock import ManualClock
from restoretui.core.errors import LedgerError, PlanChanged
from restoretui.core.model import State, Tier
from restoretui.core.plan.plan import RestorePlan
from restoretui.core.rules.verdicts import Action, Purpose
from restoretui.ledger import Ledger
from restoretui.ledger.batches import batch_jobs
from restoretui.ledger.records import Query
from restoretui.ledger.run_records import JobChange, Run
from restoretui.ledger.runs.create_run import ConfirmedPlan
from restoretui.ledger.runs.job_changes import move_all
from restoretui.ledger.store.leases import HANDOVER_S, of_run
from tests.ledger.helpers import BUCKET, CLOUD, entry, jobs_in, keys, listed, look, now_of, planned

MARKS = 1
ROLE = BatchOptions("arn:aws:iam::123456789012:role/x")


def said(plan: RestorePlan, tier: Tier = Tier.BULK) -> dict[Action, set[str]]:
    found: dict[Action, set[str]] = {}
    for line in plan.tiers[tier].lines:
        found.setdefault(line.verdict.action, set()).add(line.verdict.reason)
    return found


async def confirmed(ledger: Ledger, tier: Tier = Tier.BULK, days: int = 3) -> Run:
    return await ledger.runs.confirm(
        MARKS, ConfirmedPlan(CLOUD, await planned(ledger, days=days), tier, {}), exact=True
    )


async def marked(ledger: Ledger, number: int = 3) -> int:
    listing = await listed(ledger, [entry(key) for key in keys(number)])
    await ledger.selections.add_under(MARKS, listing.id)
    return listing.id


async def test_while_somebody_pursues_the_run_its_objects_are_left_to_it(
    ledger: Ledger, manual_clock: ManualClock
) -> None:
    listing = await marked(ledger)
    run = await confirmed(ledger)
    words = f"waits in run {run.id}, not sent yet: whoever pursues that run sends it (`restoretui watch {run.id}`)"
    # Just confirmed, it is about to be pursued; then somebody does.
    assert said(await planned(ledger)) == {Action.WAITS: {words}}
    assert await ledger.leases.acquire(of_run(run.id), "somebody", 60, void_ahead=False)
    await manual_clock.advance(HANDOVER_S + 1)
    plan = await planned(ledger)
    assert said(plan) == {Action.WAITS: {words}}
    assert plan.tiers[Tier.BULK].requests == 0
    view = await ledger.catalog.browse(listing, Query())
    assert {row.state for row in view.rows(0, 3)} == {State.PLANNED}
    other = await confirmed(ledger)
    assert other.counts == {State.SKIPPED: 3}
    (cause,) = await ledger.runs.causes(other.id)
    assert (cause.objects, cause.reason) == (3, words)
    assert len(await ledger.runs.claim(run.id, 10)) == 3


async def test_what_nobody_pursues_is_taken_over_in_one_transaction(
    ledger: Ledger, manual_clock: ManualClock
) -> None:
    await marked(ledger)
    run = await confirmed(ledger)
    await manual_clock.advance(HANDOVER_S + 1)
    plan = await planned(ledger)
    assert said(plan) == {
        Action.START: {f"archived in GLACIER; waits in run {run.id}, not sent yet: taken over from there"}
    }
    speeding = await planned(ledger, purpose=Purpose.UPGRADE)
    waits = f"waits in run {run.id}, not sent yet: `restoretui watch {run.id}` sends it"
    assert said(speeding) == {Action.NOTHING: {f"there is no restore in progress to speed up; {waits}"}}
    other = await confirmed(ledger)
    assert other.counts == {State.PLANNED: 3}
    run = await ledger.runs.get(run.id)
    assert (run.counts, run.is_open) == ({State.CANCELLED: 3}, False)
    assert await ledger.runs.claim(run.id, 10) == []
    assert len(await ledger.runs.claim(other.id, 10)) == 3


async def test_a_plan_shown_before_somebody_took_the_run_up_is_not_the_one_that_is_confirmed(
    ledger: Ledger, manual_clock: ManualClock
) -> None:
    await marked(ledger)
    run = await confirmed(ledger)
    await manual_clock.advance(HANDOVER_S + 1)
    plan = await planned(ledger)
    assert await ledger.leases.acquire(of_run(run.id), "somebody", 60, void_ahead=False)
    with pytest.raises(PlanChanged):
        await ledger.runs.confirm(MARKS, ConfirmedPlan(CLOUD, plan, Tier.BULK, {}), exact=True)
    assert (await ledger.runs.get(run.id)).counts == {State.PLANNED: 3}


async def test_what_may_have_been_asked_for_is_never_taken_over(ledger: Ledger, manual_clock: ManualClock) -> None:
    await marked(ledger)
    run = await confirmed(ledger)
    claimed, unsure, _ = await ledger.runs.claim(run.id, 3)
    (free,) = [job for job in await jobs_in(ledger, run.id) if job.id not in (claimed.id, unsure.id)]
    await ledger.runs.release([free.id])
    await ledger.runs.apply([JobChange(unsure.id, State.UNKNOWN, now_of(ledger))])
    await manual_clock.advance(HANDOVER_S + 1)
    found = said(await planned(ledger))
    assert set(found) == {Action.WAITS, Action.START}
    assert found[Action.WAITS] == {
        f"run {run.id} may have asked for it, unanswered so far: `restoretui watch {run.id}` finds out"
    }
    other = await confirmed(ledger)
    assert other.counts == {State.SKIPPED: 2, State.PLANNED: 1}
    assert (await ledger.runs.get(run.id)).counts == {State.PLANNED: 1, State.UNKNOWN: 1, State.CANCELLED: 1}


async def test_what_lies_in_a_job_is_left_to_it(ledger: Ledger, manual_clock: ManualClock) -> None:
    await marked(ledger)
    run_id = await ledger.batches.confirm(MARKS, ConfirmedPlan(CLOUD, await planned(ledger), Tier.BULK, {}), ROLE)
    await manual_clock.advance(HANDOVER_S + 1)
    assert said(await planned(ledger)) == {
        Action.WAITS: {f"waits in a job of run {run_id}, not asked for yet: `restoretui watch {run_id}` pursues it"}
    }


async def test_a_job_that_is_over_is_settled_in_steps_and_what_a_crash_leaves_in_the_next_attempt(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_jobs, "JOBS_A_STEP", 2)
    await marked(ledger)
    run_id = await ledger.batches.confirm(MARKS, ConfirmedPlan(CLOUD, await planned(ledger), Tier.BULK, {}), ROLE)
    (batch,) = ledger.batches.peek_of_run(run_id)
    settled = list[int]()

    def once(*args: Any) -> int:
        if settled:
            raise LedgerError("the disk is full")
        settled.append(move_all(*args))
        return settled[0]

    with monkeypatch.context() as crash:
        crash.setattr("restoretui.ledger.batches.batch_jobs.move_all", once)
        with pytest.raises(LedgerError):
            await ledger.batches.settle(batch, State.FAILED, "it failed", now_of(ledger))
    half = await ledger.runs.get(run_id)
    assert (half.counts, half.ended_at) == ({State.PLANNED: 1, State.FAILED: 2}, None)
    assert not ledger.batches.peek_of_run(run_id)[0].is_settled
    assert await ledger.batches.settle(batch, State.FAILED, "it failed", now_of(ledger)) == 1
    whole = await ledger.runs.get(run_id)
    assert whole.counts == {State.FAILED: 3}
    assert whole.ended_at is not None
    assert ledger.batches.peek_of_run(run_id)[0].is_settled
    assert {job.state for job in await jobs_in(ledger, run_id)} == {State.FAILED}


async def test_an_unsent_speed_up_hides_no_restore_that_was_asked_for(
    ledger: Ledger, manual_clock: ManualClock
) -> None:
    await marked(ledger)
    run = await confirmed(ledger)
    await ledger.runs.apply(
        [JobChange(job.id, State.REQUESTED, now_of(ledger)) for job in await ledger.runs.claim(run.id, 10)]
    )
    faster = await confirmed(ledger, Tier.EXPEDITED)
    assert faster.counts == {State.PLANNED: 3}
    await manual_clock.advance(HANDOVER_S + 1)
    assert set(said(await planned(ledger))) == {Action.ALREADY}
    again = await confirmed(ledger, Tier.EXPEDITED)
    assert again.counts == {State.PLANNED: 3}
    assert {(job.action, job.days) for job in await jobs_in(ledger, again.id)} == {(Action.UPGRADE, 3)}
    assert (await ledger.runs.get(faster.id)).counts == {State.CANCELLED: 3}


@pytest.mark.parametrize("seed", range(20))
async def test_however_runs_and_their_ends_interleave_each_object_is_sent_once(
    ledger: Ledger, manual_clock: ManualClock, seed: int
) -> None:
    """Runs confirmed, pursued, left, claimed from, taken over, in any order: at the end all was sent, once."""
    chance = random.Random(seed)
    listing = await marked(ledger, 12)
    sent: Counter[str] = Counter()
    holds: dict[int, bool] = {}
    runs: list[int] = []

    async def send(run_id: int, limit: int) -> None:
        # Like a process: only with the lease in hand, and what it claims it sends, or gives back.
        if not await ledger.leases.acquire(of_run(run_id), f"process {run_id}", 30, void_ahead=False):
            return
        holds[run_id] = True
        jobs = await ledger.runs.claim(run_id, limit)
        if chance.random() < 0.2:
            await ledger.runs.release([job.id for job in jobs])
            return
        sent.update(job.ref.key for job in jobs)
        await ledger.runs.apply([JobChange(job.id, State.REQUESTED, now_of(ledger)) for job in jobs])

    for _ in range(40):
        match chance.choice(("confirm", "confirm", "send", "send", "leave", "time", "marks", "stale", "see")):
            case "confirm":
                if (await planned(ledger)).tiers[Tier.BULK].requests:
                    runs.append((await confirmed(ledger)).id)
            case "stale":
                plan = await planned(ledger)
                if runs:
                    await send(chance.choice(runs), 2)
                if plan.tiers[Tier.BULK].requests:
                    runs.append((await ledger.runs.confirm(MARKS, ConfirmedPlan(CLOUD, plan, Tier.BULK, {}))).id)
            case "send" if runs:
                await send(chance.choice(runs), chance.randint(1, 5))
            case "leave" if runs:
                run_id = chance.choice(runs)
                await ledger.leases.release(of_run(run_id), f"process {run_id}")
            case "time":
                await manual_clock.advance(chance.choice((1, 20, 60)))
            case "marks":
                await ledger.selections.toggle_rows(MARKS, listing, [chance.randint(1, 12)])
            case "see":
                # A look that began before the request was answered: the cloud says archived.
                await ledger.catalog.observe(CLOUD, BUCKET, [look(chance.choice(keys(12)), now_of(ledger) - 1)])
        assert max(sent.values(), default=0) <= 1
    await manual_clock.advance(100)
    await ledger.selections.add_under(MARKS, listing)
    if (await planned(ledger)).tiers[Tier.BULK].requests:
        runs.append((await confirmed(ledger)).id)
    for _ in range(8):
        for run in await ledger.runs.open_runs():
            await send(run.id, 100)
    assert sent == Counter(keys(12))
