"""The ledger as a whole: two SQLite files, the writer thread, three reader threads, and the screen's quick reads."""

import asyncio
import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from restoretui.core.clock import Clock
from restoretui.core.errors import LedgerError
from restoretui.ledger.key_lists import KeyLists
from restoretui.ledger.store import change_feed
from restoretui.ledger.store.change_feed import Changes
from restoretui.ledger.store.connections import (
    LedgerConnections,
    Prepared,
    open_connections,
    patiently,
    prepare_files,
)
from restoretui.ledger.store.leases import Leases
from restoretui.ledger.store.other_processes import OtherProcesses
from restoretui.ledger.store.quick_reads import QuickReads
from restoretui.ledger.store.reader import ReaderThread
from restoretui.ledger.store.state_folder import ScratchSpace, prepare_folder
from restoretui.ledger.store.write_lock import WriteLock
from restoretui.ledger.store.writer import Tx, Writer
from restoretui.ledger.views.materialised_order import OrderBuilder

if TYPE_CHECKING:  # what not every command needs is loaded when it is first asked for
    from restoretui.ledger.activity import ActivityLog
    from restoretui.ledger.batches.batch_jobs import BatchJobs
    from restoretui.ledger.catalog.catalog import Catalog
    from restoretui.ledger.catalog.totals import Totals
    from restoretui.ledger.marks.pending_marks import PendingMarks
    from restoretui.ledger.places import Places
    from restoretui.ledger.runs.runs import Runs
    from restoretui.ledger.selections.mark_sets import MarkSets
    from restoretui.ledger.selections.selections import Selections
    from restoretui.ledger.then.then_tasks import ThenTasks
    from restoretui.ledger.upkeep.ledger_info import LedgerInfo
    from restoretui.ledger.upkeep.pruning import Pruner


class Ledger:
    """The facade over all repositories of the store, for one event loop. Made by ``open``, ended by ``aclose``."""

    def __init__(
        self,
        folder: Path,
        clock: Clock,
        connections: LedgerConnections,
        scratch: ScratchSpace,
        prepared: Prepared,
        poll_s: float,
    ) -> None:
        self.folder = folder
        self.set_aside = prepared.set_aside
        """Where a damaged or foreign catalog was moved to when this ledger was opened; marks were lost with it."""
        self.note = prepared.note
        """What a person should know of how it was opened; mostly nothing."""
        self.problem: LedgerError | None = None
        """Why what nobody waited for could not be written, until that works again; topic ``ledger``."""
        self.changes = Changes()
        self._connections = connections
        self._scratch = scratch
        self._others = OtherProcesses(self.changes)
        self._writer = Writer(connections.writer, folder, self.changes.publish, self._others.look, poll_s=poll_s)
        self._reader = ReaderThread(connections.reader, folder)
        self._quick = QuickReads(connections.window, folder)
        # Threads of their own: what the screen is to show must not wait for what it adds up.
        self._builder = ReaderThread(connections.builder, folder, "ledger-builder")
        self._glancer = ReaderThread(connections.glancer, folder, "ledger-glancer")
        self._orders = OrderBuilder(self._builder, self._glancer, self._quick, self.changes)
        self.leases = Leases(self._writer, clock)
        self.key_lists = KeyLists(folder)
        self._closed = False
        self._clock = clock
        self._loop = asyncio.get_running_loop()

    @property
    def scratch_folder(self) -> Path:
        """A folder of this process alone, which goes with it."""
        return self._scratch.folder

    # --- parts that not every command needs; the screens have them loaded before they open it (``lifetime``) -------

    @cached_property
    def runs(self) -> "Runs":
        """What was confirmed, and how far it is."""
        from restoretui.ledger.runs.runs import Runs

        return Runs(self._writer, self._reader, self._quick, self._clock, self._orders)

    @cached_property
    def catalog(self) -> "Catalog":
        """What was listed, and what was seen since."""
        from restoretui.ledger.catalog.browse_view import BrowseContext
        from restoretui.ledger.catalog.catalog import Catalog
        from restoretui.ledger.catalog.page_queue import PageQueue
        from restoretui.ledger.catalog.retention import Retention

        views = BrowseContext(self._orders, self._reader, self._quick, self.changes, self._clock, self._pending)
        upkeep = Retention(self._writer, self._clock, self.folder, self._scratch.name)
        pages = PageQueue(self._writer, self._loop, self._report)
        return Catalog(self._writer, self._quick, self._clock, views, pages, upkeep)

    @cached_property
    def totals(self) -> "Totals":
        """What lies below prefixes, by class and state."""
        from restoretui.ledger.catalog.totals import Totals

        return Totals(self._writer, self._reader, self._quick, self._clock)

    @cached_property
    def selections(self) -> "Selections":
        """What is marked, and how to undo it."""
        from restoretui.ledger.selections.selections import Selections

        return Selections(self._writer, self._reader, self._quick, self._clock, self._pending)

    @cached_property
    def mark_sets(self) -> "MarkSets":
        """Sets of marks: of sessions, and with a name."""
        from restoretui.ledger.selections.mark_sets import MarkSets

        return MarkSets(self.selections, self._glancer, self._clock, self.folder, self._scratch.name)

    @cached_property
    def _pending(self) -> "PendingMarks":
        from restoretui.ledger.marks.pending_marks import PendingMarks
        from restoretui.ledger.selections.selections import Selections

        return PendingMarks(Selections.MARKS)

    @cached_property
    def activity(self) -> "ActivityLog":
        """The audit trail."""
        from restoretui.ledger.activity import ActivityLog

        return ActivityLog(self._writer, self._reader, self._quick, self._clock, self._orders)

    @cached_property
    def places(self) -> "Places":
        """Where somebody was, and what was bookmarked."""
        from restoretui.ledger.places import Places

        return Places(self._writer, self._quick, self._clock)

    @cached_property
    def batches(self) -> "BatchJobs":
        """Jobs of S3 Batch Operations."""
        from restoretui.ledger.batches.batch_jobs import BatchJobs

        return BatchJobs(self._writer, self._reader, self._quick, self._clock)

    @cached_property
    def then(self) -> "ThenTasks":
        """What is done with objects once they can be read."""
        from restoretui.ledger.then.then_tasks import ThenTasks

        return ThenTasks(self._writer, self._reader, self._quick, self._clock)

    @cached_property
    def pruner(self) -> "Pruner":
        """Takes runs out that are long over."""
        from restoretui.ledger.upkeep.pruning import Pruner

        return Pruner(self._writer, self._reader, self._clock, self.key_lists)

    @classmethod
    async def open(cls, folder: Path, clock: Clock, *, poll_s: float = 0.5) -> Self:
        """Open the ledger in ``folder``, made if need be. ``LedgerError`` says why it cannot be used as it is.

        ``poll_s`` is how often commits of other processes are looked for while anybody listens.
        """
        is_wanted = True

        def prepare() -> tuple[Path, LedgerConnections, ScratchSpace, Prepared]:
            private = prepare_folder(folder)
            prepared = prepare_files(private, clock.now())
            scratch = ScratchSpace.open(private)
            try:
                return private, open_connections(private, scratch), scratch, prepared
            except BaseException:
                scratch.remove()
                raise

        try:
            opened = await asyncio.to_thread(patiently, prepare, may_wait=lambda: is_wanted)
        except BaseException:
            is_wanted = False
            raise
        private, connections, scratch, prepared = opened
        ledger = cls(private, clock, connections, scratch, prepared, poll_s)
        with suppress(sqlite3.Error):  # Whoever needs a file that cannot be read reports it.
            await asyncio.to_thread(ledger._others.begin, Tx(connections.writer))
        ledger._writer.start()
        for reader in ledger._readers:
            reader.start()
        return ledger

    async def vitals(self) -> "LedgerInfo":
        """How large it is, and of what; reads much of it."""
        from restoretui.ledger.upkeep.ledger_info import read_vitals

        return await self._reader.run(lambda connection: read_vitals(connection, self.folder))

    async def give_back(self) -> int:
        """Give freed pages of the ledger back to the disk, in steps; how many bytes."""
        from restoretui.ledger.catalog.retention import give_back, sizes_of

        before = await self._writer.do(lambda tx: sizes_of(tx, "main"))
        return max(0, before.file_bytes - await give_back(self._writer, "main", slack_bytes=0))

    @property
    def lock(self) -> WriteLock:
        """Whether another process keeps us from writing, since when, and who; topic ``ledger`` once that is long."""
        return self._writer.lock

    def leave(self) -> None:
        """The session ends: see ``Catalog.leave``. Another process that writes is waited for only a little longer."""
        self._writer.lock.leave()
        if "catalog" in self.__dict__:  # else nobody has asked for it, and there is nothing to leave
            self.catalog.leave()

    async def aclose(self) -> None:
        """Write what is queued and let go of the files."""
        if self._closed:
            return
        self._closed = True
        await self._orders.aclose()
        await asyncio.to_thread(self._stop)
        self._quick.close()
        await asyncio.to_thread(self._close)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.aclose()

    @property
    def _readers(self) -> Sequence[ReaderThread]:
        return (self._reader, self._builder, self._glancer)

    def _stop(self) -> None:
        self._writer.stop()
        for reader in self._readers:
            reader.stop()

    def _close(self) -> None:
        for reader in (self._connections.reader, self._connections.builder, self._connections.glancer):
            reader.close()
        # The last to go folds the write-ahead logs into the files.
        self._connections.writer.close()
        self._scratch.remove()

    def _report(self, problem: LedgerError | None) -> None:
        if problem is not self.problem:
            self.problem = problem
            self.changes.publish(change_feed.LEDGER)
