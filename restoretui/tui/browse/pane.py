"""Browse: what keys and clicks do to the listing shown, to the marks, and with them."""

from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace
from textual import on

from restoretui.core.location import Location
from restoretui.core.model import State
from restoretui.tui.browse.listing_board import ListingBoard
from restoretui.tui.keys import BROWSE
from restoretui.tui.widgets.error_state import is_about_who_pays
from restoretui.tui.widgets.table import events as table_events

if TYPE_CHECKING:  # what a key asks for is loaded behind the first paint: see ``late_imports``
    from restoretui.core.filter.tree import Filter
    from restoretui.ledger.records import BrowseRow
    from restoretui.ledger.selections.mark_sets import MarkSet
    from restoretui.tui.acts.inventory_import import InventoryImport
    from restoretui.tui.dialogs.filter_menu import Shown
    from restoretui.tui.widgets.filter_bar import FilterBar

ORDERS = {
    "key": "Key", "size": "Size", "modified": "Modified", "storage_class": "Storage class", "state": "State",
    "expiry": "End of the copy", "archived": "Archived below",
}  # fmt: skip

_OF_PLACES = ("parent", "buckets", "facets", "sort", "flat", "sums", "inventory", "versions", "time")
"""Keys that mean nothing where buckets are shown."""
MOST_KNOWN = 500
"""Rows whose prefixes a location is completed from."""


class BrowsePane(ListingBoard):
    """The first tab."""

    BINDINGS = BROWSE.bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if self.shell.session is None:
            return False
        here = self.source.is_bucket
        row = self.table.row if here else None
        marked = self.marking.summary.objects > 0 or self.marking.is_under_way
        state = row.state if row is not None and not row.is_prefix else None
        needed = {
            "restore": marked or row is not None,
            "extend": marked or state is State.AVAILABLE,
            "upgrade": marked or state in (State.REQUESTED, State.RESTORING),
            "end_copies": self._ends_copies and (marked or state is State.AVAILABLE),
            "pay": here and is_about_who_pays(self.problem),
            "mark_all": row is not None or (here and self.source.is_filtered),
            "mark_archived": here,
            "save_filter": here and self.source.is_filtered,
            "invert": row is not None,
            "unmark_all": marked,
            "back": bool(self.travels.behind),
            "forward": bool(self.travels.ahead),
            "undo": self.session.ledger.selections.can_undo,
            "redo": self.session.ledger.selections.can_redo,
            **dict.fromkeys(
                ("parent", "buckets", "facets", "sort", "flat", "sums", "inventory", "versions", "time"), here
            ),
        }
        return needed.get(action, True)

    @property
    def _ends_copies(self) -> bool:
        clouds = {cloud for cloud, _ in self.marking.summary.by_bucket}
        here = self.session.cloud_of(self.location.scheme)
        return any(cloud.rules.ends_copies for cloud in clouds or {here})

    # --- where to

    @on(table_events.Opened, "#buckets")
    def _bucket_opened(self, event: table_events.Opened) -> None:
        from restoretui.tui.browse.home import HomeRow

        row = event.row
        if not isinstance(row, HomeRow):
            self.go(Location(row.scheme, row.name))
        elif row.place is not None:
            self.go_to(row.named) if row.named else self.go(row.place)
        elif row.left is not None and row.left.name:
            self.go_to(f"@{row.left.name}")
        elif row.left is not None:
            self.attempt(partial(self._take, row.left), "take", hold_keys=True)
        else:
            run = next((run for run in self.session.ledger.runs.peek_all() if run.id == row.run_id), None)
            if run is not None:
                self.shell.show_run(run)

    async def _take(self, left: "MarkSet") -> None:
        """Go on with what another session had marked."""
        try:
            await self.marking.take(left)
        finally:
            await self._learn_home()

    @on(table_events.Opened, "#objects")
    def _row_opened(self, event: table_events.Opened) -> None:
        row: BrowseRow = event.row
        if row.is_prefix:
            self.go(self.location.below(row.ref.key))
        else:
            from restoretui.tui.dialogs.inspector import Inspector

            self.shell.push_screen(Inspector(row.ref, self.location.scheme, row))

    def action_parent(self) -> None:
        here = self.location
        came_from = (here.key, False) if here.key is not None else (here.prefix or here.bucket, True)
        self.go(here.parent, came_from)

    def action_back(self) -> None:
        self.step(back=True)

    def action_forward(self) -> None:
        self.step(back=False)

    def action_bookmark(self) -> None:
        from restoretui.tui.browse.place_acts import bookmark

        self.attempt(partial(bookmark, self), "bookmark")

    def known_places(self) -> list[Location | str]:
        """What can be gone to that is known, the likeliest first: what is shown, bookmarks, places, buckets."""
        here, view = self.location, self.view
        rows = view.rows(0, MOST_KNOWN) if view is not None and self.source.is_bucket else []
        shown = [here.below(row.ref.key) for row in rows if row.is_prefix]
        visited = [one.as_said for one in self.session.ledger.places.visited()]
        return [*shown, *visited, *(Location(row.scheme, row.name) for row in self._buckets_found)]

    def action_buckets(self) -> None:
        self.go(Location(self.location.scheme), (self.location.bucket, True))

    def action_refresh(self) -> None:
        self.shell.ask_again()
        if self.past is not None:
            from restoretui.tui.browse.place_acts import look_again

            self.attempt(partial(look_again, self), "go")
        elif self.source.sums:
            self.attempt(partial(self._sum_up, refresh=True), "go")
        else:
            self.refresh_listing()

    def action_pay(self) -> None:
        from restoretui.tui.browse.place_acts import pay_for_bucket

        self.attempt(partial(pay_for_bucket, self), "pay")

    def action_flat(self) -> None:
        self.source.flat = not self.source.flat
        if self.source.sums:
            self.source.end_sums()
            self.show_columns()
        self.go(self.location)

    @cached_property
    def importing(self) -> "InventoryImport":
        """What reads inventories; not for the first paint."""
        from restoretui.tui.acts.inventory_import import InventoryImport

        return InventoryImport(self)

    def inventory_words(self) -> tuple[str, str]:
        is_known = "importing" in vars(self)
        if self.shell.session is None or not (is_known or self.source.is_listing):
            return "", ""
        return self.importing.offer() if self.source.is_listing else "", self.importing.under_way

    def action_inventory(self) -> None:
        """Show the bucket by what an inventory has of it, or by the cloud again."""
        self.attempt(self.importing.turn, "inventory", exclusive=False)

    def action_sums(self) -> None:
        if self.source.sums:
            self._no_sums()
        else:
            self.attempt(self._sum_up, "go")

    async def _sum_up(self, *, refresh: bool = False) -> None:
        """List all keys below the place, if need be: the status line tells how far that is, and escape stops it."""
        session, source = self.session, self.source
        place = source.location
        if refresh or not source.is_summed(session, place):
            listing = await session.open_listing(place, recursive=True, versions=source.versions, refresh=refresh)
            self.following = listing.id
            self.say()
            try:
                await session.listed(listing)
            finally:
                self.following = None
                self.say()
        await session.ledger.totals.settle()
        if not source.is_summed(session, place):
            self.shell.say(
                "warning", "stopped: nothing is summed up", f"{self.shell.key_for('sums')} goes on with it"
            )
            return
        was_flat = source.flat
        source.begin_sums()
        self.show_columns()
        if was_flat or source.listing is None:
            self.go(place)
        else:
            self.requery(from_top=True)

    def _no_sums(self) -> None:
        self.source.end_sums()
        self.show_columns()
        self.say_place()
        self.requery()

    def action_versions(self) -> None:
        self.source.versions = not self.source.versions
        self.show_columns()
        self.go(self.location)

    def action_time(self) -> None:
        """Show the place as it was at an instant, by its versions, or as it is now again."""
        from restoretui.tui.browse.place_acts import choose_time

        self.attempt(partial(choose_time, self), "time")

    # --- what of it

    def on_filter_bar_changed(self, event: "FilterBar.Changed") -> None:
        if event.where != self.source.query.where or event.final:
            self.source.ask(where=event.where)
            self.requery(typing=not event.final)
            self.say_place()
        if event.final:
            (self.table if self.source.is_bucket else self.buckets).focus()

    def action_filter(self) -> None:
        self.filter_bar.open()

    def action_facets(self) -> None:
        from restoretui.tui.dialogs.filter_menu import FilterMenu

        self.shell.push_screen(FilterMenu(self.source.query.where, self.present), self._show_only)

    def _show_only(self, shown: "Shown | None") -> None:
        if shown is not None:
            self.narrow(shown.where)

    @property
    def can_narrow(self) -> bool:
        return self.source.is_bucket

    @property
    def narrowed_to(self) -> "Filter | None":
        return self.source.query.where

    def narrow(self, where: "Filter | None") -> None:
        self.filter_bar.show(where)
        self.source.ask(where=where)
        self.requery()
        self.say_place()

    def action_save_filter(self) -> None:
        from restoretui.tui.acts.saved_filters import save_filter

        self.attempt(partial(save_filter, self), "save-filter")

    def action_sort(self) -> None:
        from restoretui.tui.dialogs.menus import SortMenu

        query = self.source.query
        self.shell.push_screen(SortMenu(ORDERS, query.sort, descending=query.descending), self._sort_by)

    @on(table_events.SortChosen, "#objects")
    def _header_clicked(self, event: table_events.SortChosen) -> None:
        query = self.source.query
        self._sort_by((event.sort, event.sort == query.sort and not query.descending))

    def _sort_by(self, order: tuple[Any, bool] | None) -> None:
        if order is not None:
            self.source.ask(sort=order[0], descending=order[1])
            self.requery(from_top=self.table.cursor == 0)
            self.note_visit()

    def action_clear(self) -> None:
        """One thing a press: stops a running listing, else a request, else clears the filter, else leaves sums."""
        self.shell.move_on()
        running = self.following
        if running is None and self.source.listing is not None and self.source.is_listing:
            running = self.source.listing.id
        if running is not None:
            self.attempt(partial(self.session.stop_listing, running), "stop")
        elif self.is_asking:
            self.stop_asking()
        elif self.source.is_filtered:
            self.narrow(None)
        elif self.source.sums:
            self._no_sums()

    def action_columns(self) -> None:
        from restoretui.tui.acts.columns import choose_columns

        choose_columns(self)

    def action_copy(self) -> None:
        from restoretui.tui.browse.home import HomeRow

        row = self.table.row if self.source.is_bucket else None
        place, state = self.location, None
        bucket = None if self.source.is_bucket else self.buckets.row
        if bucket is not None:
            place = (bucket.place or place) if isinstance(bucket, HomeRow) else Location(bucket.scheme, bucket.name)
        elif row is not None:
            ref, state = row.ref, row.state
            place = (
                place.below(ref.key) if row.is_prefix else replace(place.object(ref.key), version_id=ref.version_id)
            )
        readable = state in (State.ONLINE, State.AVAILABLE)
        from restoretui.tui.dialogs.copy_menu import Copied, CopyMenu

        self.shell.push_screen(CopyMenu(Copied(place, self.marking.days_for(place.scheme), readable)))

    # --- marking

    @on(table_events.MarkToggled)
    def _mark_toggled(self, event: table_events.MarkToggled) -> None:
        if self.source.listing is not None:
            self.marking.begin(partial(self.marking.toggle, self.source.listing, event.row))

    @on(table_events.RangeMarked)
    def _range_marked(self, event: table_events.RangeMarked) -> None:
        view = self.view
        if view is not None:
            self.marking.mark_range(view, event.first, event.last)

    def action_mark_all(self) -> None:
        view, listing = self.view, self.source.listing
        if view is not None and listing is not None:
            self.marking.mark_all(view, listing.prefixes)

    def action_mark_archived(self) -> None:
        self.marking.mark_archived()

    def action_invert(self) -> None:
        view = self.view
        if view is not None:
            self.marking.invert(view)

    def action_unmark_all(self) -> None:
        self.marking.clear()

    def action_undo(self) -> None:
        self.marking.undo()

    def action_redo(self) -> None:
        self.marking.undo(redo=True)

    def action_marks(self) -> None:
        self.attempt(self._look_at_marks, "look-at-marks")

    async def _look_at_marks(self) -> None:
        from restoretui.tui.marks.screen import ComingFrom, MarksScreen

        await self.marking.settled()
        row = self.table.row if self.source.is_bucket else None
        cursor = (self.session.cloud_of(self.location.scheme), row.ref) if row is not None else None
        coming = ComingFrom(self.location, cursor, self.marking.days_for)
        before = await self.marking.revision()
        wanted = await self.shell.push_screen_wait(MarksScreen(coming))
        self.marking.recount(changed=before != await self.marking.revision())
        if wanted is not None and wanted.restore:
            self.action_restore()
        elif wanted is not None and wanted.ref is not None and wanted.cloud is not None:
            self.show(wanted.ref, wanted.cloud.scheme)

    # --- restoring

    def action_restore(self) -> None:
        self._act("restore")

    def action_extend(self) -> None:
        self._act("extend")

    def action_upgrade(self) -> None:
        self._act("upgrade")

    def action_end_copies(self) -> None:
        from restoretui.tui.browse.mark_acts import end_marks

        row = self.table.row if self.source.is_bucket else None
        self.attempt(partial(end_marks, self, self.source.listing, row), "act", hold_keys=True)

    def _act(self, purpose: str) -> None:
        from restoretui.core.rules.verdicts import Purpose
        from restoretui.tui.browse.mark_acts import restore_marks

        row = self.table.row if self.source.is_bucket else None
        self.attempt(partial(restore_marks, self, Purpose(purpose), self.source.listing, row), "act", hold_keys=True)
