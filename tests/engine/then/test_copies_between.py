"""Copies into another account's bucket: written with the keys of its owner, whom the objects' bucket lets read."""

from pathlib import Path

import pytest

from restoretui.core.errors import UsageError
from restoretui.core.model import State, Tier
from restoretui.core.then.said import read_steps
from restoretui.sandbox.state.cloud import OTHER_ACCOUNT
from tests.conftest import StartSandbox
from tests.engine.batch.test_jobs_of_accounts import FEW, on_two_accounts
from tests.engine.clock_control import TurnedClock, turn
from tests.engine.conftest import OpenSession
from tests.engine.test_holding_on import counts
from tests.engine.test_pursuit import choose
from tests.engine.then.doing import finished

THERE = "copy:s3+home://vault/in/"


async def test_whoever_owns_the_target_writes_and_his_absence_holds_up_no_restore(
    sandbox: StartSandbox, session_on: OpenSession, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    running = await sandbox(empty=True, clock=TurnedClock())
    session = await on_two_accounts(running, session_on, monkeypatch, tmp_path)
    running.cloud.add_bucket("vault", owner=OTHER_ACCOUNT)
    sel = await choose(session, "s3://ours")
    direct = await session.plan(sel, 30)
    for said, why in (
        (["copy:s3://theirs/in/"], "are reached as several"),
        (["copy:s3+home://ours/x/"], "holds objects"),
    ):
        with pytest.raises(UsageError, match=why):
            await session.then.planned(direct, read_steps(said))
    with pytest.raises(UsageError, match="role of the objects' account"):
        await session.then.planned(
            direct, read_steps([THERE], copy_engine="batch", copy_role="arn:aws:iam::1:role/x")
        )
    plan = await session.then.planned(direct, read_steps([THERE]))
    assert str(plan.then[0]) == THERE, "as it was typed"
    denied = "it does not let them read ours now: a HEAD as home is denied"
    assert denied in await session.then.remarks(plan)
    running.cloud.bucket("ours").readers.add(OTHER_ACCOUNT)
    assert denied not in await session.then.remarks(plan)
    run = await session.confirm(sel, plan, Tier.BULK)
    await session.aclose()
    profiles = tmp_path / "credentials"
    both = profiles.read_text("utf-8")
    profiles.write_text(both[both.index("[work]") :])
    again = await session_on(running)
    again.start_engine()
    await turn(again.clock, lambda: counts(again, run) == {State.AVAILABLE: FEW})
    await turn(again.clock, lambda: "profile 'home' cannot be used, so what is in vault waits" in again.health.text)
    assert not running.cloud.bucket("vault").copied
    profiles.write_text(both)
    (copies,) = (await finished(again, run)).then
    assert (copies.done, copies.failed) == (FEW, 0)
    assert running.cloud.bucket("vault").copied == {f"in/ours/{number}": 1 for number in range(FEW)}
    assert {running.cloud.state("vault", f"in/ours/{number}") for number in range(FEW)} == {State.ONLINE}
