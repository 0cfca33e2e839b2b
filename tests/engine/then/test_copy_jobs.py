"""Many objects are copied by a job of S3 Batch Operations, once all can be read; what it leaves, one by one."""

from decimal import Decimal

import pytest

from restoretui.core.errors import UsageError
from restoretui.core.model import State, Tier
from restoretui.core.then.parts import GIB
from restoretui.core.then.said import read_steps, role_of, words_of
from restoretui.core.then.steps import ThenStep
from restoretui.ledger.records import Query
from restoretui.sandbox.s3control.job_board import JobBoard
from restoretui.sandbox.s3control.roles import BATCH_ROLE_ARN
from restoretui.tui.batch.job_facts import batch_facts
from restoretui.tui.job_row import BatchRow
from tests.conftest import StartSandbox
from tests.engine.clock_control import TurnedClock
from tests.engine.conftest import OpenSession
from tests.engine.test_pursuit import choose
from tests.engine.then.doing import GLACIER, done, finished, planned, sent, tasks
from tests.narrowing import a


async def test_a_job_copies_all_at_once_and_what_is_too_large_goes_in_parts(
    sandbox: StartSandbox, session_on: OpenSession
) -> None:
    running = await sandbox(empty=True, clock=TurnedClock())
    bucket = running.cloud.add_bucket("cold")
    for number in range(20):
        running.cloud.put("cold", f"k {number}&ü", body=b"%d" % number, **GLACIER)
    running.cloud.put("cold", "film", size=6 * GIB, **GLACIER)
    running.faults.set(
        [{"kind": "drop", "when": "after", "operations": ["CreateJob"], "times": 1}], running.cloud.now()
    )
    session = await session_on(running, batch_role_arn=BATCH_ROLE_ARN)
    sel = await choose(session, "s3://cold")
    bare = await session.plan(sel, 30)
    direct = await session.then.planned(bare, read_steps(["copy"]))
    plan = await session.then.planned(bare, read_steps(["copy"], copy_engine="batch"))
    fee = plan.tiers[Tier.BULK].cost.total - direct.tiers[Tier.BULK].cost.total
    assert fee == Decimal("0.25") + Decimal("0.000021")
    run = await done(session, ["copy"], copy_engine="batch")
    (copies,) = run.then
    assert (copies.done, copies.failed) == (21, 0), await tasks(session, run)
    assert set(bucket.copied.values()) == {1}
    keys = [row.key for row in bucket.rows() if not row.key.startswith("restoretui/")]
    assert {running.cloud.state("cold", key) for key in keys} == {State.ONLINE}
    requests = sent(running)
    assert requests.get("CopyObject", 0) == 0
    assert requests["CompleteMultipartUpload"] == 1
    (ours,) = session.ledger.batches.peek_all()
    assert (ours.run_id, ours.status, ours.total, ours.succeeded) == (run.id, "Complete", 20, 20)
    assert ours.is_settled
    (shown,) = [info async for page in session.batch.jobs("us-east-1") for info in page]
    assert (shown.job_id, shown.operation) == (ours.job_id, "S3PutObjectCopy")
    told = "\n".join(line.plain for line in batch_facts(BatchRow(1, ours, shown), {}, session.clock.now()))
    assert "20 of 20 copied" in told
    assert "copied into STANDARD, in place" in told
    assert words_of([copies.step]) == ["--then", "copy", "--copy-engine", "batch"]
    assert role_of([copies.step]) == BATCH_ROLE_ARN
    assert ThenStep.from_mapping(copies.step.kind, "", copies.step.to_mapping()) == copies.step


async def test_what_a_job_does_not_copy_is_copied_one_by_one(sandbox: StartSandbox, session_on: OpenSession) -> None:
    running = await sandbox(empty=True, clock=TurnedClock())
    for name in ("cold", "warm"):
        running.cloud.add_bucket(name)
    for key in ("a", "b", "c"):
        running.cloud.put("cold", key, body=key.encode(), **GLACIER)
    role = BATCH_ROLE_ARN.replace("restoretui-batch", "batch-without-restore")
    session = await session_on(running, batch_role_arn=role)
    run = await done(session, ["copy:s3://warm"], copy_engine="batch")
    assert run.then[0].done == 3, await tasks(session, run)
    assert running.cloud.bucket("warm").copied == {"a": 1, "b": 1, "c": 1}
    (ours,) = session.ledger.batches.peek_all()
    assert (ours.succeeded, ours.failed) == (0, 3)


async def test_what_no_job_can_copy_is_said_before_anything_is_planned(
    sandbox: StartSandbox, session_on: OpenSession
) -> None:
    running = await sandbox(empty=True, clock=TurnedClock())
    for name in ("cold", "warm"):
        running.cloud.add_bucket(name)
    running.cloud.add_bucket("far", region="eu-central-1")
    running.cloud.put("cold", "a", body=b"a", **GLACIER)
    session = await session_on(running)
    with pytest.raises(UsageError, match="needs a role to act as"):
        await planned(session, ["copy"], copy_engine="batch")
    session = await session_on(running, batch_role_arn=BATCH_ROLE_ARN, state_dir=session.settings.state_dir / "b")
    with pytest.raises(UsageError, match="bucket of the same Region here"):
        await planned(session, ["copy:s3://far"], copy_engine="batch")
    with pytest.raises(UsageError, match="takes no such prefix"):
        await planned(session, ["copy:s3://warm//"], copy_engine="batch")
    with pytest.raises(UsageError, match="is not a role's ARN"):
        await planned(session, ["copy"], copy_engine="batch", copy_role="nonsense")
    with pytest.raises(UsageError, match="--copy-engine is about --then copy"):
        read_steps(["exec:true"], copy_engine="batch")


@pytest.mark.parametrize("joined_by", ["/", ""], ids=["as AWS says now", "as AWS said before"])
async def test_jobs_copy_from_several_buckets_below_a_prefix_and_what_comes_to_lie_elsewhere_is_seen_by_one(
    sandbox: StartSandbox, session_on: OpenSession, joined_by: str
) -> None:
    running = await sandbox(empty=True, clock=TurnedClock())
    a(JobBoard, running.cloud.background).joined_by = joined_by
    for name in ("cold", "colder", "warm"):
        running.cloud.add_bucket(name)
    for bucket in ("cold", "colder"):
        for number in range(4):
            # Sizes without a body have ETags of uploads in parts, which a copy does not keep.
            running.cloud.put(bucket, f"k/{number}", size=1000 + number, **GLACIER)
    session = await session_on(running)
    steps = read_steps(["copy:s3://warm/back/"], copy_engine="batch", copy_role=BATCH_ROLE_ARN)
    sel = await choose(session, "s3://cold", "s3://colder")
    plan = await session.then.planned(await session.plan(sel, 30), steps)
    assert [remark for remark in await session.then.remarks(plan) if "tries it with one object first" in remark]
    direct = await session.then.planned(await session.plan(sel, 30), read_steps(["copy:s3://warm/back/"]))
    fee = plan.tiers[Tier.BULK].cost.total - direct.tiers[Tier.BULK].cost.total
    assert fee == Decimal("0.75") + Decimal("0.000008"), "two buckets, and the job that tries"
    run = await session.confirm(sel, plan, Tier.BULK)
    session.start_engine()
    run = await finished(session, run)
    assert run.then[0].done == 8, await tasks(session, run)
    keys = {f"back/{bucket}/k/{number}" for bucket in ("cold", "colder") for number in range(4)}
    copied, jobs = running.cloud.bucket("warm").copied, session.ledger.batches.peek_all()
    if joined_by:
        assert copied == dict.fromkeys(keys, 1), "nothing was copied twice, and nothing beside it"
        assert sorted(job.objects for job in jobs) == [1, 3, 4]
        assert sent(running).get("CopyObject", 0) == 0
        told = "\n".join(line.plain for line in batch_facts(BatchRow(1, jobs[-1], None), {}, session.clock.now()))
        assert "copied into STANDARD, to s3://warm/back/cold/, one alone" in told
    else:
        assert copied == dict.fromkeys({*keys, "back/coldk/0"}, 1), "one lies elsewhere, and all where they belong"
        assert [job.objects for job in jobs] == [1]
        view = await session.ledger.activity.view(Query())
        await view.wait()
        assert any("no copy lies where it belongs" in entry.text for entry in view.rows(0, 200))
        await view.aclose()
