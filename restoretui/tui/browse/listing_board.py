"""The part of Browse that shows: buckets, or what a listing holds, kept up with as pages and states come in."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from textual import on
from textual.app import ComposeResult

from restoretui.core.errors import RestoreTuiError
from restoretui.core.location import Location
from restoretui.core.model import DEFAULT_SCHEME, ObjectRef
from restoretui.ledger.records import BrowseRow, Listing, Query
from restoretui.tui.browse.bucket_list import account_buckets
from restoretui.tui.browse.columns import BucketRow, bucket_columns, cells_for_classes, object_columns
from restoretui.tui.browse.marking import MARKS, Marking
from restoretui.tui.browse.marks_bar import MarksBar
from restoretui.tui.browse.source import Source
from restoretui.tui.browse.status import Listed, status
from restoretui.tui.browse.visible_heads import Looker
from restoretui.tui.pane import Pane
from restoretui.tui.trouble import listing_keys, not_open, trouble_of
from restoretui.tui.widgets.bar import Bar
from restoretui.tui.widgets.filter_bar import FilterBar
from restoretui.tui.widgets.table import events as table_events
from restoretui.tui.widgets.table.list_view import ListView
from restoretui.tui.widgets.table.live_table import LiveTable
from restoretui.tui.words import Part

if TYPE_CHECKING:
    from restoretui.ledger.catalog.browse_view import BrowseView

LandOn = tuple[str, bool]
"""A key, or a common prefix if True, to put the cursor on."""

LISTING, READING = "listing …", "reading …"
NOTHING, NO_MATCH = "nothing is here", "nothing matches the filter"
STOPPED = "the listing was stopped before anything was found; R lists again"
NO_BUCKETS = "no buckets, or none that this account may list; g goes to one by its name"
NO_MATCH_HERE = f"{NO_MATCH}; tab, then d, looks at all keys below"
NO_MATCH_YET = "nothing so far …"
LATE_S = 0.1
"""After that time without other rows it is said that they are being looked for."""


class ListingBoard(Pane):
    """Shows a source; what keys do to it is for ``BrowsePane``."""

    def __init__(self, location: Location | None) -> None:
        super().__init__(id="browse")
        self.source = Source(location or Location(DEFAULT_SCHEME))
        self.following: int | None = None
        """A listing made for a refresh, or to mark what is below a prefix: its progress is shown."""
        self.view: BrowseView | None = None
        """What the table shows of the listing."""
        self._requery_due = False
        self._problem: RestoreTuiError | None = None
        """Why what was asked for last is not shown, or not all of it."""
        self._unlisted: list[str] = []
        """Clouds whose buckets are missing in the list."""
        self._asked: object = None
        """What is to be shown has been asked for, and nothing has come yet: whoever asked last."""
        self._showing = 0
        """Views on their way."""
        self._heard = asyncio.Event()
        """Set whenever the ledger told something."""
        self._looker = Looker()

    def compose(self) -> ComposeResult:
        pacer = self.shell.pacer
        self.filter_bar = FilterBar("part of a key, or a glob such as *.bam", id="browse-filter")
        yield self.filter_bar
        self.buckets = LiveTable[BucketRow](bucket_columns(), pacer, placeholder="opening …", id="buckets")
        self.table = LiveTable[BrowseRow](self._columns(), pacer, marking=True, placeholder="opening …", id="objects")
        yield self.buckets
        yield self.table
        bar = MarksBar()
        self.marking = Marking(self, bar)
        yield bar
        self._status = Bar(id="browse-status", classes="status")
        yield self._status

    def on_mount(self) -> None:
        self.shell.feed.listen(self.told)
        self._arrange()

    def _columns(self) -> list[Any]:
        class_cells = cells_for_classes(self.location.scheme)
        return object_columns(
            lambda: self.source.base, self._now, versions=self.source.versions, class_cells=class_cells
        )

    def _now(self) -> float:
        session = self.shell.session
        return session.clock.now().timestamp() if session is not None else 0.0

    @property
    def location(self) -> Location:
        """The place shown."""
        return self.source.location

    def arrive(self) -> None:
        (self.table if self.source.is_bucket else self.buckets).focus()
        self.table.changed()
        self._say()

    # --- going somewhere

    def opened(self) -> None:
        self._go_soon(self.location, None)
        self.marking.recount()

    def not_opened(self, error: RestoreTuiError) -> None:
        self.table.trouble = self.buckets.trouble = not_open(error, self.shell.key_for("quit"))

    def go(self, location: Location, land_on: LandOn | None = None) -> None:
        """Show what is there."""
        self.shell.move_on()
        self._go_soon(location, land_on)

    def _go_soon(self, location: Location, land_on: LandOn | None) -> None:
        self.attempt(partial(self._go, location, land_on), "go", hold_keys=True)

    def show(self, ref: ObjectRef, scheme: str) -> None:
        """Come from another tab to look at one object where it lies."""
        head, slash, _ = ref.key.rpartition("/")
        self.go(Location(scheme, ref.bucket, head + slash), (ref.key, False))

    async def _go(self, location: Location, land_on: LandOn | None) -> None:
        self._give_up_views()
        left = self.source.listing if self.source.is_listing else None
        other_cloud = location.scheme != self.location.scheme
        if location.version_id is not None:
            # One version is looked for: it is shown among all of its key.
            location = replace(location, version_id=None)
            if not self.source.versions:
                self.source.versions = True
                self.table.set_columns(self._columns())
        self.source.location, self.source.listing = location, None
        if other_cloud:
            self.table.set_columns(self._columns())
            self.shell.identify(location.scheme)
        self.source.everything()
        self.filter_bar.clear()
        self._looker.forget()
        old = self.view
        self.view = None
        self.table.set_view(None)
        self.buckets.set_view(None)
        with self._asking():
            self._arrange()
            self._close(old)
            if left is not None:
                await self.session.stop_listing(left.id)
            if self.source.is_bucket:
                await self._show(await self.source.list(self.session), land_on or ("", True))
                await self._first_rows()
            else:
                await self._list_buckets(land_on)

    @property
    def _is_asking(self) -> bool:
        return self._asked is not None

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """One state at a time: what failed before is moot, and what fails now is said for as long as it is so."""
        asked = self._asked = object()
        self._problem, self._unlisted = None, []
        self._judge()
        try:
            yield
        except RestoreTuiError as error:
            self._problem = error
            raise
        finally:
            if self._asked is asked:
                self._asked = None
                if self.is_attached and self.app.is_running:
                    self._judge()

    async def _first_rows(self) -> None:
        """Until there is something to act on, or nothing to come."""
        while self.source.is_listing and self.table.count == 0:
            self._heard.clear()
            await self._heard.wait()

    def _arrange(self) -> None:
        self.table.display, self.buckets.display = self.source.is_bucket, not self.source.is_bucket
        self.say_place()
        self._say()
        if self.is_shown:
            self.arrive()

    def place(self) -> list[Part]:
        kinds = (("flat", self.source.flat), ("all versions", self.source.versions))
        session = self.shell.session if not self.source.is_bucket else None
        clouds = session.settings.shown_clouds(self.location.scheme) if session is not None else []
        where = "  ".join(f"{scheme}://" for scheme in clouds) or str(self.location)
        return [(where, "strong"), *((f" · {word}", "busy") for word, shown in kinds if shown)]

    async def _list_buckets(self, land_on: LandOn | None) -> None:
        found = await account_buckets(self.session, self.location.scheme)
        for problem in found.problems:
            self.complain(problem)
        self._unlisted = found.unlisted
        came_from = (self.location.scheme, land_on[0] if land_on is not None else "")
        at = next((row.id for row in found.rows if (row.scheme, row.name) == came_from), 0)
        self.buckets.set_columns(bucket_columns(clouds=len(found.schemes) > 1))
        self.buckets.set_view(ListView(found.rows), at=at)
        self._say()

    def refresh_listing(self) -> None:
        """List again; what is on screen stays until the new listing is whole."""
        if self.source.listing is None:
            self.go(self.location)
        else:
            self.attempt(self._list_again, "go")

    async def _list_again(self) -> None:
        with self._asking():
            listing = await self.source.list(self.session, refresh=True)
            self.following = listing.id
            try:
                listing = await self.session.listed(listing)
            finally:
                self.following = None
                self._say()
        self._looker.forget()
        row = self.table.row
        self._give_up_views()
        await self._show(listing, (row.ref.key, row.is_prefix) if row is not None else None, whole=True)

    async def _show(self, listing: Listing, land_on: LandOn | None = None, *, whole: bool = False) -> None:
        """Show a listing, the cursor on ``land_on`` if that can be found, or else where it is.

        First rows will do, unless all that is shown now is to stay in sight: then the view must be ``whole``.
        """
        late = self.set_timer(LATE_S, self._say)
        self._showing += 1
        try:
            view = await self._view(listing, whole=whole)
        finally:
            self._showing -= 1
            late.stop()
        old, at = self.view, None
        if land_on is not None:
            found = self.session.ledger.catalog.find(listing.id, land_on[0], is_prefix=land_on[1])
            at = view.position(found) if found is not None else None
            at = at if at is not None else self.table.cursor if old is not None else 0
        self.source.listing, self.view = listing, view
        self.table.set_view(view, at=at)
        self.table.set_sort(view.query.sort, view.query.descending)
        self._close(old)
        self._judge()
        self._look()
        self._say()
        self.marking.recount(changed=False)
        if not view.complete:
            self.attempt(partial(self._see_whole, view), "whole")

    async def _see_whole(self, view: "BrowseView") -> None:
        """What was asked for does not wait for its turn like what changes by itself."""
        await view.wait()
        if self.view is view and self.source.listing is not None:
            self._judge()
            self.table.look_again()
            self._say()

    async def _view(self, listing: Listing, *, whole: bool) -> "BrowseView":
        view = await self.source.view(self.session, listing)
        if whole:
            try:
                await view.wait()
            except BaseException:
                self._close(view)
                raise
        return view

    def _give_up_views(self) -> None:
        """What is being looked for is of a listing that is about to be left."""
        for group in ("view", "whole"):
            self.workers.cancel_group(self, group)

    def _close(self, view: "BrowseView | None") -> None:
        """Nobody looks at it any more, and nobody waits for it to go."""
        if view is not None:
            self.attempt(view.aclose, "close", exclusive=False)

    def requery(self, *, typing: bool = False) -> None:
        """Filter or order have changed; while it is typed, the keys to come are not for the table."""
        if self.source.listing is not None:
            self.attempt(partial(self._show, self.source.listing), "view", hold_keys=not typing)

    # --- keeping up

    def told(self, topics: frozenset[str]) -> bool:
        session, listing = self.shell.session, self.source.listing
        if session is None:
            return False
        if listing is not None and f"listing:{listing.id}" in topics:
            self.source.listing = session.ledger.catalog.peek(listing.id)
            # A filtered view is a picture of its moment: while pages come in it is taken again now and then.
            self._requery_due = self.source.query != Query()
            if listing.ended_at is None and not self.source.is_listing:
                self._listing_ended(listing)
        if f"selection:{MARKS}" in topics:
            self.marking.recount()
        self._heard.set()
        if not self.is_shown:
            return False
        painted = self.source.is_bucket and self.table.look_again()
        self._look()
        return self._say() or painted

    def _listing_ended(self, listing: Listing) -> None:
        problem = self.session.listing_problem(listing.id)
        if problem is not None:
            self._problem = problem
            self.complain(problem)
        self._judge()

    # --- how it stands

    def _judge(self) -> None:
        """Say in the empty space and in the header which of all states it is: on its way, failed, empty or whole."""
        problem, trouble = self._problem, None
        if problem is not None:
            trouble = trouble_of(problem, *listing_keys(problem, str(self.location), self.shell.remapped))
        for table in (self.table, self.buckets):
            table.trouble = trouble
            table.placeholder = self._empty()
        self.say_place()
        self._say()

    def _empty(self) -> str:
        """What is said where there is no row, and nothing went wrong."""
        listing, view = self.source.listing, self.view
        if self.shell.session is None:
            return "opening …"
        if not self.source.is_bucket:
            return LISTING if self._is_asking else NO_BUCKETS
        if listing is None:
            return LISTING
        has_rows = bool(listing.objects or listing.prefixes)
        filtered = self.source.is_filtered
        if listing.ended_at is None or (self._is_asking and not has_rows):
            return NO_MATCH_YET if filtered and has_rows else LISTING
        if not has_rows:
            return STOPPED if listing.error else NOTHING
        if not filtered:
            return READING  # They are on their way from the ledger.
        if self._showing or self._requery_due or view is None or not view.complete:
            return NO_MATCH_YET
        return NO_MATCH_HERE if listing.prefixes else NO_MATCH

    def light(self) -> Part | None:
        if self._problem is not None:
            has_rows = self.source.is_bucket and self.table.count
            return ("✗ not whole" if has_rows else "✗ not listed"), "bad"
        if self._unlisted:
            return f"▲ {', '.join(self._unlisted)} not listed", "warn"
        return ("◑ listing", "busy") if self._is_asking else None

    def tick(self) -> bool:
        if self._requery_due and not self._showing and self.source.listing is not None:
            self._requery_due = False
            self.attempt(partial(self._show, self.source.listing, whole=True), "view")
        painted = self.source.is_bucket and self.table.look_again()
        return self._say() or painted

    def _look(self) -> None:
        """HEAD what is on screen and cannot be judged otherwise."""
        view, session = self.view, self.shell.session
        if view is not None and session is not None and self.source.is_bucket:
            refs = self._looker.wanted(view.rows(self.table.scroll_offset.y, self.table.size.height))
            if refs:
                self.attempt(partial(self._looker.look, session, refs, self.location.scheme), "look")

    def _say(self) -> bool:
        session, view, listing = self.shell.session, self.view, self.source.listing
        if session is None:
            return False
        if self.following is not None:
            listing = session.ledger.catalog.peek(self.following)
        wanted = self.source.query
        shown = Listed(
            listing, wanted if view is None else view.query, wanted, session.clock.now(), self.table.cursor,
            self.table.count, view is None or view.complete, None if self.source.is_bucket else self.buckets.count,
            asking=self._is_asking, failed=self._problem is not None, unlisted=tuple(self._unlisted),
        )  # fmt: skip
        return self._status.show(*status(shown))

    @on(table_events.Moved)
    def _moved(self) -> None:
        self._look()
        self._say()
        self.refresh_bindings()

    @on(table_events.ReadFailed)
    def _read_failed(self, event: table_events.ReadFailed) -> None:
        self.complain(event.error)
