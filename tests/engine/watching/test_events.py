"""Restores told of by a queue: believed, looked at, or left to others; and polled as ever where the queue fails."""

import json
import logging
from typing import Any

import pytest

from restoretui.core.location import parse_location
from restoretui.core.model import State, Tier
from restoretui.ledger.run_records import Run
from restoretui.sandbox import RunningSandbox
from restoretui.sandbox.state.queues import Queue
from restoretui.session.session import Session
from tests.conftest import StartSandbox
from tests.engine.clock_control import TurnedClock, hands, turn
from tests.engine.conftest import OpenSession
from tests.engine.test_holding_on import confirmed, counts
from tests.sandbox.queues import name_of, queue_of, subscribed

TIERED = {"storage_class": "INTELLIGENT_TIERING", "archive_status": "ARCHIVE_ACCESS"}


async def archive(sandbox: StartSandbox, number: int, **kind: Any) -> RunningSandbox:
    running = await sandbox(empty=True, clock=TurnedClock())
    running.cloud.add_bucket("cold")
    for at in range(number):
        running.cloud.put("cold", f"k {at:03}+ü", size=1000, **(kind or {"storage_class": "GLACIER"}))
    return running


async def pursued(session: Session, running: RunningSandbox, *, blind: bool = True) -> Run:
    """A run under way, of whose objects no listing tells any more."""
    sel = await session.ledger.selections.create()
    await session.selecting.under(sel, parse_location("s3://cold"))
    await session.selecting.look(sel)
    run = await session.confirm(sel, await session.plan(sel, 1), Tier.STANDARD)
    if blind:
        running.faults.set([{"kind": "deny", "operations": ["ListObjectsV2"]}], running.cloud.now())
    running.stats.reset()
    session.start_engine()
    return run


@pytest.mark.parametrize("kind", [{"storage_class": "GLACIER"}, TIERED], ids=["believed", "looked at"])
async def test_what_only_a_head_can_watch_is_not_polled(
    sandbox: StartSandbox, session_on: OpenSession, kind: dict[str, str]
) -> None:
    running = await archive(sandbox, 12, **kind)
    queue = queue_of(running)
    session = await session_on(running, events=(subscribed(running, "cold"),))
    run = await pursued(session, running)
    await turn(session.clock, lambda: counts(session, run) == {State.AVAILABLE: 12}, step=300)
    requests = running.stats.requests
    assert (requests.get("HeadObject", 0), requests.get("ListObjectsV2", 0)) == (12 if kind == TIERED else 0, 0)
    view = await session.run_views.job_view(run.id)
    await view.wait()
    assert all(row.expiry is not None for row in view.rows(0, 12)) is (kind != TIERED)
    await view.aclose()
    await turn(session.clock, lambda: not queue.messages, step=10)


def message(key: str, *, name: str = "ObjectRestore:Completed", at: str, ends: str = "", bucket: str = "cold") -> str:
    about = {"bucket": {"name": bucket}, "object": {"key": key, "size": 1000}}
    record: dict[str, Any] = {"eventName": name, "eventTime": at, "s3": about}
    if ends:
        record["glacierEventData"] = {"restoreEventData": {"lifecycleRestorationExpiryTime": ends}}
    return json.dumps({"Records": [record]})


def bodies(queue: Queue) -> set[str]:
    return {found.body for found in queue.messages.values()}


async def test_messages_of_others_stay_and_none_is_believed_that_may_be_of_another_request(
    sandbox: StartSandbox, session_on: OpenSession
) -> None:
    running = await archive(sandbox, 1)
    queue = queue_of(running)
    session = await session_on(running, events=(subscribed(running, "cold"),))
    now = running.cloud.now()
    foreign = {
        "not even JSON", message("k", at="2026-01-15T13:00:00Z", bucket="elsewhere"),
        message("another", at="2026-01-15T13:00:00Z", ends="2027-01-01T00:00:00Z"),
    }  # fmt: skip
    for body in foreign:
        queue.send(body, now)
    queue.send('{"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "cold"}', now)
    old = message("k+000%2B%C3%BC", at="2026-01-01T00:00:00Z", ends="2027-01-01T00:00:00Z")
    run = await pursued(session, running)
    await turn(session.clock, lambda: counts(session, run) == {State.REQUESTED: 1}, step=1)
    queue.send(old, now)
    await turn(session.clock, lambda: bodies(queue) == foreign, step=10)
    assert counts(session, run) == {State.RESTORING: 1}, "an old event is a reason to look, and no more"
    assert running.stats.requests["HeadObject"] == 1
    await turn(session.clock, lambda: counts(session, run) == {State.AVAILABLE: 1}, step=600)
    assert bodies(queue) == foreign


async def test_an_event_in_two_wrappings_is_believed_at_once_and_its_end_too(
    sandbox: StartSandbox, session_on: OpenSession
) -> None:
    running = await archive(sandbox, 1)
    queue = queue_of(running)
    session = await session_on(running, events=(subscribed(running, "cold"),))
    run = await pursued(session, running)
    await turn(session.clock, lambda: counts(session, run) == {State.REQUESTED: 1}, step=1)
    detail: dict[str, Any] = {"bucket": {"name": "cold"}, "object": {"key": "k 000+ü", "size": 1000}}
    detail["restore-expiry-time"] = "2026-01-17T00:00:00Z"
    bridge = {"detail-type": "Object Restore Completed", "source": "aws.s3", "time": "2026-01-15T18:00:00Z"}
    body = {"Type": "Notification", "Message": json.dumps({**bridge, "detail": detail})}
    queue.send(json.dumps(body), running.cloud.now())
    await turn(session.clock, lambda: counts(session, run) == {State.AVAILABLE: 1}, step=1)
    assert running.stats.requests.get("HeadObject", 0) == 0
    assert hands(session.clock).time.hour < 15, "hours before a look was due"
    await turn(session.clock, lambda: not queue.messages, step=1)
    queue.send(message("k+000%2B%C3%BC", name="ObjectRestore:Delete", at="2026-01-15T19:00:00Z"), 0.0)
    await turn(session.clock, lambda: not queue.messages, step=1)
    assert running.stats.requests["HeadObject"] == 1, "a copy that is said to be gone is looked at"


@pytest.mark.parametrize("trouble", ["missing", "denied", "another account", "silent"])
async def test_where_the_queue_fails_it_is_polled_and_said(
    sandbox: StartSandbox, session_on: OpenSession, trouble: str, caplog: pytest.LogCaptureFixture
) -> None:
    running = await archive(sandbox, 2)
    queue = queue_of(running)
    name = name_of(running, queue)
    if trouble == "missing":
        name += "-gone"
    elif trouble == "denied":
        queue.denied = True
    elif trouble == "another account":
        name = name_of(running, running.cloud.queues.add("theirs", "210987654321", "us-east-1"))
    session = await session_on(running, events=(name,))
    with caplog.at_level(logging.WARNING, "restoretui.notices"):
        run = await pursued(session, running, blind=False)
        await turn(session.clock, lambda: counts(session, run) == {State.AVAILABLE: 2}, step=300)
    said = [record.getMessage() for record in caplog.records if record.name == "restoretui.notices"]
    wanted = {
        "missing": "there is no queue 'restores-gone' of account 123456789012",
        "denied": "the queue 'restores' of account 123456789012 may not be used: sqs:ReceiveMessage is missing",
        "another account": "the queue 'theirs' of account 210987654321 may not be used",
        "silent": "the bucket cold sends no restore events to the queue restores",
    }[trouble]
    assert [wanted in text for text in said] == [True], said
    assert running.stats.requests["ListObjectsV2"] > 1, "sparse polling would have looked once, after the usual time"


async def test_a_read_only_session_leaves_the_queue_alone(sandbox: StartSandbox, session_on: OpenSession) -> None:
    running = await archive(sandbox, 1)
    first = await session_on(running)
    await confirmed(first, "s3://cold", Tier.STANDARD)
    await first.aclose()
    looking = await session_on(running, events=(subscribed(running, "cold"),), read_only=True)
    looking.start_engine()
    await hands(looking.clock).advance(60)
    assert running.stats.requests.get("ReceiveMessage", 0) == 0
