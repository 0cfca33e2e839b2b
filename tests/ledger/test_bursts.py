"""Bursts of the audit log: every entry once, the newest first, folded or not; quick however long the log is."""

import time

from hypothesis import given
from hypothesis import strategies as st

from restoretui.core.clock import ManualClock
from restoretui.core.model import State
from restoretui.ledger import Ledger
from restoretui.ledger.bursts import GAP_S, Burst, BurstView, Only, _Key, joined
from restoretui.ledger.records import ActivityEntry
from restoretui.ledger.run_records import JobChange, Run
from tests.ledger.helpers import BUCKET, entry, jobs_in, keys, now_of, started
from tests.narrowing import a


async def apply(ledger: Ledger, run: Run, state: State, some: slice = slice(None)) -> None:
    jobs = (await jobs_in(ledger, run.id))[some]
    await ledger.runs.apply([JobChange(job.id, state, now_of(ledger)) for job in jobs])


def told(view: BurstView) -> list[tuple[str, int]]:
    """State and number of the rows, entries alone as one."""
    return [
        (row.key.to_state or row.kind, row.entries) if isinstance(row, Burst) else (row.to_state or row.kind, 1)
        for row in view.rows(0, 100)
    ]


async def test_what_happened_alike_is_one_row(ledger: Ledger, manual_clock: ManualClock) -> None:
    run = await started(ledger, [entry(key, size=5) for key in keys(9)])
    await apply(ledger, run, State.RESTORING)
    await manual_clock.advance(600)
    await apply(ledger, run, State.AVAILABLE, slice(0, 4))
    await ledger.activity.add("network", "down")
    await manual_clock.advance(600)
    await apply(ledger, run, State.AVAILABLE, slice(4, 8))
    await apply(ledger, run, State.FAILED, slice(8, 9))
    view = await ledger.activity.bursts()
    assert told(view) == [("failed", 1), ("available", 8), ("network", 1), ("restoring", 9), ("run", 1)]
    burst = a(Burst, view.rows(1, 1)[0])
    assert (burst.last_at - burst.first_at, burst.size_bytes, burst.bucket, burst.run_id) == (600, 40, BUCKET, run.id)
    assert [view.position(row.id) for row in view.rows(0, 9)] == list(range(view.count))
    assert [view.row_id(at) for at in range(view.count)] == [row.id for row in view.rows(0, 9)]


async def test_a_pause_ends_a_burst(ledger: Ledger, manual_clock: ManualClock) -> None:
    run = await started(ledger, [entry(key) for key in keys(6)])
    for at in range(3):
        await apply(ledger, run, State.AVAILABLE, slice(2 * at, 2 * at + 2))
        await manual_clock.advance(GAP_S if at == 0 else GAP_S + 1)
    assert told(await ledger.activity.bursts())[:-1] == [("available", 2), ("available", 4)]


async def test_enter_unfolds_in_place_and_folds_again(ledger: Ledger, manual_clock: ManualClock) -> None:
    run = await started(ledger, [entry(key) for key in keys(5)])
    await apply(ledger, run, State.RESTORING)
    await manual_clock.advance(60)
    await apply(ledger, run, State.AVAILABLE, slice(0, 3))
    view = await ledger.activity.bursts()
    restoring = a(Burst, view.rows(1, 1)[0])
    await view.toggle(restoring)
    assert view.count == 8
    rows = view.rows(0, 20)
    assert a(Burst, rows[1]).is_open
    shown = [there_key(row) for row in rows[2:7]]
    assert shown == keys(5)[::-1]
    assert [view.position(row.id) for row in rows] == list(range(8))
    for start in range(9):
        assert view.rows(start, 3) == rows[start : start + 3]
    await apply(ledger, run, State.AVAILABLE, slice(3, 5))
    assert await view.refresh()
    assert told(view)[0] == ("available", 5)
    assert view.position(rows[3].id) == 3, "what is unfolded stays so while other things happen"
    await view.toggle(a(Burst, view.rows(1, 1)[0]))
    assert view.count == 3
    await view.aclose()


def there_key(row: Burst | ActivityEntry) -> str:
    ref = a(ActivityEntry, row).ref
    return "" if ref is None else ref.key


async def test_ticks(ledger: Ledger) -> None:
    run = await started(ledger, [entry(key) for key in keys(3)])
    await apply(ledger, run, State.REQUESTED)
    await apply(ledger, run, State.AVAILABLE, slice(0, 2))
    await apply(ledger, run, State.FAILED, slice(2, 3))
    await ledger.activity.add("throttle", "slower")
    expected = {
        Only.MINE: [("requested", 3), ("run", 1)],
        Only.TROUBLE: [("throttle", 1), ("failed", 1)],
        Only.ARRIVALS: [("available", 2)],
    }
    for only, rows in expected.items():
        assert told(await ledger.activity.bursts(only)) == rows
        entries = (await ledger.activity.view(only=only)).rows(0, 20)
        assert len(entries) == sum(number for _, number in rows), "as SQL has it"


async def test_newer_entries_are_added_to_what_was_read(ledger: Ledger, manual_clock: ManualClock) -> None:
    run = await started(ledger, [entry(key) for key in keys(20)])
    view = await ledger.activity.bursts()
    for at in range(20):
        await apply(ledger, run, State.AVAILABLE, slice(at, at + 1))
        await manual_clock.advance(240 if at % 5 else 5000)
        assert await view.refresh()
        assert told(view) == told(await ledger.activity.bursts())
    assert not await view.refresh()


async def test_a_pruned_run_is_gone_from_the_rows(ledger: Ledger) -> None:
    run = await started(ledger, [entry("a", "STANDARD")])
    view = await ledger.activity.bursts()
    assert await ledger.pruner.remove([run.id]) == [run.id]
    await view.refresh()
    assert told(view) == [("run", 1)]


async def test_a_hundred_thousand_entries_are_a_few_rows_soon(ledger: Ledger) -> None:
    def fill(tx: object) -> None:
        tx.run(  # type: ignore[attr-defined]
            "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 99999)"
            " INSERT INTO activity (at, kind, run_id, to_state) SELECT 1768478400 + i / 10, 'state', i % 3,"
            " CASE i % 2 WHEN 0 THEN 'restoring' ELSE 'available' END FROM n"
        )

    await ledger._writer.do(fill)
    begun = time.perf_counter()
    view = await ledger.activity.bursts()
    assert time.perf_counter() - begun < 5, "some 0.1 s on an idle machine"
    assert [number for _, number in told(view)] == [16667, 16667, 16667, 16667, 16666, 16666]
    begun = time.perf_counter()
    for start in range(6):
        view.rows(start, 50)
    assert time.perf_counter() - begun < 0.5
    await view.toggle(a(Burst, view.rows(3, 1)[0]))
    assert len(view.rows(10_000, 50)) == 50


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3 * GAP_S)), max_size=30), st.integers(0, 30))
def test_joining_in_two_parts_is_joining_at_once(steps: list[tuple[int, int]], cut: int) -> None:
    at, bursts = 0, []
    for number, (kind, wait) in enumerate(steps, 1):
        at += wait
        key = _Key("state", kind, State.AVAILABLE, "", "")
        bursts.append(Burst(key, number, number, at, at, 1, 5, None, "b"))
    whole = joined([], bursts)
    assert joined(joined([], bursts[:cut]), bursts[cut:]) == whole
    assert sum(burst.entries for burst in whole) == len(steps)
