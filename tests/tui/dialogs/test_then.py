"""What is done with objects then: chosen in the dialog with its price, told on the run's screen, tried again."""

from functools import partial
from pathlib import Path

from textual.widgets import Button, Input

from restoretui.core.model import State
from restoretui.core.then.steps import ThenKind
from restoretui.sandbox import RunningSandbox
from restoretui.sandbox.s3control.roles import BATCH_ROLE_ARN
from restoretui.tui.widgets.pick_line import PickLine
from tests.conftest import StartSandbox
from tests.tui.conftest import StartWalk
from tests.tui.dialogs.test_dialogs_fit import check_frame, in_view, says_what_is_hidden, sized
from tests.tui.dialogs.test_restoring import confirm, dialog
from tests.tui.dialogs.test_unseen import marked_all


async def cold(sandbox: StartSandbox) -> RunningSandbox:
    running = await sandbox(empty=True)
    running.cloud.add_bucket("cold")
    for key in ("a", "b", "c"):
        running.cloud.put("cold", key, body=key.encode(), storage_class="GLACIER")
    return running


async def test_a_copy_is_chosen_with_its_price_and_what_failed_is_tried_again(
    walk: StartWalk, sandbox: StartSandbox
) -> None:
    running = await cold(sandbox)
    running.faults.set([{"kind": "deny", "operations": ["CopyObject"]}], running.cloud.now())
    async with walk("s3://cold", running=running) as on:
        await marked_all(on)
        box = await dialog(on)
        await on.sees("Then ◉ nothing  ○ keep in STANDARD  ○ download")
        box.query_one("#then", PickLine).focus()
        await on.press("right")
        await on.sees("◉ keep in STANDARD", "cold keeps no versions", "Restore 3")
        box.tiers.focus()
        await confirm(on)
        await on.until(lambda: on.posts() == 3)
        (run,) = on.session.ledger.runs.peek_all()
        assert [step.step.in_place for step in run.then] == [True]
        await on.hours(12)
        await on.until(lambda: on.session.ledger.runs.peek_all()[0].then_failed == 3)
        await on.sees("then copy 0 of 3, 3 failed")
        running.faults.clear()
        await on.press("t")
        await on.sees("copy 3", "Try again", " enter no")
        await on.press("tab", "enter")
        await on.until(lambda: on.session.ledger.runs.peek_all()[0].then[0].done == 3)
        await on.sees("then copy 3 of 3")
        assert {running.cloud.state("cold", key) for key in "abc"} == {State.ONLINE}


async def test_a_download_has_a_folder_and_another_plan(
    walk: StartWalk, sandbox: StartSandbox, tmp_path: Path
) -> None:
    async with walk("s3://cold", running=await cold(sandbox)) as on:
        await marked_all(on)
        box = await dialog(on)
        await on.sees("Then ◉ nothing")
        box.query_one("#then", PickLine).focus()
        await on.press("left")
        await on.sees("◉ download", "into", "~/restored")
        box.then.folder.value = ""
        await on.sees("a download needs a folder")
        box.then.folder.value = str(tmp_path / "files")
        await on.sees("Restore 3")
        box.tiers.focus()
        await confirm(on)
        await on.until(lambda: on.posts() == 3)
        await on.hours(12)
        await on.until(lambda: on.session.ledger.runs.peek_all()[0].then[0].done == 3)
        assert {path.name: path.read_bytes() for path in (tmp_path / "files").iterdir()} == {
            "a": b"a", "b": b"b", "c": b"c",
        }  # fmt: skip


async def test_an_archived_version_goes_only_once_its_count_is_typed_and_copies_are_kept_alive(
    walk: StartWalk, sandbox: StartSandbox
) -> None:
    async with walk("s3://cold", running=await cold(sandbox)) as on:
        await marked_all(on)
        box = await dialog(on)
        await on.sees("Then ◉ nothing")
        assert "Archived version" not in on.text
        box.query_one("#then", PickLine).focus()
        await on.press("right")
        await on.sees("Archived version ◉ stays", "by up to")
        box.query_one("#then-alive", Input).focus()
        await on.press("0")
        await on.sees("from 1 to 365")
        await on.press("backspace", "5")
        await on.sees("extended by up to 5 days")
        box.query_one("#then-archived", PickLine).focus()
        await on.press("right")
        await on.sees(
            "3 archived versions will be removed for good, for at most <$0.01. Type 3", "leaving the archive early"
        )
        for size in ((80, 24), (60, 15)):
            await sized(on, size)
            await on.until(partial(says_what_is_hidden, on, box))
            check_frame(on, size, "Restore")
            for text in ("s3://cold", "standard", "Removal costs at most <$0.01: type 3:", "Restore 3", "Cancel"):
                assert text in in_view(on), in_view(on)
        await sized(on, (100, 30))
        box.tiers.focus()
        await on.press("enter", "enter")
        await on.sees("to remove 3 archived versions for good, type 3")
        await on.press("2", "enter")
        await on.sees("to remove 3 archived versions for good, type 3")
        box.query_one(Button).press()
        await on.until(lambda: on.app.screen.focused is box.query_one("#discard", Input))
        await on.press("backspace", "3", "enter")
        await on.until(lambda: on.app.screen.focused is box.button)
        assert on.posts() == 0, "what is removed for good is never one enter away"
        await on.press("enter")
        await on.until(lambda: on.posts() == 3)
        (run,) = on.session.ledger.runs.peek_all()
        assert [(one.step.kind, one.step.keep_days, one.step.agreed) for one in run.then] == [
            (ThenKind.COPY, 5, 0), (ThenKind.DISCARD, 0, 3),
        ]  # fmt: skip
        said = " ".join(word for command in on.session.ledger.runs.commands(run.id) for word in command.words)
        assert "--then copy --delete-archived 3 --keep-until-done 5" in said
        await on.hours(12)
        await on.until(lambda: on.session.ledger.runs.peek_all()[0].then[1].done == 3)


async def test_jobs_copy_as_the_role_that_is_typed(walk: StartWalk, sandbox: StartSandbox) -> None:
    async with walk("s3://cold", running=await cold(sandbox)) as on:
        await marked_all(on)
        box = await dialog(on)
        await on.sees("Then ◉ nothing")
        box.query_one("#then", PickLine).focus()
        await on.press("right")
        await on.sees("Copied ◉ one by one")
        box.query_one("#then-way", PickLine).focus()
        await on.press("right")
        await on.sees("as role", "needs a role to act as")
        assert "Archived version" not in on.text
        box.then.role.value = BATCH_ROLE_ARN
        await on.sees("Restore 3")
        box.tiers.focus()
        await confirm(on)
        await on.until(lambda: on.posts() == 3)
        (run,) = on.session.ledger.runs.peek_all()
        assert BATCH_ROLE_ARN in run.then[0].step.job
        said = " ".join(word for command in on.session.ledger.runs.commands(run.id) for word in command.words)
        assert f"--role-arn {BATCH_ROLE_ARN} --then copy --copy-engine batch" in said
