"""A true terminal: the program runs in tmux, is typed at, and its screen is read back."""

import os
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import pytest

NEEDS_TMUX = pytest.mark.skipif(shutil.which("tmux") is None, reason="needs tmux")


class Terminal:
    """One tmux server of its own, with one window."""

    def __init__(self, columns: int, lines: int, env: dict[str, str], *command: str) -> None:
        self.name = f"restoretui-test-{uuid.uuid4().hex[:8]}"
        self.columns, self.lines = columns, lines
        settings = [f"{name}={value}" for name, value in env.items()]
        self._tmux("-f", "/dev/null", "new-session", "-d", "-x", str(columns), "-y", str(lines),
                   "env", "-u", "NO_COLOR", *settings, *command)  # fmt: skip
        self._tmux("set-option", "-g", "remain-on-exit", "on")

    def _tmux(self, *args: str) -> str:
        done = subprocess.run(
            ["tmux", "-L", self.name, *args], capture_output=True, text=True, check=False, timeout=20
        )
        return done.stdout

    def type(self, *keys: str) -> None:
        """Send keys by their tmux names (``Space``, ``Enter``, ``BSpace``, ``C-c``), one after the other."""
        for key in keys:
            self._tmux("send-keys", key)
            time.sleep(0.05)

    def write(self, text: str) -> None:
        """Send text as it is."""
        self._tmux("send-keys", "-l", text)

    def decide(self, key: str, *then: str | Callable[[str], object], seconds: float = 60) -> str:
        """Press a key that decides something until ``then`` is on the screen: as a person does, who reads it.

        A key that arrives before the terminal has told that it has drawn the question decides nothing, and that is
        said; then it is pressed again.
        """
        end = time.monotonic() + seconds
        while True:
            # The sentence stays until a key is taken: whether another one was is known only after a while, and a key
            # too many would decide something on the next screen.
            patience = time.monotonic() + (8 if "pressed before this was on" in self.screen else 1)
            self.type(key)
            while time.monotonic() < patience or "pressed before this was on" not in self.screen:
                screen = self.screen
                if all(text(screen) if callable(text) else text in screen for text in then):
                    return screen
                assert time.monotonic() < end, f"no {then} on the screen:\n{screen}"
                time.sleep(0.1)

    @property
    def screen(self) -> str:
        return self._tmux("capture-pane", "-p")

    @property
    def raw(self) -> str:
        """With the escapes that colour it."""
        return self._tmux("capture-pane", "-p", "-e")

    def wait(self, *texts: str | Callable[[str], object], seconds: float = 120) -> str:
        """The screen as soon as it shows all of ``texts``."""
        end = time.monotonic() + seconds
        while True:
            screen = self.screen
            if all(text(screen) if callable(text) else text in screen for text in texts):
                return screen
            assert time.monotonic() < end, f"no {texts} on the screen:\n{screen}"
            time.sleep(0.1)

    def is_dead(self) -> bool:
        """Also its exit code is known: tmux may see the terminal closed, and miss that the program ended."""
        dead = self._tmux("list-panes", "-F", "#{pane_dead} #{pane_dead_status}#{pane_dead_signal}").split()
        if dead == ["1"]:
            self._tmux("run-shell", "true")  # When this child ends, tmux asks after all of them.
        return dead != ["0"] and len(dead) != 1

    def wait_dead(self, seconds: float = 60) -> None:
        end = time.monotonic() + seconds
        while not self.is_dead():
            assert time.monotonic() < end, f"still running:\n{self.screen}"
            time.sleep(0.1)

    def kill(self) -> None:
        self._tmux("kill-server")


class Open(Protocol):
    """What the fixture ``terminal`` is."""

    def __call__(self, *args: str, columns: int = 80, lines: int = 24, **env: str) -> Terminal: ...


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Open]:
    """Open ``restoretui ARGS`` in a terminal of a given size; state stays in this test's folder."""
    opened: list[Terminal] = []

    def open_(*args: str, columns: int = 80, lines: int = 24, **env: str) -> Terminal:
        clean = {
            "PATH": os.environ["PATH"], "HOME": str(tmp_path), "LANG": "C.UTF-8", "COLORTERM": "truecolor",
            "RESTORETUI_STATE_DIR": str(tmp_path / "state"), "RESTORETUI_CONFIG": str(tmp_path / "config"),
            "AWS_EC2_METADATA_DISABLED": "true", "TMPDIR": str(tmp_path), **env,
        }  # fmt: skip
        opened.append(Terminal(columns, lines, clean, sys.executable, "-m", "restoretui", *args))
        return opened[-1]

    yield open_
    for one in opened:
        one.kill()
