"""A run's objects with what was skipped folded into one line at their end, which says how many and why."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from restoretui.ledger.records import JobRow
from restoretui.ledger.runs.job_view import JobView

if TYPE_CHECKING:
    from restoretui.core.filter.completion import Present

SKIPPED_ID = -1
"""No job has it."""


class SkippedRow(NamedTuple):
    """The line in their place."""

    id: int
    objects: int
    why: str
    key: str
    """That unfolds them."""


ShownJob = JobRow | SkippedRow


class FoldedJobs:
    """A view of ``jobs``, which leaves the skipped ones out, and of the line for those; see ``records.View``."""

    def __init__(self, jobs: JobView, line: SkippedRow | None) -> None:
        self.jobs = jobs
        self.line = line

    @property
    def count(self) -> int:
        """The jobs', and one for the line of the skipped ones once all are there."""
        return self.jobs.count + (self.line is not None and self.jobs.complete)

    @property
    def complete(self) -> bool:
        return self.jobs.complete

    async def wait(self) -> None:
        await self.jobs.wait()

    def rows(self, start: int, n: int) -> Sequence[ShownJob]:
        found: list[ShownJob] = list(self.jobs.rows(start, n))
        if self.line is not None and self.jobs.complete and start <= self.jobs.count < start + n:
            found.append(self.line)
        return found

    def position(self, row_id: int) -> int | None:
        if row_id == SKIPPED_ID:
            return self.jobs.count if self.line is not None and self.jobs.complete else None
        return self.jobs.position(row_id)

    def row_id(self, position: int) -> int | None:
        if self.line is not None and self.jobs.complete and position == self.jobs.count:
            return SKIPPED_ID
        return self.jobs.row_id(position)

    async def present(self) -> "Present":
        return await self.jobs.present()

    async def aclose(self) -> None:
        await self.jobs.aclose()
