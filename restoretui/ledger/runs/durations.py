"""How long restores took, by cloud, archive and tier: counted as copies arrive, kept when their runs are pruned.

Only what a run asked for itself, request by request, counts: neither the restores of others, nor what S3 Batch
Operations sent at a time only its report tells, nor what arrived while nobody looked (``core.measured.is_known``).
"""

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from restoretui.core.measured import Measured, is_known, measured, step_of
from restoretui.core.model import Tier
from restoretui.core.rules.verdicts import Action
from restoretui.ledger.records import CloudId
from restoretui.ledger.store.decoding import TIERS, Shape, decodes
from restoretui.ledger.store.writer import Tx

_SHAPE = Shape("how long restores took", "ttii")


class Durations:
    """What one transaction adds: candidates, of which the lines they belong to decide."""

    def __init__(self) -> None:
        self._seen: dict[int, list[float]] = {}

    def add(self, line_id: int, requested_at: float, looked_before: float | None, arrived_at: float) -> None:
        """One copy that has arrived; its time counts if it is known."""
        if is_known(requested_at, looked_before, arrived_at):
            self._seen.setdefault(line_id, []).append(arrived_at - requested_at)

    def write(self, tx: Tx) -> None:
        """Count them."""
        sums: dict[tuple[str, str, str, str, int], int] = {}
        for line_id, times in self._seen.items():
            row = tx.row(
                "SELECT r.scheme, r.endpoint, n.archive, n.tier FROM line n JOIN run r ON r.id = n.run_id"
                " WHERE n.id = ? AND n.action = ? AND n.archive IS NOT NULL AND n.tier IS NOT NULL",
                (line_id, Action.START),
            )
            for took in times if row is not None else ():
                scheme, endpoint, archive, tier = row or ("", "", "", "")
                key = (scheme, endpoint, archive, tier, step_of(took)[0])
                sums[key] = sums.get(key, 0) + 1
        tx.values(
            "INSERT INTO duration (scheme, endpoint, archive, tier, seconds, jobs)",
            [(*key, jobs) for key, jobs in sums.items()],
            "ON CONFLICT (scheme, endpoint, archive, tier, seconds) DO UPDATE SET jobs = jobs + excluded.jobs",
        )


def read_durations(connection: sqlite3.Connection, cloud: CloudId) -> Mapping[tuple[str, Tier], Measured]:
    """Of one cloud, by archive and tier: those of which enough were seen."""
    rows = connection.execute(
        "SELECT archive, tier, seconds, jobs FROM duration WHERE scheme = ? AND endpoint = ?", cloud
    )
    return _measured(rows.fetchall())


@decodes("how long restores took")
def _measured(rows: Sequence[tuple[Any, ...]]) -> dict[tuple[str, Tier], Measured]:
    _SHAPE.check(rows)
    histograms: dict[tuple[str, Tier], dict[int, int]] = {}
    for archive, tier, seconds, jobs in rows:
        known = TIERS[tier]
        if known is None:
            raise KeyError(tier)
        histograms.setdefault((archive, known), {})[seconds] = jobs
    found = {key: measured(histogram) for key, histogram in histograms.items()}
    return {key: one for key, one in found.items() if one is not None}
