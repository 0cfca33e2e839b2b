"""What a restore costs beyond its retrieval is on screen before it is confirmed, on small terminals too."""

from datetime import UTC, datetime

from restoretui.core.model import ObjectFacts, Tier
from restoretui.core.plan.plan import make_plan
from restoretui.core.plan.pricing import PriceTable
from restoretui.core.plan.tier_plan import FactGroup
from restoretui.core.rules.s3 import S3
from restoretui.tui.dialogs.restore.plan_words import verdict_entries
from restoretui.tui.dialogs.restore.restore_dialog import RestoreDialog
from tests.conftest import StartSandbox
from tests.tui.conftest import StartWalk
from tests.tui.dialogs.test_dialogs_fit import in_view, restoring, said_on_failure, sized
from tests.tui.dialogs.test_restoring import COLD, dialog, mark_archived

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)


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


def test_where_not_all_take_the_same_time_each_class_says_its_own() -> None:
    groups = [FactGroup("b", ObjectFacts("GLACIER"), 2, 10), FactGroup("b", ObjectFacts("DEEP_ARCHIVE"), 1, 10)]

    def said(*chosen: FactGroup) -> str:
        plan = make_plan(S3, chosen, 7, NOW, (PriceTable("s3", (), ""), True)).tiers[Tier.STANDARD]
        return "\n".join(str(line) for entry in verdict_entries(plan, 90) for line in entry)

    assert "archived in GLACIER: 3–5 h" in said(*groups)
    assert "archived in DEEP_ARCHIVE: within 12 h" in said(*groups)
    assert said(groups[0]).endswith("archived in GLACIER")
