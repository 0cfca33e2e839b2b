"""What brings a listing on screen: going to a place, listing it, filtering, and keeping up as pages come in."""

from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from msgspec.structs import replace

from restoretui.core.errors import LedgerError, RestoreTuiError
from restoretui.core.location import Location
from restoretui.core.model import ObjectRef
from restoretui.ledger.queries import Query
from restoretui.tui.browse.board import BrowseBoard
from restoretui.tui.browse.columns import BucketRow, bucket_columns
from restoretui.tui.widgets.error_state import not_open

if TYPE_CHECKING:  # nobody goes anywhere before the first paint: what that takes is loaded behind it
    from restoretui.ledger.catalog.browse_view import BrowseView
    from restoretui.ledger.places import PlaceLook
    from restoretui.ledger.records import Listing
    from restoretui.tui.browse.home import HomeRow

LandOn = tuple[str, bool]
"""A key, or a common prefix if True, to put the cursor on."""

LATE_S = 0.1
"""After that time without other rows it is said that they are being looked for."""


class ListingBoard(BrowseBoard):
    """Shows a source; what keys do to it is for ``BrowsePane``."""

    _buckets_found: Sequence[BucketRow] = ()
    """All buckets of the list, also those that the filter leaves out."""
    _home_shown: "Sequence[HomeRow]" = ()
    _is_first = True
    """Nothing has been shown yet."""

    def on_mount(self) -> None:
        self.shell.feed.listen(self.told)
        self.choose_table()

    # --- going somewhere

    def opened(self) -> None:
        self.attempt(self.marking.begin_session, "session", hold_keys=True)
        if self.home is not None:
            self.home.begin(self.session)
            self.attempt(self._learn_home, "home")
        self._go_soon(self.location, None)
        if self.first_set:
            self.go_to(self.first_set)

    async def _learn_home(self) -> None:
        if self.home is not None:
            await self.home.learn(self.session)
            self._renew_home()

    def _renew_home(self) -> None:
        """What stands above the buckets may have changed."""
        if not self.source.is_bucket and self._home_rows() != self._home_shown:
            self._show_buckets()

    def _home_rows(self) -> "list[HomeRow]":
        session = self.shell.session
        return self.home.rows(session) if self.home is not None and session is not None else []

    def not_opened(self, error: RestoreTuiError) -> None:
        self.unopened = not_open(error, self.shell.key_for("quit"))
        self.judge()

    def go(self, location: Location, land_on: LandOn | None = None) -> None:
        """Show what is there."""
        self.shell.move_on()
        self.travels.left(self.location, location)
        self._go_soon(location, land_on)

    def go_to(self, place: Location | str) -> None:
        """Show what is there, or what ``@NAME`` holds, or at the place that is called ``NAME:``."""
        if isinstance(place, str):
            self.attempt(partial(self._go_to_set, place), "set", hold_keys=True)
            return
        if self.shell.session is not None:
            from restoretui.tui.acts.sets import leave_set

            leave_set(self.session, place)  # Who names the bucket means what is there.
        self.go(place)

    async def _go_to_set(self, text: str) -> None:
        from restoretui.tui.acts.sets import show_set

        if not text.startswith("@"):
            self.go_to(self.session.place_named(text))
            return
        shown = await show_set(self.session, text)
        self.past = None  # It stands in for what a time bar showed there.
        if self.source.versions != shown.versions:
            self.source.versions = shown.versions
            self.show_columns()
        self.go(shown.place)

    def place_clicked(self, cell: int) -> None:
        from restoretui.tui.widgets.crumbs import crumb_at

        at = crumb_at(self.location, cell)
        if at is not None:
            self.go(at)

    def step(self, *, back: bool) -> None:
        """To where Browse was before, or forward again."""
        here = self.location
        to = self.travels.step(self.session.settings, here, back=back)
        if to is not None:
            self.shell.move_on()
            came_from = here.prefix if to.bucket == here.bucket else here.bucket
            self._go_soon(to, (came_from, True))

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
        other_account = self.travels.arrived(self.session.settings, location)
        if location.version_id is not None:
            # One version is looked for: it is shown among all of its key.
            location = replace(location, version_id=None)
            if not self.source.versions:
                self.source.versions = True
                self.show_columns()
        if not self._is_first:
            self.travels.keep(self.source)
        here, self.source.location, self.source.listing = self.location, location, None
        if location != here or self._is_first:
            self.travels.recall(self.source, here, self.session.ledger.places.look)
            self._is_first = False
        if other_cloud:
            self.show_columns()
        if other_cloud or other_account:
            self.shell.identify(location.scheme, location.bucket)
        if (location.scheme, location.bucket) != (here.scheme, here.bucket):
            self.source.direct = frozenset()
            if here.bucket:
                from restoretui.tui.acts.sets import leave_set

                leave_set(self.session, here)
        if location != here:  # The same place in another way is asked for with what is shown of it.
            self.source.everything()
            self.filter_bar.clear()
        if self.source.sums and not self.source.is_summed(self.session, location):
            # Nothing is listed as a whole unasked.
            self.source.end_sums()
            self.show_columns()
        self.heads.forget()
        old = self.view
        self.view = None
        self.table.set_view(None)
        self.buckets.set_view(None)
        with self.asking():
            self.choose_table()
            self._close(old)
            if left is not None:
                await self.session.stop_listing(left.id)
            if self.source.is_bucket:
                await self._show(await self.source.list(self.session), land_on or ("", True))
                await self._first_rows()
                self.note_visit()
                self.attempt(partial(self._learn_direct, self.location), "direct")
            else:
                await self._list_buckets(land_on)

    async def _learn_direct(self, there: Location) -> None:
        """Whether archived objects are read as they are there: asked for once rows are on screen."""
        direct: frozenset[str] = frozenset()
        if not any(rule.direct for rule in self.session.clouds[there.scheme].rules.archives.values()):
            return
        with suppress(RestoreTuiError):  # Whoever plans a restore asks again, and says what is wrong.
            direct = await self.session.read_directly(there.scheme, there.bucket)
        if direct != self.source.direct and there == self.location:
            self.source.direct = direct
            self.table.changed()
            self.say_place()

    def note_visit(self) -> None:
        """Where we are, and how it is shown, is found again."""
        if self.location.key is None:
            look = self.travels.keep(self.source)
            self.attempt(partial(self._note_visit, self.location, look), "visit", exclusive=False)

    async def _note_visit(self, location: Location, look: "PlaceLook | None") -> None:
        with suppress(LedgerError):  # It is no matter of what was asked for; who writes next says what is wrong.
            whose = self.session.settings.profile_of(location.scheme, location.bucket)
            await self.session.ledger.places.visit(location, look, whose)

    def stop_asking(self) -> None:
        """Give up a look-up whose listing has not begun; what is on screen stays."""
        self.was_stopped = self.source.listing is None
        self.workers.cancel_group(self, "go")

    async def _first_rows(self) -> None:
        """Until there is something to act on, or nothing to come."""
        while self.source.is_listing and self.table.count == 0:
            self.heard.clear()
            await self.heard.wait()

    async def _list_buckets(self, land_on: LandOn | None) -> None:
        self._buckets_found = ()
        if self.home is not None:
            self.attempt(self._learn_home, "home")
        self._show_buckets(0)  # What there is to come back to does not wait for an answer.
        from restoretui.tui.browse.account_buckets import account_buckets

        found = await account_buckets(self.session, self.location.scheme)
        for problem in found.problems:
            self.complain(problem)
        self.unlisted = found.unlisted
        came_from = (self.location.scheme, land_on[0] if land_on is not None else "")
        at = next((row.id for row in found.rows if (row.scheme, row.name) == came_from), 0)
        has_totals = any(row.archived for row in found.rows)
        columns = bucket_columns(clouds=len(found.schemes) > 1, totals=has_totals)
        self.buckets.set_columns(columns, self.shell.remembered.columns("buckets"))
        self._buckets_found = found.rows
        self._show_buckets(at + len(self._home_rows()) if land_on is not None else 0)

    def _show_buckets(self, at: int | None = None) -> None:
        """Those whose names match the filter; none of them is listed for that."""
        rows, where = self._buckets_found, self.source.query.where
        above = self._home_shown = self._home_rows()
        if where is not None:
            above = []
            from restoretui.core.filter.matcher import FilterRow, row_matches

            rows = [row for row in rows if row_matches(where, FilterRow((row.name,)), 0)]
        self.bucket_rows = len(rows)
        from restoretui.tui.widgets.table.list_view import ListView

        self.buckets.set_view(ListView([*above, *rows]), at=at)
        self.judge()

    def refresh_listing(self) -> None:
        """List again; what is on screen stays until the new listing is whole."""
        if self.source.listing is None:
            self.go(self.location)
        else:
            self.attempt(self._list_again, "go")

    async def _list_again(self) -> None:
        with self.asking():
            listing = await self.source.list(self.session, refresh=True)
            self.following = listing.id
            try:
                listing = await self.session.listed(listing)
            finally:
                self.following = None
                self.say()
        self.heads.forget()
        row = self.table.row
        self._give_up_views()
        await self._show(listing, (row.ref.key, row.is_prefix) if row is not None else None, whole=True)

    async def _show(self, listing: "Listing", land_on: LandOn | None = None, *, whole: bool = False) -> None:
        """Show a listing, the cursor on ``land_on`` if that can be found, or else where it is.

        First rows will do, unless all that is shown now is to stay in sight: then the view must be ``whole``.
        """
        late = self.set_timer(LATE_S, self.say)
        self.views_coming += 1
        try:
            view = await self._view(listing, whole=whole)
        finally:
            self.views_coming -= 1
            late.stop()
        old, at = self.view, None
        if land_on is not None:
            found = self.session.ledger.catalog.find(listing.id, land_on[0], is_prefix=land_on[1])
            at = view.position(found) if found is not None else None
            at = at if at is not None else self.table.cursor if old is not None else 0
        # Pages came in, and the last one perhaps, while rows were being looked for.
        self.source.listing, self.view = self.session.ledger.catalog.peek(listing.id), view
        self.table.set_view(view, at=at)
        self.table.set_sort(view.query.sort, view.query.descending)
        self._close(old)
        self.weigh(view)
        self.judge()
        self.look_at_visible()
        self.say()
        self.marking.recount(changed=False)
        if not view.complete:
            self.attempt(partial(self._see_whole, view), "whole")

    async def _see_whole(self, view: "BrowseView") -> None:
        """What was asked for does not wait for its turn like what changes by itself."""
        await view.wait()
        if self.view is view and self.source.listing is not None:
            self.judge()
            self.table.look_again()
            self.say()

    async def _view(self, listing: "Listing", *, whole: bool) -> "BrowseView":
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

    def requery(self, *, typing: bool = False, from_top: bool = False) -> None:
        """Filter or order have changed; while it is typed, the keys to come are not for the table."""
        if self.source.listing is not None:
            land_on = ("", True) if from_top else None
            self.attempt(partial(self._show, self.source.listing, land_on), "view", hold_keys=not typing)
        elif not self.source.is_bucket and not self.is_asking:
            self._show_buckets()

    # --- keeping up

    def told(self, topics: frozenset[str]) -> bool:
        """Notes what has changed for the next tick, whether shown or not; paints only what is shown."""
        session, listing = self.shell.session, self.source.listing
        if session is None:
            return False
        if listing is not None and f"listing:{listing.id}" in topics:
            self.source.listing = session.ledger.catalog.peek(listing.id)
            # A filtered view is a picture of its moment: while pages come in it is taken again now and then.
            self.requery_due = self.source.query != Query()
            if listing.ended_at is None and not self.source.is_listing:
                self._listing_ended(listing)
        self._heed_listings(topics)
        if any(topic.startswith("selection:") for topic in topics):
            self.marking.recount()
        is_news = "runs" in topics or any(topic.startswith("selection:") for topic in topics)
        if is_news and self.home is not None and not self.source.is_bucket:
            self.attempt(self._learn_home, "home")
        self.recount()
        self.heard.set()
        if not self.is_shown:
            return False
        painted = self.source.is_bucket and self.table.look_again()
        self.look_at_visible()
        return self.say() or painted

    def _heed_listings(self, topics: frozenset[str]) -> None:
        """A flat listing that was made for something else may tell what lies below the prefixes shown."""
        view, catalog = self.view, self.session.ledger.catalog
        if view is None or self.source.flat:
            return
        others = [int(topic.partition(":")[2]) for topic in topics if topic.startswith("listing:")]
        with suppress(LedgerError):  # Pruned meanwhile.
            if any(other != view.listing.id and catalog.peek(other).ended_at for other in others):
                self.requery_due = self.requery_due or view.sums.is_outdated

    def _listing_ended(self, listing: "Listing") -> None:
        problem = self.session.listing_problem(listing.id)
        if problem is not None:
            self.problem = problem
        self.judge()
        if problem is not None:
            self.complain(problem)

    def tick(self) -> bool:
        if self.requery_due and not self.views_coming and self.source.listing is not None:
            self.requery_due = False
            self.attempt(partial(self._show, self.source.listing, whole=True), "view")
        if self.is_shown and self.home is not None:
            self._renew_home()
        if self.is_shown and self.shell.session is not None and self.session.ledger.totals.is_stale:
            self.recount()  # A copy has ended meanwhile.
        painted = self.source.is_bucket and self.table.look_again()
        painted = (self.side is not None and self.is_shown and self.side.renew()) or painted
        return self.say() or painted
