"""For whom a restore is: asked for in the dialog where the config says so, and kept with the run."""

from textual.widgets import Input

from tests.conftest import StartSandbox
from tests.tui.conftest import StartWalk
from tests.tui.dialogs.test_restoring import confirm, dialog
from tests.tui.dialogs.test_then import cold
from tests.tui.dialogs.test_unseen import marked_all


async def test_nothing_is_sent_before_the_ticket_is_typed(walk: StartWalk, sandbox: StartSandbox) -> None:
    async with walk("s3://cold", running=await cold(sandbox), ask_for=("ticket", "requester")) as on:
        await marked_all(on)
        box = await dialog(on)
        await on.sees("Requester", "Ticket", "Restore 3")
        await on.confirm()
        await on.sees("wants who asked for it and a ticket with each restore", "type it")
        assert on.posts() == 0
        assert on.app.screen.focused is box.behalf.query_one("#behalf-requester", Input)
        box.behalf.query_one("#behalf-requester", Input).value = "Ann"
        await on.press("enter")
        box.behalf.query_one("#behalf-ticket", Input).value = "OPS-1"
        await on.until(lambda: box.behalf.behalf == ("Ann", "OPS-1", ""))
        box.tiers.focus()
        await confirm(on)
        await on.until(lambda: on.posts() == 3)
        (run,) = on.session.ledger.runs.peek_all()
        assert (run.requester, run.ticket) == ("Ann", "OPS-1")
        assert "--requester Ann --ticket OPS-1" in " ".join(
            word for command in on.session.ledger.runs.commands(run.id) for word in command.words
        )
        await on.sees("Run #1", "OPS-1")
