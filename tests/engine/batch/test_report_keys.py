"""Completion reports whose keys are form-encoded, percent-encoded or raw, joined to the objects they are about.

One key may be another one encoded, and then the report as a whole tells them apart; where it does not, both are
looked at. Real reports are form-encoded: linz/argo-tasks#1246 (FACTS 2.3).
"""

import pytest

from restoretui.core.batch.jobs import BatchOptions, Place, ReportScope
from restoretui.core.model import State
from restoretui.sandbox import RunningSandbox
from restoretui.sandbox.s3control.job_board import JobBoard
from restoretui.sandbox.s3control.report import KeysAs
from restoretui.sandbox.s3control.roles import BATCH_ROLE_ARN
from restoretui.session.session import Session
from tests.conftest import StartSandbox
from tests.engine.batch.confirming import confirmed, until
from tests.engine.clock_control import TurnedClock
from tests.engine.conftest import OpenSession
from tests.narrowing import a

ALIKE = ("p q", "p+q", "p%20q", "p%2Bq", "p%252Bq", "p%q", "p%25q")
"""Each is one of the others, encoded or decoded."""
ODD = ('x "quoted".tif', "x,comma", "x\nline", "x\r\nlines", "x/%E6%B8%AC", "x/測 (a).tif", "x~!'()*.bin")
FORMS: tuple[KeysAs, ...] = ("form", "percent", "raw")


@pytest.fixture
async def running(sandbox: StartSandbox) -> RunningSandbox:
    running = await sandbox(empty=True, clock=TurnedClock())
    running.cloud.add_bucket("cold")
    for key in (*ALIKE, *ODD):
        running.cloud.put("cold", key, size=10, storage_class="GLACIER")
    return running


async def by_key(session: Session, run_id: int) -> dict[str, tuple[State, str]]:
    view = await session.run_views.job_view(run_id)
    found = {row.ref.key: (row.state, row.code) for row in view.rows(0, 100)}
    await view.aclose()
    return found


def fail_at(running: RunningSandbox, monkeypatch: pytest.MonkeyPatch, *keys: str) -> None:
    """The tasks of these objects fail, and ask for nothing."""
    attempt = JobBoard._attempt

    def denied(board: JobBoard, job: object, task: object, at: float) -> tuple[int, str, str]:
        key = getattr(task, "key", "")
        return (403, "AccessDenied", "no") if key in keys else attempt(board, job, task, at)  # type: ignore[arg-type]

    monkeypatch.setattr(JobBoard, "_attempt", denied)


@pytest.mark.parametrize("keys_as", FORMS)
@pytest.mark.parametrize("failing", [("p q", "x\nline"), ("p%2Bq", "p%25q", "x/%E6%B8%AC")])
async def test_a_whole_report_tells_keys_apart_that_are_written_alike(
    running: RunningSandbox, session_on: OpenSession, monkeypatch: pytest.MonkeyPatch,
    keys_as: KeysAs, failing: tuple[str, ...],
) -> None:  # fmt: skip
    a(JobBoard, running.cloud.background).keys_as = keys_as
    fail_at(running, monkeypatch, *failing)
    session = await session_on(running)
    run_id = await confirmed(session)
    await until(session, run_id, State.AVAILABLE, State.FAILED, step=600)
    found = await by_key(session, run_id)
    assert {key: code for key, (state, code) in found.items() if state is State.FAILED} == dict.fromkeys(
        failing, "AccessDenied"
    )
    job_id = session.batch.ours(run_id)[0].job_id
    told = [row async for rows in session.batch.report(job_id) for row in rows]
    assert sorted(row.key for row in told) == sorted((*ALIKE, *ODD))
    assert {row.key for row in told if not row.succeeded} == set(failing)


@pytest.mark.parametrize("keys_as", FORMS)
@pytest.mark.parametrize("failing", ["p q", "p+q"])
async def test_where_a_report_of_failures_tells_not_which_both_are_looked_at(
    running: RunningSandbox, session_on: OpenSession, monkeypatch: pytest.MonkeyPatch, keys_as: KeysAs, failing: str
) -> None:
    a(JobBoard, running.cloud.background).keys_as = keys_as
    fail_at(running, monkeypatch, failing)
    session = await session_on(running)
    run_id = await confirmed(session, options=BatchOptions(BATCH_ROLE_ARN, scope=ReportScope.FAILED))
    await until(session, run_id, State.AVAILABLE, State.FAILED, step=600)
    found = await by_key(session, run_id)
    assert [key for key, (state, _) in found.items() if state is State.FAILED] == [failing]


async def test_a_report_is_found_below_its_prefix_as_it_was_told(
    running: RunningSandbox, session_on: OpenSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_at(running, monkeypatch, "p q")
    session = await session_on(running)
    run_id = await confirmed(session, options=BatchOptions(BATCH_ROLE_ARN, report=Place("cold", "a/b/")))
    await until(session, run_id, State.AVAILABLE, State.FAILED, step=600)
    assert (await by_key(session, run_id))["p q"] == (State.FAILED, "AccessDenied")
    job_id = session.batch.ours(run_id)[0].job_id
    assert running.cloud.state("cold", f"a/b//job-{job_id}/manifest.json") is State.ONLINE
    assert await session.batch.clean(session.batch.ours(run_id)[0]) == 5
    assert running.cloud.state("cold", f"a/b//job-{job_id}/manifest.json") is None


async def test_a_job_without_a_report_leaves_it_to_looking(
    running: RunningSandbox, session_on: OpenSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_at(running, monkeypatch, "p q")
    session = await session_on(running)
    run_id = await confirmed(session, options=BatchOptions(BATCH_ROLE_ARN, scope=ReportScope.NONE))
    await until(session, run_id, State.AVAILABLE, State.FAILED, step=600)
    found = await by_key(session, run_id)
    assert {key: code for key, (state, code) in found.items() if state is State.FAILED} == {"p q": "JobFailed"}
