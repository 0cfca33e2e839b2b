"""What every pane and dialog does: asks the session for something, and says so in one sentence when it fails."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, cast

from textual.dom import DOMNode

from restoretui.core.errors import RestoreTuiError
from restoretui.tui.terminal.typing import Release

if TYPE_CHECKING:
    from restoretui.session.session import Session
    from restoretui.tui.app import RestoreApp


class Working(DOMNode):
    """A part of the screen that works with the session."""

    @property
    def shell(self) -> "RestoreApp":
        """The app, by its own type."""
        return cast("RestoreApp", self.app)

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
        """Do it beside everything else.

        ``exclusive`` gives up what the same group still does; ``hold_keys`` lets the next keys act on the result.
        """
        release = self.shell.key_line.hold() if hold_keys else None
        doing = partial(self._guarded, work, release)
        self.run_worker(doing, group=group, exclusive=exclusive)  # type: ignore[arg-type]  # its alias says Never

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
        """Say what went wrong and what to do next; everything else goes on."""
        self.shell.complain(error)
