"""What a filter may ask of a listing's objects, in SQL: as they were listed, and as they are known now."""

from restoretui.ledger.views import fact_sql
from restoretui.ledger.views.where_sql import NOW, FilterColumns

LISTED_COLUMNS = "l.size AS listed_size, l.modified AS listed_modified, l.storage_class AS listed_storage_class"
"""Beside ``fact_sql.known``, whose columns of these names are those of the newest look."""

FACTS = (
    f"SELECT *, {fact_sql.SHOWN_STATE} AS shown, {fact_sql.SHOWN_EXPIRY} AS shown_expiry,"
    f" {fact_sql.STILL_OURS} AS is_ours"
)
"""Of ``fact_sql.with_state``: what ``as_known`` is written in."""

_OF_JOB = "EXISTS (SELECT 1 FROM job q JOIN line m ON m.id = q.line_id WHERE q.id = l.job_id AND {})"
_REASON = "CASE WHEN q.reason = '' THEN m.reason ELSE q.reason END"
_LATE = (
    "EXISTS (SELECT 1 FROM job q JOIN run r ON r.id = q.run_id WHERE q.id = l.job_id"
    f" AND coalesce(q.requested_at, r.first_requested_at) + r.window_longest < {NOW})"
)


def as_listed(prefix: str) -> FilterColumns:
    """Rows of a listing's table, as ``l``, for filters that ask for nothing else than ``tree.LISTED``."""
    return FilterColumns(
        ("l.key",), prefix, storage_class="l.storage_class", size="l.size", modified="l.modified",
        version="coalesce(l.version_id, '')",
    )  # fmt: skip


def as_known(prefix: str, *, listed: str = "listed_") -> FilterColumns:
    """Rows of ``FACTS``, as ``l``; their size, date and class are those ``listed``."""
    return FilterColumns(
        ("l.key",),
        prefix,
        storage_class=f"l.{listed}storage_class",
        size=f"l.{listed}size",
        modified=f"l.{listed}modified",
        version="l.version_id",
        state="l.shown",
        expiry="CASE WHEN l.shown = 'available' THEN l.shown_expiry END",
        tier="CASE WHEN l.is_ours THEN l.job_tier END",
        run="CASE WHEN l.is_ours THEN l.job_run END",
        changed="CASE WHEN l.is_ours THEN l.job_changed_at END",
        causes=("q.code", "q.message", _REASON),
        with_causes=_OF_JOB,
        overdue=f"(l.shown IN ('requested', 'restoring') AND l.job_id IS NOT NULL AND {_LATE})",
    )
