"""Jobs of a run grouped by what decides their price, so that asking for them once more can be priced."""

from sqlite3 import Connection
from typing import NamedTuple

from restoretui.core.errors import GuardStopped
from restoretui.core.model import END_UNTOLD, State, Tier
from restoretui.core.provider import Outcome
from restoretui.core.rules.rules import CLOSE
from restoretui.core.rules.verdicts import Action
from restoretui.ledger.run_records import Run
from restoretui.ledger.store.unknown_values import saturated
from restoretui.ledger.store.writer import Tx


class JobLine(NamedTuple):
    """Jobs of one run that cost alike."""

    bucket: str
    versions: bool
    """They name versions."""
    storage_class: str
    archive: str | None
    action: Action
    tier: Tier | None
    """None where none is sent."""
    days: int | None
    objects: int
    size_bytes: int
    unsized: int = 0
    """Of the objects, those whose size is not known; they are not in ``size_bytes``."""


FAILED = "j.state = 'failed'"
OF_BATCH = "j.batch_id = :batch"
_OF_RUN = (
    "j.id BETWEEN (SELECT first_job FROM run WHERE id = :run)"
    " AND (SELECT first_job + objects - 1 FROM run WHERE id = :run)"
)


def read_lines(connection: Connection, run_id: int, where: str, batch_id: int = 0) -> list[JobLine]:
    """The groups of those jobs of a run that meet ``where``."""
    rows = connection.execute(
        "SELECT b.name, j.version_id <> '', n.storage_class, n.archive, n.action, n.tier, n.days, count(*),"
        " total(j.size) FILTER (WHERE j.size > 0), count(*) FILTER (WHERE j.size < 0)"
        " FROM job j JOIN line n ON n.id = j.line_id JOIN bucket b ON b.id = j.bucket_id"
        f" WHERE {_OF_RUN} AND {where} GROUP BY 1, 2, j.line_id ORDER BY 1, 2, j.line_id",
        {"run": run_id, "batch": batch_id},
    ).fetchall()
    return [
        JobLine(
            row[0], bool(row[1]), row[2], row[3], Action(row[4]), Tier(row[5]) if row[5] else None, row[6], row[7],
            saturated(row[8]), row[9],
        )
        for row in rows
    ]  # fmt: skip


class Shortfall(NamedTuple):
    """What a run got less than it asked for, though nothing of it failed."""

    copies: int = 0
    """Copies that end before the days asked for."""
    earliest: int | None = None
    """When the first of them ends."""
    not_sped_up: int = 0
    """Speed-ups that the cloud refused: the restores go on as they were."""


def read_shortfall(connection: Connection, run: Run) -> Shortfall:
    """Of the jobs of a run; a copy that was there before, or was said to restore for long enough, is none of it.

    Reads all of them, but none where neither a copy nor a speed-up is among them: as nearly always while a run waits.
    """
    if not run.counts.get(State.AVAILABLE) and not _speeds_up(connection, run):
        return Shortfall()
    args: dict[str, object] = {"run": run.id, "days": run.days, "end": None, "untold": int(END_UNTOLD.timestamp())}
    if run.promised_end is not None:
        args["end"] = (run.promised_end - CLOSE).timestamp()
    asked = ", ".join(f"'{action}'" for action in (Action.START, Action.UPGRADE, Action.EXTEND, Action.LATER))
    copies, earliest, refused = connection.execute(
        f"SELECT count(*) FILTER (WHERE {_SHORT}), min(j.expiry) FILTER (WHERE {_SHORT}),"
        f" count(*) FILTER (WHERE n.action = '{Action.UPGRADE}' AND j.outcome = '{Outcome.ALREADY_RESTORING}')"
        f" FROM job j JOIN line n ON n.id = j.line_id WHERE {_OF_RUN} AND n.action IN ({asked})",
        args,
    ).fetchone()
    return Shortfall(copies, earliest, refused)


def _speeds_up(connection: Connection, run: Run) -> bool:
    sql = f"SELECT 1 FROM line WHERE run_id = ? AND action = '{Action.UPGRADE}' LIMIT 1"
    return connection.execute(sql, (run.id,)).fetchone() is not None


_SHORT = (
    f"j.state = 'available' AND j.expiry < :end - 86400 * (n.action = '{Action.EXTEND}' AND n.days < :days)"
    " AND j.expiry <> :untold"
)
"""Fewer days are added to an end that lacks no more until an instant, which is in the last of the run's days."""


def check_failed(tx: Tx, run_id: int, expected: int | None) -> None:
    """``GuardStopped`` if others have failed or were retried since ``expected`` were shown; None: any number."""
    row = tx.row("SELECT coalesce(sum(jobs), 0) FROM run_count WHERE run_id = ? AND state = 'failed'", (run_id,))
    found = 0 if row is None else int(row[0])
    if expected is not None and found != expected:
        raise GuardStopped(
            f"{expected:,} failed objects of run {run_id} were to be retried, but there are {found:,} now; "
            "nothing was sent",
            "say it again",
        )
