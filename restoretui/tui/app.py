"""The app: one session and one main screen, from first paint to the end."""

import asyncio
import gc
from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import cached_property, partial
from typing import TYPE_CHECKING

from textual import on
from textual.app import SystemCommand
from textual.driver import Driver
from textual.screen import Screen
from textual.theme import Theme

from restoretui.core.errors import RestoreTuiError
from restoretui.core.location import Location
from restoretui.core.model import DEFAULT_SCHEME
from restoretui.tui.background import in_background
from restoretui.tui.keys import IDS
from restoretui.tui.main_screen import TABS, MainScreen
from restoretui.tui.process.lifetime import OpenSession
from restoretui.tui.shell import Owner
from restoretui.tui.shell_app import ShellApp
from restoretui.tui.terminal.driver import TerminalDriver
from restoretui.tui.widgets.place_bar import PlaceBar
from restoretui.tui.widgets.tab_bar import Badge, TabBar
from restoretui.tui.widgets.table.live_table import SPACED_FROM, LiveTable

if TYPE_CHECKING:  # what there is to say before a session is open needs none of it: see ``late_imports``
    from restoretui.config.settings import Settings
    from restoretui.session.session import Session
    from restoretui.tui.process.announcements import Announcements
    from restoretui.tui.process.demo_guide import DemoGuide
    from restoretui.tui.process.demo_story import DemoStory


COMPACT, COMFORTABLE = "compact", "comfortable"
"""How much room there is between rows (``density``)."""
TICK_S = 1.0
"""How often texts that count down are read again; only those that read differently are repainted."""


class RestoreApp(ShellApp):
    """``open_session`` is called after the first paint."""

    def __init__(
        self,
        open_session: OpenSession,
        location: Location | str | None = None,
        *,
        settings: "Settings | None" = None,
        driver_class: type[Driver] | None = TerminalDriver,
        demo: "DemoStory | None" = None,
    ) -> None:
        """``location`` is shown first, or a set as ``@NAME``.

        ``demo``: nothing outlives the screens, the ledger no more than the cloud, and this is told meanwhile.
        """
        super().__init__(
            open_session, settings, settings.state_dir if settings is not None and not demo else None, driver_class
        )
        self._location = location
        self._demo = self._guide(demo) if demo is not None else None
        self.last_words: list[str] = []
        """For the shell, once the screens are gone: runs under way, and how to go on with each."""
        self._titles = self._titles and (settings is None or settings.title)

    @cached_property
    def _announcements(self) -> "Announcements":
        """From when there is anything to announce."""
        from restoretui.tui.process.alerts import Alerts
        from restoretui.tui.process.announcements import Announcements

        settings, alerts = self._settings, Alerts()
        if settings is not None:
            alerts = Alerts(settings.wanted_alerts, timedelta(hours=settings.expiring_hours))
        return Announcements(self, alerts, self._ring, self.set_window_title)

    def _guide(self, demo: "DemoStory") -> "DemoGuide":
        from restoretui.tui.process.demo_guide import DemoGuide

        return DemoGuide(self, demo, lambda: self.tab_bar.rebadge(self._badges()))

    # --- from first paint to the end

    def get_default_screen(self) -> MainScreen:
        return MainScreen(self._location, badges=self._badges(), profile=self._profile(self._scheme))

    def _badges(self) -> list[Badge]:
        settings = self._settings
        badges = [(self._demo.badge, "primary")] if self._demo else []
        if settings is not None:
            badges += [("PRODUCTION", "error")] if settings.is_production else []
            badges += [("READ-ONLY", "primary")] if settings.read_only else []
        return badges

    @property
    def _scheme(self) -> str:
        return self._location.scheme if isinstance(self._location, Location) else DEFAULT_SCHEME

    def on_mount(self) -> None:
        self.ask_background()
        self.feed.listen(self._told)
        self.set_interval(TICK_S, partial(self.pacer.request, self._tick))
        self.call_after_refresh(self._begin)

    async def _load_later(self) -> None:
        from restoretui.tui.late_imports import load_later

        await load_later()
        await asyncio.to_thread(self._copied.look)

    async def _begin(self) -> None:
        gc.enable()
        if not self._remembered.is_read:
            await asyncio.to_thread(self._remembered.read)
            self.recall()
        self.style_late()
        self.theme_changed_signal.subscribe(self.main, self._theme_changed)
        await self.main.add_tabs()
        self.main.pane("browse").recall()
        in_background(self, self.key_queue.run, "keys")
        self.pacer.ask()
        self._apply_settings()
        self._lifetime.begin(
            partial(self.call_later, self.while_running, self._opened), self._not_opened, self._crashed
        )
        in_background(self, self._load_later, "later")

    def _not_opened(self, error: RestoreTuiError) -> None:
        if not self.is_running:
            return  # It could not be closed well, which the shell is told.
        self.place_bar.not_open()
        for pane in self.main.panes:
            pane.not_opened(error)
        self.main.pane(self.main.tab).complain(error)

    def _crashed(self, error: BaseException | None) -> None:
        """A mistake of ours must not pass for a screen on which nothing happens."""

        def surface() -> None:
            if error is not None:
                raise error

        self.call_later(surface)

    def problem(self) -> RestoreTuiError | None:
        """Why the screens ended, or were never what they should be; None when all is well."""
        error = self._exception or self._lifetime.defect
        if isinstance(error, RestoreTuiError):
            return error
        if error is not None:
            from restoretui.tui.process.crash import defect

            folder = self._settings.state_dir if self._settings is not None and not self._demo else None
            return defect(error, folder)
        return self._lifetime.problem

    def _note_last_words(self, session: "Session") -> None:
        from restoretui.tui.process.last_words import last_words

        self.last_words = list(self._demo.last_words) if self._demo else last_words(session)

    def _apply_settings(self) -> None:
        settings = self._settings
        if settings is None:
            return
        from restoretui.tui.process.preferences import wrong_preferences

        tables = (table for pane in self.main.panes for table in pane.known_columns().items())
        wrong, known = wrong_preferences(settings, self.available_themes, tables)
        if wrong:
            self.say("warning", "; ".join(wrong), "; ".join(known))
        self.set_keymap({name: key for name, key in settings.keys.items() if name in IDS})
        for at, command in enumerate(settings.commands):
            if command.key:
                self.bind(command.key, f"own({at})", description=command.name, show=False)

    def recall(self) -> None:
        """Look as it was chosen on screen at an earlier start."""
        configured = self._settings.theme if self._settings is not None else None
        chosen = self._remembered.look("theme", configured)
        if chosen != configured:
            self.use_theme(chosen)
        density = self._settings.density if self._settings is not None else COMPACT
        self._space_rows(self._remembered.look("density", density) == COMFORTABLE)

    def _space_rows(self, spaced: bool) -> None:
        if spaced is not self.spaced_rows:
            self.spaced_rows = spaced
            for screen in self.screen_stack if self.is_running else ():
                for table in screen.query(LiveTable):
                    table.respace()

    def action_density(self) -> None:
        """More or less room between rows, from now on."""
        self._space_rows(not self.spaced_rows)
        self._choose_look("density", COMFORTABLE if self.spaced_rows else COMPACT)
        if self.spaced_rows and self.size.height < SPACED_FROM:
            self.say("warning", f"rows are spaced from {SPACED_FROM} lines on", "make the window higher")

    def _theme_changed(self, theme: Theme) -> None:
        """Somebody chose it, unless it follows the terminal."""
        if theme.name != self.given_theme:
            self.given_theme, self._asks_background = theme.name, False
            self._choose_look("theme", theme.name)

    def _choose_look(self, setting: str, chosen: str) -> None:
        configured = getattr(self._settings, setting) if self._settings is not None else None
        self._remembered.choose_look(setting, chosen, configured)
        in_background(self, self._remember, "remember")

    async def _remember(self) -> None:
        try:
            await self._remembered.save()
        except RestoreTuiError as error:
            self.complain(error)

    def _opened(self) -> None:
        if self.session is None:
            return
        self._signed_in.begin(self.session)
        if self.session.ledger.note:
            self.say("warning", self.session.ledger.note)
        self._told(frozenset({"health", "runs"}))
        for pane in self.main.panes:
            pane.opened()
        self.refresh_bindings()
        self.identify(self._scheme)

    async def on_unmount(self) -> None:
        self.pacer.stop()
        await self._lifetime.end()
        await self._remembered.save_rest()

    # --- what changed by itself

    def _told(self, topics: frozenset[str]) -> bool:
        return self.session is not None and self._announcements.told(self.session, topics)

    def _ring(self, text: str) -> None:
        settings = self._settings
        self.ring(text, bell=settings is None or settings.bell, form=settings.desktop if settings else "auto")

    def _tick(self) -> bool:
        session = self.session
        try:
            if session is not None and self._announcements.tick(session, asyncio.get_running_loop().time()):
                in_background(self, partial(self._announcements.look_at_ends, session), "ends", exclusive=True)
            return self._tell_story() | self.main.pane(self.main.tab).tick()
        except RestoreTuiError as error:
            self.complain(error)  # A ledger that cannot be read now may be soon; the screen says so meanwhile.
            return True

    def _tell_story(self) -> bool:
        if self._demo is None or self.session is None:
            return False
        from restoretui.tui.process.demo_story import Scene

        browse, runs = self._browse, self.session.ledger.runs.peek_all()
        scene = Scene(
            in_bucket=bool(browse.location.bucket),
            shows_all=browse.source.flat or browse.source.query.where is not None,
            marked=browse.marking.summary.objects,
            asked=len(runs),
            under_way=sum(run.is_open for run in runs),
        )
        if scene.under_way:
            in_background(self, partial(self._demo.see, scene), "clock")
        return self._demo.tell(scene)

    async def action_turn_clock(self) -> None:
        if self._demo is not None:
            await self._demo.step()

    # --- keys

    def action_tab(self, tab: str) -> None:
        self.main.show_tab(tab)

    @on(PlaceBar.Clicked)
    def _place_clicked(self, event: PlaceBar.Clicked) -> None:
        self.main.pane(self.main.tab).place_clicked(event.cell)

    @on(TabBar.Chosen)
    def _tab_clicked(self, event: TabBar.Chosen) -> None:
        self.main.show_tab(event.tab)

    def action_step_tab(self, step: int) -> None:
        tabs = list(TABS)
        self.main.show_tab(tabs[(tabs.index(self.main.tab) + step) % len(tabs)])

    def action_go(self) -> None:
        from restoretui.tui.dialogs.go_to import GoTo

        pane = self._browse
        asking = GoTo(pane.location)
        if (session := self.session) is not None:
            sets = [f"@{one.name}" for one in session.ledger.mark_sets.saved()]
            places = [f"{name}:" for name in session.settings.places]
            asking = GoTo(pane.location, pane.known_places(), sets, places, session.place_named)

        def go(location: Location | str | None) -> None:
            if location is not None:
                self.main.show_tab("browse")
                pane.go_to(location)
            elif asking.was_pressed_again:
                self.main.to_first_row()

        self.push_screen(asking, go)

    def action_help(self) -> None:
        from restoretui.tui.dialogs.help import Help, groups_of

        if not isinstance(self.screen, Help):
            own = self._settings.commands if self._settings is not None else ()
            self.push_screen(Help(self.remapped, self.main.tab, groups_of(self.screen), own))

    def action_sign_in(self) -> None:
        """One login at a time: a second box would start a second one."""
        from restoretui.tui.dialogs.sign_in import SignIn

        if self._settings is not None and not any(isinstance(screen, SignIn) for screen in self.screen_stack):
            self.push_screen(SignIn(self._settings.profile))

    async def action_quit(self) -> None:
        from restoretui.tui.acts.leaving import ask_to_leave

        ask_to_leave(self, None if self._demo else self.session, partial(self.exit, 0))  # A demo has nothing to lose.

    def action_help_quit(self) -> None:
        """Textual's ctrl+c only explains itself. This leaves without a question: what was confirmed is on disk."""
        self.exit(0)

    # --- the user's own commands

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action != "own":
            return super().check_action(action, parameters)
        return self._may_run(self._owner, int(str(parameters[0])))

    @property
    def _owner(self) -> Owner | None:
        """Of whatever is on screen, what tells what a command is about: the tab, or the marks; None in a dialog."""
        if self.screen is self.main:
            return self.main.pane(self.main.tab)
        return self.screen if isinstance(self.screen, Owner) else None

    def _may_run(self, owner: Owner | None, at: int) -> bool | None:
        """There is something there that the command would be about; None where it is forbidden, and so dark."""
        if self._settings is None or self.session is None or owner is None:
            return False
        command = self._settings.commands[at]
        if command.dangerous and self.session.read_only:
            return None
        return owner.about(command.scope) is not None

    def action_own(self, at: int) -> None:
        """Run the user's command number ``at`` of the config, about what is on screen."""
        if (owner := self._owner) is not None:
            self._run_own(owner, at)

    def _run_own(self, owner: Owner, at: int) -> None:
        from restoretui.tui.own.running import run_and_tell

        if self._settings is not None:
            # The tab's task: it goes on when the screen that it was begun on is left.
            pane, command = self.main.pane(self.main.tab), self._settings.commands[at]
            pane.attempt(partial(run_and_tell, owner, command), f"own {command.name}", exclusive=False)

    def action_own_menu(self) -> None:
        from restoretui.tui.own.boxes import CommandMenu
        from restoretui.tui.own.running import why_not

        owner = self._owner
        if self._settings is None or self.session is None or owner is None:
            return
        commands = self._settings.commands
        if not commands:
            owner.tell("warning", "there are no commands of yours", "the config has them: [[commands]]")
            return
        reasons = {at: why_not(owner, one) for at, one in enumerate(commands)}
        menu = CommandMenu(commands, {at: why for at, why in reasons.items() if why})
        self.push_screen(menu, lambda at: None if at is None else self._run_own(owner, at))

    def _own_by_name(self) -> dict[str, Callable[[], None]]:
        """Those that can be run now, on the tab below the palette."""
        pane, settings = self.main.pane(self.main.tab), self._settings
        own = enumerate(settings.commands if settings is not None else ())
        return {one.name: partial(self._run_own, pane, at) for at, one in own if self._may_run(pane, at)}

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        from restoretui.tui.acts.saved_filters import narrowings
        from restoretui.tui.palette import system_commands

        is_open = screen is self.main and self.session is not None
        filters = narrowings(self.main.pane(self.main.tab)) if is_open else {}
        return system_commands(self, screen, filters, self._own_by_name() if is_open else {})
