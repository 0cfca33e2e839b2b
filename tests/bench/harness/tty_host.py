"""A terminal for a program to run in: it counts what it is sent, answers what terminals answer, and may be far away.

The line to it is like ssh's: what the program writes is taken at once, up to a buffer, and arrives later, at the
line's pace. Keys take their half of the round trip, too.
"""

import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import termios
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Self

BUFFER = 1_300_000
"""Bytes an ssh connection holds on their way."""
_QUESTION = re.compile(rb"\x1b\[6n|\x1b\[\?2026\$p")
_ANSWERS = {b"\x1b[6n": b"\x1b[1;1R", b"\x1b[?2026$p": b"\x1b[?2026;2$y"}
_FRAME = b"\x1b[?2026h"
_OVERLAP = 63
"""Bytes looked at again with the next piece, so that nothing is missed between two."""


class Terminal:
    """A program in a pty of its own, 120 columns by 42 lines unless told otherwise."""

    def __init__(
        self,
        command: Sequence[str],
        env: Mapping[str, str],
        *,
        columns: int = 120,
        lines: int = 42,
        bytes_per_s: float = 0.0,
        round_trip_s: float = 0.0,
    ) -> None:
        """``bytes_per_s`` 0 is a line without a limit."""
        self._pace, self._half = bytes_per_s, round_trip_s / 2
        self.bytes = 0
        self.frames = 0
        self._tail = b""
        self._wanted: tuple[bytes, ...] = ()
        self._seen_at: float | None = None
        self._watched, self._watched_at, self._watched_tail = b"", 0.0, b""
        self._seen = threading.Condition()
        self._on_line: deque[tuple[float, bytes]] = deque()
        self._held = 0
        self._moved = threading.Condition()
        self._ended = False
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        full = {**env, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
        self.began = time.perf_counter()
        self._process = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, env=full, start_new_session=True
        )
        os.close(slave)
        for work in (self._take, self._deliver):
            threading.Thread(target=work, daemon=True).start()

    # --- what a person does and sees

    def press(self, keys: bytes) -> None:
        """Keys, now; they arrive half a round trip later."""
        if self._half:
            threading.Timer(self._half, self._send, [keys]).start()
        else:
            self._send(keys)

    def expect(self, *texts: bytes) -> None:
        """Begin to look out for any of ``texts`` in what arrives from now on."""
        with self._seen:
            self._wanted, self._seen_at, self._tail = texts, None, b""

    def watch(self, text: bytes) -> None:
        """Note when ``text`` arrives next, whatever else is expected meanwhile."""
        with self._seen:
            self._watched, self._watched_at, self._watched_tail = text, 0.0, b""

    def watched_at(self, seconds: float = 30.0) -> float | None:
        """When that was (``time.perf_counter``); waits for it, None if it does not come in time."""
        with self._seen:
            self._seen.wait_for(lambda: self._watched_at or self._ended, seconds)
            return self._watched_at or None

    def wait(self, seconds: float = 30.0) -> float | None:
        """When the expected text arrived (``time.perf_counter``); None if it did not in time."""
        with self._seen:
            self._seen.wait_for(lambda: self._seen_at is not None or self._ended, seconds)
            return self._seen_at

    def key_to_paint(self, keys: bytes, text: bytes, seconds: float = 30.0, *others: bytes) -> float | None:
        """Seconds from pressing ``keys`` until ``text`` arrives, or one of ``others``."""
        self.expect(text, *others)
        pressed = time.perf_counter()
        self.press(keys)
        seen = self.wait(seconds)
        return None if seen is None else seen - pressed

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    @property
    def cpu_s(self) -> float:
        """CPU seconds of the program so far."""
        fields = self._proc("stat").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    @property
    def peak_rss_mib(self) -> float:
        """The most memory it has had."""
        [line] = [line for line in self._proc("status").splitlines() if line.startswith("VmHWM")]
        return int(line.split()[1]) / 1024

    def _proc(self, name: str) -> str:
        with open(f"/proc/{self._process.pid}/{name}") as file:
            return file.read()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.is_running:
            self._send(b"\x03\x11")
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            os.kill(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._ended = True
        with self._moved:
            self._moved.notify_all()
        os.close(self._master)

    # --- the line

    def _send(self, data: bytes) -> None:
        try:
            os.write(self._master, data)
        except OSError:
            self._ended = True

    def _take(self) -> None:
        while not self._ended:
            try:
                data = os.read(self._master, 65536)
            except OSError:
                break
            with self._moved:
                self._on_line.append((time.perf_counter() + self._half, data))
                self._held += len(data)
                self._moved.notify_all()
                self._moved.wait_for(lambda: self._held < BUFFER or self._ended)
        self._ended = True
        for condition in (self._moved, self._seen):
            with condition:
                condition.notify_all()

    def _deliver(self) -> None:
        free_at = 0.0
        while True:
            with self._moved:
                self._moved.wait_for(lambda: self._on_line or self._ended)
                if not self._on_line:
                    return
                due, data = self._on_line.popleft()
            piece = max(64, int(self._pace * 0.01)) if self._pace else len(data)
            for at in range(0, len(data), piece):
                some = data[at : at + piece]
                if self._pace:
                    free_at = max(free_at, due) + len(some) / self._pace
                _sleep_until(free_at if self._pace else due)
                self._arrived(some)
            with self._moved:
                self._held -= len(data)
                self._moved.notify_all()

    def _arrived(self, data: bytes) -> None:
        now = time.perf_counter()
        self.bytes += len(data)
        with self._seen:
            text = self._tail + data
            old = len(self._tail)
            self.frames += text.count(_FRAME) - self._tail.count(_FRAME)
            for question in _QUESTION.finditer(text):
                if question.end() > old:
                    self.press(_ANSWERS[question[0]])
            if self._seen_at is None and any(wanted in text for wanted in self._wanted):
                self._seen_at = now
                self._seen.notify_all()
            if self._watched and not self._watched_at:
                watched = self._watched_tail + data
                if self._watched in watched:
                    self._watched_at = now
                    self._seen.notify_all()
                self._watched_tail = watched[-_OVERLAP:]
            self._tail = text[-_OVERLAP:]


def _sleep_until(moment: float) -> None:
    left = moment - time.perf_counter()
    if left > 0:
        time.sleep(left)
