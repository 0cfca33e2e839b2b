"""The app: one session, one main screen, and what panes and dialogs ask of both."""

import asyncio
import gc
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, cast

from textual import events, on
from textual.app import App, SystemCommand
from textual.driver import Driver
from textual.filter import LineFilter
from textual.screen import Screen
from textual.widget import Widget

from restoretui.core.errors import ExitCode, RestoreTuiError
from restoretui.core.location import Location
from restoretui.core.model import DEFAULT_SCHEME, ObjectRef, Tier
from restoretui.ledger.records import Run
from restoretui.tui import theme
from restoretui.tui.browse.pane import BrowsePane
from restoretui.tui.completion import Completion, verdict
from restoretui.tui.keys import IDS, key_name
from restoretui.tui.main_screen import TABS, MainScreen
from restoretui.tui.palette import system_commands
from restoretui.tui.process.crash import Defect, defect
from restoretui.tui.process.leaving import last_words
from restoretui.tui.process.lifetime import Lifetime, OpenSession
from restoretui.tui.terminal.driver import TerminalDriver
from restoretui.tui.terminal.feed import Feed
from restoretui.tui.terminal.pacing import Pacer
from restoretui.tui.terminal.scrub import Scrub
from restoretui.tui.terminal.typing import KeyLine
from restoretui.tui.trouble import key_for
from restoretui.tui.widgets.notice import Level, Notice
from restoretui.tui.widgets.place_bar import PlaceBar
from restoretui.tui.widgets.tab_bar import TabBar
from restoretui.wording.safe import clean
from restoretui.wording.shell import shell_word

if TYPE_CHECKING:
    from restoretui.config.settings import Settings
    from restoretui.session.session import Session

WidgetT = TypeVar("WidgetT", bound=Widget)

TICK_S = 1.0
"""How often texts that count down are read again; only those that read differently are repainted."""
MFA_DECLINED_S = 300.0
LATER = (
    "restoretui.tui.acts.end_copies",
    "restoretui.tui.acts.restoring",
    "restoretui.tui.browse.go_to",
    "restoretui.tui.dialogs.ask",
    "restoretui.tui.dialogs.help",
    "restoretui.tui.dialogs.inspector",
    "restoretui.tui.dialogs.leave",
    "restoretui.tui.dialogs.menus",
    "restoretui.tui.dialogs.sign_in",
)
"""Screens that no first paint shows: loaded behind it, in a thread, before a key can ask for them."""


class RestoreApp(App[int]):
    """``open_session`` is called after the first paint."""

    TITLE = "restoretui"
    CSS = Path(__file__).with_name("style.tcss").read_text("utf-8")
    ALLOW_SELECT = False
    VERTICAL_BREAKPOINTS = [(0, "-short"), (30, "-tall")]  # noqa: RUF012  Textual declares it so
    ENABLE_COMMAND_PALETTE = False
    """Only its own binding is switched off: ours can be remapped, and does not reach into dialogs."""

    def __init__(
        self,
        open_session: OpenSession,
        location: Location | None = None,
        *,
        settings: "Settings | None" = None,
        driver_class: type[Driver] | None = TerminalDriver,
        demo: bool = False,
    ) -> None:
        """``demo``: nothing outlives the screens, the ledger no more than the cloud."""
        super().__init__(driver_class=driver_class)
        self.animation_level = "none"
        self.use_command_palette = True
        self._location = location
        self._settings = settings
        self._demo = demo
        self.last_words: list[str] = []
        """For the shell, once the screens are gone: runs under way, and how to go on with each."""
        self._scrub = Scrub()
        self._completion = Completion()
        self._window_title = ""
        self._mfa_declined_at = float("-inf")
        self.pacer = Pacer(partial(self.call_later, self._while_running), self._probe, self._written)
        self.feed = Feed(self.pacer, self.complain)
        self._lifetime = Lifetime(open_session, self.feed, self._note_last_words)
        self.key_line = KeyLine(super().on_event, self._is_handling, self._on_screen)
        for ours in theme.THEMES:
            self.register_theme(ours)
        self.theme = theme.DARK.name

    # --- from first paint to the end

    def get_default_screen(self) -> MainScreen:
        settings = self._settings
        badges = [("DEMO", "primary")] if self._demo else []
        if settings is not None:
            badges += [("PRODUCTION", "error")] if settings.is_production else []
            badges += [("READ-ONLY", "primary")] if settings.read_only else []
        return MainScreen(self._location, badges=badges, profile=self._profile(self._scheme))

    @property
    def _scheme(self) -> str:
        return self._location.scheme if self._location is not None else DEFAULT_SCHEME

    def _profile(self, scheme: str) -> str:
        """The name of the profile that locations of that scheme are reached with, as it is set."""
        return self._settings.profile_of(scheme) if self._settings is not None else ""

    def get_css_variables(self) -> dict[str, str]:
        variables = super().get_css_variables()
        now = self.current_theme
        # Also for styled text, which looks its variables up there.
        self.theme_variables = variables | theme.own_variables(variables, ansi=now.ansi, dark=now.dark)
        return self.theme_variables

    def get_line_filters(self) -> Sequence[LineFilter]:
        return [*super().get_line_filters(), self._scrub]

    def on_mount(self) -> None:
        self.feed.listen(self._told)
        self.set_interval(TICK_S, partial(self.pacer.request, self._tick))
        self.call_after_refresh(self._begin)

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, events.Key) and not event.is_forwarded:
            self.key_line.put(event)
        else:
            await super().on_event(event)

    def _is_handling(self) -> bool:
        """Messages wait between what has the focus and the app."""
        focused = self.focused or self.screen
        return any(node.message_queue_size for node in focused.ancestors_with_self)

    def _on_screen(self) -> object:
        """What a key pressed now is about, where it decides something."""
        return getattr(self.screen, "on_screen", None)

    async def _load_later(self) -> None:
        for module in LATER:
            await asyncio.to_thread(import_module, module)

    async def _begin(self) -> None:
        gc.enable()
        await self.main.add_tabs()
        self.run_worker(self.key_line.run(), group="keys")
        self.pacer.ask()
        self._apply_settings()
        self._lifetime.begin(
            partial(self.call_later, self._while_running, self._opened), self._not_opened, self._crashed
        )
        self.run_worker(self._load_later(), group="later")

    def _not_opened(self, error: RestoreTuiError) -> None:
        if not self.is_running:
            return  # It could not be closed well, which the shell is told.
        self.complain(error)
        self.query_main(PlaceBar).not_open()
        for pane in self.main.panes:
            pane.not_opened(error)

    def _crashed(self, error: BaseException | None) -> None:
        """A mistake of ours must not pass for a screen on which nothing happens."""

        def surface() -> None:
            if error is not None:
                raise error

        self.call_later(surface)

    def _handle_exception(self, error: Exception) -> None:
        # Textual would print values of variables, or pages of a stylesheet, and exit as if all was well.
        if self._exception is None:
            self._exception = error
            self._exception_event.set()
        self._return_code = int(Defect.exit_code)
        self._close_messages_no_wait()

    def problem(self) -> RestoreTuiError | None:
        """Why the screens ended, or were never what they should be; None when all is well."""
        error = self._exception or self._lifetime.defect
        if isinstance(error, RestoreTuiError):
            return error
        if error is not None:
            folder = self._settings.state_dir if self._settings is not None and not self._demo else None
            return defect(error, folder)
        return self._lifetime.problem

    def _note_last_words(self, session: "Session") -> None:
        if not self._demo:
            self.last_words = last_words(session)

    def _apply_settings(self) -> None:
        settings = self._settings
        if settings is None:
            return
        wrong: list[str] = []
        known: list[str] = []
        if settings.theme in self.available_themes:
            self.theme = settings.theme
        elif settings.theme is not None:
            wrong.append(f"there is no theme {settings.theme!r}")
            known.append(f"known themes are {', '.join(sorted(self.available_themes))}")
        unknown = sorted(set(settings.keys) - IDS)
        if unknown:
            wrong.append(f"no command is called {', '.join(unknown)}")
            known.append(f"known commands are {', '.join(sorted(IDS))}")
        if wrong:
            self.say("warning", "; ".join(wrong), "; ".join(known))
        self.set_keymap({name: key for name, key in settings.keys.items() if name in IDS})

    def _opened(self) -> None:
        if self.session is None:
            return
        self.session.mfa = self._ask_mfa_code
        if self.session.ledger.note:
            self.say("warning", self.session.ledger.note)
        self._told(frozenset({"health", "runs"}))
        for pane in self.main.panes:
            pane.opened()
        self.refresh_bindings()
        self.identify(self._scheme)

    def identify(self, scheme: str) -> None:
        """Tell whose credentials are used for locations of that scheme."""
        self.query_main(TabBar).use(self._profile(scheme))
        self.run_worker(self._identify(scheme), group="identity", exclusive=True)

    async def _identify(self, scheme: str) -> None:
        session = self.session
        if session is not None:
            try:
                self.query_main(TabBar).identify(await session.identity(scheme))
            except RestoreTuiError as error:
                self.complain(error)

    async def _ask_mfa_code(self, device: str) -> str:
        """Called by the SDK's set-up, from a task that is not the screens'; an empty code gives up.

        Whoever closes the box is not asked again for a while: what is paused tries again every few seconds.
        """
        now = asyncio.get_running_loop().time()
        if now - self._mfa_declined_at < MFA_DECLINED_S:
            return ""
        code: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        from restoretui.tui.dialogs.ask import Ask

        dialog = Ask("Multi-factor authentication", f"Code of {device}")
        self.call_later(self.push_screen, dialog, code.set_result)
        typed = await code or ""
        if not typed:
            self._mfa_declined_at = asyncio.get_running_loop().time()
            self.say(
                "warning", "without a code nothing is asked of the cloud for some minutes", "R asks for it again"
            )
        return typed

    def ask_again(self) -> None:
        """Somebody tries again: a code may be asked for."""
        self._mfa_declined_at = float("-inf")

    async def on_unmount(self) -> None:
        self.pacer.stop()
        await self._lifetime.end()

    # --- what changed by itself

    def _while_running(self, call: Callable[[], object]) -> None:
        """What was due when the app began to close is not done any more: its widgets are going."""
        if self.is_running:
            call()

    def _probe(self) -> bool:
        if not isinstance(self._driver, TerminalDriver):
            return False
        # Twice: the widgets just told to repaint hand their regions to the screen only after its current refresh.
        self.call_after_refresh(self.call_after_refresh, self._driver.ask)
        return True

    def _written(self) -> int:
        return self._driver.sent if isinstance(self._driver, TerminalDriver) else 0

    @on(events.CursorPosition)
    def _terminal_answered(self) -> None:
        self.pacer.answered()

    def _told(self, topics: frozenset[str]) -> bool:
        session = self.session
        if session is None:
            return False
        painted = False
        if "health" in topics:
            painted = self.query_main(PlaceBar).tell(session.health, stopped=session.failure is not None)
            self._say_if_stopped(session)
        if "runs" in topics:
            runs = session.ledger.runs.peek_all()
            under_way = sum(run.is_open for run in runs)
            painted = self.query_main(TabBar).note("restores", f"◑{under_way}" if under_way else "") or painted
            self._set_window_title(f"restoretui · {under_way} restoring" if under_way else "restoretui")
            for run in self._completion.finished(runs):
                self._tell_done(run)
        if "ledger" in topics:
            self._say_if_stopped(session)
        return painted

    def _say_if_stopped(self, session: "Session") -> None:
        """The background waits, or will never go on: that stays on screen for as long as it is so."""
        health, notice = session.health, self.query_main(Notice)
        if session.failure is not None:
            notice.tell("error", str(session.failure), session.failure.hint, stays=True)
        elif health.level == "paused":
            hint = health.hint or "goes on by itself when that works again"
            notice.tell("warning", f"paused: {health.text}", hint, stays=True)
        elif notice.stays:
            self.say("done", "going on")

    def _tell_done(self, run: Run) -> None:
        text, well = verdict(run)
        again = "t tries again, at another tier if need be" if run.tier is Tier.EXPEDITED else "t tries again"
        self.say("done" if well else "warning", text, "" if well else f"2 shows why, {again}")
        if self._settings is None or self._settings.bell:
            self.bell()
            if isinstance(self._driver, TerminalDriver):
                self._driver.tell_desktop(f"restoretui: {text}")

    def _set_window_title(self, title: str) -> None:
        if title != self._window_title and isinstance(self._driver, TerminalDriver):
            self._window_title = title
            self._driver.set_title(title)

    def _tick(self) -> bool:
        if self.session is not None and not self.query_main(Notice).text:
            self._say_if_stopped(self.session)
        try:
            return self.main.pane(self.main.tab).tick()
        except RestoreTuiError as error:
            self.complain(error)  # A ledger that cannot be read now may be soon; the screen says so meanwhile.
            return True

    # --- what panes and dialogs use

    @property
    def remapped(self) -> Mapping[str, str]:
        """Keys by the ids of what they do, where the config says other than the table."""
        return self._settings.keys if self._settings is not None else {}

    def key_for(self, command_id: str) -> str:
        """The key that does it, as it is written on screen."""
        return key_for(command_id, self.remapped)

    @property
    def session(self) -> "Session | None":
        """None until it is open."""
        return self._lifetime.session

    @property
    def main(self) -> MainScreen:
        """The screen behind every dialog."""
        return cast("MainScreen", self.screen_stack[0])

    def query_main(self, kind: type[WidgetT]) -> WidgetT:
        """A part of the main screen."""
        return self.main.query_one(kind)

    def say(self, level: Level, text: str, hint: str = "") -> None:
        """One sentence above the keys."""
        if self.is_running:
            self.query_main(Notice).tell(level, text, hint)

    def complain(self, error: RestoreTuiError) -> None:
        """What went wrong and the next step; the app goes on."""
        self.say("error", str(error), error.hint)

    def move_on(self) -> None:
        """The next thing begins: what was said about the one before is moot."""
        self.query_main(Notice).move_on()

    def copy(self, text: str) -> None:
        """To the clipboard, by way of the terminal: quoted if a shell or a terminal would act on it."""
        word = shell_word(text)
        self.copy_to_clipboard(word)
        self.say("done", f"copied {word}", "quoted for a shell" if word != text else "")

    def copy_prose(self, text: str) -> None:
        """The same for what is to be read, not to be one word: what a terminal would obey or hide is spelled out."""
        shown = clean(text)
        self.copy_to_clipboard(shown)
        self.say("done", f"copied {shown}", "control characters spelled out" if shown != text else "")

    def show_run(self, run: Run) -> None:
        """Open a run in its tab."""
        self.main.show_tab("restores")
        from restoretui.tui.restores.pane import RestoresPane

        self.query_main(RestoresPane).show_run(run.id)

    def show_object(self, ref: ObjectRef, scheme: str) -> None:
        """Show an object where it lies."""
        self.main.show_tab("browse")
        self.query_main(BrowsePane).show(ref, scheme)

    # --- keys

    def action_tab(self, tab: str) -> None:
        self.main.show_tab(tab)

    @on(TabBar.Chosen)
    def _tab_clicked(self, event: TabBar.Chosen) -> None:
        self.main.show_tab(event.tab)

    def action_step_tab(self, step: int) -> None:
        tabs = list(TABS)
        self.main.show_tab(tabs[(tabs.index(self.main.tab) + step) % len(tabs)])

    def action_go(self) -> None:
        from restoretui.tui.browse.go_to import GoTo

        pane = self.query_main(BrowsePane)

        def go(location: Location | None) -> None:
            if location is not None:
                self.main.show_tab("browse")
                pane.go(location)

        self.push_screen(GoTo(pane.location), go)

    def action_help(self) -> None:
        from restoretui.tui.dialogs.help import Help

        if not isinstance(self.screen, Help):
            self.push_screen(Help(self.remapped, self.main.tab))

    def action_sign_in(self) -> None:
        """One login at a time: a second box would start a second one."""
        from restoretui.tui.dialogs.sign_in import SignIn

        if self._settings is not None and not any(isinstance(screen, SignIn) for screen in self.screen_stack):
            self.push_screen(SignIn(self._settings.profile))

    async def action_quit(self) -> None:
        from restoretui.tui.dialogs.leave import Leave

        if self._has_unsent() and not any(isinstance(screen, Leave) for screen in self.screen_stack):
            self.push_screen(Leave(), lambda leaves: self.exit(0) if leaves else None)
        else:
            self.exit(0)

    def _has_unsent(self) -> bool:
        """Leaving now would stop requests that nobody else sends; in the demo there is nothing to lose."""
        try:
            return self.session is not None and not self._demo and bool(self.session.unsent())
        except RestoreTuiError:
            return False  # A ledger that cannot be read must not keep anybody in.

    def action_help_quit(self) -> None:
        # Textual's ctrl+c only explains itself. Here it leaves without a question: everything confirmed is on disk,
        # and the shell is told how to go on.
        self.exit(0)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        return system_commands(self, screen)

    def get_key_display(self, binding: "object") -> str:
        return key_name(getattr(binding, "key", ""))


def run_app(settings: "Settings", location: Location | None, *, demo: bool = False) -> int:
    """Run the screens until they are left; the exit code. Raises what ended them, or kept them from opening."""

    def open_session():  # type: ignore[no-untyped-def]
        from restoretui.session.session import open_session as open_

        return open_(settings)

    app = RestoreApp(open_session, location, settings=settings, demo=demo)
    code = app.run()
    for line in app.last_words:
        sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
    problem = app.problem()
    if problem is not None:
        raise problem
    return code if code is not None else int(ExitCode.SOME_FAILED)
