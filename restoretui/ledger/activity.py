"""The audit log: append-only, with the cloud's request ids. What it says of an object is as it was then."""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

from restoretui.core.clock import Clock
from restoretui.core.filter.completion import Present
from restoretui.core.filter.matcher import FilterRow
from restoretui.core.model import ObjectRef
from restoretui.core.rules.clouds import CLOUDS
from restoretui.ledger.bursts import Burst, BurstView, Only
from restoretui.ledger.records import EVERYTHING, ActivityEntry, CloudId, Query
from restoretui.ledger.runs.bucket_ids import bucket_id
from restoretui.ledger.store import change_feed
from restoretui.ledger.store.decoding import STATES, TIERS, Shape, decodes
from restoretui.ledger.store.quick_reads import QuickReads
from restoretui.ledger.store.reader import ReaderThread
from restoretui.ledger.store.unknown_values import told_size
from restoretui.ledger.store.writer import Tx, Writer
from restoretui.ledger.views.materialised_order import OrderBuilder
from restoretui.ledger.views.present_in import SUMS
from restoretui.ledger.views.row_order import Piece, RowOrder, Select, Straight, falling
from restoretui.ledger.views.table_view import TableView
from restoretui.ledger.views.where_sql import NOW, FilterColumns, where

Kind = Literal[
    "run", "request", "state", "look", "throttle", "credentials", "network", "listing", "batch", "then",
    "undelete",
]  # fmt: skip

_ROW = (
    "SELECT a.id, a.at, a.kind, a.run_id, a.job_id, b.scheme, b.endpoint, b.name, coalesce(j.key, a.key),"
    " coalesce(j.version_id, a.version_id), a.from_state, a.to_state, a.tier, a.expiry, j.size,"
    " coalesce(n.storage_class, ''), a.text, a.code, a.request_id"
)
_JOINS = (
    "LEFT JOIN job j ON j.id = a.job_id LEFT JOIN line n ON n.id = j.line_id"
    " LEFT JOIN bucket b ON b.id = coalesce(j.bucket_id, a.bucket_id)"
)
_COLUMNS = FilterColumns(
    ("coalesce(j.key, a.key, '')", "a.text", "a.code", "a.request_id"),
    storage_class="coalesce(n.storage_class, '')",
    size="j.size",
    modified="a.at",
    version="coalesce(j.version_id, a.version_id, '')",
    state="a.to_state",
    expiry="a.expiry",
    tier="a.tier",
    run="a.run_id",
    changed="a.at",
    causes=("a.code", "a.text"),
    overdue=(
        "EXISTS (SELECT 1 FROM run r WHERE r.id = j.run_id AND j.state IN ('requested', 'restoring')"
        f" AND coalesce(j.requested_at, r.first_requested_at) + r.window_longest < {NOW})"
    ),
)
"""What a filter may ask of an entry."""
CLASSES = tuple(name for kind in CLOUDS.values() for name in kind.rules.classes)


def filter_row(entry: ActivityEntry) -> FilterRow:
    """An entry as the same filter asks of it outside SQL; what just happened is not overdue."""
    key, version = ("", "") if entry.ref is None else (entry.ref.key, entry.ref.version_id or "")
    state = "" if entry.to_state is None else entry.to_state.value
    return FilterRow(
        (key, entry.text, entry.code, entry.request_id), storage_class=entry.storage_class, size=entry.size,
        modified=entry.at, state=state, expiry=entry.expiry, tier=entry.tier or "", run=entry.run_id,
        changed=entry.at, causes=(entry.code, entry.text) if state == "failed" else (), version=version,
    )  # fmt: skip


class ActivityLog:
    """Appends to the audit log and reads it; entries of runs and jobs come with their own transactions."""

    def __init__(
        self, writer: Writer, reader: ReaderThread, quick: QuickReads, clock: Clock, orders: OrderBuilder
    ) -> None:
        self._writer = writer
        self._reader = reader
        self._quick = quick
        self._clock = clock
        self._orders = orders

    async def add(
        self,
        kind: Kind,
        text: str,
        *,
        run_id: int | None = None,
        job_id: int | None = None,
        cloud: CloudId | None = None,
        ref: ObjectRef | None = None,
        code: str = "",
        request_id: str = "",
    ) -> None:
        """Append one entry; ``cloud`` and ``ref`` name an object or bucket that no job stands for."""
        now = self._clock.now().timestamp()

        def insert(tx: Tx) -> None:
            bucket = None if cloud is None or ref is None else bucket_id(tx, cloud, ref.bucket)
            key, version = (None, None) if ref is None else (ref.key, ref.version_id or "")
            tx.run(
                "INSERT INTO activity (at, kind, run_id, job_id, bucket_id, key, version_id, text, code, request_id)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (now, kind, run_id, job_id, bucket, key, version, text, code, request_id),
            )
            tx.touch(change_feed.ACTIVITY)

        await self._writer.do(insert)

    async def add_many(self, kind: Kind, cloud: CloudId, lines: Sequence["SaidOfObject"]) -> None:
        """Append an entry for each of these objects, together or not at all."""
        now = self._clock.now().timestamp()

        def insert(tx: Tx) -> None:
            buckets = {name: bucket_id(tx, cloud, name) for name in {line.ref.bucket for line in lines}}
            tx.values(
                "INSERT INTO activity (at, kind, bucket_id, key, version_id, text, code, request_id)",
                [
                    (now, kind, buckets[line.ref.bucket], line.ref.key, line.ref.version_id or "", line.text,
                     line.code, line.request_id)
                    for line in lines
                ],
            )  # fmt: skip
            tx.touch(change_feed.ACTIVITY)

        await self._writer.do(insert)

    async def since(self, after_id: int, limit: int, run_id: int | None = None) -> list[ActivityEntry]:
        """Entries behind ``after_id``, oldest first."""
        of_run = "" if run_id is None else "AND a.run_id = :run"
        sql = f"{_ROW} FROM activity a {_JOINS} WHERE a.id > :after {of_run} ORDER BY a.id LIMIT :limit"
        args = {"after": after_id, "run": run_id, "limit": limit}
        rows = await self._reader.run(lambda connection: connection.execute(sql, args).fetchall())
        return _entries(rows)

    async def view(
        self, query: Query = EVERYTHING, run_id: int | None = None, only: Only = Only.ALL
    ) -> "ActivityView":
        """Newest first. Words are looked for in key, text, code and request id; states are those entered."""
        view = ActivityView(self._orders, self._quick, query, self._clock.now().timestamp(), TrailPart(run_id, only))
        await view.prepare()
        return view

    async def bursts(self, only: Only = Only.ALL) -> BurstView:
        """Newest first, with what happened alike to many objects as one row each."""
        view = BurstView(self, self._reader, only)
        await view.refresh()
        return view

    async def of_burst(self, burst: Burst) -> "ActivityView":
        """The entries of one burst."""
        view = ActivityView(self._orders, self._quick, EVERYTHING, 0.0, TrailPart(burst=burst))
        await view.prepare()
        return view

    async def present(self) -> Present:
        """What there is in it to filter by."""
        return await ActivityView(self._orders, self._quick, EVERYTHING, 0.0).present()

    def of_ids(self, ids: Sequence[int]) -> dict[int, ActivityEntry]:
        """These entries, for a repaint; a screenful at most."""
        listed = ", ".join("?" * len(ids))
        return {entry.id: entry for entry in _entries(self._quick.rows(
            f"{_ROW} FROM activity a {_JOINS} WHERE a.id IN ({listed})", tuple(ids)
        ))}  # fmt: skip


class SaidOfObject(NamedTuple):
    """A line of the audit log about one object that no job stands for."""

    ref: ObjectRef
    text: str
    code: str = ""
    request_id: str = ""


class TrailPart(NamedTuple):
    """A part of the log: of one run, of some kinds, or one burst."""

    run_id: int | None = None
    only: Only = Only.ALL
    burst: Burst | None = None


class ActivityView(TableView[ActivityEntry]):
    """A view of the audit log; see ``records.View``. Without a query it grows at the top as things happen."""

    def __init__(
        self, orders: OrderBuilder, quick: QuickReads, query: Query, now: float, part: "TrailPart | None" = None
    ) -> None:
        """``now`` is cloud time, for what the query says of ages and ends; ``part`` is all there is to look at."""
        super().__init__(orders)
        self._now = now
        self._run_id, self._only, self._burst = part or TrailPart()
        self._quick = quick
        self._query = query
        self._order: RowOrder = Straight(lambda: 1, lambda: _last_id(quick), step=-1)
        self._below: RowOrder | None = None
        """Where runs were pruned: entries up to ``_gaps``, whose ids have gaps. Above it they count up without."""
        self._gaps = 0

    async def prepare(self) -> None:
        """Build what the query asks for; to be called once."""
        if self._burst is not None:
            self._order = await self._orders.build(_of_burst(self._burst), self._burst.entries, self.view_id)
            return
        if self._run_id is not None or self._only is not Only.ALL or self._query.where is not None:
            self._order = await self._orders.build(self._select(), _last_id(self._quick), self.view_id)
            return
        row = self._quick.row("SELECT max(last_activity) FROM pruned")
        if row is not None and row[0]:
            self._gaps = gaps = int(row[0])
            self._order = Straight(lambda: gaps + 1, lambda: _last_id(self._quick) - gaps, step=-1)
            old = Select("SELECT id FROM activity WHERE id <= :last ORDER BY id DESC", {"last": gaps}, falling)
            self._below = await self._orders.build(old, gaps, self.view_id)

    def _parts(self) -> Sequence[RowOrder]:
        return (self._order,) if self._below is None else (self._order, self._below)

    def _part_of(self, row_id: int) -> tuple[int, int]:
        return (1 if self._below is not None and row_id <= self._gaps else 0), row_id

    def _select(self) -> Select:
        match = where(self._query.where, _COLUMNS, CLASSES)
        of_run = self._only.sql if self._run_id is None else f"a.run_id = :run AND {self._only.sql}"
        return Select(
            "SELECT a.id FROM activity a LEFT JOIN job j ON j.id = a.job_id LEFT JOIN line n ON n.id = j.line_id"
            f" WHERE {of_run} AND {match.sql} ORDER BY a.id DESC",
            {"run": self._run_id, "now": self._now, **match.args},
            falling,
        )

    def _kinds(self) -> Piece:
        sql = (
            "SELECT a.to_state, n.storage_class, a.tier, CASE WHEN a.to_state = 'failed' THEN a.code END, a.run_id,"
            f" {SUMS.format(size='j.size')} FROM activity a LEFT JOIN job j ON j.id = a.job_id"
            " LEFT JOIN line n ON n.id = j.line_id GROUP BY 1, 2, 3, 4, 5"
        )
        return Piece(sql, {})

    def _read(self, _part: int, order: RowOrder, start: int, stop: int) -> list[ActivityEntry]:
        span = order.span("activity", "a", start, stop)
        rows = self._quick.rows(
            f"{_ROW} FROM {span.source} {_JOINS} WHERE {span.where} ORDER BY {span.minor}", span.args
        )
        return _entries(rows)


def _of_burst(burst: Burst) -> Select:
    key = burst.key
    said = " AND a.text = :said" if key.said else ""
    return Select(
        "SELECT a.id FROM activity a WHERE a.id BETWEEN :first AND :last AND a.kind = :kind AND a.run_id IS :run"
        f" AND a.to_state IS :state AND a.code = :code{said} ORDER BY a.id DESC",
        {
            "first": burst.first_id, "last": burst.last_id, "kind": key.kind, "run": key.run_id,
            "state": key.to_state, "code": key.code, "said": key.said,
        },
        falling,
    )  # fmt: skip


def _last_id(quick: QuickReads) -> int:
    row = quick.row("SELECT max(id) FROM activity")
    return 0 if row is None or row[0] is None else int(row[0])


# id at kind run job scheme endpoint name key version from to tier expiry size class text code request
_SHAPE = Shape("the activity log", "istIITTTTTTTTSItttt")


@decodes("the activity log")
def _entries(rows: Sequence[tuple[Any, ...]]) -> list[ActivityEntry]:
    _SHAPE.check(rows)
    return [_entry(row) for row in rows]


def _entry(row: tuple[Any, ...]) -> ActivityEntry:
    cloud = None if row[5] is None else CloudId(row[5], row[6])
    ref = None if row[7] is None or row[8] is None else ObjectRef(row[7], row[8], row[9] or None)
    return ActivityEntry(
        id=row[0],
        at=row[1],
        kind=row[2],
        run_id=row[3],
        job_id=row[4],
        cloud=cloud,
        ref=ref,
        from_state=STATES[row[10]] if row[10] else None,
        to_state=STATES[row[11]] if row[11] else None,
        tier=TIERS[row[12]],
        expiry=row[13],
        size=None if row[14] is None else told_size(row[14]),
        storage_class=row[15],
        text=row[16],
        code=row[17],
        request_id=row[18],
    )
