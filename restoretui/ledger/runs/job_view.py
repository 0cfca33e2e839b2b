"""The view of a run: its jobs, filtered and sorted."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from restoretui.core.model import ObjectRef, State
from restoretui.core.rules.rules import CloudRules
from restoretui.ledger.records import EVERYTHING, CloudId, JobRow, PastJob, Query
from restoretui.ledger.store.decoding import ACTIONS, STATES, TIERS, Shape, decodes
from restoretui.ledger.store.quick_reads import QuickReads
from restoretui.ledger.store.schema import LIVE
from restoretui.ledger.store.unknown_values import told_size
from restoretui.ledger.views import fact_sql
from restoretui.ledger.views.answers import TOLD, parts
from restoretui.ledger.views.materialised_order import OrderBuilder
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
)
from restoretui.ledger.views.table_view import TableView
from restoretui.ledger.views.where_sql import NOW, FilterColumns, where

_ROW = (
    "SELECT j.id, b.name, j.key, j.version_id, j.size, j.state, n.storage_class, n.archive, n.action,"
    f" CASE WHEN j.reason = '' THEN n.reason ELSE j.reason END, CASE WHEN NOT ({fact_sql.NOT_OURS}) THEN n.tier END,"
    f" CASE WHEN NOT ({fact_sql.NOT_OURS}) THEN n.days END, j.attempt_at, j.requested_at,"
    " j.available_at, j.changed_at, j.expiry, j.code, j.message, j.request_id, j.adopted,"
    " coalesce((SELECT group_concat(s.kind || ' ' || t.state"
    " || CASE WHEN t.state = 'failed' AND t.reason <> '' THEN ': ' || t.reason ELSE '' END, '; ')"
    " FROM then_step s CROSS JOIN then_task t ON t.step_id = s.id AND t.job_id = j.id"
    f" WHERE s.run_id = j.run_id), ''), {TOLD}"
)
_JOINS = "JOIN line n ON n.id = j.line_id JOIN bucket b ON b.id = j.bucket_id"

_SORTS = {
    "size": "j.size",
    "modified": "j.changed_at",
    "storage_class": "n.storage_class",
    "state": fact_sql.state_rank("j.state"),
}


_COLUMNS = FilterColumns(
    ("j.key",),
    storage_class="n.storage_class",
    size="j.size",
    modified="j.changed_at",
    version="j.version_id",
    state="j.state",
    expiry="CASE WHEN j.state = 'available' THEN j.expiry END",
    tier=f"CASE WHEN NOT ({fact_sql.NOT_OURS}) THEN n.tier END",
    run="j.run_id",
    changed="j.changed_at",
    causes=("j.code", "j.message", "CASE WHEN j.reason = '' THEN n.reason ELSE j.reason END"),
    overdue=(
        "(j.state IN ('requested', 'restoring') AND EXISTS (SELECT 1 FROM run r WHERE r.id = j.run_id"
        f" AND coalesce(j.requested_at, r.first_requested_at) + r.window_longest < {NOW}))"
    ),
)
"""What a filter may ask of a run's objects."""


class JobsOf(NamedTuple):
    """The jobs of a run: their ids have no gaps."""

    first: int
    number: int
    rules: CloudRules


ATTENTION = (
    (State.FAILED,),
    (State.UNKNOWN,),
    (State.REQUESTED, State.RESTORING),
    (State.AVAILABLE,),
    (State.PLANNED,),
    (State.EXPIRED,),
    (State.CANCELLED,),
    (State.SKIPPED,),
)
"""What a run is opened for comes first; of each, in key order."""


class JobView(TableView[JobRow]):
    """A view of the jobs of a run; see ``records.View``. Made by ``Runs.view``."""

    def __init__(self, orders: OrderBuilder, quick: QuickReads, jobs_of: "JobsOf", query: Query, now: float) -> None:
        """``now`` is cloud time, for what the query says of ages and ends."""
        super().__init__(orders)
        first_job, jobs, self._rules = jobs_of
        self.query = query
        self._now = now
        self._quick = quick
        self._first_job = first_job
        self._jobs = jobs
        self._order: RowOrder = Straight(lambda: first_job, lambda: jobs)

    async def prepare(self) -> None:
        """Build what the query asks for; to be called once."""
        if self.query.sort == "attention" and self.query.where is None and self._is_uniform():
            return
        if self.query != EVERYTHING:
            self._order = await self._orders.build(self._select(), self._jobs, self.view_id)

    def _parts(self) -> Sequence[RowOrder]:
        return (self._order,)

    def _select(self) -> Select:
        query = self.query
        match = where(query.where, _COLUMNS, tuple(self._rules.classes))
        out = f" AND j.state NOT IN ({fact_sql.names(query.leaves_out)})" if query.leaves_out else ""
        order, rank = self._sort()
        sql = (
            "SELECT j.id FROM job j JOIN line n ON n.id = j.line_id"
            f" WHERE j.id BETWEEN :from_job AND :to_job AND {match.sql}{out} ORDER BY {order}"
        )
        first, end = self._first_job, self._first_job + self._jobs
        if query.sort == "attention":
            return self._by_attention(sql, {"from_job": first, "to_job": end - 1, "now": self._now, **match.args})

        def within(start: int, stop: int) -> Piece:
            return Piece(sql, {"from_job": start, "to_job": stop - 1, "now": self._now, **match.args})

        rows = piece_rows(self._jobs)
        pieces = [within(start, min(start + rows, end)) for start in range(first, end, rows)] if rank else []
        return Select(*within(first, end), rank, pieces[::-1] if query.descending else pieces)

    def _kinds(self) -> Piece:
        sql = (
            f"SELECT j.state, n.storage_class, {_COLUMNS.tier}, CASE WHEN j.state = 'failed' THEN j.code END,"
            f" j.run_id, {SUMS.format(size='j.size')} FROM job j JOIN line n ON n.id = j.line_id"
            " WHERE j.id BETWEEN :from_job AND :to_job GROUP BY 1, 2, 3, 4, 5"
        )
        return Piece(sql, {"from_job": self._first_job, "to_job": self._first_job + self._jobs - 1})

    def _present(self) -> set[State]:
        """States of which the run has jobs."""
        rows = self._quick.rows(
            "SELECT state FROM run_count WHERE jobs > 0 AND run_id = (SELECT run_id FROM job WHERE id = ?)",
            (self._first_job,),
        )
        return {STATES[row[0]] for row in rows if row[0] in STATES}

    def _is_uniform(self) -> bool:
        """All jobs need the same attention and are shown: their order is that of their keys."""
        present = self._present()
        return not present & self.query.leaves_out and any(present <= set(group) for group in ATTENTION)

    def _groups(self) -> list[list[State]]:
        """The states shown in the order of attention."""
        shown = self._present() - self.query.leaves_out
        groups = [[state for state in group if state in shown] for group in ATTENTION]
        return [group for group in groups if group]

    def _by_attention(self, sql: str, args: dict[str, object]) -> Select:
        """Sorted as a whole; the first rows are looked for group by group."""
        start, _, _ = sql.partition(" ORDER BY ")
        groups = self._groups()
        ranks = " ".join(f"WHEN j.state IN ({fact_sql.names(group)}) THEN {at}" for at, group in enumerate(groups))
        head = []
        for group in groups:
            within, states = start, f"+j.state IN ({fact_sql.names(group)})"
            if group == [State.FAILED]:
                # Mostly few: they have an index, which SQLite takes if it may not go by the ids.
                within = start.replace("j.id BETWEEN", "+j.id BETWEEN", 1)
                states = "j.state = 'failed' AND j.run_id = (SELECT run_id FROM job WHERE id = :from_job)"
            head.append(Piece(f"{within} AND {states} ORDER BY j.id", args))
        rank = f"CASE {ranks} ELSE {len(groups)} END" if ranks else "0"
        return Select(f"{start} ORDER BY {rank}, j.id", args, head=head)

    def _sort(self) -> tuple[str, Rank | None]:
        direction = "DESC" if self.query.descending else "ASC"
        if self.query.sort == "expiry":
            return f"j.expiry IS NULL, j.expiry {direction}, j.id", None
        if self.query.sort in ("key", "attention"):
            # Within a run, ids rise with bucket and key.
            return f"j.id {direction}", falling if self.query.descending else rising
        # The plus keeps the planner off indexes that would only send it to and fro.
        return f"+{_SORTS[self.query.sort]} {direction}, j.id", None

    def _all_rows(self) -> tuple[Span, str]:
        return self._order.members("job", "j", 0, self._order.count), "j.size"

    def _read(self, _part: int, order: RowOrder, start: int, stop: int) -> list[JobRow]:
        span = order.span("job", "j", start, stop)
        found = self._quick.rows(
            f"{_ROW} FROM {span.source} {_JOINS} WHERE {span.where} ORDER BY {span.minor}", span.args
        )
        return _rows(found)


_SHAPE = Shape("an object of a run", "itttittTttTDSSSsStttitT")


@decodes("an object of a run")
def _rows(found: list[tuple[Any, ...]]) -> list[JobRow]:
    _SHAPE.check(found)
    return [_row(row) for row in found]


def _row(row: tuple[Any, ...]) -> JobRow:
    charged, output_path = parts(row[22])
    return JobRow(
        id=row[0],
        ref=ObjectRef(row[1], row[2], row[3] or None),
        size=told_size(row[4]),
        state=STATES[row[5]],
        storage_class=row[6],
        archive=row[7],
        action=ACTIONS[row[8]],
        reason=row[9],
        tier=TIERS[row[10]],
        days=row[11],
        attempt_at=row[12],
        requested_at=row[13],
        available_at=row[14],
        changed_at=row[15],
        expiry=row[16],
        code=row[17],
        message=row[18],
        request_id=row[19],
        adopted=bool(row[20]),
        then=row[21],
        charged=charged,
        output_path=output_path,
    )


OF_OBJECT = (
    "SELECT j.id, j.run_id FROM job j WHERE j.bucket_id = (SELECT id FROM bucket WHERE scheme = ? AND endpoint = ?"
    f" AND name = ?) AND j.key = ? AND j.version_id IN ({{versions}}) AND {LIVE} ORDER BY j.id DESC LIMIT ?"
)


def past_jobs(quick: QuickReads, cloud: CloudId, refs: Sequence[ObjectRef], most: int) -> list[PastJob]:
    """What was asked of one object, called by any of ``refs``, the newest first: by an index, never a scan."""
    versions = ", ".join("?" for _ in refs)
    first = refs[0]
    args = (*cloud, first.bucket, first.key, *(ref.version_id or "" for ref in refs), most)
    runs = dict(quick.rows(OF_OBJECT.format(versions=versions), args))
    if not runs:
        return []
    ids = ", ".join(str(int(job_id)) for job_id in runs)
    found = _rows(quick.rows(f"{_ROW} FROM job j {_JOINS} WHERE j.id IN ({ids}) ORDER BY j.id DESC"))
    return [PastJob(runs[row.id], row) for row in found]
