"""The parts of the Browse tab, and what they say of the listing shown: on its way, failed, empty or whole."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from textual import on
from textual.app import ComposeResult
from textual.content import Content

from restoretui.core.errors import RestoreTuiError
from restoretui.core.location import Location
from restoretui.core.model import DEFAULT_SCHEME
from restoretui.tui.browse.columns import BucketRow, bucket_columns, cells_for_classes, object_columns, sum_columns
from restoretui.tui.browse.listing_source import ListingSource, Travels, Weights
from restoretui.tui.browse.marking import Markable, Marking
from restoretui.tui.browse.visible_heads import VisibleHeads
from restoretui.tui.widgets.bar import Bar
from restoretui.tui.widgets.error_state import ErrorState, error_state, listing_keys
from restoretui.tui.widgets.side_pane import Beside, SidePane
from restoretui.tui.widgets.table import events as table_events
from restoretui.tui.widgets.table.columns import Column
from restoretui.tui.widgets.table.live_table import LiveTable
from restoretui.tui.words import OPENING, Part, chips

if TYPE_CHECKING:  # what no first paint shows is loaded behind it: see ``late_imports``
    from restoretui.core.filter.completion import Present
    from restoretui.ledger.catalog.browse_view import BrowseView
    from restoretui.session.past.past import PastListing
    from restoretui.tui.browse.home import Home, HomeRow


class BrowseBoard(Markable):
    """Shows how a source stands; what brings another one on screen is for ``ListingBoard``."""

    def __init__(self, first: Location | str | None) -> None:
        """``first`` is what is shown first: a place, or a set as ``@NAME``; without it, what there is to go to."""
        super().__init__(id="browse")
        location = first if isinstance(first, Location) else None
        self.first_set = first if isinstance(first, str) else ""
        self.source = ListingSource(location or Location(DEFAULT_SCHEME))
        self.travels = Travels()
        self.home = self._at_home() if location is None else None
        """Above the buckets; not for somebody who said where to go."""
        self.bucket_rows = 0
        """Of the list of buckets, those that are buckets."""
        self.following = None
        self.view = None
        self.requery_due = False
        """Rows have come that the filtered view shown does not know of."""
        self.unopened: ErrorState | None = None
        """Why there is no session, which nothing that is looked at later changes."""
        self.problem: RestoreTuiError | None = None
        """Why what was asked for last is not shown, or not all of it."""
        self.was_stopped = False
        """What was asked for last was given up before it began."""
        self.unlisted: list[str] = []
        """Clouds whose buckets are missing in the list."""
        self._asked: object = None
        """What is to be shown has been asked for, and nothing has come yet: whoever asked last."""
        self.views_coming = 0
        """Views on their way."""
        self.heard = asyncio.Event()
        """Set whenever the ledger told something."""
        self.past: PastListing | None = None
        """What was there at an instant, where that was asked for; shown below its place."""
        self.heads = VisibleHeads()
        self.weights = Weights()

    def compose(self) -> ComposeResult:
        pacer = self.shell.pacer
        self.buckets: LiveTable[BucketRow | HomeRow] = LiveTable(
            bucket_columns(), pacer, placeholder=OPENING, id="buckets"
        )
        self.table = LiveTable(self.columns(), pacer, marking=True, placeholder=OPENING, id="objects")
        with Beside():
            yield self.table if self.source.is_bucket else self.buckets
            self.side = SidePane(self._side_lines)
            yield self.side
        self._status = Bar(id="browse-status", classes="status")
        yield self._status

    async def add_unseen(self) -> None:
        """Add what no first paint shows; before the session opens, so nothing is asked of it earlier."""
        from restoretui.core.filter.fields import EVERY, WORDS_ONLY
        from restoretui.tui.marks.marks_bar import MarksBar
        from restoretui.tui.widgets.filter_bar import FilterBar
        from restoretui.tui.widgets.time_bar import TimeBar

        self.filter_bar = FilterBar(
            fields=lambda: EVERY if self.source.is_bucket else WORDS_ONLY, present=self.present, id="browse-filter"
        )
        self.time_bar = TimeBar()
        beside = self.query_one(Beside)
        await self.mount(self.filter_bar, self.time_bar, before=beside)
        marks_bar = MarksBar()
        self.marking = Marking(self, marks_bar)
        await self.mount(marks_bar, before=self._status)
        later = self.buckets if self.table.is_attached else self.table
        await beside.mount(later, before=0)

    @staticmethod
    def _at_home() -> "Home":
        from restoretui.tui.browse.home import Home

        return Home()

    def show_columns(self) -> None:
        """Of the objects, for what is shown of the place, as they were chosen for that."""
        self.table.set_columns(self.columns(), self.shell.remembered.columns(self._kind))

    def about(self, scope: str) -> Mapping[str, object] | None:
        from restoretui.tui.own.facts import of_marks, of_object

        summary, row = self.marking.summary, self.table.row if self.source.is_bucket else None
        if scope == "marks":
            return of_marks(summary.objects, summary.size_bytes)
        if scope != "object" or row is None or row.is_prefix:
            return None
        return of_object(self.source.location.scheme, row.ref, row.size, row.storage_class, row.state)

    async def marked(self) -> int:
        await self.marking.settled()
        return self.marking.sel

    def recall(self) -> None:
        self.show_columns()
        super().recall()

    def arranging(self) -> tuple[str, LiveTable[Any]]:
        if not self.source.is_bucket:
            return "buckets", self.buckets
        return self._kind, self.table

    @property
    def _kind(self) -> str:
        return "sums" if self.source.sums else "versions" if self.source.versions else "browse"

    def known_columns(self) -> Mapping[str, Sequence[Column[Any]]]:
        return {
            "buckets": bucket_columns(clouds=True), "browse": object_columns(str, float), "sums": sum_columns(str),
            "versions": object_columns(str, float, versions=True),
        }  # fmt: skip

    def columns(self) -> list[Any]:
        """Of the objects, for the place shown."""
        if self.source.sums:
            return sum_columns(lambda: self.source.base)
        class_cells = cells_for_classes(self.location.scheme)
        return object_columns(
            lambda: self.source.base, self._now, versions=self.source.versions, class_cells=class_cells,
            direct=lambda: self.source.direct,
        )  # fmt: skip

    def _now(self) -> float:
        session = self.shell.session
        return session.clock.now().timestamp() if session is not None else 0.0

    @property
    def location(self) -> Location:
        """The place shown."""
        return self.source.location

    def arrive(self) -> None:
        (self.table if self.source.is_bucket else self.buckets).focus()
        self.fit_side()
        self.table.changed()
        self.say()

    def _side_lines(self, width: int) -> Sequence[Content]:
        session = self.shell.session
        if session is None:
            return []
        from restoretui.tui.browse.home import HomeRow
        from restoretui.tui.browse.side import RowTeller

        here, key = self.source.is_bucket, self.shell.key_for("sums") if self.source.is_bucket else ""
        teller = RowTeller(session, self.location, self.source.versions, self.marking.days_for, key)
        row, bucket = self.table.row if here else None, None if here else self.buckets.row
        if isinstance(bucket, HomeRow):
            return teller.of_home(bucket, width)
        if bucket is not None:
            return teller.of_prefix(Location(bucket.scheme, bucket.name), bucket.name, width)
        return [] if row is None else teller.of_row(row, width)

    def choose_table(self) -> None:
        """Show the table of buckets or that of objects."""
        self.table.display, self.buckets.display = self.source.is_bucket, not self.source.is_bucket
        self.say_place()
        self.say()
        if self.is_shown:
            self.arrive()

    # --- how it stands

    @property
    def is_asking(self) -> bool:
        """Something to show has been asked for, and has not come yet."""
        return self._asked is not None

    @contextmanager
    def asking(self) -> Iterator[None]:
        """One state at a time: what failed before is moot, and what fails now is said for as long as it is so."""
        asked = self._asked = object()
        self.problem, self.unlisted, self.was_stopped = None, [], False
        self.judge()
        try:
            yield
        except RestoreTuiError as error:
            self.problem = error
            raise
        finally:
            if self._asked is asked:
                self._asked = None
                if self.is_attached and self.app.is_running:
                    self.judge()

    def judge(self) -> None:
        """Say in the empty space and in the header which of all states it is: on its way, failed, empty or whole."""
        problem, instead = self.problem, self.unopened
        if problem is not None:
            instead = error_state(problem, *listing_keys(problem, self.shell.remapped))
        for table in (self.table, self.buckets):
            table.error_state = instead
            table.placeholder = self._empty()
        if problem is not None and self.says_instead(problem):
            self.shell.take_back(problem)
        self.say_place()
        self.say()
        self.refresh_bindings()

    def says_instead(self, error: RestoreTuiError) -> bool:
        """This stands on screen where rows would be."""
        table = self.table if self.source.is_bucket else self.buckets
        told, hint = str(self.problem), self.problem.hint if self.problem is not None else ""
        return self.is_shown and not table.count and (told, hint) == (str(error), error.hint)

    def _empty(self) -> str:
        from restoretui.tui.browse.empty_space import Emptiness

        view = self.view
        return Emptiness(
            is_open=self.shell.session is not None,
            shows_buckets=not self.source.is_bucket,
            is_asking=self.is_asking,
            was_stopped=self.was_stopped,
            listing=self.source.listing,
            is_filtered=self.source.is_filtered,
            is_searching=bool(self.views_coming or self.requery_due or view is None or not view.complete),
            is_anchored=self.source.is_anchored,
        ).words(self.shell.key_for)

    def place(self) -> list[Part]:
        source = self.source
        kinds = (("flat", source.flat), ("all versions", source.versions), ("sums", source.sums),
                 ("direct read", bool(source.direct)))  # fmt: skip
        session = self.shell.session if not source.is_bucket else None
        clouds = session.settings.shown_clouds(self.location.scheme) if session is not None else []
        where = "  ".join(f"{scheme}://" for scheme in clouds) or str(self.location)
        shown = [(where, "strong"), *((f" · {word}", "busy") for word, on in kinds if on and source.is_bucket)]
        return [*shown, *self._unasked(), *chips(source.query.where)]

    async def present(self) -> "Present":
        """What there is to filter by, whatever the filter in force leaves out of it."""
        from restoretui.core.filter.completion import Present

        return Present() if self.view is None else await self.view.present()

    def light(self) -> Part | None:
        if self.problem is not None:
            has_rows = self.source.is_bucket and self.table.count
            return ("✗ not whole" if has_rows else "✗ not listed"), "bad"
        if self.unlisted:
            return f"▲ {', '.join(self.unlisted)} not listed", "warn"
        if self.was_stopped:
            return "▲ not listed", "warn"
        return ("◑ listing", "busy") if self.is_asking else None

    def say(self) -> bool:
        """Tell below the table how much is there; tells whether that is anything new."""
        session, view, listing = self.shell.session, self.view, self.source.listing
        if session is None:
            return False
        from restoretui.tui.browse.status import ListingStatus, longer, status, time_parts

        if self.following is not None:
            listing = session.ledger.catalog.peek(self.following)
        wanted = self.source.query
        offer, reading = self.inventory_words()
        shown = ListingStatus(
            listing, wanted if view is None else view.query, wanted, session.clock.now(), self.table.cursor,
            self.table.count, view is None or view.complete, None if self.source.is_bucket else self.bucket_rows,
            asking=self.is_asking, failed=self.problem is not None or self.was_stopped, unlisted=tuple(self.unlisted),
            weights=self.weights if self.following is None else None, sums=self.source.sums,
            sums_key=self.shell.key_for("sums"), offer=offer, reading=reading,
        )  # fmt: skip
        key = self.shell.key_for("time")
        self.time_bar.tell(time_parts(self.source.listing, self.past, session.clock.now(), key))
        busy = self.is_asking or self.source.is_listing or self.problem is not None or wanted != shown.query
        # How much matches a filter is asked more often than how a key goes on, which enter shows as well.
        is_plain = self.source.is_bucket and not busy and self.source.query.where is None
        whole = self.table.cut_value if is_plain else ""
        return self._status.show(*status(shown), longer=longer(shown), whole=whole)

    def _unasked(self) -> list[Part]:
        """That an inventory is shown though nobody asked for it."""
        listing, session = self.source.listing, self.shell.session
        if self.source.unasked is None or listing is None or session is None or listing.origin is None:
            return []
        from restoretui.tui.acts.inventory import unasked_words

        return [(unasked_words(listing, session.clock.now(), self.shell.key_for("inventory")), "warn")]

    def inventory_words(self) -> tuple[str, str]:
        """What could be shown at once while a listing takes its time, and how far an inventory is read."""
        return "", ""

    def weigh(self, view: "BrowseView") -> None:
        """How much is there, and how much of it the filter matches."""
        self.workers.cancel_group(self, "weigh")
        self.weights.look(self.session, self.source, view)
        if view.query.where is not None:
            self.attempt(partial(self._weigh_match, view), "weigh")

    async def _weigh_match(self, view: "BrowseView") -> None:
        await self.weights.weigh(view)
        self.say()

    def recount(self) -> None:
        """What changed is counted by itself, in steps; what is shown of it is read again."""
        totals = self.session.ledger.totals
        if totals.is_stale and not totals.is_settling:
            self.attempt(totals.settle, "settle", exclusive=False)
        self.weights.look(self.session, self.source, self.view)

    def look_at_visible(self) -> None:
        """HEAD what is on screen and cannot be judged otherwise."""
        view, session = self.view, self.shell.session
        if view is not None and session is not None and self.source.is_bucket:
            refs = self.heads.wanted(view.rows(self.table.scroll_offset.y, self.table.size.height))
            if refs:
                self.attempt(partial(self.heads.look, session, refs, self.location.scheme), "look")

    @on(table_events.Moved)
    def _moved(self) -> None:
        self.look_at_visible()
        self.say()
        self.refresh_bindings()
        self.follow_cursor()

    def follow_cursor(self) -> None:
        """The pane tells of the row under it, once it rests."""
        if self.side is not None:
            self.side.follow()

    @on(table_events.ReadFailed)
    def _read_failed(self, event: table_events.ReadFailed) -> None:
        self.complain(event.error)
