"""Incremental upkeep of totals: by the objects that changed, in steps, and without reading a listing.

Jobs and looks that change are noted in the same transaction (``schema.CHANGES_ARE_NOTED``); copies that have ended
meanwhile are found by an index. Both are few beside what is listed. A step takes so many of them, finds their rows by
a search in key order, and counts those anew (``totals.counting.recount``). What is noted is struck out in that same
transaction, so that a crash in between neither loses nor repeats a change.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from restoretui.ledger.store import change_feed
from restoretui.ledger.store.writer import Tx
from restoretui.ledger.totals.counted_listing import CountedListing, counted
from restoretui.ledger.totals.counting import recount
from restoretui.ledger.views.row_order import PLACE_BITS

Wanted = Mapping[str, set[str]]
"""Version ids by key; "" where there is none."""

STALE = (
    "SELECT EXISTS (SELECT 1 FROM stale_job) OR EXISTS (SELECT 1 FROM stale_look) OR EXISTS"
    " (SELECT 1 FROM listing WHERE counted AND (due_at <= ? OR recount IS NOT NULL))"
)
"""Whether there is anything to bring up to date, at a time in seconds since the epoch."""

_DENSE = 8
"""Rows to read for each one that is wanted, rather than to search for it: reading one costs a tenth of searching."""


def settle_some(tx: Tx, rows: int, now: float) -> bool:
    """One step over about so many objects, as they are known ``now`` (cloud time); whether more is left."""
    by_place: defaultdict[int, defaultdict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for place, key, version_id in [*_looks(tx, rows), *_jobs(tx, rows)]:
        by_place[place][key].add(version_id)
    for place, objects in by_place.items():
        for listed in counted(tx, "g.place_id = ?", (place,)):
            wanted = {key: objects[key] for key in sorted(objects) if listed.holds(key)}
            _recount(tx, listed, now, rows_of(tx, listed.id, wanted))
    for listed in counted(tx, "g.due_at <= ?", (now,)):
        due = tx.rows(f"SELECT id FROM r{listed.id} WHERE until <= ? ORDER BY until LIMIT ?", (now, rows))
        _recount(tx, listed, now, [row[0] for row in due])
    for listed in counted(tx, "g.recount IS NOT NULL"):
        _go_through(tx, listed, rows, now)
    tx.touch(change_feed.TOTALS)
    return bool(tx.rows(STALE, (now,))[0][0])


def _looks(tx: Tx, rows: int) -> list[tuple[int, str, str]]:
    found = tx.rows("SELECT place_id, key, version_id FROM stale_look ORDER BY 1, 2, 3 LIMIT ?", (rows,))
    if found:
        tx.run("DELETE FROM stale_look WHERE (place_id, key, version_id) <= (?, ?, ?)", found[-1])
    return found


def _jobs(tx: Tx, rows: int) -> Iterator[tuple[int, str, str]]:
    found = tx.rows(
        "SELECT s.id, p.id, j.key, j.version_id FROM (SELECT id FROM stale_job ORDER BY id LIMIT ?) s"
        " LEFT JOIN job j ON j.id = s.id LEFT JOIN bucket b ON b.id = j.bucket_id"
        " LEFT JOIN place p ON p.scheme = b.scheme AND p.endpoint = b.endpoint AND p.bucket = b.name ORDER BY s.id",
        (rows,),
    )
    if found:
        tx.run("DELETE FROM stale_job WHERE id <= ?", (found[-1][0],))
    return ((row[1], row[2], row[3]) for row in found if row[1] is not None)


def _go_through(tx: Tx, listed: CountedListing, rows: int, now: float) -> None:
    """All rows of a listing, so many at a time."""
    ((done,),) = tx.rows("SELECT recount FROM listing WHERE id = ?", (listed.id,))
    last = tx.row(f"SELECT max(id) FROM (SELECT id FROM l{listed.id} WHERE id > ? ORDER BY id LIMIT ?)", (done, rows))
    if last is None or last[0] is None:
        tx.run("UPDATE listing SET recount = NULL WHERE id = ?", (listed.id,))
        return
    recount(tx, listed, now, "l.id > :after AND l.id <= :last", {"after": done, "last": last[0]})
    tx.run("UPDATE listing SET recount = ? WHERE id = ?", (last[0], listed.id))


def _recount(tx: Tx, listed: CountedListing, now: float, ids: Sequence[int]) -> None:
    if not ids:
        return
    tx.run("CREATE TEMP TABLE IF NOT EXISTS stale_row (id INTEGER PRIMARY KEY)")
    tx.values("INSERT OR IGNORE INTO stale_row", [(row_id,) for row_id in ids])
    recount(tx, listed, now, "l.id IN (SELECT id FROM stale_row)", {})
    tx.run("DELETE FROM stale_row")


def rows_of(tx: Tx, listing_id: int, wanted: Wanted) -> list[int]:
    """The ids of the rows of those objects; ``wanted`` is in key order, as rows of a segment are."""
    segments = tx.rows(
        "SELECT number, first_key, rows FROM segment WHERE listing_id = ? ORDER BY first_key, number", (listing_id,)
    )
    keys = list(wanted)
    found: list[int] = []
    for at, (number, first_key, rows) in enumerate(segments):
        stop = bisect_left(keys, segments[at + 1][1]) if at + 1 < len(segments) else len(keys)
        search = _Search(tx, listing_id, (number << PLACE_BITS) + 1, wanted)
        search.find(keys[bisect_left(keys, first_key) : stop], 0, rows)
        found += search.found
    return found


class _Search:
    """For many keys at once in rows that stand in key order: each halving serves all keys of its half."""

    def __init__(self, tx: Tx, listing_id: int, first_id: int, wanted: Wanted) -> None:
        self._tx = tx
        self._listing_id = listing_id
        self._first_id = first_id
        self._wanted = wanted
        self.found: list[int] = []

    def find(self, keys: Sequence[str], start: int, stop: int) -> None:
        """Among the places from ``start`` to ``stop`` (not included)."""
        if not keys or start >= stop:
            return
        if stop - start <= _DENSE * (len(keys) + 1):
            rows = self._tx.rows(
                f"SELECT id, key, coalesce(version_id, '') FROM l{self._listing_id} WHERE id BETWEEN ? AND ?",
                (self._first_id + start, self._first_id + stop - 1),
            )
            self.found += [row[0] for row in rows if row[2] in self._wanted.get(row[1], ())]
            return
        middle = (start + stop) // 2
        row = self._tx.row(f"SELECT key FROM l{self._listing_id} WHERE id = ?", (self._first_id + middle,))
        key = "" if row is None else row[0]
        # Versions of one key may lie on both sides.
        self.find(keys[: bisect_right(keys, key)], start, middle)
        self.find(keys[bisect_left(keys, key) :], middle, stop)
