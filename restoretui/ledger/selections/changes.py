"""Changes of sets of marks: each is one transaction, or several in steps, and what undoes it.

One change of a session's marks is made after the other, as they were asked for; what other sets hold, and what others
write, waits for none of them.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import NamedTuple

from msgspec import Struct

from restoretui.core.clock import Clock
from restoretui.core.errors import LedgerError, UsageError
from restoretui.ledger.marks import stored_marks
from restoretui.ledger.marks.pending_marks import PendingMarks
from restoretui.ledger.records import SelectionSummary
from restoretui.ledger.selections.history import History, Step, forget_sets, is_kept, live_of
from restoretui.ledger.selections.marked_objects import TOTALS, MarkedObjects, summary_of
from restoretui.ledger.store import change_feed
from restoretui.ledger.store.quick_reads import QuickReads
from restoretui.ledger.store.reader import ReaderThread
from restoretui.ledger.store.writer import Tx, Writer

ROWS_A_STEP = 20_000
"""That are marked one by one in one transaction: others who write wait for about 0.1 s."""


class _ChangeBegun(NamedTuple):
    """A change under way."""

    live: int
    """The set that it is made in."""
    before: SelectionSummary
    step: Step | None
    """None where nobody can undo it."""


class LongChange(Struct):
    """A change that is made in steps."""

    live: int
    """The set that it is made in."""
    summary: SelectionSummary
    """What is marked in it: before, and once it is over, after."""


class ChangingMarks(MarkedObjects):
    """Sets of marks that change."""

    def __init__(
        self, writer: Writer, reader: ReaderThread, quick: QuickReads, clock: Clock, pending: PendingMarks
    ) -> None:
        super().__init__(reader, quick, clock)
        self._writer = writer
        self._pending = pending
        self._history: History | None = None
        self._forgotten: list[int] = []
        """Sets that nobody will ask for any more: they go with the next change."""
        self._own: set[int] = set()
        """Those that held what is on screen, sooner or later."""
        self._changing = asyncio.Lock()

    @property
    def threads(self) -> tuple[Writer, ReaderThread, QuickReads]:
        """What reads and writes the sets, for who knows whose they are."""
        return self._writer, self._reader, self._quick

    # --- what is on screen

    @property
    def shown(self) -> int:
        """The set that holds the marks on screen; unmarking all, and undoing that, changes it."""
        return self._pending.shown

    def show(self, sel: int) -> None:
        """Have another set on screen, and remember from now on how to undo what is done to it."""
        self._pending.shown = sel
        self._history = History()
        self._own = {sel}

    @property
    def is_untouched(self) -> bool:
        """Nothing was done that could be undone or done again."""
        return self._history is None or not (self._history.done or self._history.undone)

    @property
    def can_undo(self) -> bool:
        """The marks were changed."""
        return self._history is not None and bool(self._history.done)

    @property
    def can_redo(self) -> bool:
        """A change was undone, and none was made since."""
        return self._history is not None and bool(self._history.undone)

    async def undo(self) -> SelectionSummary:
        """Take the last change of the marks back; ``UsageError`` when there is none."""

        async def work() -> SelectionSummary:
            history, now = self._history, self._clock.now().timestamp()
            if history is None or not history.done:
                raise UsageError("there is no change of the marks to undo")
            step = history.done.pop()

            def back(tx: Tx) -> tuple[int, SelectionSummary]:
                added = History.undo(tx, step, now)
                return added, self._changed(tx, step.before, now)

            added, summary = await self._writer.do(back)
            self._pending.shown = step.before
            history.undone.append((step, added))
            return summary

        async with self._alone(self.shown):
            return await asyncio.shield(work())

    async def redo(self) -> SelectionSummary:
        """Make the change again that was undone last; ``UsageError`` when there is none."""

        async def work() -> SelectionSummary:
            history, now = self._history, self._clock.now().timestamp()
            if history is None or not history.undone:
                raise UsageError("there is no change of the marks to do again")
            step, added = history.undone.pop()

            def forth(tx: Tx) -> SelectionSummary:
                History.redo(tx, step, added)
                return self._changed(tx, step.after, now)

            summary = await self._writer.do(forth)
            self._pending.shown = step.after
            history.done.append(step)
            return summary

        async with self._alone(self.shown):
            return await asyncio.shield(work())

    # --- how a change is made

    async def _put_aside(
        self, sel: int, history: History, is_all: Callable[[Tx, int], bool] = lambda _tx, _sel: True
    ) -> SelectionSummary | None:
        """Unmark everything; None, and nothing is, where it is not what was meant."""
        now = self._clock.now().timestamp()

        def aside(tx: Tx) -> tuple[SelectionSummary | None, Step | None]:
            live = live_of(tx, sel)
            if not is_all(tx, live):
                return None, None
            if not is_kept(tx, live):
                stored_marks.clear(tx, live)
                return self._changed(tx, live, now), None
            step = None
            if tx.row("SELECT 1 FROM selection_total WHERE sel = ? AND objects > 0", (live,)) is not None:
                step = History.put_aside(tx, live, now)
                tx.touch(change_feed.selection_topic(live))
            return self._changed(tx, live if step is None else step.after, now), step

        summary, step = await self._writer.do(aside)
        if step is not None:
            self._pending.shown = step.after
            self._own.add(step.after)
            self._forgotten += history.note(step)
        return summary

    async def _replace(self, old: int, fill: Callable[[Tx, int], None]) -> SelectionSummary:
        """Put what is marked aside, and mark what ``fill`` does in the empty set: undone at once."""
        now = self._clock.now().timestamp()

        def work(tx: Tx) -> tuple[SelectionSummary, Step]:
            step = History.put_aside(tx, old, now)
            fill(tx, step.after)
            tx.touch(change_feed.selection_topic(old))
            return self._changed(tx, step.after, now), step

        summary, step = await self._writer.do(work)
        self._pending.shown = step.after
        self._own.add(step.after)
        return self._noted(summary, step)

    async def _change(self, sel: int, change: Callable[[Tx, int], None]) -> SelectionSummary:
        """``change`` is given the set to change: where ``sel`` was put aside meanwhile, the one in its place."""
        now = self._clock.now().timestamp()

        def work(tx: Tx) -> tuple[SelectionSummary, Step | None]:
            begun = self._begin(tx, sel, now, forgotten)
            change(tx, begun.live)
            return self._end(tx, begun, now)

        async with self._alone(sel):
            forgotten, self._forgotten = self._forgotten, []
            return self._noted(*await self._writer.do(work))

    @asynccontextmanager
    async def _long_change(self, sel: int) -> "AsyncIterator[LongChange]":
        """One change of very many rows, in as many transactions as are made meanwhile: others write between them.

        What is done when it fails, or is given up, stays, and can be undone: at once, where nothing was marked
        before, since that takes no row away again but shows the empty set.
        """
        now = self._clock.now().timestamp()
        async with self._alone(sel):
            forgotten, self._forgotten = self._forgotten, []
            begun = await self._writer.do(lambda tx: self._begin(tx, sel, now, forgotten, anew=True))
            if begun.step is not None:
                self._pending.shown = begun.live
                self._own.add(begun.live)
            change = LongChange(begun.live, begun.before)
            try:
                yield change
            finally:
                change.summary = self._noted(*await self._writer.do(lambda tx: self._end(tx, begun, now)))

    @asynccontextmanager
    async def _alone(self, sel: int) -> AsyncIterator[None]:
        """Of changes of what is on screen, and was, one at a time."""
        if sel not in self._own:
            yield
            return
        async with self._changing:
            yield

    def _begin(self, tx: Tx, sel: int, now: float, forgotten: list[int], *, anew: bool = False) -> _ChangeBegun:
        forget_sets(tx, forgotten)
        if tx.row("SELECT 1 FROM selection_set WHERE id = ?", (sel,)) is None:
            raise LedgerError("this selection was dropped")
        live = live_of(tx, sel)
        before = summary_of(tx.rows(TOTALS, (live,)))
        if self._history is None or not is_kept(tx, live):
            return _ChangeBegun(live, before, None)
        if not anew or before.objects:
            return _ChangeBegun(live, before, History.begin(tx, live, now))
        tx.touch(change_feed.selection_topic(live))
        step = History.put_aside(tx, live, now)
        return _ChangeBegun(step.after, before, step)

    def _end(self, tx: Tx, begun: _ChangeBegun, now: float) -> tuple[SelectionSummary, Step | None]:
        summary, step = self._changed(tx, begun.live, now), begun.step
        if step is not None and not History.end(tx, step) and begun.before == summary:
            forget_sets(tx, [step.taken])  # It changed nothing: there is nothing to undo.
            step = None
        return summary, step

    def _noted(self, summary: SelectionSummary, step: Step | None) -> SelectionSummary:
        if self._history is not None and step is not None:
            self._forgotten += self._history.note(step)
        return summary

    @staticmethod
    def _changed(tx: Tx, sel: int, now: float) -> SelectionSummary:
        tx.run("UPDATE selection_set SET revision = revision + 1, changed_at = ? WHERE id = ?", (now, sel))
        tx.touch(change_feed.selection_topic(sel))
        return summary_of(tx.rows(TOTALS, (sel,)))
