"""Drives an installed ``restoretui demo`` in a pseudo-terminal, as a newcomer would: sees buckets, opens one, leaves.

``python drive_demo.py ENVIRONMENT`` (a virtual environment's folder). The working folder, the home folder and the
environment variables are new ones, so that nothing but what was installed can be at work. Exit code 0 and the
screens in words, or 1 and what was seen instead. Standard library alone: the environment has no test tools.
"""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import tempfile
import termios
import time
from pathlib import Path

BUCKET = "acme-backups-tiering"
"""The first in the list of the demo's buckets."""
INSIDE = "hosts/"
"""What its bucket shows first."""
PATIENCE_S = 60.0
_ESCAPES = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|[PX^_\]].*?(?:\x1b\\|\x07)|[ -/]*[0-~])", re.DOTALL)


class Unexpected(Exception):
    """The screens were not what they are meant to be."""


class Screens:
    """A program in a terminal of 100 columns and 30 lines."""

    def __init__(self, command: list[str], folder: Path) -> None:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
        self._painted = b""

        def own() -> None:
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)

        self.process = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, cwd=folder, env=plain_environment(folder),
            start_new_session=True, preexec_fn=own,
        )  # fmt: skip
        os.close(slave)

    @property
    def text(self) -> str:
        """What was painted since the last key, escape sequences left out."""
        return _ESCAPES.sub(b" ", self._painted).decode(errors="replace")

    def until(self, wanted: str) -> None:
        """Wait for that text."""
        give_up = time.monotonic() + PATIENCE_S
        while wanted not in self.text:
            if not self._read(give_up):
                raise Unexpected(f"{wanted!r} was not shown")

    def press(self, key: bytes) -> None:
        """Type, and from now on look only at what is painted behind it."""
        self._painted = b""
        os.write(self._master, key)

    def ends_with(self, code: int) -> None:
        """Wait until it has ended by itself, so."""
        give_up = time.monotonic() + PATIENCE_S
        while self._read(give_up):
            pass
        if time.monotonic() > give_up:
            raise Unexpected("it did not end")
        if (ended := self.process.wait(PATIENCE_S)) != code:
            raise Unexpected(f"it ended with exit code {ended}")

    def close(self) -> None:
        """Leave nothing running."""
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(PATIENCE_S)
        os.close(self._master)

    def _read(self, give_up: float) -> bool:
        left = give_up - time.monotonic()
        if left <= 0 or not select.select([self._master], [], [], left)[0]:
            return False
        try:
            piece = os.read(self._master, 65536)
        except OSError:  # Linux's way to say that nobody holds the other end any more
            return False
        self._painted += piece
        return bool(piece)


def plain_environment(home: Path) -> dict[str, str]:
    """A new user's: no folder of ours on any path, no settings, no credentials."""
    return {
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
    }


def installed_at(environment: Path, folder: Path) -> Path:
    """Where the environment finds restoretui; ``Unexpected`` unless that is inside of it."""
    asked = subprocess.run(
        [environment / "bin" / "python", "-c", "import restoretui; print(restoretui.__file__)"],
        cwd=folder, env=plain_environment(folder), capture_output=True, text=True, check=True,
    )  # fmt: skip
    found = Path(asked.stdout.strip())
    if not found.is_relative_to(environment):
        raise Unexpected(f"restoretui comes from {found}, which is not what was installed")
    return found


def drive(environment: Path, folder: Path) -> None:
    """See the buckets, open one, leave; ``Unexpected`` when anything is otherwise."""
    screens = Screens([str(environment / "bin" / "restoretui"), "demo"], folder)
    try:
        screens.until(BUCKET)
        print(f"the demo shows the bucket {BUCKET}")
        screens.press(b"\r")
        screens.until(f"s3://{BUCKET}")
        screens.until(INSIDE)
        print(f"it opens, and shows {INSIDE}")
        screens.press(b"q")
        screens.ends_with(0)
        print("q leaves, with exit code 0")
    except Unexpected as unexpected:
        raise Unexpected(f"{unexpected}; the last of what was: {' '.join(screens.text.split())[-1500:]}") from None
    finally:
        screens.close()


def main() -> int:
    environment = Path(sys.argv[1]).absolute()
    with tempfile.TemporaryDirectory(prefix="restoretui-demo-check-") as made:
        folder = Path(made)
        try:
            print(f"installed: {installed_at(environment, folder)}")
            drive(environment, folder)
        except Unexpected as unexpected:
            print(f"the demo of the installed wheel: {unexpected}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
