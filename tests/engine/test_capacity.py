"""Expedited without capacity: after twenty refusals in a row the rest of a run waits, and does not fail by itself."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from restoretui.config.places import Account
from restoretui.core.model import State, Tier
from restoretui.core.provider import Outcome
from restoretui.engine.capacity import MOST_IN_A_ROW, CapacityGate, CapacityGates
from tests.conftest import StartSandbox
from tests.engine.agreeing import retry
from tests.engine.clock_control import TurnedClock, turn
from tests.engine.conftest import OpenSession
from tests.engine.test_pursuit import asked, choose, fill

KEYS = [f"film-{number:02}" for number in range(60)]


async def held(sandbox: StartSandbox, session_on: OpenSession, tier: Tier = Tier.EXPEDITED) -> tuple[Any, Any, Any]:
    running = await sandbox(empty=True, clock=TurnedClock(), scenario="no-expedited")
    await fill(running, KEYS)
    session = await session_on(running)
    sel = await choose(session, "s3://cold")
    run = await session.confirm(sel, await session.plan(sel, 1), tier)
    session.start_engine()

    async def waits() -> bool:
        counts = (await session.ledger.runs.get(run.id)).counts
        return run.id in session.out_of_capacity and counts.get(State.FAILED) == MOST_IN_A_ROW

    await turn(running.clock, waits, step=1.0)
    return running, session, run


async def test_the_rest_of_the_run_stays_planned(sandbox: StartSandbox, session_on: OpenSession) -> None:
    running, session, run = await held(sandbox, session_on)
    await running.advance(3600)
    assert (await session.ledger.runs.get(run.id)).counts == {
        State.FAILED: MOST_IN_A_ROW, State.PLANNED: len(KEYS) - MOST_IN_A_ROW
    }  # fmt: skip
    assert sum(asked(running).values()) == MOST_IN_A_ROW
    assert session.health.level == "paused"
    assert "20 requests in a row found no Expedited capacity" in session.health.text


async def test_whoever_keeps_trying_is_not_asked_again(sandbox: StartSandbox, session_on: OpenSession) -> None:
    running, session, run = await held(sandbox, session_on)
    session.keep_trying(run.id)

    async def all_failed() -> bool:
        return bool((await session.ledger.runs.get(run.id)).counts == {State.FAILED: len(KEYS)})

    await turn(running.clock, all_failed, step=1.0)
    assert not session.out_of_capacity
    assert session.health.level != "paused"


async def test_a_retry_tries_again_and_goes_on_where_there_is_capacity(
    sandbox: StartSandbox, session_on: OpenSession
) -> None:
    running, session, run = await held(sandbox, session_on)
    running.faults.set([], running.cloud.now())
    assert await retry(session, run.id) == MOST_IN_A_ROW

    async def all_there() -> bool:
        return bool((await session.ledger.runs.get(run.id)).counts.get(State.AVAILABLE) == len(KEYS))

    await turn(running.clock, all_there)


async def test_an_answer_in_between_begins_the_row_anew() -> None:
    closed: list[bool] = []
    gate = CapacityGate(lambda: closed.append(True))
    for outcome in [Outcome.NO_CAPACITY] * 19 + [Outcome.ACCEPTED] + [None, ""] * 30 + [Outcome.NO_CAPACITY] * 19:
        assert await gate.enter()
        gate.leave(outcome)
    assert await gate.enter(), "it is open still"
    gate.leave(Outcome.NO_CAPACITY)
    for _ in range(2):
        gate.settle()
    assert (gate.waits, closed) == (True, [True])
    assert not await gate.enter()
    gate.reopen()
    assert await gate.enter()


async def test_no_more_are_under_way_than_may_still_be_refused() -> None:
    gate = CapacityGate()
    for _ in range(MOST_IN_A_ROW):
        assert await gate.enter()
    late = asyncio.create_task(gate.enter())
    await asyncio.sleep(0)
    assert not late.done()
    gate.leave(Outcome.NO_CAPACITY)
    await asyncio.sleep(0)
    assert not late.done(), "one refused, nineteen under way"
    gate.leave(Outcome.ACCEPTED)
    assert await asyncio.wait_for(late, 1)


async def test_capacity_of_one_region_or_account_says_nothing_of_anothers(
    sandbox: StartSandbox, session_on: OpenSession, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    running = await sandbox(empty=True, clock=TurnedClock())
    (tmp_path / "credentials").write_text(
        "".join(
            f"[{name}]\naws_access_key_id = {running.env['AWS_ACCESS_KEY_ID']}\n"
            f"aws_secret_access_key = {running.env['AWS_SECRET_ACCESS_KEY']}\n"
            for name in ("work", "home")
        )
    )
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    regions = {"theirs": "eu-central-1", "ours": "eu-central-1", "abroad": "us-east-1"}
    for bucket, region in regions.items():
        running.cloud.add_bucket(bucket, region=region)
        for number in range(40):
            running.cloud.put(bucket, f"{bucket}-{number}", size=1000, storage_class="GLACIER")
    session = await session_on(running, profile="work", concurrency=4)
    session.settings.reach_as("s3", "theirs", Account({"profile": "home"}))
    sel = await choose(session, *(f"s3://{bucket}" for bucket in regions))
    run = await session.confirm(sel, await session.plan(sel, 1), Tier.EXPEDITED)
    running.faults.set([{"kind": "no-expedited", "bucket": "theirs"}], running.cloud.now())
    session.start_engine()
    await turn(running.clock, lambda: run.id in session.out_of_capacity, step=1.0)
    told = (await session.ledger.runs.get(run.id)).counts
    assert (told[State.FAILED], told[State.PLANNED]) == (MOST_IN_A_ROW, 40 - MOST_IN_A_ROW)
    sent = [key.partition("-")[0] for key in asked(running)]
    assert {bucket: sent.count(bucket) for bucket in regions} == {"theirs": MOST_IN_A_ROW, "ours": 40, "abroad": 40}
    assert "no Expedited capacity in eu-central-1 as home; the others there wait" in session.health.text
    session.keep_trying(run.id)

    async def all_failed() -> bool:
        return (await session.ledger.runs.get(run.id)).counts.get(State.FAILED) == 40

    await turn(running.clock, all_failed, step=1.0)
    assert not session.out_of_capacity


async def test_nobody_has_to_decide_while_others_of_the_run_are_sent() -> None:
    closed: list[str] = []
    gates = CapacityGates(closed.append)
    with gates.sending():
        with gates.sending():
            gate = gates.of("home", "x", "in x")
            for _ in range(MOST_IN_A_ROW):
                assert await gate.enter()
                gate.leave(Outcome.NO_CAPACITY)
            gate.settle()
            assert gates.of("home", "x") is gate
            assert not await gate.enter()
            assert await gates.of("home", "y").enter()
            assert await gates.of("work", "x").enter()
        assert (gates.waits, closed) == (False, ["in x"])
    assert (gates.waits, closed) == (True, ["in x", "in x"]), "told again, since somebody can be asked now"
    gates.reopen(for_good=True)
    assert (gates.waits, await gate.enter()) == (False, True)
