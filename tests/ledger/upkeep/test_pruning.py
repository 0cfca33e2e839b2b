"""Runs are removed on request only, only when they are over, and the trail keeps one line of it."""

import asyncio
import os
import sqlite3
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from restoretui.core.clock import ManualClock
from restoretui.core.errors import LedgerError
from restoretui.core.model import State
from restoretui.core.rules.commands import ShellCommand
from restoretui.ledger import Ledger
from restoretui.ledger.run_records import JobChange, Run
from restoretui.ledger.runs.run_commands import keep
from restoretui.ledger.store.writer import Tx
from restoretui.ledger.upkeep import pruning
from restoretui.ledger.upkeep.integrity_check import check_folder
from tests.ledger.helpers import entry, jobs_in, keys, now_of, started

DAY = 86_400.0


async def settled(ledger: Ledger, count: int = 3, state: State = State.FAILED, expiry: int | None = None) -> Run:
    """A run all of whose objects have come to ``state``."""
    run = await started(ledger, [entry(key) for key in keys(count)])
    await move(ledger, run, state, expiry)
    return await ledger.runs.get(run.id)


async def move(ledger: Ledger, run: Run, state: State, expiry: int | None = None) -> None:
    jobs = await jobs_in(ledger, run.id, limit=10_000)
    await ledger.runs.apply([JobChange(job.id, state, now_of(ledger), "so it is", expiry=expiry) for job in jobs])


async def removed(ledger: Ledger, older_than: float = 0.0, keep: int = 0) -> list[int]:
    found = await ledger.pruner.find(older_than, keep)
    return await ledger.pruner.remove([run.run_id for run in found.runs])


async def test_a_run_that_is_over_goes_with_all_that_was_said_of_it(
    ledger: Ledger, manual_clock: ManualClock
) -> None:
    gone, stays = await settled(ledger), await settled(ledger)
    found = await ledger.pruner.find(0.0, keep=1)
    (one,) = found.runs
    assert (one.run_id, one.objects, one.entries) == (gone.id, 3, 4)
    assert one.size_bytes > 0
    assert found.staying == {"too young": 1}
    assert await removed(ledger, keep=1) == [gone.id]
    assert [run.id for run in await ledger.runs.list()] == [stays.id]
    with pytest.raises(LedgerError, match="no run"):
        await ledger.runs.get(gone.id)
    assert await ledger.activity.since(0, 100, gone.id) == []
    assert len(await ledger.activity.since(0, 100, stays.id)) == 4
    last = (await ledger.activity.since(0, 100))[-1]
    assert last.text == f"removed on request: run {gone.id}, 3 objects, and their entries"
    assert last.run_id is None


@pytest.mark.parametrize("state", [State.REQUESTED, State.RESTORING, State.UNKNOWN])
async def test_a_run_of_which_anything_is_expected_stays(
    ledger: Ledger, manual_clock: ManualClock, state: State
) -> None:
    run = await settled(ledger)
    (first, *_) = await jobs_in(ledger, run.id)
    await ledger.runs.reset_failed(run.id)
    await move(ledger, run, State.FAILED)
    await ledger.runs.apply([JobChange(first.id, state, now_of(ledger), "after all")])
    await manual_clock.advance(1000 * DAY)
    assert (await ledger.pruner.find(0.0)).staying == {"not over": 1}
    assert await ledger.pruner.remove([run.id]) == [], "nor when it is asked for by its number"
    assert [kept.id for kept in await ledger.runs.list()] == [run.id]


async def test_an_unsent_run_stays(ledger: Ledger, manual_clock: ManualClock) -> None:
    run = await started(ledger, [entry("a")])
    await manual_clock.advance(1000 * DAY)
    assert await ledger.pruner.remove([run.id]) == []
    assert (await ledger.pruner.find(0.0)).staying == {"not over": 1}


async def test_a_run_stays_while_copies_last_and_may_go_after_that(ledger: Ledger, manual_clock: ManualClock) -> None:
    run = await settled(ledger, 2, State.AVAILABLE, int(now_of(ledger) + DAY))
    assert (await ledger.pruner.find(0.0)).staying == {"copies last": 1}
    assert await ledger.pruner.remove([run.id]) == []
    await manual_clock.advance(2 * DAY)
    assert await removed(ledger) == [run.id]


async def test_a_copy_whose_end_is_not_known_lasts(ledger: Ledger) -> None:
    run = await settled(ledger, 2, State.AVAILABLE)
    assert await ledger.pruner.remove([run.id]) == []


async def test_a_run_stays_while_another_process_is_at_it(ledger: Ledger, manual_clock: ManualClock) -> None:
    run = await settled(ledger)
    await ledger.leases.acquire(f"run:{run.id}", "somebody", 10.0)
    assert (await ledger.pruner.find(0.0)).staying == {"in use": 1}
    assert await ledger.pruner.remove([run.id]) == []
    await manual_clock.advance(11)
    assert await removed(ledger) == [run.id]


async def test_a_run_stays_while_a_job_of_it_is_not_settled(ledger: Ledger) -> None:
    run = await settled(ledger)
    await ledger._writer.do(
        lambda tx: tx.run(
            "INSERT INTO batch (run_id, bucket_id, versions, objects, size_bytes, token, options, phase, planned_at)"
            " VALUES (?, 1, 0, 0, 0, 't', '{}', 'created', 0)",
            (run.id,),
        )
    )
    assert (await ledger.pruner.find(0.0)).staying == {"job not over": 1}
    assert await ledger.pruner.remove([run.id]) == []
    await ledger._writer.do(lambda tx: tx.run("UPDATE batch SET phase = 'settled'"))
    assert await removed(ledger) == [run.id]
    assert await ledger._writer.do(lambda tx: tx.rows("SELECT count(*) FROM batch")) == [(0,)]


async def test_only_what_is_old_enough_goes(ledger: Ledger, manual_clock: ManualClock) -> None:
    old = await settled(ledger)
    await manual_clock.advance(10 * DAY)
    young = await settled(ledger)
    await manual_clock.advance(1 * DAY)
    assert await removed(ledger, 5 * DAY) == [old.id]
    assert [run.id for run in await ledger.runs.list()] == [young.id]


async def test_the_trail_stays_append_only_for_everybody_else(ledger: Ledger) -> None:
    gone, stays = await settled(ledger), await settled(ledger)
    await removed(ledger, keep=1)
    for sql in (
        "DELETE FROM activity",
        f"DELETE FROM activity WHERE run_id = {stays.id}",
        "DELETE FROM activity WHERE run_id IS NULL",
        "UPDATE activity SET text = ''",
    ):
        with pytest.raises(LedgerError, match="append-only"):
            await ledger._writer.do(partial(Tx.run, sql=sql))
    assert not await ledger.activity.since(0, 100, gone.id)


async def test_the_trail_on_screen_has_no_holes(ledger: Ledger, manual_clock: ManualClock) -> None:
    """Ids have gaps after it; positions have none, and new entries come in at the top as before."""
    one, two = await settled(ledger, 5), await settled(ledger, 5)
    await move(ledger, one, State.FAILED)
    assert await removed(ledger, keep=1) == [one.id]
    view = await ledger.activity.view()
    await view.wait()
    shown = view.rows(0, 100)
    assert view.count == len(shown) == 7
    assert [row.id for row in shown] == sorted((row.id for row in shown), reverse=True)
    assert {row.run_id for row in shown} == {two.id, None}
    for position, row in enumerate(shown):
        assert view.position(row.id) == position
        assert view.row_id(position) == row.id
    await ledger.activity.add("look", "fresh")
    assert view.count == 8
    assert view.rows(0, 1)[0].text == "fresh"
    await view.aclose()


async def test_a_process_killed_in_the_middle_leaves_a_sound_ledger_that_the_next_one_finishes(
    state_dir: Path, manual_clock: ManualClock
) -> None:
    class Killed(Exception):
        pass

    async with await Ledger.open(state_dir, manual_clock) as ledger:
        run = await settled(ledger, 3000)
        later = await settled(ledger, 2)
        steps = 0
        some = pruning._remove_some

        def interrupted(tx: Tx, rows: int) -> bool:
            nonlocal steps
            steps += 1
            if steps == 9:
                raise Killed
            return some(tx, 500)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(pruning, "_remove_some", interrupted)
            with pytest.raises(Killed):
                await ledger.pruner.remove([run.id])
        assert [left.id for left in await ledger.runs.list()] == [later.id]
        assert (await asyncio.to_thread(check_folder, state_dir)).findings == []
        after = await started(ledger, [entry("new")])
        (job,) = await jobs_in(ledger, after.id)
        assert job.id > 3000, "an id that an entry may still speak of is not given out again"
    async with await Ledger.open(state_dir, manual_clock) as ledger:
        await ledger.pruner.finish()
    with closing(sqlite3.connect(state_dir / "ledger.db")) as database:
        assert database.execute("SELECT count(*) FROM job").fetchone() == (3,)
        assert database.execute("SELECT count(*) FROM line").fetchone() == (2,)
        assert database.execute("SELECT count(*) FROM activity WHERE run_id = ?", (run.id,)).fetchone() == (0,)
    assert (await asyncio.to_thread(check_folder, state_dir)).findings == []


async def test_room_goes_back_to_the_disk(state_dir: Path, manual_clock: ManualClock) -> None:
    async with await Ledger.open(state_dir, manual_clock) as ledger:
        await settled(ledger, 5000)
        await removed(ledger)
        freed = await ledger.give_back()
        assert freed > 500_000
    assert (await asyncio.to_thread((state_dir / "ledger.db").stat)).st_size < 200_000


async def test_lists_of_keys_go_with_the_run_whose_command_names_them(
    ledger: Ledger, manual_clock: ManualClock
) -> None:
    run = await settled(ledger)
    lists = ledger.key_lists
    named, fresh, old = lists.new(), lists.new(), lists.new()
    for path in (named, fresh, old):
        await asyncio.to_thread(lists.write, path, [b"a\n"])
    long_ago = manual_clock.wall() - 31 * DAY
    await asyncio.to_thread(os.utime, fresh, (manual_clock.wall(), manual_clock.wall()))
    for path in (named, old):
        await asyncio.to_thread(os.utime, path, (long_ago, long_ago))
    command = ShellCommand(("restoretui", "restore", "s3://b", "--keys-from", str(named)))
    await ledger._writer.do(lambda tx: keep(tx, run.id, [command]))
    assert ledger.runs.commands(run.id) == [command]
    await ledger.pruner.finish()
    assert await asyncio.to_thread(lambda: [path.exists() for path in (named, fresh, old)]) == [True, True, False]
    assert await removed(ledger) == [run.id]
    assert await asyncio.to_thread(lambda: [path.exists() for path in (named, fresh)]) == [False, True]
    assert ledger.runs.commands(run.id) == []
