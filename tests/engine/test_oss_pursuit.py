"""OSS through the session: restored, extended, ended early; beside S3, and not held up by it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from restoretui.core.errors import GuardStopped, Unsupported, UsageError
from restoretui.core.location import parse_location
from restoretui.core.model import ObjectRef, State, Tier
from restoretui.core.rules.verdicts import Action, Purpose
from restoretui.engine.cleaner import ENDED, Cleaned
from restoretui.ledger.records import Query
from restoretui.ledger.run_records import Run
from restoretui.sandbox import RunningSandbox
from restoretui.sandbox.state.bucket import QueueRule
from restoretui.session.session import Session
from tests.conftest import StartSandbox
from tests.engine.agreeing import clean
from tests.engine.clock_control import TurnedClock, hands, turn
from tests.engine.conftest import OpenSession

CLASSES = {"warm": "Archive", "cold": "ColdArchive", "deep": "DeepColdArchive", "std": "Standard"}


@pytest.fixture
async def running(sandbox: StartSandbox) -> RunningSandbox:
    served = await sandbox(empty=True, clock=TurnedClock())
    served.cloud.add_bucket("films", scheme="oss", region="cn-hangzhou")
    for key, storage_class in CLASSES.items():
        served.cloud.put("films", key, size=1000, storage_class=storage_class)
    served.cloud.add_bucket("tapes")
    served.cloud.put("tapes", "t", size=1000, storage_class="GLACIER")
    return served


@pytest.fixture
async def session(running: RunningSandbox, session_on: OpenSession) -> Session:
    opened: Session = await session_on(running, oss_endpoint=running.url, oss_region="cn-hangzhou")
    return opened


async def chosen(session: Session, *texts: str) -> int:
    sel = await session.ledger.selections.create()
    for text in texts:
        await session.selecting.under(sel, parse_location(text), refresh=True)
    return sel


async def restored(
    session: Session, running: RunningSandbox, sel: int, days: int = 3, tier: Tier = Tier.STANDARD
) -> Run:
    run = await session.confirm(sel, await session.plan(sel, days), tier)
    session.start_engine()

    async def settled() -> bool:
        return (await session.ledger.runs.get(run.id)).waiting == 0

    await turn(running.clock, settled)
    return await session.ledger.runs.get(run.id)


async def rows(session: Session, run: Run) -> dict[str, Any]:
    view = await session.run_views.job_view(run.id, Query())
    await view.wait()
    found = {row.ref.key: row for row in view.rows(0, 100)}
    await view.aclose()
    return found


async def test_every_class_is_restored_by_its_own_rules(running: RunningSandbox, session: Session) -> None:
    sel = await chosen(session, "oss://films")
    plan = await session.plan(sel, 3)
    assert plan.scheme == "oss"
    assert {tier: plan.tiers[tier].requests for tier in Tier} == {Tier.EXPEDITED: 3, Tier.STANDARD: 3, Tier.BULK: 2}
    run = await restored(session, running, sel)
    assert run.cloud.scheme == "oss"
    assert run.counts == {State.AVAILABLE: 3, State.SKIPPED: 1}
    found = await rows(session, run)
    assert {key: found[key].tier for key in ("warm", "cold", "deep")} == {
        "warm": None,
        "cold": Tier.STANDARD,
        "deep": Tier.STANDARD,
    }
    for key in ("warm", "cold", "deep"):
        restore = running.cloud.restore_of("films", key)
        assert restore
        assert found[key].expiry == int(restore.ready) + 3 * 86400
    assert {len(entry["statuses"]) for entry in running.control.restores()} == {1}


async def test_an_extension_adds_its_days(running: RunningSandbox, session: Session) -> None:
    sel = await chosen(session, "oss://films/cold")
    run = await restored(session, running, sel)
    before = (await rows(session, run))["cold"].expiry
    sel = await session.ledger.selections.create()
    await session.selecting.jobs(sel, (await rows(session, run)).values(), "oss")
    plan = await session.plan(sel, 10, Purpose.EXTEND)
    (line,) = plan.tiers[Tier.BULK].lines
    ends = datetime.fromtimestamp(before, UTC) + timedelta(days=10)
    assert line.verdict.reason.endswith(f"10 days are added, to {ends:%Y-%m-%d %H:%M} UTC at the latest")
    longer = await session.confirm(sel, plan, Tier.BULK)

    async def told() -> bool:
        row = (await rows(session, longer))["cold"]
        return row.state is State.AVAILABLE and row.expiry == before + 10 * 86400

    await turn(running.clock, told)
    restore = running.cloud.restore_of("films", "cold")
    assert restore
    assert int(restore.until) == before + 10 * 86400


async def test_until_adds_the_days_a_copy_lacks_and_falls_short_of_nothing(
    running: RunningSandbox, session: Session
) -> None:
    run = await restored(session, running, await chosen(session, "oss://films/cold"))
    before = (await rows(session, run))["cold"].expiry
    until = session.clock.now() + timedelta(days=5, hours=-2)
    sel = await chosen(session, "oss://films/cold")
    plan = await session.plan(sel, 5, until=until)
    longer = await session.confirm(sel, plan, Tier.BULK)

    async def told() -> bool:
        return bool((await rows(session, longer))["cold"].expiry == before + 2 * 86400)

    await turn(running.clock, told)
    assert before + 2 * 86400 >= until.timestamp()
    assert not (await session.run_views.shortfall(await session.ledger.runs.get(longer.id))).copies


@pytest.mark.parametrize("lost", ["", "before", "after"], ids=["answered", "request lost", "answer lost"])
async def test_what_restores_with_fewer_days_gets_those_it_lacks_on_arrival(
    running: RunningSandbox, session: Session, lost: str
) -> None:
    running.cloud.restore("films", "cold", days=1)
    sel = await chosen(session, "oss://films/cold")
    plan = await session.plan(sel, 30)
    tier = plan.tiers[Tier.STANDARD]
    assert (tier.counts, tier.requests) == ({Action.LATER: 1}, 1)
    assert (int(tier.cost.retrieval), tier.cost.requests > 0) == (0, True), (
        "journalled, and its request is in the price"
    )
    if lost:
        drop = {"kind": "drop", "when": lost, "operations": ["RestoreObject"], "times": 1}
        running.faults.add(drop, running.cloud.now())
    run = await restored(session, running, sel, 30)
    # An answer that was lost is looked into, and days that were added already are not added again.
    (entry,) = [entry for entry in running.control.restores() if entry["key"] == "cold"]
    assert entry["statuses"] == [202, 200]
    restore = running.cloud.restore_of("films", "cold")
    assert restore
    lasts = timedelta(seconds=restore.until - plan.made_at.timestamp())
    assert timedelta(days=30) <= lasts < timedelta(days=31), "no day more is paid for than was asked for"
    row = (await rows(session, run))["cold"]
    assert (row.state, row.action, row.days, row.expiry) == (
        State.AVAILABLE, Action.EXTEND, 30 - 1, int(restore.until),
    )  # fmt: skip
    assert not (await session.run_views.shortfall(run)).copies


async def test_a_copy_is_ended_early(running: RunningSandbox, session: Session) -> None:
    run = await restored(session, running, await chosen(session, "oss://films"))
    refs = [ObjectRef("films", key) for key in ("cold", "deep", "warm", "std", "nothing")]
    heard: dict[str, Cleaned] = {}
    await clean(session, "oss", refs, lambda done: heard.__setitem__(done.ref.key, done), run)
    assert (heard["cold"].ended, heard["cold"].state, heard["cold"].problem) == (True, State.ARCHIVED, None)
    assert heard["deep"].ended
    assert isinstance(heard["warm"].problem, Unsupported)
    assert heard["nothing"].problem is not None
    assert running.cloud.state("films", "warm") is State.AVAILABLE
    found = await rows(session, run)
    assert {key: found[key].state for key in ("cold", "deep", "warm")} == {
        "cold": State.EXPIRED,
        "deep": State.EXPIRED,
        "warm": State.AVAILABLE,
    }
    assert found["cold"].reason == ENDED
    again: list[Cleaned] = []
    await clean(session, "oss", refs[:1], again.append)
    assert [(done.ended, done.problem) for done in again] == [(False, None)]


async def test_a_copy_that_ended_before_a_crash_could_be_written_down(
    running: RunningSandbox, session: Session
) -> None:
    run = await restored(session, running, await chosen(session, "oss://films/cold"))
    ref = ObjectRef("films", "cold")
    assert await (await session.provider("oss")).clean_restored_object(ref)
    assert (await rows(session, run))["cold"].state is State.AVAILABLE, "as a killed process leaves it"
    heard: list[Cleaned] = []
    await clean(session, "oss", [ref], heard.append, run)
    assert [(done.ended, done.is_over) for done in heard] == [(False, True)]
    assert (await rows(session, run))["cold"].state is State.EXPIRED


async def test_only_where_the_cloud_can_and_never_read_only(
    running: RunningSandbox, session: Session, session_on: OpenSession
) -> None:
    with pytest.raises(Unsupported, match="s3:// ends a restored copy only when its days are over"):
        await clean(session, "s3", [ObjectRef("tapes", "t")], lambda done: None)
    await session.aclose()
    looking = await session_on(running, oss_endpoint=running.url, read_only=True)
    with pytest.raises(GuardStopped):
        await clean(looking, "oss", [ObjectRef("films", "cold")], lambda done: None)
    assert running.stats.requests["CleanRestoredObject"] == 0


async def test_marks_in_both_clouds_are_planned_one_by_one(running: RunningSandbox, session: Session) -> None:
    sel = await chosen(session, "oss://films", "s3://tapes")
    assert await session.schemes(sel) == ["s3", "oss"]
    with pytest.raises(UsageError, match="chosen together"):
        await session.plan(sel, 3)
    plans = {scheme: await session.plan(sel, 3, scheme=scheme) for scheme in ("s3", "oss")}
    assert {scheme: plan.objects for scheme, plan in plans.items()} == {"s3": 1, "oss": 4}
    runs = [await session.confirm(sel, plan, Tier.STANDARD) for plan in plans.values()]
    session.start_engine()

    async def settled() -> bool:
        return not any([(await session.ledger.runs.get(run.id)).waiting for run in runs])

    await turn(running.clock, settled)
    assert {run.cloud.scheme for run in runs} == {"s3", "oss"}
    assert running.cloud.state("tapes", "t") is State.AVAILABLE


async def test_direct_read_is_asked_for_once_a_minute(running: RunningSandbox, session: Session) -> None:
    running.cloud.buckets["films"].direct_read = True
    sel = await chosen(session, "oss://films")
    for days in (1, 2, 3):
        plan = await session.plan(sel, days)
        assert plan.tiers[Tier.STANDARD].counts == {Action.START: 2, Action.NOTHING: 2}
    assert running.stats.requests["GetBucketArchiveDirectRead"] == 1
    running.cloud.buckets["films"].direct_read = False
    await hands(running.clock).advance(61)
    assert (await session.plan(sel, 3)).tiers[Tier.STANDARD].requests == 3


async def test_rejected_keys_of_one_cloud_hold_up_that_cloud_only(running: RunningSandbox, session: Session) -> None:
    await session.region("tapes")
    running.faults.add({"kind": "unknown-key", "bucket": "tapes"}, running.cloud.now())
    stuck = await session.open_listing(parse_location("s3://tapes"), recursive=True, refresh=True)
    listing = await session.open_listing(parse_location("oss://films"), recursive=True, refresh=True)
    assert (await session.listed(listing)).objects == 4
    await session.stop_listing(stuck.id)


async def test_a_queue_tells_of_the_classes_it_can_and_the_others_are_polled(
    running: RunningSandbox, session_on: OpenSession
) -> None:
    queue = running.cloud.queues.add("told", "1", "cn-hangzhou")
    bucket = running.cloud.bucket("films")
    bucket.queue_rules = (QueueRule("r", queue.arn, (), "", ""),)
    name = f"mns:{running.url}/queues/told"
    session = await session_on(running, oss_endpoint=running.url, oss_region="cn-hangzhou", events=(name,))
    sel = await chosen(session, "oss://films")
    run = await session.confirm(sel, await session.plan(sel, 3), Tier.EXPEDITED)
    session.start_engine()
    await turn(running.clock, lambda: queue._sent == 2, step=3600)
    await turn(running.clock, lambda: not queue.messages, step=10)
    assert (await session.ledger.runs.get(run.id)).counts[State.AVAILABLE] == 3
    assert running.stats.requests["BatchReceiveMessage"] > 0
    assert queue._sent == 2, "of ColdArchive and DeepColdArchive, and not of Archive"
    assert running.stats.requests["HeadObject"] >= 1, "an event of OSS tells no end: it is looked at"
