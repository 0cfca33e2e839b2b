"""The repository of runs and their jobs: what was intended, asked of the cloud, and what came of it."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from sqlite3 import Connection

from restoretui.core.clock import Clock
from restoretui.core.errors import LedgerError
from restoretui.core.model import State, Tier
from restoretui.core.plan.plan import RestorePlan
from restoretui.core.provider import NO_CAPACITY_CODE
from restoretui.ledger.records import EVERYTHING, CloudId, Query
from restoretui.ledger.run_records import WAITING, Cause, JobChange, RestoreJob, Run, TrackedGroup
from restoretui.ledger.runs import watch_queries as tracking
from restoretui.ledger.runs.causes import read_causes
from restoretui.ledger.runs.create_run import confirm
from restoretui.ledger.runs.job_changes import apply_changes, move_all, set_clock_back
from restoretui.ledger.runs.job_ids import is_among
from restoretui.ledger.runs.job_lines import (
    FAILED,
    OF_BATCH,
    JobLine,
    Shortfall,
    check_failed,
    read_lines,
    read_shortfall,
)
from restoretui.ledger.runs.job_view import JobView
from restoretui.ledger.runs.run_rows import JOB, NEXT_JOBS, RUN, UNSENT, count_of, jobs_of, run_of
from restoretui.ledger.runs.watch_queries import AwaitedColumns, read_awaited
from restoretui.ledger.store import change_feed
from restoretui.ledger.store.decoding import damaged
from restoretui.ledger.store.quick_reads import QuickReads
from restoretui.ledger.store.reader import ReaderThread
from restoretui.ledger.store.schema import LIVE
from restoretui.ledger.store.writer import Tx, Writer
from restoretui.ledger.views.fact_sql import names
from restoretui.ledger.views.materialised_order import OrderBuilder

_CLAIMED = "state = 'planned' AND attempt_at IS NOT NULL"

# By name, since the class below has a method called ``list``.
RunList = list[Run]
JobList = list[RestoreJob]
GroupList = list[TrackedGroup]
IdList = list[int]
LineList = list[JobLine]
CauseList = list[Cause]


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
        self._in_flight: set[int] = set()
        self._tracked: dict[int, tuple[int, list[TrackedGroup]]] = {}

    # --- runs

    async def confirm(
        self,
        sel: int,
        cloud: CloudId,
        plan: RestorePlan,
        tier: Tier,
        connection: Mapping[str, object],
        note: str = "",
        *,
        exact: bool = False,
    ) -> Run:
        """Make the plan at ``tier`` an intent: a run, and a job for every selected object of ``cloud``.

        The facts are read anew. Objects that got a job meanwhile are watched, not asked for twice; objects that would
        be sent now although the plan did not say so are skipped, with that reason. ``exact``: ``PlanChanged``
        instead, as soon as the plan made now would not be this one.
        """
        now, wall = self._clock.now().timestamp(), self._clock.wall()
        run_id = await self._writer.do(
            lambda tx: confirm(tx, sel, cloud, plan, tier, connection, note, now, wall, exact=exact)
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
        return self._runs(f"id IN (SELECT run_id FROM run_count WHERE {waiting})", ())[::-1]

    async def calls(self, run_id: int, list_calls: int, head_calls: int) -> None:
        """Add to what watching the run has cost."""

        def add(tx: Tx) -> None:
            tx.run(
                "UPDATE run SET list_calls = list_calls + ?, head_calls = head_calls + ? WHERE id = ?",
                (list_calls, head_calls, run_id),
            )
            tx.touch(change_feed.RUNS)

        await self._writer.do(add)

    async def looked(self, run_id: int, at: float) -> None:
        """All of the run that can still change was looked at, at this cloud time."""

        def note(tx: Tx) -> None:
            tx.run("UPDATE run SET looked_at = ? WHERE id = ?", (at, run_id))

        await self._writer.do(note)

    def looked_at(self, run_id: int) -> datetime | None:
        """When the run was last looked at as a whole; None before its first look."""
        row = self._quick.row("SELECT looked_at FROM run WHERE id = ?", (run_id,))
        return None if row is None or row[0] is None else datetime.fromtimestamp(row[0], UTC)

    async def view(self, run_id: int, query: Query = EVERYTHING) -> JobView:
        """A view of the run's jobs."""
        row = self._quick.row("SELECT first_job, objects FROM run WHERE id = ?", (run_id,))
        if row is None:
            raise LedgerError(f"there is no run {run_id}", "see `restoretui status`")
        view = JobView(self._orders, self._quick, row[0], row[1], query)
        await view.prepare()
        return view

    # --- sending

    async def claim(self, run_id: int, limit: int) -> JobList:
        """Take up to ``limit`` unsent jobs to send now, in id order. On disk before this returns."""
        now = self._clock.now().timestamp()

        def take(tx: Tx) -> JobList:
            rows = tx.rows(NEXT_JOBS, {"run": run_id, "limit": limit, "now": now})
            if not rows:
                _check_planned(tx, run_id)
            chosen = is_among("id", (row[0] for row in rows))
            tx.run(f"UPDATE job SET attempt_at = ? WHERE {chosen}", (now,))
            return jobs_of(rows)

        jobs = await self._writer.do(take)
        self._in_flight.update(job.id for job in jobs)
        return jobs

    async def release(self, job_ids: Collection[int]) -> None:
        """These claims surely had no effect: the jobs are unsent again."""
        chosen = is_among("id", job_ids)

        def free(tx: Tx) -> None:
            tx.run(f"UPDATE job SET attempt_at = NULL WHERE {chosen} AND state = 'planned'")

        await self._writer.do(free)
        self._in_flight.difference_update(job_ids)

    def disown(self, job_ids: Collection[int]) -> None:
        """Forget that these are in flight here: nobody waits for their answers any more.

        To ``recover`` they are then like the claims of a dead process.
        """
        self._in_flight.difference_update(job_ids)

    async def recover(self, run_id: int) -> int:
        """After a crash: claimed jobs without an outcome, unless in flight here, become unknown; how many."""
        now = self._clock.now().timestamp()
        ours = frozenset(self._in_flight)

        def settle(tx: Tx) -> int:
            rows = tx.rows(f"SELECT id FROM job WHERE run_id = ? AND {_CLAIMED}", (run_id,))
            lost = is_among("id", (row[0] for row in rows if row[0] not in ours))
            text = "the program ended between request and answer; to be looked up"
            # Since when something is unsure counts for when it is settled. What lies ahead of us was written before
            # the clock was set back: it counts from now.
            tx.run(
                "UPDATE job SET attempt_at = min(attempt_at, :now), changed_at = min(changed_at, :now)"
                f" WHERE run_id = :run AND (state = 'unknown' OR {_CLAIMED})"
                " AND (attempt_at > :now OR changed_at > :now)",
                {"now": now, "run": run_id},
            )
            set_clock_back(tx, run_id, now)
            return move_all(tx, run_id, f"{_CLAIMED} AND {lost}", State.UNKNOWN, now, text)

        return await self._writer.do(settle)

    async def apply(self, changes: Sequence[JobChange]) -> IdList:
        """Record what became of jobs; the ids of those that are not what they were, in id order."""
        if not changes:
            return []
        now = self._clock.now().timestamp()
        changed = await self._writer.do(lambda tx: apply_changes(tx, changes, now))
        self._in_flight.difference_update(change.job_id for change in changes)
        return changed

    async def hold(self, run_id: int) -> None:
        """Note that what is not sent yet waits for Expedited capacity: it may be planned anew in another run."""

        def mark(tx: Tx) -> None:
            reason = "waits: there is no Expedited capacity"
            tx.run(
                f"UPDATE job SET code = ?, reason = ? WHERE run_id = ? AND {UNSENT}",
                (NO_CAPACITY_CODE, reason, run_id),
            )
            tx.touch(change_feed.RUNS, change_feed.run_topic(run_id))

        await self._writer.do(mark)

    async def set_cancelled(self, run_id: int) -> int:
        """Cancel what was not sent yet; how many."""
        now = self._clock.now().timestamp()
        return await self._writer.do(
            lambda tx: move_all(tx, run_id, UNSENT, State.CANCELLED, now, "cancelled before it was sent")
        )

    async def failed_lines(self, run_id: int) -> LineList:
        """The failed jobs, grouped by what decides the price of asking for them once more."""
        return await self._reader.run(lambda connection: read_lines(connection, run_id, FAILED))

    async def lines_of_batch(self, run_id: int, batch_id: int) -> LineList:
        """The objects of one job of S3 Batch Operations, likewise."""
        return await self._reader.run(lambda connection: read_lines(connection, run_id, OF_BATCH, batch_id))

    async def reset_failed(self, run_id: int, expected: int | None = None) -> int:
        """Plan the failed jobs anew; how many. ``GuardStopped`` if they are no longer as many as ``expected``."""
        now = self._clock.now().timestamp()

        def reset(tx: Tx) -> int:
            check_failed(tx, run_id, expected)
            return move_all(tx, run_id, "state = 'failed'", State.PLANNED, now, "to be tried again")

        return await self._writer.do(reset)

    # --- watching

    async def tracked(self, run_id: int | None = None) -> GroupList:
        """Requested, restoring, unknown and available jobs, in groups; of all runs, or of one.

        Runs that have not changed since they were last asked for are not read again; else this scans their jobs (a
        million in about a second, in the reader thread).
        """

        def group(connection: Connection) -> GroupList:
            groups: GroupList = []
            # One moment's view: objects and counts are compared.
            connection.execute("BEGIN")
            try:
                for run in tracking.tracked_runs(connection, run_id):
                    revision, known = self._tracked.get(run.id, (-1, []))
                    if revision != run.revision:
                        known = tracking.group_tracked(connection, run)
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
        args: dict[str, object] = {"limit": limit, "key": "", "version": "", "id": 0}
        if after is not None:
            args |= {"key": after[0], "version": after[1]}
        chosen = (
            f"{JOB} WHERE j.bucket_id = :bucket AND j.version_id {'<>' if versions else '='} ''"
            f" AND j.{LIVE} AND j.state IN ({names(states)}) AND "
        )

        def find(connection: Connection) -> JobList:
            named = (*cloud, bucket)
            row = connection.execute(
                "SELECT id FROM bucket WHERE scheme = ? AND endpoint = ? AND name = ?", named
            ).fetchone()
            if row is None or not states:
                return []
            args["bucket"] = row[0]
            sql = f"{chosen} (j.key, j.version_id) > (:key, :version) ORDER BY j.key, j.version_id, j.id LIMIT :limit"
            jobs = jobs_of(connection.execute(sql, args).fetchall())
            if len(jobs) == limit:
                last = jobs[-1]
                rest = {**args, "key": last.ref.key, "version": last.ref.version_id or "", "id": last.id}
                sql = f"{chosen} j.key = :key AND j.version_id = :version AND j.id > :id ORDER BY j.id"
                jobs += jobs_of(connection.execute(sql, rest).fetchall())
            return jobs

        return await self._reader.run(find)

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
    ) -> AwaitedColumns:
        """Jobs of a run on a bucket in key order, from behind ``after`` (key and version id), as columns."""
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
        return await self._reader.run(lambda connection: read_causes(connection, run_id))

    async def shortfall(self, run: Run) -> Shortfall:
        """Of a run's objects those that were asked for and do not have it."""
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
        rows = self._quick.rows(f"{RUN} WHERE {where} ORDER BY id DESC", args)
        return [run_of(row, counts.get(row[0], [])) for row in rows]


def _check_planned(tx: Tx, run_id: int) -> None:
    """What counts as planned is so: an object whose state is no word of ours would be waited for, and never sent.

    So would one whose line or bucket is lost: it is unsent, and yet not found among those that can be sent.
    """
    row = tx.row(
        "SELECT coalesce((SELECT jobs FROM run_count WHERE run_id = :run AND state = 'planned'), 0)"
        " - (SELECT count(*) FROM job WHERE run_id = :run AND state = 'planned' AND attempt_at IS NULL)"
        " - (SELECT count(*) FROM job WHERE run_id = :run AND state = 'planned' AND attempt_at IS NOT NULL),"
        f" EXISTS (SELECT 1 FROM job WHERE run_id = :run AND {UNSENT})",
        {"run": run_id},
    )
    if row is not None and (row[0] or row[1]):
        raise damaged("an object of a run")
