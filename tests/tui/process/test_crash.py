"""A defect of ours ends the screens with one sentence, the terminal as it was, and never with exit code 0."""

import os
import pty
import subprocess
import sys
import termios
from contextlib import AsyncExitStack
from pathlib import Path
from typing import NamedTuple

import pytest
from textual.app import ScreenStackError
from textual.css.query import NoMatches
from textual.dom import NoScreen
from textual.widget import MountError
from textual.worker import WorkerFailed

from restoretui.tui.app import RestoreApp

CRASHING = """
import sys
from textual.widget import Widget
from restoretui.tui import app, shell_app, terminal_app
from restoretui.tui.process import last_words, lifetime
from restoretui.tui.main_screen import MainScreen
from restoretui.tui.widgets.place_bar import PlaceBar
from restoretui.session.session import Session

where = sys.argv.pop(1)

def deep(*_args, **_more):
    secret = "PLANTED-SECRET-KEY"
    name = "\\x1b]0;owned\\x07\\nsecond line"
    raise ValueError(f"a defect at {name}")

async def work(*_args, **_more):
    deep()

if where == "handler":
    app.RestoreApp._begin = deep
elif where == "timer":
    app.RestoreApp._tick = deep
elif where == "worker":
    async def begin(self):
        self.run_worker(work())
    app.RestoreApp._begin = begin
elif where == "compose":
    MainScreen.compose = deep
elif where == "first mount":
    app.RestoreApp.on_mount = deep
elif where == "render":
    PlaceBar.render = deep
elif where == "css":
    app.RestoreApp.CSS += "Screen { color: $no-such-variable; }"
elif where == "css syntax":
    app.RestoreApp.CSS += "Screen { color: }}}"
elif where == "css of dialogs":
    app.RestoreApp.LATE_CSS += "Dialog { color: $no-such-variable; }"
elif where == "theme":
    terminal_app.own_variables = lambda *_args, **_more: {"ink": "no colour"}
elif where == "opening":
    Session.start_engine = deep
elif where == "feed":
    shell_app.Feed.follow = work
elif where == "closing":
    Session.aclose = work
    begin = app.RestoreApp._opened
    app.RestoreApp._opened = lambda self: self.exit(0)
elif where == "leaving":
    last_words.last_words = deep
    app.RestoreApp._opened = lambda self: self.exit(0)

from restoretui.cli import main
main()
"""


class Ended(NamedTuple):
    code: int
    text: str
    log: str
    echoes: bool
    """The terminal shows again what is typed."""


def run(where: str, folder: Path, *args: str) -> Ended:
    master, terminal = pty.openpty()
    env = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    env |= {"RESTORETUI_STATE_DIR": str(folder / "state"), "TERM": "xterm-256color", "HOME": str(folder)}
    env |= {"RESTORETUI_CONFIG": str(folder / "config"), "AWS_EC2_METADATA_DISABLED": "true"}
    env.pop("NO_COLOR", None)
    command = [sys.executable, "-c", CRASHING, where, "--endpoint-url", "http://127.0.0.1:1", *args]
    child = subprocess.Popen(command, env=env, stdin=terminal, stdout=terminal, stderr=terminal)
    written = b""
    try:
        os.set_blocking(master, False)
        while child.poll() is None:
            try:
                written += os.read(master, 65536)
            except BlockingIOError:
                try:
                    child.wait(0.05)
                except subprocess.TimeoutExpired:
                    continue
        with_rest = b""
        try:
            while piece := os.read(master, 65536):
                with_rest += piece
        except OSError:
            pass  # no more
        written += with_rest
        echoes = bool(termios.tcgetattr(terminal)[3] & termios.ECHO)
    finally:
        child.kill()
        child.wait(30)
        os.close(master)
        os.close(terminal)
    log = folder / "state" / "restoretui.log"
    return Ended(child.returncode, written.decode(errors="replace"), log.read_text() if log.exists() else "", echoes)


DEEP = ("handler", "timer", "worker", "compose", "first mount", "render", "opening", "feed", "closing", "leaving")


@pytest.mark.timeout(120)
@pytest.mark.parametrize("where", [*DEEP, "css", "css syntax", "css of dialogs", "theme"])
def test_a_crash_is_one_sentence_and_never_exits_0(where: str, tmp_path: Path) -> None:
    ended = run(where, tmp_path)
    assert ended.code == 1, ended
    left = ended.text.rpartition("\x1b[?1049l")[2]
    said = [line for line in left.splitlines() if "restoretui:" in line]
    assert len(said) == 1, ended.text[-2000:]
    assert "the screens met a defect and had to stop" in said[0]
    assert "start restoretui again to go on" in left
    assert "Traceback" not in ended.text
    assert str(tmp_path / "state" / "restoretui.log") in left.replace("\r\n", "")
    assert "Traceback" in ended.log
    assert ended.echoes, "the terminal is as it was"
    if "\x1b[?1049h" in ended.text:
        assert "\x1b[?1049l" in ended.text
    if where in DEEP:
        assert "a defect at ␛]0;owned␇" in said[0]
        assert "in deep" in ended.log


def test_a_crash_tells_no_secret_and_obeys_no_name(tmp_path: Path) -> None:
    ended = run("handler", tmp_path)
    for text in (ended.text, ended.log):
        assert "PLANTED" not in text.replace('secret = "PLANTED-SECRET-KEY"', "")
        assert "\x1b]0;owned" not in text
    assert (tmp_path / "state" / "restoretui.log").stat().st_mode & 0o077 == 0


def test_a_log_that_cannot_be_written_does_not_hide_the_crash(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "restoretui.log").symlink_to(tmp_path / "elsewhere")
    ended = run("handler", tmp_path)
    assert ended.code == 1
    assert "met a defect" in ended.text
    assert "restoretui.log" not in ended.text
    assert not (tmp_path / "elsewhere").exists(), "nothing is written through what somebody else put there"


async def test_what_finds_its_screen_gone_at_the_end_is_no_defect() -> None:
    """Left within milliseconds of its start, workers come to a screen that is there no more."""
    app = RestoreApp(lambda: AsyncExitStack())  # type: ignore[arg-type,return-value]
    gone = [NoScreen("node has no screen"), MountError("gone"), NoMatches("gone"), ScreenStackError("none")]
    app._exit = True
    for error in [*gone, *map(WorkerFailed, gone)]:
        app._handle_exception(error)
        assert app.problem() is None
    app._exit = False
    app._handle_exception(WorkerFailed(gone[0]))
    assert "NoScreen" in str(app.problem()), "while they are there it is one"
