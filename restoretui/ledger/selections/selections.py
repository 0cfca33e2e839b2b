"""The repository of selections: sets of marked objects that a plan is about.

Set 1 holds the marks on screen and survives restarts. Marks are kept by key, not by row, so that they outlive the
listing they were made in; an object is in a set once, however often it is added.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from functools import partial

from restoretui.core.model import ObjectRef
from restoretui.core.rows import Rows
from restoretui.ledger.catalog.browse_view import BrowseView
from restoretui.ledger.catalog.observations import place_id, record_looks
from restoretui.ledger.catalog.retention import in_steps
from restoretui.ledger.marks import marking, stored_marks
from restoretui.ledger.marks.doubts import NAME_CLASS
from restoretui.ledger.marks.marked_places import PartOfPlace
from restoretui.ledger.marks.span_changes import in_rows
from restoretui.ledger.marks.spans import FEW
from restoretui.ledger.records import CloudId, Observation, Query, SelectionSummary
from restoretui.ledger.selections import parts, taking_in
from restoretui.ledger.selections.changes import ROWS_A_STEP, ChangingMarks
from restoretui.ledger.selections.history import forget_some
from restoretui.ledger.store import change_feed
from restoretui.ledger.store.writer import Tx
from restoretui.ledger.views.ids_in_order import IdRange, IdsInOrder
from restoretui.ledger.views.row_order import Span

_FORGOTTEN_S = 86_400.0
"""Sets that a command made and did not drop were left by a crash after a day."""


class Selections(ChangingMarks):
    """Selections. What changes one is idempotent, but for toggling and inverting, and returns the new summary."""

    MARKS = 1
    """What is shown by who did not begin a set of its own: what earlier versions marked."""

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
        """Forget the set, a large one in steps; the marks on screen are only cleared."""
        if sel != self.MARKS and (await self.summary(sel)).objects > ROWS_A_STEP:
            await in_steps(self._writer, lambda tx, rows: forget_some(tx, sel, rows))
            return

        def delete(tx: Tx) -> None:
            stored_marks.clear(tx, sel)
            tx.run("DELETE FROM selection_set WHERE id = ? AND id <> 1", (sel,))

        await self._writer.do(delete)

    async def clear(self, sel: int) -> SelectionSummary:
        """Unmark everything."""
        with self._pending.everything(sel):
            done = await self._all_aside(sel)
            return await self._change(sel, stored_marks.clear) if done is None else done

    async def _all_aside(
        self, sel: int, is_all: Callable[[Tx, int], bool] = lambda _tx, _sel: True
    ) -> SelectionSummary | None:
        """Unmark everything at once; None, and nothing is, where nobody can undo that, or ``is_all`` says no."""
        if self._history is None:
            return None
        async with self._alone(sel):
            return await asyncio.shield(self._put_aside(sel, self._history, is_all))

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
                ranges = view.id_ranges(first, last) if last - first >= FEW else ()
                done = await self._add_ranges(sel, view, ranges)
                return await self._add_span(sel, view, view.object_span(first, last)) if done is None else done

    async def add_view(
        self, sel: int, view: BrowseView, told: Callable[[int], None] | None = None
    ) -> SelectionSummary:
        """Mark every object of a view: all that match its filter. ``told`` hears how many of very many are done."""
        async with self._all_of(sel, view, mark=True) as span:
            if span == marking.whole_listing(view.listing_id):
                done = await self._taken_in(sel, _place(view), told)
                whole = partial(marking.add_listing, place=_place(view))
                return await self._change(sel, whole) if done is None else done
            if view.objects < ROWS_A_STEP:
                return await self._add_span(sel, view, span)
            async with view.in_id_order() as ids:
                if ids is None:
                    return await self._add_span(sel, view, span)
                ranges = await self._reader.run(ids.ranges)
                done = None if ranges is None else await self._add_ranges(sel, view, ranges)
                return await self._add_in_steps(sel, view, ids, told) if done is None else done

    async def _taken_in(
        self, sel: int, place: stored_marks.ListingPlace, told: Callable[[int], None] | None
    ) -> SelectionSummary | None:
        """Mark all of a listing over many single marks that are of it; None, and nothing is, where those are not."""
        if self._history is None or sel not in self._own:
            return None
        async with self._alone(sel):
            old = self.shown
            if not taking_in.is_worth_it(self._quick, old, place.place_id):
                return None
            revision = await self.revision(old)
            others = await taking_in.others(self._reader, old, place, told)
            if others is None:
                return None

            def fill(tx: Tx, new: int) -> None:
                row = tx.row("SELECT revision FROM selection_set WHERE id = ?", (old,))
                if row is None or row[0] != revision:
                    raise taking_in.CannotSay
                taking_in.take_in(tx, old, new, place, others)

            with contextlib.suppress(taking_in.CannotSay):
                return await asyncio.shield(self._replace(old, fill))
        return None

    async def _add_ranges(self, sel: int, view: BrowseView, ranges: Sequence[IdRange]) -> SelectionSummary | None:
        """None, and nothing is marked, where spans cannot say it."""
        done = bool(ranges)

        def add(tx: Tx, sel: int) -> None:
            nonlocal done
            done = marking.add_by_span(tx, sel, _place(view), ranges)

        summary = await self._change(sel, add) if ranges else None
        return summary if done else None

    async def _add_in_steps(
        self, sel: int, view: BrowseView, ids: IdsInOrder, told: Callable[[int], None] | None
    ) -> SelectionSummary:
        place, table = _place(view), view.object_table

        def add(tx: Tx, sel: int, start: int, stop: int) -> None:
            outer = ids.outer(tx.connection, start, stop)
            marking.add_some(tx, sel, place, ids.some(table, start, stop), outer)

        async with self._long_change(sel) as change:
            for start in range(0, ids.rows, ROWS_A_STEP):
                stop = min(ids.rows, start + ROWS_A_STEP)
                await self._writer.do(partial(add, sel=change.live, start=start, stop=stop))
                if told is not None:
                    told(stop)
        return change.summary

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

    async def add_listed(self, sel: int, cloud: CloudId, bucket: str, rows: Rows, seen_at: Sequence[float]) -> None:
        """Mark objects that pages of a listing showed, each at its time, with what was told of them."""
        if rows:
            await self._change(
                sel, lambda tx, sel: marking.add_listed(tx, sel, place_id(tx, cloud, bucket), rows, seen_at)
            )

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
        self, sel: int, part: PartOfPlace, told: Callable[[int], None] | None = None
    ) -> SelectionSummary:
        """Unmark a part of what is marked: at once where that is all there is, very many single marks in steps.

        ``told`` hears how many of these are done.
        """

        def rest(tx: Tx, sel: int) -> None:
            parts.remove(tx, sel, place_id(tx, part.cloud, part.bucket), part)

        def some(tx: Tx, sel: int, after: tuple[str, str]) -> parts.Removed:
            place = place_id(tx, part.cloud, part.bucket)
            return parts.remove_some(tx, sel, place, part, after, ROWS_A_STEP)

        done = await self._all_aside(sel, lambda tx, sel: parts.is_all(tx, sel, part))
        if done is not None:
            return done
        if not parts.has_singles(self._quick, sel, part, ROWS_A_STEP):
            return await self._change(sel, rest)
        async with self._long_change(sel) as change:
            taken, step = 0, parts.Removed(0, (part.prefix, ""), is_last=False)
            while not step.is_last:
                step = await self._writer.do(partial(some, sel=change.live, after=step.after))
                taken += step.objects
                if told is not None:
                    told(taken)
            await self._writer.do(partial(rest, sel=change.live))
        return change.summary

    async def remove_refs(self, sel: int, cloud: CloudId, refs: Collection[ObjectRef]) -> SelectionSummary:
        """Unmark these objects."""

        def remove(tx: Tx, sel: int) -> None:
            for ref in refs:
                marking.remove_object(tx, sel, place_id(tx, cloud, ref.bucket), ref.key, ref.version_id)

        return await self._change(sel, remove)


def _place(view: BrowseView) -> stored_marks.ListingPlace:
    listing = view.listing
    silent = listing.origin is not None and listing.origin.is_silent
    return stored_marks.ListingPlace(listing.id, view.place_id, listing.started_at.timestamp(), silent)
