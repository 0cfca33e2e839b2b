"""Runs and jobs: nothing is sent that was not confirmed, nothing is told twice, and the counts are always right."""

import asyncio
import sqlite3
from collections import Counter
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from restoretui.core.clock import ManualClock
from restoretui.core.errors import LedgerError
from restoretui.core.filter.tree import OneOf, Word, in_states
from restoretui.core.model import Look, ObjectRef, State, Tier
from restoretui.core.rules.verdicts import Action, Purpose
from restoretui.ledger import Ledger
from restoretui.ledger.records import CloudId, Query
from restoretui.ledger.run_records import TRACKED, WAITING, JobChange, TrackedGroup
from tests.ledger.helpers import (
    BUCKET,
    CLOUD,
    ELSEWHERE,
    clock_of,
    entry,
    jobs_in,
    keys,
    last_entry,
    ledger_for_examples,
    listed,
    look,
    now_of,
    planned,
    started,
    total,
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
    run = await ledger.runs.confirm(MARKS, CLOUD, plan, Tier.EXPEDITED, {"profile": "work"}, "for the audit")
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
    assert (run.connection, run.note, run.purpose) == ({"profile": "work"}, "for the audit", Purpose.RESTORE)
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
        await ledger.runs.confirm(MARKS, ELSEWHERE, plan, Tier.BULK, {})
    assert await ledger.runs.list() == []


async def test_a_run_takes_only_its_own_cloud(ledger: Ledger) -> None:
    for cloud in (CLOUD, ELSEWHERE):
        listing = await listed(ledger, [entry("a")], cloud=cloud)
        await ledger.selections.add_under(MARKS, listing.id)
    await ledger.catalog.observe(ELSEWHERE, BUCKET, [look("a", now_of(ledger), looked=True)])
    run = await ledger.runs.confirm(MARKS, ELSEWHERE, await planned(ledger, cloud=ELSEWHERE), Tier.BULK, {})
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
    run = await ledger.runs.confirm(MARKS, CLOUD, plan, Tier.BULK, {})
    rows = (await ledger.runs.view(run.id)).rows(0, 2)
    assert [row.state for row in rows] == [State.SKIPPED, State.RESTORING]
    assert "plan it again" in rows[0].reason
    assert await ledger.runs.claim(run.id, 10) == []


async def test_two_runs_over_the_same_objects_ask_once(ledger: Ledger) -> None:
    listing = await listed(ledger, [entry(key) for key in keys(10)])
    await ledger.selections.add_under(MARKS, listing.id)
    plan = await planned(ledger)
    confirmed = [ledger.runs.confirm(MARKS, CLOUD, plan, Tier.BULK, {}) for _ in range(3)]
    runs = await asyncio.gather(*confirmed)
    # What is only planned is no restore: the others do not wait for it.
    assert [run.counts for run in runs] == [{State.PLANNED: 10}, {State.SKIPPED: 10}, {State.SKIPPED: 10}]
    assert {job.action for job in await jobs_in(ledger, runs[1].id)} == {Action.WAITS}
    claimed = [job for run in runs for job in await ledger.runs.claim(run.id, 100)]
    assert len(claimed) == 10
    await ledger.runs.apply([JobChange(job.id, State.REQUESTED, now_of(ledger)) for job in claimed])
    later = await ledger.runs.confirm(MARKS, CLOUD, await planned(ledger), Tier.BULK, {})
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
    assert await ledger.runs.apply([again._replace(at=now_of(ledger))]) == []
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


async def test_tracked_groups(ledger: Ledger, manual_clock: ManualClock) -> None:
    run = await started(ledger, [entry(key, size=2) for key in keys(5)] + [entry("z", "STANDARD")])
    assert await ledger.runs.tracked() == []
    jobs = await ledger.runs.claim(run.id, 4)
    at = []
    for job in jobs:
        await manual_clock.advance(10)
        at.append(now_of(ledger))
        await ledger.runs.apply([JobChange(job.id, State.REQUESTED, at[-1], outcome="accepted")])
    await ledger.runs.apply([JobChange(jobs[0].id, State.AVAILABLE, at[-1], expiry=SOON)])
    await ledger.runs.apply([JobChange(jobs[1].id, State.AVAILABLE, at[-1], expiry=SOON - 5)])
    common: dict[str, Any] = {
        "run_id": run.id,
        "cloud": CLOUD,
        "bucket": BUCKET,
        "versions": False,
        "archive": "GLACIER",
        "storage_class": "GLACIER",
        "tier": Tier.BULK,
        "jobs": 2,
        "size_bytes": 4,
    }
    expected = [
        TrackedGroup(
            **common, state=State.AVAILABLE, requested_first=at[0], requested_last=at[1], expiry_first=SOON - 5
        ),
        TrackedGroup(**common, state=State.REQUESTED, requested_first=at[2], requested_last=at[3], expiry_first=None),
    ]
    assert sorted(await ledger.runs.tracked(), key=lambda group: group.state) == expected
    assert sorted(await ledger.runs.tracked(run.id), key=lambda group: group.state) == expected
    assert await ledger.runs.tracked(99) == []


@pytest.mark.parametrize("strange", [False, True])
async def test_what_a_round_looks_at_comes_as_columns_in_key_order(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, strange: bool
) -> None:
    monkeypatch.setattr("restoretui.ledger.runs.watch_queries._BLOCK", 3)
    names = sorted({*keys(10), *(["a\nb", "c\x00d", "e\x1f", "f\n"] if strange else [])})
    run = await started(ledger, [entry(key) for key in names])
    ids = {job.ref.key: job.id for job in await ledger.runs.claim(run.id, 100)}
    end = 2_000_000_000
    await ledger.runs.apply([JobChange(ids[names[1]], State.RESTORING, now_of(ledger))])
    await ledger.runs.apply([JobChange(ids[names[2]], State.AVAILABLE, now_of(ledger), expiry=end)])
    await ledger.runs.apply([JobChange(ids[names[3]], State.FAILED, now_of(ledger))])
    await started(ledger, [entry(key) for key in names])  # another run over the same objects
    states = {State.PLANNED, State.RESTORING, State.AVAILABLE}

    async def columns(limit: int, states: set[State]) -> tuple[list[str], list[int], list[str]]:
        found: tuple[list[str], list[int], list[str]] = ([], [], [])
        after = None
        while True:
            some = await ledger.runs.awaited(
                run.id, CLOUD, BUCKET, versions=False, states=states, after=after, limit=limit
            )
            assert len(some.keys) <= limit
            assert some.versions == [""] * len(some.keys)
            if not some.keys:
                return found
            found[0].extend(some.keys)
            found[1].extend(some.ids)
            found[2].extend(some.expected)
            after = some.last

    for limit in (1, 4, 100):
        found = await columns(limit, states)
        live = [key for key in names if key != names[3]]
        assert found[:2] == (live, [ids[key] for key in live])
        assert found[2] == ["", "r", str(end), *[""] * (len(live) - 3)]
    assert (await columns(5, {State.RESTORING, State.REQUESTED}))[2] == ["r"]
    assert await columns(5, set()) == ([], [], [])
    jobs = await ledger.runs.of_ids([ids[names[2]], ids[names[0]]])
    assert [(job.ref.key, job.state) for job in jobs] == [(names[0], State.PLANNED), (names[2], State.AVAILABLE)]


async def test_open_jobs_come_in_key_order_over_all_runs(ledger: Ledger) -> None:
    first = await started(ledger, [entry(key) for key in keys(10)])
    await ledger.runs.apply(
        [JobChange(job.id, State.REQUESTED, now_of(ledger)) for job in await ledger.runs.claim(first.id, 10)]
    )
    second = await started(ledger, [entry(key) for key in keys(12)])
    wanted = {State.REQUESTED, State.RESTORING}
    found: list[tuple[str, int]] = []
    after: tuple[str, str] | None = None
    while jobs := await ledger.runs.open_jobs(CLOUD, BUCKET, False, wanted, after, 3):
        # Both jobs of an object are in one answer, so that one look settles both.
        assert len({job.ref.key for job in jobs}) * 2 == len(jobs)
        found += [(job.ref.key, job.run_id) for job in jobs]
        after = (jobs[-1].ref.key, jobs[-1].ref.version_id or "")
    assert found == [(key, run.id) for key in keys(10) for run in (first, second)]
    assert await ledger.runs.open_jobs(CLOUD, BUCKET, True, wanted, None, 100) == []
    assert await ledger.runs.open_jobs(CLOUD, "elsewhere", False, wanted, None, 100) == []
    assert await ledger.runs.open_jobs(CLOUD, BUCKET, False, set(), None, 100) == []
    planned_jobs = await ledger.runs.open_jobs(CLOUD, BUCKET, False, {State.PLANNED}, None, 100)
    assert [job.ref.key for job in planned_jobs] == keys(12)[10:]


async def test_what_watching_costs_adds_up(ledger: Ledger) -> None:
    run = await started(ledger, [entry("a")])
    await asyncio.gather(*(ledger.runs.calls(run.id, 1, 10) for _ in range(5)))
    after = await ledger.runs.get(run.id)
    assert (after.list_calls, after.head_calls) == (5, 50)
    assert ledger.runs.peek_all() == [after]


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


JOB_STATES = [State.PLANNED, *sorted(TRACKED), State.EXPIRED, State.FAILED]
STEPS = st.one_of(
    st.tuples(st.just("claim"), st.integers(1, 5)),
    st.tuples(st.just("release"), st.integers(0, 30)),
    st.tuples(st.just("cancel"), st.integers(0, 1)),
    st.tuples(st.just("reset"), st.integers(0, 1)),
    st.tuples(st.just("crash"), st.integers(0, 1)),
    st.tuples(
        st.just("apply"),
        st.lists(
            st.tuples(
                st.integers(0, 30),
                st.sampled_from(JOB_STATES),
                st.integers(-3, 3),
                st.sampled_from(["", "accepted"]),
                st.sampled_from([None, SOON, SOON + 1]),
            ),
            max_size=5,
        ),
    ),
)


def test_counts_are_what_a_recount_gives() -> None:
    """Random work on two runs: counts, ends and the audit trail agree with the jobs after every step."""
    with ledger_for_examples() as (runner, ledger):

        @settings(max_examples=60)
        @given(st.lists(STEPS, max_size=12))
        def check(steps: list[tuple[str, object]]) -> None:
            runner.run(work(ledger, steps))

        check()


async def work(ledger: Ledger, steps: list[tuple[str, Any]]) -> None:
    first_entry = await last_entry(ledger)
    runs = []
    for _ in range(2):
        listing = await listed(ledger, [entry(key, size=at) for at, key in enumerate(keys(6))])
        sel = await ledger.selections.create()
        await ledger.selections.add_under(sel, listing.id)
        runs.append(await ledger.runs.confirm(sel, CLOUD, await planned(ledger, sel), Tier.BULK, {}))
        await ledger.selections.drop(sel)
        await clock_of(ledger).advance(1)
    ids = [job.id for run in runs for job in await jobs_in(ledger, run.id)]
    begun = {job.id: job.state for run in runs for job in await jobs_in(ledger, run.id)}
    now = now_of(ledger)
    for kind, what in steps:
        if kind == "claim":
            await ledger.runs.claim(runs[0].id, what)
        elif kind == "release":
            await ledger.runs.release([ids[what % len(ids)]])
        elif kind == "cancel":
            await ledger.runs.set_cancelled(runs[what].id)
        elif kind == "reset":
            await ledger.runs.reset_failed(runs[what].id)
        elif kind == "crash":
            ledger.runs._in_flight.clear()
            await ledger.runs.recover(runs[what].id)
        else:
            told = [
                JobChange(ids[at % len(ids)], state, now + later, outcome=outcome, expiry=expiry)
                for at, state, later, outcome, expiry in what
            ]
            await ledger.runs.apply(told)
        await recount(ledger, [run.id for run in runs])
    await replay(ledger, first_entry, begun)
    for run in runs:
        await ledger.runs.apply(
            [JobChange(job.id, State.FAILED, now + 9, "end of the example") for job in await jobs_in(ledger, run.id)]
        )


async def recount(ledger: Ledger, run_ids: list[int]) -> None:
    for run_id in run_ids:
        run = await ledger.runs.get(run_id)
        rows = (await ledger.runs.view(run_id)).rows(0, 100)
        assert run.counts == Counter(row.state for row in rows)
        for state in run.counts:
            assert run.bytes_by_state[state] == total(row for row in rows if row.state is state)
        assert run.is_open == any(row.state in WAITING for row in rows) == (run.ended_at is None)
        tracked = Counter[State]()
        for group in await ledger.runs.tracked(run_id):
            tracked[group.state] += group.jobs
        assert tracked == Counter(row.state for row in rows if row.state in TRACKED)
        expiries = [row.expiry for row in rows if row.state is State.AVAILABLE and row.expiry is not None]
        seen = [
            group.expiry_first
            for group in await ledger.runs.tracked(run_id)
            if group.state is State.AVAILABLE and group.expiry_first is not None
        ]
        assert min(seen, default=None) == min(expiries, default=None)


async def replay(ledger: Ledger, after: int, states_then: dict[int, State]) -> None:
    """The audit trail alone leads from what was confirmed to what is."""
    for told in await ledger.activity.since(after, 10_000):
        if told.job_id is not None:
            assert told.from_state is states_then[told.job_id]
            assert told.to_state is not None
            states_then[told.job_id] = told.to_state
    for job_id, state in states_then.items():
        assert await ledger._reader.run(partial(stored_state, job_id=job_id)) == (state,)


def stored_state(connection: sqlite3.Connection, job_id: int) -> object:
    return connection.execute("SELECT state FROM job WHERE id = ?", (job_id,)).fetchone()


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
