"""Signing in by SSO without leaving: ``aws sso login`` runs behind a box that shows what it says.

The login belongs to the AWS CLI, which writes its token where the SDK's chain looks for it; what was paused goes on
by itself. The device's code is shown and typed into a browser anywhere, so it works over ssh.
"""

import asyncio
import os
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from collections import deque
from collections.abc import Mapping
from contextlib import suppress

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from restoretui.config.aws_profile import is_login_profile
from restoretui.core.errors import CredentialsError
from restoretui.tui.dialogs.dialog import Dialog
from restoretui.tui.words import said

LINES_SHOWN = 12
_UNKNOWN_OPTION = 252
"""The AWS CLI's exit code for a command line it does not know: older ones have no ``--use-device-code``."""


_NEEDED = frozenset((
    "PATH", "HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "TZ", "TERM", "COLORTERM", "NO_COLOR", "LANG", "LANGUAGE",
    "BROWSER", "DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "DBUS_SESSION_BUS_ADDRESS",
    "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY",
    "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE",
))  # fmt: skip
_NEEDED_FAMILIES = ("AWS_", "LC_", "XDG_")


def environment_for_login(environ: Mapping[str, str]) -> dict[str, str]:
    """What the AWS CLI needs of ``environ`` to sign in: nobody else's tokens are any of its business."""
    return {
        name: value
        for name, value in environ.items()
        if name.upper() in _NEEDED or name.startswith(_NEEDED_FAMILIES)  # proxies are written small as well
    }


class SignIn(Dialog[bool]):
    """Answers True when the login succeeded. Closing it ends the login."""

    def __init__(self, profile: str | None) -> None:
        super().__init__("Sign in")
        self._profile = profile
        self._command = ["aws", "sso", "login", *(["--profile", profile] if profile else [])]
        self._said: deque[str] = deque(maxlen=LINES_SHOWN)
        self._process: Process | None = None

    @property
    def command(self) -> str:
        """As it would be typed."""
        return " ".join(self._command)

    def head(self) -> ComposeResult:
        yield Static(said(("runs ", "dim"), self.command), markup=False)

    def body(self) -> ComposeResult:
        self._text = Static(said(("starting …", "dim")), markup=False)
        yield self._text

    def on_mount(self) -> None:
        self.attempt(self._sign_in, "sign-in")

    def on_unmount(self) -> None:
        self._end()

    def action_cancel(self) -> None:
        """Ends the login that is running, too."""
        self._end()
        self.dismiss(None)

    def _end(self) -> None:
        if self._process is not None and self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.terminate()

    async def _sign_in(self) -> None:
        if await asyncio.to_thread(is_login_profile, os.environ, self._profile):
            # It wants a browser here, or a code typed back: no box can pass that on.
            command = f"aws login --profile {self._profile}" if self._profile else "aws login"
            raise CredentialsError(
                "this profile is one of `aws login`, not of SSO",
                f"run {command} in another window; it is noticed by itself",
            )
        code = await self._run("--no-browser", "--use-device-code")
        if code == _UNKNOWN_OPTION:
            self._said.clear()
            code = await self._run("--no-browser")
        if code:
            raise CredentialsError(f"{self.command} ended with exit code {code}", "what it said is above")
        self.shell.say("done", "signed in", "what was paused goes on by itself")
        self.dismiss(True)

    def say_lines(self) -> None:
        """Show what it said, the last of it in any case."""
        self._text.update(Content("\n").join(said(shown) for shown in self._said))
        self.fit_soon()

    def fit(self) -> None:
        """And shows the last lines said, where not all have room."""
        super().fit()
        self.call_after_refresh(self.middle.scroll_end, animate=False)

    async def _run(self, *options: str) -> int:
        try:
            self._process = process = await asyncio.create_subprocess_exec(
                *self._command, *options, stdin=DEVNULL, stdout=PIPE, stderr=STDOUT,
                env=environment_for_login(os.environ),
            )  # fmt: skip
        except OSError:
            raise CredentialsError(
                "the AWS CLI cannot be run here",
                f"run {self.command} in another window; it is noticed by itself",
            ) from None
        while process.stdout is not None and (line := await process.stdout.readline()):
            if text := line.decode(errors="replace").strip():
                self._said.append(text)
                self.say_lines()
        return await process.wait()
