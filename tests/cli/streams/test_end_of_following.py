"""What a followed run ends with: what came to its end has ended, whatever is planned in the same moment."""

import asyncio
import io
import json

import pytest
from msgspec.structs import replace

from restoretui.commands.following import follow
from restoretui.commands.output import LINES, Output
from restoretui.commands.telling import Teller
from restoretui.core.errors import ExitCode
from restoretui.core.model import State, Tier
from restoretui.ledger.run_records import Run
from tests.conftest import StartSandbox
from tests.engine.clock_control import TurnedClock, turn
from tests.engine.conftest import OpenSession, session_on
from tests.engine.test_pursuit import choose, fill

__all__ = ["session_on"]


async def test_a_copy_that_arrives_as_following_ends_is_no_time_out(
    sandbox: StartSandbox, session_on: OpenSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = await sandbox(empty=True, clock=TurnedClock())
    await fill(running, ["a", "b", "c"])
    session = await session_on(running)
    sel = await choose(session, "s3://cold")
    run = await session.confirm(sel, await session.plan(sel, 1), Tier.STANDARD)
    session.start_engine()
    finish = Teller.finish

    async def arrived(teller: Teller) -> list[Run]:
        # Between the last look and the last word a copy came, and the extension that waited for it is planned.
        return [replace(one, counts={State.REQUESTED: 2, State.PLANNED: 1}) for one in await finish(teller)]

    monkeypatch.setattr(Teller, "finish", arrived)
    out, err = io.StringIO(), io.StringIO()
    output = Output(LINES, out=out, err=err)
    following = asyncio.create_task(follow(session, output, [run.id], wait=False, timeout=None))

    async def over() -> bool:
        return following.done()

    await turn(running.clock, over)
    code = await following
    assert "the time to wait is over" not in err.getvalue()
    assert code is ExitCode.DONE
    output.end(code)
    summary = json.loads(out.getvalue().splitlines()[-1])
    assert (summary["timed_out"], summary["planned"]) == (False, 1)
