"""What marking does in the ledger, and what the marks add up to."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING

from restoretui.core.errors import CloudError, LedgerError, UsageError
from restoretui.core.location import Location
from restoretui.core.model import State
from restoretui.ledger.queries import Query
from restoretui.tui.browse.listing_source import ListingSource
from restoretui.tui.pane import Pane
from restoretui.tui.widgets.table.live_table import LiveTable
from restoretui.wording import format as fmt

if TYPE_CHECKING:
    from restoretui.core.filter.tree import Filter
    from restoretui.core.plan.plan import RestorePlan
    from restoretui.ledger.catalog.browse_view import BrowseView
    from restoretui.ledger.records import BrowseRow, CloudId, Listing, SelectionSummary
    from restoretui.ledger.selections.mark_sets import MarkSet
    from restoretui.tui.marks.marks_bar import MarksBar

SETTLE_S = 0.25
"""Debounce: seconds without another mark after which the marks are added up."""
MANY = 10_000
"""From so many rows on it takes long enough to say that they are being marked."""
NO_OBJECT = "only prefixes here, none is marked"
DAYS = 7
"""What the running cost is reckoned with until a restore dialog was used with other days."""


class Markable(Pane):
    """A tab whose rows can be marked: what marking asks of it."""

    source: ListingSource
    following: int | None
    """A listing made for a refresh, or to mark what is below a prefix: its progress is shown."""
    view: "BrowseView | None"
    """What the table shows of the listing."""
    table: "LiveTable[BrowseRow]"


class Marking:
    """The marks of Browse."""

    def __init__(self, pane: Markable, bar: "MarksBar") -> None:
        self._pane = pane
        self._bar = bar
        self._under_way: list[str] = []
        """What is being done, "" where that is over before it could be read."""
        self._done = 0
        """Rows that are marked so far, of very many."""
        self._settled = asyncio.Event()
        self._settled.set()
        self._plans: list[RestorePlan] | None = None
        """Of the marks as they are; None until they have been planned."""
        self._offered: BrowseView | None = None
        """What was last offered to be marked as well: all below the prefixes of this view."""
        self.days: dict[str, int] = {}
        """By scheme, those of the last restore."""

    @property
    def sel(self) -> int:
        """The set of this session's marks."""
        return self._pane.session.ledger.mark_sets.shown

    async def begin_session(self) -> None:
        """Mark in a set of this session's own; what others left is offered, and what nobody can use goes."""
        sets = self._pane.session.ledger.mark_sets
        await sets.begin()
        self.recount()
        await sets.tidy()

    async def take(self, left: "MarkSet") -> None:
        """Go on with what an ended session left, beside what is marked here; ``LedgerError`` where it is gone."""
        await self.settled()
        summary = await self._pane.session.ledger.mark_sets.keep(left.sel)
        self._after(summary, "")
        key = self._pane.shell.key_for("marks")
        self._pane.shell.say("done", f"{fmt.plural(left.objects, 'mark')} taken over", f"{key} looks at them")

    def undo(self, *, redo: bool = False) -> None:
        """Take back the last change, or make it again: once those under way are made."""
        self._pane.shell.move_on()
        self._pane.attempt(partial(self._step_back, redo=redo), "undo", exclusive=False, hold_keys=True)

    async def _step_back(self, *, redo: bool) -> None:
        await self.settled()
        selections = self._pane.session.ledger.selections
        if self.summary.objects >= MANY:
            self._bar.doing("doing it again" if redo else "undoing")
        summary = await (selections.redo() if redo else selections.undo())
        self._after(summary, "")
        done = "done again" if redo else "undone"
        self._pane.shell.say("done", f"{done}: {fmt.plural(summary.objects, 'object')} marked")

    async def revision(self) -> tuple[int, int]:
        """What tells the marks as they are from those before."""
        return self.sel, await self._pane.session.ledger.selections.revision(self.sel)

    def days_for(self, scheme: str) -> int:
        """What to offer for objects of that cloud."""
        return self.days.get(scheme, DAYS)

    @property
    def summary(self) -> "SelectionSummary":
        """What is marked, as last added up."""
        return self._bar.summary

    @property
    def is_under_way(self) -> bool:
        """The marks are being changed."""
        return bool(self._under_way)

    def begin(self, work: "Callable[[], Awaitable[SelectionSummary | None]]", doing: str = "") -> None:
        """Change the marks; keys go on meanwhile, and what acts on the marks waits for ``settled``.

        Until it is done the rows it is about say so, and so does the bar if it is ``doing`` much.
        """
        self._under_way.append(doing)
        self._settled.clear()
        self._offered = None
        if doing:
            self._pane.workers.cancel_group(self._pane, "marks")
        self._pane.attempt(partial(self._change, work, doing), "mark", exclusive=False)

    async def _change(self, work: "Callable[[], Awaitable[SelectionSummary | None]]", doing: str) -> None:
        self._pane.call_next(self._show_pending, doing)
        summary = None
        try:
            summary = await work()
        finally:
            self._done = 0
            self._under_way.remove(doing)
            if not self._under_way:
                self._settled.set()
            if self._pane.is_attached and self._pane.app.is_running:
                self._after(summary, doing)

    def _show_pending(self, doing: str) -> None:
        # A row or two is done in no time: no frame of its own for those.
        if not doing:
            self._pane.table.changed()
        elif doing in self._under_way:
            self._pane.table.look_again()
            self._say_doing()

    def _say_doing(self) -> bool:
        doing = next(filter(None, self._under_way), "")
        if doing:
            self._bar.doing(f"{doing}, {self._done:,} done" if self._done else doing)
        return bool(doing)

    def _told(self, done: int) -> None:
        self._done = done
        self._say_doing()

    async def settled(self) -> None:
        """Until every change asked for so far has been made."""
        await self._settled.wait()

    async def toggle(self, listing: "Listing", row: "BrowseRow") -> "SelectionSummary":
        """Turn the mark of one row; of a prefix, of everything below it."""
        selections = self._pane.session.ledger.selections
        self._pane.shell.move_on()
        if not row.is_prefix:
            return await selections.toggle_rows(self.sel, listing.id, [row.id])
        if row.marked:
            from restoretui.ledger.marks.marked_places import PartOfPlace

            below = PartOfPlace(listing.scope.cloud, row.ref.bucket, row.ref.key)
            return await selections.remove_under(self.sel, below)
        return await self.under(Location(listing.scope.cloud.scheme, row.ref.bucket, row.ref.key))

    async def under(
        self, location: Location, sel: int | None = None, where: "Filter | None" = None
    ) -> "SelectionSummary":
        """Mark everything at a location that matches ``where``, listing it first; says how far that is."""
        shell, session = self._pane.shell, self._pane.session
        versions = self._pane.source.versions
        shell.say("busy", f"listing everything below {location} …", "esc stops")
        listing = await session.open_listing(location, recursive=True, versions=versions)
        self._pane.following = listing.id
        try:
            summary = await session.selecting.under(
                self.sel if sel is None else sel,
                location,
                versions=versions,
                query=None if where is None else Query(where=where),
            )
        finally:
            self._pane.following = None
        what = "is below"
        if where is not None:
            from restoretui.core.filter.printer import filter_text

            what = f"matches {filter_text(where)} below"
        if not summary.objects:
            shell.say("warning", f"nothing {what} {location.prefix or location}, so nothing is marked")
            return summary
        shell.say(
            "done",
            f"{fmt.plural(summary.objects, 'object')} marked in all, with what {what} {location.prefix or location}",
        )
        return summary

    def mark_range(self, view: "BrowseView", first: int, last: int) -> None:
        """Mark from one position to another; prefixes among them are left out."""
        many = last - first + 1
        self.begin(partial(self._range, view, first, last), f"marking {many:,}" if many >= MANY else "")

    async def _range(self, view: "BrowseView", first: int, last: int) -> "SelectionSummary":
        before = self.summary.objects
        after = await self._pane.session.ledger.selections.add_range(self.sel, view, first, last)
        if after.objects == before and all(row.is_prefix for row in view.rows(first, min(100, last - first + 1))):
            self._pane.shell.say("warning", "a range marks objects, and these are prefixes", "space marks a prefix")
        return after

    def mark_all(self, view: "BrowseView", prefixes: int) -> None:
        """Mark every object of the view; at once again, also what is below its prefixes."""
        if self._offered is view:
            self.begin(partial(self._below, view))
        else:
            self.begin(partial(self._all, view, prefixes), self._doing("marking", view))

    def mark_archived(self) -> None:
        """Mark what is archived at the place shown and below it, as far as the filter matches it.

        With it what only a look can judge (an archive tier within its class, say): the restore dialog looks.
        """
        self._pane.shell.move_on()
        from restoretui.core.filter.edits import with_ticked

        where = with_ticked(self._pane.source.query.where, "state", [State.ARCHIVED.value, State.UNKNOWN.value])
        self.begin(partial(self.under, self._pane.source.location, None, where))

    async def _below(self, view: "BrowseView") -> "SelectionSummary":
        scope, where = view.listing.scope, view.query.where
        if where is None or self._asks_more_than_keys(view):
            return await self.under(Location(scope.cloud.scheme, scope.bucket, scope.prefix), None, where)
        for at in range(view.count):
            (row, *_) = view.rows(at, 1) or (None,)
            if row is None or not row.is_prefix:
                break  # Prefixes stand before the objects.
            await self.under(Location(scope.cloud.scheme, scope.bucket, row.ref.key))
        return await self._pane.session.ledger.selections.summary(self.sel)

    @staticmethod
    def _asks_more_than_keys(view: "BrowseView") -> bool:
        """No prefix has what the filter asks for; what is below one may."""
        from restoretui.core.filter.tree import is_about_keys

        return not is_about_keys(view.query.where)

    @staticmethod
    def _doing(what: str, view: "BrowseView") -> str:
        try:
            objects, whole = view.objects, view.complete or view.shows_every_object
        except LedgerError:
            return ""  # The work itself will say what is wrong.
        return f"{what} {objects:,}{'' if whole else '+'}" if objects >= MANY or not whole else ""

    async def _all(self, view: "BrowseView", prefixes: int) -> "SelectionSummary":
        again = self._pane.shell.key_for("mark_all")
        if view.count == 0:
            await view.wait()
        if view.count == 0 and prefixes and self._asks_more_than_keys(view):
            self._offered = view
            raise UsageError("nothing at this level matches", f"{again} again marks what matches below")
        if view.count == 0:
            raise UsageError("nothing is shown that could be marked")
        summary = await self._pane.session.ledger.selections.add_view(self.sel, view, self._told)
        if prefixes and (view.count > view.objects or self._asks_more_than_keys(view)):
            self._offered = view
            done = "the objects shown are marked, those below prefixes are not" if view.objects else NO_OBJECT
            archived = self._pane.shell.key_for("mark_archived")
            self._pane.shell.say(
                "warning", done, f"{again} again marks {self._how_much(view)}; {archived} what is archived"
            )
        return summary

    def _how_much(self, view: "BrowseView") -> str:
        """What is below, as far as that is known."""
        listing, where = view.sums.listing, "all below"
        totals = view.sums.of(view.listing.scope.prefix) if listing is not None else None
        if totals is None or self._pane.source.is_filtered:
            return where
        whole = totals.whole
        return f"all below: {fmt.plural(whole.objects, 'object')}, {fmt.sizes(whole.size_bytes, whole.unsized)}"

    def invert(self, view: "BrowseView") -> None:
        """Turn the marks of every object of the view."""
        self._pane.shell.move_on()
        invert = partial(self._pane.session.ledger.selections.invert_view, self.sel, view)
        self.begin(invert, self._doing("turning the marks of", view))

    def clear(self) -> None:
        """Remove every mark, also those out of sight."""
        self._pane.shell.move_on()
        clear = partial(self._pane.session.ledger.selections.clear, self.sel)
        marked = self.summary.objects
        self.begin(clear, f"unmarking {marked:,}" if marked >= MANY else "")

    async def clear_cloud(self, cloud: "CloudId") -> None:
        """Remove the marks of one cloud."""
        from restoretui.ledger.marks.marked_places import PartOfPlace

        selections = self._pane.session.ledger.selections
        for theirs, bucket in (await selections.summary(self.sel)).by_bucket:
            if theirs == cloud:
                await selections.remove_under(self.sel, PartOfPlace(cloud, bucket, ""))
        self._after(None, "")

    def _after(self, summary: "SelectionSummary | None", doing: str) -> None:
        self._pane.table.look_again()
        many = summary is not None and summary.objects >= MANY
        if (doing or many) and not self._say_doing():
            # That much is known at once; the rest takes a while.
            self._plans = None
            self._say_adding(summary or self.summary)
            self._pane.refresh_bindings()
        self.recount()

    def recount(self, *, changed: bool = True) -> None:
        """Add the marks up, soon; unless they ``changed`` only how many of them are hidden is counted again."""
        if changed:
            self._plans = None
        elif self.summary.objects >= MANY and not self._say_doing():
            self._say_adding(self.summary)
        self._pane.attempt(self._recount, "marks")

    def _say_adding(self, summary: "SelectionSummary") -> None:
        self._bar.tell(summary, None, self._plans or [], filtered=self._pane.source.is_filtered)

    async def count_hidden(self) -> int:
        """How many marks are not in the view."""
        view, selections = self._pane.view, self._pane.session.ledger.selections
        if view is None:
            return (await selections.summary(self.sel)).objects
        return await selections.hidden(self.sel, view)

    async def _recount(self) -> None:
        session = self._pane.session
        await session.clock.pause(SETTLE_S)
        if self._say_doing():
            return  # They are added up after that.
        summary = await session.ledger.selections.summary(self.sel)
        hidden, filtered = await self.count_hidden() if summary.objects else 0, self._pane.source.is_filtered
        self._bar.tell(summary, hidden, self._plans or [], filtered=filtered)
        if not summary.objects:
            left = await session.ledger.mark_sets.left()
            self._bar.offer(left, self._pane.shell.key_for("marks"))
        self._pane.refresh_bindings()
        if summary.objects and self._plans is None:
            try:
                self._plans = await session.plans(self.sel, self.days_for)
            except CloudError:
                return  # The counts stand; the restore dialog says why there is no price.
            self._bar.tell(summary, hidden, self._plans, filtered=filtered)
