"""State changes of then-tasks: claimed, ended, given back after a crash, tried again, given up."""

import json
from collections import Counter
from collections.abc import Collection, Sequence

from restoretui.core.model import ObjectRef
from restoretui.core.then.names import apart, folded
from restoretui.core.then.steps import ThenEvent
from restoretui.ledger.job_ids import is_among
from restoretui.ledger.run_records import BucketSpan
from restoretui.ledger.store import change_feed
from restoretui.ledger.store.decoding import STATES
from restoretui.ledger.store.writer import Row, Tx
from restoretui.ledger.then.writing import Counts, came_to_pass, ids_of, read_steps_of
from restoretui.ledger.then_records import TaskEnd, TaskState, ThenTask

_TASK = (
    "SELECT t.id, t.step_id, s.run_id, t.job_id, b.name, j.key, j.version_id, j.size, n.storage_class, j.state,"
    " j.expiry, t.attempt_at, t.tries, t.memo, t.path"
    " FROM then_task t CROSS JOIN then_step s ON s.id = t.step_id LEFT JOIN job j ON j.id = t.job_id"
    " LEFT JOIN line n ON n.id = j.line_id LEFT JOIN bucket b ON b.id = j.bucket_id"
)
AHEAD_S = 60.0
"""By how much clocks of two machines may differ."""
DUE = f"(t.due_at IS NULL OR t.due_at <= :now OR t.changed_at > :now + {AHEAD_S})"
"""It rests no more. What came to rest after now did so before the clock was set back: its time means nothing."""
NOT_RUN = "not begun: the step before it failed"


def take(tx: Tx, step_id: int, limit: int, now: float, spans: Sequence[BucketSpan] | None = None) -> list[ThenTask]:
    """Claim up to ``limit`` tasks of a step that can be begun, in the order they came; ``spans``: of those jobs."""
    if spans is not None and not spans:
        return []  # An account that copies are written as, of which nothing is restored.
    ends = {f"{end}{at}": job for at, span in enumerate(spans or ()) for end, job in zip("ab", span[1:], strict=True)}
    within = " OR ".join(f"t.job_id BETWEEN :a{at} AND :b{at}" for at in range(len(spans or ())))
    rows = tx.rows(
        f"{_TASK} WHERE t.step_id = :step AND t.state = 'ready' AND {DUE}{f' AND ({within})' if within else ''}"
        " ORDER BY t.id LIMIT :limit",
        {"step": step_id, "now": now, "limit": limit, **ends},
    )
    if not rows:
        return []
    tx.run(
        "UPDATE then_task SET state = 'doing', attempt_at = coalesce(min(attempt_at, :now), :now), tries = tries + 1,"
        f" changed_at = :now, due_at = NULL WHERE {is_among('id', ids_of(rows))}",
        {"now": now},
    )
    counts = Counts()
    counts.move(step_id, TaskState.READY, TaskState.DOING, len(rows))
    counts.write(tx)
    _touch(tx, {row[2] for row in rows})
    return [_task(row, now) for row in rows]


def _task(row: Row, now: float) -> ThenTask:
    (task_id, step_id, run_id, job_id, bucket, key, version_id, size, storage_class, state, expiry, attempt_at, tries,
     memo, path) = row  # fmt: skip
    ref = None if key is None else ObjectRef(bucket, key, version_id or None)
    return ThenTask(
        task_id, step_id, run_id, job_id, ref, None if size is None or size < 0 else size, storage_class or "",
        None if state is None else STATES[state], expiry, now if attempt_at is None else min(attempt_at, now),
        attempt_at is not None, tries, memo, path,
    )  # fmt: skip


def given_up(tx: Tx, step_id: int, now: float) -> list[ThenTask]:
    """Tasks that were given up and have begun something."""
    where = "t.step_id = ? AND t.state = 'cancelled' AND t.memo NOT IN ('', '{}')"
    return [_task(row, now) for row in tx.rows(f"{_TASK} WHERE {where} ORDER BY t.id", (step_id,))]


def finish(tx: Tx, ends: Sequence[TaskEnd]) -> None:
    """Record what became of claimed tasks, once: what is no longer claimed stays as it is."""
    rows = tx.rows(
        "SELECT t.id, t.step_id, t.job_id, s.run_id, s.kind FROM then_task t JOIN then_step s ON s.id = t.step_id"
        f" WHERE t.state = 'doing' AND {is_among('t.id', [end.task_id for end in ends])}"
    )
    known = {row[0]: row for row in rows}
    failed = {end.task_id for end in ends if end.state is TaskState.FAILED}
    counts = Counts()
    log = []
    for end in ends:
        if end.task_id not in known:
            continue
        _, step_id, job_id, run_id, kind = known.pop(end.task_id)
        forget = ", attempt_at = NULL, memo = ''" if end.state is TaskState.FAILED else ""
        tx.run(
            f"UPDATE then_task SET state = ?, changed_at = ?, reason = ?, code = ?, due_at = ?, output = ?{forget}"
            " WHERE id = ?",
            (end.state, end.at, end.reason, end.code, end.due_at, end.output, end.task_id),
        )
        counts.move(step_id, TaskState.DOING, end.state)
        if job_id and end.state is TaskState.DONE:
            _unblock_next(tx, run_id, step_id, job_id, end.at, counts)
        elif job_id and end.state is TaskState.FAILED:
            _fail_later(tx, run_id, step_id, job_id, end.at, counts)
        if end.state is not TaskState.READY:
            text = f"then {kind} {end.state}: {end.reason}"
            log.append((end.at, "then", run_id, job_id or None, text, end.code, end.request_id))
    counts.write(tx)
    for run_id in {row[3] for row in rows if row[2] and failed & {row[0]}}:
        came_to_pass(tx, run_id, ThenEvent.FAILED, max(end.at for end in ends))
    if log:
        tx.values("INSERT INTO activity (at, kind, run_id, job_id, text, code, request_id)", log)
    tx.touch(change_feed.ACTIVITY)
    _touch(tx, {row[3] for row in rows})


def _unblock_next(tx: Tx, run_id: int, step_id: int, job_id: int, at: float, counts: Counts) -> None:
    found = tx.row(
        "SELECT t.id, t.step_id FROM then_step s CROSS JOIN then_task t ON t.step_id = s.id AND t.job_id = ?"
        " WHERE s.run_id = ? AND t.state = 'blocked' AND s.place > (SELECT place FROM then_step WHERE id = ?)"
        " ORDER BY s.place LIMIT 1",
        (job_id, run_id, step_id),
    )
    if found is not None:
        tx.run("UPDATE then_task SET state = 'ready', changed_at = ? WHERE id = ?", (at, found[0]))
        counts.move(found[1], TaskState.BLOCKED, TaskState.READY)


def _fail_later(tx: Tx, run_id: int, step_id: int, job_id: int, at: float, counts: Counts) -> None:
    for task_id, later in tx.rows(
        "SELECT t.id, t.step_id FROM then_step s CROSS JOIN then_task t ON t.step_id = s.id AND t.job_id = ?"
        " WHERE s.run_id = ? AND t.state = 'blocked' AND s.place > (SELECT place FROM then_step WHERE id = ?)",
        (job_id, run_id, step_id),
    ):
        tx.run(
            "UPDATE then_task SET state = 'failed', changed_at = ?, reason = ? WHERE id = ?", (at, NOT_RUN, task_id)
        )
        counts.move(later, TaskState.BLOCKED, TaskState.FAILED)


def begin_of_run(tx: Tx, run_id: int, now: float) -> int:
    """What is done once for the run can be begun: nothing else of it is awaited. How many such steps."""
    rows = tx.rows(
        "SELECT t.id, t.step_id FROM then_step s JOIN then_task t ON t.step_id = s.id"
        " WHERE s.run_id = ? AND t.job_id = 0 AND t.state = 'blocked'"
        " ORDER BY s.place LIMIT 1",
        (run_id,),
    )
    counts = Counts()
    for task_id, step_id in rows:
        tx.run("UPDATE then_task SET state = 'ready', changed_at = ? WHERE id = ?", (now, task_id))
        counts.move(step_id, TaskState.BLOCKED, TaskState.READY)
    counts.write(tx)
    return len(rows)


def recover(tx: Tx, run_id: int, ours: Collection[int]) -> int:
    """After a crash: what was begun and has no end, unless by us, can be begun again; how many."""
    rows = tx.rows(
        "SELECT t.id, t.step_id FROM then_step s CROSS JOIN then_task t ON t.step_id = s.id"
        " WHERE s.run_id = ? AND t.state = 'doing'",
        (run_id,),
    )
    lost = [row for row in rows if row[0] not in ours]
    if not lost:
        return 0
    tx.run(f"UPDATE then_task SET state = 'ready' WHERE {is_among('id', ids_of(lost))}")
    counts = Counts()
    for step_id, tasks in Counter(step_id for _, step_id in lost).items():
        counts.move(step_id, TaskState.DOING, TaskState.READY, tasks)
    counts.write(tx)
    _touch(tx, {run_id})
    return len(lost)


def try_again(tx: Tx, run_id: int, now: float) -> int:
    """Failed tasks can be begun anew, the first of each object at once; how many objects."""
    rows = tx.rows(
        "SELECT t.id, t.step_id, t.job_id FROM then_step s CROSS JOIN then_task t ON t.step_id = s.id"
        " WHERE s.run_id = ? AND t.state = 'failed' ORDER BY s.place",
        (run_id,),
    )
    told = {step_id for step_id, step in read_steps_of(tx, run_id) if step.waits}
    counts, begun = Counts(), set[int]()
    for task_id, step_id, job_id in rows:
        waits = (not job_id and step_id not in told) or job_id in begun
        state = TaskState.BLOCKED if waits else TaskState.READY
        begun.update({job_id} - {0})
        tx.run(
            "UPDATE then_task SET state = ?, changed_at = ?, due_at = NULL, reason = '', code = '', tries = 0"
            " WHERE id = ?",
            (state, now, task_id),
        )
        counts.move(step_id, TaskState.FAILED, state)
    counts.write(tx)
    if rows:
        text = f"then-steps to be tried again: {len(begun):,}"
        tx.run("INSERT INTO activity (at, kind, run_id, text) VALUES (?, 'then', ?, ?)", (now, run_id, text))
        tx.touch(change_feed.ACTIVITY)
    _touch(tx, {run_id})
    return len(begun)


def give_up(tx: Tx, run_id: int, now: float) -> int:
    """Cancel what was not begun; how many tasks."""
    rows = tx.rows(
        "SELECT t.id, t.step_id, t.state FROM then_step s CROSS JOIN then_task t ON t.step_id = s.id"
        " WHERE s.run_id = ? AND t.state IN ('blocked', 'ready')",
        (run_id,),
    )
    if rows:
        tx.run(
            "UPDATE then_task SET state = 'cancelled', changed_at = ?, reason = 'given up before it was done'"
            f" WHERE {is_among('id', ids_of(rows))}",
            (now,),
        )
        counts = Counts()
        for _, step_id, state in rows:
            counts.move(step_id, TaskState(state), TaskState.CANCELLED)
        counts.write(tx)
        _touch(tx, {run_id})
    return len(rows)


def set_path(tx: Tx, task: ThenTask, path: str) -> str:
    """Give a download its path, once and for good; another where a neighbour is called alike."""
    key = task.ref.key if task.ref else ""
    row = tx.row("SELECT path FROM then_task WHERE id = ?", (task.id,))
    if row is not None and row[0]:
        return str(row[0])
    names = path.split("/")
    for place in range(1, len(names)):
        if _is_taken(tx, task, "/".join(names[:place]), below=False):  # A file is called like this folder.
            names[place - 1] = apart(names[place - 1], "/".join(names[:place]))
    if _is_taken(tx, task, "/".join(names), below=True):
        version = (task.ref.version_id if task.ref else None) or ""
        names[-1] = apart(names[-1], f"{key}\n{version}" if version else key)
    path = "/".join(names)
    tx.run("UPDATE then_task SET path = ?, folded = ? WHERE id = ?", (path, folded(path), task.id))
    return path


def _is_taken(tx: Tx, task: ThenTask, path: str, *, below: bool) -> bool:
    """Another download of the step has this path, or with ``below`` one inside it."""
    name = folded(path)
    sql = "SELECT 1 FROM then_task WHERE step_id = :step AND id <> :task AND folded <> '' AND (folded = :name"
    sql += " OR (folded > :inside AND folded < :behind))" if below else ")"
    args = {"step": task.step_id, "task": task.id, "name": name, "inside": f"{name}/", "behind": f"{name}0"}
    return tx.row(sql, args) is not None


def memorise(tx: Tx, task_id: int, memo: dict[str, object]) -> None:
    """What an attempt has to know of itself should it be begun again."""
    tx.run("UPDATE then_task SET memo = ? WHERE id = ?", (json.dumps(memo, sort_keys=True), task_id))


def _touch(tx: Tx, run_ids: Collection[int]) -> None:
    if run_ids:
        tx.touch(change_feed.RUNS, *map(change_feed.run_topic, run_ids))
