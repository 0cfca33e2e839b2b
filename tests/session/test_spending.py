"""Nothing is spent around the one choke point, and nothing through it that a guard holds or nobody agreed to."""

import ast
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import restoretui
from restoretui.core.batch.jobs import BatchOptions
from restoretui.core.errors import GuardStopped
from restoretui.core.location import parse_location
from restoretui.core.model import ObjectRef, State, Tier
from restoretui.core.plan.money import DOLLARS, Amount
from restoretui.core.plan.offers import Act, Consent, Offer, offer_of
from restoretui.core.plan.pricing import ZERO
from restoretui.engine.traffic import rate_limiter
from restoretui.engine.traffic.rate_limiter import RateLimiter
from restoretui.ledger.batches.records import BatchJob
from restoretui.sandbox import RunningSandbox
from restoretui.sandbox.s3control.roles import BATCH_ROLE_ARN
from restoretui.session.session import Session
from tests.conftest import StartSandbox
from tests.engine.clock_control import TurnedClock, turn
from tests.engine.conftest import OpenSession
from tests.engine.then.doing import done
from tests.session.test_read_only import SENDING, SENDING_JOBS, SENDING_OF_SOME

PACKAGE = Path(restoretui.__file__).parent

# --- who may call what ---------------------------------------------------------------------------------------------

CHOKE_POINT = "session.spending"
RECORDS = {
    "runs.confirm",
    "batches.confirm",
    "batches.confirm_gathered",
    "batches.retry",
    "batches.decide",
    "runs.reset_failed",
    "then.try_again",
}
"""What writes an intent down in the ledger, which the engine then pursues."""
MAY_CALL = {
    "runs.confirm": {CHOKE_POINT},
    "batches.confirm": {CHOKE_POINT},
    "batches.confirm_gathered": {CHOKE_POINT},
    "batches.retry": {CHOKE_POINT},
    "batches.decide": {CHOKE_POINT, "session.batch.operations"},  # What that does is to cancel.
    "runs.reset_failed": {CHOKE_POINT},
    "then.try_again": {CHOKE_POINT},
    "clone_job": {CHOKE_POINT},
    "confirm_job": {CHOKE_POINT, "engine.batch.pursuit"},
    "clean_restored_object": {"engine.cleaner"},
    "remove_marker": {"engine.undeleter"},
    # Of the second, looks alone; the third hands on what the first asks for.
    "contents": {"engine.then", "session.then.checks", "engine.traffic.by_account"},
    "restore_object": {"engine.submitter"},
    "create_job": {"engine.batch.pursuit"},
    "upload_manifest": {"engine.batch.pursuit"},
    "cancel_job": {"session.batch.operations", "engine.batch.pursuit"},
    "set_priority": {"session.batch.operations"},
    "delete_written": {"session.batch.operations"},
    "delete_object": {"session.batch.operations"},
    "put_queue_policy": {"session.events.setup"},
    "put_notification": {"session.events.setup"},
}
"""The engine sends what was recorded; cancelling, priorities and our own files cost nothing."""
MAKES = {"Cleaner": {CHOKE_POINT}, "Undeleter": {CHOKE_POINT}, "Consent": {CHOKE_POINT}}
"""Classes by which something would be ended, or count as agreed to."""
SELF = {"providers", "sandbox", "core", "ledger"}
"""Where the methods themselves are."""


def calls() -> list[tuple[str, str, str]]:
    """Every method named anywhere: the module, what it is a method of, and its name."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        module = ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Attribute):
                of = node.value.attr if isinstance(node.value, ast.Attribute) else getattr(node.value, "id", "")
                found.append((module, of, node.attr))
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                found.append((module, "", node.func.id))
    return found


def test_every_way_to_send_is_known_here() -> None:
    sending = SENDING | SENDING_OF_SOME | SENDING_JOBS | {"put_queue_policy", "put_notification"}
    assert {name for name in MAY_CALL if "." not in name} == sending
    assert {name for name in MAY_CALL if "." in name} == RECORDS


def test_nothing_goes_around_the_choke_point() -> None:
    seen = set()
    for module, of, name in calls():
        if module.partition(".")[0] in SELF:
            continue
        for known in (name, f"{of}.{name}"):
            if known in MAY_CALL and of not in ("self", "job_acts", "spending", "capabilities"):
                seen.add(known)
                assert MAY_CALL[known] & {module, module.rpartition(".")[0]}, (
                    f"{module} calls {known}: let it go through restoretui.session.spending"
                )
        if name in MAKES and not of:
            seen.add(name)
            assert module in MAKES[name], f"{module} makes a {name}"
    assert seen == set(MAY_CALL) | set(MAKES), "what is called nowhere needs no rule"


# --- what holds ----------------------------------------------------------------------------------------------------

OPTIONS = BatchOptions(BATCH_ROLE_ARN)


@pytest.fixture
async def running(sandbox: StartSandbox) -> RunningSandbox:
    """Twenty archived objects, a quarter of whose tasks fail in jobs."""
    served = await sandbox(empty=True, clock=TurnedClock())
    served.cloud.add_bucket("cold")
    for number in range(20):
        served.cloud.put("cold", f"g/{number:03d}", size=10 << 30, storage_class="GLACIER")
    served.cloud.add_bucket("kept")
    served.cloud.put("kept", "g", size=10 << 30, storage_class="GLACIER")
    served.cloud.add_bucket("films", scheme="oss", region="cn-hangzhou")
    return served


async def chosen(session: Session) -> int:
    sel = await session.ledger.selections.create()
    await session.selecting.under(sel, parse_location("s3://cold"), refresh=True)
    return sel


async def with_failures(running: RunningSandbox, session: Session) -> BatchJob:
    """A run through a job, of which some objects have failed, at rest."""
    running.faults.set([{"kind": "task-failure", "chance": 0.3}], 0)
    sel = await chosen(session)
    plan = session.batch.plan(await session.plan(sel, 3))
    run = await session.confirm(sel, plan, Tier.STANDARD, batch=OPTIONS, max_cost=Decimal(1000))
    session.start_engine()
    await turn(session.clock, lambda: session.batch.ours(run.id)[0].is_settled, step=20)
    running.faults.set([], running.cloud.now())
    return session.batch.ours(run.id)[0]


async def offers(running: RunningSandbox, session: Session, batch: BatchJob) -> dict[Act, Offer]:
    spending = session.spending
    sel = await chosen(session)
    running.faults.set([{"kind": "deny", "operations": ["CopyObject", "CreateMultipartUpload"]}], 0)
    kept = await done(session, ["copy"], "s3://kept")
    running.faults.set([], running.cloud.now())
    return {
        Act.RESTORE: offer_of(await session.plan(sel, 9), Tier.STANDARD),
        Act.RETRY: await spending.offer_retry(batch.run_id),
        Act.RETRY_JOBS: await spending.offer_retry(batch.run_id, jobs=True),
        Act.CLONE: await spending.offer_clone(batch.job_id),
        Act.CONFIRM_JOB: await spending.offer_job(batch.job_id),
        Act.CLEAN: spending.offer_clean(3, 10),
        Act.UNDELETE: spending.offer_undelete(3),
        Act.RETRY_THEN: await spending.offer_then(kept.id),
        Act.EVENTS: Offer(Act.EVENTS, "events", 1, 0, ZERO, DOLLARS),
    }


FREE = {Act.CLEAN, Act.UNDELETE, Act.EVENTS}
"""What costs nothing, and is asked all the same."""


async def test_every_act_is_held_by_every_guard(running: RunningSandbox, session_on: OpenSession) -> None:
    session = await session_on(running)
    made = await offers(running, session, await with_failures(running, session))
    assert set(made) == set(Act)
    spending = session.spending
    for act, offer in made.items():
        with pytest.raises(GuardStopped, match="not confirmed"):
            await spending.agree([offer], ask=lambda _question: False)
        asked: list[str] = []

        async def yes(question: str, asked: list[str] = asked) -> bool:
            asked.append(question)
            return True

        assert (await spending.agree([offer], ask=yes, question="Now?")).offers == (offer,)
        assert asked == ["Now?"]
        if act in FREE:
            assert not offer.cost
            continue
        assert offer.cost > 0, act
        with pytest.raises(GuardStopped, match="more than the"):
            await spending.agree([offer], limits=[Amount(offer.cost / 2)])
        with pytest.raises(GuardStopped, match="cannot be compared"):
            await spending.agree([offer], limits=[Amount(Decimal(10**6), "CNY")])
        await spending.agree([offer], limits=[Amount(offer.cost)])
        with pytest.raises(GuardStopped, match="amount that was typed"):
            await spending.agree([offer], typed=offer.cost + 1)
    await session.aclose()

    frugal = await session_on(running, budget=Decimal("0.0000001"))
    looking = await session_on(running, read_only=True)
    for act, offer in made.items():
        with pytest.raises(GuardStopped, match="read-only"):
            await looking.spending.agree([offer])
        if act not in FREE:
            assert "more than" in frugal.spending.why_not(offer)
            with pytest.raises(GuardStopped, match="more than"):
                await frugal.spending.agree([offer])
            agreed = await frugal.spending.agree([offer], typed=Decimal(f"{offer.cost:.2f}"))
            agreed.require(offer)


async def test_nothing_is_recorded_or_sent_without_consent_to_that_very_thing(
    running: RunningSandbox, session_on: OpenSession
) -> None:
    session = await session_on(running)
    batch = await with_failures(running, session)
    spending, sel = session.spending, await chosen(session)
    plan = await session.plan(sel, 9)
    before = dict(running.stats.requests), session.ledger.runs.peek_all(), session.batch.ours()
    for wrong in (Consent(()), Consent((spending.offer_clean(1, 1),))):
        deeds = [
            spending.restore(wrong, sel, plan, Tier.STANDARD),
            spending.retry(wrong, batch.run_id),
            spending.retry_jobs(wrong, batch.run_id, OPTIONS),
            spending.clone(wrong, batch.job_id),
            spending.confirm_job(wrong, batch.job_id),
        ]
        for deed in deeds:
            with pytest.raises(GuardStopped, match="not what was agreed to"):
                await deed
    with pytest.raises(GuardStopped, match="not agreed to"):
        await spending.clean(Consent((offer_of(plan, Tier.BULK),)), "oss", [ObjectRef("films", "x")], lambda _: None)
    sends = SENDING_NAMES & set(running.stats.requests)
    assert {name: running.stats.requests[name] for name in sends} == {name: before[0].get(name, 0) for name in sends}
    assert (session.ledger.runs.peek_all(), session.batch.ours()) == before[1:]


SENDING_NAMES = {"RestoreObject", "CreateJob", "UpdateJobStatus", "UpdateJobPriority", "PutObject", "DeleteObject"}


async def test_what_failed_meanwhile_is_not_retried_on_an_older_word(
    running: RunningSandbox, session_on: OpenSession
) -> None:
    session = await session_on(running)
    batch = await with_failures(running, session)
    consent = await session.spending.agree([await session.spending.offer_retry(batch.run_id)])
    failed = (await session.ledger.runs.get(batch.run_id)).counts[State.FAILED]
    assert failed > 1
    with pytest.raises(GuardStopped, match=f"but there are {failed:,} now"):
        await session.ledger.runs.reset_failed(batch.run_id, failed - 1)
    assert await session.spending.retry(consent, batch.run_id) == failed
    with pytest.raises(GuardStopped, match="not what was agreed to"):
        await session.spending.retry(consent, batch.run_id)


async def test_a_retry_costs_what_its_objects_cost_and_a_job_its_fees_more(
    running: RunningSandbox, session_on: OpenSession
) -> None:
    session = await session_on(running)
    batch = await with_failures(running, session)
    run = await session.ledger.runs.get(batch.run_id)
    failed = run.counts[State.FAILED]
    sel = await chosen(session)
    whole = (await session.plan(sel, 3)).tiers[Tier.STANDARD]
    direct = await session.spending.offer_retry(run.id)
    assert (direct.objects, direct.size_bytes) == (failed, failed * (10 << 30))
    assert whole.requests == failed, "all others are being restored"
    assert direct.cost == whole.cost.total
    jobs = await session.spending.offer_retry(run.id, jobs=True)
    assert jobs.cost - direct.cost == Decimal("0.25") + failed * Decimal("0.000001")
    whole_job = await session.spending.offer_job(batch.job_id)
    assert whole_job.objects == 20
    assert run.estimate - Decimal("0.25") == pytest.approx(whole_job.cost)
    clone = await session.spending.offer_clone(batch.job_id)
    assert clone.cost == Decimal("0.25") + 20 * Decimal("0.000001")


async def test_a_strangers_job_has_no_known_price_so_a_limit_holds_it(
    running: RunningSandbox, session_on: OpenSession
) -> None:
    session = await session_on(running)
    batch = await with_failures(running, session)
    spending = session.spending
    clone = await spending.clone(await spending.agree([await spending.offer_clone(batch.job_id)]), batch.job_id)
    for _ in range(2):  # Before and after its objects are counted.
        offer = await spending.offer_job(clone)
        assert offer.unpriced == (offer.objects or 1)
        with pytest.raises(GuardStopped, match=r"price of .* objects is unknown"):
            await spending.agree([offer], limits=[Amount(Decimal(1000))])
        with pytest.raises(GuardStopped, match="not confirmed"):
            await spending.agree([offer], ask=lambda _question: False)

        async def suspended() -> bool:
            return (await session.batch.job(clone)).status == "Suspended"

        await turn(session.clock, suspended, step=20)
    assert offer.objects == 20


async def test_runs_and_ended_copies_share_one_rate_limiter(
    running: RunningSandbox, session_on: OpenSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[RateLimiter] = []

    class Counted(RateLimiter):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            made.append(self)

    monkeypatch.setattr(rate_limiter, "RateLimiter", Counted)
    running.cloud.put("films", "cold", size=10, storage_class="ColdArchive")
    session = await session_on(running, oss_endpoint=running.url)
    sel = await session.ledger.selections.create()
    await session.selecting.under(sel, parse_location("oss://films"), refresh=True)
    run = await session.confirm(sel, await session.plan(sel, 2), Tier.EXPEDITED)
    session.start_engine()

    async def here() -> bool:
        return (await session.ledger.runs.get(run.id)).counts.get(State.AVAILABLE) == 1

    await turn(session.clock, here)
    consent = await session.spending.agree([session.spending.offer_clean(1, 10)])
    ended: list[Any] = []
    await session.spending.clean(consent, "oss", [ObjectRef("films", "cold")], ended.append)
    assert [done.ended for done in ended] == [True]
    assert len(made) == 1
