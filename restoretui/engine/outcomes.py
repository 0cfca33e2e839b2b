"""From the cloud's answer to a job's next state (FACTS 1.2, 5).

202 and 200 are told apart, but neither is trusted to mean that a copy exists: compatible stores answer 200 to a
first request. Both become ``requested``, and the watcher sees what became of it.
"""

from restoretui.core.model import State
from restoretui.core.provider import Answer, Outcome

_STATES: dict[Outcome, tuple[State, str]] = {
    Outcome.ACCEPTED: (State.REQUESTED, "the cloud accepted the restore"),
    Outcome.UPDATED: (State.REQUESTED, "the cloud changed how long the copy lasts"),
    Outcome.ALREADY_RESTORING: (State.RESTORING, "already restoring: asked for before, by somebody else or a tool"),
    Outcome.NOT_ARCHIVED: (State.SKIPPED, "not archived: it can be read as it is"),
    Outcome.NO_CAPACITY: (State.FAILED, "no Expedited capacity right now; retry, or restore at another tier"),
    Outcome.GONE: (State.FAILED, "the object is gone"),
    Outcome.DENIED: (State.FAILED, "not allowed: the caller lacks s3:RestoreObject (on OSS oss:RestoreObject) here"),
    Outcome.REFUSED: (State.FAILED, "the cloud refused the request"),
}


def settle(answer: Answer) -> tuple[State, str]:
    """The state a job takes on this answer, and one sentence for its row."""
    state, reason = _STATES[answer.outcome]
    if answer.outcome is Outcome.REFUSED and answer.message:
        reason = f"{reason}: {answer.message}"
    return state, reason
