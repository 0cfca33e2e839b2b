"""Sums over the objects of a run that only a report asks for: classes, how long restores took, ends of copies."""

from collections.abc import Mapping
from sqlite3 import Connection
from typing import Any, NamedTuple

from restoretui.core.model import END_UNTOLD
from restoretui.ledger.store.decoding import Shape, decodes
from restoretui.ledger.store.unknown_values import OF_KNOWN, saturated
from restoretui.ledger.volumes import Volume

_OF_RUN = (
    " FROM job j JOIN line n ON n.id = j.line_id"
    " WHERE j.id BETWEEN (SELECT first_job FROM run WHERE id = :run)"
    " AND (SELECT first_job + objects - 1 FROM run WHERE id = :run)"
)
_TOOK = " AND j.available_at >= j.requested_at AND NOT j.adopted"
"""Objects whose restore was asked for by the run itself, and seen to arrive."""


class Took(NamedTuple):
    """How long it took from the request to the copy, in seconds, of so many objects."""

    objects: int
    least: float
    median: float
    most: float


class RunSums(NamedTuple):
    """Of one run. Instants are seconds since the epoch, cloud time."""

    classes: Mapping[str, Volume]
    """By the storage class in which the objects were."""
    took: Took | None
    readable: int
    """Objects whose copies are there, by the ends that are known of them."""
    first_end: float | None
    """Of those copies: when the first ends, and the last; None where none has an end that is told."""
    last_end: float | None


def read_sums(connection: Connection, run_id: int, now: float) -> RunSums:
    """Reads each job of the run; for a reader's thread. ``now`` in seconds since the epoch, cloud time."""
    given = {"run": run_id, "now": now, "untold": END_UNTOLD.timestamp()}
    classes = connection.execute(
        f"SELECT n.storage_class, count(*), total(j.size) {OF_KNOWN}, sum(j.size < 0){_OF_RUN} GROUP BY 1 ORDER BY 1",
        given,
    ).fetchall()
    ends = connection.execute(
        "SELECT count(*), min(CASE WHEN j.expiry < :untold THEN j.expiry END),"
        f" max(CASE WHEN j.expiry < :untold THEN j.expiry END){_OF_RUN} AND j.state = 'available'"
        " AND (j.expiry IS NULL OR j.expiry > :now)",
        given,
    ).fetchone()
    number = connection.execute(f"SELECT count(*){_OF_RUN}{_TOOK}", given).fetchone()[0]
    took = [
        connection.execute(
            f"SELECT j.available_at - j.requested_at{_OF_RUN}{_TOOK} ORDER BY 1 LIMIT 1 OFFSET :at",
            {**given, "at": at},
        ).fetchone()[0]
        for at in ((0, number // 2, number - 1) if number else ())
    ]
    return _sums(classes, ends, (number, *took) if number else None)


_CLASSES, _ENDS, _TAKEN = (Shape("the objects of a run", letters) for letters in ("tiri", "iSS", "illl"))


@decodes("the objects of a run")
def _sums(classes: list[tuple[Any, ...]], ends: tuple[Any, ...], took: tuple[Any, ...] | None) -> RunSums:
    _CLASSES.check(classes)
    _ENDS.check([ends])
    if took is not None:
        _TAKEN.check([took])
    by_class = {name: Volume(objects, saturated(size), unsized) for name, objects, size, unsized in classes}
    return RunSums(by_class, None if took is None else Took(*took), *ends)
