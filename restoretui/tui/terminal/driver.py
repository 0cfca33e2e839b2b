"""The terminal driver with what Textual's lacks: questions to the terminal, a title, a desktop notice."""

import asyncio
import codecs
import os
import select
import signal
import threading
import time
from collections.abc import Callable
from typing import IO, Any

from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message

from restoretui.core.errors import ExitCode
from restoretui.tui.terminal.answers import ASK_BACKGROUND, WITHIN_S, Answers, TerminalAnswer, is_light, is_plain
from restoretui.tui.terminal.shown_cells import ShownCells
from restoretui.wording.safe import crop_end

_OSC = "\x1b]"
_SAVE_TITLE = "\x1b[22;2t"
_RESTORE_TITLE = "\x1b]2;\x07\x1b[23;2t"
"""Empty first: a terminal that saves none would go on telling how much is done, long after anybody counts."""
READ_BYTES, READ_EVERY_MS = 4096, 100
EXPECTED_S = 5.0
"""An answer that comes later than that may begin with an escape key; it is no answer any more by ``WITHIN_S``."""
BACKGROUND = 11
"""Of the answer that tells it."""
MOST_TITLE = 100
"""Cells."""
_ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class ToTerminal:
    """The terminal to write to. Once it is gone, what is written is dropped.

    Textual's thread that writes would end of the error, and everybody else would wait for it: for room in its queue.
    """

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self.is_gone = False

    def write(self, text: str) -> None:
        """On Textual's writer thread; after an ``OSError`` everything is dropped."""
        self._try(lambda: self._file.write(text))

    def flush(self) -> None:
        self._try(self._file.flush)

    def fileno(self) -> int:
        return self._file.fileno()

    def isatty(self) -> bool:
        return self._file.isatty()

    def _try(self, act: Callable[[], object]) -> None:
        if not self.is_gone:
            try:
                act()
            except OSError:
                self.is_gone = True


class BackgroundTold(Message):
    """The terminal has told what is behind its text."""

    def __init__(self, light: bool) -> None:
        super().__init__()
        self.is_light = light


class TerminalDriver(LinuxDriver):
    """Everything written here is cleaned: a title made of a key must not end the sequence it stands in."""

    _is_listening = False
    sent = 0
    """Characters written so far."""
    _title = ""
    _is_titled = False
    _asked_at = float("-inf")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._file: Any = ToTerminal(self._file)
        self._is_plain = is_plain(os.environ.get("TERM", ""))
        self.shown = ShownCells()
        """By what was written here."""

    def _sigcont_application(self, *_: object) -> None:
        """Go on after ctrl+z. A hang-up sends SIGCONT, too: whoever was not stopped has nothing to begin again."""
        if not _hung_up(self.fileno):
            super()._sigcont_application()

    def write(self, data: str) -> None:
        """To the writer thread's queue; OSC sequences are left out where the terminal would print them."""
        if self._is_plain and data.startswith(_OSC):
            return  # Textual sets the pointer's shape and the clipboard everywhere; some consoles would print that.
        self.sent += len(data)
        super().write(data)

    def start_application_mode(self) -> None:
        """Also watches for the end: signals on the loop, a thread for a terminal that just hangs up."""
        self.shown.forget()
        super().start_application_mode()  # type: ignore[no-untyped-call]
        if self._title:
            self.set_title(self._title)  # again, after ctrl+z
        if not self._is_listening:
            self._is_listening = True
            loop = asyncio.get_running_loop()
            for sign in _ENDS:
                loop.add_signal_handler(sign, self._told_to_end)
            threading.Thread(target=self._await_hang_up, name="hang-up", daemon=True).start()

    def ask_background(self) -> None:
        """Have the terminal tell the colour behind its text: ``BackgroundTold``, if it does so in time."""
        self._asked_at = time.monotonic()
        self.write(ASK_BACKGROUND)
        self.flush()

    def run_input_thread(self) -> None:
        """Textual's, but for answers, which are taken out of what is read before it is parsed for keys."""
        parser, answers = XTermParser(self._debug), Answers()
        decode = codecs.getincrementaldecoder("utf-8")().decode
        line = select.poll()
        line.register(self.fileno, select.POLLIN)
        while not self.exit_event.is_set():
            if line.poll(READ_EVERY_MS):
                got = os.read(self.fileno, READ_BYTES)
                if not got:  # The terminal is gone; who awaits that leaves in a moment.
                    self.exit_event.wait(READ_EVERY_MS / 1000)
                expecting = time.monotonic() - self._asked_at < EXPECTED_S
                text, told = answers.take_out(decode(got), expecting=expecting)
                for answer in told:
                    self._heard(answer)
            else:
                text = answers.rest()
            # Fed with nothing, the parser takes it for the end of all input.
            for event in (*(parser.feed(text) if text else ()), *parser.tick()):
                self.process_message(event)

    def _heard(self, answer: TerminalAnswer) -> None:
        light = is_light(answer.text) if answer.number == BACKGROUND else None
        if light is not None and time.monotonic() - self._asked_at <= WITHIN_S:
            self.send_message(BackgroundTold(light))

    def _told_to_end(self) -> None:
        """Close everything properly, give the terminal back, and say on the shell how to go on."""
        loop = asyncio.get_running_loop()
        for sign in _ENDS:
            loop.remove_signal_handler(sign)  # Who asks twice is not kept waiting.
        self._app.exit(ExitCode.INTERRUPTED)

    def _await_hang_up(self) -> None:
        """Leave when the terminal is gone: without a controlling terminal no signal says so, and reads just end."""
        line = select.poll()
        line.register(self.fileno, 0)  # A hang-up is told in any case.
        line.poll()
        self._app.call_later(self._app.exit, ExitCode.INTERRUPTED)

    def stop_application_mode(self) -> None:
        """Gives the window its title back first."""
        if self._is_titled:
            self._is_titled = False
            self.write(_RESTORE_TITLE)
        super().stop_application_mode()

    def ask(self) -> None:
        """Have the terminal report its cursor: ``events.CursorPosition``, once it has drawn all that came before."""
        self.write("\x1b[6n")
        self.flush()

    def set_title(self, title: str) -> None:
        """The window's title, which gets back what it was when the screens are left or stopped."""
        if not self._is_titled:
            self._is_titled = True
            self.write(_SAVE_TITLE)
        self._title = title
        self.write(f"\x1b]2;{crop_end(title, MOST_TITLE)}\x07")
        self.flush()

    def send(self, sequence: str) -> None:
        """A whole sequence, as it is."""
        self.write(sequence)
        self.flush()


def _hung_up(descriptor: int) -> bool:
    line = select.poll()
    line.register(descriptor, 0)
    return any(event & (select.POLLHUP | select.POLLERR | select.POLLNVAL) for _, event in line.poll(0))
