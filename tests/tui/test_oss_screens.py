"""Two clouds on one board: OSS wherever S3 goes, by its own rules."""

from collections.abc import Callable
from typing import Any

from restoretui.core.model import State
from restoretui.tui.screens.browse import BrowsePane
from restoretui.tui.screens.inspector import Inspector
from restoretui.tui.widgets.tab_bar import TabBar

Start = Callable[..., Any]
FILMS = "oss://acme-oss-films"


async def oss(sandbox: Any) -> dict[str, Any]:
    """What ``walk`` needs to know of a sandbox whose OSS is used too."""
    running = await sandbox()
    return {"running": running, "oss_endpoint": running.url, "oss_region": "cn-hangzhou"}


async def test_buckets_of_both_clouds_stand_side_by_side(walk: Start, sandbox: Any) -> None:
    async with walk(**await oss(sandbox)) as on:
        await on.sees("Cloud", "S3     acme-frankfurt-archive", "OSS    acme-oss-films", "cn-hangzhou")
        await on.press("end", "enter")
        await on.settled()
        await on.sees("oss://acme-oss-films", "films/", "目录/")
        await on.press("backspace")
        await on.sees("OSS    acme-oss-films")
        pane = on.app.query_main(BrowsePane)
        await on.until(lambda: pane.buckets.row is not None and pane.buckets.row.name == "acme-oss-films")


async def test_without_oss_in_the_settings_only_s3_is_listed(walk: Start) -> None:
    async with walk() as on:
        await on.sees("acme-frankfurt-archive")
        assert "acme-oss-films" not in on.text
        assert "Cloud" not in on.text


async def test_one_cloud_that_fails_does_not_hide_the_other(walk: Start, sandbox: Any) -> None:
    world = await oss(sandbox)
    async with walk(**world, env={"OSS_ACCESS_KEY_SECRET": "wrong"}) as on:
        await on.sees("acme-frankfurt-archive", "the OSS access key is not accepted")
        assert "acme-oss-films" not in on.text


async def test_go_to_and_inspect_pass_the_cloud_on(walk: Start, sandbox: Any) -> None:
    async with walk("s3://acme-frankfurt-archive", **await oss(sandbox)) as on:
        await on.settled()
        await on.press("g", "ctrl+u", *f"{FILMS}/films/2019/", "enter")
        await on.sees("oss://acme-oss-films/films/2019/", "reel-001.mxf", "Archive")
        await on.until(lambda: on.app.query_main(TabBar)._identity.region == "cn-hangzhou")
        await on.settled()
        pane = on.app.query_main(BrowsePane)
        await on.until(lambda: pane.table.row is not None)
        await on.press("enter")
        await on.until(lambda: isinstance(on.app.screen, Inspector))
        await on.sees("oss://acme-oss-films/films/2019/reel-0", "etag", "x-oss-storage-class")
        await on.press("escape")
        await on.press("f")
        await on.sees("DeepColdArchive")
        await on.press("escape")
        assert {row.state for row in pane.table.view.rows(0, 30)} & {State.ARCHIVED}
