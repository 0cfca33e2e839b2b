"""One run over two accounts, gone on with after a restart: a profile that is gone, or another's, holds up its own."""

from pathlib import Path

import pytest

from restoretui.core.errors import CredentialsError
from restoretui.core.model import State
from restoretui.core.provider import Connection
from restoretui.sandbox.state.cloud import ACCOUNT, OTHER_ACCOUNT
from restoretui.sandbox.wire.signature import OTHER_ACCESS_KEY_ID
from restoretui.session.doctor.run_checks import look_at_runs
from tests.conftest import StartSandbox
from tests.engine.clock_control import TurnedClock, turn
from tests.engine.conftest import OpenSession
from tests.engine.test_holding_on import counts, statuses
from tests.engine.traffic.test_accounts import OURS, THEIRS, on_both


async def test_a_profile_that_is_gone_or_anothers_by_now_holds_up_its_own_objects_only(
    sandbox: StartSandbox, session_on: OpenSession, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    running = await sandbox(empty=True, clock=TurnedClock())
    session, run = await on_both(running, session_on, monkeypatch, tmp_path, [f"download:{tmp_path / 'd'}"])
    known = Connection.from_mapping(run.connection).accounts(run.buckets)
    assert [(one.profile, one.account) for one in known] == [("home", ACCOUNT), ("work", ACCOUNT)]
    await session.aclose()
    profiles = tmp_path / "credentials"
    both = profiles.read_text("utf-8")
    profiles.write_text(both.partition("[home]")[0])
    again = await session_on(running)
    told = {finding.check: finding async for finding in look_at_runs(again)}
    assert [finding.verdict for finding in told.values()] == ["broken", "ok"]
    with pytest.raises(CredentialsError, match="profile 'home' cannot be used, so what is in aside waits"):
        await again.look_now(run)
    again.start_engine()

    async def ours_are_down() -> bool:
        return len(list((tmp_path / "d").rglob("main-*"))) == OURS

    await turn(again.clock, ours_are_down)
    assert counts(again, run) == {State.AVAILABLE: OURS, State.PLANNED: THEIRS}
    assert (again.health.level, "profile 'home' cannot be used" in again.health.text) == ("paused", True)
    assert "goes on by itself" in again.health.hint
    assert [wait.reason for wait in again.waiting.waits() if "in aside waits" in wait.reason]
    profiles.write_text(both.replace(running.env["AWS_ACCESS_KEY_ID"], OTHER_ACCESS_KEY_ID).replace("work", "w"))
    await turn(again.clock, lambda: f"is account {OTHER_ACCOUNT} by now" in again.health.text, step=10.0)
    assert counts(again, run)[State.PLANNED] == THEIRS, "nothing is refused, since nothing is asked as somebody else"
    assert [finding.verdict async for finding in look_at_runs(again)] == ["denied", "ok"]
    profiles.write_text(both)
    await turn(again.clock, lambda: counts(again, run) == {State.AVAILABLE: OURS + THEIRS})
    assert set(map(tuple, statuses(running).values())) == {(202,)}, "each was asked for once"
    await turn(again.clock, lambda: not again.ledger.then.open_runs())
    assert again.health.level != "paused"
