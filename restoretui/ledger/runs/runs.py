"""The repository of runs and their jobs: what was intended, asked of the cloud, and what came of it."""

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from sqlite3 import Connection
from typing import TYPE_CHECKING

from restoretui.core.clock import Clock
from restoretui.core.errors import LedgerError, UsageError
from restoretui.core.model import ObjectRef, State, Tier
from restoretui.core.rules.commands import ShellCommand
from restoretui.ledger.job_ids import is_among
from restoretui.ledger.records import EVERYTHING, CloudId, PastJob, Query
from restoretui.ledger.run_records import WAITING, Cause, JobChange, RestoreJob, Run, TrackedGroup
from restoretui.ledger.runs.bucket_ids import RunBuckets
from restoretui.ledger.runs.job_view import JobsOf, JobView, past_jobs
from restoretui.ledger.runs.run_rows import JOB, RUN, count_of, jobs_of, run_of
from restoretui.ledger.store import change_feed
from restoretui.ledger.store.quick_reads import QuickReads
from restoretui.ledger.store.reader import ReaderThread
from restoretui.ledger.store.writer import Tx, Writer
from restoretui.ledger.views.fact_sql import names
from restoretui.ledger.views.materialised_order import OrderBuilder

if TYPE_CHECKING:
    from restoretui.core.measured import Measured
    from restoretui.core.plan.plan import RestorePlan
    from restoretui.core.progress import Flow
    from restoretui.ledger.runs.job_lines import JobLine, Shortfall
    from restoretui.ledger.runs.run_commands import Asked
    from restoretui.ledger.runs.watch_queries import AwaitedColumns

    LineList = list[JobLine]
    FlowList = list[Flow]
    AskedList = list[tuple[Asked, list[ObjectRef]]]

# By name, since the class below has a method called ``list``.
RunList = list[Run]
JobList = list[RestoreJob]
GroupList = list[TrackedGroup]
IdList = list[int]
CauseList = list[Cause]
Skips = list[tuple[str, int]]
CommandList = list[ShellCommand]
PastList = list[PastJob]


class Runs:
    """Runs and jobs. Whatever changes anything returns after its transaction is on disk: the intent is written ahead.

    Coroutines run their SQL in the writer's or a reader's thread; plain methods read on the event loop's, quickly
    enough for a repaint. ``LedgerError`` for what cannot be read or written.
    """

    def __init__(
        self, writer: Writer, reader: ReaderThread, quick: QuickReads, clock: Clock, orders: OrderBuilder
    ) -> None:
        self._writer = writer
        self._reader = reader
        self._quick = quick
        self._clock = clock
        self._orders = orders
        self._buckets = RunBuckets(quick).of
        self._in_flight: set[int] = set()
        self._claiming = asyncio.Lock()
        self._tracked: dict[int, tuple[int, list[TrackedGroup]]] = {}

    # --- runs

    async def confirm(
        self,
        sel: int,
        cloud: CloudId,
        plan: "RestorePlan",
        tier: Tier,
        connection: Mapping[str, object],
        note: str = "",
        *,
        exact: bool = False,
        said: Sequence[ShellCommand] = (),
    ) -> Run:
        """Make the plan at ``tier`` an intent: a run, and a job for every selected object of ``cloud``.

        The facts are read anew. Objects that got a job meanwhile are watched, not asked for twice; objects that would
        be sent now although the plan did not say so are skipped, with that reason. ``exact``: ``PlanChanged``
        instead, as soon as the plan made now would not be this one. ``said``: the commands that say the same.
        """
        from restoretui.ledger.runs.create_run import confirm

        now, wall = self._clock.now().timestamp(), self._clock.wall()
        run_id = await self._writer.do(
            lambda tx: confirm(tx, sel, cloud, plan, tier, connection, note, now, wall, exact=exact, said=said)
        )
        return self._get(run_id)

    async def get(self, run_id: int) -> Run:
        """The run as it is now; ``LedgerError`` if there is none."""
        return self._get(run_id)

    async def list(self) -> RunList:
        """All runs, newest first."""
        return self.peek_all()

    def peek_all(self) -> RunList:
        """The same, for a repaint."""
        return self._runs("1", ())

    async def open_runs(self) -> RunList:
        """Runs of which something is still expected, oldest first."""
        waiting = f"state IN ({names(WAITING)}) AND jobs > 0"
        then = "s.run_id = run.id AND k.tasks > 0 AND k.state IN ('blocked', 'ready', 'doing')"
        return self._runs(
            f"id IN (SELECT run_id FROM run_count WHERE {waiting})"
            f" OR EXISTS (SELECT 1 FROM then_step s JOIN then_count k ON k.step_id = s.id WHERE {then})",
            (),
        )[::-1]

    async def calls(self, run_id: int, list_calls: int, head_calls: int) -> None:
        """Add to what watching the run has cost."""

        def add(tx: Tx) -> None:
            tx.run(
                "UPDATE run SET list_calls = list_calls + ?, head_calls = head_calls + ? WHERE id = ?",
                (list_calls, head_calls, run_id),
            )
            tx.touch(change_feed.RUNS)

        await self._writer.do(add)

    def commands(self, run_id: int) -> CommandList:
        """The commands that say the run; none of one that an earlier version made, or that follows others' jobs."""
        from restoretui.ledger.runs.run_commands import commands_of

        return commands_of(self._quick.row("SELECT commands FROM run_command WHERE run_id = ?", (run_id,)))

    async def write_keys(self, run_id: int, bucket: str, write: Callable[[Iterable[bytes]], None]) -> None:
        """Hand the keys of a run on a bucket that a list can hold to ``write``, as lines."""
        from restoretui.ledger.runs.run_commands import listed_keys

        await self._reader.run(lambda connection: write(listed_keys(connection, run_id, bucket)))

    async def asked(self, run_id: int, most: int) -> "AskedList":
        """How a run's objects were asked for, in groups with their objects; ``UsageError`` for more than ``most``."""
        from restoretui.ledger.runs.run_commands import read_asked, refs_asked

        def read(connection: Connection) -> "AskedList":
            groups = read_asked(connection, run_id)
            if sum(group.objects for group in groups) > most:
                raise UsageError(
                    f"more than {most:,} objects are no work for a loop", "S3 Batch Operations asks for them"
                )
            return [(group, refs_asked(connection, run_id, group)) for group in groups]

        return await self._reader.run(read)

    async def looked(self, run_id: int, at: float) -> None:
        """All of the run that can still change was looked at, at this cloud time."""

        def note(tx: Tx) -> None:
            tx.run("UPDATE run SET looked_at = ? WHERE id = ?", (at, run_id))

        await self._writer.do(note)

    def looked_at(self, run_id: int) -> datetime | None:
        """When the run was last looked at as a whole; None before its first look."""
        row = self._quick.row("SELECT looked_at FROM run WHERE id = ?", (run_id,))
        return None if row is None or row[0] is None else datetime.fromtimestamp(row[0], UTC)

    def as_of(self, run: Run) -> datetime:
        """As of when what is known of the run is true: its last look as a whole, or when it last changed.

        A job's report says what was asked for, and nothing of what came of it since.
        """
        return self.looked_at(run.id) or run.ended_at or run.last_requested_at or run.created_at

    async def view(self, run_id: int, query: Query = EVERYTHING) -> JobView:
        """A view of the run's jobs."""
        row = self._quick.row("SELECT first_job, objects, scheme, endpoint FROM run WHERE id = ?", (run_id,))
        if row is None:
            raise LedgerError(f"there is no run {run_id}", "see `restoretui status`")
        jobs = JobsOf(row[0], row[1], CloudId(row[2], row[3]).rules)
        view = JobView(self._orders, self._quick, jobs, query, self._clock.now().timestamp())
        await view.prepare()
        return view

    def of_object(self, cloud: CloudId, refs: Sequence[ObjectRef], most: int = 5) -> PastList:
        """What was asked of one object, called by any of ``refs`` (with its version, or as the latest)."""
        return past_jobs(self._quick, cloud, refs, most)

    # --- sending

    async def claim(self, run_id: int, limit: int) -> JobList:
        """Take up to ``limit`` unsent jobs to send now, in id order. On disk before this returns."""
        from restoretui.ledger.runs.claims import take

        now = self._clock.now().timestamp()
        async with self._claiming:
            jobs = await self._writer.do(lambda tx: take(tx, run_id, limit, now))
            self._in_flight.update(job.id for job in jobs)
        return jobs

    async def release(self, job_ids: Collection[int]) -> None:
        """These claims surely had no effect: the jobs are unsent again."""
        from restoretui.ledger.runs.claims import give_back

        await self._writer.do(lambda tx: give_back(tx, job_ids))
        self._in_flight.difference_update(job_ids)

    def disown(self, job_ids: Collection[int]) -> None:
        """Forget that these are in flight here: nobody waits for their answers any more.

        To ``recover`` they are then like the claims of a dead process.
        """
        self._in_flight.difference_update(job_ids)

    async def recover(self, run_id: int) -> int:
        """After a crash: claimed jobs without an outcome, unless in flight here, become unknown; how many."""
        from restoretui.ledger.runs.claims import settle_lost

        now = self._clock.now().timestamp()
        async with self._claiming:  # What is being claimed right now is ours, too.
            ours = frozenset(self._in_flight)
            return await self._writer.do(lambda tx: settle_lost(tx, run_id, ours, now))

    async def apply(self, changes: Sequence[JobChange]) -> IdList:
        """Record what became of jobs; the ids of those that are not what they were, in id order."""
        if not changes:
            return []
        from restoretui.ledger.runs.job_changes import apply_changes

        now = self._clock.now().timestamp()
        changed = await self._writer.do(lambda tx: apply_changes(tx, changes, now))
        self._in_flight.difference_update(change.job_id for change in changes)
        return changed

    async def hold(self, run_id: int) -> None:
        """Note that what is not sent yet waits for Expedited capacity: it may be planned anew in another run."""
        from restoretui.ledger.runs.claims import hold

        await self._writer.do(lambda tx: hold(tx, run_id))

    async def set_cancelled(self, run_id: int) -> int:
        """Give the run up: cancel what was not sent yet; how many.

        What a living process has claimed to be sent is given back by it, and cancelled then (``is_given_up``).
        """
        from restoretui.ledger.runs.claims import give_up

        now = self._clock.now().timestamp()
        return await self._writer.do(lambda tx: give_up(tx, run_id, now))

    def is_given_up(self, run_id: int) -> bool:
        """Nothing more of the run may leave, until somebody has it tried again."""
        row = self._quick.row("SELECT given_up_at IS NOT NULL FROM run WHERE id = ?", (run_id,))
        return row is not None and bool(row[0])

    async def failed_lines(self, run_id: int) -> "LineList":
        """The failed jobs, grouped by what decides the price of asking for them once more."""
        from restoretui.ledger.runs.job_lines import FAILED, read_lines

        return await self._reader.run(lambda connection: read_lines(connection, run_id, FAILED))

    async def lines_of_batch(self, run_id: int, batch_id: int) -> "LineList":
        """The objects of one job of S3 Batch Operations, likewise."""
        from restoretui.ledger.runs.job_lines import OF_BATCH, read_lines

        return await self._reader.run(lambda connection: read_lines(connection, run_id, OF_BATCH, batch_id))

    async def reset_failed(self, run_id: int, expected: int | None = None) -> int:
        """Plan the failed jobs anew; how many. ``GuardStopped`` if they are no longer as many as ``expected``."""
        from restoretui.ledger.runs.job_changes import move_all
        from restoretui.ledger.runs.job_lines import check_failed

        now = self._clock.now().timestamp()

        def reset(tx: Tx) -> int:
            check_failed(tx, run_id, expected)
            tx.run("UPDATE run SET given_up_at = NULL WHERE id = ?", (run_id,))
            return move_all(tx, run_id, "state = 'failed'", State.PLANNED, now, "to be tried again")

        return await self._writer.do(reset)

    # --- watching

    async def tracked(self, run_id: int | None = None) -> GroupList:
        """Requested, restoring, unknown and available jobs, in groups; of all runs, or of one.

        Runs that have not changed since they were last asked for are not read again; else this scans their jobs (a
        million in about a second, in the reader thread).
        """
        from restoretui.ledger.runs.watch_queries import group_tracked, tracked_runs

        def group(connection: Connection) -> GroupList:
            groups: GroupList = []
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

    async def open_jobs(
        self,
        cloud: CloudId,
        bucket: str,
        versions: bool,
        states: Collection[State],
        after: tuple[str, str] | None,
        limit: int,
    ) -> JobList:
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

    async def of_ids(self, ids: Sequence[int]) -> JobList:
        """These jobs as they are now, in the order of their ids; few hundred at a time."""
        return await self._reader.run(
            lambda connection: jobs_of(
                connection.execute(f"{JOB} WHERE {is_among('j.id', ids)} ORDER BY j.id").fetchall()
            )
        )

    async def count_failed(self, run_id: int, code: str) -> int:
        """How many jobs of a run failed with this code of the cloud."""

        def count(connection: Connection) -> int:
            sql = "SELECT count(*) FROM job WHERE run_id = ? AND state = 'failed' AND code = ?"
            return int(connection.execute(sql, (run_id, code)).fetchone()[0])

        return await self._reader.run(count)

    async def causes(self, run_id: int) -> CauseList:
        """Why objects of a run failed, or were refused by its plan: the most frequent cause first."""
        from restoretui.ledger.runs.causes import read_causes

        return await self._reader.run(lambda connection: read_causes(connection, run_id))

    async def skips(self, run_id: int) -> "Skips":
        """Why nothing was asked for, and of how many objects of a run; the most frequent reason first."""
        from restoretui.ledger.runs.causes import read_skips

        return await self._reader.run(lambda connection: read_skips(connection, run_id))

    async def flows(self, run_id: int) -> "FlowList":
        """When requests of a run went out and its copies came and went, by the minute."""
        from restoretui.ledger.runs.flow import read_flows

        return await self._reader.run(lambda connection: read_flows(connection, run_id))

    async def measured(self, cloud: CloudId) -> "Mapping[tuple[str, Tier], Measured]":
        """How long restores of one cloud took here, by archive and tier, where enough were seen."""
        from restoretui.ledger.runs.durations import read_durations

        return await self._reader.run(lambda connection: read_durations(connection, cloud))

    async def shortfall(self, run: Run) -> "Shortfall":
        """Of a run's objects those that were asked for and do not have it."""
        from restoretui.ledger.runs.job_lines import read_shortfall

        return await self._reader.run(lambda connection: read_shortfall(connection, run))

    def _get(self, run_id: int) -> Run:
        found = self._runs("id = ?", (run_id,))
        if not found:
            raise LedgerError(f"there is no run {run_id}", "see `restoretui status`")
        return found[0]

    def _runs(self, where: str, args: tuple[object, ...]) -> RunList:
        counts: dict[int, list[tuple[State, int, int]]] = {}
        counted = self._quick.rows(
            "SELECT run_id, state, jobs, size_bytes FROM run_count WHERE jobs > 0"
            f" AND run_id IN (SELECT id FROM run WHERE {where})",
            args,
        )
        for run_id, state, jobs, size_bytes in map(count_of, counted):
            counts.setdefault(run_id, []).append((state, jobs, size_bytes))
        steps = {}
        if self._quick.row("SELECT 1 FROM then_step LIMIT 1") is not None:
            from restoretui.ledger.then.step_counts import step_counts

            steps = step_counts(self._quick, f"s.run_id IN (SELECT id FROM run WHERE {where})", args)
        rows = self._quick.rows(f"{RUN} WHERE {where} ORDER BY id DESC", args)
        return [run_of(row, counts.get(row[0], []), self._buckets, steps.get(row[0], ())) for row in rows]
