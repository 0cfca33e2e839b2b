"""What is known of an object, in SQL: the row overlaid by the newest look, and what our own jobs add.

The state expression is generated from the tables in ``core.rules``, so that a filter over a million rows says exactly
what ``CloudRules.state_of`` says of each.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from restoretui.core.errors import LedgerError
from restoretui.core.model import State
from restoretui.core.rules import RULES, CloudRules
from restoretui.ledger.records import WAITING
from restoretui.ledger.schema import LIVE


@dataclass(frozen=True, slots=True)
class Columns:
    """SQL expressions for the facts of one row."""

    storage_class: str
    archive_status: str
    looked: str
    in_progress: str
    expiry: str
    size: str
    modified: str
    seen_at: str


OF_SELECTION = Columns(
    "s.storage_class",
    "s.archive_status",
    "s.looked",
    "s.in_progress",
    "s.expiry",
    "s.size",
    "s.modified",
    "s.seen_at",
)
"""A marked object, table alias ``s``."""


def of_listing(started_at: float) -> Columns:
    """An object of a listing that began then, table alias ``l``."""
    return Columns(
        "l.storage_class",
        "NULL",
        "0",
        "l.in_progress",
        "l.expiry",
        "l.size",
        "l.modified",
        f"({started_at!r} + l.seen)",
    )


def overlaid(base: Columns) -> Columns:
    """``base`` as the look ``o`` (left-joined, possibly absent) corrects it.

    A look at least as new as the row wins. An older HEAD still tells what no listing can, the archive tier inside
    Intelligent-Tiering, as long as it saw the same object.
    """
    newer = f"o.seen_at >= {base.seen_at}"
    same = f"o.looked AND o.storage_class = {base.storage_class} AND o.modified IS {base.modified}"

    def pick(name: str, own: str) -> str:
        return f"CASE WHEN {newer} THEN o.{name} ELSE {own} END"

    return Columns(
        storage_class=pick("storage_class", base.storage_class),
        archive_status=f"CASE WHEN {newer} OR ({same}) THEN o.archive_status ELSE {base.archive_status} END",
        looked=f"CASE WHEN {newer} OR ({same}) THEN o.looked ELSE {base.looked} END",
        in_progress=pick("in_progress", base.in_progress),
        expiry=pick("expiry", base.expiry),
        size=pick("size", base.size),
        modified=f"CASE WHEN {newer} THEN coalesce(o.modified, {base.modified}) ELSE {base.modified} END",
        seen_at=f"max({base.seen_at}, coalesce(o.seen_at, 0))",
    )


def look_join(key: str, version_id: str) -> str:
    """Join the newest look as ``o``; ``:place`` is the catalog's id of the bucket."""
    return f"LEFT JOIN observation o ON o.place_id = :place AND o.key = {key} AND o.version_id = {version_id}"


def job_join(key: str, version_id: str, *, waiting_only: bool = False) -> str:
    """Join our job as ``j`` and its line as ``n``; ``:bucket`` is the ledger's id of the bucket.

    The newest job that still waits for something; failing that, the newest that was not skipped or cancelled.
    """
    of_object = f"SELECT max(id) FROM job WHERE bucket_id = :bucket AND key = {key} AND version_id = {version_id}"
    waiting = f"({of_object} AND {LIVE} AND state IN ({names(WAITING)}))"
    chosen = waiting if waiting_only else f"coalesce({waiting}, ({of_object} AND {LIVE}))"
    return f"LEFT JOIN job j ON j.id = {chosen} LEFT JOIN line n ON n.id = j.line_id"


NO_JOBS = "LEFT JOIN (job j JOIN line n ON 0) ON 0"
"""In place of ``job_join`` where the bucket never had a job."""


def rules_of(scheme: str) -> CloudRules:
    """The cloud's tables; ``LedgerError`` for a cloud this version does not know."""
    try:
        return RULES[scheme]
    except KeyError:
        raise LedgerError(
            f"the ledger holds objects of {scheme}://, which this restoretui does not know", "upgrade restoretui"
        ) from None


def state_case(rules: CloudRules, facts: Columns) -> str:
    """``CloudRules.state_of`` as an expression; ``:now`` is the instant it is asked for."""
    tiered = f"({facts.storage_class} IS {_quoted(rules.tiered_class)})" if rules.tiered_class else "0"
    archives = ", ".join(_quoted(name) for name in rules.archives) or "NULL"
    archived = (
        f"(CASE WHEN {tiered} THEN coalesce({facts.archive_status}, '') IN ({archives})"
        f" ELSE {facts.storage_class} IN ({archives}) END)"
    )
    restoring = f"(coalesce({facts.in_progress}, 0) = 1)"
    return (
        f"CASE WHEN {tiered} AND NOT {facts.looked} AND NOT {restoring} THEN 'unknown'"
        f" WHEN {restoring} AND ({tiered} OR {archived}) THEN 'restoring'"
        f" WHEN NOT {archived} THEN 'online'"
        f" WHEN {facts.in_progress} IS 0 AND ({facts.expiry} IS NULL OR {facts.expiry} > :now) THEN 'available'"
        f" ELSE 'archived' END"
    )


def shown_state(state: str, seen_at: str) -> str:
    """The state on screen: ``state`` (from facts as of ``seen_at``) overlaid by our job ``j``.

    An intent stands until it is settled; a request stands until a newer look shows what came of it; an outcome stands
    until the next look.
    """
    return (
        f"CASE WHEN j.state IN ('planned', 'unknown') THEN j.state"
        f" WHEN j.state IN ('requested', 'restoring') THEN CASE"
        f" WHEN {seen_at} > j.changed_at AND {state} IN ('restoring', 'available') THEN {state} ELSE j.state END"
        f" WHEN j.state IN ('available', 'expired', 'failed') AND j.changed_at >= {seen_at} THEN j.state"
        f" ELSE {state} END"
    )


def still_ours(state: str, seen_at: str) -> str:
    """Whether the job ``j`` still speaks for its object, so that its tier and run are worth showing."""
    return (
        f"(j.state IN ({names(WAITING)}) OR j.changed_at >= {seen_at}"
        f" OR (j.state = 'available' AND {state} = 'available'))"
    )


def counts_as_restoring(state: str, seen_at: str) -> str:
    """Whether the waiting job ``j`` makes its object one that is being restored, for the purpose of a new plan."""
    return (
        f"(j.id IS NOT NULL AND NOT (j.state IN ('requested', 'restoring')"
        f" AND {seen_at} > j.changed_at AND {state} = 'available'))"
    )


def names(states: Iterable[State]) -> str:
    """States as a list of SQL literals, in a fixed order so that statements are cached."""
    return ", ".join(_quoted(state) for state in sorted(states))


STATE_RANK = (
    "CASE {state} "
    + " ".join(
        f"WHEN '{state}' THEN {rank}"
        for rank, state in enumerate(
            (
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
        )
    )
    + " END"
)
"""Sorting by state brings first what wants attention. To be formatted with the state's expression."""


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
