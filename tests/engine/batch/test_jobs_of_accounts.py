"""One run over two accounts through S3 Batch Operations: a job of each, with its own keys and its own role."""

from pathlib import Path

import pytest

from restoretui.config.places import Account
from restoretui.core.batch.jobs import BatchOptions
from restoretui.core.errors import InvalidRequest, UsageError
from restoretui.core.model import State, Tier
from restoretui.sandbox import RunningSandbox
from restoretui.sandbox.s3control.job_board import JobBoard
from restoretui.sandbox.s3control.roles import BATCH_ROLE_ARN
from restoretui.sandbox.state.cloud import ACCOUNT, OTHER_ACCOUNT
from restoretui.sandbox.wire.signature import OTHER_ACCESS_KEY_ID
from restoretui.session.session import Session
from tests.conftest import StartSandbox
from tests.engine.agreeing import retry_jobs
from tests.engine.batch.confirming import counts, until
from tests.engine.clock_control import TurnedClock, turn
from tests.engine.conftest import OpenSession
from tests.engine.test_pursuit import choose
from tests.narrowing import a

THEIR_ROLE = BATCH_ROLE_ARN.replace(ACCOUNT, OTHER_ACCOUNT)
BOTH = BatchOptions(f"{BATCH_ROLE_ARN},{THEIR_ROLE}")
PLACES = ("s3://theirs", "s3://ours")
FEW = 5


async def on_two_accounts(
    running: RunningSandbox, session_on: OpenSession, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> Session:
    for bucket, owner in (("theirs", OTHER_ACCOUNT), ("ours", ACCOUNT)):
        running.cloud.add_bucket(bucket, owner=owner)
        for number in range(FEW):
            running.cloud.put(bucket, f"{bucket}/{number}", size=1000, storage_class="GLACIER")
    names = {"home": OTHER_ACCESS_KEY_ID, "work": running.env["AWS_ACCESS_KEY_ID"]}
    (folder / "credentials").write_text(
        "".join(
            f"[{name}]\naws_access_key_id = {key}\naws_secret_access_key = {running.env['AWS_SECRET_ACCESS_KEY']}\n"
            for name, key in names.items()
        )
    )
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(folder / "credentials"))
    session = await session_on(running, profile="work")
    session.settings.reach_as("s3", "theirs", Account({"profile": "home"}))
    return session


async def test_each_account_has_its_job_with_its_keys_and_its_role(
    sandbox: StartSandbox, session_on: OpenSession, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    running = await sandbox(empty=True, clock=TurnedClock())
    session = await on_two_accounts(running, session_on, monkeypatch, tmp_path)
    sel = await choose(session, *PLACES)
    direct = await session.plan(sel, 3)
    plan = session.batch.plan(direct)
    assert session.batch.choose(direct, Tier.STANDARD, BATCH_ROLE_ARN).reason == (
        "direct: 2 profiles are in it, and 1 of them has a role for S3 Batch Operations"
    )
    refused = {
        BATCH_ROLE_ARN: f"the jobs on theirs are of account {OTHER_ACCOUNT} (profile home), and no role",
        f"{THEIR_ROLE},{THEIR_ROLE}x": "names two roles of one account",
    }
    for roles, why in refused.items():
        with pytest.raises((InvalidRequest, UsageError)) as error:
            await session.confirm(sel, plan, Tier.STANDARD, batch=BatchOptions(roles))
        assert why in str(error.value)
    assert not session.ledger.runs.peek_all()
    run = await session.confirm(sel, plan, Tier.STANDARD, batch=BOTH)
    profiles = tmp_path / "credentials"
    both = profiles.read_text("utf-8")
    profiles.write_text(both[both.index("[work]") :])
    await session.aclose()
    session = await session_on(running)
    session.start_engine()

    async def ours_are_asked_for() -> bool:
        return (await counts(session, run.id)) == {State.PLANNED: FEW, State.RESTORING: FEW}

    await turn(session.clock, ours_are_asked_for, step=30.0)
    assert "profile 'home' cannot be used, so what is in theirs waits" in session.health.text
    profiles.write_text(both)
    assert await until(session, run.id, State.AVAILABLE) == {State.AVAILABLE: 2 * FEW}
    made = {batch.bucket: batch for batch in session.batch.ours(run.id)}
    assert {bucket: batch.options.role_arn for bucket, batch in made.items()} == {
        "theirs": THEIR_ROLE, "ours": BATCH_ROLE_ARN,
    }  # fmt: skip
    for batch in made.values():
        assert (await session.batch.job(batch.job_id)).job_id == batch.job_id, "asked for as whose it is"
    jobs = a(JobBoard, running.cloud.background).jobs.values()
    assert {(job.order.account, job.total) for job in jobs} == {(ACCOUNT, FEW), (OTHER_ACCOUNT, FEW)}


async def test_what_failed_is_sent_again_by_jobs_of_its_account(
    sandbox: StartSandbox, session_on: OpenSession, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    running = await sandbox(empty=True, clock=TurnedClock())
    session = await on_two_accounts(running, session_on, monkeypatch, tmp_path)
    fails = {"kind": "task-failure", "status": 500, "code": "InternalError", "message": "no", "prefix": "theirs/1"}
    running.faults.set([fails], running.cloud.now())
    sel = await choose(session, *PLACES)
    run = await session.confirm(sel, session.batch.plan(await session.plan(sel, 3)), Tier.STANDARD, batch=BOTH)
    await until(session, run.id, State.AVAILABLE, State.FAILED)
    assert await retry_jobs(session, run.id, BOTH) == 1
    assert await until(session, run.id, State.AVAILABLE) == {State.AVAILABLE: 2 * FEW}
    assert [(one.bucket, one.options.role_arn) for one in session.batch.ours(run.id)][2:] == [("theirs", THEIR_ROLE)]
