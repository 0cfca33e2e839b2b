"""Retention and incremental vacuum of listings: removed a little at a time, so that nobody waits for it.

A listing is forgotten in one short transaction; its rows go in steps after that, and freed pages in steps after
those. A process that ends in between leaves tables without a listing, which the next process clears away.
"""

import time
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import Any, NamedTuple

from restoretui.core.clock import Clock
from restoretui.ledger.marks.spans import is_any_marked
from restoretui.ledger.records import CatalogBounds, Scope
from restoretui.ledger.run_records import WAITING
from restoretui.ledger.store import change_feed
from restoretui.ledger.store.state_folder import is_alive
from restoretui.ledger.store.writer import Tx, Writer
from restoretui.ledger.views.filter_sql import end_of_prefix

STEP_S = 0.01
"""Seconds the writer may be kept from others by one step."""
FEW_ROWS, MANY_ROWS = 500, 20_000
"""Rows of a listing, or of a run, that one step removes; it finds out how many fit into ``STEP_S``."""
SLACK_BYTES = 8 << 20
"""Free pages kept for what comes next; beyond these, and a tenth of what is in use, they are given back."""
IMPORTS = 1
"""Inventories that are kept of each place: the newest."""
BYTES_OF_ROW = 160
"""That an imported object takes in the catalog, about."""
_OPEN = ", ".join(f"'{state}'" for state in sorted((*WAITING, "available")))


class Freed(NamedTuple):
    """What a round of upkeep removed."""

    listings: int
    size_bytes: int
    """Given back to the disk."""


class _Listed(NamedTuple):
    id: int
    place_id: int
    prefix: str
    recursive: int
    versions: int
    single: int
    at: float
    is_complete: int
    scheme: str
    endpoint: str
    bucket: str
    origin: str
    only: str

    @property
    def scope(self) -> tuple[Any, ...]:
        return (*self[1:6], self.origin, self.only)


class Retention:
    """Evicts listings until the catalog is within its bounds; never one that a living process shows or makes."""

    def __init__(self, writer: Writer, clock: Clock, folder: Path, process: str) -> None:
        """``process`` is what this process is called by ``state_folder.is_alive``."""
        self._writer = writer
        self._clock = clock
        self._folder = folder
        self._process = process

    async def tidy(
        self, bounds: CatalogBounds, release: Collection[int], in_use: Collection[int], making: Scope | None = None
    ) -> Freed:
        """Forget what is beyond ``bounds``, and give its room back.

        ``release`` are listings this process does not use any more, ``in_use`` those it does. Of the scope that is
        ``making`` a listing one less is kept, whose room the new one takes.
        """
        before = (await self._writer.do(_sizes)).file_bytes
        dropped = await self._writer.do(lambda tx: self._forget(tx, bounds, release, in_use, making))
        await self._clear()
        while (await self._writer.do(_sizes_of_lists)).used_bytes > bounds.size_bytes:
            if not await self._writer.do(lambda tx: self._forget_oldest(tx, in_use)):
                break
            dropped += 1
            await self._clear()
        if making is not None:
            return Freed(dropped, 0)  # What became free is what the new listing is written to.
        after = await give_back(self._writer, "catalog")
        return Freed(dropped, max(0, before - after))

    def hold(self, tx: Tx, listing_id: int) -> bool:
        """Pin the listing: no process removes it while this one lives. False if it is gone already."""
        if tx.row("SELECT 1 FROM listing WHERE id = ?", (listing_id,)) is None:
            return False
        tx.run("INSERT OR IGNORE INTO holder (process, listing_id) VALUES (?, ?)", (self._process, listing_id))
        return True

    def _forget(
        self, tx: Tx, bounds: CatalogBounds, release: Collection[int], in_use: Collection[int], making: Scope | None
    ) -> int:
        for listing_id in release:
            tx.run("DELETE FROM holder WHERE process = ? AND listing_id = ?", (self._process, listing_id))
        held = self._held(tx) | set(in_use)
        oldest = self._clock.now().timestamp() - bounds.age_s
        made = None if making is None else _scope_of(making)
        kept: dict[tuple[Any, ...], int] = {}
        dropped = 0
        for listed in _listings(tx):
            kept[listed.scope] = rank = kept.get(listed.scope, 0) + 1
            most = IMPORTS if listed.origin == "inventory" else bounds.listings
            keep = most - (
                not listed.origin and made == (listed.scheme, listed.endpoint, listed.bucket, *listed.scope[1:5])
            )
            if listed.id in held:
                continue
            if rank > keep or (listed.at < oldest and not (rank == 1 and is_referred_to(tx, listed))):
                _forget(tx, listed.id)
                dropped += 1
        return dropped

    def _forget_oldest(self, tx: Tx, in_use: Collection[int]) -> bool:
        """One listing that nobody needs; those that a newer one of the same place covers first."""
        held = self._held(tx) | set(in_use)
        seen: set[tuple[Any, ...]] = set()
        chosen: list[tuple[bool, float, int, _Listed]] = []
        for listed in _listings(tx):
            is_newest = listed.scope not in seen
            seen.add(listed.scope)
            if listed.id not in held and listed.origin != "inventory":
                chosen.append((is_newest, listed.at, listed.id, listed))
        for is_newest, _, listing_id, listed in sorted(chosen):
            if not (is_newest and is_referred_to(tx, listed)):
                _forget(tx, listing_id)
                return True
        return False

    def _held(self, tx: Tx) -> set[int]:
        """What living processes hold, and what is marked by span; what dead processes held is let go."""
        for (process,) in tx.rows("SELECT DISTINCT process FROM holder"):
            if process != self._process and not is_alive(self._folder, process):
                tx.run("DELETE FROM holder WHERE process = ?", (process,))
        return {
            row[0] for row in tx.rows("SELECT listing_id FROM holder UNION SELECT listing_id FROM selection_span")
        }

    async def _clear(self) -> None:
        """Remove the tables that no listing stands for, some rows at a time."""
        await in_steps(self._writer, _clear_some)


class Sizes(NamedTuple):
    """Of one file."""

    used_bytes: int
    file_bytes: int
    """Free pages included."""


def sizes_of(tx: Tx, name: str) -> Sizes:
    """How large a database is."""
    (pages,), (free,), (size,) = (
        tx.rows(f"PRAGMA {name}.{what}")[0] for what in ("page_count", "freelist_count", "page_size")
    )
    return Sizes((pages - free) * size, pages * size)


def _sizes_of_lists(tx: Tx) -> Sizes:
    """Without inventories, which a person asked for by name: they make no room for listings, nor these for them."""
    sizes = sizes_of(tx, "catalog")
    ((imported,),) = tx.rows("SELECT coalesce(sum(objects), 0) FROM listing WHERE origin = 'inventory'")
    return sizes._replace(used_bytes=max(0, sizes.used_bytes - imported * BYTES_OF_ROW))


def _sizes(tx: Tx) -> Sizes:
    return sizes_of(tx, "catalog")


async def in_steps(writer: Writer, step: Callable[[Tx, int], bool]) -> None:
    """Run ``step`` with a number of rows to take on, until it returns False: nothing was left.

    Each is a transaction of its own, as large as fits into ``STEP_S``; what others want written comes in between.
    """
    rows = FEW_ROWS

    def timed(tx: Tx) -> tuple[bool, float]:
        begun = time.perf_counter()
        return step(tx, rows), time.perf_counter() - begun

    while True:
        more, took = await writer.do(timed)
        if not more:
            return
        rows = min(MANY_ROWS, rows * 2) if took < STEP_S / 2 else max(FEW_ROWS, rows // 2) if took > STEP_S else rows


async def give_back(writer: Writer, name: str, slack_bytes: int | None = None) -> int:
    """Give free pages beyond the slack back to the disk, in steps; the bytes of the file after that.

    A file made before this could be done keeps them: ``restoretui ledger vacuum`` changes that.
    """

    def is_too_much(sizes: Sizes) -> bool:
        slack = max(SLACK_BYTES, sizes.used_bytes // 10) if slack_bytes is None else slack_bytes
        return sizes.file_bytes - sizes.used_bytes > slack

    def some(tx: Tx, _rows: int) -> bool:
        (mode,) = tx.rows(f"PRAGMA {name}.auto_vacuum")[0]
        if mode != _INCREMENTAL or not is_too_much(sizes_of(tx, name)):
            return False
        until = time.perf_counter() + STEP_S / 2
        while time.perf_counter() < until:
            # One page a statement: Python's module steps through it only once, whatever number it is given.
            tx.run(f"PRAGMA {name}.incremental_vacuum(1)")
        return is_too_much(sizes_of(tx, name))

    await in_steps(writer, some)
    return (await writer.do(lambda tx: sizes_of(tx, name))).file_bytes


_INCREMENTAL = 2


def _listings(tx: Tx) -> Iterable[_Listed]:
    """All of them, whole ones first, the newest of each place before the older."""
    rows = tx.rows(
        "SELECT g.id, g.place_id, g.prefix, g.recursive, g.versions, g.single, "
        " CASE WHEN g.origin IN ('inventory', 'set') THEN g.made_at ELSE coalesce(g.ended_at, g.started_at) END,"
        " g.ended_at IS NOT NULL AND g.error = '', p.scheme, p.endpoint, p.bucket, g.origin, g.only"
        " FROM listing g JOIN place p ON p.id = g.place_id ORDER BY 8 DESC, g.id DESC"
    )
    return [_Listed(*row) for row in rows]


def _scope_of(scope: Scope) -> tuple[Any, ...]:
    return (*scope.cloud, scope.bucket, scope.prefix, scope.recursive, scope.versions, scope.single)


def _forget(tx: Tx, listing_id: int) -> None:
    tx.run("DELETE FROM segment WHERE listing_id = ?", (listing_id,))
    tx.run("DELETE FROM listing WHERE id = ?", (listing_id,))
    tx.touch(change_feed.CATALOG, change_feed.listing_topic(listing_id))


def _clear_some(tx: Tx, rows: int) -> bool:
    row = tx.row(
        "SELECT name FROM catalog.sqlite_master WHERE type = 'table' AND name GLOB '[hlprt][0-9]*'"
        " AND CAST(substr(name, 2) AS INTEGER) NOT IN (SELECT id FROM listing) LIMIT 1"
    )
    if row is None:
        return False
    name = row[0]
    # Row by row costs no more than dropping a full table, which would keep everybody waiting for all of it.
    last = tx.row(f"SELECT id FROM catalog.{name} ORDER BY id LIMIT 1 OFFSET ?", (rows,))
    if last is None:
        tx.run(f"DROP TABLE catalog.{name}")
    else:
        tx.run(f"DELETE FROM catalog.{name} WHERE id < ?", last)
    return True


def is_referred_to(tx: Tx, listed: _Listed) -> bool:
    """Marked objects, or objects of a run that is not over, lie in what the listing covers."""
    low = listed.prefix
    high = low + "\0" if listed.single else end_of_prefix(low)
    for (sel,) in tx.rows("SELECT sel FROM selection_total WHERE place_id = ? AND objects > 0", (listed.place_id,)):
        if is_any_marked(tx, sel, listed.place_id, low, high):
            return True
    # Within a run and bucket, ids rise with the keys.
    runs = tx.rows(
        "SELECT a.bucket_id, a.key, z.bucket_id, z.key, b.name FROM run r JOIN job a ON a.id = r.first_job"
        " JOIN job z ON z.id = r.first_job + r.objects - 1 JOIN bucket b ON b.id = a.bucket_id"
        " WHERE r.scheme = ? AND r.endpoint = ? AND EXISTS (SELECT 1 FROM run_count c WHERE c.run_id = r.id"
        f" AND c.jobs > 0 AND c.state IN ({_OPEN}))",
        (listed.scheme, listed.endpoint),
    )
    return any(
        first_bucket != last_bucket or (bucket == listed.bucket and first < high and last >= low)
        for first_bucket, first, last_bucket, last, bucket in runs
    )
