"""Two clouds on one board: OSS wherever S3 goes, by its own rules."""

import sys
from typing import Any

import pytest
from textual.widgets import Button, Input

from restoretui.core.filter.tree import OneOf, all_of, in_states
from restoretui.core.location import parse_location
from restoretui.core.model import State, Tier
from restoretui.ledger.records import JobRow
from restoretui.tui.browse.pane import BrowsePane
from restoretui.tui.dialogs.inspector import Inspector
from restoretui.tui.dialogs.restore.restore_dialog import RestoreDialog
from restoretui.tui.dialogs.restore.tier_table import TierTable
from restoretui.tui.restores.pane import RestoresPane
from restoretui.tui.widgets.tab_bar import TabBar
from tests.conftest import StartSandbox
from tests.narrowing import a, there
from tests.tui.conftest import StartWalk, Walk

FILMS = "oss://acme-oss-films"


async def oss(sandbox: StartSandbox) -> dict[str, Any]:
    """What ``walk`` needs to know of a sandbox whose OSS is used too."""
    running = await sandbox()
    return {"running": running, "oss_endpoint": running.url, "oss_region": "cn-hangzhou"}


async def test_what_is_read_directly_does_not_wait_for_a_restore(walk: StartWalk, sandbox: StartSandbox) -> None:
    async with walk("oss://acme-oss-direct-read", **await oss(sandbox)) as on:
        await on.press("d")
        await on.settled()
        await on.sees("flat · direct read", "○ direct     box-0/page-001.tif", "○ archived   box-0/page-000.tif")


async def test_buckets_of_both_clouds_stand_side_by_side(walk: StartWalk, sandbox: StartSandbox) -> None:
    async with walk(**await oss(sandbox)) as on:
        await on.sees("Cloud", "S3     acme-frankfurt-archive", "OSS    acme-oss-films", "cn-hangzhou")
        await on.press("end", "enter")
        await on.settled()
        await on.sees("oss://acme-oss-films", "films/", "目录/")
        await on.press("backspace")
        await on.sees("OSS    acme-oss-films")
        pane = on.app.main.query_one(BrowsePane)
        await on.until(lambda: pane.buckets.row is not None and pane.buckets.row.name == "acme-oss-films")


async def test_without_the_sdk_of_oss_the_screens_say_so_and_list_the_rest(
    walk: StartWalk, sandbox: StartSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "restoretui.providers.oss.sdk", raising=False)
    monkeypatch.setitem(sys.modules, "alibabacloud_oss_v2", None)
    async with walk(**await oss(sandbox)) as on:
        await on.sees("S3     acme-frankfurt-archive", "oss:// not listed", "Alibaba Cloud's SDK, which is not")
        await on.sees("it is the extra `oss`: pip", "install 'restoretui[oss]'")


async def test_without_oss_in_the_settings_only_s3_is_listed(walk: StartWalk) -> None:
    async with walk() as on:
        await on.sees("acme-frankfurt-archive")
        assert "acme-oss-films" not in on.text
        assert "Cloud" not in on.text


async def test_one_cloud_that_fails_does_not_hide_the_other(walk: StartWalk, sandbox: StartSandbox) -> None:
    world = await oss(sandbox)
    async with walk(**world, env={"OSS_ACCESS_KEY_SECRET": "wrong"}) as on:
        await on.sees("acme-frankfurt-archive", "the OSS access key is not accepted")
        assert "acme-oss-films" not in on.text


async def test_go_to_and_inspect_pass_the_cloud_on(walk: StartWalk, sandbox: StartSandbox) -> None:
    async with walk("s3://acme-frankfurt-archive", **await oss(sandbox)) as on:
        await on.settled()
        await on.press("g", "ctrl+u", *f"{FILMS}/films/2019/", "enter")
        await on.sees("oss://acme-oss-films/films/2019/", "reel-001.mxf", "Archive")
        await on.until(lambda: there(on.app.main.query_one(TabBar)._identity).region == "cn-hangzhou")
        await on.settled()
        pane = on.app.main.query_one(BrowsePane)
        await on.until(lambda: pane.table.row is not None)
        await on.press("enter")
        await on.until(lambda: isinstance(on.app.screen, Inspector))
        await on.sees("oss://acme-oss-films/films/2019/reel-0", "etag", "x-oss-storage-class")
        await on.press("escape")
        await on.press("f")
        await on.sees("DeepColdArchive")
        await on.press("escape")
        assert {row.state for row in there(pane.table.view).rows(0, 30)} & {State.ARCHIVED}


async def marked(on: Walk, *storage_classes: str, number: int = 1) -> BrowsePane:
    """Mark some archived objects of each class in the films, flat."""
    await on.settled()
    pane: BrowsePane = on.app.main.query_one(BrowsePane)
    if not pane.source.flat:
        await on.press("d")
        await on.settled()
    for name in storage_classes:
        wanted = pane.marking.summary.objects + number
        pane.source.ask(where=all_of([in_states(State.ARCHIVED), OneOf("class", (name,))]))
        pane.requery()

        def all_marked(name: str = name) -> bool:
            rows = pane.table.view.rows(0, 300) if pane.table.view is not None else []
            return number <= len(rows) and {row.storage_class for row in rows} == {name}

        await on.until(all_marked)
        await on.press("home", "v", *("down",) * (number - 1), "v")

        def are_marked(wanted: int = wanted) -> bool:
            return pane.marking.summary.objects == wanted

        await on.until(are_marked)
    return pane


async def dialog(on: Walk, key: str = "r") -> RestoreDialog:
    await on.press(key)
    await on.until(lambda: isinstance(on.app.screen, RestoreDialog) and on.app.screen.plan is not None)
    await on.sees("region")
    return a(RestoreDialog, on.app.screen)


async def days(on: Walk, box: RestoreDialog, text: str) -> None:
    field = box.query_one("#days", Input)
    field.focus()
    await on.press("end", *("backspace",) * len(field.value), *text)
    await on.until(lambda: box.plan is not None and box.plan.days == int(text))
    await on.press("enter")


async def confirm(on: Walk) -> None:
    await on.confirm()
    await on.until(lambda: len(on.app.screen_stack) == 1)


def counts(on: Walk, run: int = 0) -> dict[State, int]:
    return dict(on.session.ledger.runs.peek_all()[run].counts)


async def test_archive_and_deep_cold_refused_restored_and_watched(walk: StartWalk, sandbox: StartSandbox) -> None:
    async with walk(FILMS, **await oss(sandbox)) as on:
        await marked(on, "Archive", "DeepColdArchive")
        box = await dialog(on)
        await on.sees(
            "2 objects", "oss://acme-oss-films", "region cn-hangzhou", "Archive at most 7 days",
            "archived in Archive; it has one speed", "archived in DeepColdArchive", "CNY 0.18+?",
            "of 1 object is not known",
        )  # fmt: skip
        await days(on, box, "30")
        await on.sees("Archive keeps a copy for at most 7 days")
        assert box.query_one(TierTable).tier is Tier.STANDARD
        await on.press("b")
        await on.sees("DeepColdArchive does not offer the bulk tier", "nothing would be sent")
        assert box.query_one("#confirm", Button).disabled
        await on.press("s")
        await days(on, box, "5")
        await on.sees("Restore 2")
        assert on.posts() == 0
        await confirm(on)
        await on.until(lambda: on.posts() == 2)
        await on.hours(60)
        await on.until(lambda: counts(on) == {State.AVAILABLE: 2})
        await on.sees("● available", "100%", "at least CNY 0.18")


async def test_extending_adds_days_to_the_end(walk: StartWalk, sandbox: StartSandbox) -> None:
    async with walk(FILMS, **await oss(sandbox)) as on:
        await marked(on, "DeepColdArchive")
        await dialog(on)
        await confirm(on)
        await on.until(lambda: on.posts() == 1)
        await on.hours(60)
        await on.until(lambda: counts(on) == {State.AVAILABLE: 1})
        detail = on.app.main.query_one(RestoresPane).detail
        end = there(a(JobRow, there(detail.table.view).rows(0, 1)[0]).expiry)
        box = await dialog(on, "e")
        await on.sees("Add", "days to the end that each copy has now", "at the latest")
        assert box.query_one(TierTable).tier is Tier.STANDARD
        await confirm(on)
        await on.until(lambda: on.posts() == 2)
        await on.hours(4)

        def longer() -> bool:
            rows = detail.table.view.rows(0, 1) if detail.table.view is not None else []
            return bool(rows) and a(JobRow, rows[0]).expiry == end + 7 * 86400

        await on.until(longer)


async def test_marks_in_both_clouds_are_confirmed_one_after_the_other(walk: StartWalk, sandbox: StartSandbox) -> None:
    async with walk("s3://acme-frankfurt-archive", **await oss(sandbox)) as on:
        await marked(on, "GLACIER", number=2)
        pane = on.app.main.query_one(BrowsePane)
        pane.go(parse_location(FILMS))
        await on.sees("oss://acme-oss-films")
        await on.settled()
        await on.press("d")  # Another bucket is not listed flat because the one before was.
        await on.settled()
        pane.source.ask(where=all_of([in_states(State.ARCHIVED), OneOf("class", ("ColdArchive",))]))
        pane.requery()
        await on.until(lambda: {row.storage_class for row in there(pane.table.view).rows(0, 9)} == {"ColdArchive"})
        await on.press("v", "v")
        await on.sees("3 marked", "S3 std <$0.01", "OSS std CNY")
        await dialog(on)
        await on.sees("1 of 2: these lie in S3", "2 objects", "2 of these are not rows on screen")
        await on.confirm()
        await on.sees("2 of 2: these lie in Alibaba OSS", "1 object", "oss://acme-oss-films")
        await confirm(on)
        await on.until(lambda: on.posts() == 3)
        assert {run.cloud.scheme for run in on.session.ledger.runs.peek_all()} == {"s3", "oss"}
        await on.sees("Run #2")


async def test_giving_one_cloud_up_leaves_its_marks(walk: StartWalk, sandbox: StartSandbox) -> None:
    async with walk("s3://acme-frankfurt-archive", **await oss(sandbox)) as on:
        await marked(on, "GLACIER", number=2)
        await on.press("g", "ctrl+u", *FILMS, "enter")
        await on.sees("oss://acme-oss-films")
        await marked(on, "ColdArchive")
        await on.sees("3 marked")
        pane = on.app.main.query_one(BrowsePane)
        await dialog(on)
        await on.press("escape")
        await on.sees("2 of 2")
        await confirm(on)
        await on.until(lambda: on.posts() == 1)
        await on.press("1")
        await on.sees("2 marked")
        assert {cloud.scheme for cloud, _ in pane.marking.summary.by_bucket} == {"s3"}


async def test_copies_are_ended_early_where_the_cloud_can(walk: StartWalk, sandbox: StartSandbox) -> None:
    async with walk(FILMS, **await oss(sandbox)) as on:
        await marked(on, "ColdArchive", number=2)
        await dialog(on)
        await confirm(on)
        await on.until(lambda: on.posts() == 2)
        await on.hours(6)
        await on.until(lambda: counts(on) == {State.AVAILABLE: 2})
        await on.until(lambda: "end copies" in on.footer)
        await on.press("E")
        await on.sees("End 2 restored copies", "a day;", "at the standard tier.", "End 2 ")
        await on.press("ctrl+y")
        await on.sees("✓ copied: restoretui", "ossutil api clean-restored-object --bucket")
        assert on.app.clipboard.endswith(" restoretui clean 1")
        assert on.app.clipboard.startswith("OSS_")
        await on.press("escape", "enter")
        ended = on.sandbox.stats.requests
        assert ended.get("CleanRestoredObject", 0) == 0, "the keys stand on no"
        await on.press("E", "shift+tab", "enter")
        await on.sees("2 copies ended")
        await on.until(lambda: counts(on) == {State.EXPIRED: 2})
        await on.sees(f"ended {on.sandbox.clock.now():%m-%d %H:}")
        assert ended["CleanRestoredObject"] == 2
        await on.until(lambda: "end copies" not in on.footer)


async def test_what_has_no_copy_to_end_is_said(walk: StartWalk, sandbox: StartSandbox) -> None:
    world = await oss(sandbox)
    async with walk(FILMS, **world) as on:
        await marked(on, "Archive")
        await on.press("E")
        await on.sees("none of these has a restored copy", "only copies of ColdArchive")
    async with walk("s3://acme-frankfurt-archive", **world) as on:
        await marked(on, "GLACIER")
        pane = on.app.main.query_one(BrowsePane)
        pane.marking.clear()
        await on.until(lambda: not pane.marking.summary.objects)
        assert not pane.check_action("end_copies", ())
        assert on.sandbox.stats.requests.get("CleanRestoredObject", 0) == 0
