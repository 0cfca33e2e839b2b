"""The repository of then-steps and their tasks."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from sqlite3 import Connection

from restoretui.core.clock import Clock
from restoretui.core.model import ObjectRef
from restoretui.core.then.keeping import KEPT
from restoretui.core.then.steps import ThenEvent, ThenStep
from restoretui.ledger.run_records import BucketSpan
from restoretui.ledger.store.quick_reads import QuickReads
from restoretui.ledger.store.reader import ReaderThread
from restoretui.ledger.store.writer import Writer
from restoretui.ledger.then import changing, writing
from restoretui.ledger.then.step_counts import step_counts
from restoretui.ledger.then.writing import READABLE
from restoretui.ledger.then_records import (
    OPEN,
    EndingCopy,
    StepCount,
    TaskEnd,
    TaskRow,
    TaskState,
    ThenCause,
    ThenTask,
)

MOST_CAUSES = 100
"""Of one run; a command may say something else of each object."""
_OPEN = ", ".join(f"'{state}'" for state in sorted(OPEN))


class ThenTasks:
    """Then-steps. What changes anything returns after it is on disk; plain methods are quick enough for a repaint."""

    def __init__(self, writer: Writer, reader: ReaderThread, quick: QuickReads, clock: Clock) -> None:
        self._writer = writer
        self._reader = reader
        self._quick = quick
        self._clock = clock
        self._in_flight: set[int] = set()

    def of_run(self, run_id: int) -> list[StepCount]:
        """The steps of a run, in their order, with their counts."""
        return step_counts(self._quick, "s.run_id = ?", (run_id,)).get(run_id, [])

    def open_runs(self) -> frozenset[int]:
        """Runs of which a step is still to be done with something that can be read."""
        rows = self._quick.rows(
            "SELECT DISTINCT s.run_id FROM then_count c JOIN then_step s ON s.id = c.step_id"
            f" WHERE c.tasks > 0 AND c.state IN ({_OPEN})"
        )
        return frozenset(row[0] for row in rows)

    async def claim(self, step_id: int, limit: int, spans: Sequence[BucketSpan] | None = None) -> list[ThenTask]:
        """Take up to ``limit`` tasks of a step to do now. On disk before this returns.

        ``spans``: about jobs of those alone.
        """
        now = self._clock.now().timestamp()
        tasks = await self._writer.do(lambda tx: changing.take(tx, step_id, limit, now, spans))
        self._in_flight.update(task.id for task in tasks)
        return tasks

    async def abandoned(self, step_id: int) -> list[ThenTask]:
        """Tasks that were given up and have begun something, which nobody has removed yet."""
        now = self._clock.now().timestamp()
        return await self._writer.do(lambda tx: changing.given_up(tx, step_id, now))

    async def finish(self, ends: Sequence[TaskEnd]) -> None:
        """Record what became of claimed tasks."""
        if ends:
            await self._writer.do(lambda tx: changing.finish(tx, ends))
            self.disown(end.task_id for end in ends)

    def disown(self, task_ids: Iterable[int]) -> None:
        """Nobody here is at work on these any more: to ``recover`` they are those of a dead process."""
        self._in_flight.difference_update(task_ids)

    async def recover(self, run_id: int) -> int:
        """What was begun by a process that is no more can be begun again; how many."""
        ours = frozenset(self._in_flight)
        return await self._writer.do(lambda tx: changing.recover(tx, run_id, ours))

    async def begin_of_run(self, run_id: int) -> int:
        """The next step that is done once for the run can be begun; 0 where there is none."""
        now = self._clock.now().timestamp()
        return await self._writer.do(lambda tx: changing.begin_of_run(tx, run_id, now))

    async def came_to_pass(self, run_id: int, event: ThenEvent) -> int:
        """An event of the run: whoever is told of it can be told; how many steps that are."""
        now = self._clock.now().timestamp()
        return await self._writer.do(lambda tx: writing.came_to_pass(tx, run_id, event, now))

    def waiting(self, event: ThenEvent) -> frozenset[int]:
        """Runs of which somebody is still to be told of that event."""
        rows = self._quick.rows(
            "SELECT DISTINCT s.run_id, s.options FROM then_count c JOIN then_step s ON s.id = c.step_id"
            " WHERE c.tasks > 0 AND c.state = 'waiting'"
        )
        return frozenset(run_id for run_id, options in rows if json.loads(options).get("event") == event)

    async def first_end(self, run_id: int) -> int | None:
        """When the first copy of the run ends that is there; seconds since the epoch."""

        def read(connection: Connection) -> int | None:
            sql = "SELECT min(expiry) FROM job WHERE run_id = ? AND state = 'available'"
            return connection.execute(sql, (run_id,)).fetchone()[0]  # type: ignore[no-any-return]

        return await self._reader.run(read)

    async def try_again(self, run_id: int) -> int:
        """Failed tasks can be begun anew; how many objects."""
        now = self._clock.now().timestamp()
        return await self._writer.do(lambda tx: changing.try_again(tx, run_id, now))

    async def give_up(self, run_id: int) -> int:
        """Cancel what was not begun; how many tasks."""
        now = self._clock.now().timestamp()
        return await self._writer.do(lambda tx: changing.give_up(tx, run_id, now))

    async def path(self, task: ThenTask, wanted: str) -> str:
        """The path of a download below its folder, which it keeps: ``wanted``, unless a neighbour is called alike."""
        return await self._writer.do(lambda tx: changing.set_path(tx, task, wanted))

    async def memorise(self, task_id: int, memo: Mapping[str, object]) -> None:
        """What an attempt has to know of itself should it be begun again."""
        await self._writer.do(lambda tx: changing.memorise(tx, task_id, dict(memo)))

    async def rows(
        self, run_id: int, states: Collection[TaskState] = tuple(TaskState), after: int = 0, limit: int = 1000
    ) -> list[tuple[int, TaskRow]]:
        """Tasks in these states with their ids, in the order they came, from behind one."""
        chosen = ", ".join(f"'{state}'" for state in states)

        def read(connection: Connection) -> list[tuple[int, TaskRow]]:
            found = connection.execute(
                "SELECT t.id, s.kind, s.target, coalesce(j.key, ''), coalesce(j.version_id, ''), t.state,"
                " t.changed_at, t.reason, t.code, t.path, t.output, coalesce(b.name, ''), j.size"
                " FROM then_step s CROSS JOIN then_task t ON t.step_id = s.id LEFT JOIN job j ON j.id = t.job_id"
                " LEFT JOIN bucket b ON b.id = j.bucket_id"
                f" WHERE s.run_id = ? AND t.id > ? AND t.state IN ({chosen}) ORDER BY t.id LIMIT ?",
                (run_id, after, limit),
            ).fetchall()
            return [(row[0], TaskRow._make((*row[1:5], TaskState(row[5]), *row[6:]))) for row in found]

        return await self._reader.run(read)

    async def renamed(self, step_id: int) -> list[tuple[str, str, str, str]]:
        """Downloads that are there: bucket, key, version and path of each whose path is not its key."""

        def read(connection: Connection) -> list[tuple[str, str, str, str]]:
            rows = connection.execute(
                "SELECT b.name, j.key, j.version_id, t.path FROM then_task t JOIN job j ON j.id = t.job_id"
                " JOIN bucket b ON b.id = j.bucket_id WHERE t.step_id = ? AND t.state = 'done' AND t.path <> ''"
                " AND t.path <> j.key AND t.path <> b.name || '/' || j.key ORDER BY t.path",
                (step_id,),
            ).fetchall()
            return [(row[0], row[1], row[2], row[3]) for row in rows]

        return await self._reader.run(read)

    async def causes(self, run_id: int) -> list[ThenCause]:
        """Why steps of the run could not be done, by step in their order, the most frequent reason first."""

        def read(connection: Connection) -> list[ThenCause]:
            rows = connection.execute(
                "SELECT s.kind, s.target, s.options, t.code, t.reason, count(*) FROM then_step s"
                " CROSS JOIN then_task t ON t.step_id = s.id AND t.state = 'failed' WHERE s.run_id = ?"
                " GROUP BY s.id, t.code, t.reason ORDER BY s.place, count(*) DESC, t.reason LIMIT ?",
                (run_id, MOST_CAUSES),
            ).fetchall()
            return [
                ThenCause(ThenStep.from_mapping(kind, target, json.loads(options)), code, reason, objects)
                for kind, target, options, code, reason, objects in rows
            ]

        return await self._reader.run(read)

    def memo_of(self, step_id: int, job_id: int) -> Mapping[str, object]:
        """What a step has written down of what it did with one object; nothing where it did not."""
        sql = "SELECT memo FROM then_task WHERE step_id = ? AND job_id = ? AND job_id > 0 AND state = 'done'"
        row = self._quick.row(sql, (step_id, job_id))
        plain = json.loads(row[0]) if row is not None and row[0] else {}
        return plain if isinstance(plain, Mapping) else {}

    def path_of(self, step_id: int, job_id: int) -> str:
        """The path of a download that is there; empty where none is."""
        sql = "SELECT path FROM then_task WHERE step_id = ? AND job_id = ? AND job_id > 0 AND state = 'done'"
        row = self._quick.row(sql, (step_id, job_id))
        return "" if row is None else str(row[0])

    async def readable(self, run_id: int, after: int, limit: int) -> list[tuple[int, ObjectRef, int | None]]:
        """Objects of a run that can be read, in the order of their jobs, from behind one; and until when."""

        def read(connection: Connection) -> list[tuple[int, ObjectRef, int | None]]:
            rows = connection.execute(
                "SELECT j.id, b.name, j.key, j.version_id, j.expiry, j.state = 'available' FROM job j"
                " JOIN bucket b ON b.id = j.bucket_id WHERE j.run_id = :run AND j.id > :after"
                f" AND (j.state = 'available' OR (j.run_id = :run AND {READABLE})"
                " OR EXISTS (SELECT 1 FROM then_task t JOIN then_step s ON s.id = t.step_id WHERE s.run_id = :run"
                " AND s.kind = 'copy' AND s.target = '' AND t.job_id = j.id AND t.state = 'done'))"
                " ORDER BY j.id LIMIT :limit",
                {"run": run_id, "after": after, "limit": limit},
            ).fetchall()
            return [(row[0], ObjectRef(row[1], row[2], row[3] or None), row[4] if row[5] else None) for row in rows]

        return await self._reader.run(read)

    async def failed_amounts(self, run_id: int) -> list[tuple[ThenStep, str, int, int]]:
        """What failed of each step, by bucket: tasks, and bytes of their objects."""

        def read(connection: Connection) -> list[tuple[ThenStep, str, int, int]]:
            rows = connection.execute(
                "SELECT s.kind, s.target, s.options, coalesce(b.name, ''), count(*), total(max(j.size, 0))"
                " FROM then_step s CROSS JOIN then_task t ON t.step_id = s.id LEFT JOIN job j ON j.id = t.job_id"
                " LEFT JOIN bucket b ON b.id = j.bucket_id WHERE s.run_id = ? AND t.state = 'failed'"
                " GROUP BY s.id, b.name ORDER BY s.place, b.name",
                (run_id,),
            ).fetchall()
            return [
                (ThenStep.from_mapping(row[0], row[1], json.loads(row[2])), row[3], row[4], int(row[5]))
                for row in rows
            ]

        return await self._reader.run(read)

    async def next_due(self, run_id: int) -> float | None:
        """When the first task that rests may be tried again."""
        now = self._clock.now().timestamp()

        def read(connection: Connection) -> float | None:
            row = connection.execute(
                f"SELECT min(CASE WHEN {changing.DUE} THEN :now ELSE t.due_at END) FROM then_step s"
                " CROSS JOIN then_task t ON t.step_id = s.id"
                " WHERE s.run_id = :run AND t.state = 'ready' AND t.due_at IS NOT NULL",
                {"run": run_id, "now": now},
            ).fetchone()
            return None if row is None else row[0]

        return await self._reader.run(read)

    async def ending(self, run_id: int) -> list[EndingCopy]:
        """Copies with an end that somebody is still to do something with, and that were not kept for it before.

        Links read all of a run until they are written.
        """

        def read(connection: Connection) -> list[EndingCopy]:
            rows = connection.execute(
                "SELECT j.id, coalesce(n.archive, n.storage_class), j.expiry, j.available_at, j.changed_at FROM job j"
                " JOIN line n ON n.id = j.line_id"
                " WHERE j.run_id = :run AND j.state = 'available' AND j.expiry IS NOT NULL AND n.reason <> :kept"
                " AND EXISTS (SELECT 1 FROM then_step s CROSS JOIN then_task t ON t.step_id = s.id"
                " AND (t.job_id = j.id OR (t.job_id = 0 AND s.kind = 'presign'))"
                f" WHERE s.run_id = :run AND t.state IN ({_OPEN}))",
                {"run": run_id, "kept": KEPT},
            ).fetchall()
            return [EndingCopy._make(row) for row in rows]

        return await self._reader.run(read)

    def step(self, step_id: int) -> ThenStep | None:
        """One step by its id."""
        row = self._quick.row("SELECT kind, target, options FROM then_step WHERE id = ?", (step_id,))
        return None if row is None else ThenStep.from_mapping(row[0], row[1], json.loads(row[2]))
