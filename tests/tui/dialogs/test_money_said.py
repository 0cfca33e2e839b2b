"""What a restore costs beyond its retrieval is on screen before it is confirmed, on small terminals too."""

from restoretui.tui.dialogs.restore.restore_dialog import RestoreDialog
from tests.conftest import StartSandbox
from tests.tui.conftest import StartWalk
from tests.tui.dialogs.test_dialogs_fit import in_view, restoring, said_on_failure, sized
from tests.tui.dialogs.test_restoring import COLD, dialog, mark_archived


async def test_what_comes_back_for_good_is_in_the_total_and_its_later_months_beside_it(walk: StartWalk) -> None:
    async with walk("s3://acme-backups-tiering", size=(80, 24)) as on:
        box = await restoring(on)
        assert isinstance(box, RestoreDialog)
        assert box.plan is not None
        with said_on_failure(on):
            seen = in_view(on)
            for text in ("30 days in Frequent Access $", "over 90 days there", "downloading it: about $", "Restore "):
                assert text in seen, text
        await sized(on, (60, 15))
        with said_on_failure(on):
            for text in ("standard", "$", "s3://acme-backups-tiering", "Restore ", "Cancel"):
                assert text in in_view(on), text


async def test_where_request_fees_are_not_known_it_says_at_least(walk: StartWalk) -> None:
    async with walk("s3://acme-frankfurt-archive", size=(80, 24)) as on:
        await restoring(on)
        with said_on_failure(on):
            assert "at least retrieval $" in in_view(on)
            assert "request fees of" in in_view(on)


async def test_owned_capacity_is_said_at_expedited(walk: StartWalk, sandbox: StartSandbox) -> None:
    running = await sandbox()
    running.cloud.capacity_units = 1
    async with walk(COLD, running=running) as on:
        await mark_archived(on, 1)
        await dialog(on)
        assert "provisioned" not in on.text
        await on.press("up")
        await on.sees("1 unit of provisioned capacity in eu-central-1", "at least 3 requests")
