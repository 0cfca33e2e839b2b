"""One run over two accounts: what ails the keys of one holds up nothing of the other, and is said of whom it is."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from restoretui.config.places import Account
from restoretui.core.model import State
from restoretui.core.then.steps import ThenKind
from restoretui.engine.then import runner
from restoretui.ledger.run_records import Run
from restoretui.sandbox import RunningSandbox
from restoretui.session.session import Session
from tests.conftest import StartSandbox
from tests.engine.clock_control import TurnedClock, turn
from tests.engine.conftest import OpenSession
from tests.engine.test_holding_on import counts, fill, statuses
from tests.engine.then.doing import planned, tasks

THEIRS, OURS = 12, 5
AT_ONCE = 4
"""Fewer than the objects of either: none waits behind those of the other."""


async def on_both(
    running: RunningSandbox,
    session_on: OpenSession,
    monkeypatch: pytest.MonkeyPatch,
    folder: Path,
    steps: Sequence[str],
) -> tuple[Session, Run]:
    """A run, confirmed, of which ``aside`` is reached as another profile than ``main``, and stands before it."""
    fill(running, "aside", THEIRS)
    fill(running, "main", OURS)
    keys = f"aws_access_key_id = {running.env['AWS_ACCESS_KEY_ID']}\n"
    keys += f"aws_secret_access_key = {running.env['AWS_SECRET_ACCESS_KEY']}\n"
    (folder / "credentials").write_text(f"[work]\n{keys}[home]\n{keys}")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(folder / "credentials"))
    session = await session_on(running, profile="work", concurrency=AT_ONCE)
    session.settings.reach_as("s3", "aside", Account({"profile": "home"}))
    run = await planned(session, steps, "s3://aside", "s3://main")
    assert run.buckets == ("aside", "main")
    return session, run


def ails(running: RunningSandbox, kind: str, **said: object) -> None:
    running.faults.set([{"kind": kind, "bucket": "aside", **said}], running.cloud.now())


async def test_keys_that_expire_for_one_account_pause_that_one_alone(
    sandbox: StartSandbox, session_on: OpenSession, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    running = await sandbox(empty=True, clock=TurnedClock())
    session, run = await on_both(running, session_on, monkeypatch, tmp_path, [f"download:{tmp_path / 'd'}"])
    ails(running, "expired-token")
    session.start_engine()

    async def ours_are_down() -> bool:
        return [row.state for row in (await tasks(session, run)).values()] == ["done"] * OURS

    await turn(session.clock, ours_are_down)
    assert counts(session, run) == {State.AVAILABLE: OURS, State.PLANNED: THEIRS}
    assert (session.health.level, session.health.text[:9]) == ("paused", "as home: ")
    assert [wait.reason for wait in session.waiting.waits() if " as home: " in wait.reason]
    ails(running, "expired-token", operations=["GetObject"])
    await turn(session.clock, lambda: counts(session, run) == {State.AVAILABLE: OURS + THEIRS})
    assert set(map(tuple, statuses(running).values())) == {(202,)}, "each was asked for once"
    running.faults.set([], running.cloud.now())

    async def is_over() -> bool:
        return not (await session.ledger.runs.get(run.id)).then_open

    await turn(session.clock, is_over)
    assert session.health.level != "paused"


async def test_what_is_read_from_the_one_goes_on_while_the_other_is_away(
    sandbox: StartSandbox, session_on: OpenSession, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert runner.AT_ONCE[ThenKind.DOWNLOAD] <= AT_ONCE < OURS
    running = await sandbox(empty=True, clock=TurnedClock())
    session, run = await on_both(running, session_on, monkeypatch, tmp_path, [f"download:{tmp_path / 'd'}"])
    ails(running, "expired-token", operations=["GetObject", "HeadObject"])
    session.start_engine()

    async def ours_are_down() -> bool:
        done = [row.key for row in (await tasks(session, run)).values() if row.state == "done"]
        return len(done) == OURS and all(key.startswith("main") for key in done)

    await turn(session.clock, ours_are_down)
    await session.aclose()
    again = await session_on(running)
    assert again.settings.profile is None, "what the run remembers is enough"
    running.faults.set([], running.cloud.now())
    again.start_engine()
    await turn(again.clock, lambda: not again.ledger.then.open_runs() and counts(again, run) == {State.AVAILABLE: 17})


async def test_an_account_that_is_shut_out_ends_the_waiting_once_the_other_is_done(
    sandbox: StartSandbox, session_on: OpenSession, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    running = await sandbox(empty=True, clock=TurnedClock())
    session, run = await on_both(running, session_on, monkeypatch, tmp_path, [])
    ails(running, "error", status=403, code="AccountProblem")
    session.start_engine()
    await turn(
        session.clock, lambda: counts(session, run) == {State.RESTORING: OURS, State.PLANNED: THEIRS}, step=1.0
    )
    assert await session.waiting.why_shut_out([await session.ledger.runs.get(run.id)]) is None
    await turn(session.clock, lambda: counts(session, run) == {State.AVAILABLE: OURS, State.PLANNED: THEIRS})
    assert await session.waiting.why_shut_out([await session.ledger.runs.get(run.id)]) is not None
