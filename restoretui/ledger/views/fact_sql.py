"""Generates the SQL of what is known of an object: its row, overlaid by the newest look and by our own jobs.

``known`` selects the facts under fixed names; the expressions below it are written in those names. The state is
generated from the tables in ``core.rules``, so that a filter over a million rows says exactly what
``CloudRules.state_of`` says of each.
"""

from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import asdict, replace

from restoretui.core.model import UNTOLD_CLASS, IntentStage, State
from restoretui.core.provider import NO_CAPACITY_CODE, Outcome
from restoretui.core.rules.rules import CloudRules
from restoretui.core.rules.verdicts import Action
from restoretui.ledger.run_records import WAITING
from restoretui.ledger.store.leases import is_pursued
from restoretui.ledger.store.schema import LIVE


class FactColumns(Struct, frozen=True):
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
    etag: str
    silent: str = "0"
    """It is known from where no restores are told of."""
    told_tier: str = "NULL"
    told_days: str = "NULL"
    told_asked: str = "NULL"


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
    etag="s.etag",
    silent="s.silent",
    told_tier="s.told_tier",
    told_days="s.told_days",
    told_asked="s.told_asked",
)
"""A marked object, table alias ``s``."""


NEVER_SILENT = replace(OF_SELECTION, silent="0")
"""The same in a bucket of which no inventory was ever read."""


def of_listing(started_at: float, *, silent: bool = False) -> FactColumns:
    """An object of a listing that began then, table alias ``l``; ``silent``: which tells of no restores."""
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
        etag="l.etag",
        silent="1" if silent else "0",
    )


SPOKEN_OF = f"EXISTS (SELECT 1 FROM job p WHERE p.bucket_id = b.id AND p.{LIVE})"
"""Of buckets, table alias ``b``: some run of ours has something to say of an object there. Where all that runs asked
for was given up, or their records were removed, rows need no job looked up for each."""


class Overlay(Struct, frozen=True):
    """What of the newest looks and of our own jobs is laid over a stored row."""

    looks: bool = True
    """False where there are known to be none, as in ``jobs`` and ``intents``."""
    jobs: bool = True
    planning: bool = False
    """The job is the newest that was asked for and has not arrived, as a plan has to know it."""
    intents: bool = False
    tells: bool | None = True
    """Whether listings tell of restores (``CloudRules.lists_status``)."""


def known(base: FactColumns, source: str, where: str, extra: str, overlay: Overlay) -> str:
    """A SELECT of ``extra`` and of all facts by name, for the rows of ``source`` that meet ``where``.

    ``:place`` and ``:bucket`` are the bucket's ids in catalog and ledger. A look at least as new as the row wins; an
    older HEAD still tells what no listing can, the archive tier inside Intelligent-Tiering, as long as it saw the
    same object. The job is the newest that still waits for something; failing that, the newest that was not skipped
    or cancelled. For ``planning`` it is the newest that was asked for and has not arrived, and ``intent`` tells of
    those not surely asked for (``INTENT_STEP``).

    Where listings do not tell of restores, a row that says nothing does not take back what a look told of the same
    object, and our job speaks for it as long as nothing newer does. ``told_at`` is when its restore was last told of,
    ``told`` that this is as new as the row.
    """
    silent = _silent(base, overlay.tells)
    if overlay.jobs and silent != "0":
        # Another upload under the key is no business of the job any more.
        silent = f"({silent} AND (j.etag IS NULL OR j.etag = '' OR {base.etag} IN ('', j.etag)))"
    look_columns, look_join = _look(base, silent) if overlay.looks else (_no_look(base, silent), "")
    job_columns, job_join = _NO_JOB, ""
    if overlay.jobs:
        job_columns, job_join = _job(base, planning=overlay.planning, intents=overlay.intents)
    return (
        f"SELECT {extra}, {base.key} AS key, {base.version_id} AS version_id, {look_columns}, {job_columns}"
        f" FROM {source} {job_join} {look_join} WHERE {where}"
    )


TIER_KEPT_S = 86_400
"""Seconds for which a look tells of an archive tier that listings since do not: objects move between these by
themselves, into them after 90 days at the earliest."""
_TELL_HERE = (
    "coalesce((SELECT max(t.tells) FROM place h JOIN place t ON t.scheme = h.scheme AND t.endpoint = h.endpoint"
    " WHERE h.id = :place), 0)"
)
"""A page of the endpoint's listings has told of a restore."""


def _silent(base: FactColumns, tells: bool | None) -> str:
    """Whether what the row says, which is nothing, says nothing of a restore."""
    nothing = f"{base.in_progress} IS NULL AND NOT {base.looked}"
    if tells:
        return "0" if base.silent == "0" else f"({base.silent} AND {nothing})"
    if tells is False:
        return nothing
    heard = _TELL_HERE if base.silent == "0" else f"({_TELL_HERE} AND NOT {base.silent})"
    return f"({nothing} AND NOT {heard})"


def _no_look(base: FactColumns, silent: str) -> str:
    told_at = base.seen_at if silent == "0" else f"CASE WHEN {silent} THEN 0 ELSE {base.seen_at} END"
    told = "1" if silent == "0" else f"NOT ({silent})"
    return (
        "{storage_class} AS storage_class, {archive_status} AS archive_status, {looked} AS looked,"
        " {in_progress} AS in_progress, {expiry} AS expiry, {size} AS size, {modified} AS modified,"
        " {seen_at} AS seen_at, 0 AS gone, {etag} AS fact_etag, {told_tier} AS told_tier, {told_days} AS told_days,"
        " {told_asked} AS told_asked,"
    ).format(**asdict(base)) + f" {told_at} AS told_at, {told} AS told"


_NO_JOB = (
    "NULL AS job_id, NULL AS job_state, NULL AS job_changed_at, NULL AS job_expiry, NULL AS job_run,"
    " NULL AS job_tier, NULL AS job_days, 0 AS intent"
)


def _look(base: FactColumns, silent: str) -> tuple[str, str]:
    newer = f"o.seen_at >= {base.seen_at}"
    same = (
        f"o.looked AND o.seen_at >= :now - {TIER_KEPT_S}"
        f" AND o.storage_class = {base.storage_class} AND o.modified IS {base.modified}"
    )
    status, told_at, told = newer, f"max({base.seen_at}, coalesce(o.seen_at, 0))", "1"
    if silent != "0":
        # What the look told of this very object holds until something newer tells more than nothing.
        is_same = f"o.storage_class = {base.storage_class} AND (o.etag = '' OR {base.etag} IN ('', o.etag))"
        lasts = "o.in_progress = 1 OR (o.in_progress = 0 AND (o.expiry IS NULL OR o.expiry > :now))"
        status = f"({newer} OR ({silent} AND NOT o.gone AND {is_same} AND ({lasts})))"
        told_at = f"CASE WHEN {status} THEN o.seen_at WHEN {silent} THEN 0 ELSE {base.seen_at} END"
        told = f"coalesce({newer}, 0) OR NOT ({silent})"
    # Two looks at one restore in progress: a listing does not know what a HEAD told.
    restore = f"({newer} AND (o.looked OR o.told_days IS NOT NULL)) OR (o.in_progress = 1 AND {base.in_progress} = 1)"

    def pick(name: str, own: str, when: str = newer) -> str:
        return f"CASE WHEN {when} THEN o.{name} ELSE {own} END AS {name}"

    columns = (
        f"{pick('storage_class', base.storage_class)},"
        f" CASE WHEN {newer} OR ({same}) THEN o.archive_status ELSE {base.archive_status} END AS archive_status,"
        f" CASE WHEN {newer} OR ({same}) THEN o.looked ELSE {base.looked} END AS looked,"
        f" {pick('in_progress', base.in_progress, status)}, {pick('expiry', base.expiry, status)},"
        f" {pick('size', base.size)},"
        f" CASE WHEN {newer} THEN coalesce(o.modified, {base.modified}) ELSE {base.modified} END AS modified,"
        f" max({base.seen_at}, coalesce(o.seen_at, 0)) AS seen_at, coalesce({newer} AND o.gone, 0) AS gone,"
        f" CASE WHEN {newer} AND o.etag <> '' THEN o.etag ELSE {base.etag} END AS fact_etag,"
        f" {pick('told_tier', base.told_tier, restore)}, {pick('told_days', base.told_days, restore)},"
        f" {pick('told_asked', base.told_asked, restore)}, {told_at} AS told_at, {told} AS told"
    )
    join = (
        f"LEFT JOIN observation o ON o.place_id = :place AND o.key = {base.key} AND o.version_id = {base.version_id}"
    )
    return columns, join


NOT_OURS = f"j.outcome = '{Outcome.ALREADY_RESTORING}'"
"""Somebody else's restore stood in the way of ours (409): its tier and days are not those we asked for."""
_MAY_RUN = f"{is_pursued('u.run_id')} AND u.code IS NOT '{NO_CAPACITY_CODE}'"
_STAGE = (
    f"CASE WHEN u.state = 'unknown' OR u.attempt_at IS NOT NULL THEN {IntentStage.IN_DOUBT:d}"
    f" WHEN u.batch_id IS NOT NULL THEN {IntentStage.IN_JOB:d}"
    f" WHEN {_MAY_RUN} THEN {IntentStage.PURSUED:d} ELSE {IntentStage.FREE:d} END"
)
TAKEN_OVER = f"({_STAGE}) = {IntentStage.FREE:d}"
"""Of planned jobs, table alias ``u``, those that are given up for whoever plans them anew: nobody pursues their run,
or they wait for capacity and a person was asked about them. Machine time is ``:wall``."""
INTENT_STATES = (State.PLANNED, State.UNKNOWN)
"""Of jobs that are not surely asked for."""
INTENT_STEP = 1 << 40
"""An intent as a number: its stage times this, plus its run."""

_FIRST = 1 << 60
"""Added to the ids of jobs that come before all others."""


def _intent(base: FactColumns) -> str:
    """Of all unsent jobs of the object the one that can be undone the least; 0 for none."""
    return (
        f"coalesce((SELECT max(({_STAGE}) * {INTENT_STEP} + u.run_id) FROM job u WHERE u.bucket_id = :bucket"
        f" AND u.key = {base.key} AND u.version_id = {base.version_id} AND u.{LIVE}"
        f" AND +u.state IN ({names(INTENT_STATES)})), 0)"
    )


def _job(base: FactColumns, *, planning: bool, intents: bool) -> tuple[str, str]:
    # The plus keeps the planner from one search per state; an object has a job or two.
    is_waiting = f"+state IN ({names(WAITING)})"
    chosen = f"max(id + ({is_waiting}) * {_FIRST}) & {_FIRST - 1}"
    if planning:
        chosen = f"max(id) FILTER (WHERE +state IN ({names(WAITING - {*INTENT_STATES})}))"
    newest = (
        f"SELECT {chosen} FROM job WHERE bucket_id = :bucket AND key = {base.key}"
        f" AND version_id = {base.version_id} AND {LIVE}"
    )
    columns = (
        "j.id AS job_id, j.state AS job_state, j.changed_at AS job_changed_at, j.expiry AS job_expiry,"
        f" j.run_id AS job_run, CASE WHEN {NOT_OURS} THEN NULL ELSE n.tier END AS job_tier,"
        f" CASE WHEN {NOT_OURS} THEN NULL WHEN n.action = '{Action.LATER}'"
        " THEN (SELECT r.days FROM run r WHERE r.id = j.run_id) ELSE n.days END AS job_days,"
        f" {_intent(base) if intents else '0'} AS intent"
    )
    # What makes no copy says nothing of one: such a job stands for nothing once it was sent.
    join = f"LEFT JOIN job j ON j.id = ({newest}) AND j.outcome <> '{Outcome.SELECTED}'"
    return columns, f"{join} LEFT JOIN line n ON n.id = j.line_id"


def with_state(rules: CloudRules, inner: str) -> str:
    """``inner`` (see ``known``) with one more column, ``state``: what the cloud's own words mean at ``:now``."""
    return f"SELECT *, {state_case(rules)} AS state FROM ({inner})"


def state_case(rules: CloudRules) -> str:
    """``CloudRules.state_of`` over the names of ``known``; ``unknown`` for what is no longer there."""
    tiered = f"storage_class = {_quoted(rules.tiered_class)}" if rules.tiered_class else "0"
    archived = is_archived(rules)
    untold = "coalesce(archive_status, '') = ''"
    copy = "(expiry IS NULL OR expiry > :now)" if rules.undated_for_good else "expiry > :now"
    elsewhere = "WHEN in_progress IS 0 AND expiry > :now THEN 'available'"
    elsewhere = "" if rules.class_stays else elsewhere
    # Without a class, a copy is known by the end that it has; nothing else is.
    classless = f"storage_class = '{UNTOLD_CLASS}'"
    copied = "0" if rules.class_stays else "(in_progress IS 0 AND expiry IS NOT NULL AND expiry > :now)"
    return (
        f"CASE WHEN gone OR (({tiered} OR {classless}) AND NOT looked AND {untold} AND in_progress IS NOT 1"
        f" AND NOT ({classless} AND {copied})) THEN 'unknown'"
        f" WHEN {classless} AND {copied} THEN 'available'"
        f" WHEN in_progress IS 1 AND ({tiered} OR {archived} OR {classless}) THEN 'restoring'"
        f" WHEN {tiered} THEN CASE WHEN {untold} THEN 'online' ELSE 'archived' END"
        f" WHEN NOT ({archived}) THEN CASE {elsewhere} WHEN 1 THEN 'online' END"
        f" WHEN in_progress IS 0 AND {copy} THEN 'available'"
        f" ELSE 'archived' END"
    )


def is_archived(rules: CloudRules) -> str:
    """Whether objects of ``storage_class`` have to be restored before they can be read."""
    if rules.other_archives is not None:
        return f"storage_class NOT IN ('', {_listed(rules.online_classes)})"
    return f"storage_class IN ({_listed(rules.archives)})"


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
    " CASE WHEN told_at > job_changed_at AND state IN ('restoring', 'available') THEN state ELSE job_state END"
    " WHEN job_state = 'available' AND job_changed_at >= told_at AND told_at < seen_at AND job_expiry <= :now"
    " THEN state"
    " WHEN job_state IN ('available', 'expired', 'failed') AND job_changed_at >= told_at THEN job_state"
    " ELSE state END"
)
"""The state on screen. An intent stands until it is settled; a request stands until a newer look shows what came of
it; an outcome stands until the next look."""

STILL_OURS = (
    f"(job_state IN ({names(WAITING)}) OR job_changed_at >= told_at"
    " OR (job_state = 'available' AND state = 'available'))"
)
"""Whether the job still speaks for its object, so that its tier and run are worth showing."""

SHOWN_EXPIRY = "CASE WHEN job_state = 'available' AND job_changed_at >= told_at THEN job_expiry ELSE expiry END"
"""When the copy ends, by whoever knows it last."""

DAYS_BEFORE = (
    "(SELECT r.days FROM job k JOIN run r ON r.id = k.run_id WHERE k.id = (SELECT max(id) FROM job"
    f" WHERE bucket_id = :bucket AND key = w.key AND version_id = w.version_id AND {LIVE}"
    f" AND +state IN ({names((State.REQUESTED, State.RESTORING, State.AVAILABLE))})))"
)
"""The days asked for with the newest job that brought, or found, a copy of the object; table alias ``w``."""

COUNTS_AS_RESTORING = (
    "(job_id IS NOT NULL AND NOT (job_state IN ('requested', 'restoring')"
    " AND told_at > job_changed_at AND state = 'available'))"
)
"""Whether a job that was asked for makes its object one that is being restored, for the purpose of a new plan."""

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
