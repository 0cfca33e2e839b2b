"""Bursts of the audit log: what happened alike to many objects of one run within a while, as one line.

They are sums that SQL makes of the log once, and of its newer entries from then on, so that a log of a million lines
is a few hundred rows. Those of a burst that is unfolded are read a screenful at a time, as the log's are.
"""

from bisect import bisect_right
from collections.abc import Sequence
from enum import StrEnum
from itertools import accumulate
from sqlite3 import Connection
from typing import Any, NamedTuple, Protocol

from restoretui.core.errors import LedgerError
from restoretui.core.filter.completion import Present
from restoretui.core.model import State
from restoretui.ledger.records import ActivityEntry, CloudId, View
from restoretui.ledger.store.decoding import STATES, Shape, decodes
from restoretui.ledger.store.reader import ReaderThread
from restoretui.ledger.store.unknown_values import OF_KNOWN, saturated

GAP_S = 3600
"""Cloud time without another of its kind after which the next begins a new burst."""


class Only(StrEnum):
    """Which entries of the log are shown."""

    ALL = "everything"
    MINE = "what I did"
    TROUBLE = "trouble"
    ARRIVALS = "arrivals"

    @property
    def sql(self) -> str:
        """A condition on ``activity a``; the same as ``holds``."""
        if self is Only.ALL:
            return "1"
        kinds, states = _OF[self]
        listed = [", ".join(f"'{word}'" for word in sorted(words)) or "NULL" for words in (kinds, states)]
        return f"(a.kind IN ({listed[0]}) OR coalesce(a.to_state, '') IN ({listed[1]}))"

    def holds(self, kind: str, state: State | None) -> bool:
        """Whether an entry of that kind, by which an object came into ``state``, is among them."""
        if self is Only.ALL:
            return True
        kinds, states = _OF[self]
        return kind in kinds or (state is not None and state in states)


_OF: dict[Only, tuple[frozenset[str], frozenset[State]]] = {
    Only.MINE: (
        frozenset({"run", "batch", "undelete"}),
        frozenset({State.REQUESTED, State.CANCELLED, State.PLANNED}),
    ),
    Only.TROUBLE: (frozenset({"throttle", "credentials", "network"}), frozenset({State.FAILED, State.UNKNOWN})),
    Only.ARRIVALS: (frozenset(), frozenset({State.AVAILABLE, State.EXPIRED})),
}


class _Key(NamedTuple):
    """What entries of a burst have in common; ``said`` of those that are about no object."""

    kind: str
    run_id: int | None
    to_state: State | None
    code: str
    said: str


class Burst(NamedTuple):
    """Entries that are alike. Instants are cloud time, seconds since the epoch."""

    key: _Key
    first_id: int
    last_id: int
    first_at: float
    last_at: float
    entries: int
    size_bytes: int
    cloud: CloudId | None
    bucket: str | None
    """None where they are in several, or in none."""
    is_open: bool = False
    """Its entries are shown below it."""

    @property
    def id(self) -> int:
        """Stays while it grows; no entry has it."""
        return -self.first_id

    @property
    def kind(self) -> str:
        """As an entry has it."""
        return self.key.kind

    @property
    def run_id(self) -> int | None:
        """As an entry has it."""
        return self.key.run_id

    @property
    def at(self) -> float:
        """When the last of it happened."""
        return self.last_at


_SUMS = (
    "SELECT g.*, b.scheme, b.endpoint, b.name FROM ("
    "SELECT a.kind, a.run_id, a.to_state, a.code, CASE WHEN a.job_id IS NULL THEN a.text ELSE '' END AS said,"
    " min(a.id) AS first_id, max(a.id), min(a.at), max(a.at), count(*), total(j.size)"
    f" {OF_KNOWN.replace('size', 'j.size')}, CASE WHEN min(coalesce(j.bucket_id, a.bucket_id)) ="
    " max(coalesce(j.bucket_id, a.bucket_id)) THEN min(coalesce(j.bucket_id, a.bucket_id)) END AS bucket_id"
    " FROM activity a LEFT JOIN job j ON j.id = a.job_id WHERE a.id > :after AND a.id <= :last"
    " GROUP BY a.kind, a.run_id, a.to_state, a.code, said, CAST(a.at / 3600 AS INTEGER)"
    ") g LEFT JOIN bucket b ON b.id = g.bucket_id ORDER BY first_id"
)
_SHAPE = Shape("the activity log", "tITttiissirITTT")


@decodes("the activity log")
def _bursts(rows: Sequence[tuple[Any, ...]]) -> list[Burst]:
    _SHAPE.check(rows)
    return [
        Burst(
            _Key(kind, run_id, STATES[state] if state else None, code, said),
            first_id, last_id, first_at, last_at, entries, saturated(size),
            None if scheme is None else CloudId(scheme, endpoint), bucket,
        )
        for (
            kind, run_id, state, code, said, first_id, last_id, first_at, last_at, entries, size, _, scheme, endpoint,
            bucket,
        ) in rows
    ]  # fmt: skip


def joined(known: Sequence[Burst], more: Sequence[Burst]) -> list[Burst]:
    """Both in the order of their first entries; what follows soon on its like goes on with it."""
    found: list[Burst] = list(known)
    last: dict[_Key, int] = {burst.key: at for at, burst in enumerate(found)}
    for burst in more:
        at = last.get(burst.key)
        if at is not None and burst.first_at - found[at].last_at <= GAP_S:
            found[at] = _added(found[at], burst)
        else:
            last[burst.key] = len(found)
            found.append(burst)
    return found


def _added(first: Burst, then: Burst) -> Burst:
    one_bucket = first.bucket == then.bucket and first.cloud == then.cloud
    return first._replace(
        last_id=then.last_id, last_at=max(first.last_at, then.last_at), entries=first.entries + then.entries,
        first_at=min(first.first_at, then.first_at), size_bytes=saturated(first.size_bytes + then.size_bytes),
        bucket=first.bucket if one_bucket else None,
    )  # fmt: skip


class TrailReader(Protocol):
    """The log, entry by entry."""

    async def of_burst(self, burst: Burst) -> View[ActivityEntry]:
        """The entries of one burst."""
        ...

    def of_ids(self, ids: Sequence[int]) -> dict[int, ActivityEntry]:
        """These entries, for a repaint; a screenful at most."""
        ...

    async def present(self) -> Present:
        """What there is in it to filter by."""
        ...


class BurstView:
    """The log with its bursts folded, the newest first; see ``records.View``. Made by ``ActivityLog.bursts``."""

    complete = True

    def __init__(self, log: TrailReader, reader: ReaderThread, only: Only) -> None:
        self._log = log
        self._reader = reader
        self._only = only
        self._all: list[Burst] = []
        """In the order of their first entries."""
        self._shown: list[Burst] = []
        """Those asked for, the one in which something happened last first."""
        self._ends: list[int] = []
        """Where each ends, counted in rows."""
        self._index: dict[int, int] = {}
        self._opened: dict[int, View[ActivityEntry]] = {}
        self._read_to = 0
        self._pruned = 0
        self._closed = False

    async def refresh(self) -> bool:
        """Take in what has happened since; tells whether anything has."""
        after, pruned = self._read_to, self._pruned

        def read(connection: Connection) -> tuple[int, int, list[Burst]]:
            connection.execute("BEGIN")
            try:
                (gone,) = connection.execute("SELECT count(*) FROM pruned").fetchone()
                (last,) = connection.execute("SELECT coalesce(max(id), 0) FROM activity").fetchone()
                begin = after if gone == pruned else 0
                rows = connection.execute(_SUMS, {"after": begin, "last": last}).fetchall() if last > begin else []
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
            return gone, last, _bursts(rows)

        gone, last, more = await self._reader.run(read)
        if self._closed or (last == self._read_to and gone == pruned):
            return False
        self._all = joined(self._all if gone == pruned else [], more)
        self._read_to, self._pruned = last, gone
        await self._grow()
        self._arrange()
        return True

    async def _grow(self) -> None:
        """What is unfolded has its newest entries, too."""
        ids = {burst.id: burst for burst in self._all}
        for burst_id, view in list(self._opened.items()):
            burst = ids.get(burst_id)
            if burst is not None and burst.entries == view.count:
                continue
            del self._opened[burst_id]
            if burst is not None:
                self._opened[burst_id] = newer = await self._log.of_burst(burst)
                await newer.wait()
            await view.aclose()

    def _arrange(self) -> None:
        chosen = [burst for burst in self._all if self._only.holds(burst.key.kind, burst.key.to_state)]
        chosen.sort(key=lambda burst: -burst.last_id)
        self._shown = [burst._replace(is_open=burst.id in self._opened) for burst in chosen]
        self._ends = list(accumulate(1 + self._inside(burst) for burst in self._shown))
        self._index = {burst.id: at for at, burst in enumerate(self._shown)}

    def _inside(self, burst: Burst) -> int:
        view = self._opened.get(burst.id)
        return 0 if view is None else view.count

    async def toggle(self, burst: Burst) -> None:
        """Unfold it, or fold it again."""
        view = self._opened.pop(burst.id, None)
        if view is not None:
            self._arrange()
            await view.aclose()
            return
        view = await self._log.of_burst(burst)
        await view.wait()
        self._opened[burst.id] = view
        self._arrange()

    # --- as a view

    @property
    def bursts(self) -> Sequence[Burst]:
        """All that are shown."""
        return self._shown

    @property
    def count(self) -> int:
        """Rows that are shown: each burst, and the entries of those that are opened."""
        return self._ends[-1] if self._ends else 0

    async def wait(self) -> None:
        """It is always complete."""

    def rows(self, start: int, n: int) -> Sequence[Burst | ActivityEntry]:
        """Bursts, entries of opened ones between them; ``LedgerError`` once the view is closed."""
        if self._closed:
            raise LedgerError("this view is closed")
        found: list[Burst | ActivityEntry] = []
        start = max(0, start)
        stop = min(start + n, self.count)
        at = bisect_right(self._ends, start)
        while start < stop and at < len(self._shown):
            burst = self._shown[at]
            begin = self._ends[at - 1] if at else 0
            if start == begin:
                found.append(burst)
                start += 1
            inside = min(stop, self._ends[at]) - start
            if inside > 0:
                found += self._opened[burst.id].rows(start - begin - 1, inside)
                start += inside
            at += 1
        return self._with_single(found)

    def _with_single(self, rows: list[Burst | ActivityEntry]) -> list[Burst | ActivityEntry]:
        """A burst of one is that entry, under the burst's id."""
        single = [row.first_id for row in rows if isinstance(row, Burst) and row.entries == 1]
        entries = self._log.of_ids(single) if single else {}
        return [
            entries[row.first_id]._replace(id=row.id)
            if isinstance(row, Burst) and row.entries == 1 and row.first_id in entries
            else row
            for row in rows
        ]

    def position(self, row_id: int) -> int | None:
        """Negative ids are bursts, others entries of the trail; None for what is folded away."""
        if row_id < 0:
            at = self._index.get(row_id)
            return None if at is None else (self._ends[at - 1] if at else 0)
        for burst_id, view in self._opened.items():
            at = self._index.get(burst_id)
            inside = view.position(row_id) if at is not None else None
            if at is not None and inside is not None:
                return (self._ends[at - 1] if at else 0) + 1 + inside
        return None

    def row_id(self, position: int) -> int | None:
        """The id there: a burst's is negative. None past the end."""
        if not 0 <= position < self.count:
            return None
        at = bisect_right(self._ends, position)
        begin = self._ends[at - 1] if at else 0
        burst = self._shown[at]
        return burst.id if position == begin else self._opened[burst.id].row_id(position - begin - 1)

    async def present(self) -> Present:
        """What the whole trail has to filter by; counted on a reader thread."""
        return await self._log.present()

    async def aclose(self) -> None:
        """Closes the opened bursts' views, too."""
        self._closed = True
        opened, self._opened = list(self._opened.values()), {}
        for view in opened:
            await view.aclose()
