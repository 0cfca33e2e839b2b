"""Whether a listing that is made now is all there is to know of a bucket, so that its rows need not be looked up."""

from sqlite3 import Connection

from restoretui.core.model import State
from restoretui.ledger.records import CloudId
from restoretui.ledger.run_records import WAITING
from restoretui.ledger.store.schema import LIVE
from restoretui.ledger.views.fact_sql import names

MOST_READ = 20_000
"""So many jobs or looks are gone through for it; where there are more, the ledger is asked row by row."""
_SPEAKING = WAITING | {State.AVAILABLE}
"""States of jobs that stand beside what a newer listing says (``fact_sql.SHOWN_STATE``, ``STILL_OURS``)."""


def is_bare(connection: Connection, cloud: CloudId, bucket: str, now: float) -> bool:
    """No job of ours and no look would show in a listing of the bucket that begins ``now`` (cloud time)."""
    named = (*cloud, bucket)
    place = _id(connection, "SELECT id FROM place WHERE scheme = ? AND endpoint = ? AND bucket = ?", named)
    jobs_of = _id(connection, "SELECT id FROM bucket WHERE scheme = ? AND endpoint = ? AND name = ?", named)
    # Where listings tell of no restores, whatever a job or a look knows holds on beside them.
    tells = cloud.rules.lists_status is True
    job, look = "1", "1"
    if tells:
        job = f"state IN ({names(_SPEAKING)})"
        look = "seen_at >= :now OR (looked AND storage_class = :tiered)"
    shown = _any(connection, f"SELECT {job} AS shown FROM job WHERE bucket_id = :id AND {LIVE}", {"id": jobs_of})
    args = {"id": place, "now": now, "tiered": cloud.rules.tiered_class or ""}
    return not shown and not _any(connection, f"SELECT {look} AS shown FROM observation WHERE place_id = :id", args)


def _id(connection: Connection, sql: str, args: tuple[str, ...]) -> int:
    row = connection.execute(sql, args).fetchone()
    return 0 if row is None else int(row[0])


def _any(connection: Connection, sql: str, args: dict[str, object]) -> bool:
    row = connection.execute(f"SELECT count(*), total(shown) FROM ({sql} LIMIT {MOST_READ})", args).fetchone()
    return bool(row[0] >= MOST_READ or row[1])
