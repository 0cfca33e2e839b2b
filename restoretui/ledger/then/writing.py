"""Writes then-steps: as intents with the run's, and a task for each object as soon as that can be read.

Counts change in the transaction of what they count.
"""

import json
from collections import Counter
from collections.abc import Collection, Iterable, Sequence

from restoretui.core.rules.verdicts import Action
from restoretui.core.then.steps import ThenEvent, ThenStep
from restoretui.ledger.job_ids import is_among
from restoretui.ledger.store import change_feed
from restoretui.ledger.store.writer import Tx
from restoretui.ledger.then_records import TaskState

READABLE = (
    "j.state = 'skipped' AND j.line_id IN (SELECT n.id FROM line n WHERE n.run_id = :run AND n.action ="
    f" '{Action.NOTHING}' AND n.archive IS NULL AND n.storage_class <> '')"
)
"""Objects of a run that could be read all along."""


def write_steps(tx: Tx, run_id: int, steps: Sequence[ThenStep], now: float) -> None:
    """The steps of a new run, whose jobs are written: tasks for what can be read already."""
    if not steps:
        return
    several = (tx.row("SELECT count(DISTINCT bucket_id) FROM job WHERE run_id = ?", (run_id,)) or (0,))[0] > 1
    (awaited,) = tx.row("SELECT count(*) FROM job WHERE run_id = ? AND state <> 'skipped'", (run_id,)) or (0,)
    (online,) = tx.row(f"SELECT count(*) FROM job j WHERE j.run_id = :run AND {READABLE}", {"run": run_id}) or (0,)
    for place, step in enumerate(steps):
        objects = 1 if step.is_of_run else awaited + (0 if step.of_archived else online)
        options = step.to_mapping() | ({"several": True} if several else {}) | {"objects": objects}
        step_id = tx.insert(
            "INSERT INTO then_step (run_id, place, kind, target, options) VALUES (?, ?, ?, ?, ?)",
            (run_id, place, step.kind, step.target, json.dumps(options, sort_keys=True)),
        )
        if step.is_of_run:
            state = TaskState.WAITING if step.waits else TaskState.BLOCKED
            tx.run(
                "INSERT INTO then_task (step_id, job_id, state, changed_at) VALUES (?, 0, ?, ?)",
                (step_id, state, now),
            )
            Counts().add(step_id, state, 1).write(tx)
    _make_ready(tx, run_id, "j.run_id = :run AND j.state = 'available'", now)
    _make_ready(tx, run_id, f"j.run_id = :run AND {READABLE}", now, online=True)
    if online or tx.row("SELECT 1 FROM job WHERE run_id = ? AND state = 'available' LIMIT 1", (run_id,)):
        came_to_pass(tx, run_id, ThenEvent.READABLE, now)


def came_to_pass(tx: Tx, run_id: int, event: ThenEvent, now: float) -> int:
    """An event of the run: whoever is told of it can be told, once. How many steps that are."""
    counts, begun = Counts(), 0
    for step_id, step in read_steps_of(tx, run_id):
        if step.event is not event:
            continue
        done = tx.run(
            "UPDATE then_task SET state = 'ready', changed_at = ? WHERE step_id = ? AND state = 'waiting'",
            (now, step_id),
        )
        if done > 0:
            counts.move(step_id, TaskState.WAITING, TaskState.READY, done)
            begun += done
    counts.write(tx)
    if begun:
        tx.touch(change_feed.RUNS, change_feed.run_topic(run_id))
    return begun


def arrived(tx: Tx, run_id: int, job_ids: Collection[int], now: float) -> None:
    """Objects of the run can be read now: there is something to do with each, once."""
    if job_ids:
        came_to_pass(tx, run_id, ThenEvent.READABLE, now)
        _make_ready(tx, run_id, f"j.run_id = :run AND {is_among('j.id', job_ids)}", now)


def _make_ready(tx: Tx, run_id: int, where: str, now: float, *, online: bool = False) -> None:
    state = TaskState.READY
    for step_id, step in read_steps_of(tx, run_id):
        # What was never archived is no copy to be kept: it stays where it is.
        if step.is_of_run or (online and step.of_archived):
            continue
        args = {"step": step_id, "run": run_id, "state": state, "now": now}
        made = tx.run(
            "INSERT INTO then_task (step_id, job_id, state, changed_at)"
            f" SELECT :step, j.id, :state, :now FROM job j WHERE {where} ORDER BY j.id"
            " ON CONFLICT (step_id, job_id) WHERE job_id > 0 DO NOTHING",
            args,
        )
        if made > 0:
            Counts().add(step_id, state, made).write(tx)
            tx.touch(change_feed.RUNS, change_feed.run_topic(run_id))
        state = TaskState.BLOCKED


def read_steps_of(tx: Tx, run_id: int) -> list[tuple[int, ThenStep]]:
    """Ids and steps of a run, in their order."""
    rows = tx.rows("SELECT id, kind, target, options FROM then_step WHERE run_id = ? ORDER BY place", (run_id,))
    return [(row[0], ThenStep.from_mapping(row[1], row[2], json.loads(row[3]))) for row in rows]


class Counts:
    """What has to be added to the counts of steps."""

    def __init__(self) -> None:
        self._tasks: Counter[tuple[int, str]] = Counter()

    def add(self, step_id: int, state: TaskState, tasks: int) -> "Counts":
        """So many more in that state."""
        self._tasks[step_id, state] += tasks
        return self

    def move(self, step_id: int, before: TaskState, after: TaskState, tasks: int = 1) -> None:
        """So many went from one state into another."""
        self.add(step_id, before, -tasks).add(step_id, after, tasks)

    def write(self, tx: Tx) -> None:
        """Bring the counts up to date."""
        tx.values(
            "INSERT INTO then_count (step_id, state, tasks)",
            [(step_id, state, tasks) for (step_id, state), tasks in self._tasks.items() if tasks],
            "ON CONFLICT (step_id, state) DO UPDATE SET tasks = tasks + excluded.tasks",
        )


def ids_of(rows: Iterable[Sequence[int]]) -> list[int]:
    """The first column."""
    return [row[0] for row in rows]
