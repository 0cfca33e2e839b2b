"""Adds up marks by folder, in key order and in steps: run by run of neighbours in one folder, not row by row.

A million keys lie in a few thousand folders, and those of one mostly stand side by side. So the first that lies
elsewhere is looked for, and the sizes up to it are one sum: a fifth of the work of telling each key's folder, and
nothing has to be sorted.
"""

import time
from collections.abc import Iterator, Sequence
from sqlite3 import Connection
from typing import Any, NamedTuple, Protocol

from restoretui.ledger.marks.spans import MarkedSpan, Reads, key_of, spans_between
from restoretui.ledger.marks.whole_listings import bytes_between
from restoretui.ledger.store.unknown_values import OF_KNOWN
from restoretui.ledger.store.writer import Tx
from restoretui.ledger.views.filter_sql import end_of_prefix
from restoretui.ledger.volumes import HALF

STEP_S = 0.05
"""Seconds that others who read wait for one step."""
ROWS = 20_000
"""That are added up at a time; reading on from the first of them is what it takes to find any row."""
_DEEPER = "instr(substr(key, length(:folder) + 1), '/') > 0"


class MarkRun(NamedTuple):
    """Marks that follow each other in key order and lie right in one folder."""

    place: int
    folder: str
    """Their keys up to the last slash."""
    first_key: str
    objects: int
    size_bytes: int


class _Stretch(Protocol):
    """Marks of one form without one of the other in between; it is gone through once."""

    def key(self, reads: Reads) -> str | None:
        """Of the next; None behind the last."""
        ...

    def run(self, reads: Reads, folder: str) -> tuple[int, int]:
        """Objects and bytes of those from here on that lie right in this folder, as the next does; goes beyond."""
        ...


class _Spanned:
    def __init__(self, span: MarkedSpan) -> None:
        self._listing, self._at, self._last = span.listing, span.first_id, span.last_id

    def key(self, reads: Reads) -> str | None:
        return None if self._at > self._last else key_of(reads, self._listing, self._at)

    def run(self, reads: Reads, folder: str) -> tuple[int, int]:
        first, stop = self._at, min(self._last, self._at + ROWS - 1) + 1
        elsewhere = reads.row(
            f"SELECT id FROM l{self._listing} WHERE id BETWEEN :first AND :last AND (key >= :high OR {_DEEPER})"
            " ORDER BY id LIMIT 1",
            {"first": first, "last": stop - 1, "folder": folder, "high": end_of_prefix(folder)},
        )
        self._at = stop if elsewhere is None else int(elsewhere[0])
        return self._at - first, bytes_between(reads, self._listing, first, self._at - 1)


class _Singles:
    def __init__(self, sel: int, place: int, low: str, high: str) -> None:
        """Of keys from ``low`` up to ``high`` (not included)."""
        self._args: dict[str, object] = {"sel": sel, "place": place}
        self._at, self._high = low, high

    def key(self, reads: Reads) -> str | None:
        return self._first(reads, self._high)

    def run(self, reads: Reads, folder: str) -> tuple[int, int]:
        stop = min(self._high, end_of_prefix(folder))
        beyond = self._first(reads, stop, f"LIMIT 1 OFFSET {ROWS}")
        if beyond is not None:
            stop = beyond if beyond > self._at else f"{self._at}\0"  # One key may have that many versions.
        deeper = self._first(reads, stop, "LIMIT 1", f" AND {_DEEPER}", folder)
        stop = stop if deeper is None else deeper
        sizes = f"total(size >> {HALF}) {OF_KNOWN}, total(size & {(1 << HALF) - 1}) {OF_KNOWN}"
        ((objects, high, low),) = self._rows(reads, f"count(*), {sizes}", stop)
        self._at = stop
        return objects, (int(high) << HALF) + int(low)

    def _first(self, reads: Reads, stop: str, which: str = "LIMIT 1", more: str = "", folder: str = "") -> str | None:
        rows = self._rows(reads, "key", stop, f"{more} ORDER BY key, version_id {which}", folder)
        return str(rows[0][0]) if rows else None

    def _rows(self, reads: Reads, what: str, stop: str, more: str = "", folder: str = "") -> list[tuple[Any, ...]]:
        where = "sel = :sel AND place_id = :place AND key >= :low AND key < :high"
        args = {**self._args, "low": self._at, "high": stop, "folder": folder}
        return reads.rows(f"SELECT {what} FROM selection WHERE {where}{more}", args)


class RunsFound(NamedTuple):
    """What one step found."""

    runs: Sequence[MarkRun]
    is_last: bool
    is_true: bool
    """The marks are those that the first step saw; of others nothing adds up."""


class MarkRuns:
    """All marks of one set, in the order of ``places`` (ids) and of their keys."""

    def __init__(self, sel: int, places: Sequence[int]) -> None:
        self._sel = sel
        self._places = list(places)
        self._rest: Iterator[MarkRun] = iter(())
        self._reads: Reads | None = None
        self._revision: int | None = None

    def step(self, connection: Connection) -> RunsFound:
        """Go on for ``STEP_S``; always in the same thread."""
        until, found, is_last = time.monotonic() + STEP_S, list[MarkRun](), False
        if self._reads is None:
            self._reads = Tx(connection)
            self._rest = self._all(self._reads)
        connection.execute("BEGIN")
        try:
            row = connection.execute("SELECT revision FROM selection_set WHERE id = ?", (self._sel,)).fetchone()
            revision = -1 if row is None else int(row[0])
            if self._revision is None:
                self._revision = revision
            is_last = revision != self._revision  # What is left to read may be gone.
            while not is_last and (not found or time.monotonic() < until):
                run = next(self._rest, None)
                is_last = run is None
                if run is not None:
                    found.append(run)
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        return RunsFound(found, is_last, is_true=revision == self._revision)

    def _all(self, reads: Reads) -> Iterator[MarkRun]:
        for place in self._places:
            for stretch in self._stretches(reads, place):
                while (key := stretch.key(reads)) is not None:
                    folder = key[: key.rfind("/") + 1]
                    yield MarkRun(place, folder, key, *stretch.run(reads, folder))

    def _stretches(self, reads: Reads, place: int) -> Iterator[_Stretch]:
        single = "SELECT 1 FROM selection WHERE sel = ? AND place_id = ? LIMIT 1"
        has_singles, low = reads.row(single, (self._sel, place)) is not None, ""
        for span in spans_between(reads, self._sel, place):
            if has_singles:
                yield _Singles(self._sel, place, low, span.first_key)
            yield _Spanned(span)
            low = span.last_key
        if has_singles:
            yield _Singles(self._sel, place, low, end_of_prefix(""))
