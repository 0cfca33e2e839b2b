"""Counts of a run are what a recount gives, and the audit log replays to them, whatever happened to its jobs."""

import sqlite3
from collections import Counter
from functools import partial
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from restoretui.core.model import State, Tier
from restoretui.ledger import Ledger
from restoretui.ledger.run_records import TRACKED, WAITING, JobChange
from restoretui.ledger.runs.create_run import ConfirmedPlan
from tests.ledger.helpers import (
    CLOUD,
    clock_of,
    entry,
    jobs_in,
    keys,
    last_entry,
    ledger_for_examples,
    listed,
    now_of,
    planned,
    total,
)

MARKS = 1
SOON = 1_768_478_400 + 86_400

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
        runs.append(await ledger.runs.confirm(sel, ConfirmedPlan(CLOUD, await planned(ledger, sel), Tier.BULK, {})))
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
        assert run.can_change == (run_id in {pursued.id for pursued in ledger.runs.peek_pursued()})
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
