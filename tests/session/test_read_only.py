"""A read-only session can do nothing but look: proven at the one place everything passes, and at the wire."""

import asyncio
import inspect
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from msgspec.structs import replace

from restoretui.commands.following import watch
from restoretui.commands.form import LINES
from restoretui.commands.output import Output
from restoretui.commands.telling import WatchSaid
from restoretui.core.batch.service import BatchService
from restoretui.core.clock import ScaledClock
from restoretui.core.errors import ExitCode, GuardStopped
from restoretui.core.events.service import EventService
from restoretui.core.location import parse_location
from restoretui.core.model import ObjectRef, Tier
from restoretui.core.provider import Provider
from restoretui.core.rules.read_only import EVENT_LOOKS, FACTS, JOB_LOOKS, LOOKS, read_only
from restoretui.providers.oss.provider import OssProvider
from restoretui.providers.s3.batch.client import S3Batch
from restoretui.providers.s3.events import S3Events
from restoretui.providers.s3.provider import S3Provider
from tests.conftest import StartSandbox
from tests.engine.conftest import OpenSession

SENDING = {"restore_object", "clean_restored_object"}
SENDING_OF_SOME = {"remove_marker", "contents"}
SENDING_EVENTS = {"receive", "delete", "put_queue_policy", "put_notification"}
"""The same of what not every cloud has; ``contents`` leads to what copies are made with."""
SENDING_JOBS = {
    "upload_manifest", "create_job", "confirm_job", "cancel_job", "clone_job", "set_priority", "delete_written",
    "delete_object",
}  # fmt: skip
SCHEMES = ("s3", "oss")
REF = ObjectRef("acme-media-archive", "x")


def methods(kind: type) -> set[str]:
    return {name for name, _ in inspect.getmembers(kind, inspect.isfunction) if not name.startswith("_")}


@pytest.mark.parametrize("kind", [Provider, S3Provider, OssProvider])
def test_every_method_of_a_provider_is_known_to_look_or_to_send(kind: type) -> None:
    found = methods(kind) - {"batch", "events"}
    assert found <= LOOKS | SENDING | SENDING_OF_SOME, "say of a new method which it is"
    assert found >= SENDING
    assert not LOOKS & SENDING


@pytest.mark.parametrize("kind", [BatchService, S3Batch])
def test_every_method_of_jobs_is_known_to_look_or_to_send(kind: type) -> None:
    assert methods(kind) == JOB_LOOKS | SENDING_JOBS
    assert not JOB_LOOKS & SENDING_JOBS


@pytest.mark.parametrize("kind", [EventService, S3Events])
def test_every_method_of_events_is_known_to_look_or_to_send(kind: type) -> None:
    assert methods(kind) == EVENT_LOOKS | SENDING_EVENTS
    assert not EVENT_LOOKS & SENDING_EVENTS


class Spy:
    """Notes every call, whatever it is called."""

    scheme = "s3"

    def __init__(self) -> None:
        self.called: list[str] = []

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def method(*_arguments: Any, **_named: Any) -> Any:
            self.called.append(name)
            return self if name in ("batch", "events") else None

        return method


def test_what_is_not_listed_is_refused_and_never_reaches_the_cloud() -> None:
    spy = Spy()
    guarded: Any = read_only(spy, "it comes from --read-only")  # type: ignore[arg-type]
    for name in SENDING | SENDING_OF_SOME | {"a_method_of_tomorrow"}:
        with pytest.raises(GuardStopped, match="read-only") as stopped:
            getattr(guarded, name)("anything", at="all")
        assert stopped.value.hint == "it comes from --read-only"
    for name in SENDING_JOBS | {"a_method_of_tomorrow"}:
        with pytest.raises(GuardStopped):
            getattr(guarded.batch(), name)()
    for name in SENDING_EVENTS | {"a_method_of_tomorrow"}:
        with pytest.raises(GuardStopped):
            getattr(guarded.events(), name)()
    assert set(spy.called) <= {"batch", "events"}
    for name in LOOKS:
        getattr(guarded, name)()
    for name in JOB_LOOKS:
        getattr(guarded.batch(), name)()
    for name in EVENT_LOOKS:
        getattr(guarded.events(), name)()
    assert set(spy.called) == LOOKS | JOB_LOOKS | EVENT_LOOKS | {"batch", "events"}
    assert guarded.scheme in FACTS | {"s3"}


@pytest.mark.parametrize("scheme", SCHEMES)
async def test_a_session_hands_out_only_guarded_providers(
    sandbox: StartSandbox, session_on: OpenSession, scheme: str
) -> None:
    running = await sandbox()
    looking = await session_on(running, oss_endpoint=running.url, read_only=True)
    provider: Any = await looking.provider(scheme)
    for name in SENDING:
        with pytest.raises(GuardStopped):
            getattr(provider, name)(REF)
    if scheme == "s3":
        for name in SENDING_JOBS:
            with pytest.raises(GuardStopped):
                getattr(provider.batch(), name)()
    else:
        assert not hasattr(provider, "batch"), "OSS has no jobs"
    assert await provider.list_buckets()
    looked: Mapping[str, int] = running.stats.requests
    assert set(looked) <= {"ListBuckets", "GetCallerIdentity"}


async def test_a_scheduler_is_not_held_up_by_what_is_left_to_others(
    sandbox: StartSandbox, session_on: OpenSession
) -> None:
    running = await sandbox(empty=True)
    running.cloud.add_bucket("cold")
    running.cloud.put("cold", "a", size=1000, storage_class="GLACIER")
    session = await session_on(running, clock=ScaledClock(1.0, running.clock.now(), time.time()))
    sel = await session.ledger.selections.create()
    await session.selecting.under(sel, parse_location("s3://cold/"))
    await session.selecting.look(sel)
    run = await session.confirm(sel, await session.plan(sel, 2), Tier.BULK)

    async def until_next(**settings: Any) -> str:
        err = StringIO()
        output = Output(LINES, StringIO(), err, "watch")
        said = WatchSaid(timedelta(seconds=20), until_next=True)
        assert await watch(replace(session.settings, **settings), output, None, said) is ExitCode.TIMED_OUT
        return err.getvalue()

    unsent = "1 of its objects are not sent, and this session is read-only: nothing is due here"
    assert await until_next(read_only=True) == f"run {run.id}: {unsent}\n"
    assert "RestoreObject" not in running.stats.requests
    session.start_engine([run.id])
    while not running.stats.requests.get("RestoreObject"):
        await asyncio.sleep(0.01)
    assert "another process pursues it" in await until_next()
