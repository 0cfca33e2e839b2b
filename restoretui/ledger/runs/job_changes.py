"""Applies state changes to jobs, idempotently, in one transaction with their counts and the audit log.

Applying a change again does nothing. A change that comes late, a request's answer after its copy was already seen,
does not turn the job back; what it tells (request id, code) is kept all the same.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter

from msgspec import Struct
from msgspec.structs import replace

from restoretui.core.errors import LedgerError
from restoretui.core.model import State
from restoretui.core.progress import FlowKind
from restoretui.core.provider import Outcome
from restoretui.core.rules.verdicts import Action
from restoretui.core.then.keeping import KEPT
from restoretui.ledger.job_ids import is_among
from restoretui.ledger.run_records import WAITING, JobChange
from restoretui.ledger.runs.durations import Durations
from restoretui.ledger.runs.flow import Flows
from restoretui.ledger.store import change_feed as topics
from restoretui.ledger.store.decoding import STATES, Shape, decodes
from restoretui.ledger.store.unknown_values import OF_KNOWN, added, saturated, sum_of
from restoretui.ledger.store.writer import Row, Tx
from restoretui.ledger.views import answers

_PROGRESS = (State.PLANNED, State.UNKNOWN, State.REQUESTED, State.RESTORING, State.AVAILABLE, State.EXPIRED)
_RANK = {state: rank for rank, state in enumerate(_PROGRESS)}
_EXTENDED = "its copy is there and ends too soon: extended to the days asked for"
_AFTER_REQUEST = frozenset({State.REQUESTED, State.RESTORING, State.AVAILABLE})

_COLUMNS = (
    "state",
    "changed_at",
    "attempt_at",
    "requested_at",
    "available_at",
    "expiry",
    "look",
    "reason",
    "outcome",
    "code",
    "message",
    "request_id",
    "adopted",
)
_SELECT = (
    f"SELECT j.id, j.run_id, j.size, n.tier, {', '.join(f'j.{name}' for name in _COLUMNS)}, j.line_id,"
    " j.batch_id IS NOT NULL"
)
_UPDATE = "UPDATE job SET " + ", ".join(f"{name} = v.column{at}" for at, name in enumerate(_COLUMNS, 2)) + " FROM ("
_LOG = "INSERT INTO activity (at, kind, run_id, job_id, from_state, to_state, tier, expiry, text, code, request_id)"


class _Job(Struct):
    id: int
    run_id: int
    size: int
    tier: str | None
    state: State
    changed_at: float
    attempt_at: float | None
    requested_at: float | None
    available_at: float | None
    expiry: int | None
    look: int | None
    reason: str
    outcome: str
    code: str
    message: str
    request_id: str
    adopted: int
    line_id: int
    by_batch: int


_STORED = attrgetter("id", *_COLUMNS)
_SHAPE = Shape("an object of a run", "iiiTtsSSSSItttttiii")
_MOVED_SHAPE = Shape("an object of a run", "irt")


class Tallies:
    """What has to be added to the counts of runs."""

    def __init__(self) -> None:
        self.jobs: Counter[tuple[int, State]] = Counter()
        self.size_bytes: Counter[tuple[int, State]] = Counter()

    def move(self, run_id: int, before: State, after: State, jobs: int, size_bytes: int) -> None:
        """So many jobs went from one state into another."""
        for state, sign in ((before, -1), (after, 1)):
            self.jobs[run_id, state] += sign * jobs
            self.size_bytes[run_id, state] += sign * size_bytes

    def write(self, tx: Tx, at: float, runs: Iterable[int]) -> None:
        """Bring counts, ends and revisions of ``runs`` up to date."""
        tx.values(
            "INSERT INTO run_count (run_id, state, jobs, size_bytes)",
            [(*key, jobs, saturated(self.size_bytes[key])) for key, jobs in self.jobs.items()],
            "ON CONFLICT (run_id, state) DO UPDATE SET jobs = jobs + excluded.jobs,"
            f" size_bytes = {added('size_bytes', 'excluded.size_bytes')}",
        )
        waiting = ", ".join(f"'{state}'" for state in sorted(WAITING))
        for run_id in runs:
            tx.run(
                "UPDATE run SET revision = revision + 1, ended_at = CASE WHEN EXISTS"
                f" (SELECT 1 FROM run_count WHERE run_id = run.id AND state IN ({waiting}) AND jobs > 0)"
                " THEN NULL ELSE coalesce(ended_at, ?) END WHERE id = ?",
                (at, run_id),
            )
            tx.touch(topics.run_topic(run_id))
        tx.touch(topics.RUNS, topics.ACTIVITY)


def apply_changes(tx: Tx, changes: Sequence[JobChange], now: float) -> list[int]:
    """Apply in order; the ids of the jobs that are not what they were, each once, in id order.

    What a job was told of from ahead of ``now`` was told before the clock was set back, and outdates nothing.
    """
    jobs = _load(tx, sorted({change.job_id for change in changes}))
    moves: defaultdict[tuple[int, State, State], list[int]] = defaultdict(list)
    """The sizes of what was moved."""
    log: list[tuple[object, ...]] = []
    changed: set[int] = set()
    requested: dict[int, list[float]] = {}
    flows, durations = Flows(), Durations()
    for change in changes:
        job = jobs.get(change.job_id)
        if job is None:
            raise LedgerError(f"job {change.job_id} is not in the ledger")
        before = job.state
        had_request, had_copy = job.requested_at, job.available_at is not None and job.state is not State.EXPIRED
        line_id = job.line_id
        if not _update(job, change, now):
            continue
        if change.extends is not None and job.state is State.PLANNED:
            _extend(tx, job, change.extends, KEPT if change.keeps else _EXTENDED)
        changed.add(job.id)
        if before is not job.state:
            moves[job.run_id, before, job.state].append(job.size)
        if job.requested_at is not None and job.requested_at != had_request:
            requested.setdefault(job.run_id, []).append(job.requested_at)
            if had_request is None:
                flows.add(job.run_id, FlowKind.REQUESTED, line_id, job.requested_at, job.size)
        if job.state is State.AVAILABLE and before is not State.AVAILABLE and not had_copy:
            flows.add(job.run_id, FlowKind.ARRIVED, line_id, change.at, job.size)
            is_ours = not job.adopted and not job.by_batch and job.outcome != Outcome.SELECTED
            if job.requested_at is not None and is_ours:
                durations.add(line_id, job.requested_at, change.looked_before, change.at)
        elif job.state is State.EXPIRED and before is not State.EXPIRED and had_copy:
            ended = change.at if job.expiry is None else min(change.at, job.expiry)
            flows.add(job.run_id, FlowKind.ENDED, line_id, ended, job.size)
        log.append(_entry(job, before, change))
    if not changed:
        return []
    ids = sorted(changed)
    tx.values(_UPDATE, [_STORED(jobs[job_id]) for job_id in ids], ") AS v WHERE job.id = v.column1")
    tx.values(_LOG, log)
    answers.keep(tx, changes)
    flows.write(tx)
    durations.write(tx)
    _begin_then(tx, jobs, moves, now)
    for run_id, instants in requested.items():
        tx.run(
            "UPDATE run SET first_requested_at = min(coalesce(first_requested_at, :first), :first),"
            " last_requested_at = max(coalesce(last_requested_at, :last), :last) WHERE id = :run",
            {"first": min(instants), "last": max(instants), "run": run_id},
        )
    tallies = Tallies()
    for move, sizes in moves.items():
        tallies.move(*move, len(sizes), sum_of(sizes))
    tallies.write(tx, max(change.at for change in changes), sorted({jobs[job_id].run_id for job_id in ids}))
    return ids


def _begin_then(tx: Tx, jobs: Mapping[int, _Job], moves: Iterable[tuple[int, State, State]], now: float) -> None:
    """What can be read now has something done with it, where its run says so."""
    for run_id in {run_id for run_id, _, after in moves if after is State.FAILED}:
        if tx.row("SELECT 1 FROM then_step WHERE run_id = ?", (run_id,)) is not None:
            from restoretui.core.then.steps import ThenEvent
            from restoretui.ledger.then.writing import came_to_pass

            came_to_pass(tx, run_id, ThenEvent.FAILED, now)
    for run_id in {run_id for run_id, _, after in moves if after is State.AVAILABLE}:
        if tx.row("SELECT 1 FROM then_step WHERE run_id = ?", (run_id,)) is None:
            continue
        from restoretui.ledger.then.writing import arrived

        here = (job.id for job in jobs.values() if job.run_id == run_id and job.state is State.AVAILABLE)
        arrived(tx, run_id, sorted(here), now)


@decodes("an object of a run")
def _load(tx: Tx, ids: Sequence[int]) -> dict[int, _Job]:
    jobs: dict[int, _Job] = {}
    for at in range(0, len(ids), 1000):
        some = is_among("j.id", ids[at : at + 1000])
        rows = tx.rows(f"{_SELECT} FROM job j JOIN line n ON n.id = j.line_id WHERE {some}")
        _SHAPE.check(rows)
        for row in rows:
            job = jobs[row[0]] = _Job(*row)
            job.state = STATES[job.state]
    return jobs


def _update(job: _Job, change: JobChange, now: float) -> bool:
    """Whether ``change`` tells anything new; ``job`` is brought up to date."""
    if change.ends_copy and job.expiry is None:
        return False
    if change.judged is not None and change.judged != (job.state, job.changed_at):
        return False
    told = _learn(job, change)
    if job.state is change.state or _is_late(job, change, now):
        return told
    if change.state is State.PLANNED:
        # To be sent anew: nothing of the last attempt holds any more.
        job.attempt_at = job.requested_at = job.expiry = None
        job.outcome = job.code = job.message = job.reason = job.request_id = ""
        _learn(job, change)
    elif job.state in (State.FAILED, State.UNKNOWN):
        job.code, job.message, job.reason = change.code, change.message, change.reason
    if change.outcome == Outcome.ALREADY_RESTORING:
        job.adopted = 1  # Somebody else's restore, at a tier and for days that nobody told us.
    if change.state in _AFTER_REQUEST and job.requested_at is None and not job.adopted:
        # Found out by looking, it was asked for when the attempt was made.
        asked = change.at if change.state is State.REQUESTED or change.outcome else job.attempt_at
        job.requested_at = change.at if asked is None else asked
    if change.state is State.AVAILABLE and not (change.endless and job.available_at):
        job.available_at = change.at
    job.state = change.state
    job.changed_at = change.at
    return True


def _learn(job: _Job, change: JobChange) -> bool:
    """Take over what is given and differs, apart from the state; whether anything did."""
    told = False
    if change.expiry is not None and change.as_of <= job.changed_at and _is_kept(job):
        change = replace(change, expiry=None)
    if change.reason and change.reason != job.reason:
        job.reason, told = change.reason, True
    if change.outcome and change.outcome != job.outcome:
        job.outcome, told = change.outcome, True
    if change.code and change.code != job.code:
        job.code, told = change.code, True
    if change.message and change.message != job.message:
        job.message, told = change.message, True
    if change.request_id and change.request_id != job.request_id:
        job.request_id, told = change.request_id, True
    if change.expiry is not None and change.expiry != job.expiry:
        job.expiry, told = change.expiry, True
    if change.endless and job.expiry is not None:
        job.expiry, told = None, True
        job.changed_at = max(job.changed_at, change.at)
    if change.look is not None:
        job.look = int(change.look)  # how it was looked at is no news
    if job.adopted and job.requested_at is None and change.requested_at is not None:
        job.requested_at, told = change.requested_at, True
    return told


def _is_kept(job: _Job) -> bool:
    """It has no end, and has lost it after its copy came: kept for good, which what was seen before does not undo."""
    is_readable = job.state is State.AVAILABLE and job.expiry is None
    return is_readable and job.available_at is not None and job.changed_at > job.available_at


def _is_late(job: _Job, change: JobChange, now: float) -> bool:
    if job.state is State.AVAILABLE and change.outcome == Outcome.NOT_ARCHIVED:
        return True  # It was kept for good while its extension was under way.
    if change.endless and job.state is State.EXPIRED:
        return False  # Whoever looked between the copy and this found no end of it, and took that for one.
    was, then = _RANK.get(job.state), _RANK.get(change.state)
    if was is None or then is None or then >= was:
        return False
    # Only where both agree is the change old news: clocks may be set back, and a restore may truly be gone.
    return change.state is State.REQUESTED or change.at < job.changed_at <= now


def _entry(job: _Job, before: State, change: JobChange) -> tuple[object, ...]:
    kind = "request" if change.outcome else "state"
    expiry = job.expiry if job.state is State.AVAILABLE else None
    text = change.reason or change.message or change.outcome
    return (
        change.at,
        kind,
        job.run_id,
        job.id,
        before,
        job.state,
        job.tier,
        expiry,
        text,
        change.code,
        change.request_id,
    )


def _extend(tx: Tx, job: _Job, days: int, reason: str) -> None:
    """What was restored for others, or for too few days, is extended from now on: by a request of its own."""
    said = (
        "SELECT run_id, storage_class, archive, :action AS action, :reason AS reason, :tier AS tier, :days AS days,"
        " copy_rate"
    )
    row = tx.row("SELECT tier FROM run WHERE id = ?", (job.run_id,))
    tier = row[0] if row is not None else None
    args: dict[str, object] = {
        "line": job.line_id,
        "action": Action.EXTEND,
        "reason": reason,
        "tier": tier,
        "days": days,
    }
    found = tx.row(
        "SELECT n.id FROM line n JOIN line o ON o.id = :line WHERE n.run_id = o.run_id AND n.action = :action"
        " AND n.storage_class = o.storage_class AND n.archive IS o.archive AND n.reason = :reason AND n.days = :days",
        args,
    )
    line_id = (
        int(found[0])
        if found is not None
        else tx.insert(
            "INSERT INTO line (run_id, storage_class, archive, action, reason, tier, days, copy_rate)"
            f" {said} FROM line WHERE id = :line",
            args,
        )
    )
    # Whatever asked for it first: this goes out by itself.
    tx.run("UPDATE job SET line_id = ?, batch_id = NULL WHERE id = ?", (line_id, job.id))
    job.adopted, job.tier = 0, tier


@decodes("an object of a run")
def _moved(row: Row) -> tuple[int, int, State]:
    _MOVED_SHAPE.check([row])
    return int(row[0]), saturated(row[1]), STATES[row[2]]


def set_clock_back(tx: Tx, run_id: int, now: float) -> None:
    """Where the trail's last line lies ahead of ``now``, what jobs were told of from ahead of it counts from now.

    Else it would hide for as long as the clock was set back what is seen of them meanwhile.
    """
    tx.run(
        "UPDATE job SET changed_at = :now WHERE changed_at > :now"
        " AND id BETWEEN (SELECT first_job FROM run WHERE id = :run)"
        " AND (SELECT first_job + objects - 1 FROM run WHERE id = :run)"
        " AND (SELECT at FROM activity ORDER BY id DESC LIMIT 1) > :now",
        {"now": now, "run": run_id},
    )


def move_all(tx: Tx, run_id: int, where: str, state: State, at: float, text: str) -> int:
    """Bring every job of a run that meets ``where`` (all are in one state) into another; how many there were."""
    found = tx.row(
        f"SELECT count(*), total(size) {OF_KNOWN}, min(state) FROM job WHERE run_id = ? AND {where}", (run_id,)
    )
    if found is None or not found[0]:
        return 0
    jobs, size_bytes, before = _moved(found)
    tx.run(
        "INSERT INTO activity (at, kind, run_id, job_id, from_state, to_state, tier, text)"
        " SELECT ?, 'state', j.run_id, j.id, j.state, ?, n.tier, ?"
        " FROM job j JOIN line n ON n.id = j.line_id"
        f" WHERE j.id IN (SELECT id FROM job WHERE run_id = ? AND {where}) ORDER BY j.id",
        (at, state, text, run_id),
    )
    clear = ", batch_id = NULL, attempt_at = NULL, requested_at = NULL"
    clear += ", outcome = '', code = '', message = '', reason = ''"
    tx.run(
        f"UPDATE job SET state = ?, changed_at = ?{clear if state is State.PLANNED else ''}"
        f" WHERE run_id = ? AND {where}",
        (state, at, run_id),
    )
    tallies = Tallies()
    tallies.move(run_id, before, state, jobs, size_bytes)
    tallies.write(tx, at, [run_id])
    return jobs
