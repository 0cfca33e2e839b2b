"""Questions about the jobs of runs: which are looked at, what failed and why, when things went out and came back.

Each reads many jobs, so all are answered by the reader's thread.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from sqlite3 import Connection
from typing import TYPE_CHECKING

from restoretui.core.errors import UsageError
from restoretui.core.model import ObjectRef, State, Tier
from restoretui.ledger.job_ids import is_among
from restoretui.ledger.records import CloudId
from restoretui.ledger.run_records import WAITING, BucketSpan, Cause, RestoreJob, Run, TrackedGroup
from restoretui.ledger.runs.run_rows import JOB, jobs_of
from restoretui.ledger.store.reader import ReaderThread
from restoretui.ledger.views.fact_sql import names

if TYPE_CHECKING:
    from restoretui.core.measured import Measured
    from restoretui.core.progress import Flow
    from restoretui.ledger.run_sums import RunSums
    from restoretui.ledger.runs.job_lines import JobLine, Shortfall
    from restoretui.ledger.runs.run_commands import Asked
    from restoretui.ledger.runs.watch_queries import AwaitedColumns, TrackedPart
    from restoretui.ledger.views.answers import Awaited


class JobQueries:
    """What can be asked about jobs. ``LedgerError`` for what cannot be read."""

    def __init__(self, reader: ReaderThread) -> None:
        self._reader = reader
        self._tracked: dict[int, tuple[int, list[TrackedGroup]]] = {}

    async def tracked(self, run_id: int | None = None) -> list[TrackedGroup]:
        """Requested, restoring, unknown and available jobs, in groups; of all runs, or of one.

        Runs that have not changed since they were last asked for are not read again; else this scans their jobs (a
        million in about a second, in the reader thread).
        """
        from restoretui.ledger.runs.watch_queries import group_tracked, tracked_runs

        def group(connection: Connection) -> list[TrackedGroup]:
            groups: list[TrackedGroup] = []
            # One moment's view: objects and counts are compared.
            connection.execute("BEGIN")
            try:
                for run in tracked_runs(connection, run_id):
                    revision, known = self._tracked.get(run.id, (-1, []))
                    if revision != run.revision:
                        known = group_tracked(connection, run)
                        self._tracked[run.id] = (run.revision, known)
                    groups += known
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
            return groups

        return await self._reader.run(group)

    async def is_open_in(self, spans: Iterable[BucketSpan]) -> bool:
        """Something is still expected of these jobs."""
        sql = f"SELECT 1 FROM job WHERE id BETWEEN ? AND ? AND state IN ({names(WAITING)}) LIMIT 1"

        def read(connection: Connection) -> bool:
            return any(connection.execute(sql, (span.first, span.last)).fetchone() for span in spans)

        return await self._reader.run(read)

    async def parts(self, run: Run) -> "list[TrackedPart]":
        """In which parts of a run there are such jobs: all that a look has to know beforehand."""
        from restoretui.ledger.runs.watch_queries import read_parts, tracked_runs

        def read(connection: Connection) -> "list[TrackedPart]":
            connection.execute("BEGIN")  # as for ``tracked``
            try:
                return [
                    part
                    for one in tracked_runs(connection, run.id)
                    for part in read_parts(connection, one, run.buckets)
                ]
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")

        return await self._reader.run(read)

    async def open_jobs(
        self,
        cloud: CloudId,
        bucket: str,
        versions: bool,
        states: Collection[State],
        after: tuple[str, str] | None,
        limit: int,
    ) -> list[RestoreJob]:
        """Jobs on a bucket in key order, of all runs, from behind ``after`` (key and version id, "" for none).

        All jobs of one object come together, even if that makes a few more than ``limit``.
        """
        from restoretui.ledger.runs.watch_queries import read_open

        return await self._reader.run(
            lambda connection: read_open(connection, cloud, bucket, versions, states, after, limit)
        )

    async def awaited(
        self,
        run_id: int,
        cloud: CloudId,
        bucket: str,
        *,
        versions: bool,
        states: Collection[State],
        after: tuple[str, str] | None = None,
        limit: int,
    ) -> "AwaitedColumns":
        """Jobs of a run on a bucket in key order, from behind ``after`` (key and version id), as columns."""
        from restoretui.ledger.runs.watch_queries import read_awaited

        return await self._reader.run(
            lambda connection: read_awaited(
                connection, run_id, cloud, bucket, versions=versions, states=states, after=after, limit=limit
            )
        )

    async def of_ids(self, ids: Sequence[int]) -> list[RestoreJob]:
        """These jobs as they are now, in the order of their ids; few hundred at a time."""
        return await self._reader.run(
            lambda connection: jobs_of(
                connection.execute(f"{JOB} WHERE {is_among('j.id', ids)} ORDER BY j.id").fetchall()
            )
        )

    async def at_keys(self, cloud: CloudId, bucket: str, keys: Sequence[str]) -> list[RestoreJob]:
        """All jobs on these few objects of a bucket, of whatever run and version, that mean something to them."""
        from restoretui.ledger.runs.watch_queries import read_at_keys

        return await self._reader.run(lambda connection: read_at_keys(connection, cloud, bucket, keys))

    async def failed_lines(self, run_id: int) -> "list[JobLine]":
        """The failed jobs, grouped by what decides the price of asking for them once more."""
        from restoretui.ledger.runs.job_lines import FAILED, read_lines

        return await self._reader.run(lambda connection: read_lines(connection, run_id, FAILED))

    async def lines_of_batch(self, run_id: int, batch_id: int) -> "list[JobLine]":
        """The objects of one job of S3 Batch Operations, likewise."""
        from restoretui.ledger.runs.job_lines import OF_BATCH, read_lines

        return await self._reader.run(lambda connection: read_lines(connection, run_id, OF_BATCH, batch_id))

    async def shortfall(self, run: Run) -> "Shortfall":
        """Of a run's objects those that were asked for and do not have it."""
        from restoretui.ledger.runs.job_lines import read_shortfall

        return await self._reader.run(lambda connection: read_shortfall(connection, run))

    async def ending(self, run_id: int, now: float, until: float) -> tuple[int, int | None]:
        """How many copies of a run end between the two, and when the first does; seconds since the epoch."""

        def read(connection: Connection) -> tuple[int, int | None]:
            sql = (
                "SELECT count(*), min(j.expiry) FROM run r CROSS JOIN job j"
                " ON j.id BETWEEN r.first_job AND r.first_job + r.objects - 1"
                " WHERE r.id = ? AND j.state = 'available' AND j.expiry > ? AND j.expiry <= ?"
            )
            copies, first = connection.execute(sql, (run_id, now, until)).fetchone()
            return int(copies), first

        return await self._reader.run(read)

    async def count_failed(self, run_id: int, code: str) -> int:
        """How many jobs of a run failed with this code of the cloud."""

        def count(connection: Connection) -> int:
            sql = "SELECT count(*) FROM job WHERE run_id = ? AND state = 'failed' AND code = ?"
            return int(connection.execute(sql, (run_id, code)).fetchone()[0])

        return await self._reader.run(count)

    async def causes(self, run_id: int) -> list[Cause]:
        """Why objects of a run failed, or were refused by its plan: the most frequent cause first."""
        from restoretui.ledger.runs.causes import read_causes

        return await self._reader.run(lambda connection: read_causes(connection, run_id))

    async def skips(self, run_id: int) -> list[tuple[str, int]]:
        """Why nothing was asked for, and of how many objects of a run; the most frequent reason first."""
        from restoretui.ledger.runs.causes import read_skips

        return await self._reader.run(lambda connection: read_skips(connection, run_id))

    async def sums(self, run_id: int, now: float) -> "RunSums":
        """What only a report of a run asks for, at an instant."""
        from restoretui.ledger.run_sums import read_sums

        return await self._reader.run(lambda connection: read_sums(connection, run_id, now))

    async def flows(self, run_id: int) -> "list[Flow]":
        """When requests of a run went out and its copies came and went, by the minute."""
        from restoretui.ledger.runs.flow import read_flows

        return await self._reader.run(lambda connection: read_flows(connection, run_id))

    async def measured(self, cloud: CloudId) -> "Mapping[tuple[str, Tier], Measured]":
        """How long restores of one cloud took here, by archive and tier, where enough were seen."""
        from restoretui.ledger.runs.durations import read_durations

        return await self._reader.run(lambda connection: read_durations(connection, cloud))

    async def awaited_outputs(self, run_id: int) -> "list[Awaited]":
        """Jobs of a run whose results are still to come, where requests make no copies."""
        from restoretui.ledger.views.answers import read_awaited

        return await self._reader.run(lambda connection: read_awaited(connection, run_id))

    async def write_keys(self, run_id: int, bucket: str, write: Callable[[Iterable[bytes]], None]) -> None:
        """Hand the keys of a run on a bucket that a list can hold to ``write``, as lines."""
        from restoretui.ledger.runs.run_commands import listed_keys

        await self._reader.run(lambda connection: write(listed_keys(connection, run_id, bucket)))

    async def asked(self, run_id: int, most: int) -> "list[tuple[Asked, list[ObjectRef]]]":
        """How a run's objects were asked for, in groups with their objects; ``UsageError`` for more than ``most``."""
        from restoretui.ledger.runs.run_commands import read_asked, refs_asked

        def read(connection: Connection) -> "list[tuple[Asked, list[ObjectRef]]]":
            groups = read_asked(connection, run_id)
            if sum(group.objects for group in groups) > most:
                raise UsageError(
                    f"more than {most:,} objects are no work for a loop", "S3 Batch Operations asks for them"
                )
            return [(group, refs_asked(connection, run_id, group)) for group in groups]

        return await self._reader.run(read)
