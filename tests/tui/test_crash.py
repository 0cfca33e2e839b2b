"""A defect of ours ends the screens with the way to it, and without a value that could be a secret."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

CRASHING = """
import sys
from restoretui.config import Settings
from restoretui.session import open_session
from restoretui.tui.app import RestoreApp

class Crashing(RestoreApp):
    def _begin(self):
        def deep():
            secret = "PLANTED-SECRET-KEY"
            name = "\\x1b]0;owned\\x07"
            raise ValueError(f"a defect at {name}")
        if sys.argv[1] == "worker":
            async def work():
                deep()
            self.run_worker(work())
        else:
            deep()

settings = Settings()
Crashing(lambda: open_session(settings), settings=settings).run()
"""


@pytest.mark.parametrize("where", ["handler", "worker"])
def test_a_crash_tells_no_secret_and_obeys_no_name(where: str, tmp_path: Path) -> None:
    master, terminal = pty.openpty()
    env = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    env |= {"RESTORETUI_STATE_DIR": str(tmp_path / "state"), "TERM": "xterm-256color"}
    child = subprocess.Popen(
        [sys.executable, "-c", CRASHING, where], env=env, stdin=terminal, stdout=terminal, stderr=terminal
    )
    os.close(terminal)
    written = b""
    try:
        while piece := os.read(master, 65536):
            written += piece
    except OSError:
        pass  # the other end is closed
    finally:
        os.close(master)
        child.wait(30)
    text = written.decode(errors="replace")
    assert "a defect at ␛]0;owned␇" in text, text[-2000:]
    assert "restoretui met a defect" in text
    assert "in deep" in text
    assert "PLANTED" not in text.replace('secret = "PLANTED-SECRET-KEY"', "")
    assert "\x1b]0;owned" not in text
