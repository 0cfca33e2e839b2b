"""The ledger's records of then-steps: what shall be done with each object of a run, and how far it is.

Instants are seconds since the epoch (UTC).
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from msgspec import Struct

from restoretui.core.model import ObjectRef, State
from restoretui.core.then.steps import ThenStep


class TaskState(StrEnum):
    """How far a step is with one object."""

    BLOCKED = "blocked"
    """It waits for the step before it, or for the whole run."""
    WAITING = "waiting"
    """It is done at an event, which may never come: nobody waits for it."""
    READY = "ready"
    """It can be begun, or begun again."""
    DOING = "doing"
    """It was begun: it may have had its effect."""
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


OPEN = frozenset({TaskState.BLOCKED, TaskState.READY, TaskState.DOING})
"""States in which something is still to be done."""


class StepCount(Struct, frozen=True):
    """One step of a run, and how many objects it is how far with."""

    id: int
    run_id: int
    step: ThenStep
    tasks: Mapping[TaskState, int]
    total: int = 0
    """Objects it is to be done with, those included that cannot be read yet."""

    @property
    def counts(self) -> Mapping[str, int]:
        """By state, in the words of the commands; all of them."""
        return {str(state): self.tasks.get(state, 0) for state in TaskState}

    @property
    def name(self) -> str:
        """``copy``, ``webhook on failed``."""
        return f"{self.step.kind} on {self.step.event}" if self.step.event else str(self.step.kind)

    @property
    def is_news(self) -> bool:
        """There is something to tell of it: the event it is done at has come to pass, if it waits for one."""
        return not self.tasks.get(TaskState.WAITING)

    @property
    def told(self) -> str:
        """``copy 12 of 200, 3 failed``."""
        cancelled = self.tasks.get(TaskState.CANCELLED, 0)
        failed = f", {self.failed:,} failed" if self.failed else ""
        given_up = f", {cancelled:,} given up" if cancelled else ""
        return f"{self.name} {self.done:,} of {self.total:,}{failed}{given_up}"

    @property
    def open(self) -> int:
        """Objects it is not done with, of those that can be read already."""
        return sum(self.tasks.get(state, 0) for state in OPEN)

    @property
    def done(self) -> int:
        """Objects it is done with."""
        return self.tasks.get(TaskState.DONE, 0)

    @property
    def failed(self) -> int:
        """Objects it could not be done with."""
        return self.tasks.get(TaskState.FAILED, 0)


class ThenTask(NamedTuple):
    """One step on one object, claimed to be done now; or on a whole run, which has no ``ref``."""

    id: int
    step_id: int
    run_id: int
    job_id: int
    ref: ObjectRef | None
    size: int | None
    storage_class: str
    job_state: State | None
    expiry: int | None
    attempt_at: float
    """When it was first begun."""
    is_again: bool
    """It was begun before, and nobody knows what came of it."""
    tries: int
    memo: str
    """What an earlier attempt wrote down, as JSON."""
    path: str
    """Of a download: below its folder."""


class EndingCopy(NamedTuple):
    """A copy with an end, of which something is still to be done."""

    job_id: int
    archive: str
    expiry: int
    came_at: float | None
    changed_at: float
    """Since when the job is as it is."""


class TaskEnd(NamedTuple):
    """What became of a claimed task."""

    task_id: int
    state: TaskState
    """``DONE``, ``FAILED``, or ``READY`` to be tried again."""
    at: float
    reason: str = ""
    code: str = ""
    request_id: str = ""
    due_at: float | None = None
    """Not to be tried again before this."""
    output: str = ""
    """The last a command said."""


class ThenCause(NamedTuple):
    """One reason for which a step of a run could not be done."""

    step: ThenStep
    code: str
    reason: str
    objects: int
    """Of a step that is done once for the run: 1."""


class TaskRow(NamedTuple):
    """One step on one object, to be shown."""

    kind: str
    target: str
    key: str
    version_id: str
    state: TaskState
    changed_at: float
    reason: str
    code: str
    path: str
    output: str
    bucket: str
    size: int | None
