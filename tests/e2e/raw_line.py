"""A terminal that answers, and keeps every byte it was sent: what tmux would keep to itself."""

import os
import pty
import select
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path

ASKS_CURSOR, CURSOR = b"\x1b[6n", b"\x1b[1;1R"


class RawLine:
    """``restoretui ARGS`` on a pty of its own, 100x30."""

    def __init__(self, folder: Path, *args: str, **env: str) -> None:
        ours, theirs = pty.openpty()
        termios.tcsetwinsize(theirs, (30, 100))
        clean = {
            "PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8", "TERM": "xterm-256color",
            "RESTORETUI_STATE_DIR": str(folder / "state"), "RESTORETUI_CONFIG": str(folder / "config"),
            "AWS_EC2_METADATA_DISABLED": "true", "TMPDIR": str(folder), **env,
        }  # fmt: skip
        self._ours = ours
        self.answers: dict[bytes, bytes] = {ASKS_CURSOR: CURSOR}
        """What it answers to what it is sent."""
        self.sent = b""
        """To it, so far."""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "restoretui", *args],
            stdin=theirs, stdout=theirs, stderr=theirs, env=clean, start_new_session=True,
        )  # fmt: skip
        os.close(theirs)

    def type(self, text: str) -> None:
        os.write(self._ours, text.encode())

    def until(self, true: Callable[[bytes], object], seconds: float = 90) -> bytes:
        """Read on until something holds of what it was sent."""
        end = time.monotonic() + seconds
        while not true(self.sent):
            assert time.monotonic() < end, self.sent[-3000:]
            if not self._read():
                assert true(self.sent), self.sent[-3000:]
        return self.sent

    def leave(self) -> bytes:
        """Press q; all it was sent."""
        self.type("q")
        end = time.monotonic() + 60
        while self._read():
            assert time.monotonic() < end, self.sent[-3000:]
        assert self.process.wait(30) == 0
        return self.sent

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self._ours)

    def _read(self) -> bool:
        """False once nothing will come any more."""
        if not select.select([self._ours], [], [], 0.1)[0]:
            return True
        try:
            got = os.read(self._ours, 65536)
        except OSError:
            return False
        for question, answer in self.answers.items():
            for _ in range(got.count(question)):
                os.write(self._ours, answer)
        self.sent += got
        return bool(got)
