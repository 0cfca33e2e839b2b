"""Generates the SQL of what is known of an object: its row, overlaid by the newest look and by our own jobs.

``known`` selects the facts under fixed names; the expressions below it are written in those names. The state is
generated from the tables in ``core.rules``, so that a filter over a million rows says exactly what
``CloudRules.state_of`` says of each.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass

from restoretui.core.model import State
from restoretui.core.provider import NO_CAPACITY_CODE
from restoretui.core.rules.rules import CloudRules
from restoretui.ledger.records import WAITING
from restoretui.ledger.store.schema import LIVE


@dataclass(frozen=True, slots=True)
class FactColumns:
    """SQL expressions for the facts of one stored row."""

    storage_class: str
    archive_status: str
    looked: str
    in_progress: str
    expiry: str
    size: str
    modified: str
    seen_at: str
    key: str
    version_id: str


OF_SELECTION = FactColumns(
    storage_class="s.storage_class",
    archive_status="s.archive_status",
    looked="s.looked",
    in_progress="s.in_progress",
    expiry="s.expiry",
    size="s.size",
    modified="s.modified",
    seen_at="s.seen_at",
    key="s.key",
    version_id="s.version_id",
)
"""A marked object, table alias ``s``."""


def of_listing(started_at: float) -> FactColumns:
    """An object of a listing that began then, table alias ``l``."""
    return FactColumns(
        storage_class="l.storage_class",
        archive_status="NULL",
        looked="0",
        in_progress="l.in_progress",
        expiry="l.expiry",
        size="l.size",
        modified="l.modified",
        seen_at=f"({started_at!r} + l.seen)",
        key="l.key",
        version_id="coalesce(l.version_id, '')",
    )


def known(
    base: FactColumns,
    source: str,
    where: str,
    extra: str,
    *,
    looks: bool = True,
    jobs: bool = True,
    waiting: bool = False,
) -> str:
    """A SELECT of ``extra`` and of all facts by name, for the rows of ``source`` that meet ``where``.

    ``:place`` and ``:bucket`` are the bucket's ids in catalog and ledger. A look at least as new as the row wins; an
    older HEAD still tells what no listing can, the archive tier inside Intelligent-Tiering, as long as it saw the
    same object. The job is the newest that still waits for something; failing that, and unless only ``waiting`` ones
    matter, the newest that was not skipped or cancelled. Without ``looks`` or ``jobs`` there are known to be none.
    """
    look_columns, look_join = _look(base) if looks else (_NO_LOOK.format(**asdict(base)), "")
    job_columns, job_join = _job(base, waiting=waiting) if jobs else (_NO_JOB, "")
    return (
        f"SELECT {extra}, {base.key} AS key, {base.version_id} AS version_id, {look_columns}, {job_columns}"
        f" FROM {source} {look_join} {job_join} WHERE {where}"
    )


_NO_LOOK = (
    "{storage_class} AS storage_class, {archive_status} AS archive_status, {looked} AS looked,"
    " {in_progress} AS in_progress, {expiry} AS expiry, {size} AS size, {modified} AS modified, {seen_at} AS seen_at,"
    " 0 AS gone"
)
_NO_JOB = (
    "NULL AS job_id, NULL AS job_state, NULL AS job_changed_at, NULL AS job_expiry, NULL AS job_run,"
    " NULL AS job_tier, NULL AS job_days, 0 AS job_held"
)


def _look(base: FactColumns) -> tuple[str, str]:
    newer = f"o.seen_at >= {base.seen_at}"
    same = f"o.looked AND o.storage_class = {base.storage_class} AND o.modified IS {base.modified}"

    def pick(name: str, own: str) -> str:
        return f"CASE WHEN {newer} THEN o.{name} ELSE {own} END AS {name}"

    columns = (
        f"{pick('storage_class', base.storage_class)},"
        f" CASE WHEN {newer} OR ({same}) THEN o.archive_status ELSE {base.archive_status} END AS archive_status,"
        f" CASE WHEN {newer} OR ({same}) THEN o.looked ELSE {base.looked} END AS looked,"
        f" {pick('in_progress', base.in_progress)}, {pick('expiry', base.expiry)}, {pick('size', base.size)},"
        f" CASE WHEN {newer} THEN coalesce(o.modified, {base.modified}) ELSE {base.modified} END AS modified,"
        f" max({base.seen_at}, coalesce(o.seen_at, 0)) AS seen_at, coalesce({newer} AND o.gone, 0) AS gone"
    )
    join = (
        f"LEFT JOIN observation o ON o.place_id = :place AND o.key = {base.key} AND o.version_id = {base.version_id}"
    )
    return columns, join


WAITS_FOR_CAPACITY = f"({{0}}state = 'planned' AND {{0}}attempt_at IS NULL AND {{0}}code = '{NO_CAPACITY_CODE}')"
"""Jobs, of the table called so, that a person was asked about: unsent, and given up for whoever plans them anew."""

_FIRST = 1 << 60
"""Added to the ids of jobs that come before all others."""


def _job(base: FactColumns, *, waiting: bool) -> tuple[str, str]:
    # The plus keeps the planner from one search per state; an object has a job or two.
    is_waiting = f"+state IN ({names(WAITING)})"
    chosen = f"max(id + ({is_waiting}) * {_FIRST}) & {_FIRST - 1}"
    if waiting:
        chosen = f"max(id) FILTER (WHERE {is_waiting})"
    newest = (
        f"SELECT {chosen} FROM job WHERE bucket_id = :bucket AND key = {base.key}"
        f" AND version_id = {base.version_id} AND {LIVE}"
    )
    columns = (
        "j.id AS job_id, j.state AS job_state, j.changed_at AS job_changed_at, j.expiry AS job_expiry,"
        " j.run_id AS job_run, n.tier AS job_tier, n.days AS job_days,"
        f" coalesce({WAITS_FOR_CAPACITY.format('j.')}, 0) AS job_held"
    )
    return columns, f"LEFT JOIN job j ON j.id = ({newest}) LEFT JOIN line n ON n.id = j.line_id"


def with_state(rules: CloudRules, inner: str) -> str:
    """``inner`` (see ``known``) with one more column, ``state``: what the cloud's own words mean at ``:now``."""
    return f"SELECT *, {state_case(rules)} AS state FROM ({inner})"


def state_case(rules: CloudRules) -> str:
    """``CloudRules.state_of`` over the names of ``known``; ``unknown`` for what is no longer there."""
    tiered = f"storage_class = {_quoted(rules.tiered_class)}" if rules.tiered_class else "0"
    archived = f"storage_class IN ({_listed(rules.archives)})"
    if rules.other_archives is not None:
        archived = f"storage_class NOT IN ('', {_listed(rules.online_classes)})"
    untold = "coalesce(archive_status, '') = ''"
    return (
        f"CASE WHEN gone OR ({tiered} AND NOT looked AND {untold} AND in_progress IS NOT 1) THEN 'unknown'"
        f" WHEN in_progress IS 1 AND ({tiered} OR {archived}) THEN 'restoring'"
        f" WHEN {tiered} THEN CASE WHEN {untold} THEN 'online' ELSE 'archived' END"
        f" WHEN NOT ({archived}) THEN 'online'"
        f" WHEN in_progress IS 0 AND (expiry IS NULL OR expiry > :now) THEN 'available'"
        f" ELSE 'archived' END"
    )


def names(states: Iterable[State]) -> str:
    """States as a list of SQL literals, in a fixed order so that statements are cached."""
    return ", ".join(_quoted(state) for state in sorted(states))


def _listed(classes: Iterable[str]) -> str:
    return ", ".join(map(_quoted, sorted(classes))) or "NULL"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


SHOWN_STATE = (
    "CASE WHEN job_state IN ('planned', 'unknown') THEN job_state"
    " WHEN job_state IN ('requested', 'restoring') THEN"
    " CASE WHEN seen_at > job_changed_at AND state IN ('restoring', 'available') THEN state ELSE job_state END"
    " WHEN job_state IN ('available', 'expired', 'failed') AND job_changed_at >= seen_at THEN job_state"
    " ELSE state END"
)
"""The state on screen. An intent stands until it is settled; a request stands until a newer look shows what came of
it; an outcome stands until the next look."""

STILL_OURS = (
    f"(job_state IN ({names(WAITING)}) OR job_changed_at >= seen_at"
    " OR (job_state = 'available' AND state = 'available'))"
)
"""Whether the job still speaks for its object, so that its tier and run are worth showing."""

SHOWN_EXPIRY = "CASE WHEN job_state = 'available' AND job_changed_at >= seen_at THEN job_expiry ELSE expiry END"
"""When the copy ends, by whoever knows it last."""

COUNTS_AS_RESTORING = (
    "(job_id IS NOT NULL AND NOT job_held AND NOT (job_state IN ('requested', 'restoring')"
    " AND seen_at > job_changed_at AND state = 'available'))"
)
"""Whether a waiting job makes its object one that is being restored, for the purpose of a new plan."""

_BY_INTEREST = (
    State.FAILED,
    State.UNKNOWN,
    State.PLANNED,
    State.REQUESTED,
    State.RESTORING,
    State.AVAILABLE,
    State.EXPIRED,
    State.ARCHIVED,
    State.ONLINE,
    State.CANCELLED,
    State.SKIPPED,
)


def state_rank(state: str) -> str:
    """A number to sort the expression ``state`` by: first what wants attention."""
    ranks = " ".join(f"WHEN '{name}' THEN {rank}" for rank, name in enumerate(_BY_INTEREST))
    return f"CASE {state} {ranks} END"
