"""The repository of runs and their jobs: what was intended, asked of the cloud, and what came of it."""

import asyncio
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from restoretui.core.clock import Clock
from restoretui.core.errors import LedgerError
from restoretui.core.model import ObjectRef, State
from restoretui.core.rules.commands import ShellCommand
from restoretui.ledger.records import EVERYTHING, CloudId, PastJob, Query
from restoretui.ledger.run_records import WAITING, BucketSpan, JobChange, RestoreJob, Run
from restoretui.ledger.runs.bucket_ids import RunBuckets
from restoretui.ledger.runs.job_queries import JobQueries
from restoretui.ledger.runs.job_view import JobsOf, JobView, past_jobs
from restoretui.ledger.runs.run_rows import RUN, count_of, run_of
from restoretui.ledger.store import change_feed
from restoretui.ledger.store.leases import hand_over
from restoretui.ledger.store.quick_reads import QuickReads
from restoretui.ledger.store.reader import ReaderThread
from restoretui.ledger.store.writer import Tx, Writer
from restoretui.ledger.then_records import OPEN
from restoretui.ledger.views.fact_sql import names
from restoretui.ledger.views.materialised_order import OrderBuilder

if TYPE_CHECKING:
    from restoretui.ledger.runs.create_run import ConfirmedPlan

_PURSUED = (
    f"id IN (SELECT run_id FROM run_count WHERE jobs > 0 AND state IN ({names(WAITING | {State.AVAILABLE})})"
    " UNION SELECT run_id FROM batch WHERE phase <> 'settled' UNION SELECT s.run_id FROM then_count c"
    " JOIN then_step s ON s.id = c.step_id WHERE c.tasks > 0"
    f" AND c.state IN ({', '.join(repr(str(state)) for state in sorted(OPEN))}))"
)
"""A copy that is there can be removed, overwritten or extended by anybody."""

_LATELY = 2000
"""Lines of the audit trail: twice as many as any cloud takes requests a second."""

# By name, since the class below has a method called ``list``.
RunList = list[Run]
JobList = list[RestoreJob]
IdList = list[int]
CommandList = list[ShellCommand]
SpanList = list[BucketSpan]
PastList = list[PastJob]


class Runs(JobQueries):
    """Runs and jobs. Whatever changes anything returns after its transaction is on disk: the intent is written ahead.

    Coroutines run their SQL in the writer's or a reader's thread; plain methods read on the event loop's, quickly
    enough for a repaint. ``LedgerError`` for what cannot be read or written.
    """

    def __init__(
        self, writer: Writer, reader: ReaderThread, quick: QuickReads, clock: Clock, orders: OrderBuilder
    ) -> None:
        super().__init__(reader)
        self._writer = writer
        self._quick = quick
        self._clock = clock
        self._orders = orders
        self._buckets = RunBuckets(quick)
        self._known: dict[int, Run] = {}
        self._version = -1
        """Of the ledger, at which they were read."""
        self._in_flight: set[int] = set()
        self._claiming = asyncio.Lock()

    # --- runs

    async def confirm(
        self,
        sel: int,
        agreed: "ConfirmedPlan",
        *,
        exact: bool = False,
    ) -> Run:
        """Make a plan an intent: a run, and a job for every selected object of its cloud.

        The facts are read anew. Objects that got a job meanwhile are watched, not asked for twice; objects that would
        be sent now although the plan did not say so are skipped, with that reason. ``exact``: ``PlanChanged``
        instead, as soon as the plan made now would not be this one.

        Whoever stops waiting finds nothing written, unless it was all but done: then this returns the run, as if
        nobody had stopped.
        """
        from restoretui.ledger.runs.create_run import confirm

        now, wall = self._clock.now().timestamp(), self._clock.wall()

        def write(tx: Tx) -> int:
            run_id = confirm(tx, sel, agreed, now, wall, exact=exact)
            hand_over(tx, run_id, self._clock.wall())  # which a large run takes longer to write than that lasts
            return run_id

        return self._get(await self._writer.do(write, undoable=True))

    async def get(self, run_id: int) -> Run:
        """The run as it is now; ``LedgerError`` if there is none."""
        return self._get(run_id)

    async def list(self) -> RunList:
        """All runs, newest first."""
        return self.peek_all()

    def peek_all(self) -> RunList:
        """The same, for a repaint."""
        return self._runs("1", ())

    def peek_pursued(self) -> RunList:
        """Those of which anything can still change, newest first; however many are over, they cost nothing."""
        return self._runs(_PURSUED, ())

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

    async def claim(self, run_id: int, limit: int, buckets: frozenset[str] | None = None) -> JobList:
        """Take up to ``limit`` unsent jobs to send now, in id order. On disk before this returns.

        ``buckets``: of those alone, which are some of the run's.
        """
        from restoretui.ledger.runs.claims import take

        now = self._clock.now().timestamp()
        spans = None if buckets is None else self.spans(run_id, buckets)
        async with self._claiming:
            jobs = await self._writer.do(lambda tx: take(tx, run_id, limit, now, spans))
            self._in_flight.update(job.id for job in jobs)
        return jobs

    def spans(self, run_id: int, buckets: frozenset[str]) -> SpanList:
        """Where the jobs of a run on these buckets stand."""
        return self._buckets.spans(run_id, buckets)

    def sent_since(self, at: float) -> int:
        """How many restore requests were answered since that cloud time, to whichever process: as far as it matters.

        No more than the last few thousand are looked at.
        """
        row = self._quick.row(
            f"SELECT count(*) FROM (SELECT kind, at FROM activity ORDER BY id DESC LIMIT {_LATELY})"
            " WHERE kind = 'request' AND at > ?",
            (at,),
        )
        return 0 if row is None else int(row[0])

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

    async def hold(self, run_id: int, buckets: frozenset[str]) -> None:
        """Note that what is not sent yet of these waits for Expedited capacity: another run may plan it anew."""
        from restoretui.ledger.runs.claims import hold

        spans = self.spans(run_id, buckets)
        await self._writer.do(lambda tx: hold(tx, run_id, spans))

    async def set_cancelled(self, run_id: int) -> int:
        """Give the run up: cancel what was not sent yet; how many.

        Nothing more of it leaves from the first of several transactions on, between which others write. What a living
        process has claimed to be sent is given back by it, and cancelled then (``is_given_up``).
        """
        from restoretui.ledger.runs.claims import give_some_up, give_up

        now = self._clock.now().timestamp()
        await self._writer.do(lambda tx: give_up(tx, run_id, now))
        cancelled = 0
        while some := await self._writer.do(lambda tx: give_some_up(tx, run_id, now)):
            cancelled += some
        return cancelled

    def is_given_up(self, run_id: int) -> bool:
        """Nothing more of the run may leave, until somebody has it tried again."""
        row = self._quick.row("SELECT given_up_at IS NOT NULL FROM run WHERE id = ?", (run_id,))
        return row is not None and bool(row[0])

    async def reset_failed(self, run_id: int, expected: int | None = None) -> int:
        """Plan the failed jobs anew; how many. ``GuardStopped`` if they are no longer as many as ``expected``."""
        from restoretui.ledger.runs.claims import give_rest_up
        from restoretui.ledger.runs.job_changes import move_all
        from restoretui.ledger.runs.job_lines import check_failed

        now = self._clock.now().timestamp()

        def reset(tx: Tx) -> int:
            check_failed(tx, run_id, expected)
            give_rest_up(tx, run_id, now)
            tx.run("UPDATE run SET given_up_at = NULL WHERE id = ?", (run_id,))
            return move_all(tx, run_id, "state = 'failed'", State.PLANNED, now, "to be tried again")

        return await self._writer.do(reset)

    def _get(self, run_id: int) -> Run:
        version = self._quick.version()
        if version != self._version:  # After each commit several ask for the same run, each for itself.
            self._version = version
            self._known.clear()
        if run_id not in self._known:
            found = self._runs("id = ?", (run_id,))
            if not found:
                raise LedgerError(f"there is no run {run_id}", "see `restoretui status`")
            self._known[run_id] = found[0]
        return self._known[run_id]

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
        return [run_of(row, counts.get(row[0], []), self._buckets.of, steps.get(row[0], ())) for row in rows]
