"""What may go differently from the rules inside the cloud: the state core asks, the faults answer."""

from typing import NamedTuple


class Fate(NamedTuple):
    """Something that befalls an object while it is restoring."""

    action: str
    """``delete``, ``overwrite`` or ``cancel``."""
    moment: float
    """Where in the restore's duration it happens, 0 to 1."""


class TaskFailure(NamedTuple):
    """Why a task of a batch job fails although RestoreObject itself would not."""

    status: int
    code: str
    message: str


class Conditions:
    """The hooks for fault injection, here without any. ``Faults`` overrides them. ``now`` is virtual time."""

    def expedited(self, bucket: str, key: str, now: float) -> bool:
        """Whether there is capacity for Expedited retrievals."""
        return True

    def slowness(self, bucket: str, key: str, now: float) -> float:
        """The factor on a restore's duration; ``inf``: it never completes."""
        return 1.0

    def counts_from_completion(self, bucket: str, key: str, now: float) -> bool:
        """Whether a copy's days count from its completion, as one page of AWS's guide says, not from the request."""
        return False

    def fate(self, bucket: str, key: str, now: float) -> Fate | None:
        """What befalls this object while it restores."""
        return None

    def task_failure(self, bucket: str, key: str, now: float) -> TaskFailure | None:
        """Why a batch job's task on this object fails."""
        return None
