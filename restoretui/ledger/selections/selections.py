"""The repository of selections: sets of marked objects that a plan is about.

Set 1 holds the marks on screen and survives restarts. Marks are kept by key, not by row, so that they outlive the
listing they were made in; an object is in a set once, however often it is added.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager

from restoretui.core.clock import Clock
from restoretui.core.errors import LedgerError, UsageError
from restoretui.core.model import ObjectRef
from restoretui.ledger.catalog.browse_view import BrowseView
from restoretui.ledger.catalog.observations import place_id, record_looks
from restoretui.ledger.marks import marking, stored_marks
from restoretui.ledger.marks.doubts import NAME_CLASS
from restoretui.ledger.marks.pending_marks import PendingMarks
from restoretui.ledger.marks.span_changes import in_rows
from restoretui.ledger.records import CloudId, Observation, Query, SelectionSummary
from restoretui.ledger.selections.history import History, Step, forget_sets, is_kept, live_of
from restoretui.ledger.selections.marked_objects import TOTALS, MarkedObjects, summary_of
from restoretui.ledger.store import change_feed
from restoretui.ledger.store.quick_reads import QuickReads
from restoretui.ledger.store.reader import ReaderThread
from restoretui.ledger.store.writer import Tx, Writer
from restoretui.ledger.views.row_order import Span

_FORGOTTEN_S = 86_400.0
"""Sets that a command made and did not drop were left by a crash after a day."""


class Selections(MarkedObjects):
    """Selections. What changes one is idempotent, but for toggling and inverting, and returns the new summary."""

    MARKS = 1
    """What is shown by who did not begin a set of its own: what earlier versions marked."""

    def __init__(
        self, writer: Writer, reader: ReaderThread, quick: QuickReads, clock: Clock, pending: PendingMarks
    ) -> None:
        super().__init__(reader, quick, clock)
        self._writer = writer
        self._pending = pending
        self._history: History | None = None
        self._forgotten: list[int] = []
        """Sets that nobody will ask for any more: they go with the next change."""

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
        history = self._history
        if history is None or not history.done:
            raise UsageError("there is no change of the marks to undo")
        step = history.done.pop()
        now = self._clock.now().timestamp()

        async def work() -> SelectionSummary:
            def back(tx: Tx) -> tuple[int, SelectionSummary]:
                added = History.undo(tx, step, now)
                return added, self._changed(tx, step.before, now)

            added, summary = await self._writer.do(back)
            self._pending.shown = step.before
            history.undone.append((step, added))
            return summary

        return await asyncio.shield(work())

    async def redo(self) -> SelectionSummary:
        """Make the change again that was undone last; ``UsageError`` when there is none."""
        history = self._history
        if history is None or not history.undone:
            raise UsageError("there is no change of the marks to do again")
        step, added = history.undone.pop()
        now = self._clock.now().timestamp()

        async def work() -> SelectionSummary:
            def forth(tx: Tx) -> SelectionSummary:
                History.redo(tx, step, added)
                return self._changed(tx, step.after, now)

            summary = await self._writer.do(forth)
            self._pending.shown = step.after
            history.done.append(step)
            return summary

        return await asyncio.shield(work())

    # --- sets

    async def create(self) -> int:
        """A new, empty set; to be dropped by who made it."""
        now = self._clock.now().timestamp()

        def insert(tx: Tx) -> int:
            old = tx.rows(
                "SELECT id FROM selection_set WHERE kind = 'work' AND created_at < ?", (now - _FORGOTTEN_S,)
            )
            for (forgotten,) in old:
                stored_marks.clear(tx, forgotten)
                tx.run("DELETE FROM selection_set WHERE id = ?", (forgotten,))
            return tx.insert("INSERT INTO selection_set (created_at) VALUES (?)", (now,))

        return await self._writer.do(insert)

    async def drop(self, sel: int) -> None:
        """Forget the set; the marks on screen are only cleared."""

        def delete(tx: Tx) -> None:
            stored_marks.clear(tx, sel)
            tx.run("DELETE FROM selection_set WHERE id = ? AND id <> 1", (sel,))

        await self._writer.do(delete)

    async def clear(self, sel: int) -> SelectionSummary:
        """Unmark everything."""
        with self._pending.everything(sel):
            if self._history is None:
                return await self._change(sel, stored_marks.clear)
            return await asyncio.shield(self._put_aside(sel, self._history))

    async def _put_aside(self, sel: int, history: History) -> SelectionSummary:
        now = self._clock.now().timestamp()

        def aside(tx: Tx) -> tuple[SelectionSummary, Step | None]:
            live = live_of(tx, sel)
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
            self._forgotten += history.note(step)
        return summary

    # --- rows of a listing

    async def add_rows(self, sel: int, listing_id: int, ids: Collection[int]) -> SelectionSummary:
        """Mark objects of a listing by row id; ids of common prefixes are passed over."""
        with self._pending.rows(sel, listing_id, frozenset(ids), mark=True):
            return await self._change(
                sel, lambda tx, sel: marking.set_rows(tx, sel, listing_id, ids, lambda _marked: True)
            )

    async def toggle_rows(self, sel: int, listing_id: int, ids: Collection[int]) -> SelectionSummary:
        """Mark the unmarked ones, unmark the marked."""
        with self._pending.rows(sel, listing_id, frozenset(ids), mark=None):
            return await self._change(
                sel, lambda tx, sel: marking.set_rows(tx, sel, listing_id, ids, lambda marked: not marked)
            )

    # --- views

    async def add_range(self, sel: int, view: BrowseView, first: int, last: int) -> SelectionSummary:
        """Mark the objects between two positions of a view, both included."""
        first, last = min(first, last), max(first, last)
        with self._pending.positions(sel, view, range(first, last + 1), mark=True):
            async with view.in_use():
                return await self._add_span(sel, view, view.object_span(first, last))

    async def add_view(self, sel: int, view: BrowseView) -> SelectionSummary:
        """Mark every object of a view: all that match its filter."""
        async with self._all_of(sel, view, mark=True) as span:
            if span == marking.whole_listing(view.listing_id):
                return await self._change(sel, lambda tx, sel: marking.add_listing(tx, sel, _place(view)))
            return await self._add_span(sel, view, span)

    async def invert_view(self, sel: int, view: BrowseView) -> SelectionSummary:
        """Unmark the marked objects of a view, mark the others."""
        async with self._all_of(sel, view, mark=None) as span:
            return await self._change(sel, lambda tx, sel: marking.invert_span(tx, sel, _place(view), span))

    @asynccontextmanager
    async def _all_of(self, sel: int, view: BrowseView, *, mark: bool | None) -> AsyncIterator[Span]:
        """The objects of a view, shown as being marked or unmarked, and there to work with."""
        if view.shows_every_object:
            pending = self._pending.rows(sel, view.listing_id, None, mark=mark)
        else:
            # What is still looked for will be in it; what a listing still finds will not.
            positions = range(view.count) if view.complete else None
            pending = self._pending.positions(sel, view, positions, mark=mark)
        with pending:
            async with view.in_use(whole=not view.shows_every_object):
                yield view.object_span()

    async def _add_span(self, sel: int, view: BrowseView, span: Span) -> SelectionSummary:
        return await self._change(sel, lambda tx, sel: marking.add_marks(tx, sel, _place(view), span))

    # --- keys and prefixes

    async def add_observed(
        self, sel: int, cloud: CloudId, bucket: str, looks: Sequence[Observation]
    ) -> SelectionSummary:
        """Mark objects that were looked at one by one; the looks are recorded as well. Vanished ones are left out."""
        now = self._clock.now().timestamp()

        def add(tx: Tx, sel: int) -> None:
            record_looks(tx, cloud, bucket, looks, now)
            marking.add_looks(tx, sel, place_id(tx, cloud, bucket), looks)

        return await self._change(sel, add)

    async def add_listed(self, sel: int, cloud: CloudId, bucket: str, looks: Sequence[Observation]) -> None:
        """Mark objects that a page of a listing showed, with what it told of them."""
        if looks:
            await self._change(sel, lambda tx, sel: marking.add_looks(tx, sel, place_id(tx, cloud, bucket), looks))

    async def add_told(self, sel: int, cloud: CloudId, bucket: str, told: Sequence[Observation]) -> None:
        """Mark objects that a file tells of, which knows of no restores: a plan looks at each."""

        def add(tx: Tx, sel: int) -> None:
            place = place_id(tx, cloud, bucket)
            tx.run("UPDATE place SET imported = 1 WHERE id = ?", (place,))
            marking.add_looks(tx, sel, place, told, silent=True)

        await self._change(sel, add)

    async def name_class(self, sel: int, cloud: CloudId, name: str) -> None:
        """What is marked and has no class is in this one: what a listing that names none was found to mean."""
        args = {"name": name, "sel": sel, "scheme": cloud.scheme, "endpoint": cloud.endpoint}

        def write(tx: Tx) -> None:
            in_rows(tx, sel)
            tx.run(NAME_CLASS, args)

        await self._writer.do(write)

    async def add_selection(self, sel: int, other: int) -> SelectionSummary:
        """Mark what is marked in ``other``, too."""
        now = self._clock.now().timestamp()
        return await self._change(sel, lambda tx, sel: marking.add_selection(tx, sel, other, now))

    async def keep(self, sel: int, query: Query, prefix: str) -> int:
        """Unmark what ``query`` leaves out, as known now and as in a listing below ``prefix``; how many objects."""
        now = self._clock.now().timestamp()

        def remove(tx: Tx) -> int:
            tx.touch(change_feed.selection_topic(sel))
            return marking.keep(tx, sel, query, now, self._clock.wall(), prefix=prefix)

        return await self._writer.do(remove)

    async def add_under(self, sel: int, listing_id: int) -> SelectionSummary:
        """Mark everything a listing holds: what lies under a marked prefix."""
        return await self._change(
            sel, lambda tx, sel: marking.add_listing(tx, sel, stored_marks.listing_place(tx, listing_id))
        )

    async def remove_under(
        self, sel: int, cloud: CloudId, bucket: str, prefix: str, *, only_here: bool = False
    ) -> SelectionSummary:
        """Unmark every object whose key begins with ``prefix``; ``only_here``: of those, what no prefix below has."""

        def remove(tx: Tx, sel: int) -> None:
            marking.remove_prefix(tx, sel, place_id(tx, cloud, bucket), prefix, only_here=only_here)

        return await self._change(sel, remove)

    async def remove_refs(self, sel: int, cloud: CloudId, refs: Collection[ObjectRef]) -> SelectionSummary:
        """Unmark these objects."""

        def remove(tx: Tx, sel: int) -> None:
            for ref in refs:
                marking.remove_object(tx, sel, place_id(tx, cloud, ref.bucket), ref.key, ref.version_id)

        return await self._change(sel, remove)

    async def _change(self, sel: int, change: Callable[[Tx, int], None]) -> SelectionSummary:
        """``change`` is given the set to change: where ``sel`` was put aside meanwhile, the one in its place."""
        now = self._clock.now().timestamp()
        history = self._history
        forgotten, self._forgotten = self._forgotten, []

        def work(tx: Tx) -> tuple[SelectionSummary, Step | None]:
            forget_sets(tx, forgotten)
            if tx.row("SELECT 1 FROM selection_set WHERE id = ?", (sel,)) is None:
                raise LedgerError("this selection was dropped")
            live = live_of(tx, sel)
            if history is None or not is_kept(tx, live):
                change(tx, live)
                return self._changed(tx, live, now), None
            before = summary_of(tx.rows(TOTALS, (live,)))
            step = History.begin(tx, live, now)
            change(tx, live)
            summary = self._changed(tx, live, now)
            if not History.end(tx, step) and before == summary:
                forget_sets(tx, [step.taken])  # It changed nothing: there is nothing to undo.
                return summary, None
            return summary, step

        summary, step = await self._writer.do(work)
        if history is not None and step is not None:
            self._forgotten += history.note(step)
        return summary

    @staticmethod
    def _changed(tx: Tx, sel: int, now: float) -> SelectionSummary:
        tx.run("UPDATE selection_set SET revision = revision + 1, changed_at = ? WHERE id = ?", (now, sel))
        tx.touch(change_feed.selection_topic(sel))
        return summary_of(tx.rows(TOTALS, (sel,)))


def _place(view: BrowseView) -> stored_marks.ListingPlace:
    listing = view.listing
    silent = listing.origin is not None and listing.origin.is_silent
    return stored_marks.ListingPlace(listing.id, view.place_id, listing.started_at.timestamp(), silent)
