"""The prompt for a code of multi-factor authentication, when a profile's role wants one."""

import asyncio
from collections.abc import Callable

from restoretui.tui.dialogs.prompts import TextPrompt
from restoretui.tui.shell import Shell

DECLINED_S = 300.0
"""Seconds during which whoever closed the box is not asked again: what is paused tries again every few seconds."""


class MfaPrompt:
    """Called by the SDK's set-up, in the event loop, from a task that is not the screens'."""

    def __init__(self, shell: Shell, call_later: Callable[..., object]) -> None:
        """``call_later`` runs something as the app's own work."""
        self._shell = shell
        self._call_later = call_later
        self._declined_at = float("-inf")

    async def __call__(self, device: str) -> str:
        """The code that ``device`` shows; an empty one gives up."""
        now = asyncio.get_running_loop().time
        if now() - self._declined_at < DECLINED_S:
            return ""
        code: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        dialog = TextPrompt("Multi-factor authentication", f"Code of {device}")
        self._call_later(self._shell.push_screen, dialog, code.set_result)
        typed = await code or ""
        if not typed:
            self._declined_at = now()
            self._shell.say(
                "warning", "without a code nothing is asked of the cloud for some minutes", "R asks for it again"
            )
        return typed

    def ask_again(self) -> None:
        """Somebody tries again: a code may be asked for."""
        self._declined_at = float("-inf")
