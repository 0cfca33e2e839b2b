"""A command on a terminal of its own: what it shows, the keys typed to it, the signals it gets."""

import contextlib
import os
import pty
import select
import signal
import termios
import time

from tests.cli import forkserver


class Terminal:
    """``stdout``, ``stderr``: None for the terminal, or another descriptor."""

    def __init__(
        self, env: dict[str, str], *arguments: str, stdout: int | None = None, stderr: int | None = None
    ) -> None:
        self._master, slave = pty.openpty()
        self.before = termios.tcgetattr(slave)
        self.shown = b""

        self.process = forkserver.popen(
            arguments, env, stdin=slave, tty=True,
            stdout=slave if stdout is None else stdout, stderr=slave if stderr is None else stderr,
        )  # fmt: skip
        self._slave = slave

    def read(self, seconds: float = 0.05) -> None:
        if select.select([self._master], [], [], seconds)[0]:
            with contextlib.suppress(OSError):
                self.shown += os.read(self._master, 65536)

    def until(self, text: bytes, seconds: float = 60) -> None:
        give_up = time.monotonic() + seconds
        while text not in self.shown:
            assert time.monotonic() < give_up, self.shown[-500:]
            assert self.process.poll() is None, (self.process.returncode, self.shown[-500:])
            self.read()

    def type(self, keys: bytes) -> None:
        os.write(self._master, keys)

    def send(self, sign: signal.Signals) -> None:
        self.process.send_signal(sign)

    def end(self, seconds: float = 30) -> int:
        """The exit code, once it has ended; what it left on the terminal is read."""
        give_up = time.monotonic() + seconds
        while self.process.poll() is None:
            if time.monotonic() > give_up:
                self.process.kill()
                raise AssertionError(f"it never ended: {self.shown[-500:]!r}")
            self.read()
        self.read()
        assert termios.tcgetattr(self._slave)[3] == self.before[3], "the terminal echoes and reads lines as before"
        os.close(self._slave)
        while select.select([self._master], [], [], 0)[0]:
            try:
                piece = os.read(self._master, 65536)
            except OSError:
                break
            if not piece:
                break
            self.shown += piece
        os.close(self._master)
        assert b"Traceback" not in self.shown, self.shown
        return self.process.wait()

    def hang_up(self, seconds: float = 60) -> int:
        """Close the terminal under it; its exit code."""
        os.close(self._slave)
        os.close(self._master)
        try:
            return self.process.wait(seconds)
        finally:
            self.process.kill()
