"""Leaving: at once, unless requests that were confirmed would not be sent."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from restoretui.core.errors import RestoreTuiError
from restoretui.tui.dialogs.leave import Leave

if TYPE_CHECKING:
    from textual.app import App

    from restoretui.session.session import Session


def ask_to_leave(app: "App[int]", session: "Session | None", leave: Callable[[], None]) -> None:
    """Ask first where leaving now would stop requests that nobody else sends; one question at a time."""
    if _has_unsent(session) and not any(isinstance(screen, Leave) for screen in app.screen_stack):
        app.push_screen(Leave(), lambda leaves: leave() if leaves else None)
    else:
        leave()


def _has_unsent(session: "Session | None") -> bool:
    try:
        return session is not None and bool(session.run_views.unsent())
    except RestoreTuiError:
        return False  # A ledger that cannot be read must not keep anybody in.
