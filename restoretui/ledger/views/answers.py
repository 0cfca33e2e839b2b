"""What else the cloud answered to a request: who is charged, and where results go that are no copy (FACTS 1.1)."""

from collections.abc import Sequence
from sqlite3 import Connection
from typing import NamedTuple

from restoretui.core.model import State
from restoretui.ledger.run_records import JobChange
from restoretui.ledger.store.decoding import STATES, Shape, decodes
from restoretui.ledger.store.writer import Tx

TOLD = "(SELECT a.charged || char(10) || a.output_path FROM job_answer a WHERE a.job_id = j.id)"
"""Both of the job ``j``, in one text; NULL where neither is told."""


class Awaited(NamedTuple):
    """A job whose results are still to come."""

    job_id: int
    state: State
    output_path: str


def keep(tx: Tx, changes: Sequence[JobChange]) -> None:
    """Keep what answers told, where they told any of it."""
    told = [(one.job_id, one.charged, one.output_path) for one in changes if one.charged or one.output_path]
    if told:
        tx.values("INSERT OR REPLACE INTO job_answer (job_id, charged, output_path)", told)


def parts(told: str | None) -> tuple[str, str]:
    """Who is charged, and where results go, of ``TOLD``."""
    charged, _, path = (told or "").partition("\n")
    return charged, path


_SHAPE = Shape("an object of a run", "itT")


@decodes("an object of a run")
def read_awaited(connection: Connection, run_id: int) -> list[Awaited]:
    """Jobs of a run that were asked for, or may have been, and whose results are still to come."""
    rows = connection.execute(
        "SELECT j.id, j.state, a.output_path FROM job j LEFT JOIN job_answer a ON a.job_id = j.id"
        " WHERE j.id BETWEEN (SELECT first_job FROM run WHERE id = :run)"
        " AND (SELECT first_job + objects - 1 FROM run WHERE id = :run)"
        " AND j.state IN ('requested', 'restoring', 'unknown') ORDER BY j.id",
        {"run": run_id},
    ).fetchall()
    _SHAPE.check(rows)
    return [Awaited(job_id, STATES[state], path or "") for job_id, state, path in rows]
