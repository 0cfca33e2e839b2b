"""Objects named by key: each is looked at once, marked in bulk, and held to what was asked for."""

from collections.abc import Sequence
from typing import Any

import pytest
from msgspec.structs import replace

from restoretui.core.clock import EPOCH
from restoretui.core.errors import CloudError
from restoretui.core.filter.parser import parse_filter
from restoretui.core.filter.tree import OneOf, in_states
from restoretui.core.location import Location, parse_location
from restoretui.core.model import ObjectRef, State, Tier
from restoretui.ledger.records import Query
from restoretui.ledger.selections.selections import Selections
from restoretui.ledger.views.fact_sql import TIER_KEPT_S
from restoretui.sandbox import RunningSandbox
from restoretui.session import selecting
from restoretui.session.selecting import LOOKS_BATCH
from restoretui.session.session import Session
from tests.conftest import StartSandbox
from tests.engine.conftest import OpenSession


@pytest.fixture
async def running(sandbox: StartSandbox) -> RunningSandbox:
    served = await sandbox(empty=True)
    for bucket in ("cold", "old"):
        served.cloud.add_bucket(bucket, versioning=bucket == "old")
    for number in range(600):
        served.cloud.put("cold", f"g/{number:04d}", size=10, storage_class="GLACIER" if number % 2 else "STANDARD")
    return served


class Missing(list[str]):
    """Keys that could not be seen."""

    def __call__(self, ref: ObjectRef, _error: CloudError) -> None:
        self.append(ref.key)


async def named(session: Session, refs: Sequence[ObjectRef], query: Query, **more: Any) -> tuple[int, int, Missing]:
    """How many were marked, how many left out, and what is missing."""
    sel, missing = await session.ledger.selections.create(), Missing()
    left_out = await session.selecting.named(sel, refs, query, missing, **more)
    return (await session.ledger.selections.summary(sel)).objects, left_out, missing


async def test_many_keys_are_marked_in_few_steps(
    running: RunningSandbox, session_on: OpenSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selecting, "DENSE", 10_000)  # as where nothing may be listed
    session = await session_on(running)
    adds: list[int] = []
    add = Selections.add_observed

    async def counted(self: Selections, sel: int, cloud: Any, bucket: str, looks: Any) -> Any:
        adds.append(len(looks))
        return await add(self, sel, cloud, bucket, looks)

    monkeypatch.setattr(Selections, "add_observed", counted)
    refs = [ObjectRef("cold", f"g/{number:04d}") for number in range(600)] * 2
    marked, left_out, missing = await named(session, refs, Query())
    assert (marked, left_out, missing) == (600, 0, [])
    assert adds == [LOOKS_BATCH, 600 - LOOKS_BATCH], "one step a batch: each recounts what is marked"
    assert running.stats.requests["HeadObject"] == 600, "what is named twice is looked at once"


async def test_keys_that_lie_dense_are_looked_at_by_the_page(
    running: RunningSandbox, session_on: OpenSession
) -> None:
    session = await session_on(running)
    running.cloud.put("cold", "g/0100", size=10, storage_class="INTELLIGENT_TIERING")
    refs = [ObjectRef("cold", f"g/{number:04d}") for number in range(0, 620, 2)] * 2
    sel, missing = await session.ledger.selections.create(), Missing()
    assert await session.selecting.named(sel, refs, Query(), missing) == 0
    assert missing == [f"g/{number:04d}" for number in range(600, 620, 2)]
    assert running.stats.requests["ListObjectsV2"] == 1
    assert running.stats.requests["HeadObject"] == 11, "what is not shown, and what a page cannot tell"
    by_page = await session.ledger.selections.facts(sel)
    one_by_one = await session.ledger.selections.create()
    for ref in dict.fromkeys(refs[:300]):
        await session.selecting.keys(one_by_one, [ref])
    by_head = await session.ledger.selections.facts(one_by_one)
    looked = [replace(group.facts, looked=True) for groups in by_page.values() for group in groups]
    assert sorted(map(repr, looked)) == sorted(repr(group.facts) for groups in by_head.values() for group in groups)


async def test_what_the_texts_leave_out_is_not_looked_at_and_states_and_classes_hold(
    running: RunningSandbox, session_on: OpenSession
) -> None:
    session = await session_on(running)
    refs = [ObjectRef("cold", f"g/{number:04d}") for number in range(20)] + [ObjectRef("cold", "no/such")]
    assert await named(session, refs, Query(parse_filter("*5 | 000[12]")), prefix="g/") == (4, 17, [])
    assert running.stats.requests["HeadObject"] == 4
    assert await named(session, refs, Query(parse_filter("0001 | such"))) == (1, 19, ["no/such"])
    assert await named(session, refs, Query(OneOf("class", ("GLACIER",)))) == (10, 10, ["no/such"])
    assert await named(session, refs, Query(in_states(State.ONLINE))) == (10, 10, ["no/such"])
    both = Query(parse_filter("state:archived class=STANDARD"))
    assert await named(session, refs, both) == (0, 20, ["no/such"])


async def test_our_own_intents_count_as_states_as_they_do_in_a_listing(
    running: RunningSandbox, session_on: OpenSession
) -> None:
    session = await session_on(running)
    sel = await session.ledger.selections.create()
    await session.selecting.keys(sel, [ObjectRef("cold", "g/0001")])
    await session.confirm(sel, await session.plan(sel, 1), Tier.BULK)
    refs = [ObjectRef("cold", "g/0001"), ObjectRef("cold", "g/0003")]
    assert await named(session, refs, Query(in_states(State.PLANNED))) == (1, 1, [])
    assert await named(session, refs, Query(in_states(State.ARCHIVED))) == (1, 1, [])


async def test_every_version_of_named_keys_and_of_no_other(running: RunningSandbox, session_on: OpenSession) -> None:
    session = await session_on(running)
    for key in ("a", "a", "a", "a/b", "ab"):
        running.cloud.put("old", key, size=10, storage_class="GLACIER")
    refs = [ObjectRef("old", "a"), ObjectRef("old", "none")]
    assert await named(session, refs, Query(), versions=True) == (3, 0, ["none"])
    assert await named(session, refs, Query(OneOf("class", ("DEEP_ARCHIVE",))), versions=True) == (
        0, 3, ["none"],
    )  # fmt: skip


async def test_a_listing_of_one_key_holds_no_other_that_begins_so(
    running: RunningSandbox, session_on: OpenSession
) -> None:
    session = await session_on(running)
    for key in ("a", "a/", "a/b", "ab", "a"):
        running.cloud.put("old", key, size=10, storage_class="GLACIER")
    for text, objects, versions in (
        ("s3://old/a", 1, False),
        ("s3://old/a", 2, True),
        ("s3://old/a/?versionId=", 1, False),
        ("s3://old/nothing", 0, False),
    ):
        listing = await session.open_listing(parse_location(text), recursive=True, versions=versions, refresh=True)
        assert (await session.listed(listing)).objects == objects, text
    sel = await session.ledger.selections.create()
    await session.selecting.under(sel, Location("s3", "old", key="a"), versions=True, refresh=True)
    assert (await session.ledger.selections.summary(sel)).objects == 2


async def test_an_old_look_at_a_tier_does_not_stand_for_a_new_one(
    sandbox: StartSandbox, session_on: OpenSession
) -> None:
    running = await sandbox(empty=True)
    running.cloud.add_bucket("cold")
    tiered: dict[str, Any] = {"size": 10, "storage_class": "INTELLIGENT_TIERING", "modified": EPOCH}
    running.cloud.put("cold", "a", **tiered)
    session = await session_on(running)

    async def requests() -> int:
        sel = await session.ledger.selections.create()
        await session.selecting.under(sel, parse_location("s3://cold"), refresh=True)
        await session.selecting.look(sel)
        return (await session.plan(sel, 1)).tiers[Tier.STANDARD].requests

    heads = running.stats.requests.get("HeadObject", 0)
    assert [await requests(), await requests()] == [0, 0]
    assert running.stats.requests["HeadObject"] == heads + 1
    await session.clock.advance(TIER_KEPT_S + 60)  # type: ignore[attr-defined]
    running.cloud.put("cold", "a", archive_status="ARCHIVE_ACCESS", **tiered)
    assert await requests() == 1
