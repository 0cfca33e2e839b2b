"""Manifests that S3 generates: they name just what was planned, or nothing runs without a person."""

import pytest

from restoretui.core.batch.jobs import BatchOptions
from restoretui.core.errors import UsageError
from restoretui.core.model import ObjectRef, State, Tier
from restoretui.sandbox import RunningSandbox
from restoretui.sandbox.s3control.roles import BATCH_ROLE_ARN
from tests.engine.agreeing import clone_job, confirm_job, retry_jobs
from tests.engine.batch.confirming import confirmed, until
from tests.engine.clock_control import turn
from tests.engine.conftest import OpenSession

ROLES = "arn:aws:iam::123456789012:role/"
GENERATED = BatchOptions(BATCH_ROLE_ARN, generated=True)


async def test_a_manifest_that_s3_generates_takes_a_run_to_its_copies(
    running: RunningSandbox, session_on: OpenSession
) -> None:
    running.faults.set([{"kind": "task-failure", "chance": 0.2}], 0)
    running.cloud.put("cold", "g/online", size=1)
    session = await session_on(running)
    run_id = await confirmed(session, "s3://cold/g/", GENERATED)
    (batch,) = session.batch.ours(run_id)
    assert batch.generator == ("cold", "g/", ("GLACIER",))
    after = await until(session, run_id, State.AVAILABLE, State.FAILED, State.SKIPPED, step=120)
    assert after[State.SKIPPED] == 1
    assert after[State.FAILED] > 0
    assert after[State.AVAILABLE] + after[State.FAILED] == 30
    (batch,) = session.batch.ours(run_id)
    assert (batch.total, batch.failed, batch.report) == (30, after[State.FAILED], "read")
    job = await session.batch.job(batch.job_id)
    assert (job.generated, job.manifest) == (batch.generator, "")
    # Of a clone nothing must come but what the job itself would do.
    clone = await session.batch.job(await clone_job(session, batch.job_id))
    assert clone.generated == batch.generator
    assert await session.batch.clean(batch) == 4  # The report: its manifest, the sum of that, and two results.
    # What failed is no longer a whole prefix, so that its manifest is written.
    assert await retry_jobs(session, run_id, GENERATED) == after[State.FAILED]
    assert session.batch.ours(run_id)[-1].generator is None


@pytest.mark.parametrize("by_person", ["confirm", "cancel"])
async def test_a_generated_manifest_that_names_others_waits_for_a_person(
    running: RunningSandbox, session_on: OpenSession, by_person: str
) -> None:
    session = await session_on(running)
    run_id = await confirmed(session, "s3://cold/g/", GENERATED)
    running.cloud.put("cold", "g/new", size=10, storage_class="GLACIER")
    session.start_engine()
    await turn(session.clock, lambda: bool(session.batch.ours(run_id)[0].problem), step=20)
    (batch,) = session.batch.ours(run_id)
    assert (batch.status, batch.confirmed_at) == ("Suspended", None)
    assert "31 objects where 30 were planned" in batch.problem
    await running.advance(3600)
    assert (await session.batch.job(batch.job_id)).status == "Suspended"
    offer = await session.spending.offer_job(batch.job_id)
    assert (offer.objects, offer.unpriced) == (31, 1), "who confirms is told what was not planned"
    await (confirm_job(session, batch.job_id) if by_person == "confirm" else session.batch.cancel(batch.job_id))
    ends = {"confirm": State.AVAILABLE, "cancel": State.CANCELLED}
    assert await until(session, run_id, ends[by_person], step=120) == {ends[by_person]: 30}


async def test_a_generated_manifest_is_refused_where_it_would_name_others(
    running: RunningSandbox, session_on: OpenSession
) -> None:
    running.cloud.restore("cold", "g/003 ü", days=3)
    session = await session_on(running)
    with pytest.raises(UsageError, match="not to be asked for: 1 more of class GLACIER") as caught:
        await confirmed(session, "s3://cold/g/", GENERATED)
    assert "--manifest written" in caught.value.hint
    assert await session.ledger.runs.list() == []
    # Below another prefix all is as it was listed; two prefixes at once are one above both.
    assert await confirmed(session, "s3://cold/d/", GENERATED)


async def test_a_generated_manifest_takes_the_narrowest_prefix_that_names_just_these(
    running: RunningSandbox, session_on: OpenSession
) -> None:
    running.cloud.put("cold", "g1/a", size=10, storage_class="GLACIER")
    session = await session_on(running)
    run_id = await confirmed(session, "s3://cold", GENERATED)
    assert [batch.generator for batch in session.batch.ours(run_id)] == [("cold", "", ("DEEP_ARCHIVE", "GLACIER"))]
    found = await until(session, run_id, State.AVAILABLE, step=120)
    assert found == {State.AVAILABLE: 61}


async def test_a_generated_manifest_needs_a_whole_listing(running: RunningSandbox, session_on: OpenSession) -> None:
    session = await session_on(running)
    sel = await session.ledger.selections.create()
    await session.selecting.keys(sel, [ObjectRef("cold", "g/000 ü"), ObjectRef("cold", "g/001 ü")])
    plan = session.batch.plan(await session.plan(sel, 3))
    with pytest.raises(UsageError, match="was not listed as a whole"):
        await session.confirm(sel, plan, Tier.BULK, batch=GENERATED)
