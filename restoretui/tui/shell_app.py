"""What the app gives its tabs and dialogs: the session, what was set, words to the user, ways to other places."""

from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

from textual.driver import Driver

from restoretui.core.errors import RestoreTuiError
from restoretui.core.model import ObjectRef
from restoretui.tui.background import in_background
from restoretui.tui.browse.pane import BrowsePane
from restoretui.tui.main_screen import MainScreen
from restoretui.tui.process.lifetime import Lifetime, OpenSession
from restoretui.tui.process.remembered import Remembered
from restoretui.tui.terminal.feed import Feed
from restoretui.tui.terminal_app import TerminalApp
from restoretui.tui.widgets.error_state import key_for
from restoretui.tui.widgets.notice import Level, Notice
from restoretui.tui.widgets.place_bar import PlaceBar
from restoretui.tui.widgets.tab_bar import TabBar

if TYPE_CHECKING:
    from restoretui.config.settings import Settings
    from restoretui.config.user_commands import UserCommand
    from restoretui.ledger.run_records import Run
    from restoretui.session.saying.commands import Said
    from restoretui.session.session import Session
    from restoretui.tui.acts.signed_in import SignedIn
    from restoretui.tui.shell import Shell
    from restoretui.tui.terminal.copied import CopiedText

    def _is_a_shell(app: "ShellApp") -> Shell:
        """Proven by the type checker: the app gives its screens what they may ask for."""
        return app


AT_ITS_OPENING = (
    "restoretui.tui.acts.signed_in", "restoretui.tui.process.alerts", "restoretui.tui.process.announcements",
)  # fmt: skip
"""What a session is announced with: loaded beside it, so that no import of the loop waits for one of a thread."""


class ShellApp(TerminalApp):
    """Implements ``Shell``."""

    def __init__(
        self,
        open_session: OpenSession,
        settings: "Settings | None",
        folder: Path | None,
        driver_class: type[Driver] | None,
    ) -> None:
        """``folder`` is where it is remembered what was set on the screens; None where nothing is."""
        super().__init__(driver_class, settings.theme if settings is not None else None)
        self._settings = settings
        self._remembered = Remembered(folder, settings.columns if settings is not None else {})
        self.feed = Feed(self.pacer, self.complain)
        self._lifetime = Lifetime(open_session, self.feed, self._note_last_words, AT_ITS_OPENING)

    @cached_property
    def _copied(self) -> "CopiedText":
        from restoretui.tui.terminal.copied import CopiedText  # nothing is copied before the first paint

        return CopiedText(self, self._say_copied)

    @cached_property
    def _signed_in(self) -> "SignedIn":
        from restoretui.tui.acts.signed_in import SignedIn  # nobody is, before there is a session

        return SignedIn(self, self.call_later, lambda error: self._browse.says_instead(error))

    def _note_last_words(self, session: "Session") -> None:
        """What the shell is told in the end, while the session can still say it."""

    def _profile(self, scheme: str, bucket: str = "") -> str:
        """The name of the profile that locations of that scheme, or that bucket, are reached with, as it is set."""
        return self._settings.profile_of(scheme, bucket) if self._settings is not None else ""

    @property
    def remembered(self) -> Remembered:
        """What was set on the screens before."""
        return self._remembered

    @property
    def remapped(self) -> Mapping[str, str]:
        """Keys by the ids of what they do, where the config says other than the table."""
        return self._settings.keys if self._settings is not None else {}

    @property
    def configured_filters(self) -> Mapping[str, str]:
        """Those of the config, by name."""
        return self._settings.views if self._settings is not None else {}

    @property
    def own_commands(self) -> "Sequence[UserCommand]":
        """The user's, of the config."""
        return self._settings.commands if self._settings is not None else ()

    def filters_by_name(self) -> Mapping[str, str]:
        """All there are: ready, kept on screen, of the config."""
        from restoretui.core.filter.views import saved_filters

        return saved_filters(self._remembered.filters, self.configured_filters)

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

    @property
    def tab_bar(self) -> TabBar:
        """The header's first line."""
        return self.main.query_one(TabBar)

    @property
    def place_bar(self) -> PlaceBar:
        """Its second line."""
        return self.main.query_one(PlaceBar)

    @property
    def notice(self) -> Notice:
        """The line above the keys."""
        return self.main.query_one(Notice)

    @property
    def _browse(self) -> BrowsePane:
        return self.main.query_one(BrowsePane)

    def say(self, level: Level, text: str, hint: str = "") -> None:
        """One sentence above the keys."""
        if self.is_running:
            self.notice.tell(level, text, hint)

    def complain(self, error: RestoreTuiError) -> None:
        """What went wrong and the next step; the app goes on."""
        self.say("error", str(error), error.hint)

    def take_back(self, error: RestoreTuiError) -> None:
        """It is said elsewhere on screen: once is enough."""
        self.notice.take_back(str(error), error.hint)

    def move_on(self) -> None:
        """The next thing begins: what was said about the one before is moot."""
        self.notice.move_on()

    def copy(self, text: str) -> None:
        """To the clipboard, by way of the terminal: quoted if a shell or a terminal would act on it."""
        self._copied.word(text)

    def copy_lines(self, text: str) -> str:
        """The same as it is; why that arrives nowhere, in words, empty where it may."""
        return self._copied.lines(text)

    def _say_copied(self, text: str, why_not: str, hint: str) -> None:
        if why_not:
            self.say("warning", f"not copied: {text}", why_not)
        else:
            self.say("done", f"copied {text}", hint)

    def copy_prose(self, text: str) -> None:
        """The same for what is to be read, not to be one word: what a terminal would obey or hide is spelled out."""
        self._copied.prose(text)

    def show_forms(self, forms: "Sequence[Said]") -> None:
        """Copy the first of these commands, and offer the others."""
        from restoretui.tui.dialogs.say_box import SayBox

        self.push_screen(SayBox(forms))

    def show_run(self, run: "Run") -> None:
        """Open a run in its tab."""
        self.main.show_tab("restores")
        from restoretui.tui.restores.pane import RestoresPane

        self.main.query_one(RestoresPane).show_run(run.id)

    def show_object(self, ref: ObjectRef, scheme: str) -> None:
        """Show an object where it lies."""
        self.main.show_tab("browse")
        self._browse.show(ref, scheme)

    # --- whose credentials

    def identify(self, scheme: str, bucket: str = "") -> None:
        """Tell whose credentials are used for locations of that scheme, or in that bucket."""
        self.tab_bar.use(self._profile(scheme, bucket))
        in_background(self, partial(self._signed_in.tell, scheme, self.tab_bar, bucket), "identity", exclusive=True)

    def ask_again(self) -> None:
        """Somebody tries again: a code may be asked for."""
        self._signed_in.ask_again()
