"""Listings that name no storage class: what is archived is found out by looking, and never taken for STANDARD."""

from typing import Any

import pytest

from restoretui.core.filter.parser import parse_filter
from restoretui.core.location import parse_location
from restoretui.core.model import State, Tier
from restoretui.core.plan.tier_plan import PlanLine
from restoretui.ledger.marks.doubts import Doubt
from restoretui.ledger.records import Query
from restoretui.sandbox import RunningSandbox
from restoretui.session.session import Session
from tests.conftest import StartSandbox
from tests.engine.clock_control import TurnedClock, turn
from tests.engine.conftest import OpenSession
from tests.engine.test_pursuit import settled

KEYS = 40


def quirk(running: RunningSandbox, *names: str) -> None:
    running.faults.set([{"kind": "quirk", "name": name} for name in names], running.cloud.now())


async def store(sandbox: StartSandbox, *classes: str, **more: Any) -> RunningSandbox:
    """One bucket, of objects in these classes by turns."""
    running = await sandbox(empty=True, **more)
    running.cloud.add_bucket("cold")
    for number in range(KEYS):
        running.cloud.put("cold", f"g/{number:04d}", size=10, storage_class=classes[number % len(classes)])
    return running


async def planned(session: Session, **more: Any) -> tuple[dict[str, int], list[PlanLine], int]:
    """Objects by what would be done with them at the standard tier, the lines, and how many could not be seen."""
    sel = await session.ledger.selections.create()
    await session.selecting.under(sel, parse_location("s3://cold/g/"), refresh=True, **more)
    unseen = await session.selecting.look(sel)
    lines = (await session.plan(sel, 3)).tiers[Tier.STANDARD].lines
    found: dict[str, int] = {}
    for line in lines:
        found[line.verdict.action] = found.get(line.verdict.action, 0) + line.group.objects
    return found, list(lines), unseen


async def test_an_archived_object_without_a_class_is_found(sandbox: StartSandbox, session_on: OpenSession) -> None:
    running = await store(sandbox, "GLACIER", "STANDARD")
    quirk(running, "no-class")
    session = await session_on(running)
    listing = await session.listed(
        await session.open_listing(parse_location("s3://cold/g/"), recursive=True, refresh=True)
    )
    view = await session.ledger.catalog.browse(listing.id)
    await view.wait()
    assert {(row.state, row.storage_class) for row in view.rows(0, KEYS)} == {(State.UNKNOWN, "")}
    await view.aclose()
    found, _, unseen = await planned(session)
    assert (found, unseen) == ({"start": KEYS // 2, "nothing to do": KEYS // 2}, 0)
    assert running.stats.requests["HeadObject"] == KEYS, "where no class is named at all, only a look at each tells"


@pytest.mark.parametrize("versions", [False, True])
async def test_a_store_that_leaves_out_standard_alone_is_known_by_a_few(
    sandbox: StartSandbox, session_on: OpenSession, *, versions: bool
) -> None:
    running = await store(sandbox, "GLACIER", "STANDARD", "STANDARD", "STANDARD")
    quirk(running, "no-class-standard")
    session = await session_on(running)
    found, _, unseen = await planned(session, versions=versions)
    assert (found, unseen) == ({"start": KEYS // 4, "nothing to do": KEYS * 3 // 4}, 0)
    # Archived ones are looked at besides: this listing told of no restore so far.
    assert running.stats.requests["HeadObject"] == 16 + KEYS // 4
    listing = await session.listed(
        await session.open_listing(parse_location("s3://cold/g/"), recursive=True, refresh=True)
    )
    view = await session.ledger.catalog.browse(listing.id)
    await view.wait()
    assert {row.storage_class for row in view.rows(0, KEYS)} == {"GLACIER", "STANDARD"}, "it is kept"
    await view.aclose()


async def test_one_archived_among_the_few_has_each_looked_at(sandbox: StartSandbox, session_on: OpenSession) -> None:
    running = await store(sandbox, "GLACIER", "DEEP_ARCHIVE")
    quirk(running, "no-class")
    running.cloud.put("cold", "g/named", size=10, storage_class="STANDARD")
    session = await session_on(running)
    found, _, _ = await planned(session)
    assert found == {"start": KEYS, "nothing to do": 1}


async def test_what_may_not_be_looked_at_is_left_out_and_said(sandbox: StartSandbox, session_on: OpenSession) -> None:
    running = await store(sandbox, "GLACIER")
    deny = {"kind": "error", "status": 403, "code": "AccessDenied", "operations": ["HeadObject"]}
    running.faults.set([{"kind": "quirk", "name": "no-class"}, deny], running.cloud.now())
    session = await session_on(running)
    found, lines, unseen = await planned(session)
    assert (found, unseen) == ({"look first": KEYS}, KEYS)
    assert "its listing does not say its storage class" in lines[0].verdict.reason


@pytest.mark.parametrize("words", ["class:glacier", "state:archived"])
async def test_a_filter_by_class_or_state_misses_nothing_there(
    sandbox: StartSandbox, session_on: OpenSession, words: str
) -> None:
    running = await store(sandbox, "GLACIER", "STANDARD")
    quirk(running, "no-class")
    session = await session_on(running)
    found, _, _ = await planned(session, query=Query(parse_filter(words)))
    assert found == {"start": KEYS // 2}


async def test_a_restore_there_is_watched_to_its_end(sandbox: StartSandbox, session_on: OpenSession) -> None:
    running = await store(sandbox, "GLACIER", clock=TurnedClock())
    quirk(running, "no-class")
    session = await session_on(running)
    sel = await session.ledger.selections.create()
    await session.selecting.under(sel, parse_location("s3://cold/g/"), refresh=True)
    await session.selecting.look(sel)
    plan = await session.plan(sel, 3)
    run = await session.confirm(sel, plan, Tier.EXPEDITED)
    session.start_engine()
    await turn(running.clock, lambda: settled(session, run))
    assert (await session.ledger.runs.get(run.id)).counts == {State.AVAILABLE: KEYS}
    # And again: nothing is sent that would shorten a copy.
    found, _, _ = await planned(session)
    assert found == {"nothing to do": KEYS}


async def test_the_vendor_is_asked_nothing_more(sandbox: StartSandbox, session_on: OpenSession) -> None:
    running = await store(sandbox, "GLACIER", "STANDARD")
    session = await session_on(running)
    sel = await session.ledger.selections.create()
    await session.selecting.under(sel, parse_location("s3://cold/g/"), refresh=True)
    assert not await session.ledger.selections.unlooked(sel, session.clouds["s3"].ledger_cloud, 9, Doubt.CLASS)
    await session.selecting.look(sel)
    assert running.stats.requests["HeadObject"] == 0
