"""``I``: a bucket that is never listed, shown by the inventory of it that was imported."""

import threading
from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from restoretui.core.location import parse_location
from restoretui.core.rows import Rows
from restoretui.ledger.catalog.row_sorter import RowSorter
from restoretui.sandbox.world.inventory import write_inventories
from restoretui.tui.browse.pane import BrowsePane
from tests.conftest import StartSandbox
from tests.narrowing import there
from tests.tui.conftest import StartWalk

BUCKET = "s3://acme-media-archive"


@pytest.mark.parametrize("size", [(80, 24), (60, 15)])
async def test_a_bucket_is_browsed_and_marked_by_its_inventory_without_a_request(
    walk: StartWalk, sandbox: StartSandbox, size: tuple[int, int]
) -> None:
    running = await sandbox()
    write_inventories(running.cloud)
    async with walk(BUCKET, size=size, running=running) as on:
        await on.settled()
        browse = on.app.main.query_one(BrowsePane)
        # The bucket's own configuration says where it is.
        await on.press("I")
        await on.sees("by its inventory of", "2026-01-15 00:00 UTC", "1 file of")
        await on.press("left", "enter")
        await on.until(lambda: browse.source.listing is not None and browse.source.listing.origin is not None)
        await on.sees("inventory of 12h")
        running.stats.reset()
        await on.press("enter")
        await on.until(lambda: browse.location.prefix == "archive/" and browse.table.count)
        await on.press("space")
        await on.until(lambda: on.session.ledger.selections.can_undo)
        await on.press("d")
        await on.until(lambda: browse.source.flat and there(browse.view).listing.scope.recursive)
        await on.settled()
        asked = running.stats.as_dict()["requests"]
        assert not {name for name in asked if name.startswith(("List", "Head"))} - {"HeadBucket", "HeadObject"}
        assert asked.get("ListObjectsV2", 0) == 0
        assert all(len(line) <= size[0] for line in on.lines())
        # The same key leads back to what the cloud says.
        await on.press("I")
        await on.until(lambda: browse.source.listing is not None and browse.source.listing.origin is None)
        await on.until(lambda: running.stats.as_dict()["requests"].get("ListObjectsV2", 0))


async def test_all_keys_that_nobody_has_listed_are_shown_by_it_at_once_and_that_is_said(
    walk: StartWalk, sandbox: StartSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("restoretui.tui.acts.inventory.LONG", 10)
    running = await sandbox()
    write_inventories(running.cloud)
    async with walk(BUCKET, size=(80, 24), running=running) as on:
        await on.settled()
        browse = on.app.main.query_one(BrowsePane)
        await on.session.inventories.at(parse_location(BUCKET), "s3://acme-inventories/")
        running.stats.reset()
        await on.press("d")
        await on.sees("· flat · inventory of 12h")
        await on.sees("I lists")
        assert browse.table.count > 100
        assert "ListObjectsV2" not in running.stats.as_dict()["requests"]
        await on.press("d")
        await on.until(lambda: not browse.source.flat and there(browse.source.listing).origin is None)
        await on.until(lambda: "I lists" not in on.text)
        await on.press("d")
        await on.sees("I lists")
        await on.press(*"/no-such-key*", "enter")
        await on.sees("nothing matches the filter: a glob is of the whole key")
        await on.press("A")
        await on.until(lambda: any("so nothing is marked" in text for text in on.told))
        await on.press("escape")
        await on.until(lambda: browse.table.count > 100)
        await on.press("A")
        await on.until(lambda: browse.marking.summary.objects > 100)
        # Nobody has looked at what is marked: no price is known of what tiers by itself, and of the rest the highest.
        await on.sees("std $", "+?  bulk $")
        await on.press("u", *"/class:glacier", "enter", "a")
        await on.sees("std ≤$", "bulk ≤$")
        await on.press("escape", "A", "r")
        await on.sees(" · looked at by ", " LIST, ")
        await on.press("escape")
        await on.until(lambda: "std $" in on.text and "?  bulk" not in on.text)
        await on.press("I")
        await on.until(lambda: there(browse.source.listing).origin is None)
        await on.settled()
        assert running.stats.as_dict()["requests"]["ListObjectsV2"]
        await on.press("d", "d")
        await on.until(lambda: browse.source.flat and there(browse.source.listing).origin is None)
        assert "I lists" not in on.text


async def test_what_is_being_read_is_told_and_stopped_by_the_same_key(
    walk: StartWalk, sandbox: StartSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("restoretui.tui.acts.inventory_import.LONG", 10)
    held, go_on = threading.Event(), threading.Event()

    def slowly(self: RowSorter) -> Iterator[Rows]:
        held.set()
        go_on.wait(30)
        yield from in_order(self)

    in_order = RowSorter.in_order
    monkeypatch.setattr(RowSorter, "in_order", slowly)
    running = await sandbox()
    async with walk(BUCKET, running=running) as on:
        await on.settled()
        browse = on.app.main.query_one(BrowsePane)
        await on.press("I")
        await on.until(lambda: any("it has none configured that lists all of this" in text for text in on.told))
        write_inventories(running.cloud)
        # A listing that takes its time tells of it unasked.
        browse.source.listing = replace(there(browse.source.listing), ended_at=None, objects=11)
        browse.say()
        await on.until(lambda: browse.importing.offer().startswith(" · I: inventory of 12h"))
        await on.press("I")
        await on.sees("by its inventory of")
        await on.press("left", "enter")
        await on.sees("inventory: ", "I stops")
        await on.until(held.is_set)
        await on.press("I")
        go_on.set()
        await on.until(lambda: any("nothing of it is kept" in text for text in on.told))
        assert on.session.inventories.kept(parse_location(BUCKET)) is None
        await on.until(lambda: "I stops" not in on.text)
