"""Runs and jobs: nothing is sent that was not confirmed, nothing is told twice, and the counts are always right."""

import asyncio
from collections import Counter
from datetime import timedelta
from decimal import Decimal

import pytest
from msgspec.structs import replace

from restoretui.core.clock import ManualClock
from restoretui.core.errors import LedgerError
from restoretui.core.filter.tree import OneOf, Word, in_states
from restoretui.core.model import Look, ObjectRef, State, Tier
from restoretui.core.rules.verdicts import Action, Purpose
from restoretui.core.saying.on_behalf import OnBehalf
from restoretui.ledger import Ledger
from restoretui.ledger.records import CloudId, Query
from restoretui.ledger.run_records import JobChange
from restoretui.ledger.runs.create_run import ConfirmedPlan
from tests.ledger.helpers import (
    BUCKET,
    CLOUD,
    ELSEWHERE,
    clock_of,
    entry,
    jobs_in,
    keys,
    last_entry,
    listed,
    look,
    now_of,
    planned,
    started,
)

MARKS = 1
SOON = 1_768_478_400 + 86_400


async def states(ledger: Ledger, run_id: int) -> dict[str, State]:
    return {job.ref.key: job.state for job in await jobs_in(ledger, run_id)}


async def test_every_object_gets_a_job_with_its_verdict(ledger: Ledger) -> None:
    listing = await listed(
        ledger,
        [
            entry("archived", size=1),
            entry("available", in_progress=False, expiry=SOON + 864_000, size=2),
            entry("deep", "DEEP_ARCHIVE", size=4),
            entry("expiring", in_progress=False, expiry=SOON, size=8),
            entry("gone", size=16),
            entry("online", "STANDARD", size=32),
            entry("restoring", in_progress=True, size=64),
            entry("tiered", "INTELLIGENT_TIERING", size=128),
            entry("unlooked", "INTELLIGENT_TIERING", size=256),
        ],
    )
    await ledger.selections.add_under(MARKS, listing.id)
    now = now_of(ledger)
    await ledger.catalog.observe(
        CLOUD,
        BUCKET,
        [
            look("gone", now, gone=True, size=16),
            look("tiered", now, "INTELLIGENT_TIERING", looked=True, archive_status="ARCHIVE_ACCESS", size=128),
        ],
    )
    plan = await planned(ledger, days=5)
    behalf = OnBehalf("Ann", "OPS-1", "for the audit")
    run = await ledger.runs.confirm(MARKS, ConfirmedPlan(CLOUD, plan, Tier.EXPEDITED, {"profile": "work"}, behalf))
    view = await ledger.runs.view(run.id)
    rows = {row.ref.key: row for row in view.rows(0, 20)}
    assert list(rows) == sorted(rows)
    told = {key: (row.state, row.action, row.tier, row.days, row.adopted) for key, row in rows.items()}
    fast = Tier.EXPEDITED
    assert told == {
        "archived": (State.PLANNED, Action.START, fast, 5, False),
        "available": (State.AVAILABLE, Action.NOTHING, None, None, True),
        "deep": (State.SKIPPED, Action.REFUSED, None, None, False),
        "expiring": (State.PLANNED, Action.EXTEND, fast, 5, False),
        "gone": (State.SKIPPED, Action.NOTHING, None, None, False),
        "online": (State.SKIPPED, Action.NOTHING, None, None, False),
        "restoring": (State.RESTORING, Action.LATER, None, None, True),
        "tiered": (State.PLANNED, Action.START, fast, None, False),
        "unlooked": (State.SKIPPED, Action.LOOK, None, None, False),
    }
    assert rows["available"].expiry == SOON + 864_000
    assert rows["gone"].reason == "it is no longer there"
    assert "does not offer" in rows["deep"].reason
    assert rows["tiered"].archive == "ARCHIVE_ACCESS"
    assert run.counts == Counter(row.state for row in rows.values())
    assert run.bytes_by_state == {
        State.PLANNED: 1 + 8 + 128,
        State.AVAILABLE: 2,
        State.SKIPPED: 4 + 16 + 32 + 256,
        State.RESTORING: 64,
    }
    assert (run.objects, run.size_bytes, run.tier, run.days) == (9, 511, Tier.EXPEDITED, 5)
    assert (run.connection, run.purpose) == ({"profile": "work"}, Purpose.RESTORE)
    assert (run.requester, run.ticket, run.note) == behalf
    assert (run.estimate, run.currency, run.unpriced) == (Decimal(0), "USD", 4)
    assert run.window is not None
    assert (run.waiting, run.is_open, run.ended_at) == (4, True, None)
    (told_of,) = await ledger.activity.since(0, 10)
    assert (told_of.kind, told_of.run_id) == ("run", run.id)
    assert "3 planned" in told_of.text


async def test_a_run_with_nothing_to_wait_for_is_over(ledger: Ledger) -> None:
    run = await started(ledger, [entry("a", "STANDARD")])
    assert (run.is_open, run.ended_at) == (False, run.created_at)
    assert await ledger.runs.open_runs() == []


async def test_nothing_marked_there_is_nothing_to_confirm(ledger: Ledger) -> None:
    listing = await listed(ledger, [entry("a")])
    await ledger.selections.add_under(MARKS, listing.id)
    plan = await planned(ledger)
    with pytest.raises(LedgerError, match="nothing is marked"):
        await ledger.runs.confirm(MARKS, ConfirmedPlan(ELSEWHERE, plan, Tier.BULK, {}))
    assert await ledger.runs.list() == []


async def test_a_run_takes_only_its_own_cloud(ledger: Ledger) -> None:
    for cloud in (CLOUD, ELSEWHERE):
        listing = await listed(ledger, [entry("a")], cloud=cloud)
        await ledger.selections.add_under(MARKS, listing.id)
    await ledger.catalog.observe(ELSEWHERE, BUCKET, [look("a", now_of(ledger), looked=True)])
    run = await ledger.runs.confirm(
        MARKS, ConfirmedPlan(ELSEWHERE, await planned(ledger, cloud=ELSEWHERE), Tier.BULK, {})
    )
    (job,) = await ledger.runs.claim(run.id, 10)
    assert (job.cloud, job.ref) == (ELSEWHERE, ObjectRef(BUCKET, "a"))
    assert run.objects == 1


async def test_what_changed_since_the_plan_is_never_sent_unannounced(ledger: Ledger) -> None:
    expiry = SOON + 10 * 86_400
    listing = await listed(ledger, [entry("a", in_progress=False, expiry=expiry), entry("b")])
    await ledger.selections.add_under(MARKS, listing.id)
    plan = await planned(ledger)
    assert plan.tiers[Tier.BULK].requests == 1
    # The copy of a is gone, so that a restore would be charged; b is being restored by somebody else.
    await ledger.catalog.observe(CLOUD, BUCKET, [look("a", now_of(ledger), "DEEP_ARCHIVE")])
    await ledger.catalog.observe(CLOUD, BUCKET, [look("b", now_of(ledger), in_progress=True)])
    run = await ledger.runs.confirm(MARKS, ConfirmedPlan(CLOUD, plan, Tier.BULK, {}))
    rows = (await ledger.runs.view(run.id)).rows(0, 2)
    assert [row.state for row in rows] == [State.SKIPPED, State.RESTORING]
    assert "plan it again" in rows[0].reason
    assert await ledger.runs.claim(run.id, 10) == []


async def test_two_runs_over_the_same_objects_ask_once(ledger: Ledger) -> None:
    listing = await listed(ledger, [entry(key) for key in keys(10)])
    await ledger.selections.add_under(MARKS, listing.id)
    plan = await planned(ledger)
    confirmed = [ledger.runs.confirm(MARKS, ConfirmedPlan(CLOUD, plan, Tier.BULK, {})) for _ in range(3)]
    runs = await asyncio.gather(*confirmed)
    # What is only planned is no restore: the others do not wait for it.
    assert [run.counts for run in runs] == [{State.PLANNED: 10}, {State.SKIPPED: 10}, {State.SKIPPED: 10}]
    assert {job.action for job in await jobs_in(ledger, runs[1].id)} == {Action.WAITS}
    claimed = [job for run in runs for job in await ledger.runs.claim(run.id, 100)]
    assert len(claimed) == 10
    await ledger.runs.apply([JobChange(job.id, State.REQUESTED, now_of(ledger)) for job in claimed])
    later = await ledger.runs.confirm(MARKS, ConfirmedPlan(CLOUD, await planned(ledger), Tier.BULK, {}))
    assert later.counts == {State.RESTORING: 10}
    assert {(job.adopted, job.tier, job.days) for job in await jobs_in(ledger, later.id)} == {(True, Tier.BULK, 3)}


async def test_claims_are_taken_once_and_may_be_released(ledger: Ledger) -> None:
    run = await started(ledger, [entry(key) for key in keys(5)])
    first = await ledger.runs.claim(run.id, 2)
    second = await ledger.runs.claim(run.id, 2)
    assert [job.ref.key for job in first + second] == keys(4)
    assert {job.attempt_at for job in first} == {now_of(ledger)}
    await ledger.runs.release([job.id for job in first])
    assert [job.ref.key for job in await ledger.runs.claim(run.id, 10)] == ["k00000", "k00001", "k00004"]
    assert await ledger.runs.claim(run.id, 10) == []


async def test_applying_again_changes_and_logs_nothing(ledger: Ledger) -> None:
    run = await started(ledger, [entry("a", size=3)])
    (job,) = await ledger.runs.claim(run.id, 1)
    answer = JobChange(job.id, State.REQUESTED, now_of(ledger), outcome="accepted", request_id="REQ1")
    assert await ledger.runs.apply([answer]) == [job.id]
    before = await ledger.runs.get(run.id), await last_entry(ledger)
    with ledger.changes.subscribe() as changed:
        assert await ledger.runs.apply([answer]) == []
        assert await ledger.runs.apply([answer, answer]) == []
        later = JobChange(job.id, State.REQUESTED, now_of(ledger) + 60, look=Look.LIST)
        assert await ledger.runs.apply([later]) == []
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(changed), 0.05)
    assert (await ledger.runs.get(run.id), await last_entry(ledger)) == before
    assert before[0].counts == {State.REQUESTED: 1}
    assert before[0].bytes_by_state == {State.REQUESTED: 3}
    assert before[0].first_requested_at == before[0].last_requested_at == ledger.catalog._clock.now()


async def test_a_late_answer_does_not_turn_a_job_back(ledger: Ledger) -> None:
    run = await started(ledger, [entry("a")])
    (job,) = await ledger.runs.claim(run.id, 1)
    now = now_of(ledger)
    await ledger.runs.apply([JobChange(job.id, State.AVAILABLE, now, expiry=SOON, look=Look.HEAD)])
    answer = JobChange(job.id, State.REQUESTED, now + 1, outcome="accepted", request_id="REQ1")
    assert await ledger.runs.apply([answer]) == [job.id]
    assert await ledger.runs.apply([answer]) == []
    (row,) = (await ledger.runs.view(run.id)).rows(0, 1)
    assert (row.state, row.request_id, row.expiry, row.available_at) == (State.AVAILABLE, "REQ1", SOON, now)
    stale = JobChange(job.id, State.RESTORING, now - 60, look=Look.LIST)
    assert await ledger.runs.apply([stale]) == []
    lost = JobChange(job.id, State.FAILED, now - 60, "the clock was set back, and the copy is gone")
    assert await ledger.runs.apply([lost]) == [job.id]


async def test_an_extension_elsewhere_moves_the_expiry(ledger: Ledger) -> None:
    run = await started(ledger, [entry("a")])
    (job,) = await ledger.runs.claim(run.id, 1)
    now = now_of(ledger)
    await ledger.runs.apply([JobChange(job.id, State.AVAILABLE, now, expiry=SOON)])
    assert await ledger.runs.apply([JobChange(job.id, State.AVAILABLE, now + 5, expiry=SOON + 5)]) == [job.id]
    (row,) = (await ledger.runs.view(run.id)).rows(0, 1)
    assert (row.expiry, row.available_at, row.changed_at) == (SOON + 5, now, now)
    entries = await ledger.activity.since(0, 10)
    assert [(told.from_state, told.to_state, told.expiry) for told in entries[1:]] == [
        (State.PLANNED, State.AVAILABLE, SOON),
        (State.AVAILABLE, State.AVAILABLE, SOON + 5),
    ]


async def test_an_unknown_job_is_refused(ledger: Ledger) -> None:
    run = await started(ledger, [entry("a")])
    with pytest.raises(LedgerError, match="job 99"):
        await ledger.runs.apply([JobChange(1, State.REQUESTED, 1.0), JobChange(99, State.REQUESTED, 1.0)])
    assert await states(ledger, run.id) == {"a": State.PLANNED}
    with pytest.raises(LedgerError, match="no run 99"):
        await ledger.runs.get(99)
    with pytest.raises(LedgerError, match="no run 99"):
        await ledger.runs.view(99)
    assert await jobs_in(ledger, 99) == []


async def test_recovery_leaves_alone_what_is_in_flight_here(ledger: Ledger) -> None:
    run = await started(ledger, [entry(key) for key in keys(4)])
    claimed = await ledger.runs.claim(run.id, 2)
    assert await ledger.runs.recover(run.id) == 0
    # As after a crash: claimed, and nobody here knows of it.
    ledger.runs._in_flight.clear()
    assert await ledger.runs.recover(run.id) == 2
    assert [job.id for job in await jobs_in(ledger, run.id, {State.UNKNOWN})] == [job.id for job in claimed]
    assert (await ledger.runs.get(run.id)).counts == {State.PLANNED: 2, State.UNKNOWN: 2}
    # Settled by looking: one was asked for, the other was not and is to be sent again.
    asked, unasked = claimed
    now = now_of(ledger)
    await ledger.runs.apply(
        [JobChange(asked.id, State.RESTORING, now, look=Look.HEAD), JobChange(unasked.id, State.PLANNED, now)]
    )
    assert [job.id for job in await ledger.runs.claim(run.id, 1)] == [unasked.id]
    (job,) = await jobs_in(ledger, run.id, {State.RESTORING})
    assert job.requested_at == asked.attempt_at


async def test_recovery_leaves_alone_what_is_being_claimed_at_that_moment(ledger: Ledger) -> None:
    run = await started(ledger, [entry(key) for key in keys(4)])
    claimed, lost = await asyncio.gather(ledger.runs.claim(run.id, 2), ledger.runs.recover(run.id))
    assert (len(claimed), lost) == (2, 0)
    assert (await ledger.runs.get(run.id)).counts == {State.PLANNED: 4}


async def test_what_was_judged_of_a_job_that_has_moved_on_is_void(ledger: Ledger, manual_clock: ManualClock) -> None:
    run = await started(ledger, [entry("a")])
    (job,) = await ledger.runs.claim(run.id, 1)
    await ledger.runs.apply([JobChange(job.id, State.UNKNOWN, now_of(ledger))])
    (unsure,) = await ledger.runs.of_ids([job.id])
    # Two look, and both find no trace; the one has it sent, the other comes late.
    again = JobChange(job.id, State.PLANNED, now_of(ledger), judged=unsure.judged)
    assert await ledger.runs.apply([again]) == [job.id]
    await ledger.runs.claim(run.id, 1)
    await manual_clock.advance(5)
    await ledger.runs.apply([JobChange(job.id, State.REQUESTED, now_of(ledger), outcome="accepted")])
    await manual_clock.advance(5)
    assert await ledger.runs.apply([replace(again, at=now_of(ledger))]) == []
    assert await states(ledger, run.id) == {"a": State.REQUESTED}


async def test_cancelling_and_trying_again(ledger: Ledger) -> None:
    run = await started(ledger, [entry(key) for key in keys(6)])
    first, second = await ledger.runs.claim(run.id, 2)
    now = now_of(ledger)
    await ledger.runs.apply(
        [
            JobChange(first.id, State.FAILED, now, "not allowed", "denied", "AccessDenied", "Access Denied", "REQ"),
            JobChange(second.id, State.REQUESTED, now, outcome="accepted"),
        ]
    )
    assert await ledger.runs.set_cancelled(run.id) == 4
    assert await ledger.runs.set_cancelled(run.id) == 0
    assert (await ledger.runs.get(run.id)).counts == {State.FAILED: 1, State.REQUESTED: 1, State.CANCELLED: 4}
    (row,) = (await ledger.runs.view(run.id, Query(in_states(State.FAILED)))).rows(0, 5)
    assert (row.reason, row.code, row.message, row.request_id) == (
        "not allowed",
        "AccessDenied",
        "Access Denied",
        "REQ",
    )
    assert await ledger.runs.reset_failed(run.id) == 1
    (row,) = (await ledger.runs.view(run.id, Query(in_states(State.PLANNED)))).rows(0, 5)
    assert (row.code, row.attempt_at) == ("", None)
    assert [job.id for job in await ledger.runs.claim(run.id, 9)] == [first.id]


async def test_a_run_ends_with_its_last_waiting_job_and_opens_again(
    ledger: Ledger, manual_clock: ManualClock
) -> None:
    run = await started(ledger, [entry("a"), entry("b")])
    jobs = await ledger.runs.claim(run.id, 2)
    await manual_clock.advance(5)
    await ledger.runs.apply([JobChange(jobs[0].id, State.AVAILABLE, now_of(ledger))])
    assert (await ledger.runs.get(run.id)).ended_at is None
    await ledger.runs.apply([JobChange(jobs[1].id, State.FAILED, now_of(ledger), "denied")])
    over = await ledger.runs.get(run.id)
    assert over.ended_at == manual_clock.now()
    assert await ledger.runs.open_runs() == []
    await ledger.runs.reset_failed(run.id)
    again = await ledger.runs.get(run.id)
    assert again.ended_at is None
    assert await ledger.runs.open_runs() == [again]


async def test_a_view_of_jobs_filters_and_sorts(ledger: Ledger) -> None:
    run = await started(
        ledger, [entry("a", size=3), entry("b", "DEEP_ARCHIVE", size=1), entry("c", "STANDARD", size=2)]
    )

    async def shown(**query: object) -> str:
        view = await ledger.runs.view(run.id, Query(**query))  # type: ignore[arg-type]
        rows = view.rows(0, 10)
        assert [view.position(row.id) for row in rows] == list(range(view.count))
        await view.aclose()
        return "".join(row.ref.key for row in rows)

    assert await shown() == "abc"
    assert await shown(sort="key", descending=True) == "cba"
    assert await shown(sort="size") == "bca"
    assert await shown(sort="size", descending=True) == "acb"
    assert await shown(sort="storage_class") == "bac"
    assert await shown(sort="state") == "abc"
    assert await shown(sort="modified", descending=True) == "abc"
    assert await shown(sort="expiry") == "abc"
    assert await shown(where=in_states(State.PLANNED)) == "ab"
    assert await shown(where=OneOf("class", ("STANDARD", "GLACIER"))) == "ac"
    assert await shown(where=Word.of("B")) == "b"
    assert await shown(where=Word.of("[bc]")) == "bc"


def test_clouds_are_told_apart_by_endpoint() -> None:
    assert CloudId("s3") != CloudId("s3", "https://store.example")


async def test_what_is_unsure_since_a_clock_that_was_ahead_is_unsure_since_now(
    ledger: Ledger, manual_clock: ManualClock
) -> None:
    run = await started(ledger, [entry(key) for key in keys(2)])
    (first,) = await ledger.runs.claim(run.id, 1)
    ledger.runs.disown([first.id])
    assert await ledger.runs.recover(run.id) == 1
    (second,) = await ledger.runs.claim(run.id, 1)
    ledger.runs.disown([second.id])
    manual_clock.time -= timedelta(hours=1)
    assert await ledger.runs.recover(run.id) == 1
    now = manual_clock.now().timestamp()
    for job in await jobs_in(ledger, run.id, {State.UNKNOWN}):
        assert max(job.attempt_at or 0.0, job.changed_at) <= now


@pytest.mark.parametrize("restarts", [False, True])
async def test_what_was_told_before_the_clock_was_set_back_hides_nothing(ledger: Ledger, restarts: bool) -> None:
    run = await started(ledger, [entry("a"), entry("b")])
    jobs = await ledger.runs.claim(run.id, 2)
    ahead = now_of(ledger)
    await ledger.runs.apply([JobChange(job.id, State.AVAILABLE, ahead, expiry=SOON) for job in jobs])
    clock_of(ledger).time -= timedelta(hours=1)
    now = now_of(ledger)
    if restarts:
        await ledger.runs.recover(run.id)
        rows = (await ledger.runs.view(run.id)).rows(0, 2)
        assert [row.changed_at for row in rows] == [now, now], "it counts from now"
        clock_of(ledger).time += timedelta(seconds=1)
    seen = JobChange(jobs[0].id, State.RESTORING, now_of(ledger), look=Look.LIST)
    assert await ledger.runs.apply([seen]) == [jobs[0].id], "the newer word counts, though its stamp is the older one"
    rows = (await ledger.runs.view(run.id)).rows(0, 2)
    assert [row.state for row in rows] == [State.RESTORING, State.AVAILABLE]
    stale = JobChange(jobs[0].id, State.PLANNED, now - 60)
    assert await ledger.runs.apply([stale]) == [], "what is late by the same clock stays late"
