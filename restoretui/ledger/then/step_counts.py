"""The steps of runs with their counts: a few rows a run, whatever its size."""

import json
from collections.abc import Mapping

from restoretui.core.then.steps import ThenStep
from restoretui.ledger.store.decoding import Shape, decodes
from restoretui.ledger.store.quick_reads import QuickReads
from restoretui.ledger.then_records import StepCount, TaskState

_SHAPE = Shape("a then-step of a run", "iittt")


@decodes("a then-step of a run")
def step_counts(quick: QuickReads, where: str, args: tuple[object, ...]) -> dict[int, list[StepCount]]:
    """By run, those that meet ``where`` (on ``then_step s``), in their order."""
    rows = quick.rows(
        "SELECT s.id, s.run_id, s.kind, s.target, s.options FROM then_step s"
        f" WHERE {where} ORDER BY s.run_id, s.place",
        args,
    )
    if not rows:
        return {}
    _SHAPE.check(rows)
    counted: dict[int, dict[TaskState, int]] = {}
    for step_id, state, tasks in quick.rows(
        "SELECT c.step_id, c.state, c.tasks FROM then_count c"
        f" WHERE c.tasks > 0 AND c.step_id IN (SELECT s.id FROM then_step s WHERE {where})",
        args,
    ):
        counted.setdefault(step_id, {})[TaskState(state)] = tasks
    found: dict[int, list[StepCount]] = {}
    for step_id, run_id, kind, target, text in rows:
        plain = json.loads(text)
        options = plain if isinstance(plain, Mapping) else {}
        tasks = counted.get(step_id, {})
        expected = max(int(options.get("objects", 0)), sum(tasks.values()))
        step = ThenStep.from_mapping(kind, target, options)
        found.setdefault(run_id, []).append(StepCount(step_id, run_id, step, tasks, expected))
    return found
