"""From a selection to available copies, through the session, against the sandbox over HTTP."""

import asyncio
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from restoretui.core.errors import AccessDenied, GuardStopped, UsageError
from restoretui.core.location import parse_location
from restoretui.core.model import ObjectRef, State, Tier
from restoretui.core.rules.verdicts import Action, Purpose
from restoretui.ledger.run_records import Run
from restoretui.sandbox import RunningSandbox
from restoretui.session.session import Session
from tests.conftest import StartSandbox
from tests.engine.agreeing import retry
from tests.engine.clock_control import TurnedClock, turn
from tests.engine.conftest import OpenSession


async def choose(session: Session, *texts: str) -> int:
    sel = await session.ledger.selections.create()
    for text in texts:
        await session.selecting.under(sel, parse_location(text))
    await session.selecting.look(sel)
    return sel


async def settled(session: Session, run: Run) -> bool:
    return (await session.ledger.runs.get(run.id)).waiting == 0


async def sent(session: Session, run: Run) -> bool:
    counts = (await session.ledger.runs.get(run.id)).counts
    return not counts.get(State.PLANNED) and not counts.get(State.UNKNOWN)


async def fill(running: RunningSandbox, keys: list[str], **fields: Any) -> None:
    running.cloud.add_bucket("cold")
    for key in keys:
        running.cloud.put("cold", key, size=1000, **({"storage_class": "GLACIER"} | fields))


def asked(running: RunningSandbox) -> dict[str, int]:
    """Restore requests by key, as the cloud counted them."""
    return {entry["key"]: len(entry["statuses"]) for entry in running.control.restores()}


async def test_a_thousand_objects_across_prefixes_with_few_status_requests(
    sandbox: StartSandbox, session_on: OpenSession
) -> None:
    running = await sandbox(empty=True, clock=TurnedClock())
    await fill(running, [f"p{prefix:02}/{number:04}.bin" for prefix in range(20) for number in range(50)])
    session = await session_on(running)
    sel = await choose(session, "s3://cold")
    plan = await session.plan(sel, 2)
    assert plan.tiers[Tier.BULK].requests == 1000
    run = await session.confirm(sel, plan, Tier.BULK)
    session.start_engine()
    await turn(running.clock, lambda: settled(session, run))
    done = await session.ledger.runs.get(run.id)
    assert done.counts[State.AVAILABLE] == 1000
    assert asked(running) == {f"p{prefix:02}/{number:04}.bin": 1 for prefix in range(20) for number in range(50)}
    requests = running.control.snapshot()["requests"]
    looks = requests.get("ListObjectsV2", 0) + requests.get("HeadObject", 0)
    assert looks < 400, requests
    assert done.list_calls + done.head_calls <= looks


async def test_nobody_waits_for_the_record_of_the_last_answer(sandbox: StartSandbox, session_on: OpenSession) -> None:
    running = await sandbox(empty=True, clock=TurnedClock())
    await fill(running, ["a", "b"])
    session = await session_on(running)
    sel = await choose(session, "s3://cold")
    run = await session.confirm(sel, await session.plan(sel, 2), Tier.BULK)
    session.start_engine([run.id])
    async with asyncio.timeout(20):  # The clock stands: what waits for its next turn waits for ever.
        await session.wait_for([run.id], lambda run: run.counts.get(State.REQUESTED) == 2)


async def test_copies_expire_and_the_ledger_knows(sandbox: StartSandbox, session_on: OpenSession) -> None:
    running = await sandbox(empty=True, clock=TurnedClock())
    await fill(running, ["a", "b", "c"])
    session = await session_on(running)
    sel = await choose(session, "s3://cold")
    run = await session.confirm(sel, await session.plan(sel, 1), Tier.STANDARD)
    session.start_engine()
    await turn(running.clock, lambda: settled(session, run))

    async def expired() -> bool:
        return (await session.ledger.runs.get(run.id)).counts.get(State.EXPIRED) == 3

    await turn(running.clock, expired, step=3600 * 6)


async def test_nothing_is_sent_before_the_intent_is_durable_and_a_restart_goes_on(
    sandbox: StartSandbox, session_on: OpenSession
) -> None:
    running = await sandbox(empty=True, clock=TurnedClock())
    await fill(running, [f"k{n:03}" for n in range(200)])
    session = await session_on(running, rate=50.0)
    sel = await choose(session, "s3://cold")
    run = await session.confirm(sel, await session.plan(sel, 1), Tier.BULK)
    assert asked(running) == {}
    session.start_engine()

    async def some() -> bool:
        return len(asked(running)) >= 40

    await turn(running.clock, some, step=0.05)
    await session.aclose()
    before = len(asked(running))
    assert before < 200
    again = await session_on(running)
    again.start_engine()
    await turn(running.clock, lambda: settled(again, run))
    assert asked(running) == {f"k{n:03}": 1 for n in range(200)}


async def test_unsure_requests_are_looked_at_before_anything_is_sent_again(
    sandbox: StartSandbox, session_on: OpenSession
) -> None:
    running = await sandbox(empty=True, clock=TurnedClock(), scenario="dropped-connections")
    await fill(running, [f"k{n:03}" for n in range(120)])
    session = await session_on(running)
    sel = await choose(session, "s3://cold")
    run = await session.confirm(sel, await session.plan(sel, 1), Tier.STANDARD)
    session.start_engine()
    await turn(running.clock, lambda: settled(session, run))
    done = await session.ledger.runs.get(run.id)
    assert done.counts[State.AVAILABLE] == 120
    accepted = [entry["statuses"] for entry in running.control.restores()]
    assert all(statuses.count(202) == 1 for statuses in accepted), "no object was asked for twice"


async def test_throttling_slows_down_and_loses_nothing(sandbox: StartSandbox, session_on: OpenSession) -> None:
    running = await sandbox(empty=True, clock=TurnedClock())
    await fill(running, [f"k{n:03}" for n in range(150)])
    running.faults.set([{"kind": "throttle", "operations": ["RestoreObject"], "rate": 40}], running.cloud.now())
    session = await session_on(running, rate=1000.0)
    sel = await choose(session, "s3://cold")
    run = await session.confirm(sel, await session.plan(sel, 1), Tier.STANDARD)
    session.start_engine()
    await turn(running.clock, lambda: settled(session, run))
    statuses = [entry["statuses"] for entry in running.control.restores()]
    assert len(statuses) == 150
    assert all(list(one) == [202] for one in statuses), "each was accepted once"
    assert session.health.throttled > 0


async def test_somebody_elses_restore_is_adopted_and_watched(sandbox: StartSandbox, session_on: OpenSession) -> None:
    running = await sandbox(empty=True, clock=TurnedClock())
    await fill(running, ["mine", "theirs"])
    session = await session_on(running)
    sel = await choose(session, "s3://cold")
    plan = await session.plan(sel, 3)
    running.cloud.restore("cold", "theirs", days=5, tier=Tier.STANDARD)
    run = await session.confirm(sel, plan, Tier.BULK)
    session.start_engine()
    await turn(running.clock, lambda: settled(session, run))
    assert (await session.ledger.runs.get(run.id)).counts[State.AVAILABLE] == 2


async def test_every_plan_action_is_done_as_announced(sandbox: StartSandbox, session_on: OpenSession) -> None:
    running = await sandbox(empty=True, clock=TurnedClock())
    await fill(running, ["cold", "warming", "warm"])
    for key, status in (("it-cold", "ARCHIVE_ACCESS"), ("it-online", None)):
        running.cloud.put("cold", key, size=10, storage_class="INTELLIGENT_TIERING", archive_status=status)
    running.cloud.put("cold", "online", size=10, storage_class="STANDARD")
    running.cloud.restore("cold", "warm", days=1, tier=Tier.EXPEDITED)
    await running.advance(3600)
    running.cloud.restore("cold", "warming", days=4, tier=Tier.BULK)
    session = await session_on(running)
    sel = await choose(session, "s3://cold")
    plan = await session.plan(sel, 9)
    assert plan.tiers[Tier.STANDARD].counts == {
        Action.START: 2, Action.EXTEND: 1, Action.UPGRADE: 1, Action.NOTHING: 2,
    }  # fmt: skip
    run = await session.confirm(sel, plan, Tier.STANDARD)
    session.start_engine()
    await turn(running.clock, lambda: settled(session, run))
    counts = (await session.ledger.runs.get(run.id)).counts
    assert {state: number for state, number in counts.items() if number} == {State.AVAILABLE: 4, State.SKIPPED: 2}
    assert asked(running) == {"cold": 1, "warm": 2, "it-cold": 1, "warming": 3}, (
        "sped up, and extended when it was there"
    )


async def test_speeding_up_keeps_the_days_and_is_sent_once(sandbox: StartSandbox, session_on: OpenSession) -> None:
    running = await sandbox(empty=True, clock=TurnedClock())
    await fill(running, ["a", "b"])
    session = await session_on(running)
    sel = await choose(session, "s3://cold")
    run = await session.confirm(sel, await session.plan(sel, 3), Tier.BULK)
    session.start_engine()
    await turn(running.clock, lambda: sent(session, run), step=1.0)
    faster = await session.plan(sel, 3, Purpose.UPGRADE)
    assert faster.tiers[Tier.EXPEDITED].counts == {Action.UPGRADE: 2}
    assert faster.tiers[Tier.BULK].requests == 0
    other_days = await session.plan(sel, 4, Purpose.UPGRADE)
    assert [line.verdict.days for line in other_days.tiers[Tier.EXPEDITED].lines] == [3], "its own are repeated"
    second = await session.confirm(sel, faster, Tier.EXPEDITED)
    await turn(running.clock, lambda: settled(session, second))
    assert asked(running) == {"a": 2, "b": 2}


async def test_retry_sends_what_failed_and_only_that(sandbox: StartSandbox, session_on: OpenSession) -> None:
    running = await sandbox(empty=True, clock=TurnedClock(), scenario="no-expedited")
    await fill(running, ["a", "b"])
    session = await session_on(running)
    sel = await choose(session, "s3://cold")
    run = await session.confirm(sel, await session.plan(sel, 1), Tier.EXPEDITED)
    session.start_engine()
    await turn(running.clock, lambda: settled(session, run))
    failed = await session.ledger.runs.get(run.id)
    assert failed.counts[State.FAILED] == 2
    running.faults.set([], running.cloud.now())
    assert await retry(session, run.id) == 2
    await turn(running.clock, lambda: settled(session, run))
    assert (await session.ledger.runs.get(run.id)).counts[State.AVAILABLE] == 2


async def test_expired_credentials_pause_everything_and_it_goes_on_by_itself(
    sandbox: StartSandbox, session_on: OpenSession
) -> None:
    running = await sandbox(empty=True, clock=TurnedClock())
    await fill(running, ["a", "b", "c"])
    session = await session_on(running)
    sel = await choose(session, "s3://cold")
    run = await session.confirm(sel, await session.plan(sel, 1), Tier.STANDARD)
    running.faults.set([{"kind": "expired-token"}], running.cloud.now())
    session.start_engine()

    async def paused() -> bool:
        return session.health.level == "paused"

    await turn(running.clock, paused, step=1.0)
    assert session.health.hint
    await running.advance(600)
    running.faults.set([], running.cloud.now())
    await turn(running.clock, lambda: settled(session, run))
    assert (await session.ledger.runs.get(run.id)).counts[State.AVAILABLE] == 3
    assert session.health.level != "paused"


async def test_guards_hold_before_anything_is_written(sandbox: StartSandbox, session_on: OpenSession) -> None:
    running = await sandbox(empty=True, clock=TurnedClock())
    await fill(running, ["a"])
    session = await session_on(running)
    sel = await choose(session, "s3://cold")
    plan = await session.plan(sel, 1)
    with pytest.raises(GuardStopped, match="more than"):
        await session.confirm(sel, plan, Tier.EXPEDITED, max_cost=Decimal("0.0001"))
    with pytest.raises(UsageError, match="at least 1 day"):
        await session.plan(sel, 0)
    await session.aclose()
    looking = await session_on(running, read_only=True)
    with pytest.raises(GuardStopped, match="read-only"):
        await looking.confirm(sel, plan, Tier.BULK)
    assert await looking.ledger.runs.list() == []
    assert asked(running) == {}


async def test_deleted_and_overwritten_objects_fail_alone(sandbox: StartSandbox, session_on: OpenSession) -> None:
    running = await sandbox(empty=True, clock=TurnedClock())
    await fill(running, ["deleted", "kept", "overwritten"])
    session = await session_on(running)
    sel = await choose(session, "s3://cold")
    run = await session.confirm(sel, await session.plan(sel, 1), Tier.STANDARD)
    session.start_engine()
    await turn(running.clock, lambda: sent(session, run), step=1.0)
    running.cloud.delete("cold", "deleted")
    running.cloud.put("cold", "overwritten", b"new", storage_class="STANDARD")
    await turn(running.clock, lambda: settled(session, run))
    view = await session.run_views.job_view(run.id)
    await view.wait()
    rows = {row.ref.key: row for row in view.rows(0, 10)}
    assert rows["kept"].state is State.AVAILABLE
    assert rows["deleted"].state is rows["overwritten"].state is State.FAILED
    assert "gone" in rows["deleted"].reason
    assert "overwritten" in rows["overwritten"].reason
    await view.aclose()


async def test_one_version_is_restored_and_watched(sandbox: StartSandbox, session_on: OpenSession) -> None:
    running = await sandbox(empty=True, clock=TurnedClock())
    running.cloud.add_bucket("cold", versioning=True)
    old = running.cloud.put("cold", "k", size=5, storage_class="GLACIER")
    running.cloud.put("cold", "k", size=5, storage_class="STANDARD")
    session = await session_on(running)
    sel = await session.ledger.selections.create()
    await session.selecting.keys(sel, [ObjectRef("cold", "k", old)])
    run = await session.confirm(sel, await session.plan(sel, 1), Tier.STANDARD)
    session.start_engine()
    await turn(running.clock, lambda: settled(session, run))
    assert (await session.ledger.runs.get(run.id)).counts[State.AVAILABLE] == 1
    assert running.cloud.state("cold", "k", old) is State.AVAILABLE


async def test_two_sessions_on_one_ledger_share_the_work_and_double_nothing(
    sandbox: StartSandbox, session_on: OpenSession, state_dir: Path
) -> None:
    running = await sandbox(empty=True, clock=TurnedClock())
    await fill(running, [f"k{n:02}" for n in range(60)])
    first = await session_on(running, rate=30.0)
    second = await session_on(running, rate=30.0)
    sel = await choose(first, "s3://cold")
    run = await first.confirm(sel, await first.plan(sel, 1), Tier.STANDARD)
    first.start_engine()
    second.start_engine()

    async def half() -> bool:
        return len(asked(running)) >= 30

    await turn(running.clock, half, step=0.1)
    assert first.is_ours(run.id) != second.is_ours(run.id), "one holds the lease"
    holder, follower = (first, second) if first.is_ours(run.id) else (second, first)
    await holder.aclose()
    await turn(running.clock, lambda: settled(follower, run))
    assert asked(running) == {f"k{n:02}": 1 for n in range(60)}
    assert (await follower.ledger.runs.get(run.id)).counts[State.AVAILABLE] == 60
    await asyncio.sleep(0)


async def test_an_interrupted_listing_goes_on_where_it_stopped(
    sandbox: StartSandbox, session_on: OpenSession
) -> None:
    running = await sandbox(empty=True, clock=TurnedClock())
    await fill(running, [f"p{n // 1000}/{n:05}" for n in range(4500)])
    session = await session_on(running)
    running.faults.set([{"kind": "deny", "operations": ["ListObjectsV2"], "skip": 2}], running.cloud.now())
    with pytest.raises(AccessDenied):
        await choose(session, "s3://cold")
    running.faults.set([], running.cloud.now())
    whole = parse_location("s3://cold")
    stopped = await session.open_listing(whole, recursive=True)
    assert stopped.id == 1, "it is the same listing"
    assert stopped.objects >= 1000, "with what it had"
    sel = await choose(session, "s3://cold")
    assert (await session.ledger.selections.summary(sel)).objects == 4500
    view = await session.ledger.catalog.browse(stopped.id)
    assert [row.ref.key for row in view.rows(0, 5000)] == [f"p{n // 1000}/{n:05}" for n in range(4500)]
    await view.aclose()
