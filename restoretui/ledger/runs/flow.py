"""A time series of each run: requests out, copies come and gone; sums by the minute, written with each change.

A run of a million objects has a few hundred of them, so that how it goes can be read as often as a screen likes.
"""

import sqlite3
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from restoretui.core.progress import Flow, FlowKind
from restoretui.ledger.store.decoding import Shape, damaged, decodes
from restoretui.ledger.store.unknown_values import added, saturated
from restoretui.ledger.store.writer import Tx

_KINDS = {kind.value: kind for kind in FlowKind}
_SHAPE = Shape("how a run went", "tiTii")


class Flows:
    """What one transaction adds."""

    def __init__(self) -> None:
        self._sums: dict[tuple[int, FlowKind, int, int], list[int]] = {}

    def add(self, run_id: int, kind: FlowKind, line_id: int, at: float, size: int) -> None:
        """One job at this instant; ``size`` below zero is not known, and adds nothing."""
        key = run_id, kind, line_id, int(at // 60)
        sums = self._sums.get(key)
        if sums is None:
            sums = self._sums[key] = [0, 0]
        sums[0] += 1
        if size > 0:
            sums[1] += size

    def write(self, tx: Tx) -> None:
        """Add all of it to what there is."""
        tx.values(
            "INSERT INTO flow (run_id, kind, line_id, minute, jobs, size_bytes)",
            [(*key, jobs, saturated(size)) for key, (jobs, size) in sorted(self._sums.items())],
            "ON CONFLICT (run_id, kind, line_id, minute) DO UPDATE SET jobs = jobs + excluded.jobs,"
            f" size_bytes = {added('size_bytes', 'excluded.size_bytes')}",
        )


def read_flows(connection: sqlite3.Connection, run_id: int) -> list[Flow]:
    """In the order of time, within each kind; what has the same price is one."""
    rows = connection.execute(
        "SELECT f.kind, f.minute, n.copy_rate, sum(f.jobs), total(f.size_bytes) FROM flow f"
        " LEFT JOIN line n ON n.id = f.line_id WHERE f.run_id = ? GROUP BY 1, 2, 3 ORDER BY 1, 2",
        (run_id,),
    )
    return _flows([(*row[:4], saturated(row[4])) for row in rows])


@decodes("how a run went")
def _flows(rows: Sequence[tuple[Any, ...]]) -> list[Flow]:
    _SHAPE.check(rows)
    return [
        Flow(_KINDS[kind], minute, jobs, size_bytes, _rate(rate)) for kind, minute, rate, jobs, size_bytes in rows
    ]


def _rate(text: str | None) -> Decimal | None:
    if text is None:
        return None
    rate = Decimal(text)
    if not rate.is_finite():
        raise damaged("what a copy costs", text)
    return rate
