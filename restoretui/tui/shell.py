"""What a part of the screen may ask of the app, and what every tab and dialog does with it.

``Shell`` is the interface between the two: the app implements it, and no tab, dialog or widget knows the app.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

from textual.dom import DOMNode
from textual.screen import Screen

from restoretui.core.errors import RestoreTuiError
from restoretui.core.model import ObjectRef
from restoretui.tui.background import in_background
from restoretui.tui.terminal.feed import Feed
from restoretui.tui.terminal.key_queue import KeyQueue, Release
from restoretui.tui.terminal.pacing import Pacer
from restoretui.tui.widgets.notice import Level
from restoretui.tui.widgets.place_bar import PlaceBar
from restoretui.tui.widgets.table.live_table import LiveTable

if TYPE_CHECKING:
    from restoretui.config.user_commands import UserCommand
    from restoretui.ledger.run_records import Run
    from restoretui.session.saying.commands import Said
    from restoretui.session.session import Session
    from restoretui.tui.process.remembered import Remembered

ResultT = TypeVar("ResultT")
Says = Callable[[], Awaitable[Sequence["Said"]]]
"""Puts into commands what is shown."""


class Shell(Protocol):
    """The app as its screens see it. All of it is called from the event loop's own thread."""

    # --- what it has

    @property
    def session(self) -> "Session | None":
        """None until it is open."""
        ...

    @property
    def pacer(self) -> Pacer:
        """Tells when what changes by itself may be repainted."""
        ...

    @property
    def feed(self) -> Feed:
        """Tells what changed in the ledger."""
        ...

    @property
    def key_queue(self) -> KeyQueue:
        """The keys that were pressed and not acted on yet."""
        ...

    @property
    def place_bar(self) -> PlaceBar:
        """The header's second line."""
        ...

    @property
    def remembered(self) -> "Remembered":
        """What was set on the screens before."""
        ...

    @property
    def remapped(self) -> Mapping[str, str]:
        """Keys by the ids of what they do, where the config says other than the table."""
        ...

    def key_for(self, command_id: str) -> str:
        """The key that does it, as it is written on screen."""
        ...

    @property
    def configured_filters(self) -> Mapping[str, str]:
        """Those of the config, by name."""
        ...

    @property
    def own_commands(self) -> "Sequence[UserCommand]":
        """The user's, of the config."""
        ...

    def filters_by_name(self) -> Mapping[str, str]:
        """All there are: ready, kept on screen, of the config."""
        ...

    # --- what is said

    def say(self, level: Level, text: str, hint: str = "") -> None:
        """One sentence above the keys."""
        ...

    def complain(self, error: RestoreTuiError) -> None:
        """What went wrong and the next step; the app goes on."""
        ...

    def take_back(self, error: RestoreTuiError) -> None:
        """It is said elsewhere on screen: once is enough."""
        ...

    def move_on(self) -> None:
        """The next thing begins: what was said about the one before is moot."""
        ...

    def copy(self, text: str) -> None:
        """To the clipboard, as one word of a shell."""
        ...

    def copy_prose(self, text: str) -> None:
        """To the clipboard, as text to be read."""
        ...

    def copy_lines(self, text: str) -> str:
        """To the clipboard, as it is: command lines. Why that arrives nowhere, in words; empty where it may."""
        ...

    # --- where to

    def push_screen(self, screen: Screen[ResultT], callback: Callable[[ResultT | None], Any] | None = None) -> object:
        """Open a dialog; ``callback`` is given its answer."""
        ...

    def push_screen_wait(self, screen: Screen[ResultT]) -> Awaitable[ResultT | None]:
        """Open a dialog and wait for its answer; only from a worker."""
        ...

    def show_forms(self, forms: "Sequence[Said]") -> None:
        """Copy the first of these commands, and offer the others."""
        ...

    def show_run(self, run: "Run") -> None:
        """Open a run in its tab."""
        ...

    def show_object(self, ref: ObjectRef, scheme: str) -> None:
        """Show an object where it lies."""
        ...

    # --- whose credentials

    def identify(self, scheme: str, bucket: str = "") -> None:
        """Tell in the header whose credentials are used for locations of that scheme, or in that bucket."""
        ...

    def ask_again(self) -> None:
        """Somebody tries again: a code of multi-factor authentication may be asked for."""
        ...


class Actor(Protocol):
    """For whom something is done: a part of the screen, as functions beside it see it."""

    @property
    def shell(self) -> Shell:
        """The app."""
        ...

    @property
    def session(self) -> "Session":
        """The session; raises ``RestoreTuiError`` until it is open."""
        ...


class Working(DOMNode):
    """A part of the screen that works with the session."""

    @property
    def shell(self) -> Shell:
        """The app, as far as it concerns a screen."""
        return cast("Shell", self.app)

    @property
    def session(self) -> "Session":
        """The session; only asked for once it is open."""
        session = self.shell.session
        if session is None:
            raise RestoreTuiError("still opening", "try again in a moment")
        return session

    def attempt(
        self, work: Callable[[], Awaitable[object]], group: str, *, exclusive: bool = True, hold_keys: bool = False
    ) -> None:
        """Run ``work`` as a background task of this widget; its ``RestoreTuiError`` is said, not raised.

        ``exclusive`` gives up what the same group still does; ``hold_keys`` lets the next keys act on the result.
        """
        queue, whose = self.shell.key_queue, (self, group)
        if exclusive:
            queue.give_up(whose)
        release = queue.hold(whose) if hold_keys else None
        doing = partial(self._guarded, work, release)
        in_background(self, doing, group, exclusive=exclusive)

    async def _guarded(self, work: Callable[[], Awaitable[object]], release: Release | None) -> None:
        try:
            await work()
        except RestoreTuiError as error:
            if self.is_attached and self.app.is_running:
                self.complain(error)
        finally:
            if release is not None:
                release()

    def complain(self, error: RestoreTuiError) -> None:
        """Say what went wrong and what to do next, once: not where a table says it in place of its rows."""
        if not any(table.tells(error) for table in self.query(LiveTable)):
            self.shell.complain(error)


class Owner(Working):
    """A part of the screen that the user's own commands can be about: a tab, or what stands over it."""

    def about(self, scope: str) -> "Mapping[str, object] | None":
        """What a command of that scope (``config.user_commands``) would be about; None where there is nothing."""
        return None

    async def marked(self) -> int:
        """The selection that is marked, once all that was asked for is marked; only where ``about`` tells of one."""
        raise NotImplementedError

    def tell(self, level: Level, text: str, hint: str = "") -> None:
        """One sentence about such a command, where whoever looks at this part reads it."""
        self.shell.say(level, text, hint)
