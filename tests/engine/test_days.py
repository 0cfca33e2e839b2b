"""Days asked for are got, copies are looked at again, and nothing ends sooner unless somebody says so (FACTS 1.5)."""

import pytest

from restoretui.core.location import parse_location
from restoretui.core.model import ObjectRef, State, Tier
from restoretui.core.rules.verdicts import Action, Purpose
from restoretui.sandbox import RunningSandbox
from restoretui.session.session import Session
from tests.conftest import StartSandbox
from tests.engine.clock_control import TurnedClock, turn
from tests.engine.conftest import OpenSession
from tests.engine.test_pursuit import asked, choose, fill, sent, settled
from tests.narrowing import there

LATE = [{"kind": "days-from-completion"}]
UNTOLD = [{"kind": "quirk", "name": "no-restore-details"}]


def ends(running: RunningSandbox, key: str) -> float:
    return there(running.cloud.restore_of("cold", key)).until


@pytest.mark.parametrize("faults", [[], LATE, UNTOLD], ids=["from request", "from completion", "days untold"])
async def test_what_restores_with_fewer_days_is_extended_on_arrival(
    sandbox: StartSandbox, session_on: OpenSession, faults: list[dict[str, str]]
) -> None:
    running = await sandbox(empty=True, clock=TurnedClock())
    await fill(running, ["theirs"])
    running.faults.set(faults, running.cloud.now())
    running.cloud.restore("cold", "theirs", days=1, tier=Tier.STANDARD)
    session = await session_on(running)
    plan = await session.plan(await choose(session, "s3://cold"), 30)
    chosen = plan.tiers[Tier.STANDARD]
    assert (chosen.counts, chosen.later, chosen.requests) == ({Action.LATER: 1}, 1, 1)
    assert chosen.cost.retrieval == 0
    assert chosen.cost.requests > 0, "the extension is in the price"
    run = await session.confirm(await choose(session, "s3://cold"), plan, Tier.STANDARD)
    session.start_engine()
    await turn(running.clock, lambda: settled(session, run))
    assert ends(running, "theirs") >= plan.expiry.timestamp()
    assert asked(running) == {"theirs": 2}
    (row,) = (await session.run_views.job_view(run.id)).rows(0, 1)
    assert (row.state, row.action, row.days, row.expiry) == (
        State.AVAILABLE, Action.EXTEND, 30, int(ends(running, "theirs")),
    )  # fmt: skip
    assert (await session.ledger.runs.shortfall(await session.ledger.runs.get(run.id))).copies == 0


async def test_a_copy_that_arrives_long_enough_is_left_alone(sandbox: StartSandbox, session_on: OpenSession) -> None:
    running = await sandbox(empty=True, clock=TurnedClock())
    await fill(running, ["theirs"])
    running.faults.set(UNTOLD, running.cloud.now())
    running.cloud.restore("cold", "theirs", days=90)
    session = await session_on(running)
    sel = await choose(session, "s3://cold")
    run = await session.confirm(sel, await session.plan(sel, 30), Tier.STANDARD)
    session.start_engine()
    await turn(running.clock, lambda: settled(session, run))
    assert asked(running) == {"theirs": 1}


async def test_a_server_that_counts_days_exactly_keeps_its_word_and_is_not_asked_twice(
    sandbox: StartSandbox, session_on: OpenSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An endpoint that nobody named, whose copies end so many days after the request, as moto's do (FACTS 5)."""
    for module in ("restore", "cloud"):
        monkeypatch.setattr(f"restoretui.sandbox.state.{module}.expiry", lambda start, days: start + days * 86_400)
    running = await sandbox(empty=True, clock=TurnedClock())
    await fill(running, ["k"])
    session = await session_on(running)
    sel = await choose(session, "s3://cold")
    run = await session.confirm(sel, await session.plan(sel, 3), Tier.EXPEDITED)
    session.start_engine()
    await turn(running.clock, lambda: settled(session, run))
    assert ends(running, "k") % 86_400, "no midnight"
    assert (await session.ledger.runs.shortfall(await session.ledger.runs.get(run.id))).copies == 0
    again = await session.plan(await choose(session, "s3://cold"), 3)
    assert again.tiers[Tier.EXPEDITED].counts == {Action.NOTHING: 1}
    longer = await session.plan(await choose(session, "s3://cold"), 4)
    assert longer.tiers[Tier.EXPEDITED].counts == {Action.EXTEND: 1}


@pytest.mark.parametrize("days", [3, 1])
async def test_who_says_the_same_once_more_after_midnight_does_not_ask_for_a_day_more(
    sandbox: StartSandbox, session_on: OpenSession, days: int
) -> None:
    """Days are counted from a midnight: of a copy that lacks less than one, nobody asked for another."""
    running = await sandbox(empty=True, clock=TurnedClock())
    await fill(running, ["k"])
    session = await session_on(running)

    async def planned(wanted: int, purpose: Purpose = Purpose.RESTORE) -> dict[Action, int]:
        sel = await choose(session, "s3://cold")
        return dict((await session.plan(sel, wanted, purpose)).tiers[Tier.EXPEDITED].counts)

    sel = await choose(session, "s3://cold")
    run = await session.confirm(sel, await session.plan(sel, days), Tier.EXPEDITED)
    session.start_engine()
    await turn(running.clock, lambda: settled(session, run))
    await session.stop()  # Days go by without it.
    asked_at = running.clock.now().timestamp()
    end = ends(running, "k")
    assert await planned(days) == {Action.NOTHING: 1}
    await running.advance(end - days * 86_400 + 3600 - asked_at)
    assert running.clock.now().timestamp() + days * 86_400 > end, "the copy lacks something by now"
    assert await planned(days) == {Action.NOTHING: 1}
    assert await planned(days, Purpose.EXTEND) == {Action.EXTEND: 1}, "who asks for more gets it"
    assert await planned(days + 1) == {Action.EXTEND: 1}, "other days are not the same once more"
    lacks = min(24, days * 12)
    await running.advance((lacks - 2) * 3600)
    assert await planned(days) == {Action.NOTHING: 1}
    await running.advance(2 * 3600)
    assert await planned(days) == {Action.EXTEND: 1}, "it would last less than asked by more than that"


async def test_a_store_that_cuts_days_is_said_to_fall_short(sandbox: StartSandbox, session_on: OpenSession) -> None:
    running = await sandbox(empty=True, clock=TurnedClock(), scenario="store-noobaa")
    await fill(running, ["k"])
    session = await session_on(running, store="cutting", stores={"cutting": {"classes": ["GLACIER"]}})
    sel = await choose(session, "s3://cold")
    run = await session.confirm(sel, await session.plan(sel, 40), Tier.STANDARD)
    session.start_engine()
    await turn(running.clock, lambda: settled(session, run))
    short = await session.ledger.runs.shortfall(await session.ledger.runs.get(run.id))
    assert (short.copies, short.earliest) == (1, int(ends(running, "k")))
    assert asked(running) == {"k": 1}, "asking again would not help"


async def test_a_speed_up_of_somebody_elses_restore_repeats_its_days(
    sandbox: StartSandbox, session_on: OpenSession
) -> None:
    running = await sandbox(empty=True, clock=TurnedClock())
    await fill(running, ["theirs"])
    running.cloud.restore("cold", "theirs", days=4, tier=Tier.BULK)
    session = await session_on(running)
    sel = await choose(session, "s3://cold")
    plan = await session.plan(sel, 7, Purpose.UPGRADE)
    run = await session.confirm(sel, plan, Tier.STANDARD)
    session.start_engine()
    await turn(running.clock, lambda: sent(session, run), step=1.0)
    restore = there(running.cloud.restore_of("cold", "theirs"))
    assert (restore.tier, restore.days) == (Tier.STANDARD, 4)
    (row,) = (await session.run_views.job_view(run.id)).rows(0, 1)
    assert (row.tier, row.days) == (Tier.STANDARD, 4)


async def test_a_refused_speed_up_is_said_to_be_refused(sandbox: StartSandbox, session_on: OpenSession) -> None:
    running = await sandbox(empty=True, clock=TurnedClock())
    await fill(running, ["theirs"])
    running.faults.set(UNTOLD, running.cloud.now())
    running.cloud.restore("cold", "theirs", days=4, tier=Tier.BULK)
    session = await session_on(running)
    sel = await choose(session, "s3://cold")
    run = await session.confirm(sel, await session.plan(sel, 7, Purpose.UPGRADE), Tier.STANDARD)
    session.start_engine()
    await turn(running.clock, lambda: sent(session, run), step=1.0)
    (row,) = (await session.run_views.job_view(run.id)).rows(0, 1)
    assert (row.state, row.tier, row.days, row.adopted) == (State.RESTORING, None, None, True)
    assert row.reason.startswith("not sped up")
    after = await session.ledger.runs.get(run.id)
    assert (await session.ledger.runs.shortfall(after)).not_sped_up == 1
    assert after.first_requested_at is None, "nobody knows when it was asked for"


async def test_a_foreign_restore_gets_its_tier_days_and_date(sandbox: StartSandbox, session_on: OpenSession) -> None:
    running = await sandbox(empty=True, clock=TurnedClock())
    await fill(running, ["theirs"])
    running.cloud.restore("cold", "theirs", days=5, tier=Tier.BULK)
    asked_at = there(running.cloud.restore_of("cold", "theirs")).asked
    await running.advance(7200)
    session = await session_on(running)
    sel = await choose(session, "s3://cold")
    run = await session.confirm(sel, await session.plan(sel, 5), Tier.BULK)
    (row,) = (await session.run_views.job_view(run.id)).rows(0, 1)
    assert (row.tier, row.days) == (Tier.BULK, 5)
    assert there(row.requested_at) == pytest.approx(asked_at, abs=1)


@pytest.mark.parametrize("shorten", [False, True])
async def test_only_who_asks_for_it_gets_a_shorter_copy(
    sandbox: StartSandbox, session_on: OpenSession, shorten: bool
) -> None:
    running = await sandbox(empty=True, clock=TurnedClock())
    await fill(running, ["k"])
    running.cloud.restore("cold", "k", days=30, tier=Tier.EXPEDITED)
    await running.advance(3600)
    before = ends(running, "k")
    session = await session_on(running)
    sel = await choose(session, "s3://cold")
    for purpose in (Purpose.RESTORE, Purpose.EXTEND):
        plan = await session.plan(sel, 2, purpose)
        assert plan.tiers[Tier.BULK].requests == 0, "not by the way"
    if not shorten:
        return
    plan = await session.plan(sel, 2, shorten=True)
    assert plan.tiers[Tier.BULK].counts == {Action.SHORTEN: 1}
    run = await session.confirm(sel, plan, Tier.BULK)
    session.start_engine()
    await turn(running.clock, lambda: settled(session, run))
    assert ends(running, "k") == plan.expiry.timestamp() < before


@pytest.mark.parametrize("store", ["", "scaleway", "ovhcloud"])
async def test_where_listings_tell_nothing_no_copy_is_shortened(
    sandbox: StartSandbox, session_on: OpenSession, store: str
) -> None:
    running = await sandbox(empty=True, clock=TurnedClock(), scenario=f"store-{store}" if store else None)
    if not store:
        running.faults.set([{"kind": "quirk", "name": "no-restore-status"}], running.cloud.now())
    await fill(running, ["ours", "theirs"])
    session = await session_on(running, **({"store": store} if store else {}))
    sel = await session.ledger.selections.create()
    await session.selecting.keys(sel, [ObjectRef("cold", "ours")])
    run = await session.confirm(sel, await session.plan(sel, 9), Tier.STANDARD)
    running.cloud.restore("cold", "theirs", days=9)
    session.start_engine()
    await turn(running.clock, lambda: settled(session, run))
    await turn(running.clock, lambda: running.cloud.state("cold", "theirs") is State.AVAILABLE)
    both = ends(running, "ours"), ends(running, "theirs")
    assert (await session.ledger.runs.get(run.id)).counts[State.AVAILABLE] == 1
    shown = await _listed(session)
    assert shown["ours"] is State.AVAILABLE, "our own ledger knows"
    plan = await session.plan(await choose(session, "s3://cold"), 2)
    assert plan.tiers[Tier.STANDARD].requests == 0
    assert (ends(running, "ours"), ends(running, "theirs")) == both


async def test_each_object_is_looked_at_where_listings_may_tell_nothing_before_it_is_asked_for(
    sandbox: StartSandbox, session_on: OpenSession
) -> None:
    running = await sandbox(empty=True, clock=TurnedClock())
    running.faults.set([{"kind": "quirk", "name": "no-restore-status"}], running.cloud.now())
    await fill(running, [f"k{number:03d}" for number in range(400)])
    running.cloud.restore("cold", "k390", days=30, tier=Tier.EXPEDITED)
    await running.advance(3600)
    session = await session_on(running)
    sel = await session.ledger.selections.create()
    await session.selecting.under(sel, parse_location("s3://cold"))
    before = (await session.plan(sel, 2)).tiers[Tier.BULK]
    assert before.counts == {Action.LOOK: 400}, "unseen, none is asked for"
    assert await session.selecting.look(sel) == 0
    plan = await session.plan(sel, 2)
    assert plan.tiers[Tier.BULK].counts == {Action.START: 399, Action.NOTHING: 1}
    assert running.stats.requests["HeadObject"] == 400
    # A listing that tells nothing takes nothing back, but may be newer than a copy: it is looked at again.
    deny = {"kind": "error", "operations": ["HeadObject"], "status": 403, "code": "AccessDenied", "prefix": "k000"}
    running.faults.set([{"kind": "quirk", "name": "no-restore-status"}, deny], running.cloud.now())
    await running.advance(60)
    sel = await session.ledger.selections.create()
    await session.selecting.under(sel, parse_location("s3://cold"), refresh=True)
    assert await session.selecting.look(sel) == 1
    plan = await session.plan(sel, 2)
    assert plan.tiers[Tier.BULK].counts == {Action.START: 398, Action.NOTHING: 1, Action.LOOK: 1}


async def test_what_no_head_can_tell_of_is_asked_for_as_it_is_listed(
    sandbox: StartSandbox, session_on: OpenSession
) -> None:
    """As objects are that are encrypted by a key of their owner's: every HEAD without it is a bad request."""
    running = await sandbox(empty=True, clock=TurnedClock())
    bad = {"kind": "error", "operations": ["HeadObject"], "status": 400, "code": "InvalidRequest"}
    running.faults.set([{"kind": "quirk", "name": "no-restore-status"}, bad], running.cloud.now())
    await fill(running, ["sealed"])
    session = await session_on(running)
    sel = await session.ledger.selections.create()
    await session.selecting.under(sel, parse_location("s3://cold"))
    assert await session.selecting.look(sel) == 0
    assert (await session.plan(sel, 2)).tiers[Tier.BULK].counts == {Action.START: 1}


async def _listed(session: Session) -> dict[str, State]:
    listing = await session.open_listing(parse_location("s3://cold"), recursive=True, refresh=True)
    await session.listed(listing)
    view = await session.ledger.catalog.browse(listing.id)
    return {row.ref.key: row.state for row in view.rows(0, 10)}


async def test_copies_are_looked_at_again_twice_a_day(sandbox: StartSandbox, session_on: OpenSession) -> None:
    running = await sandbox(empty=True, clock=TurnedClock())
    await fill(running, ["deleted", "kept", "overwritten"])
    session = await session_on(running)
    sel = await choose(session, "s3://cold")
    run = await session.confirm(sel, await session.plan(sel, 30), Tier.EXPEDITED)
    session.start_engine()
    await turn(running.clock, lambda: settled(session, run))
    running.cloud.delete("cold", "deleted")
    running.cloud.put("cold", "overwritten", b"new")
    began = running.cloud.now()

    async def seen() -> bool:
        return (await session.ledger.runs.get(run.id)).counts.get(State.EXPIRED) == 2

    await turn(running.clock, seen, step=1800.0)
    # AVAILABLE_LONGEST is 12 h; on a busy machine the clock is turned on while the look is under way.
    assert running.cloud.now() - began <= 20 * 3600
    await session.aclose()
    again = await session_on(running)
    running.cloud.delete("cold", "kept")
    await again.look_now(await again.ledger.runs.get(run.id))
    assert (await again.ledger.runs.get(run.id)).counts.get(State.EXPIRED) == 3, "status looks at what is done, too"
