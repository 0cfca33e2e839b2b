"""How many ranges are listed side by side: as many as make it quicker."""

import asyncio

import pytest

from restoretui.core.model import Entry, Page
from restoretui.engine.listing.lister import Lister, Source
from restoretui.engine.traffic.listing_traits import ListingTraits
from restoretui.ledger.records import CloudId, Scope
from tests.engine.listing.test_lister import Bucket, Pages, read


class Line(Bucket):
    """A bucket behind a line: each page takes a second, or one for every page under way where the machine is slow."""

    def __init__(self, keys: list[tuple[str, str | None]], *, is_busy: bool) -> None:
        super().__init__(keys, page=50)
        self.is_busy = is_busy
        self.under_way = self.most = 0
        self.now = 0.0

    async def list_page(self, bucket: str, prefix: str = "", **fields: object) -> Page:
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        ends = self.now + (self.under_way if self.is_busy else 1)
        while self.now < ends:
            await asyncio.sleep(0)
            self.now += 1 / self.under_way
        page = await super().list_page(bucket, prefix, **fields)  # type: ignore[arg-type]
        self.under_way -= 1
        return page


@pytest.mark.parametrize(("is_busy", "streams"), [(False, 8), (True, 4)])
def test_streams_are_added_while_they_make_it_quicker(is_busy: bool, streams: int) -> None:
    line = Line([(f"{number:06}", None) for number in range(20_000)], is_busy=is_busy)
    pages = Pages()
    scope = Scope(CloudId("s3"), "b", recursive=True)
    lister = Lister(Source(line, read, ListingTraits(known=True)), scope, pages, 8, lambda: line.now)  # type: ignore[arg-type]
    asyncio.run(lister.list_all())
    assert len(pages.rows) == 20_000
    assert (line.most <= streams) if is_busy else (line.most == streams)


class FarAway(Bucket):
    """Pages of a thousand come after 20 turns of the loop, and then take 4 more each, one after the other."""

    def __init__(self, objects: int) -> None:
        super().__init__([(f"{number:06}", None) for number in range(objects)], page=1000)
        self.machine = asyncio.Lock()
        self.now = 0

    async def list_page(self, bucket: str, prefix: str = "", **fields: object) -> Page:
        page = await super().list_page(bucket, prefix, **fields)  # type: ignore[arg-type]
        await self.turns(20)
        async with self.machine:
            await self.turns(4)
        return page

    async def turns(self, number: int) -> None:
        until = self.now + number
        while self.now < until:
            await asyncio.sleep(0)

    async def tick(self) -> None:
        while True:
            self.now += 1
            await asyncio.sleep(0)

    def page_at(self, at: int, prefix: str) -> Page:
        rows = [Entry(key, None, 1, 0, "GLACIER") for key in self.keys[at : at + self.page]]
        return Page(rows, (), str(at + self.page) if at + self.page < len(self.keys) else None)


def test_ranges_are_not_halved_to_the_end_where_the_machine_has_enough_of_them() -> None:
    async def listed() -> FarAway:
        bucket = FarAway(300_000)
        ticking = asyncio.create_task(bucket.tick())
        scope = Scope(CloudId("s3"), "b", recursive=True)
        source = Source(bucket, read, ListingTraits(known=True))  # type: ignore[arg-type]
        await Lister(source, scope, pages, 32, lambda: bucket.now).list_all()
        ticking.cancel()
        return bucket

    pages = Pages()
    bucket = asyncio.run(listed())
    assert len(pages.rows) == 300_000
    assert bucket.requests <= 320  # 327 if they were; 300 pages hold all
