"""Every restore job of account and region: ours from the ledger, others' from the cloud, in one list."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from restoretui.core.batch.jobs import JobInfo
from restoretui.core.errors import CloudError, RestoreTuiError
from restoretui.ledger.batches.records import BatchJob
from restoretui.session.batch.job_papers import OF_OURS
from restoretui.tui.job_row import BatchRow

if TYPE_CHECKING:
    from restoretui.session.session import Session

EXPLAINED_AT_ONCE = 10
"""ListJobs does not say why a job failed: so many are asked about one by one after each look."""
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


class AccountJobs:
    """Keeps what the cloud told until it tells something newer."""

    def __init__(self) -> None:
        self._infos: dict[str, JobInfo] = {}
        self._failures: dict[str, tuple[tuple[str, str], ...]] = {}
        self._tags: dict[str, Mapping[str, str] | None] = {}
        self._ids: dict[str, int] = {}
        self.looked = False
        """The cloud has listed its jobs at least once."""

    def rows(self, ours: Iterable[BatchJob]) -> list[BatchRow]:
        """Newest first."""
        rows = [
            BatchRow(batch.id, batch, self._infos.get(batch.job_id), self._failures.get(batch.job_id, ()))
            for batch in ours
        ]
        known = {row.job_id for row in rows}
        rows += [
            BatchRow(self._id(job_id), None, info, self._failures.get(job_id, ()))
            for job_id, info in self._infos.items()
            if job_id not in known
        ]
        return sorted(rows, key=lambda row: (row.created or LONG_AGO, row.job_id), reverse=True)

    def tags(self, job_id: str) -> Mapping[str, str] | None:
        """Those of a job that was described; none of any other."""
        return self._tags.get(job_id, {})

    def _id(self, job_id: str) -> int:
        """Below zero, where the ledger has none."""
        return self._ids.setdefault(job_id, -1 - len(self._ids))

    @property
    def under_way(self) -> bool:
        """Some job that the cloud told of is not over."""
        return any(not info.is_over for info in self._infos.values())

    def learn(self, info: JobInfo, tags: Mapping[str, str] | None) -> None:
        """A job was described; its ``tags`` are None where they may not be read."""
        self._infos[info.job_id] = info
        self._tags[info.job_id] = tags
        if info.failures:
            self._failures[info.job_id] = tuple(info.failures)

    async def look(self, session: "Session", *, whole: bool) -> None:
        """Ask for the jobs: all there are, or no further back than those that were under way."""
        awaited = {job_id for job_id, info in self._infos.items() if not info.is_over}
        found: dict[str, JobInfo] = {}
        try:
            async for page in session.batch.jobs():
                found |= {info.job_id: info for info in page if info.operation in OF_OURS}
                awaited -= found.keys()
                if not whole and not awaited:
                    break
        except CloudError:
            # One Region may be refused, and the others told all the same.
            self._infos |= found
            self.looked = self.looked or bool(found)
            raise
        self._infos = found if whole else self._infos | found
        self.looked = True
        await self._explain(session)

    async def _explain(self, session: "Session") -> None:
        puzzling = [
            info for job_id, info in self._infos.items() if info.status == "Failed" and job_id not in self._failures
        ]
        for info in puzzling[:EXPLAINED_AT_ONCE]:
            try:
                described = await session.batch.job(info.job_id, info.region or None)
            except RestoreTuiError as error:
                self._failures[info.job_id] = (("", str(error)),)
            else:
                self._failures[info.job_id] = tuple(described.failures)
