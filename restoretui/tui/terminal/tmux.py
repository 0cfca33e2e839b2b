"""What tmux says of itself, for programs that run in it. Each question starts a process: ask from a thread."""

import subprocess
from collections.abc import Callable

WITHIN_S = 2.0
AskTmux = Callable[..., str]
"""Given a command's words; the answer, without its last newline, empty where there is none."""


def ask_tmux(*words: str) -> str:
    """The answer of the server this program runs in."""
    try:
        told = subprocess.run(  # noqa: S603
            ["tmux", *words], capture_output=True, text=True, timeout=WITHIN_S, check=False  # noqa: S607
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return ""
    return told.stdout.strip()


def hands_on(ask: AskTmux, pane: str) -> bool:
    """It gives what programs wrap for it to the terminal in front of it.

    ``allow-passthrough`` is off by default since 3.3; before, there was no such option and everything was handed on.
    """
    return ask("show-options", "-Apv", *_target(pane), "allow-passthrough") in ("", "on", "all")


def front(ask: AskTmux, pane: str) -> tuple[str, str]:
    """``TERM`` of the terminal in front of it, and the name it gives itself; empty where none is known."""
    told = ask("display-message", "-p", *_target(pane), "#{client_termname}|#{client_termtype}")
    name, _, kind = told.partition("|")
    return name, kind


def _target(pane: str) -> list[str]:
    return ["-t", pane] if pane else []
