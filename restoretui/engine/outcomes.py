"""From the cloud's answer to a job's next state (FACTS 1.2, 5).

202 and 200 are told apart, but neither is trusted to mean that a copy exists: compatible stores answer 200 to a
first request. Both become ``requested``, and the watcher sees what became of it.
"""

from restoretui.core.model import State
from restoretui.core.provider import Answer, Outcome
from restoretui.core.rules.clouds import CLOUDS
from restoretui.core.rules.verdicts import Action


def _permissions() -> str:
    """What may restore, by cloud: ``s3:RestoreObject (on OSS oss:RestoreObject)``."""
    first, *others = (kind for kind in CLOUDS.values() if kind.restore_permission)
    on_others = ", ".join(f"on {kind.name} {kind.restore_permission}" for kind in others)
    return first.restore_permission + (f" ({on_others})" if on_others else "")


_STATES: dict[Outcome, tuple[State, str]] = {
    Outcome.ACCEPTED: (State.REQUESTED, "the cloud accepted the restore"),
    Outcome.UPDATED: (State.REQUESTED, "the cloud changed how long the copy lasts"),
    Outcome.SELECTED: (State.REQUESTED, "the cloud took the query: its results are written elsewhere"),
    Outcome.ALREADY_RESTORING: (State.RESTORING, "already restoring: asked for before, by somebody else or a tool"),
    Outcome.NOT_ARCHIVED: (State.SKIPPED, "not archived: it can be read as it is"),
    Outcome.NO_CAPACITY: (State.FAILED, "no Expedited capacity right now; retry, or restore at another tier"),
    Outcome.GONE: (State.FAILED, "the object is gone"),
    Outcome.DENIED: (State.FAILED, f"not allowed: the caller lacks {_permissions()} here"),
    Outcome.REFUSED: (State.FAILED, "the cloud refused the request"),
}


NOT_SPED_UP = "not sped up: the restore in progress has other days, or is not slower; it goes on as it was"
_NOT_DONE = {
    Action.UPGRADE: NOT_SPED_UP,
    Action.EXTEND: "not extended: it is restoring, and its days cannot change meanwhile",
    Action.SHORTEN: "not shortened: it is restoring, and its days cannot change meanwhile",
}
"""What a 409 means for a request that was no first one (FACTS 1.2, 1.5)."""


def settle(answer: Answer, action: Action = Action.START) -> tuple[State, str]:
    """The state a job takes on this answer, and one sentence for its row."""
    state, reason = _STATES[answer.outcome]
    if answer.outcome is Outcome.ALREADY_RESTORING:
        reason = _NOT_DONE.get(action, reason)
    elif answer.reason:
        return state, answer.reason
    if answer.outcome is Outcome.REFUSED and answer.message:
        reason = f"{reason}: {answer.message}"
    return state, reason
