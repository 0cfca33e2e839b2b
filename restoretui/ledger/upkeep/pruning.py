"""Pruning: runs that are over are removed on request, with their jobs and their part of the audit log.

A run gets a tombstone in one transaction, which leaves one line in the log; from then on it is not there for
anybody. Its rows go in steps after that. Only rows of runs so declared can leave the trail (see the trigger in
``schema``), and the next process finishes what a killed one had begun.
"""

import asyncio
from collections.abc import Sequence
from sqlite3 import Connection
from typing import Any, NamedTuple

from restoretui.core.clock import Clock
from restoretui.ledger.catalog.retention import in_steps
from restoretui.ledger.key_lists import KeyLists
from restoretui.ledger.run_records import WAITING
from restoretui.ledger.runs.run_commands import lists_named
from restoretui.ledger.store import change_feed
from restoretui.ledger.store.reader import ReaderThread
from restoretui.ledger.store.writer import Tx, Writer
from restoretui.ledger.views.fact_sql import names

_MINE = "j.run_id = r.id AND j.id BETWEEN r.first_job AND r.first_job + r.objects - 1"
# Sent without days it came back for good: there is no copy whose end is to be seen.
_LASTS = (
    "j.state = 'available'"
    " AND CASE WHEN j.expiry IS NULL THEN n.days IS NOT NULL OR j.adopted ELSE j.expiry > :now END"
    # What was copied in place is no copy that ends.
    " AND NOT EXISTS (SELECT 1 FROM then_step s JOIN then_task t ON t.step_id = s.id AND t.job_id = j.id"
    " WHERE s.run_id = r.id AND s.kind = 'copy' AND s.target = '' AND t.state = 'done')"
)
_WHY = (
    "CASE WHEN EXISTS (SELECT 1 FROM run_count c WHERE c.run_id = r.id AND c.jobs > 0"
    f" AND c.state IN ({names(WAITING)}))"
    f" OR EXISTS (SELECT 1 FROM job j WHERE {_MINE} AND j.state IN ({names(WAITING)})) THEN 'not over'"
    f" WHEN EXISTS (SELECT 1 FROM job j JOIN line n ON n.id = j.line_id WHERE {_MINE} AND {_LASTS})"
    " THEN 'copies last'"
    " WHEN EXISTS (SELECT 1 FROM batch t WHERE t.run_id = r.id AND t.phase <> 'settled') THEN 'job not over'"
    " WHEN EXISTS (SELECT 1 FROM then_step s JOIN then_count k ON k.step_id = s.id WHERE s.run_id = r.id"
    " AND k.tasks > 0 AND k.state IN ('blocked', 'ready', 'doing')) THEN 'then-steps not over'"
    " WHEN EXISTS (SELECT 1 FROM lease l WHERE l.name = 'run:' || r.id AND l.holder <> '' AND l.expires_at > :wall"
    " AND l.expires_at < :wall + 3600) THEN 'in use'"
    " ELSE '' END"
)
"""Why a run must stay, in a word; empty when it may go."""

REASONS = {
    "not over": "something of them is still to be sent, looked up or restored",
    "copies last": "restored copies of them have not expired",
    "job not over": "an S3 Batch Operations job of them is not settled",
    "then-steps not over": "something is still to be done with objects of them (`restoretui watch`)",
    "in use": "another process is at work on them",
    "too young": "they are not old enough, or among those to keep",
}


class Prunable(NamedTuple):
    """A run that may go."""

    run_id: int
    ended_at: float
    objects: int
    entries: int
    """Lines of the trail that are about it."""
    size_bytes: int
    """About what it takes of the ledger's file."""


class Findings(NamedTuple):
    """What a prune would remove, oldest first, and how many runs stay for which of ``REASONS``."""

    runs: Sequence[Prunable]
    staying: dict[str, int]


class Pruner:
    """Finds and removes runs that are over. Made by ``Ledger``; its coroutines raise ``LedgerError``."""

    def __init__(self, writer: Writer, reader: ReaderThread, clock: Clock, lists: KeyLists) -> None:
        """``lists`` that runs name go with them."""
        self._writer = writer
        self._lists = lists
        self._reader = reader
        self._clock = clock

    async def find(self, older_than_s: float, keep: int = 0) -> Findings:
        """Runs whose last awaited object was settled so long ago, but for the newest ``keep``. Changes nothing."""
        now, wall = self._clock.now().timestamp(), self._clock.wall()

        def look(connection: Connection) -> Findings:
            return _find(connection, now - older_than_s, keep, {"now": now, "wall": wall})

        return await self._reader.run(look)

    async def remove(self, run_ids: Sequence[int]) -> list[int]:
        """Remove these runs, but for those that may not go by now; the ids of those removed. One line says so."""
        now, wall = self._clock.now().timestamp(), self._clock.wall()

        named = set().union(*[lists_named([row]) for row in await self._commands(run_ids)])

        def declare(tx: Tx) -> list[int]:
            gone = [run_id for run_id in run_ids if _declare(tx, run_id, {"now": now, "wall": wall})]
            if gone:
                told = tx.row(
                    "SELECT count(*), sum(last_job - first_job + 1) FROM pruned WHERE at = ? AND run_id IN"
                    f" ({_listed(gone)})",
                    (now,),
                )
                objects = 0 if told is None else int(told[1])
                plural = "run" if len(gone) == 1 else "runs"
                tx.run(
                    "INSERT INTO activity (at, kind, text) VALUES (?, 'run', ?)",
                    (now, f"removed on request: {plural} {ranges(gone)}, {objects:,} objects, and their entries"),
                )
                tx.touch(
                    change_feed.RUNS, change_feed.ACTIVITY, change_feed.BATCHES, *map(change_feed.run_topic, gone)
                )
            return gone

        gone = await self._writer.do(declare)
        if gone:
            left = lists_named(await self._commands())
            await asyncio.to_thread(self._lists.remove, named - left)
        await self.finish()
        return gone

    async def finish(self) -> None:
        """Remove what is left of runs that were declared removed, and lists of keys that are of no use any more."""
        await in_steps(self._writer, _remove_some)
        named = lists_named(await self._commands())
        await asyncio.to_thread(self._lists.sweep, named, self._clock.wall())

    async def _commands(self, run_ids: Sequence[int] | None = None) -> list[tuple[Any, ...]]:
        """The commands kept with runs; of all, or of these."""
        which = "1" if run_ids is None else f"run_id IN ({_listed(run_ids)})"

        def read(connection: Connection) -> list[tuple[Any, ...]]:
            return connection.execute(f"SELECT commands FROM run_command WHERE {which}").fetchall()

        return await self._reader.run(read)


def _find(connection: Connection, before: float, keep: int, args: dict[str, float]) -> Findings:
    rows = connection.execute(
        f"SELECT r.id, coalesce(r.ended_at, r.created_at), r.objects, {_WHY} FROM run r ORDER BY r.id DESC", args
    ).fetchall()
    staying: dict[str, int] = {}
    found: list[tuple[int, float, int]] = []
    for rank, (run_id, ended_at, objects, why) in enumerate(rows):
        reason = why or ("too young" if rank < keep or ended_at > before else "")
        if reason:
            staying[reason] = staying.get(reason, 0) + 1
        else:
            found.append((run_id, ended_at, objects))
    if not found:
        return Findings([], staying)
    (pages,), (free,), (page,) = (
        connection.execute(f"PRAGMA main.{what}").fetchone() for what in ("page_count", "freelist_count", "page_size")
    )
    (all_jobs,) = connection.execute("SELECT count(*) FROM job").fetchone()
    (all_entries,) = connection.execute("SELECT count(*) FROM activity").fetchone()
    a_row = (pages - free) * page / max(1, all_jobs + all_entries)
    runs = []
    for run_id, ended_at, objects in found:
        (entries,) = connection.execute("SELECT count(*) FROM activity WHERE run_id = ?", (run_id,)).fetchone()
        runs.append(Prunable(run_id, ended_at, objects, entries, int((objects + entries) * a_row)))
    return Findings(runs[::-1], staying)


def _declare(tx: Tx, run_id: int, args: dict[str, float]) -> bool:
    row = tx.row(f"SELECT r.first_job, r.objects, {_WHY} FROM run r WHERE r.id = :run", {**args, "run": run_id})
    if row is None or row[2]:
        return False
    (last,) = tx.row("SELECT coalesce(max(id), 0) FROM activity") or (0,)
    tx.run(
        "INSERT INTO pruned (run_id, first_job, last_job, last_activity, at) VALUES (?, ?, ?, ?, ?)",
        (run_id, row[0], row[0] + row[1] - 1, last, args["now"]),
    )
    for sums in ("run_count", "flow", "run_command"):
        tx.run(f"DELETE FROM {sums} WHERE run_id = ?", (run_id,))
    tx.run("DELETE FROM run WHERE id = ?", (run_id,))
    return True


def _remove_some(tx: Tx, rows: int) -> bool:
    """Some rows of a run that was declared removed; jobs from the lowest id up, so that no id is given out twice."""
    row = tx.row("SELECT run_id, first_job, last_job FROM pruned WHERE NOT is_done ORDER BY run_id LIMIT 1")
    if row is None:
        return False
    run_id, first, last = row
    if tx.run(
        "DELETE FROM then_task WHERE id IN (SELECT t.id FROM then_task t JOIN then_step s ON s.id = t.step_id"
        " WHERE s.run_id = ? LIMIT ?)",
        (run_id, rows),
    ):
        return True
    tx.run("DELETE FROM then_count WHERE step_id IN (SELECT id FROM then_step WHERE run_id = ?)", (run_id,))
    # Entries first: while they are there, they may speak of a job by its id.
    rest = tx.run(
        "DELETE FROM activity WHERE id IN (SELECT id FROM activity WHERE run_id = ? LIMIT ?)", (run_id, rows)
    )
    if rest:
        return True
    if tx.run(
        "DELETE FROM job_answer WHERE job_id IN"
        " (SELECT job_id FROM job_answer WHERE job_id BETWEEN ? AND ? ORDER BY job_id LIMIT ?)",
        (first, last, rows),
    ):
        return True
    rest = tx.run(
        "DELETE FROM job WHERE id IN"
        " (SELECT id FROM job WHERE id BETWEEN ? AND ? AND run_id = ? ORDER BY id LIMIT ?)",
        (first, last, run_id, rows),
    )
    if rest:
        return True
    for table in ("line", "batch", "then_step"):
        tx.run(f"DELETE FROM {table} WHERE run_id = ?", (run_id,))
    tx.run("UPDATE pruned SET is_done = 1 WHERE run_id = ?", (run_id,))
    tx.touch(change_feed.RUNS, change_feed.ACTIVITY, change_feed.BATCHES)
    return True


def ranges(numbers: Sequence[int]) -> str:
    """``1-3, 7``."""
    parts: list[list[int]] = []
    for number in sorted(numbers):
        if parts and number == parts[-1][1] + 1:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in parts)


def _listed(ids: Sequence[int]) -> str:
    return ", ".join(str(int(run_id)) for run_id in ids)
