"""The view of a listing: common prefixes and objects, filtered, sorted, with marks and the state of our jobs."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any, NamedTuple

from msgspec import Struct

from restoretui.core.clock import Clock
from restoretui.core.filter.tree import LISTED, fields_of
from restoretui.core.model import ObjectRef, State
from restoretui.ledger.catalog.prefix_sums import PrefixSums
from restoretui.ledger.catalog.segments import Segments
from restoretui.ledger.catalog.version_numbers import version_numbers
from restoretui.ledger.marks.pending_marks import PendingMarks
from restoretui.ledger.marks.span_sql import is_marked
from restoretui.ledger.marks.spans import is_any_marked, listings_of_spans
from restoretui.ledger.records import EVERYTHING, BrowseRow, Listing, Query
from restoretui.ledger.store.change_feed import Changes
from restoretui.ledger.store.decoding import STATES, TIERS, damaged, decodes
from restoretui.ledger.store.quick_reads import QuickReads
from restoretui.ledger.store.reader import ReaderThread
from restoretui.ledger.store.sqlite_errors import listing_replaced
from restoretui.ledger.store.unknown_values import UNTOLD_DATE
from restoretui.ledger.views import fact_sql
from restoretui.ledger.views.filter_columns import FACTS, LISTED_COLUMNS, as_known, as_listed
from restoretui.ledger.views.filter_sql import Arguments, end_of_prefix
from restoretui.ledger.views.ids_in_order import IdRange, IdsInOrder
from restoretui.ledger.views.materialised_order import MaterialisedOrder, OrderBuilder
from restoretui.ledger.views.present_in import SUMS
from restoretui.ledger.views.row_order import (
    Piece,
    Rank,
    RowOrder,
    Select,
    Span,
    Straight,
    falling,
    piece_rows,
    rising,
)  # fmt: skip
from restoretui.ledger.views.table_view import TableView
from restoretui.ledger.views.where_sql import cheapest_first, names_only, where, where_sql

_SHOWN = (
    f"SELECT id, key, version_id, size, modified, storage_class, archive_status, {fact_sql.SHOWN_STATE} AS shown,"
    f" {fact_sql.SHOWN_EXPIRY} AS shown_expiry, marked, CASE WHEN {fact_sql.STILL_OURS} THEN job_tier END AS tier,"
    f" CASE WHEN {fact_sql.STILL_OURS} THEN job_run END AS run_id, etag, is_latest, gone"
)

_CODE = "(SELECT q.code FROM job q WHERE q.id = l.job_id)"


_BY_SUMS = frozenset({"size", "below", "archived", "restoring", "readable"})


class BrowseContext(Struct, frozen=True):
    """The dependencies that views of listings share."""

    orders: OrderBuilder
    reader: ReaderThread
    quick: QuickReads
    changes: Changes
    clock: Clock
    marks: PendingMarks


class _Status(NamedTuple):
    objects: int
    prefixes: int


class BrowseView(TableView[BrowseRow]):
    """See ``records.View``. Made by ``Catalog.browse``."""

    def __init__(self, context: BrowseContext, listing: Listing, place_id: int, query: Query) -> None:
        super().__init__(context.orders)
        self.listing = listing
        self.query = query
        self.place_id = place_id
        self._context = context
        self._quick = context.quick
        self._rules = listing.scope.cloud.rules
        # Of each key one version, whichever it is: nothing tells how many there are.
        self._is_past = listing.origin is not None and listing.origin.kind == "as-of"
        silent = listing.origin is not None and listing.origin.is_silent
        self._base = fact_sql.of_listing(listing.started_at.timestamp(), silent=silent)
        self._bucket_id = 0
        self._has_looks = False
        self._final: _Status | None = None
        self._sql: dict[tuple[object, ...], str] = {}
        self._prefixes: RowOrder = Straight(lambda: 1, lambda: self._status().prefixes)
        self.sums = PrefixSums(context.quick, listing)
        """What is known of what lies below the prefixes shown."""
        self._segments = Segments(context.quick, listing.id, lambda: self._status().objects)
        self._objects: RowOrder = self._segments

    @property
    def listing_id(self) -> int:
        """The listing it shows."""
        return self.listing.id

    @property
    def object_table(self) -> str:
        """The table of the listing's objects."""
        return f"l{self.listing.id}"

    @property
    def shows_every_object(self) -> bool:
        """Nothing is filtered out, and no more rows will come."""
        query = self.query
        self._status()
        return query.where is None and self._final is not None

    @property
    def objects(self) -> int:
        """Objects in the view, without common prefixes; so far, while it is not complete."""
        return self._status().objects if self.shows_every_object else self._objects.count

    def object_span(self, first: int = 0, last: int | None = None) -> Span:
        """The objects of the view, or those between two of its positions (both included), as ``l``."""
        above = self._prefixes.count
        count = self._objects.count
        start = max(first - above, 0)
        stop = count if last is None else min(last + 1 - above, count)
        if start == 0 and (stop == self._status().objects or (last is None and self.shows_every_object)):
            # All of the listing, in whatever order it is shown.
            return Span(f"{self.object_table} l", "1", "0", "l.id", {})
        return self._objects.members(self.object_table, "l", start, max(stop, start))

    def in_id_order(self) -> AbstractAsyncContextManager[IdsInOrder | None]:
        """Its objects, if a query chose or sorted them and they are many."""
        if not isinstance(self._objects, MaterialisedOrder):
            return nullcontext()
        return self._objects.in_id_order(is_so=self.query.sort == "key" and not self.query.descending)

    def id_ranges(self, first: int, last: int) -> Sequence[IdRange]:
        """The objects between two positions (both included) of a whole listing in key order; of others nothing."""
        above, order = self._prefixes.count, self._objects
        return order.ranges(first - above, last + 1 - above) if isinstance(order, Segments) else ()

    def _all_rows(self) -> tuple[Span, str]:
        return self.object_span(), "l.size"

    async def prepare(self) -> None:
        """Build what the query asks for; to be called once."""
        if self.query == EVERYTHING:
            return
        try:
            await self._build(self._status())
        except BaseException:
            await asyncio.shield(self.aclose())
            raise

    # Ids of prefixes are negative, and on screen they come first.

    def _parts(self) -> Sequence[RowOrder]:
        return (self._prefixes, self._objects)

    def _part_of(self, row_id: int) -> tuple[int, int]:
        return (1, row_id) if row_id > 0 else (0, -row_id)

    def _row_id_of(self, part: int, id_there: int) -> int:
        return id_there if part else -id_there

    def _read(self, part: int, order: RowOrder, start: int, stop: int) -> list[BrowseRow]:
        return self._read_objects(order, start, stop) if part else self._read_prefixes(order, start, stop)

    def _status(self) -> _Status:
        if self._final is not None:
            return self._final
        row = self._quick.row(
            "SELECT objects, prefixes, ended_at IS NOT NULL AND error = '' FROM listing WHERE id = ?",
            (self.listing.id,),
        )
        if row is None:
            raise listing_replaced()
        status = _Status(row[0], row[1])
        if row[2]:
            self._final = status
        return status

    # --- building

    async def _build(self, status: _Status) -> None:
        query = self.query
        if query.where is not None or self._is_backwards or query.sort in _BY_SUMS:
            self._prefixes = await self._order(self._select_prefixes(), status.prefixes)
        self._objects = await self._order(self._select_objects(), status.objects)

    async def _order(self, select: Select, candidates: int) -> RowOrder:
        return await self._orders.build(select, candidates, self.view_id)

    @property
    def _is_backwards(self) -> bool:
        return self.query.sort == "key" and self.query.descending

    def _select_prefixes(self) -> Select:
        # The delimiter at the end need not be typed; a prefix has nothing but its name.
        columns = names_only("prefix", "rtrim(prefix, '/')", prefix=self.listing.scope.prefix)
        match = where(self.query.where, columns)
        if self.query.sort in _BY_SUMS:
            return self.sums.order(self.listing, self.query, match)
        direction, rank = ("DESC", falling) if self._is_backwards else ("ASC", rising)
        sql = f"SELECT id FROM p{self.listing.id} WHERE {match.sql} ORDER BY id {direction}"
        return Select(sql, match.args, rank)

    def _select_objects(self) -> Select:
        everything = self._segments.everything(self.object_table, "l", growing=self._final is None)
        pieces: list[Piece] = []
        if self.query.sort == "key":
            rows = piece_rows(self._segments.count)
            pieces = [self._piece(span) for span in self._segments.pieces(self.object_table, "l", rows)]
        whole = self._piece(everything)
        return Select(whole.sql, whole.args, self._object_rank(), pieces[::-1] if self.query.descending else pieces)

    def _piece(self, span: Span) -> Piece:
        """Sizes, dates and classes are compared as they were listed; states and expiries as they are known now."""
        query, prefix, classes = self.query, self.listing.scope.prefix, tuple(self._rules.classes)
        parts = [] if query.where is None else cheapest_first(query.where)
        listed = [part for part in parts if fields_of(part) <= LISTED]
        known = [part for part in parts if not fields_of(part) <= LISTED]
        arguments = Arguments()
        within = [span.where, *(where_sql(part, as_listed(prefix), classes, arguments) for part in listed)]
        source, major, sorted_by = span.source, span.major, f"l.{query.sort}"
        if known or query.sort in ("state", "expiry"):
            source = f"({self._known(span, ' AND '.join(within))}) l"
            sorted_by = f"l.listed_{query.sort}"
            major = "0" if major == "0" else "l.major"
            within = [where_sql(part, as_known(prefix), classes, arguments) for part in known] or ["1"]
        sql = (
            f"SELECT l.id FROM {source} WHERE {' AND '.join(within)} ORDER BY {self._object_order(major, sorted_by)}"
        )
        return Piece(sql, {**self._args(), **span.args, **arguments.values})

    def _known(self, span: Span, where: str) -> str:
        """A SELECT of ``FACTS`` for the rows of ``span`` that meet ``where``, with its ``major``."""
        inner = fact_sql.known(
            self._base,
            span.source,
            where,
            f"l.id AS id, {span.major} AS major, {LISTED_COLUMNS}",
            fact_sql.Overlay(
                looks=self._find_looks(), jobs=bool(self._find_bucket()), tells=self._rules.lists_status
            ),
        )
        return f"{FACTS} FROM ({fact_sql.with_state(self._rules, inner)})"

    def _kinds(self) -> Piece:
        known, whole = as_known(""), Span(f"{self.object_table} l", "1", "0", "l.id", {})
        # Each column more to group by takes its time of a million rows: of a bucket no run touched two tell all.
        of_jobs, groups = "NULL, NULL, NULL", "1, 2"
        if self._find_bucket():
            of_jobs = f"{known.tier}, CASE WHEN l.shown = 'failed' THEN {_CODE} END, {known.run}"
            groups = "1, 2, 3, 4, 5"
        sql = (
            f"SELECT l.shown, l.listed_storage_class, {of_jobs}, {SUMS.format(size='l.listed_size')}"
            f" FROM ({self._known(whole, '1')}) l GROUP BY {groups}"
        )
        return Piece(sql, self._args())

    def _object_order(self, major: str, listed: str) -> str:
        direction = "DESC" if self.query.descending else "ASC"
        # In key order, apart from what was asked for: by segment, if there are several, and by id.
        rest = "l.id" if major == "0" else f"{major}, l.id"
        match self.query.sort:
            case "key":
                return f"l.id {direction}" if major == "0" else f"{major} {direction}, l.id {direction}"
            case "state":
                return f"{fact_sql.state_rank('l.shown')} {direction}, {rest}"
            case "below" | "archived" | "restoring" | "readable":
                return rest
            case "expiry":
                return f"l.shown_expiry IS NULL, l.shown_expiry {direction}, {rest}"
            case _:
                return f"{listed} {direction}, {rest}"

    def _object_rank(self) -> Rank | None:
        match self.query.sort:
            case "key":
                return self._segments.falling_rank if self.query.descending else self._segments.rank
            case "size" | "modified":
                return self._number_rank
            case _:
                return None

    def _number_rank(self, row_id: int) -> tuple[int, ...] | None:
        row = self._quick.row(f"SELECT {self.query.sort} FROM {self.object_table} WHERE id = ?", (row_id,))
        rest = self._segments.rank(row_id)
        return None if row is None or rest is None else (-row[0] if self.query.descending else row[0], *rest)

    # --- reading

    def _args(self) -> dict[str, object]:
        return {
            "place": self.place_id,
            "bucket": self._find_bucket(),
            "now": self._context.clock.now().timestamp(),
            "sel": self._context.marks.shown,
        }

    def _find_bucket(self) -> int:
        """The ledger's id of the bucket; 0 as long as no run has anything to say of it."""
        if not self._bucket_id:
            scope = self.listing.scope
            row = self._quick.row(
                f"SELECT id FROM bucket b WHERE scheme = ? AND endpoint = ? AND name = ? AND {fact_sql.SPOKEN_OF}",
                (*scope.cloud, scope.bucket),
            )
            self._bucket_id = row[0] if row else 0
        return self._bucket_id

    def _find_looks(self) -> bool:
        """Whether anything in the bucket was ever looked at."""
        if not self._has_looks:
            row = self._quick.row("SELECT 1 FROM observation WHERE place_id = ? LIMIT 1", (self.place_id,))
            self._has_looks = row is not None
        return self._has_looks

    @decodes("a listing")
    def _read_objects(self, order: RowOrder, start: int, stop: int) -> list[BrowseRow]:
        span = order.span(self.object_table, "l", start, stop)
        args = self._args()
        args.update(span.args)
        found = self._quick.rows(self._object_sql(span), args)
        bucket = self.listing.scope.bucket
        marks = self._context.marks
        becoming = marks.becoming if marks.is_marking else None
        above = self._prefixes.count
        for row in found:
            # A listing has too many rows to look at every column: these are what is reckoned and shown with.
            if not (
                type(row[1]) is str
                and type(row[3]) is int
                and type(row[4]) is int
                and type(row[5]) is str
                and (row[8] is None or type(row[8]) is int)
            ):
                raise damaged("a listing", row[1])
        numbers: Mapping[int, tuple[int, bool]] = {}
        if self.listing.scope.versions and found and not self._is_past:
            numbers = version_numbers(self._quick, self.object_table, [row[0] for row in found])
        return [
            BrowseRow(
                row[0],
                False,
                ObjectRef(bucket, row[1], row[2] or None),
                row[3] if row[3] >= 0 else None,  # as ``told_size`` has it, without a call
                None if row[4] == UNTOLD_DATE else row[4],
                row[5],
                row[6],
                STATES[row[7]],
                row[8],
                bool(row[9]),
                TIERS[row[10]],
                row[11],
                row[12],
                bool(row[13]),
                bool(row[14]),
                None,
                None if becoming is None else becoming(self, row[0], position, bool(row[9])),
                *numbers.get(row[0], ()),
            )
            for position, row in enumerate(found, start + above)
        ]

    def _object_sql(self, span: Span) -> str:
        looks, jobs = self._find_looks(), bool(self._find_bucket())
        others = listings_of_spans(self._quick, self._context.marks.shown, self.place_id)
        kind = (span.source + span.where, looks, jobs, *others)
        sql = self._sql.get(kind)
        if sql is None:
            extra = "l.id AS id, l.etag AS etag, l.is_latest AS is_latest"
            extra = f"{extra}, {is_marked(self.listing_id, others)} AS marked"
            extra = f"{extra}, {span.major} AS major, {span.minor} AS minor"
            over = fact_sql.Overlay(looks=looks, jobs=jobs, tells=self._rules.lists_status)
            inner = fact_sql.known(self._base, span.source, span.where, extra, over)
            order = "minor" if span.major == "0" else "major, minor"
            sql = self._sql[kind] = f"{_SHOWN} FROM ({fact_sql.with_state(self._rules, inner)}) ORDER BY {order}"
        return sql

    def _read_prefixes(self, order: RowOrder, start: int, stop: int) -> list[BrowseRow]:
        span = order.span(f"p{self.listing.id}", "p", start, stop)
        args: dict[str, Any] = {**self._args(), **span.args}
        found = self._quick.rows(
            f"SELECT p.id, p.prefix FROM {span.source} WHERE {span.where} ORDER BY {span.minor}", args
        )
        return [self._prefix_row(row[0], row[1]) for row in found]

    def _prefix_row(self, row_id: int, prefix: str) -> BrowseRow:
        marked = is_any_marked(self._quick, self._context.marks.shown, self.place_id, prefix, end_of_prefix(prefix))
        ref = ObjectRef(self.listing.scope.bucket, prefix)
        becoming = False if self._context.marks.is_clearing else None
        return BrowseRow(
            -row_id, True, ref, 0, 0, "", None, State.UNKNOWN, None, marked, None, None, "", True, False,
            self.sums.of(prefix), becoming,
        )  # fmt: skip
