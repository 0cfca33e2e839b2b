"""The one screen behind all dialogs: header, the tab chosen, notices, keys."""

from collections.abc import Sequence

from textual import events
from textual.app import ComposeResult
from textual.screen import Screen
from textual.widgets import ContentSwitcher

from restoretui.core.location import Location
from restoretui.tui.browse.pane import BrowsePane
from restoretui.tui.keys import EVERYWHERE
from restoretui.tui.pane import Pane
from restoretui.tui.widgets.key_bar import KeyBar
from restoretui.tui.widgets.notice import Notice
from restoretui.tui.widgets.place_bar import PlaceBar
from restoretui.tui.widgets.side_pane import Alike
from restoretui.tui.widgets.tab_bar import Badge, TabBar
from restoretui.tui.widgets.table.live_table import LiveTable

TABS = {"browse": "Browse", "restores": "Restores", "batch": "Batch", "activity": "Activity"}


class Tabs(Alike, ContentSwitcher):
    """Shows the tab that was chosen."""


class MainScreen(Alike, Screen[None]):
    """Knows its parts, not what they do."""

    AUTO_FOCUS = None
    # Here, not on the app: in a dialog, tab moves between fields, and q must not leave the app.
    BINDINGS = EVERYWHERE.bindings()

    def __init__(self, location: Location | str | None, *, badges: Sequence[Badge] = (), profile: str = "") -> None:
        super().__init__()
        self._location = location
        self._badges = badges
        self._profile = profile

    def compose(self) -> ComposeResult:
        yield TabBar(TABS, badges=self._badges, profile=self._profile)
        yield PlaceBar()
        with Tabs(initial="browse"):
            yield BrowsePane(self._location)
        yield Notice()
        yield KeyBar()

    def on_mount(self) -> None:
        self.pane("browse").arrive()

    def on_key(self, event: events.Key) -> None:
        """A key that does nothing here is answered; the bindings in force are asked behind this."""
        from restoretui.tui.process.idle_keys import answer

        shown = self.pane(self.tab)
        if shown.shell.session is None:
            return
        key_for = shown.shell.key_for
        others = ((key_for(pane.id or ""), TABS[pane.id or ""], pane) for pane in self.panes if pane is not shown)
        found = answer(event.key, shown, others, key_for("help"))
        if found is not None and event.key not in self.active_bindings:
            self.query_one(Notice).tell("warning", *found)

    async def add_tabs(self) -> None:
        """Add what no first paint shows: three quarters of all widgets, and of the time to make them."""
        from restoretui.tui.activity.pane import ActivityPane
        from restoretui.tui.batch.pane import BatchPane
        from restoretui.tui.restores.pane import RestoresPane

        await self.query_one(BrowsePane).add_unseen()
        switcher = self.query_one(ContentSwitcher)
        for pane in (RestoresPane(), BatchPane(), ActivityPane()):
            await switcher.add_content(pane)

    @property
    def panes(self) -> list[Pane]:
        """All tabs' contents."""
        return list(self.query(Pane))

    def pane(self, tab: str) -> Pane:
        """The content of one tab."""
        return self.query_one(f"#{tab}", Pane)

    @property
    def tab(self) -> str:
        """The tab shown."""
        return self.query_one(TabBar).active

    def to_first_row(self) -> None:
        """Of the table that has the keys."""
        if isinstance(self.focused, LiveTable):
            self.focused.action_first()

    def show_tab(self, tab: str) -> None:
        """Show a tab and give it the keys."""
        self.query_one(Notice).move_on()
        self.query_one(ContentSwitcher).current = tab
        self.query_one(TabBar).active = tab
        self.pane(tab).say_place()
        self.pane(tab).arrive()
        self.refresh_bindings()
