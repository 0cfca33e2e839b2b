"""Writes intents ahead: a confirmed plan becomes a run and one job an object, in a transaction before any request."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from restoretui.core.batch.planned_jobs import made_again
from restoretui.core.errors import LedgerError, PlanChanged
from restoretui.core.model import ObjectFacts, RestoreRequest, State, Tier
from restoretui.core.plan.plan import RestorePlan
from restoretui.core.plan.pricing import ZERO
from restoretui.core.rules.commands import ShellCommand
from restoretui.core.rules.verdicts import Action, Verdict, judge
from restoretui.core.saying.on_behalf import NOBODY, OnBehalf
from restoretui.ledger.marks.fact_groups import MarkedGroup, group_facts, key_of
from restoretui.ledger.marks.marked_places import FACTS, PLAIN, MarkedPlace, marked_places
from restoretui.ledger.marks.spans import spans_between
from restoretui.ledger.records import CloudId
from restoretui.ledger.run_records import WAITING
from restoretui.ledger.runs.bucket_ids import bucket_id
from restoretui.ledger.runs.job_changes import move_all
from restoretui.ledger.runs.run_commands import keep
from restoretui.ledger.store import change_feed
from restoretui.ledger.store.schema import BULK_IS_NOTED, JOBS_COME_IN_BULK, LIVE
from restoretui.ledger.store.unknown_values import OF_KNOWN, saturated, sum_of
from restoretui.ledger.store.writer import Tx
from restoretui.ledger.views.fact_sql import TAKEN_OVER

_BULK = 1000
_CHANGED = "it changed after the plan was made; plan it again"
_GONE = "it is no longer there"


class ConfirmedPlan(Struct, frozen=True):
    """What was agreed to: a plan at one of its tiers, in which cloud and by which way, for whom."""

    cloud: CloudId
    plan: RestorePlan
    tier: Tier
    connection: Mapping[str, object]
    """As ``Connection.to_mapping`` gives it; no secret is in it."""
    behalf: OnBehalf = NOBODY
    said: Sequence[ShellCommand] = ()
    """The commands that say the same."""


class VerdictLine(NamedTuple):
    """What jobs with equal verdicts share."""

    storage_class: str
    archive: str | None
    action: Action
    reason: str
    tier: Tier | None
    days: int | None
    copy_rate: Decimal | None = ZERO
    """What a GiB-month of its copy costs; None where that is not known."""


class _Fate(NamedTuple):
    """What becomes of the objects of one group."""

    line: VerdictLine
    state: State
    adopted: bool = False
    expiry: int | None = None


class _Place(NamedTuple):
    """One bucket of the run with what is decided for each of its groups."""

    marked: MarkedPlace
    groups: list[tuple[MarkedGroup, _Fate]]
    gone: MarkedGroup | None


def confirm(tx: Tx, sel: int, agreed: ConfirmedPlan, now: float, wall: float, *, exact: bool = False) -> int:
    """Write the run; its id. The facts are read anew: nothing is sent that the plan did not announce.

    What it takes over from runs that nobody pursues is cancelled there. ``now`` is cloud time, ``wall`` machine time.

    ``exact``: and all it announced; ``PlanChanged`` when what is marked and known now gives another plan.
    """
    marked = [place for place in marked_places(tx.connection, sel, now, wall) if place.cloud == agreed.cloud]
    found = [(place, group_facts(tx.connection, place)) for place in marked]
    if exact:
        agreed = replace(agreed, plan=_still(tx, sel, found, agreed.plan, agreed.tier, now))
    plan, tier = agreed.plan, agreed.tier
    if not found:
        raise LedgerError("nothing is marked there, so there is nothing to confirm")
    places = [_decide(tx, place, groups, plan, tier) for place, groups in found]
    counts: dict[State, tuple[int, int]] = {}
    asks = 0
    for place in places:
        asks += sum(group.objects for group, fate in place.groups if fate.line.action.sends_now)
        fates = [(group, fate.state) for group, fate in place.groups]
        if place.gone is not None:
            fates.append((place.gone, State.SKIPPED))
        for group, state in fates:
            jobs, size = counts.get(state, (0, 0))
            counts[state] = (jobs + group.objects, saturated(size + group.size_bytes))
    run_id = insert_run(tx, agreed, now, counts, asks)
    keep(tx, run_id, agreed.said)
    with _noted_in_bulk(tx, sum(jobs for jobs, _ in counts.values())):
        for place in places:
            _insert_jobs(tx, run_id, place, now)
    if plan.then:
        from restoretui.ledger.then.writing import write_steps

        write_steps(tx, run_id, plan.then, now)
    tx.values(
        "INSERT INTO run_count (run_id, state, jobs, size_bytes)",
        [(run_id, state, jobs, size) for state, (jobs, size) in counts.items()],
    )
    _take_over(tx, run_id, now, wall)
    told = ", ".join(f"{jobs:,} {state}" for state, (jobs, _) in sorted(counts.items()))
    tx.run(
        "INSERT INTO activity (at, kind, run_id, tier, text) VALUES (?, 'run', ?, ?, ?)",
        (now, run_id, tier, f"confirmed: {told}"),
    )
    tx.touch(change_feed.RUNS, change_feed.run_topic(run_id), change_feed.ACTIVITY)
    return run_id


@contextmanager
def _noted_in_bulk(tx: Tx, jobs: int) -> Iterator[None]:
    """What totals have to count anew for very many jobs is noted at once, not job by job."""
    if jobs < _BULK:
        yield
        return
    newest = "SELECT coalesce(max(id), 0) FROM job"
    first = tx.rows(newest)[0][0] + 1
    tx.run(JOBS_COME_IN_BULK)
    yield
    comes, note = BULK_IS_NOTED
    tx.run(note, {"first": first, "last": tx.rows(newest)[0][0]})
    tx.run(comes)


def _take_over(tx: Tx, run_id: int, now: float, wall: float) -> None:
    """What other runs plan and nobody sends there is given up there, if this run asks for it: it is sent once."""
    tx.run("CREATE TEMP TABLE IF NOT EXISTS taken_over (id INTEGER PRIMARY KEY, run_id)")
    tx.run("DELETE FROM temp.taken_over")
    tx.run(
        "INSERT INTO temp.taken_over SELECT u.id, u.run_id FROM run_count c CROSS JOIN job u ON u.run_id = c.run_id"
        " WHERE c.state = 'planned' AND c.jobs > 0 AND c.run_id <> :run AND u.state = 'planned'"
        f" AND u.attempt_at IS NULL AND {TAKEN_OVER} AND EXISTS (SELECT 1 FROM job n WHERE n.run_id = :run"
        f" AND n.state = 'planned' AND n.{LIVE} AND n.bucket_id = u.bucket_id AND n.key = u.key"
        " AND n.version_id = u.version_id)",
        {"run": run_id, "wall": wall},
    )
    for (other,) in tx.rows("SELECT DISTINCT run_id FROM temp.taken_over ORDER BY 1"):
        where = "id IN (SELECT t.id FROM temp.taken_over t)"
        move_all(tx, other, where, State.CANCELLED, now, f"given up: run {run_id} asks for it")
    tx.run("DROP TABLE temp.taken_over")


def _still(
    tx: Tx, sel: int, found: list[tuple[MarkedPlace, list[MarkedGroup]]], plan: RestorePlan, tier: Tier, now: float
) -> RestorePlan:
    """The plan as what is marked and known now gives it, if that is the one that was confirmed."""
    groups = [group.planned(place.bucket) for place, there in found for group in there]
    marks = None
    if plan.marks is not None:
        row = tx.row("SELECT revision FROM selection_set WHERE id = ?", (sel,))
        marks = -1 if row is None else int(row[0])
    today = made_again(plan, groups, datetime.fromtimestamp(now, UTC), marks)
    if today.identity(tier) != plan.identity(tier):
        what = "the marks" if marks != plan.marks else "what is known of the objects"
        raise PlanChanged(
            f"{what} changed after this plan was made, so nothing was sent", "look at the plan as it is now"
        )
    return today


def _decide(tx: Tx, place: MarkedPlace, groups: list[MarkedGroup], plan: RestorePlan, tier: Tier) -> _Place:
    announced = {
        key_of(line.group.facts): line.verdict for line in plan.tiers[tier].lines if line.group.bucket == place.bucket
    }
    fates = [(group, _fate(place, group, announced.get(group.key), plan, tier)) for group in groups]
    row = tx.row("SELECT objects FROM selection_total WHERE sel = ? AND place_id = ?", (place.sel, place.place_id))
    gone = None
    if row is not None and row[0] > sum(group.objects for group in groups):
        lost = tx.row(f"SELECT count(*), total(size) {OF_KNOWN} FROM ({place.objects()}) WHERE gone", place.args)
        if lost is not None and lost[0]:
            gone = MarkedGroup(key_of(ObjectFacts("")), lost[0], saturated(lost[1]), 0, 0)
    return _Place(place, fates, gone)


def _fate(place: MarkedPlace, group: MarkedGroup, verdict: Verdict | None, plan: RestorePlan, tier: Tier) -> _Fate:
    facts = group.facts
    now = datetime.fromtimestamp(place.now, UTC)
    if verdict is None:
        request = RestoreRequest(plan.days, tier)
        verdict = judge(place.rules, facts, request, now, plan.purpose, shorten=plan.shorten)
        if verdict.action is Action.LATER:
            verdict = Verdict(Action.ALREADY, "a restore asked for elsewhere is in progress", verdict.archive)
        if verdict.action.sends:
            verdict = Verdict(Action.REFUSED, _CHANGED, verdict.archive)
    if verdict.action is Action.LATER:
        # The intent to extend it: sent once its copy is there (``ledger.runs.job_changes``).
        return _Fate(_line(facts, verdict, facts.tier, facts.days), State.RESTORING, adopted=True)
    if verdict.action.sends:
        asked = None if verdict.tierless else tier
        days = None if verdict.endless else verdict.days or plan.days
        rate = (
            plan.table_of(place.bucket).copy_rate(verdict.archive or "", tier)
            if verdict.action is Action.START
            else ZERO
        )
        line = _line(facts, verdict, asked, days)
        return _Fate(line._replace(copy_rate=ZERO if verdict.endless else rate), State.PLANNED)
    state = place.rules.state_of(facts, now)
    if verdict.action is Action.ALREADY:
        return _Fate(_line(facts, verdict, facts.tier, facts.days), State.RESTORING, adopted=True)
    if verdict.action is Action.NOTHING and state is State.AVAILABLE:
        expiry = None if facts.expiry is None else int(facts.expiry.timestamp())
        return _Fate(_line(facts, verdict, facts.tier, facts.days), State.AVAILABLE, adopted=True, expiry=expiry)
    return _Fate(_line(facts, verdict, None, None), State.SKIPPED)


def _line(facts: ObjectFacts, verdict: Verdict, tier: Tier | None, days: int | None) -> VerdictLine:
    return VerdictLine(facts.storage_class, verdict.archive, verdict.action, verdict.reason, tier, days)


def insert_run(tx: Tx, agreed: ConfirmedPlan, now: float, counts: Mapping[State, tuple[int, int]], asks: int) -> int:
    """A run's own row; its id. ``counts``: jobs and bytes by state; ``asks``: how many requests will go out."""
    plan, tier = agreed.plan, agreed.tier
    chosen = plan.tiers[tier]
    cost, window = chosen.cost, chosen.expected
    is_over = not any(counts.get(state) for state in WAITING)
    return tx.insert(
        "INSERT INTO run (scheme, endpoint, connection, purpose, tier, days, requester, ticket, note, created_at,"
        " objects, size_bytes, first_job, estimate, currency, unpriced, window_shortest, window_longest, ended_at,"
        " asks, regions, literal)"
        f" VALUES ({', '.join('?' * 12)}, (SELECT coalesce(max(id), 0) + 1 FROM job), ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *agreed.cloud,
            json.dumps(dict(agreed.connection), sort_keys=True),
            plan.purpose,
            tier,
            plan.days if plan.tells_days else 0,
            *agreed.behalf,
            now,
            sum(jobs for jobs, _ in counts.values()),
            sum_of(size for _, size in counts.values()),
            str(cost.total),
            plan.prices.currency,
            cost.unpriced,
            None if window is None else window.shortest.total_seconds(),
            None if window is None else window.longest.total_seconds(),
            now if is_over else None,
            asks,
            " ".join(plan.regions),
            plan.literal,
        ),
    )


def _insert_jobs(tx: Tx, run_id: int, place: _Place, now: float) -> None:
    marked = place.marked
    lines: dict[VerdictLine, int] = {}
    verdicts: list[tuple[object, ...]] = []
    for group, fate in place.groups:
        if fate.line not in lines:
            lines[fate.line] = insert_line(tx, run_id, fate.line)
        verdicts.append((*group.key, lines[fate.line], fate.state, fate.adopted, fate.expiry))
    gone = None
    if place.gone is not None:
        gone = insert_line(tx, run_id, VerdictLine("", None, Action.NOTHING, _GONE, None, None))
    tx.run("DROP TABLE IF EXISTS temp.verdict")
    tx.run(
        f"CREATE TEMP TABLE verdict ({FACTS}, line_id, state, adopted, new_expiry, PRIMARY KEY ({FACTS}))"
        " WITHOUT ROWID"
    )
    tx.values("INSERT INTO temp.verdict", verdicts)
    args = {
        **marked.args,
        "run": run_id,
        "gone": gone,
        "ledger_bucket": bucket_id(tx, marked.cloud, marked.bucket),
        "now": now,
        "class_stays": marked.rules.class_stays,
    }
    # In key order, so that the jobs of a run and bucket stand in the order listings come in.
    if marked.has_singles or not marked.listings:
        _insert_some(tx, marked.objects(), "f.key, f.version_id", args)
    else:
        listings = {listing.id: listing for listing in marked.listings}
        for span in spans_between(tx, marked.sel, marked.place_id):
            source = listings[span.listing].between()
            objects = marked.objects(extra="s.row AS row", source=source, more=", row")
            _insert_some(tx, objects, "f.row", {**args, "first": span.first_id, "last": span.last_id})
    tx.run("DROP TABLE temp.verdict")


def _insert_some(tx: Tx, objects: str, order: str, args: Mapping[str, object]) -> None:
    row = ", row" if order == "f.row" else ""
    tx.run(
        "INSERT INTO job (run_id, line_id, bucket_id, key, version_id, size, state, changed_at, adopted, expiry,"
        " requested_at, etag)"
        " SELECT :run, coalesce(v.line_id, :gone), :ledger_bucket, f.key, f.version_id, f.size,"
        " coalesce(v.state, 'skipped'), :now, coalesce(v.adopted, 0), v.new_expiry,"
        " CASE WHEN v.adopted AND v.state = 'restoring' THEN f.asked_at END,"
        " CASE WHEN :class_stays THEN '' ELSE f.fact_etag END"
        f" FROM (SELECT key, version_id, size, gone, asked_at, fact_etag, {_NAMED_PLAIN}{row} FROM ({objects})) f"
        f" LEFT JOIN temp.verdict v ON NOT f.gone AND {_EQUAL} ORDER BY {order}",
        dict(args),
    )


_NAMES = [name.strip() for name in FACTS.split(",")]
_NAMED_PLAIN = ", ".join(f"{value} AS plain_{name}" for name, value in zip(_NAMES, PLAIN, strict=True))
_EQUAL = " AND ".join(f"v.{name} = f.plain_{name}" for name in _NAMES)


def insert_line(tx: Tx, run_id: int, line: VerdictLine) -> int:
    """What is decided for some of its objects; the id."""
    return tx.insert(
        "INSERT INTO line (run_id, storage_class, archive, action, reason, tier, days, copy_rate)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (run_id, *line[:-1], None if line.copy_rate is None else str(line.copy_rate)),
    )
