"""``@NAME`` where a location is asked for, and Home's sets: what a set has in a bucket is browsed as a bucket is."""

import pytest

from restoretui.core.filter.parser import parse_filter
from restoretui.core.location import parse_location
from restoretui.ledger.records import Query
from restoretui.tui.browse.pane import BrowsePane
from restoretui.tui.dialogs.go_to import PlaceField
from tests.conftest import StartSandbox
from tests.narrowing import there
from tests.tui.conftest import StartWalk

BUCKET = "s3://acme-media-archive"


@pytest.mark.parametrize("size", [(60, 15)])
async def test_a_set_is_gone_to_browsed_and_left(
    walk: StartWalk, sandbox: StartSandbox, size: tuple[int, int]
) -> None:
    running = await sandbox()
    async with walk(BUCKET, size=size, running=running) as on:
        await on.settled()
        session, browse = on.session, on.app.main.query_one(BrowsePane)
        everything = there(browse.view).count
        sel = await session.ledger.selections.create()
        only = Query(parse_filter("archive/* class:glacier"))
        await session.selecting.under(sel, parse_location(BUCKET), query=only)
        count = (await session.sets.keep("friday", sel, replace=False)).objects
        await on.press("g")
        on.app.screen.query_one(PlaceField).value = "@nobody"
        await on.press("enter")
        await on.until(lambda: any("no set is called @nobody" in text for text in on.told))
        running.stats.reset()
        await on.press("g")
        on.app.screen.query_one(PlaceField).value = "@friday"
        await on.press("enter")
        await on.until(lambda: there(browse.source.listing).origin is not None and not browse.is_asking)
        await on.sees("@friday of ")
        assert there(browse.view).count == 1, "archive/ is all there is of it"
        await on.sees(f"{count} objects")
        await on.press("enter")
        await on.until(lambda: browse.location.prefix == "archive/" and browse.table.count)
        await on.press("d")
        await on.until(lambda: browse.source.flat and there(browse.view).count == count)
        assert not {name for name in running.stats.as_dict()["requests"] if name.startswith("List")}
        assert all(len(line) <= size[0] for line in on.lines())
        # The buckets: Home has the set, and the bucket is itself again.
        await on.press("tilde")
        await on.until(lambda: not browse.source.is_bucket and browse.bucket_rows)
        await on.press("g")
        on.app.screen.query_one(PlaceField).value = BUCKET
        await on.press("enter")
        await on.until(lambda: browse.source.is_bucket and browse.view is not None and not browse.is_asking)
        await on.until(lambda: there(browse.view).count == everything)
        assert there(browse.source.listing).origin is None
    async with walk(size=size, running=running) as on:
        await on.sees("@friday · ")
        browse = on.app.main.query_one(BrowsePane)
        for _ in range(6):
            row = browse.buckets.row
            if row is not None and "@friday" in row.name:
                break
            await on.press("down")
        await on.press("enter")
        await on.sees("@friday of ")
        assert browse.location == parse_location(BUCKET)
    async with walk("@friday", size=size, running=running) as on:
        await on.sees("@friday of ")
