"""The question before anything is paid for, and its answer from the person at the terminal."""

import os
import select
import sys
from contextlib import suppress

from restoretui.cli import signals

_GLANCE_S = 0.25
"""Seconds after which a signal is noticed even if it came in the instant before the wait began."""
_LONGEST = 4096


def ask(question: str) -> bool:
    """Ask the person at the terminal; without one there is nobody to say yes.

    A signal meanwhile ends it as unanswered: ``asyncio.CancelledError``, also when a yes came along with it.
    """
    answer = _answer(f"{question} [y/N] ")
    return answer is not None and answer.strip().lower() in (b"y", b"yes")


def ask_text(question: str) -> str:
    """One line of text from the person at the terminal; empty without one, or where nothing was typed."""
    answer = _answer(f"{question}: ")
    return "" if answer is None else answer.decode("utf-8", "replace").strip()


def _answer(question: str) -> bytes | None:
    """What was typed behind it; None where nobody can be asked."""
    from restoretui.wording.safe import clean

    if sys.stdin is None or not os.isatty(0):
        return None
    try:
        # Where stderr goes elsewhere, the question must still be seen by whoever is to answer it.
        terminal = 2 if os.isatty(2) else os.open(os.ttyname(0), os.O_WRONLY | os.O_NOCTTY)
    except OSError:
        return None
    sys.stdout.flush()  # What is asked about stands above the question.
    sys.stderr.flush()
    try:
        with signals.at_once():
            signals.check()
            _tell(terminal, clean(question))
            answer = _line()
            signals.check_settled()
    except BaseException:
        _tell(terminal, "\n")  # Whatever comes next begins on a line of its own.
        raise
    finally:
        if terminal != 2:
            os.close(terminal)
    return answer


def _line() -> bytes:
    """One line; nothing where the terminal is gone."""
    line = b""
    while not line.endswith(b"\n") and len(line) < _LONGEST:
        while not select.select([0], [], [], _GLANCE_S)[0]:
            signals.check()
        try:
            got = os.read(0, 1024)
        except OSError:
            got = b""
        if not got:
            return b""  # Half an answer is none.
        line += got
    return line


def _tell(terminal: int, text: str) -> None:
    encoding = sys.stderr.encoding if terminal == 2 else "utf-8"
    with suppress(OSError):  # It is gone, and so is who could answer.
        os.write(terminal, text.encode(encoding, "backslashreplace"))
