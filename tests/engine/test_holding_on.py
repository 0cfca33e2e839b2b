"""One run's trouble is its own, claims outlive nobody, and who lost the lease sends nothing."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from restoretui.core.location import parse_location
from restoretui.core.model import State, Tier
from restoretui.core.rules.verdicts import Purpose
from restoretui.engine import engine as engine_module
from restoretui.ledger.records import Listing
from restoretui.ledger.run_records import Run
from restoretui.sandbox import RunningSandbox
from restoretui.session.session import Session
from tests.conftest import StartSandbox
from tests.engine.clock_control import TurnedClock, hands, turn
from tests.engine.conftest import OpenSession
from tests.settling import settle


async def confirmed(session: Session, place: str, tier: Tier = Tier.STANDARD) -> Run:
    sel = await session.ledger.selections.create()
    await session.selecting.under(sel, parse_location(place))
    return await session.confirm(sel, await session.plan(sel, 1), tier)


def counts(session: Session, run: Run) -> dict[State, int]:
    found = next(entry for entry in session.ledger.runs.peek_all() if entry.id == run.id)
    return {state: number for state, number in found.counts.items() if number}


def statuses(running: RunningSandbox) -> dict[str, list[int]]:
    return {entry["key"]: entry["statuses"] for entry in running.control.restores()}


def fill(running: RunningSandbox, bucket: str, number: int) -> None:
    running.cloud.add_bucket(bucket)
    for at in range(number):
        running.cloud.put(bucket, f"{bucket}-{at:03}", size=1000, storage_class="GLACIER")


async def test_a_bucket_that_goes_away_fails_its_objects_and_nobody_elses(
    sandbox: StartSandbox, session_on: OpenSession
) -> None:
    running = await sandbox(empty=True, clock=TurnedClock())
    fill(running, "doomed", 3)
    fill(running, "kept", 3)
    session = await session_on(running)
    doomed, kept = await confirmed(session, "s3://doomed"), await confirmed(session, "s3://kept")
    session.start_engine()
    await turn(running.clock, lambda: counts(session, doomed) == {State.RESTORING: 3}, step=1.0)
    del running.cloud.buckets["doomed"]
    await turn(running.clock, lambda: counts(session, kept) == {State.AVAILABLE: 3})
    await turn(running.clock, lambda: counts(session, doomed) == {State.FAILED: 3})
    assert session.failure is None


async def test_a_run_whose_profile_is_gone_waits_and_the_others_go_on(
    sandbox: StartSandbox, session_on: OpenSession, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    running = await sandbox(empty=True, clock=TurnedClock())
    fill(running, "one", 2)
    fill(running, "two", 2)
    profiles = tmp_path / "credentials"
    keys = f"aws_access_key_id = {running.env['AWS_ACCESS_KEY_ID']}\n"
    keys += f"aws_secret_access_key = {running.env['AWS_SECRET_ACCESS_KEY']}\n"
    profiles.write_text(f"[archive]\n{keys}")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(profiles))
    first = await session_on(running, profile="archive")
    orphan = await confirmed(first, "s3://one")
    await first.aclose()
    profiles.write_text("")
    second = await session_on(running)
    other = await confirmed(second, "s3://two")
    second.start_engine()
    await turn(running.clock, lambda: counts(second, other) == {State.AVAILABLE: 2}, step=60)
    assert counts(second, orphan) == {State.PLANNED: 2}
    assert second.health.level == "paused"
    assert "archive" in second.health.text
    assert second.failure is None
    profiles.write_text(f"[archive]\n{keys}")
    await turn(running.clock, lambda: counts(second, orphan) == {State.AVAILABLE: 2}, step=60)
    assert second.health.level != "paused", "it goes on by itself"


async def test_stopped_while_paused_nothing_is_left_unknown(sandbox: StartSandbox, session_on: OpenSession) -> None:
    running = await sandbox(empty=True, clock=TurnedClock())
    fill(running, "cold", 700)
    session = await session_on(running)
    run = await confirmed(session, "s3://cold")
    running.faults.set([{"kind": "expired-token"}], running.cloud.now())
    session.start_engine()
    await turn(running.clock, lambda: session.health.level == "paused", step=0.2)
    await settle()  # What is under way gets its refusal.
    await session.aclose()
    again = await session_on(running)
    assert counts(again, run) == {State.PLANNED: 700}
    assert await again.ledger.runs.recover(run.id) == 0, "no claim was left behind"
    running.faults.set([], running.cloud.now())
    again.start_engine()
    await turn(running.clock, lambda: counts(again, run) == {State.AVAILABLE: 700})
    assert set(map(tuple, statuses(running).values())) == {(202,)}


async def test_a_lapsed_lease_stops_sending_and_claims_are_settled_when_it_comes_back(
    sandbox: StartSandbox, session_on: OpenSession
) -> None:
    running = await sandbox(empty=True, clock=TurnedClock())
    fill(running, "cold", 60)
    session = await session_on(running, rate=40.0)
    run = await confirmed(session, "s3://cold")
    session.start_engine()
    await turn(running.clock, lambda: len(statuses(running)) >= 10, step=0.05)
    # Another process has taken the run over while we were held up.
    await session.ledger.leases.release(f"run:{run.id}", session._engine._holder)
    assert await session.ledger.leases.acquire(f"run:{run.id}", "another", 1000)
    await turn(running.clock, lambda: not session.is_ours(run.id), step=engine_module.RENEW)
    sent = len(statuses(running))
    for _ in range(20):
        await asyncio.sleep(0.01)
        await hands(running.clock).advance(1, settle=2)
    assert len(statuses(running)) == sent < 60, "who does not hold the lease does not send"
    await session.ledger.leases.release(f"run:{run.id}", "another")
    await turn(running.clock, lambda: counts(session, run) == {State.AVAILABLE: 60}, step=60)
    assert set(map(tuple, statuses(running).values())) == {(202,)}


async def test_nothing_is_sent_between_lapse_and_renewal(sandbox: StartSandbox, session_on: OpenSession) -> None:
    running = await sandbox(empty=True, clock=TurnedClock())
    fill(running, "cold", 40)
    session = await session_on(running, rate=30.0)
    run = await confirmed(session, "s3://cold")
    session.start_engine()
    await turn(running.clock, lambda: len(statuses(running)) >= 5, step=0.05)
    session._engine._held_until[run.id] = 0.0  # as after a suspended laptop wakes up
    await settle()  # What is under way arrives.
    before = len(statuses(running))
    await asyncio.sleep(0.3)
    assert len(statuses(running)) == before
    await turn(running.clock, lambda: counts(session, run) == {State.AVAILABLE: 40}, step=60)


async def test_an_extension_whose_answer_was_lost_is_sent_if_it_had_no_effect(
    sandbox: StartSandbox, session_on: OpenSession
) -> None:
    running = await sandbox(empty=True, clock=TurnedClock())
    fill(running, "cold", 2)
    session = await session_on(running)
    run = await confirmed(session, "s3://cold")
    session.start_engine()
    await turn(running.clock, lambda: counts(session, run) == {State.AVAILABLE: 2})
    sel = await session.ledger.selections.create()
    await session.selecting.under(sel, parse_location("s3://cold"), refresh=True)
    plan = await session.plan(sel, 30, Purpose.EXTEND)
    before, after = {"kind": "drop", "when": "before", "times": 1}, {"kind": "drop", "when": "after", "times": 1}
    faults = [entry | {"operations": ["RestoreObject"]} for entry in (before, after)]
    running.faults.set(faults, running.cloud.now())
    longer = await session.confirm(sel, plan, Tier.STANDARD)
    await turn(running.clock, lambda: counts(session, longer) == {State.AVAILABLE: 2}, step=5)
    assert set(map(tuple, statuses(running).values())) == {(202, 200)}, "each extended, and once"


async def test_closed_while_a_listing_ends_its_end_is_written_down_first(
    sandbox: StartSandbox, session_on: OpenSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = await sandbox()
    session = await session_on(running)
    finish, reached, go_on = session.ledger.catalog.finish, asyncio.Event(), asyncio.Event()
    written: list[int] = []

    async def slowly(listing_id: int, problem: str = "") -> Listing:
        reached.set()
        await go_on.wait()
        finished = await finish(listing_id, problem)
        written.append(listing_id)
        return finished

    monkeypatch.setattr(session.ledger.catalog, "finish", slowly)
    listing = await session.open_listing(parse_location("s3://acme-media-archive"), recursive=True)
    await reached.wait()
    closing = asyncio.create_task(session.aclose())
    for _ in range(20):
        await asyncio.sleep(0)
    assert not closing.done()
    go_on.set()
    await closing
    assert written == [listing.id]


async def test_a_listing_of_this_session_is_made_anew_once_it_is_stale(
    sandbox: StartSandbox, session_on: OpenSession
) -> None:
    running = await sandbox(empty=True, clock=TurnedClock())
    fill(running, "one", 3)
    session = await session_on(running)
    place = parse_location("s3://one")
    first = await session.listed(await session.open_listing(place, recursive=True))
    assert (await session.open_listing(place, recursive=True)).id == first.id
    await hands(running.clock).advance(601)
    again = await session.listed(await session.open_listing(place, recursive=True))
    assert again.id != first.id
    assert again.objects == 3
    assert (await session.open_listing(place, recursive=True)).id == again.id


class SetClock(TurnedClock):
    """Its wall can be set, as people and NTP do."""

    off: float = 0.0

    def wall(self) -> float:
        return super().wall() + self.off

    def set_by(self, seconds: float) -> None:
        """Everything that tells the time of day jumps; what runs on does not."""
        self.time += timedelta(seconds=seconds)
        self.off += seconds


async def test_a_clock_set_back_keeps_a_killed_run_from_nobody(
    sandbox: StartSandbox, session_on: OpenSession
) -> None:
    clock = SetClock()
    running = await sandbox(empty=True, clock=clock)
    fill(running, "cold", 30)
    session = await session_on(running)
    run = await confirmed(session, "s3://cold")
    # The process that had it is gone, one request was on its way, and its clock was an hour ahead.
    clock.set_by(3600)
    assert await session.ledger.leases.acquire(f"run:{run.id}", "host:1:killed", engine_module.LEASE)
    (claimed,) = await session.ledger.runs.claim(run.id, 1)
    session.ledger.runs.disown([claimed.id])
    clock.set_by(-3600)
    began = running.clock.monotonic()
    session.start_engine()
    await turn(running.clock, lambda: session.is_ours(run.id), step=1.0)
    assert running.clock.monotonic() - began <= engine_module.LEASE + 2 * engine_module.RENEW
    await turn(running.clock, lambda: len(statuses(running)) == 30, step=1.0)
    assert running.clock.monotonic() - began < 120, "what was unsure is settled as soon, too"
    await turn(running.clock, lambda: counts(session, run) == {State.AVAILABLE: 30})
    assert set(map(tuple, statuses(running).values())) == {(202,)}


async def test_a_clock_set_back_takes_a_run_from_nobody_who_goes_on(
    sandbox: StartSandbox, session_on: OpenSession
) -> None:
    clock = SetClock()
    running = await sandbox(empty=True, clock=clock)
    fill(running, "cold", 60)
    first = await session_on(running, rate=20.0)
    second = await session_on(running, rate=20.0)
    run = await confirmed(first, "s3://cold")
    first.start_engine()
    await turn(running.clock, lambda: len(statuses(running)) >= 5, step=0.1)
    second.start_engine([run.id])
    clock.set_by(-300)
    assert not first._engine._holds(run.id), "it sends nothing before it has renewed what it holds"
    await turn(running.clock, lambda: len(statuses(running)) >= 40, step=0.1)
    assert first.is_ours(run.id)
    assert not second.is_ours(run.id)
    assert "another process pursues it" in second._engine.left_alone[run.id]
    await turn(running.clock, lambda: counts(first, run) == {State.AVAILABLE: 60})
    assert set(map(tuple, statuses(running).values())) == {(202,)}


async def test_a_read_only_session_says_why_it_leaves_a_run_alone(
    sandbox: StartSandbox, session_on: OpenSession
) -> None:
    running = await sandbox(empty=True, clock=TurnedClock())
    fill(running, "cold", 3)
    writable = await session_on(running)
    run = await confirmed(writable, "s3://cold")
    await writable.aclose()
    session = await session_on(running, read_only=True)
    session.start_engine([run.id])
    await turn(running.clock, lambda: run.id in session._engine.left_alone, step=1.0)
    (wait,) = session.waiting.waits()
    assert wait.reason == f"run {run.id}: 3 of its objects are not sent, and this session is read-only"
