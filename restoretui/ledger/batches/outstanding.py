"""Counts what of a run is still to be sent: requests that have not left, jobs not created or not started."""

from collections.abc import Iterable

from msgspec import Struct

from restoretui.core.model import State
from restoretui.ledger.batches.records import BatchJob, Phase
from restoretui.ledger.run_records import Run

_NOT_BEGUN = ("", "New", "Preparing", "Suspended")
"""A job's status until the cloud has taken its confirmation."""


class Outstanding(Struct, frozen=True):
    """Numbers of objects, which are requests where they are sent one by one."""

    run: Run
    unsent: int
    """Asked for by nobody yet: they need a restoretui that runs."""
    in_jobs: int
    """In jobs that go on by themselves."""
    to_confirm: int
    """In jobs that wait for a person."""

    @property
    def requests(self) -> int:
        """All that the run is to ask for, sent or not, without what was given up.

        What somebody else had asked for is none of it; an extension is, once it is due.
        """
        asks, counts = self.run.asks, self.run.counts
        if asks is None:
            return self.run.objects - counts.get(State.SKIPPED, 0)
        return max(asks - counts.get(State.CANCELLED, 0), self.unsent + self.in_jobs + self.to_confirm)


def outstanding(run: Run, batches: Iterable[BatchJob]) -> Outstanding:
    """``batches`` are the run's jobs. The ledger calls an object planned until its job is over."""
    live = [batch for batch in batches if batch.phase is Phase.CREATED]
    held = sum(batch.objects for batch in live if batch.is_held)
    begun = sum(batch.objects for batch in live if not batch.is_held and not _is_ours_to_begin(batch))
    planned = run.counts.get(State.PLANNED, 0)
    to_confirm = min(held, planned)
    in_jobs = min(begun, planned - to_confirm)
    return Outstanding(run, planned - to_confirm - in_jobs, in_jobs, to_confirm)


def _is_ours_to_begin(batch: BatchJob) -> bool:
    """It was decided that it shall run, and the cloud, which makes every job suspended, is still to be told."""
    return batch.confirmed_at is not None and batch.cancelled_at is None and batch.status in _NOT_BEGUN
