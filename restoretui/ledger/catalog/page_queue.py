"""A bounded queue of listing pages on their way to disk: written in groups, with backpressure to the lister."""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Sequence
from functools import cache
from itertools import chain, count, groupby
from operator import attrgetter, lt
from typing import Any, NamedTuple

from msgspec import Struct, field

from restoretui.core.errors import LedgerError
from restoretui.core.model import Entry, Page
from restoretui.core.rows import Rows
from restoretui.ledger.catalog.observations import listings_tell
from restoretui.ledger.store import change_feed
from restoretui.ledger.store.sqlite_errors import listing_replaced
from restoretui.ledger.store.unknown_values import UNTOLD_DATE, UNTOLD_SIZE, added, saturated, stored_column, sum_of
from restoretui.ledger.store.writer import Tx, Writer
from restoretui.ledger.totals.counted_listing import counted
from restoretui.ledger.totals.counting import FolderSums, NewRows, count_rows, folder_sums
from restoretui.ledger.views import row_kinds
from restoretui.ledger.views.row_kinds import Kinds, kinds_of, kinds_of_classes, together
from restoretui.ledger.views.row_order import PLACE_BITS

_ROOM = 20
"""The bound of the queue, in pages: with so many waiting ``room`` applies backpressure; some 8 MB."""
_WORTH_A_COMMIT = 6
"""With so many pages the writer begins, so that it works while the next ones come, and not when there is no room."""

_CHUNKS = (1000, 200, 40, 8, 1)
"""Rows a statement takes; few sizes, so that SQLite's statement cache knows them all."""
_COLUMNS = "id, key, version_id, size, modified, storage_class, in_progress, expiry, etag, is_latest, seen"
_KEY, _SIZE, _MODIFIED, _CLASS, _STATUS, _END = map(
    Entry._fields.index, ("key", "size", "modified", "storage_class", "in_progress", "expiry")
)
_OFTEN_ALIKE = frozenset(
    Entry._fields.index(name) for name in ("version_id", "storage_class", "in_progress", "expiry", "is_latest")
)


class _Arrival(NamedTuple):
    page: Page
    segment: int
    resume_token: str | None
    seen_at: float


class _PageGroup(Struct, eq=False):
    """Pages of one listing that are written together; open to more until the writer begins with it."""

    listing_id: int
    pages: list[_Arrival] = field(default_factory=list)
    is_sealed: bool = False


class PageQueue:
    """The queue: filled from the event loop, and emptied by the writer's thread, a group of pages at a time."""

    def __init__(
        self, writer: Writer, loop: asyncio.AbstractEventLoop, report: Callable[[LedgerError | None], None]
    ) -> None:
        """``report`` is told of each listing that cannot be written, and with None that writing works."""
        self._report = report
        self._writer = writer
        self._loop = loop
        self._lock = threading.Lock()
        self._groups: dict[int, _PageGroup] = {}
        self._waiting = 0
        self._has_room = asyncio.Event()
        self._has_room.set()
        self._failures: dict[int, Exception] = {}

    def put(self, listing_id: int, page: Page, segment: int, resume_token: str | None, seen_at: float) -> None:
        """Queue a page; raises what went wrong with an earlier page of the same listing."""
        failed = self._failures.get(listing_id)
        if failed is not None:
            raise failed
        arrival = _Arrival(page, segment, resume_token, seen_at)
        with self._lock:
            group = self._groups.get(listing_id)
            joined = group is not None and not group.is_sealed
            if group is not None and joined:
                group.pages.append(arrival)
        if not joined:
            self._post(_PageGroup(listing_id, [arrival]))
        self._waiting += 1
        if self._waiting >= _ROOM:
            self._has_room.clear()
        if self._waiting >= _ROOM or len(self._groups[listing_id].pages) >= _WORTH_A_COMMIT:
            self._writer.hurry()

    async def room(self) -> None:
        """Backpressure: wait until fewer than ``_ROOM`` pages are queued."""
        await self._has_room.wait()

    async def written(self) -> None:
        """Flush: wait until all pages queued so far are on disk, or have failed."""
        await self._writer.do(lambda _tx: None)

    def failure(self, listing_id: int) -> Exception | None:
        """Why a page of that listing could not be written."""
        return self._failures.get(listing_id)

    def forgive(self, listing_id: int) -> None:
        """Try that listing again."""
        self._failures.pop(listing_id, None)

    def _post(self, group: _PageGroup) -> None:
        self._groups[group.listing_id] = group

        def write(tx: Tx) -> None:
            with self._lock:
                group.is_sealed = True
            failed = self._failures.get(group.listing_id)
            if failed is not None:
                # A hole in the middle would look like a complete listing.
                raise failed
            _write(tx, group.listing_id, group.pages)

        def settled(error: Exception | None) -> None:
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._settle, group, error)

        self._writer.post(write, settled)

    def _settle(self, group: _PageGroup, error: Exception | None) -> None:
        if self._groups.get(group.listing_id) is group:
            del self._groups[group.listing_id]
        if error is None:
            self._report(None)
        elif group.listing_id not in self._failures:
            self._failures[group.listing_id] = error
            if isinstance(error, LedgerError):
                self._report(error)
        self._waiting -= len(group.pages)
        if self._waiting < _ROOM:
            self._has_room.set()


def _write(tx: Tx, listing_id: int, arrivals: Sequence[_Arrival]) -> None:
    row = tx.row(
        "SELECT started_at, first_segment, place_id, origin IN ('inventory', 'set') FROM listing WHERE id = ?",
        (listing_id,),
    )
    if row is None:
        raise listing_replaced()
    started_at, first_segment, place, is_as_old = row
    objects = size_bytes = 0
    told = any(status is not None for arrival in arrivals for status in Rows.of(arrival.page.entries).in_progress)
    if told and not is_as_old:  # What is told of old may have been told by a look.
        listings_tell(tx, place)
    totals = counted(tx, "g.id = ?", (listing_id,))
    for number, of_segment in groupby(sorted(arrivals, key=attrgetter("segment")), attrgetter("segment")):
        columns: list[list[Any]] = [[] for _ in Entry._fields]
        seconds: list[int] = []
        for arrival in of_segment:
            rows = Rows.of(arrival.page.entries)
            for column, more in zip(columns, rows.columns, strict=True):
                column += more
            seconds += [0 if is_as_old else max(0, int(arrival.seen_at - started_at))] * len(rows)
        if seconds:
            columns[_SIZE] = stored_column(columns[_SIZE], UNTOLD_SIZE)
            columns[_MODIFIED] = stored_column(columns[_MODIFIED], UNTOLD_DATE)
            sums = folder_sums(columns[_KEY], columns[_SIZE], columns[_CLASS])
            kinds = _kinds(columns, sums, min(seconds))
            new = NewRows(_write_segment(tx, listing_id, first_segment + number, columns, seconds, kinds), sums, told)
            for listed in totals:
                count_rows(tx, listed, new, max(arrival.seen_at for arrival in arrivals))
            objects += len(seconds)
            size_bytes += sum_of(columns[_SIZE])
    prefixes = list(chain.from_iterable(arrival.page.prefixes for arrival in arrivals))
    tx.values(f"INSERT INTO p{listing_id} (prefix)", [(prefix,) for prefix in prefixes])
    tx.run(
        f"UPDATE listing SET objects = objects + ?, prefixes = prefixes + ?, size_bytes = {added('size_bytes', '?')},"
        " resume_token = ? WHERE id = ?",
        (objects, len(prefixes), saturated(size_bytes), arrivals[-1].resume_token, listing_id),
    )
    tx.touch(change_feed.listing_topic(listing_id))


def _kinds(columns: Sequence[list[Any]], sums: FolderSums, seen: int) -> Kinds:
    """As plans take the rows; what is added up already is not added up again where none tells of a restore."""
    statuses, ends = columns[_STATUS], columns[_END]
    if statuses.count(None) == len(statuses) == ends.count(None):
        return kinds_of_classes(
            ((name, objects, size, large, unsized) for (_, name), (objects, size, unsized, large) in sums.items()),
            seen,
        )
    return kinds_of(columns[_CLASS], columns[_SIZE], statuses, ends, seen)


def _write_segment(
    tx: Tx, listing_id: int, number: int, columns: Sequence[list[Any]], seconds: Sequence[int], new: Kinds
) -> range:
    """The ids of the rows written."""
    row = tx.row(
        "SELECT rows, last_key, kinds FROM segment WHERE listing_id = ? AND number = ?", (listing_id, number)
    )
    keys = columns[_KEY]
    kinds: Kinds | None = new
    if row is not None:
        known = row_kinds.read(row[2])
        kinds = None if known is None else together(known, new)
    if row is None:
        tx.run(
            "INSERT INTO segment (listing_id, number, first_key, rows) VALUES (?, ?, ?, 0)",
            (listing_id, number, keys[0]),
        )
    # Only what rises strictly can be marked by span: the versions of a key do not, nor what a store repeats.
    rises = (row is None or (row[1] is not None and row[1] < keys[0])) and all(map(lt, keys, keys[1:]))
    before = 0 if row is None else int(row[0])
    next_id = (number << PLACE_BITS) + before + 1
    done = 0
    for size in _CHUNKS:
        while len(seconds) - done >= size:
            some = [column[done : done + size] for column in columns]
            alike = tuple(at in _OFTEN_ALIKE and column.count(column[0]) == size for at, column in enumerate(some))
            # A second's difference within one statement does not matter; the earliest is the cautious one.
            args = [next_id + done]
            args += [column[0] for column, is_alike in zip(some, alike, strict=True) if is_alike]
            args.append(seconds[done])
            args += chain.from_iterable(
                zip(*(column for column, is_alike in zip(some, alike, strict=True) if not is_alike), strict=True)
            )
            tx.run(f"INSERT INTO l{listing_id} ({_COLUMNS}) {_template(size, alike)}", args)
            done += size
    tx.run(
        "UPDATE segment SET rows = ?, last_key = ?, kinds = ? WHERE listing_id = ? AND number = ?",
        (before + done, keys[-1] if rises else None, row_kinds.written(kinds), listing_id, number),
    )
    return range(next_id, next_id + done)


@cache
def _template(rows: int, alike: tuple[bool, ...]) -> str:
    """Rows as ``Entry`` has them, with ids that count up from the first argument and, behind them, their time.

    See ``writer.alike_template`` for columns in which all rows are ``alike``.
    """
    own = count(2)
    texts = ["?" if is_alike else f"column{next(own)}" for is_alike in alike]
    places = "?, " * alike.count(False)
    values = ", ".join([f"({row}, {places[:-2]})" for row in range(rows)])
    return f"SELECT ? + column1, {', '.join(texts)}, ? FROM (VALUES {values})"
