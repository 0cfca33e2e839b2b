"""``S``: what lies below each prefix, on screen; and how much of what is in the line below."""

from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from restoretui.core.filter.tree import in_states
from restoretui.core.model import State
from restoretui.ledger.records import CloudId, Listing, Query, Scope
from restoretui.ledger.volumes import PrefixTotals, Volume
from restoretui.tui.browse.columns import archived_share, volume_text
from restoretui.tui.browse.listing_source import Weights
from restoretui.tui.browse.pane import BrowsePane
from restoretui.tui.browse.status import ListingStatus, longer, status
from tests.narrowing import there
from tests.tui.conftest import StartWalk


@pytest.mark.parametrize(
    ("volume", "said"),
    [(Volume(), "–"), (Volume(1, 0, 1), "?"), (Volume(2, 1024, 1), "1.0 KiB+?"), (Volume(1, 0), "0 B")],
)
def test_a_size_that_is_not_told_is_no_nothing(volume: Volume, said: str) -> None:
    assert volume_text(volume) == said


def test_the_share_is_that_of_the_bytes_or_of_the_objects_where_there_are_none() -> None:
    def share(archived: Volume, online: Volume) -> float:
        return archived_share(PrefixTotals("", {("A", State.ARCHIVED): archived, ("B", State.ONLINE): online}))

    assert share(Volume(1, 3), Volume(9, 1)) == 0.75
    assert share(Volume(1, 0, 1), Volume(3, 0, 3)) == 0.25
    assert share(Volume(), Volume()) == 0.0


@pytest.mark.parametrize("size", [(80, 24), (60, 15)])
async def test_one_key_says_how_much_is_archived_below_each_prefix(walk: StartWalk, size: tuple[int, int]) -> None:
    async with walk("s3://acme-media-archive/archive/", size=size) as on:
        await on.settled()
        browse = on.app.main.query_one(BrowsePane)
        prefixes = browse.table.count
        await on.press("S")
        await on.until(lambda: browse.source.sums and browse.table.count == prefixes)
        await on.sees("Objects", "Size ▼", "Archived")
        view = there(browse.view)
        sizes = [there(row.below).whole.size_bytes for row in view.rows(0, prefixes)]
        assert sizes == sorted(sizes, reverse=True)
        assert sum(sizes) == there(browse.weights.totals).whole.size_bytes
        assert all(len(line) <= size[0] for line in on.lines())
        # Escape leads back to the objects, whose prefixes now tell what they know.
        await on.press("escape")
        await on.until(lambda: not browse.source.sums and browse.table.count == prefixes)
        await on.sees("State", "%")


def test_a_filter_says_how_much_it_matches_where_there_is_room() -> None:
    now = datetime(2026, 1, 15, 12, tzinfo=UTC)
    listing = Listing(1, Scope(CloudId("s3"), "b", recursive=True), 1990, 0, 551 << 30, now, now, None, "")
    weights = Weights()
    weights.totals = PrefixTotals("", {("GLACIER", State.ARCHIVED): Volume(1777, 501 << 30)})
    weights.match = Volume(1777, 501 << 30)
    query = Query(in_states(State.ARCHIVED))
    shown = ListingStatus(listing, query, query, now, 0, 1777, True, None, weights=weights)
    assert longer(shown)[-1].plain == "1,990 objects · 551 GiB · just now · 1,777 match state:archived · 501 GiB"
    assert status(shown)[0].plain == "1,990 objects · 551 GiB · seen just now · 1,777 match state:archived"
    plain = replace(shown, query=Query(), wanted=Query())
    assert longer(plain)[0].plain == (
        "1,990 objects · 551 GiB · archived 1,777 · 501 GiB · GLACIER 501 GiB · seen just now"
    )
    assert longer(plain)[-1].plain == "1,990 objects · 551 GiB · archived 501 GiB · seen just now"


async def test_an_object_among_sums_has_its_state_whole_or_as_its_shape(walk: StartWalk) -> None:
    async with walk("s3://acme-media-archive", size=(80, 24)) as on:
        await on.settled()
        await on.press("S")
        await on.sees("Objects", "Archived", "README.txt")
        line = next(line for line in on.lines() if "README.txt" in line)
        assert "▪" in line
        assert "…" not in line
