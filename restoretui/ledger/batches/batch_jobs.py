"""The repository of S3 Batch Operations jobs: which objects of a run are in which job, and what became of the jobs.

A job is an intent written ahead of CreateJob, with its idempotency token (``ClientRequestToken``, FACTS 2.1), in the
same transaction as its run. An object in a job stays ``planned`` until
the job has asked for it; the submitter leaves it alone meanwhile.
"""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from functools import partial
from sqlite3 import Connection

from restoretui.core.batch.jobs import BatchOptions, JobInfo, ManifestRow, ReportRow
from restoretui.core.clock import Clock
from restoretui.core.errors import LedgerError
from restoretui.core.model import State
from restoretui.core.provider import Connection as Door
from restoretui.ledger.batches.adoption import adopt, begin, gather
from restoretui.ledger.batches.assignment import assign
from restoretui.ledger.batches.completion_reports import join_report
from restoretui.ledger.batches.copy_jobs import assign_copies, rows_after
from restoretui.ledger.batches.manifest_run import confirm_gathered
from restoretui.ledger.batches.records import COLUMNS, BatchJob, batch_of, options_text
from restoretui.ledger.batches.report_keys import ReportKeys
from restoretui.ledger.records import CloudId
from restoretui.ledger.runs.claims import give_rest_up
from restoretui.ledger.runs.create_run import ConfirmedPlan, confirm
from restoretui.ledger.runs.job_changes import move_all
from restoretui.ledger.runs.job_lines import check_failed
from restoretui.ledger.store import change_feed
from restoretui.ledger.store.leases import hand_over
from restoretui.ledger.store.quick_reads import QuickReads
from restoretui.ledger.store.reader import ReaderThread
from restoretui.ledger.store.writer import Tx, Writer

_FROM = f"SELECT {COLUMNS} FROM batch t JOIN bucket b ON b.id = t.bucket_id"
ROWS = 2000
"""Of a manifest at a time."""
_IN = "batch_id = {} AND state = 'planned'"
JOBS_A_STEP = 50_000
"""Objects of a job that is over, settled in one transaction."""

BatchList = list[BatchJob]


class BatchJobs:
    """Jobs of S3 Batch Operations as the ledger keeps them. Whatever changes anything is on disk when it returns."""

    def __init__(self, writer: Writer, reader: ReaderThread, quick: QuickReads, clock: Clock) -> None:
        self._writer = writer
        self._reader = reader
        self._quick = quick
        self._clock = clock

    # --- intents

    async def confirm(self, sel: int, agreed: ConfirmedPlan, options: BatchOptions, *, exact: bool = False) -> int:
        """``Runs.confirm``, and every object to be sent put into a job, in one transaction; the run's id."""
        now, wall = self._clock.now().timestamp(), self._clock.wall()

        def write(tx: Tx) -> int:
            run_id = confirm(tx, sel, agreed, now, wall, exact=exact)
            assign(tx, run_id, options, now)
            hand_over(tx, run_id, self._clock.wall())
            return run_id

        return await self._writer.do(write, undoable=True)

    async def adopt(
        self,
        cloud: CloudId,
        connection: Mapping[str, object],
        info: JobInfo,
        pages: AsyncIterator[list[ManifestRow]],
    ) -> int:
        """Make a run of the objects of somebody else's job, as its manifest tells of them; the run's id."""
        now = self._clock.now().timestamp()
        await self._writer.do(begin)
        async for rows in pages:
            await self._writer.do(partial(gather, rows=rows))
        return await self._writer.do(lambda tx: adopt(tx, cloud, connection, info, now))

    async def begin_gathering(self) -> None:
        """Nothing of a manifest is gathered yet."""
        await self._writer.do(begin)

    async def gather(self, rows: Sequence[ManifestRow]) -> None:
        """Keep some rows of a manifest for ``confirm_gathered``."""
        await self._writer.do(partial(gather, rows=rows))

    async def confirm_gathered(self, agreed: ConfirmedPlan, options: BatchOptions, rows: int) -> int:
        """Make a run of the ``rows`` rows that were gathered, all in one job, in one transaction; its id."""
        now = self._clock.now().timestamp()

        def write(tx: Tx) -> int:
            run_id = confirm_gathered(tx, agreed, options, rows, now)
            hand_over(tx, run_id, self._clock.wall())
            return run_id

        return await self._writer.do(write, undoable=True)

    async def retry(self, run_id: int, options: BatchOptions, expected: int | None = None) -> int:
        """Plan the run's failed objects anew, in jobs of their own; how many objects.

        ``GuardStopped`` if they are no longer as many as ``expected``.
        """
        now = self._clock.now().timestamp()

        def write(tx: Tx) -> int:
            check_failed(tx, run_id, expected)
            give_rest_up(tx, run_id, now)
            count = move_all(tx, run_id, "state = 'failed'", State.PLANNED, now, "to be tried again by a job")
            if count:
                assign(tx, run_id, options, now)
            return count

        return await self._writer.do(write)

    async def decide(self, batch_id: int, *, run: bool) -> None:
        """Record a person's decision to confirm (``run``) or cancel a job; the engine sends it to the cloud later."""
        now = self._clock.now().timestamp()
        column = "confirmed_at" if run else "cancelled_at"
        await self._note(batch_id, f"{column} = coalesce({column}, :now)", {"now": now})

    # --- reading

    def peek_of_run(self, run_id: int) -> BatchList:
        """The jobs of a run, oldest first; quick enough for a repaint."""
        return [batch_of(row) for row in self._quick.rows(f"{_FROM} WHERE t.run_id = ? ORDER BY t.id", (run_id,))]

    def peek_all(self) -> BatchList:
        """All our jobs, newest first; quick enough for a repaint."""
        return [batch_of(row) for row in self._quick.rows(f"{_FROM} ORDER BY t.id DESC", ())]

    def peek_unsettled(self) -> frozenset[int]:
        """Runs with a job that is not settled, though their objects may be."""
        return frozenset(row[0] for row in self._quick.rows("SELECT run_id FROM batch WHERE phase <> 'settled'", ()))

    def get(self, batch_id: int) -> BatchJob:
        """The job as it is now; ``LedgerError`` if there is none."""
        row = self._quick.row(f"{_FROM} WHERE t.id = ?", (batch_id,))
        if row is None:
            raise LedgerError(f"there is no batch {batch_id} in the ledger")
        return batch_of(row)

    def find(self, job_id: str) -> BatchJob | None:
        """The job with that id of the cloud's; None if it is not ours."""
        row = self._quick.row(f"{_FROM} WHERE t.job_id = ? AND t.job_id <> '' ORDER BY t.id DESC", (job_id,))
        return None if row is None else batch_of(row)

    def peek_regions(self, cloud: CloudId) -> list[str]:
        """The Regions that jobs of ours are in, or runs were made for; quick enough for a repaint."""
        jobs = self._quick.rows(
            "SELECT DISTINCT t.region FROM batch t JOIN bucket b ON b.id = t.bucket_id"
            " WHERE (b.scheme, b.endpoint) = (?, ?)",
            cloud,
        )
        runs = self._quick.rows("SELECT DISTINCT connection FROM run WHERE (scheme, endpoint) = (?, ?)", cloud)
        found = {row[0] for row in jobs} | {Door.from_mapping(json.loads(row[0])).region for row in runs}
        return sorted(region for region in found if region)

    def peek_listed(self, cloud: CloudId, bucket: str) -> tuple[int, bool]:
        """How many objects a bucket is known to hold, and whether it was listed as a whole; quick for a repaint."""
        rows = self._quick.rows(
            "SELECT n.objects, n.prefix = '' AND n.ended_at IS NOT NULL AND n.error = '' AND n.resume_token IS NULL"
            " AND (n.recursive OR n.prefixes = 0) FROM listing n JOIN place p ON p.id = n.place_id"
            " WHERE (p.scheme, p.endpoint, p.bucket) = (?, ?, ?) AND NOT n.versions AND NOT n.single"
            " ORDER BY 2 DESC, n.started_at DESC, n.objects DESC",
            (*cloud, bucket),
        )
        whole = bool(rows and rows[0][1])
        return (int(rows[0][0]) if whole else max((int(row[0]) for row in rows), default=0)), whole

    async def rows(self, batch: BatchJob) -> AsyncIterator[list[tuple[str, str]]]:
        """Keys and version ids of its objects, some at a time."""
        last = 0
        while True:

            def find(connection: Connection, after: int = last) -> list[tuple[int, str, str]]:
                if batch.copies is not None:
                    return rows_after(connection, batch, after, ROWS)
                run = connection.execute(
                    "SELECT first_job, objects FROM run WHERE id = ?", (batch.run_id,)
                ).fetchone()
                return connection.execute(
                    "SELECT id, key, version_id FROM job WHERE id BETWEEN ? AND ? AND batch_id = ?"
                    " AND state = 'planned' ORDER BY id LIMIT ?",
                    (max(run[0], after + 1), run[0] + run[1] - 1, batch.id, ROWS),
                ).fetchall()

            some = await self._reader.run(find)
            if not some:
                return
            last = some[-1][0]
            yield [(key, version) for _, key, version in some]

    # --- then-steps that copy

    def copying(self, run_id: int, step_id: int) -> BatchList:
        """The jobs that copy for a then-step; quick enough for a repaint."""
        ours = self.peek_of_run(run_id)
        return [batch for batch in ours if batch.copies is not None and batch.copies.step_id == step_id]

    async def assign_copies(self, run_id: int, step_id: int, *, tried: int | None = 0) -> int:
        """Put what waits for a then-step into jobs, as was agreed to; how many objects a job can copy.

        ``tried`` None: one object into one job, to see where its copy comes to lie; else the one that was, if any.
        """
        now = self._clock.now().timestamp()
        return await self._writer.do(lambda tx: assign_copies(tx, run_id, step_id, now, tried=tried))

    # --- progress

    async def uploaded(self, batch_id: int, region: str, bucket: str, key: str, etag: str) -> None:
        """Record that the manifest was uploaded."""
        await self._note(
            batch_id,
            "phase = 'uploaded', region = :region, manifest_bucket = :bucket, manifest_key = :key,"
            " manifest_etag = :etag",
            {"region": region, "bucket": bucket, "key": key, "etag": etag},
        )

    async def hold(self, batch: BatchJob, problem: str) -> None:
        """Withdraw the confirmation: the job waits for a person again, because of ``problem``."""
        await self._note(batch.id, "confirmed_at = NULL, problem = :problem", {"problem": problem}, problem)

    async def misplaced(self, batch: BatchJob, problem: str) -> None:
        """Record that what it copied does not lie where it belongs."""
        await self._note(batch.id, "problem = :problem", {"problem": problem}, f"job {batch.job_id} {problem}")

    async def creating(self, batch_id: int) -> None:
        """Record, ahead of the request, that CreateJob is about to be sent."""
        now = self._clock.now().timestamp()
        await self._note(batch_id, "phase = 'creating', sent_at = coalesce(sent_at, :now)", {"now": now})

    async def created(self, batch_id: int, job_id: str) -> None:
        """Record the id that CreateJob gave."""
        text = f"job {job_id} was created"
        await self._note(batch_id, "phase = 'created', job_id = :job", {"job": job_id}, text)

    async def observed(self, batch: BatchJob, info: JobInfo) -> None:
        """Record what DescribeJob or ListJobs says of it now."""
        text = f"job {info.job_id}: {info.status}" if info.status != batch.status else ""
        problem = "; ".join(f"{code}: {reason}" for code, reason in info.failures)
        values = (info.status, info.total, info.succeeded, info.failed, info.elapsed_s)
        if values == (batch.status, batch.total, batch.succeeded, batch.failed, batch.elapsed_s):
            return
        await self._note(
            batch.id,
            "status = :status, total = :total, succeeded = :succeeded, failed = :failed, elapsed_s = :elapsed,"
            " problem = CASE WHEN :problem = '' THEN problem ELSE :problem END,"
            " ended_at = coalesce(:ended, ended_at)",
            {
                "status": info.status, "total": info.total, "succeeded": info.succeeded, "failed": info.failed,
                "elapsed": info.elapsed_s, "problem": problem,
                "ended": info.ended.timestamp() if info.ended else None,
            },
            text,
        )  # fmt: skip

    def report_keys(self, batch: BatchJob) -> ReportKeys:
        """For finding the objects of a completion report; every row is to be looked through first."""
        row = self._quick.row("SELECT first_job, objects FROM run WHERE id = ?", (batch.run_id,))
        first, objects = row or (0, 0)
        return ReportKeys(batch, first, objects)

    async def look_through(self, keys: ReportKeys, rows: Sequence[ReportRow]) -> None:
        """See what some rows tell of how the report writes keys."""
        await self._reader.run(lambda connection: keys.look_through(connection, rows))

    async def as_known(self, keys: ReportKeys, rows: Sequence[ReportRow]) -> list[ReportRow]:
        """The rows with the keys of their objects."""
        return await self._reader.run(lambda connection: [keys.as_known(connection, row) for row in rows])

    async def report_rows(
        self, batch: BatchJob, rows: Sequence[ReportRow], keys: ReportKeys, at: float, *, successes: bool
    ) -> int:
        """Join rows of the completion report to the job's objects; how many were not found among them.

        Successes are told one by one only where they do not go without saying.
        """
        return await self._writer.do(lambda tx: join_report(tx, batch, rows, keys, at, successes=successes))

    async def settle(
        self,
        batch: BatchJob,
        state: State,
        reason: str,
        at: float,
        *,
        report: str = "",
        problem: str = "",
        status: str = "",
        code: str = "",
    ) -> int:
        """Settle a job that is over: its objects still planned go to ``state``; how many there were.

        In steps: millions in one transaction keep all who write waiting. What a crash leaves is planned still.
        """

        def end(tx: Tx, after: int) -> tuple[int, int | None]:
            where = f"{_IN.format(batch.id)} AND id > {after}"
            step = batch.run_id, JOBS_A_STEP - 1
            last = tx.row(f"SELECT id FROM job WHERE run_id = ? AND {where} ORDER BY id LIMIT 1 OFFSET ?", step)
            where = where if last is None else f"{where} AND id <= {last[0]}"
            if state in (State.REQUESTED, State.UNKNOWN):
                column = "requested_at" if state is State.REQUESTED else "attempt_at"
                asked = tx.run(f"UPDATE job SET {column} = ? WHERE run_id = ? AND {where}", (at, batch.run_id))
                if asked and state is State.REQUESTED:
                    tx.run(
                        "UPDATE run SET first_requested_at = min(coalesce(first_requested_at, :at), :at),"
                        " last_requested_at = max(coalesce(last_requested_at, :at), :at) WHERE id = :run",
                        {"at": at, "run": batch.run_id},
                    )
            elif state is State.FAILED:
                tx.run(
                    f"UPDATE job SET reason = ?, code = ?, message = ? WHERE run_id = ? AND {where}",
                    (reason, code or "JobFailed", problem, batch.run_id),
                )
            moved = move_all(tx, batch.run_id, where, state, at, reason)
            if last is not None:
                return moved, int(last[0])
            tx.run(
                "UPDATE batch SET phase = 'settled', report = ?, problem = CASE WHEN ? = '' THEN problem ELSE ? END,"
                " status = CASE WHEN ? = '' THEN status ELSE ? END, ended_at = coalesce(ended_at, ?) WHERE id = ?",
                (report, problem, problem, status, status, at, batch.id),
            )
            _tell(tx, batch, at, reason)
            return moved, None

        moved, behind = await self._writer.do(partial(end, after=0))
        while behind is not None:
            some, behind = await self._writer.do(partial(end, after=behind))
            moved += some
        return moved

    async def close_gaps(self, run_id: int) -> int:
        """Reconcile objects that a look found untouched after their job had ended: no job will ask for them now."""
        now = self._clock.now().timestamp()
        gaps = self._quick.rows(
            "SELECT t.id, t.status, t.problem FROM batch t WHERE t.run_id = ? AND t.phase = 'settled'", (run_id,)
        )
        if not gaps:
            return 0

        def close(tx: Tx) -> int:
            closed = 0
            for batch_id, status, problem in gaps:
                where = _IN.format(int(batch_id))
                state = State.CANCELLED if status == "Cancelled" else State.FAILED
                reason = f"its job ended ({status or 'unknown'}) before it was asked for"
                if status == "Complete":
                    reason = "its task failed, and no completion report says why"
                if state is State.FAILED:
                    tx.run(
                        f"UPDATE job SET reason = ?, code = 'JobFailed', message = ? WHERE run_id = ? AND {where}",
                        (reason, problem, run_id),
                    )
                closed += move_all(tx, run_id, where, state, now, reason)
            return closed

        return await self._writer.do(close)

    async def cleaned(self, batch_id: int) -> None:
        """Record that manifest and report were deleted."""
        now = self._clock.now().timestamp()
        await self._note(batch_id, "cleaned_at = :now", {"now": now}, "its manifest and report were deleted")

    async def priority(self, batch: BatchJob, options: BatchOptions) -> None:
        """Record another priority."""
        text = f"priority is {options.priority}"
        stored = options_text(options, batch.generator)
        await self._note(batch.id, "options = :options", {"options": stored}, text)

    async def _note(self, batch_id: int, what: str, values: Mapping[str, object], text: str = "") -> None:
        now = self._clock.now().timestamp()

        def note(tx: Tx) -> None:
            tx.run(f"UPDATE batch SET {what} WHERE id = :batch", {**values, "batch": batch_id})
            row = tx.row("SELECT run_id FROM batch WHERE id = ?", (batch_id,))
            if text and row is not None:
                tx.run("INSERT INTO activity (at, kind, run_id, text) VALUES (?, 'batch', ?, ?)", (now, row[0], text))
                tx.touch(change_feed.ACTIVITY)
            tx.touch(change_feed.BATCHES)

        await self._writer.do(note)


def _tell(tx: Tx, batch: BatchJob, at: float, text: str) -> None:
    name = f"job {batch.job_id}" if batch.job_id else "a job that was not created"
    tx.run(
        "INSERT INTO activity (at, kind, run_id, text) VALUES (?, 'batch', ?, ?)",
        (at, batch.run_id, f"{name}: {text}"),
    )
    tx.touch(change_feed.BATCHES, change_feed.ACTIVITY, change_feed.RUNS, change_feed.run_topic(batch.run_id))
