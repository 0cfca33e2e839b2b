"""A bounded queue of listing pages on their way to disk: written in groups, with backpressure to the lister."""

import asyncio
import contextlib
import json
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
from restoretui.ledger.store.unknown_values import UNTOLD_DATE, UNTOLD_SIZE, added, saturated, stored_column
from restoretui.ledger.store.writer import CHUNKS, Tx, Writer, values_template
from restoretui.ledger.totals.counted_listing import counted
from restoretui.ledger.totals.counting import FolderSums, NewRows, count_rows, folder_sums
from restoretui.ledger.views import row_kinds
from restoretui.ledger.views.row_kinds import Kinds, kinds_of, kinds_of_classes, together
from restoretui.ledger.views.row_order import PLACE_BITS

_ROOM = 20
"""The bound of the queue, in pages: with so many waiting ``room`` applies backpressure; some 8 MB."""
_WORTH_A_COMMIT = 6
"""With so many pages the writer begins, so that it works while the next ones come, and not when there is no room."""

_CHUNKS = (2000, *CHUNKS)
"""Rows a statement takes; one of 2,000 takes 2 MB."""
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


class _OfSegment(NamedTuple):
    """Those of the new rows that go to one segment: from ``start`` up to ``stop``."""

    segment: int
    start: int
    stop: int


def _write(tx: Tx, listing_id: int, arrivals: Sequence[_Arrival]) -> None:
    """All pages at once, whatever ranges they are of.

    Each statement lets go of the interpreter's lock, and while the event loop is busy the return to it takes as long
    as a page is parsed: what matters is how few they are.
    """
    row = tx.row(
        "SELECT started_at, first_segment, place_id, origin IN ('inventory', 'set') FROM listing WHERE id = ?",
        (listing_id,),
    )
    if row is None:
        raise listing_replaced()
    started_at, first_segment, place, is_as_old = row
    columns: list[list[Any]] = [[] for _ in Entry._fields]
    seconds: list[int] = []
    pieces: list[_OfSegment] = []
    for number, of_segment in groupby(sorted(arrivals, key=attrgetter("segment")), attrgetter("segment")):
        start = len(seconds)
        for arrival in of_segment:
            rows = Rows.of(arrival.page.entries)
            for column, more in zip(columns, rows.columns, strict=True):
                column += more
            seconds += [0 if is_as_old else max(0, int(arrival.seen_at - started_at))] * len(rows)
        if len(seconds) > start:
            pieces.append(_OfSegment(first_segment + number, start, len(seconds)))
    told = columns[_STATUS].count(None) < len(seconds)
    if told and not is_as_old:  # What is told of old may have been told by a look.
        listings_tell(tx, place)
    size_bytes = 0
    if seconds:
        columns[_SIZE] = stored_column(columns[_SIZE], UNTOLD_SIZE)
        columns[_MODIFIED] = stored_column(columns[_MODIFIED], UNTOLD_DATE)
        sums = [
            folder_sums(*(columns[at][piece.start : piece.stop] for at in (_KEY, _SIZE, _CLASS))) for piece in pieces
        ]
        ids = _write_segments(
            tx,
            listing_id,
            columns,
            pieces,
            [
                _kinds(columns, piece, of, min(seconds[piece.start : piece.stop]))
                for piece, of in zip(pieces, sums, strict=True)
            ],
        )
        _write_rows(tx, listing_id, list(chain.from_iterable(ids)), columns, seconds)
        new = NewRows(ids, sums, told)
        for listed in counted(tx, "g.id = ?", (listing_id,)):
            count_rows(tx, listed, new, max(arrival.seen_at for arrival in arrivals))
        size_bytes = sum(known for of in sums for _, known, *_ in of.values())
    prefixes = list(chain.from_iterable(arrival.page.prefixes for arrival in arrivals))
    tx.values(f"INSERT INTO p{listing_id} (prefix)", [(prefix,) for prefix in prefixes])
    tx.run(
        f"UPDATE listing SET objects = objects + ?, prefixes = prefixes + ?, size_bytes = {added('size_bytes', '?')},"
        " resume_token = ? WHERE id = ?",
        (len(seconds), len(prefixes), saturated(size_bytes), arrivals[-1].resume_token, listing_id),
    )
    tx.touch(change_feed.listing_topic(listing_id))


def _kinds(columns: Sequence[list[Any]], piece: _OfSegment, sums: FolderSums, seen: int) -> Kinds:
    """As plans take the rows; what is added up already is not added up again where none tells of a restore."""
    classes, sizes, statuses, ends = (columns[at][piece.start : piece.stop] for at in (_CLASS, _SIZE, _STATUS, _END))
    if statuses.count(None) == len(statuses) == ends.count(None):
        return kinds_of_classes(
            ((name, objects, size, large, unsized) for (_, name), (objects, size, unsized, large) in sums.items()),
            seen,
        )
    return kinds_of(classes, sizes, statuses, ends, seen)


def _write_segments(
    tx: Tx, listing_id: int, columns: Sequence[list[Any]], pieces: Sequence[_OfSegment], kinds: Sequence[Kinds]
) -> list[range]:
    """Note what each segment has from now on; the ids of its new rows."""
    stored = tx.rows(
        "SELECT number, rows, last_key, kinds FROM segment WHERE listing_id = ?"
        " AND number IN (SELECT value FROM json_each(?))",
        (listing_id, json.dumps([piece.segment for piece in pieces])),
    )
    known = {number: (rows, last_key, row_kinds.read(text)) for number, rows, last_key, text in stored}
    ids: list[range] = []
    noted: list[tuple[object, ...]] = []
    for piece, new in zip(pieces, kinds, strict=True):
        keys = columns[_KEY][piece.start : piece.stop]
        before, last_key, old = known.get(piece.segment, (0, "", {}))
        # Only what rises strictly can be marked by span: the versions of a key do not, nor what a store repeats.
        rises = (not before or (last_key is not None and last_key < keys[0])) and all(map(lt, keys, keys[1:]))
        first_id = (piece.segment << PLACE_BITS) + before + 1
        ids.append(range(first_id, first_id + len(keys)))
        both = None if old is None else together(old, new)
        noted.append(
            (listing_id, piece.segment, keys[0], before + len(keys), keys[-1] if rises else None,
             row_kinds.written(both))
        )  # fmt: skip
    tx.values(
        "INSERT INTO segment (listing_id, number, first_key, rows, last_key, kinds)",
        noted,
        "ON CONFLICT (listing_id, number)"
        " DO UPDATE SET rows = excluded.rows, last_key = excluded.last_key, kinds = excluded.kinds",
    )
    return ids


def _write_rows(
    tx: Tx, listing_id: int, ids: Sequence[int], columns: Sequence[list[Any]], seconds: Sequence[int]
) -> None:
    done = 0
    for size in _CHUNKS:
        while len(ids) - done >= size:
            some = [column[done : done + size] for column in columns]
            alike = tuple(at in _OFTEN_ALIKE and column.count(column[0]) == size for at, column in enumerate(some))
            args = [column[0] for column, is_alike in zip(some, alike, strict=True) if is_alike]
            # A second's difference within one statement does not matter; the earliest is the cautious one.
            args.append(min(seconds[done : done + size]))
            own = (column for column, is_alike in zip(some, alike, strict=True) if not is_alike)
            args += chain.from_iterable(zip(ids[done : done + size], *own, strict=True))
            tx.run(f"INSERT INTO l{listing_id} ({_COLUMNS}) {_template(size, alike)}", args)
            done += size


@cache
def _template(rows: int, alike: tuple[bool, ...]) -> str:
    """Rows as ``Entry`` has them, behind their ids; and for all of them the time at which they were seen.

    See ``writer.alike_template`` for columns in which all rows are ``alike``.
    """
    own = count(2)
    texts = ["?" if is_alike else f"column{next(own)}" for is_alike in alike]
    return f"SELECT column1, {', '.join(texts)}, ? FROM (VALUES {values_template(rows, 1 + alike.count(False))})"
