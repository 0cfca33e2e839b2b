"""While another process writes for long the screens say so, take keys, go on; a confirmation can be taken back."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from typing import Any

import pytest

from restoretui.core.model import State
from restoretui.ledger.run_records import Run
from restoretui.ledger.store import connections, write_lock
from restoretui.tui.dialogs.restore.restore_dialog import RestoreDialog
from restoretui.tui.process import taking_back
from tests.tui.conftest import StartWalk, Walk
from tests.tui.dialogs.test_restoring import COLD, dialog, mark_archived
from tests.tui.process.test_leaving import goes


@pytest.fixture(autouse=True)
def short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "BUSY_SECONDS", 0.01)
    monkeypatch.setattr(write_lock, "TOLD_AFTER_S", 0.01)
    monkeypatch.setattr(write_lock, "LEAVING_S", 0.0)
    monkeypatch.setattr(taking_back, "SAY_EVERY_S", 0.02)


@contextmanager
def held(on: Walk) -> Iterator[None]:
    """Somebody else writes meanwhile."""
    path = on.session.ledger.folder / "ledger.db"
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


async def test_it_is_said_and_keys_go_on(walk: StartWalk) -> None:
    async with walk(COLD) as on:
        await on.settled()
        with held(on):
            await on.press("d", "space", "space")
            await on.sees("waiting for the ledger", "goes on by itself after that")
            assert on.session.failure is None
            await on.press("3")
            await on.sees("waiting for the ledger")
        await on.until(lambda: "waiting for the ledger" not in on.text)
        assert on.session.failure is None


async def test_a_confirmation_that_waits_says_so_and_is_written_after_that(walk: StartWalk) -> None:
    async with walk(COLD) as on:
        await mark_archived(on, 3)
        await dialog(on)
        with held(on):
            await on.confirm()
            await on.sees("waiting for the ledger: another process writes to it", "esc takes it back")
            assert on.posts() == 0
        await on.until(lambda: on.posts() == 3)


async def test_a_confirmation_that_waits_is_taken_back(walk: StartWalk) -> None:
    async with walk(COLD) as on:
        await mark_archived(on, 3)
        await dialog(on)
        with held(on):
            await on.confirm()
            await on.sees("esc takes it back")
            await on.press("escape")
            await on.sees("taken back: nothing was written, and nothing is sent")
        await on.press("escape")
        await on.until(lambda: not isinstance(on.app.screen, RestoreDialog))
        assert on.session.ledger.runs.peek_all() == []
        assert on.posts() == 0


async def test_what_is_taken_back_too_late_is_given_up(walk: StartWalk, monkeypatch: pytest.MonkeyPatch) -> None:
    async with walk(COLD) as on:
        confirm = on.session.confirm

        async def all_but_done(*what: Any, **more: Any) -> Run:
            confirming = asyncio.ensure_future(confirm(*what, **more))
            with suppress(asyncio.CancelledError):
                await asyncio.shield(confirming)
            return await confirming

        monkeypatch.setattr(on.session, "confirm", all_but_done)
        await mark_archived(on, 3)
        await dialog(on)
        with held(on):
            await on.confirm()
            await on.sees("esc takes it back")
            await on.press("escape")
        await on.sees("run 1 was written down before it could be taken back", "of 3 objects given up unsent")
        (run,) = on.session.ledger.runs.peek_all()
        assert run.counts.get(State.CANCELLED, 0) + on.posts() == 3


async def test_the_screens_are_left_meanwhile(walk: StartWalk) -> None:
    async with walk(COLD) as on:
        await on.settled()
        with held(on):
            await on.press("d", "space")
            await on.sees("waiting for the ledger")
            await goes(on, "q")
