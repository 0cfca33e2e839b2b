"""Runs through S3 Batch Operations, whole: from a plan to copies, whatever comes between."""

import asyncio
from collections import Counter
from typing import Any

import pytest

from restoretui.core.batch.jobs import BatchOptions, Place, ReportScope
from restoretui.core.errors import GuardStopped, InvalidRequest, JobNotFound, UsageError
from restoretui.core.model import State, Tier
from restoretui.ledger.batches.assignment import assign
from restoretui.ledger.batches.batch_jobs import BatchJobs
from restoretui.ledger.batches.records import Phase
from restoretui.sandbox import RunningSandbox
from restoretui.sandbox.s3control.job_board import JobBoard
from restoretui.sandbox.s3control.roles import BATCH_ROLE_ARN
from restoretui.sandbox.state.restore import expiry
from tests.engine.agreeing import clone_job, confirm_job, retry, retry_jobs
from tests.engine.batch.confirming import OPTIONS, confirmed, counts, jobs, until
from tests.engine.clock_control import turn
from tests.engine.conftest import OpenSession
from tests.narrowing import a, there

ROLES = "arn:aws:iam::123456789012:role/"


async def test_one_job_for_two_classes_and_one_for_tiering(running: RunningSandbox, session_on: OpenSession) -> None:
    for number in range(5):
        running.cloud.put(
            "cold", f"t/{number}", size=1, storage_class="INTELLIGENT_TIERING", archive_status="ARCHIVE_ACCESS"
        )
    running.cloud.restore("cold", "d/000", days=3)
    running.cloud.put("cold", "online", size=1)
    session = await session_on(running)
    run_id = await confirmed(session)
    assert await counts(session, run_id) == {State.PLANNED: 64, State.RESTORING: 1, State.SKIPPED: 1}
    assert [(batch.objects, batch.days) for batch in session.batch.ours(run_id)] == [(59, 3), (5, None)]
    found = await until(session, run_id, State.AVAILABLE, State.SKIPPED, step=120)
    assert found == {State.AVAILABLE: 65, State.SKIPPED: 1}
    assert {job.status for job in await jobs(session)} == {"Complete"}
    assert len(await jobs(session)) == 2
    assert running.stats.requests["RestoreObject"] == 0
    assert {batch.report for batch in session.batch.ours(run_id)} == {"read"}
    assert "cold/restoretui/manifests" in (await session.batch.job(session.batch.ours(run_id)[0].job_id)).manifest


async def test_standard_copies_of_a_job_are_seen_before_direct_ones_could_come(
    running: RunningSandbox, session_on: OpenSession
) -> None:
    session = await session_on(running)
    run_id = await confirmed(session, "s3://cold/g/")
    session.start_engine()
    began = session.clock.now()

    async def first() -> bool:
        return State.AVAILABLE in await counts(session, run_id)

    await turn(session.clock, first, step=20)
    assert (session.clock.now() - began).total_seconds() < 3 * 3600


@pytest.mark.parametrize("direct", [True, False])
async def test_failed_tasks_are_told_from_the_report_and_retried(
    running: RunningSandbox, session_on: OpenSession, direct: bool
) -> None:
    running.faults.set([{"kind": "task-failure", "chance": 0.2, "status": 503, "code": "SlowDown"}], 0)
    session = await session_on(running)
    run_id = await confirmed(session)
    after = await until(session, run_id, State.REQUESTED, State.RESTORING, State.AVAILABLE, State.FAILED)
    failed = after[State.FAILED]
    assert 0 < failed < 60
    view = await session.run_views.job_view(run_id)
    rows = [row for row in view.rows(0, 100) if row.state is State.FAILED]
    assert {row.code for row in rows} == {"SlowDown"}
    assert all("SlowDown" in row.reason and "Status Code: 503" in row.message for row in rows)
    await view.aclose()
    if direct:
        assert await retry(session, run_id) == failed
    else:
        assert await retry_jobs(session, run_id, OPTIONS) == failed
    assert await until(session, run_id, State.AVAILABLE, step=600) == {State.AVAILABLE: 60}
    assert len(await jobs(session)) == (1 if direct else 2)
    assert running.stats.requests["RestoreObject"] == (failed if direct else 0)


@pytest.mark.parametrize("generated", [False, True])
@pytest.mark.parametrize("step", ["uploaded", "creating", "created", "observed"])
async def test_killed_at_any_step_makes_one_job(
    running: RunningSandbox, session_on: OpenSession, monkeypatch: pytest.MonkeyPatch, step: str, generated: bool
) -> None:
    session = await session_on(running)
    run_id = await confirmed(session, "s3://cold/g/", BatchOptions(BATCH_ROLE_ARN, generated=generated))
    reached = asyncio.Event()
    original = getattr(BatchJobs, step)

    async def stuck(self: BatchJobs, *args: Any, **kwargs: Any) -> None:
        if step == "creating":
            await original(self, *args, **kwargs)
        reached.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(BatchJobs, step, stuck)
    session.start_engine()
    await turn(session.clock, reached.is_set, step=5)
    await session.aclose()
    monkeypatch.setattr(BatchJobs, step, original)
    again = await session_on(running)
    assert await until(again, run_id, State.AVAILABLE, step=120) == {State.AVAILABLE: 30}
    assert len(await jobs(again)) == 1
    statuses = Counter(status for asked in running.control.restores("cold") for status in asked["statuses"])
    assert statuses == {202: 30}


async def test_a_lost_answer_to_create_job_makes_one_job(running: RunningSandbox, session_on: OpenSession) -> None:
    running.faults.set([{"kind": "drop", "when": "after", "operations": ["CreateJob"], "times": 2}], 0)
    session = await session_on(running)
    run_id = await confirmed(session, "s3://cold/g/")
    await until(session, run_id, State.AVAILABLE, step=120)
    assert len(await jobs(session)) == 1


async def test_a_held_job_waits_for_its_person(running: RunningSandbox, session_on: OpenSession) -> None:
    session = await session_on(running)
    run_id = await confirmed(session, "s3://cold/g/", BatchOptions(BATCH_ROLE_ARN, hold=True, description="mine"))
    session.start_engine()

    def suspended() -> bool:
        return session.batch.ours(run_id)[0].status == "Suspended"

    await turn(session.clock, suspended, step=20)
    batch = session.batch.ours(run_id)[0]
    info = await session.batch.job(batch.job_id)
    assert info.description.startswith("mine [rt:")
    await session.batch.priority(batch.job_id, 99)
    assert (await session.batch.job(batch.job_id)).priority == 99 == session.batch.ours(run_id)[0].options.priority
    clone = await clone_job(session, batch.job_id)
    assert clone != batch.job_id
    assert (await session.batch.job(clone)).description == "mine"
    assert await confirm_job(session, batch.job_id) == "Ready"
    await until(session, run_id, State.AVAILABLE, step=120)


@pytest.mark.parametrize("when", ["before", "suspended"])
async def test_cancelled_jobs_cancel_their_objects(
    running: RunningSandbox, session_on: OpenSession, when: str
) -> None:
    session = await session_on(running)
    run_id = await confirmed(session, "s3://cold/g/", BatchOptions(BATCH_ROLE_ARN, hold=True))
    if when == "suspended":
        session.start_engine()
        await turn(session.clock, lambda: session.batch.ours(run_id)[0].status == "Suspended", step=20)
    await session.cancel(run_id)
    assert await until(session, run_id, State.CANCELLED) == {State.CANCELLED: 30}
    assert not running.control.restores("cold")


async def test_a_job_cancelled_halfway_tells_what_it_asked_for(
    running: RunningSandbox, session_on: OpenSession
) -> None:
    for number in range(30, 3000):
        running.cloud.put("cold", f"g/{number:03d} ü", size=1, storage_class="GLACIER")
    session = await session_on(running)
    run_id = await confirmed(session, "s3://cold/g/")
    session.start_engine()

    def begun() -> bool:
        running.cloud.now()
        return any(job.done for job in a(JobBoard, running.cloud.background).jobs.values())

    await turn(session.clock, begun, step=0.5)
    await session.batch.cancel(session.batch.ours(run_id)[0].job_id)
    after = await until(session, run_id, State.AVAILABLE, State.CANCELLED, step=60)
    asked = len(running.control.restores("cold"))
    assert after == {State.AVAILABLE: asked, State.CANCELLED: 3000 - asked}
    assert 0 < asked < 3000


@pytest.mark.parametrize(
    ("role", "word"),
    [("batch-without-trust", "assume"), ("batch-without-manifest", "manifest"), ("nobody", "iam:PassRole")],
)
async def test_a_role_that_does_not_do_fails_the_objects_with_its_reason(
    running: RunningSandbox, session_on: OpenSession, role: str, word: str
) -> None:
    running.faults.set([{"kind": "error", "operations": ["GetRole"], "status": 403, "code": "AccessDenied"}], 0)
    session = await session_on(running)
    run_id = await confirmed(session, "s3://cold/g/", BatchOptions(ROLES + role))
    assert await until(session, run_id, State.FAILED) == {State.FAILED: 30}
    assert word in session.batch.ours(run_id)[0].problem
    view = await session.run_views.job_view(run_id)
    assert word in view.rows(0, 1)[0].reason
    await view.aclose()
    assert await retry_jobs(session, run_id, OPTIONS) == 30
    assert await until(session, run_id, State.AVAILABLE, step=120) == {State.AVAILABLE: 30}


async def test_a_job_of_which_every_task_failed_is_settled_also_after_a_crash(
    running: RunningSandbox, session_on: OpenSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = await session_on(running)
    run_id = await confirmed(session, "s3://cold/g/", BatchOptions(ROLES + "batch-without-restore"))
    reached, original = asyncio.Event(), BatchJobs.settle

    async def stuck(self: BatchJobs, *args: Any, **kwargs: Any) -> None:
        reached.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(BatchJobs, "settle", stuck)
    session.start_engine()
    await turn(session.clock, reached.is_set, step=5)
    assert await counts(session, run_id) == {State.FAILED: 30}
    await session.aclose()
    monkeypatch.setattr(BatchJobs, "settle", original)
    again = await session_on(running)
    again.start_engine()
    await turn(again.clock, lambda: again.batch.ours(run_id)[0].is_settled, step=5)
    view = await again.run_views.job_view(run_id)
    assert {row.code for row in view.rows(0, 30)} == {"AccessDenied"}
    await view.aclose()


async def test_no_report_leaves_it_to_looking(running: RunningSandbox, session_on: OpenSession) -> None:
    running.faults.set([{"kind": "task-failure", "chance": 0.2}], 0)
    session = await session_on(running)
    run_id = await confirmed(session, "s3://cold/g/", BatchOptions(BATCH_ROLE_ARN, scope=ReportScope.NONE))
    after = await until(session, run_id, State.AVAILABLE, State.FAILED, step=120)
    assert after[State.FAILED] > 0
    assert after[State.AVAILABLE] + after[State.FAILED] == 30


async def test_a_report_that_could_not_be_written_is_said_and_objects_are_looked_at(
    running: RunningSandbox, session_on: OpenSession
) -> None:
    running.faults.set([{"kind": "task-failure", "chance": 0.2}], 0)
    session = await session_on(running)
    run_id = await confirmed(session, "s3://cold/g/", BatchOptions(ROLES + "batch-without-report"))
    after = await until(session, run_id, State.AVAILABLE, State.FAILED, step=120)
    assert after[State.FAILED] > 0
    batch = session.batch.ours(run_id)[0]
    assert batch.report == "missing"
    assert "no completion report" in batch.problem


async def test_a_vanished_job_leaves_it_to_looking(running: RunningSandbox, session_on: OpenSession) -> None:
    session = await session_on(running)
    run_id = await confirmed(session, "s3://cold/g/")
    session.start_engine()
    await turn(session.clock, lambda: session.batch.ours(run_id)[0].phase is Phase.CREATED, step=1)
    await session.aclose()
    await running.advance(130 * 86400)
    again = await session_on(running)
    with pytest.raises(JobNotFound):
        await again.batch.job(again.batch.ours(run_id)[0].job_id)
    after = await until(again, run_id, State.FAILED, State.EXPIRED, State.CANCELLED, step=60)
    assert sum(after.values()) == 30
    assert again.batch.ours(run_id)[0].status == "Vanished"


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (BatchOptions(BATCH_ROLE_ARN, manifest=Place("nowhere", "m")), "manifest's bucket 'nowhere' does not exist"),
        (BatchOptions(BATCH_ROLE_ARN, report=Place("nowhere", "r")), "report's bucket 'nowhere' does not exist"),
        (BatchOptions("arn:aws:iam::999999999999:role/x"), "belongs to account 999999999999"),
        (BatchOptions(ROLES + "batch-without-trust"), "does not trust S3 Batch Operations"),
        (BatchOptions(ROLES + "path/nobody"), "no role 'nobody'"),
    ],
)
async def test_what_can_be_told_before_is_told_before_anything_is_written(
    running: RunningSandbox, session_on: OpenSession, options: BatchOptions, word: str
) -> None:
    session = await session_on(running)
    with pytest.raises(InvalidRequest, match=word) as caught:
        await confirmed(session, "s3://cold/g/", options)
    assert caught.value.hint
    assert await session.ledger.runs.list() == []
    assert running.stats.requests["PutObject"] == running.stats.requests["CreateJob"] == 0


@pytest.mark.parametrize("trouble", [{"kind": "error", "status": 403, "code": "AccessDenied"}, {"kind": "drop"}])
async def test_a_role_that_nobody_may_look_at_is_no_obstacle(
    running: RunningSandbox, session_on: OpenSession, trouble: dict[str, Any]
) -> None:
    running.faults.set([{**trouble, "operations": ["GetRole"]}], 0)
    session = await session_on(running)
    assert "could not be checked" in await session.batch.check(OPTIONS, ["cold"])
    run_id = await confirmed(session, "s3://cold/g/")
    assert await until(session, run_id, State.AVAILABLE, step=120) == {State.AVAILABLE: 30}


async def test_what_changed_since_it_was_confirmed_fails_before_anything_is_written(
    running: RunningSandbox, session_on: OpenSession
) -> None:
    running.cloud.add_bucket("manifests")
    session = await session_on(running)
    run_id = await confirmed(session, "s3://cold/g/", BatchOptions(BATCH_ROLE_ARN, manifest=Place("manifests", "m")))
    await session.aclose()
    del running.cloud.buckets["manifests"]
    again = await session_on(running)
    await until(again, run_id, State.FAILED)
    assert "'manifests' does not exist" in again.batch.ours(run_id)[0].problem
    assert running.stats.requests["PutObject"] == running.stats.requests["CreateJob"] == 0


async def test_a_retry_by_a_job_leaves_out_what_restores_already(
    running: RunningSandbox, session_on: OpenSession
) -> None:
    running.faults.set([{"kind": "task-failure", "chance": 0.2}], 0)
    session = await session_on(running)
    run_id = await confirmed(session, "s3://cold/g/")
    after = await until(session, run_id, State.REQUESTED, State.RESTORING, State.AVAILABLE, State.FAILED)
    assert await retry_jobs(session, run_id, OPTIONS) == after[State.FAILED]
    assert session.batch.ours(run_id)[-1].objects == after[State.FAILED]
    assert await retry_jobs(session, run_id, OPTIONS) == 0


@pytest.mark.parametrize("own", [True, False], ids=["the job's days", "those of the request before"])
async def test_a_copy_that_is_there_has_the_days_of_the_job_or_is_said_to_fall_short(
    running: RunningSandbox, session_on: OpenSession, monkeypatch: pytest.MonkeyPatch, own: bool
) -> None:
    """Pages of AWS disagree whose days it gets (FACTS 2.5, TRUTH 27): what is seen counts, not what was asked for."""
    running.cloud.restore("cold", "g/000 ü", days=1, tier=Tier.EXPEDITED)
    await running.advance(3600)
    if not own:
        monkeypatch.setattr("restoretui.sandbox.state.cloud.expiry", lambda now, days: expiry(now, 1))
    session = await session_on(running)
    run_id = await confirmed(session, "s3://cold/g/000 ü", days=12)
    assert await until(session, run_id, State.AVAILABLE, step=120) == {State.AVAILABLE: 1}
    (row,) = (await session.run_views.job_view(run_id)).rows(0, 1)
    assert row.expiry == there(running.cloud.restore_of("cold", "g/000 ü")).until
    short = await session.ledger.runs.shortfall(await session.ledger.runs.get(run_id))
    assert (short.copies, short.earliest) == ((0, None) if own else (1, row.expiry))


async def test_clean_up_takes_what_we_wrote_and_nothing_else(
    running: RunningSandbox, session_on: OpenSession
) -> None:
    session = await session_on(running)
    run_id = await confirmed(session, "s3://cold/g/")
    await until(session, run_id, State.AVAILABLE, step=120)
    running.cloud.put("cold", "restoretui/manifests/somebody-elses.csv", b"x")
    before = len(running.cloud.buckets["cold"].table)
    (batch,) = session.batch.ours(run_id)
    assert await session.batch.clean(batch) == 4  # The manifest; the report's manifest, its sum, and one result.
    assert len(running.cloud.buckets["cold"].table) == before - 4
    assert running.cloud.state("cold", "restoretui/manifests/somebody-elses.csv") is State.ONLINE
    assert session.batch.ours(run_id)[0].cleaned_at is not None


async def test_guards(running: RunningSandbox, session_on: OpenSession) -> None:
    session = await session_on(running)
    with pytest.raises(GuardStopped):  # Expedited is refused, so nothing is left to send.
        await confirmed(session, tier=Tier.EXPEDITED)
    with pytest.raises(UsageError, match="role"):
        session.batch.options()
    run_id = await confirmed(session, "s3://cold/g/", BatchOptions(BATCH_ROLE_ARN, hold=True))
    await session.aclose()
    watching = await session_on(running, read_only=True)
    for refused in (watching.batch.cancel("x"), retry_jobs(watching, run_id, OPTIONS), retry(watching, run_id)):
        with pytest.raises(GuardStopped):
            await refused


async def test_a_run_of_more_than_a_job_may_have_is_split(
    running: RunningSandbox, session_on: OpenSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assign, "__defaults__", (25,))
    session = await session_on(running)
    run_id = await confirmed(session)
    assert [batch.objects for batch in session.batch.ours(run_id)] == [25, 25, 10]
    assert await until(session, run_id, State.AVAILABLE, step=600) == {State.AVAILABLE: 60}
    assert sum(batch.size_bytes for batch in session.batch.ours(run_id)) == 600
    assert len(await jobs(session)) == 3
