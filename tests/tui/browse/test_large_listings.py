"""What takes long on a large listing is shown at once as what it is: begun, not done."""

import pytest
from msgspec.structs import replace

from restoretui.ledger.records import BrowseRow
from restoretui.ledger.views import materialised_order as scratch
from restoretui.ledger.views import row_order as orders
from restoretui.tui.browse import listing_board, marking
from restoretui.tui.browse.pane import BrowsePane
from tests.ledger.helpers import busy, held
from tests.narrowing import there
from tests.tui.conftest import StartWalk, Walk


@pytest.fixture(autouse=True)
def _everything_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scratch, "LARGE", 1)
    monkeypatch.setattr(scratch, "HEAD_ROWS", 50)
    monkeypatch.setattr(orders, "SMALLEST_PIECE", 60)
    monkeypatch.setattr(marking, "MANY", 100)
    monkeypatch.setattr(listing_board, "LATE_S", 0.0)


async def flat(on: Walk) -> BrowsePane:
    await on.settled()
    await on.press("d")
    await on.settled()
    await on.sees("flat", "200 objects")
    pane: BrowsePane = on.app.main.query_one(BrowsePane)
    await on.until(lambda: pane.table.count == 200)
    return pane


def marks(on: Walk) -> set[str]:
    """The glyphs in the column of marks."""
    return {line[1] for line in on.lines() if "archive/" in line[14:] or "catalog/" in line[14:]}


async def test_marks_of_all_are_pending_until_they_are_made(walk: StartWalk) -> None:
    async with walk("s3://acme-media-archive") as on:
        pane = await flat(on)
        async with held(on.session.ledger._writer):
            await on.press("a")
            assert marks(on) == {"◌"}, "in the very next frame"
            assert "◌ marking 200 …" in on.text
            assert "200 marked" not in on.text
            await on.press("down", "down")
            await on.sees("3 of 200")
            await on.press("slash", *"index", "enter")
            await on.sees("9 match index")
            assert marks(on) == {"◌"}, "under a filter, too"
            assert "marking 200 …" in on.text
            await on.press("escape")
            await on.until(lambda: pane.table.count == 200)
        await on.sees("▣ 200 marked", "std $")
        assert marks(on) == {"▣"}
        assert "marking" not in on.text


async def test_marks_about_to_go_say_so(walk: StartWalk) -> None:
    async with walk("s3://acme-media-archive") as on:
        await flat(on)
        await on.press("a")
        await on.sees("▣ 200 marked")
        for key, words, after in (("i", "turning the marks of 200 …", set(" ")), ("u", "unmarking", set(" "))):
            if key == "u":
                await on.press("a")
                await on.sees("▣ 200 marked")
            async with held(on.session.ledger._writer):
                await on.press(key)
                assert words in on.text
                assert "▣ 200 marked" in on.text, "which is still so"
                assert marks(on) == {"◌"}
            await on.until(lambda: "marked" not in on.text)
            assert marks(on) == after


def current(pane: BrowsePane) -> BrowseRow:
    """The row under the cursor."""
    row = pane.table.row
    assert row is not None
    return row


async def test_a_key_typed_after_another_acts_on_what_that_leads_to(walk: StartWalk) -> None:
    async with walk("s3://acme-media-archive") as on:
        pane = await flat(on)
        async with held(on.session.ledger._writer):
            await on.press("a", "space", "u", "space")
            assert "◌ marking 200 …" in on.text
        await on.sees("▣ 1 marked")
        assert pane.table.view is not None
        assert [row.marked for row in pane.table.view.rows(0, 3)] == [False, True, False]


async def test_marks_that_could_not_be_made_are_not_shown(walk: StartWalk) -> None:
    async with walk("s3://acme-media-archive") as on:
        await flat(on)
        await on.press("slash", *"clip", "enter")  # A whole listing takes no room to mark.
        await on.sees("match clip")
        writer = on.session.ledger._connections.writer
        (pages,) = writer.execute("PRAGMA catalog.page_count").fetchone()
        writer.execute(f"PRAGMA catalog.max_page_count = {pages}")
        await on.press("a")
        await on.sees("disk is full")
        await on.until(lambda: "marking" not in on.text)
        assert marks(on) == {" "}
        assert "marked" not in on.text


async def test_a_filter_says_what_it_looks_for_until_it_has_found_it(walk: StartWalk) -> None:
    async with walk("s3://acme-media-archive") as on:
        pane = await flat(on)
        async with busy(on.session.ledger._glancer):
            await on.press("slash", *"index")
            await on.sees("looking for index …")
            assert "match" not in on.text
            assert pane.table.count == 200
        await on.sees("9 match index")
        assert "looking" not in on.text


async def test_what_is_found_so_far_counts_as_that(walk: StartWalk) -> None:
    async with walk("s3://acme-media-archive") as on:
        pane = await flat(on)
        async with busy(on.session.ledger._builder):
            await on.press("slash", *"a", "enter")
            await on.sees("50 so far match a", "1 of 50 so far")
            await on.press("end")
            await on.sees("50 of 50 so far")
        await on.until(lambda: pane.view is not None and pane.view.complete)
        assert pane.view is not None
        await on.sees(f"{pane.view.count} match a", f"50 of {pane.view.count}")
        assert "so far" not in on.text
        assert pane.view.count > 50
        # The listing ended while rows of it were looked for.
        assert pane.source.listing is not None
        await pane._show(replace(pane.source.listing, objects=1, ended_at=None))
        assert (pane.source.listing.objects, pane.source.is_listing) == (200, False)


async def test_hidden_marks_are_counted_before_they_are_told(
    walk: StartWalk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with walk("s3://acme-media-archive") as on:
        await flat(on)
        await on.press("a")
        await on.sees("▣ 200 marked", "std $")
        async with busy(on.session.ledger._reader):
            await on.press("slash", *"index", "enter")
            await on.sees("9 match index", "adding up …")
            assert "not shown here" not in on.text
            await on.press("r")  # The dialog does not wait for it, but what it shows does.
            await on.sees("planning …", "Cancel")
        await on.sees("191 of these are not rows on screen")
        await on.press("escape")
        await on.sees("191 not shown here", "std $")
        assert "adding up" not in on.text
        monkeypatch.setattr(marking, "MANY", 100)
        await on.press("u")
        await on.until(lambda: "marked" not in on.text)
        async with busy(on.session.ledger._reader):
            await on.press("z")
            await on.sees("▣ 200 marked", "adding up …")
        await on.sees("191 not shown here")


async def test_nothing_so_far_is_not_nothing(walk: StartWalk, monkeypatch: pytest.MonkeyPatch) -> None:
    async with walk("s3://acme-media-archive") as on:
        await flat(on)
        monkeypatch.setattr(scratch, "GLANCE_S", 0.0)
        async with busy(on.session.ledger._builder):
            await on.press("slash", *"no-such-thing")
            await on.sees("0 so far match no-such-thing", "nothing so far")
            assert "nothing matches" not in on.text
        await on.sees("nothing matches the filter", "0 match no-such-thing")


async def test_the_cursor_follows_its_row_into_an_order_still_being_made(walk: StartWalk) -> None:
    async with walk("s3://acme-media-archive") as on:
        pane = await flat(on)
        await on.press("end")
        row = current(pane)
        assert pane.table.view is not None
        order = sorted(pane.table.view.rows(0, 200), key=lambda each: (-there(each.size), each.ref.key))
        place = [each.id for each in order].index(row.id)
        assert place >= scratch.HEAD_ROWS
        async with busy(on.session.ledger._builder):
            await on.press("o", "down", "enter")
            await on.sees("Size ▼", "50 of 50 so far")
            assert current(pane).id != row.id
        await on.sees(f"{place + 1} of 200")
        assert current(pane).id == row.id


async def test_the_cursor_stays_where_it_was_put_while_an_order_is_made(walk: StartWalk) -> None:
    async with walk("s3://acme-media-archive") as on:
        pane = await flat(on)
        await on.press("end")
        async with busy(on.session.ledger._builder):
            await on.press("o", "down", "enter")
            await on.sees("Size ▼", "50 of 50 so far")
            await on.press("up")
            row = current(pane)
        await on.sees("49 of 200")
        assert current(pane).id == row.id
