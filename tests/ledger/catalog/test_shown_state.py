"""The state on screen: what the cloud showed, overlaid by what we asked for."""

import itertools
import sqlite3
from contextlib import closing

import pytest

from restoretui.core.model import State, Tier
from restoretui.ledger import Ledger
from restoretui.ledger.marks.marked_places import marked_places
from restoretui.ledger.run_records import WAITING, JobChange
from restoretui.ledger.runs.create_run import ConfirmedPlan
from restoretui.ledger.views.fact_sql import COUNTS_AS_RESTORING, SHOWN_EXPIRY, SHOWN_STATE, STILL_OURS, state_rank
from tests.ledger.helpers import BUCKET, CLOUD, entry, jobs_in, listed, look, now_of, planned, started

SEEN = (State.ONLINE, State.ARCHIVED, State.RESTORING, State.AVAILABLE, State.UNKNOWN)
OVERLAID = tuple(
    state for state in State if state not in {State.SKIPPED, State.CANCELLED, State.ONLINE, State.ARCHIVED}
)


def shown(seen: State, seen_at: int, job: State | None, changed_at: int) -> State:
    if job in (State.PLANNED, State.UNKNOWN):
        return job
    if job in (State.REQUESTED, State.RESTORING):
        return seen if seen_at > changed_at and seen in (State.RESTORING, State.AVAILABLE) else job
    if job is not None and changed_at >= seen_at:
        return job
    return seen


@pytest.mark.parametrize("job", [None, *OVERLAID])
def test_every_combination(job: State | None) -> None:
    with closing(sqlite3.connect(":memory:")) as database:
        for seen, seen_at, changed_at in itertools.product(SEEN, (1, 2, 3), (1, 2, 3)):
            row = {
                "state": seen,
                "seen_at": seen_at,
                "told_at": seen_at,
                "now": 30,
                "job_id": None if job is None else 7,
                "job_state": job,
                "job_changed_at": None if job is None else changed_at,
                "job_expiry": None if job is None else 50,
                "expiry": 40,
            }
            given = ", ".join(f":{name} AS {name}" for name in row)
            columns = f"{SHOWN_STATE}, {STILL_OURS}, {SHOWN_EXPIRY}, {COUNTS_AS_RESTORING}"
            state, ours, expiry, restoring = database.execute(
                f"SELECT {columns} FROM (SELECT {given})", row
            ).fetchone()
            assert state == shown(seen, seen_at, job, changed_at), row
            if job is None:
                assert (ours, expiry, restoring) == (None, 40, 0)
                continue
            if job in WAITING or changed_at >= seen_at:
                assert ours == 1
            assert expiry == (50 if job is State.AVAILABLE and changed_at >= seen_at else 40)


def test_every_state_has_a_place_in_the_sort() -> None:
    with closing(sqlite3.connect(":memory:")) as database:
        ranks = [
            database.execute(f"SELECT {state_rank(':state')}", {"state": state}).fetchone()[0] for state in State
        ]
    assert sorted(ranks) == list(range(len(State)))


async def test_a_restore_from_plan_to_expiry(ledger: Ledger) -> None:
    """A row as it goes through all of it, with later looks in between."""
    clock = ledger.catalog._clock
    run = await started(ledger, [entry("a"), entry("b", "STANDARD")])
    listing = await listed(ledger, [entry("a"), entry("b", "STANDARD")])
    view = await ledger.catalog.browse(listing.id)

    def row() -> tuple[State, Tier | None, int | None, int | None]:
        first = view.rows(0, 1)[0]
        return first.state, first.tier, first.run_id, first.expiry

    async def change(state: State, expiry: int | None = None) -> None:
        await clock.advance(10)  # type: ignore[attr-defined]
        (job,) = await jobs_in(ledger, run.id, set(State) - {State.SKIPPED})
        await ledger.runs.apply([JobChange(job.id, state, now_of(ledger), expiry=expiry)])

    async def see(**what: object) -> None:
        await clock.advance(10)  # type: ignore[attr-defined]
        await ledger.catalog.observe(CLOUD, BUCKET, [look("a", now_of(ledger), **what)])  # type: ignore[arg-type]

    bulk = (Tier.BULK, run.id)
    end = int(now_of(ledger)) + 10_000
    assert row() == (State.PLANNED, *bulk, None)
    assert (view.rows(1, 1)[0].state, view.rows(1, 1)[0].run_id) == (State.ONLINE, None)
    await change(State.REQUESTED)
    assert row() == (State.REQUESTED, *bulk, None)
    await see()
    assert row() == (State.REQUESTED, *bulk, None)
    await see(in_progress=True)
    assert row() == (State.RESTORING, *bulk, None)
    await change(State.AVAILABLE, end)
    assert row() == (State.AVAILABLE, *bulk, end)
    await see(in_progress=False, expiry=end + 1)
    assert row() == (State.AVAILABLE, *bulk, end + 1)
    await change(State.EXPIRED)
    assert row()[:3] == (State.EXPIRED, *bulk)
    await see()
    assert row() == (State.ARCHIVED, None, None, None)


async def test_the_newest_job_counts_unless_an_older_one_still_waits(ledger: Ledger) -> None:
    first = await started(ledger, [entry("a")])
    second = await started(ledger, [entry("a")], Tier.EXPEDITED)
    listing = await listed(ledger, [entry("a")])
    view = await ledger.catalog.browse(listing.id)
    (job,) = await jobs_in(ledger, second.id)
    await ledger.runs.apply([JobChange(job.id, State.FAILED, now_of(ledger), "no capacity")])
    row = view.rows(0, 1)[0]
    assert (row.state, row.run_id) == (State.PLANNED, first.id)
    await ledger.runs.set_cancelled(first.id)
    row = view.rows(0, 1)[0]
    assert (row.state, row.run_id) == (State.FAILED, second.id)
    await ledger.selections.add_under(1, listing.id)
    assert (await planned(ledger)).tiers[Tier.BULK].requests == 1


async def test_of_a_bucket_whose_runs_were_given_up_no_jobs_are_looked_up_until_the_next(ledger: Ledger) -> None:
    first = await started(ledger, [entry("a")])
    await ledger.runs.set_cancelled(first.id)
    listing = await listed(ledger, [entry("a")])
    await ledger.selections.add_under(1, listing.id)
    view = await ledger.catalog.browse(listing.id)
    assert (view.rows(0, 1)[0].state, view.rows(0, 1)[0].run_id) == (State.ARCHIVED, None)
    assert await ids_looked_up(ledger) == [0]
    second = await ledger.runs.confirm(1, ConfirmedPlan(CLOUD, await planned(ledger), Tier.BULK, {}))
    assert second.counts == {State.PLANNED: 1}
    assert (view.rows(0, 1)[0].state, view.rows(0, 1)[0].run_id) == (State.PLANNED, second.id)
    assert await ids_looked_up(ledger) != [0]
    assert (await planned(ledger)).tiers[Tier.BULK].requests == 0


async def ids_looked_up(ledger: Ledger) -> list[int]:
    """By which ids of the ledger jobs are looked up for what is marked; 0: they are not."""
    now = now_of(ledger)
    return [place.bucket_id for place in await ledger._reader.run(lambda file: marked_places(file, 1, now, now))]
