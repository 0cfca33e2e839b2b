"""What is asked of jobs to watch them: groups to schedule by, and the jobs of a round in key order."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from restoretui.core.clock import ManualClock
from restoretui.core.errors import LedgerError
from restoretui.core.model import State, Tier
from restoretui.ledger import Ledger
from restoretui.ledger.run_records import JobChange, TrackedGroup
from tests.ledger.helpers import (
    BUCKET,
    CLOUD,
    entry,
    keys,
    now_of,
    started,
)

MARKS = 1
SOON = 1_768_478_400 + 86_400


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


@pytest.mark.parametrize("counted", [16, 0])
async def test_a_look_begins_with_the_parts_that_groups_would_have(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, counted: int
) -> None:
    monkeypatch.setattr("restoretui.ledger.runs.watch_queries._MOST_COUNTED", counted)
    run = await started(ledger, [*map(entry, keys(4)), entry("v", version_id="1")])
    assert await ledger.runs.parts(run) == []
    jobs = await ledger.runs.claim(run.id, 10)
    await ledger.runs.apply([JobChange(job.id, State.REQUESTED, now_of(ledger)) for job in jobs])
    await ledger.runs.apply([JobChange(jobs[0].id, State.AVAILABLE, now_of(ledger), expiry=SOON)])
    await ledger.runs.apply([JobChange(jobs[1].id, State.FAILED, now_of(ledger))])
    parts = await ledger.runs.parts(run)
    assert sorted(parts) == sorted(
        (group.bucket, group.versions, group.state) for group in await ledger.runs.tracked(run.id)
    )
    assert len(parts) == 3


async def test_a_state_that_is_none_is_not_passed_over(ledger: Ledger, state_dir: Path) -> None:
    run = await started(ledger, [*map(entry, keys(4))])
    jobs = await ledger.runs.claim(run.id, 10)
    await ledger.runs.apply([JobChange(job.id, State.REQUESTED, now_of(ledger)) for job in jobs])
    with closing(sqlite3.connect(state_dir / "ledger.db")) as other, other:
        other.execute("UPDATE job SET state = 'equested' WHERE id = ?", (jobs[2].id,))
    with pytest.raises(LedgerError):
        await ledger.runs.parts(run)


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
