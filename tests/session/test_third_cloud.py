"""A further cloud is its table, registered, and its provider, found by scheme: nothing else has to know of it."""

import sys
from datetime import datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from restoretui.config.settings import Settings
from restoretui.core.clock import Clock
from restoretui.core.errors import BucketNotFound, ObjectNotFound, Unsupported
from restoretui.core.location import parse_location
from restoretui.core.model import (
    Bucket,
    Entry,
    Identity,
    ObjectDetail,
    ObjectRef,
    Page,
    RestoreRequest,
    RestoreStatus,
    State,
    Tier,
)
from restoretui.core.provider import Answer, Capabilities, Connection, Limits, MfaPrompter, Outcome
from restoretui.core.rules.clouds import CLOUDS
from restoretui.core.rules.kind import CloudKind
from restoretui.core.rules.rules import ArchiveRule, CloudRules, hours
from restoretui.session.session import Session, open_session
from tests.engine.clock_control import TurnedClock, turn

TOY = CloudKind(
    CloudRules(
        scheme="toy",
        archives={"FROZEN": ArchiveRule("FROZEN", {Tier.STANDARD: hours(2, 4)}, max_days=30)},
        online_classes=frozenset({"WARM"}),
        expiry_at_midnight=False,
    ),
    name="Toy",
    restore_permission="toy:Thaw",
)
TAKES = timedelta(hours=3)
PRICES = """
[[table]]
scheme = "toy"
regions = ["here"]
date = "2026-09-26"
copy_per_gib_month = 0.02

[table.retrieval.FROZEN]
standard = { per_gib = 0.01, per_1000 = 0.05 }
"""
KEYS = [f"films/{number:03}" for number in range(30)]


class ToyProvider:
    """A cloud of one bucket, in memory."""

    scheme = "toy"
    capabilities = Capabilities(max_rate=1000.0)

    def __init__(self, connection: Connection, clock: Clock) -> None:
        self.connection = connection
        self.sent: list[str] = []
        self._clock = clock
        self._ready: dict[str, datetime] = {}
        self._ends: dict[str, datetime] = {}

    async def identity(self) -> Identity:
        return Identity(account="toys", arn="", profile="", region="here")

    async def list_buckets(self) -> list[Bucket]:
        return [Bucket("box", "here")]

    async def bucket_region(self, bucket: str) -> str:
        if bucket != "box":
            raise BucketNotFound(f"there is no bucket {bucket!r}")
        return "here"

    async def list_page(
        self,
        bucket: str,
        prefix: str = "",
        *,
        delimiter: str = "",
        start_after: str = "",
        token: str | None = None,
        versions: bool = False,
        max_keys: int = 1000,
    ) -> Page:
        assert not versions
        if delimiter:
            return Page([], ["films/"], None)
        begin = token or start_after
        keys = [key for key in KEYS if key.startswith(prefix) and key > begin]
        entries = []
        for key in keys[:10]:
            seen = self._status(key)
            expiry = int(seen.expiry.timestamp()) if seen and seen.expiry else None
            entries.append(Entry(key, None, 1000, 0, "FROZEN", seen.in_progress if seen else None, expiry))
        return Page(entries, [], keys[9] if len(keys) > 10 else None)

    async def head_object(self, ref: ObjectRef) -> ObjectDetail:
        if ref.key not in KEYS:
            raise ObjectNotFound("it is not there")
        return ObjectDetail(ref, 1000, None, "FROZEN", self._status(ref.key))

    async def restore_object(self, ref: ObjectRef, request: RestoreRequest, storage_class: str) -> Answer:
        self.sent.append(ref.key)
        self._ready[ref.key] = self._clock.now() + TAKES
        self._ends[ref.key] = self._clock.now() + timedelta(days=request.days)
        return Answer(Outcome.ACCEPTED, 202)

    async def clean_restored_object(self, ref: ObjectRef) -> bool:
        raise Unsupported("toys are not frozen early")

    async def readable_archives(self, bucket: str) -> frozenset[str]:
        return frozenset()

    async def aclose(self) -> None:
        return None

    def _status(self, key: str) -> RestoreStatus | None:
        if key not in self._ready:
            return None
        now = self._clock.now()
        if now < self._ready[key]:
            return RestoreStatus(in_progress=True)
        return RestoreStatus(in_progress=False, expiry=self._ends[key]) if now < self._ends[key] else None


Opened = list[ToyProvider]


@pytest.fixture
def toys(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Opened:
    """The cloud is known, and here are its providers once they are opened."""
    opened: Opened = []

    async def open_provider(
        connection: Connection,
        limits: Limits | None = None,
        clock: Clock | None = None,
        mfa: MfaPrompter | None = None,
    ) -> ToyProvider:
        assert clock is not None
        assert limits is not None
        opened.append(ToyProvider(connection, clock))
        return opened[-1]

    (tmp_path / "prices.toml").write_text(PRICES)
    module = ModuleType(TOY.provider)
    module.open_provider = open_provider  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, TOY.provider, module)
    monkeypatch.setitem(CLOUDS, "toy", TOY)
    return opened


async def test_a_cloud_that_is_registered_is_listed_planned_restored_and_watched(
    toys: Opened, state_dir: Path, tmp_path: Path
) -> None:
    clock = TurnedClock()
    async with open_session(Settings(state_dir=state_dir, config_dir=tmp_path, clock=clock)) as session:
        assert [bucket.name for bucket in await session.buckets("toy")] == ["box"]
        sel = await chosen(session, "toy://box/films/")
        plan = await session.plan(sel, 3)
        assert (plan.scheme, plan.tiers[Tier.STANDARD].requests) == ("toy", len(KEYS))
        assert plan.tiers[Tier.BULK].requests == 0, "its table knows no such tier"
        run = await session.confirm(sel, plan, Tier.STANDARD)
        assert run.connection["scheme"] == "toy"
        session.start_engine()

        async def counts(state: State) -> bool:
            return (await session.ledger.runs.get(run.id)).counts.get(state) == len(KEYS)

        await turn(clock, lambda: counts(State.AVAILABLE))
        await turn(clock, lambda: counts(State.EXPIRED), step=6 * 3600)
        (provider,) = toys
        assert sorted(provider.sent) == KEYS, "each once"


async def test_a_run_of_it_goes_on_after_a_restart_through_its_own_connection(
    toys: Opened, state_dir: Path, tmp_path: Path
) -> None:
    clock = TurnedClock()
    settings = Settings(state_dir=state_dir, config_dir=tmp_path, clock=clock)
    async with open_session(settings) as session:
        sel = await chosen(session, "toy://box")
        run = await session.confirm(sel, await session.plan(sel, 3), Tier.STANDARD)
    async with open_session(settings) as again:
        again.start_engine()

        async def done() -> bool:
            return (await again.ledger.runs.get(run.id)).counts.get(State.AVAILABLE) == len(KEYS)

        await turn(clock, done)
    assert [len(provider.sent) for provider in toys] == [0, len(KEYS)]
    assert {provider.connection.scheme for provider in toys} == {"toy"}


async def test_a_read_only_session_sends_nothing_to_it(toys: Opened, state_dir: Path, tmp_path: Path) -> None:
    async with open_session(
        Settings(state_dir=state_dir, config_dir=tmp_path, clock=TurnedClock(), read_only=True)
    ) as session:
        provider: Any = await session.provider("toy")
        with pytest.raises(Exception, match="read-only"):
            await provider.restore_object(ObjectRef("box", KEYS[0]), RestoreRequest(1, Tier.STANDARD), "FROZEN")
        assert toys[0].sent == []


def test_it_is_shown_where_it_is_meant(toys: Opened, state_dir: Path) -> None:
    settings = Settings(state_dir=state_dir)
    assert settings.shown_clouds("toy") == ["s3", "toy"]
    assert settings.shown_clouds("s3") == ["s3"]
    assert settings.connection_to("toy") == Connection("toy")
    assert not settings.is_production
    assert parse_location("toy://box/films/001").key == "films/001"


async def chosen(session: Session, text: str) -> int:
    sel = await session.ledger.selections.create()
    await session.selecting.under(sel, parse_location(text))
    return sel
