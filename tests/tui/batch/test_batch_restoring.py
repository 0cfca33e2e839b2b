"""Restoring through jobs from the dialog: choosing the engine, what it costs, and the run it becomes."""

from textual.widgets import Button, Input

from restoretui.core.batch.jobs import ReportScope
from restoretui.core.model import State
from restoretui.tui.dialogs.restore.engine_fields import EngineFields
from restoretui.tui.dialogs.restore.restore_dialog import RestoreDialog
from restoretui.tui.widgets.pick_line import PickLine
from tests.narrowing import a
from tests.tui.conftest import StartWalk, Walk

ROLE = "arn:aws:iam::123456789012:role/restoretui-batch"


async def dialog(on: Walk, objects: int = 12, storage_class: str = "GLACIER") -> RestoreDialog:
    """Over marks in a bucket of its own."""
    on.sandbox.cloud.add_bucket("cold")
    for number in range(objects):
        on.sandbox.cloud.put("cold", f"g/{number:04d}", size=10, storage_class=storage_class)
    await on.press("g")
    await on.sees("Go to")
    a(Input, on.app.screen.focused).value = "s3://cold/g/"
    await on.press("enter")
    await on.sees("g/")
    await on.settled()
    await on.press("a")
    await on.sees("marked")
    await on.press("r")
    await on.until(lambda: isinstance(on.app.screen, RestoreDialog))
    await on.sees("estimate with prices of")
    return a(RestoreDialog, on.app.screen)


def pick(box: RestoreDialog, line: str, value: str) -> None:
    box.query_one(f"#{line}", PickLine).pick(value)


async def test_marks_become_jobs_by_keys_alone(walk: StartWalk) -> None:
    async with walk(size=(80, 24), batch_role_arn=ROLE) as on:
        await dialog(on)
        await on.sees("Engine ◉ direct")
        await on.press("tab", "right")
        await on.sees("1 job, fees of $0.25 included", "Role", "restoretui-batch", "1 min–5 h")
        await on.sees("expedited", "refused: S3 Batch Operations does not offer", "Restore 12", "Cancel")
        assert on.posts() == 0
        await on.press("shift+tab")
        await on.confirm()
        await on.until(lambda: len(on.app.screen_stack) == 1)
        batch = on.session.batch.ours()[0]
        assert (batch.objects, batch.options.role_arn, batch.options.hold) == (12, ROLE, False)
        await on.until(lambda: on.session.batch.ours()[0].is_settled, rounds=4000)
        await on.until(lambda: State.PLANNED not in on.session.ledger.runs.peek_all()[0].counts)
        assert on.posts() == 0


async def test_role_report_priority_description_and_review(walk: StartWalk) -> None:
    async with walk(size=(200, 50)) as on:
        box = await dialog(on)
        pick(box, "engine", "batch")
        pick(box, "scope", "failed")
        pick(box, "start", "hold")
        role = box.query_one("#role", Input)
        role.value = ""
        await on.sees("after review", "Role")
        box.query_one("#confirm", Button).press()
        await on.sees("needs a role to act as")
        assert on.app.focused is role
        role.value = "nonsense"
        box.query_one("#confirm", Button).press()
        await on.sees("'nonsense' is not a role's ARN")
        role.value = ROLE
        box.query_one("#priority", Input).value = "77"
        box.query_one("#description", Input).value = "for the audit"
        tags = box.query_one("#tags", Input)
        tags.value = "nonsense"
        box.query_one("#confirm", Button).press()
        await on.sees("'nonsense' is not a tag")
        tags.value = "team=x, audit=2026"
        box.query_one("#confirm", Button).press()
        await on.until(lambda: len(on.app.screen_stack) == 1)
        options = on.session.batch.ours()[0].options
        assert (options.scope, options.priority, options.description) == (ReportScope.FAILED, 77, "for the audit")
        assert options.hold
        assert options.tags == {"team": "x", "audit": "2026"}
        await on.until(lambda: on.session.batch.ours()[0].status == "Suspended", rounds=2000)


async def test_expedited_through_jobs_is_refused_and_sends_nothing(walk: StartWalk) -> None:
    async with walk(batch_role_arn=ROLE) as on:
        box = await dialog(on)
        await on.press("x")
        pick(box, "engine", "batch")
        await on.sees("nothing would be sent at this tier", "does not offer the expedited tier")
        assert box.query_one("#confirm", Button).disabled
        assert on.session.batch.ours() == []


async def test_auto_says_why_it_chose(walk: StartWalk) -> None:
    async with walk(batch_role_arn=ROLE) as on:
        box = await dialog(on)
        pick(box, "engine", "auto")
        await on.sees("direct: 12 objects are quickly asked for one by one")
        box.query_one("#confirm", Button).press()
        await on.until(lambda: on.posts() == 12)
        assert on.session.batch.ours() == []


async def test_auto_takes_jobs_where_they_are_sooner(walk: StartWalk) -> None:
    async with walk(batch_role_arn=ROLE) as on:
        box = await dialog(on, 1200)
        pick(box, "engine", "auto")
        await on.sees("batch: 1,200 objects begin to arrive within minutes through a job", "Role")
        assert box.query_one(EngineFields).display


async def test_requesters_who_pay_are_told_why_no_job_asks(walk: StartWalk) -> None:
    async with walk(size=(100, 30), batch_role_arn=ROLE, requester_pays=True) as on:
        box = await dialog(on)
        for engine in ("batch", "auto"):
            pick(box, "engine", engine)
            await on.sees("direct: S3 Batch Operations cannot agree to requester pays")
            assert "Role" not in on.text
        box.query_one("#confirm", Button).press()
        await on.until(lambda: bool(on.session.ledger.runs.peek_all()))
        assert not on.session.batch.ours()


async def test_the_fee_of_a_generated_manifest_is_in_the_dialog(walk: StartWalk) -> None:
    async with walk(size=(140, 40), batch_role_arn=ROLE) as on:
        box = await dialog(on)
        pick(box, "engine", "batch")
        pick(box, "manifest", "generated")
        await on.sees("$0.015 a million in the")
