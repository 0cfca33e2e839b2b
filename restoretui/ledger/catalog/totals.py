"""Totals of listings as they are read: what lies below a prefix, and below each prefix there, by class and state."""

import asyncio
from collections.abc import Callable, Sequence
from sqlite3 import Connection

from restoretui.core.clock import Clock
from restoretui.ledger.catalog.prefix_sums import GROUPS, SHAPE, covering, totals_of, volume_of
from restoretui.ledger.catalog.retention import in_steps
from restoretui.ledger.catalog.settling import STALE, settle_some
from restoretui.ledger.records import CloudId, Listing
from restoretui.ledger.store.quick_reads import QuickReads
from restoretui.ledger.store.reader import ReaderThread
from restoretui.ledger.store.unknown_values import UNTOLD_DATE
from restoretui.ledger.store.writer import Writer
from restoretui.ledger.totals.counted_listing import DEEPEST, depth_of
from restoretui.ledger.totals.counting import FOLDER
from restoretui.ledger.views.filter_sql import end_of_prefix
from restoretui.ledger.volumes import GONE, HALF, PrefixTotals, Volume

DatedTotals = dict[str, dict[str, Volume]]
"""Amounts by prefix and by what the dates fall into."""


class Totals:
    """Reads are of what was brought up to date last: ``settle`` first, which costs nothing when nothing changed."""

    def __init__(self, writer: Writer, reader: ReaderThread, quick: QuickReads, clock: Clock) -> None:
        self._writer = writer
        self._reader = reader
        self._quick = quick
        self._clock = clock
        self._settling = asyncio.Lock()

    @property
    def is_stale(self) -> bool:
        """Something has changed, or a copy has ended, that is not counted yet."""
        return bool(self._quick.rows(STALE, (self._now(),))[0][0])

    @property
    def is_settling(self) -> bool:
        """It is being counted."""
        return self._settling.locked()

    async def settle(self) -> None:
        """Count what has changed, in steps between which others may write."""
        async with self._settling:
            if self.is_stale:
                await in_steps(self._writer, lambda tx, rows: settle_some(tx, rows, self._now()))

    def covering(
        self, cloud: CloudId, bucket: str, prefix: str, *, versions: bool = False, of_set: str = ""
    ) -> Listing | None:
        """The newest whole flat listing with totals for ``prefix``, however old; None if there is none.

        ``of_set``: of what the set whose listings have that source has there, and not of all.
        """
        return covering(self._quick, cloud, bucket, prefix, versions=versions, of_set=of_set)

    def of(self, listing: Listing, prefix: str | None = None) -> PrefixTotals | None:
        """What lies below one prefix, or is in all of the listing: quick enough for a repaint. None if not kept."""
        return totals_of(self._quick, listing, listing.scope.prefix if prefix is None else prefix)

    async def below(self, listing: Listing, prefix: str | None = None, *, depth: int = 1) -> list[PrefixTotals]:
        """Of each prefix so many levels further below, in key order; of levels below ``DEEPEST`` there are none."""
        prefix = listing.scope.prefix if prefix is None else prefix
        here = depth_of(prefix, listing.scope.prefix)
        if here is None or here + depth > DEEPEST:
            return []
        # Of a prefix that ends amid a name its own row would be in the range, at another depth.
        ends = (here + depth, prefix, end_of_prefix(prefix))
        sql = GROUPS.format(listing.id) + "? AND prefix >= ? AND prefix < ? ORDER BY prefix, storage_class, state"

        def read(connection: Connection) -> list[PrefixTotals]:
            rows = connection.execute(sql, ends).fetchall()
            SHAPE.check(rows)
            found: dict[str, dict[tuple[str, str], Volume]] = {}
            for row in rows:
                found.setdefault(row[0], {})[row[1], row[2]] = volume_of(row)
            return [PrefixTotals(name, groups) for name, groups in found.items()]

        return await self._reader.run(read)

    async def dated(
        self, listing: Listing, prefix: str, cuts: Sequence[int], name: Callable[[int | None], str]
    ) -> DatedTotals:
        """By folder (a key up to its last slash), and by when objects were written, which ``name`` puts into words.

        One pass over all that begins with ``prefix``: dates are not among what is kept. ``name`` is given how many of
        ``cuts``, rising seconds since the epoch, an object is younger than; None where its date is not told.
        """
        ranks = "".join(f" + (l.modified >= {cut})" for cut in cuts)
        size = "coalesce(r.size, l.size)"
        sql = (
            f"SELECT folder, rank, count(*), sum(max(size, 0) >> {HALF}), sum(max(size, 0) & {(1 << HALF) - 1}),"
            f" sum(size < 0) FROM (SELECT {FOLDER.format(key='l.key')} AS folder, {size} AS size,"
            f" CASE WHEN l.modified = {UNTOLD_DATE} THEN -1 ELSE 0{ranks} END AS rank"
            f" FROM l{listing.id} l LEFT JOIN r{listing.id} r ON r.id = l.id WHERE r.state IS NOT '{GONE}'"
            " AND l.key >= ? AND l.key < ?)"
            " GROUP BY folder, rank"
        )

        def read(connection: Connection) -> DatedTotals:
            found: DatedTotals = {}
            for folder, rank, objects, high, low, unsized in connection.execute(sql, (prefix, end_of_prefix(prefix))):
                amounts = found.setdefault(folder, {})
                called = name(None if rank < 0 else rank)
                more = Volume(objects, (high << HALF) + low, unsized)
                amounts[called] = amounts.get(called, Volume()).plus(more)
            return found

        return await self._reader.run(read)

    def _now(self) -> float:
        return self._clock.now().timestamp()
