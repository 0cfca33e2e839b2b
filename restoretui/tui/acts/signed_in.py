"""Whose credentials the screens work with: told in the header, and a code asked for where their role wants one."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from restoretui.core.errors import RestoreTuiError
from restoretui.tui.shell import Shell

if TYPE_CHECKING:
    from restoretui.session.session import Session
    from restoretui.tui.dialogs.mfa import MfaPrompt
    from restoretui.tui.widgets.tab_bar import TabBar


class SignedIn:
    """Of one app, from when its session is open."""

    def __init__(
        self, shell: Shell, call_later: Callable[..., object], stands: Callable[[RestoreTuiError], bool]
    ) -> None:
        """``call_later`` runs something as the app's own work; ``stands`` tells what is said in place of rows now."""
        self._shell = shell
        self._stands = stands
        self._call_later = call_later
        self._mfa: MfaPrompt | None = None

    def begin(self, session: "Session") -> None:
        """Have the session ask on screen for a code of multi-factor authentication."""
        from restoretui.tui.dialogs.mfa import MfaPrompt

        session.mfa = self._mfa = MfaPrompt(self._shell, self._call_later)

    async def tell(self, scheme: str, bar: "TabBar", bucket: str = "") -> None:
        """Say who is asked in locations of that scheme, or in that bucket."""
        session = self._shell.session
        if session is not None:
            try:
                bar.identify(await session.identity(scheme, bucket))
            except RestoreTuiError as error:
                if not self._stands(error):  # Whatever stands in the way of rows stands in the way of this, too.
                    self._shell.complain(error)

    def ask_again(self) -> None:
        """Somebody tries again: a code may be asked for."""
        if self._mfa is not None:
            self._mfa.ask_again()
