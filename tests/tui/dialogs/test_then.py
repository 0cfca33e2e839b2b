"""What is done with objects then: chosen in the dialog with its price, told on the run's screen, tried again."""

from pathlib import Path

from restoretui.core.model import State
from restoretui.sandbox import RunningSandbox
from restoretui.tui.widgets.pick_line import PickLine
from tests.conftest import StartSandbox
from tests.tui.conftest import StartWalk
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
