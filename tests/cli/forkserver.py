"""Processes that begin with everything loaded: forked from one that has, rather than started from nothing.

Most of what a command costs is loading its modules. Here one process a test worker loads them and then stands by;
asked for a command it forks, and the child takes the streams, the environment and the arguments it was sent and
becomes ``python -m restoretui ARGUMENTS``: a process of its own, with its own signals, exit code and end. What is
decided before the first line of Python runs (``PYTHON…``, the locale, limits, a terminal) needs a true start.
"""

import fcntl
import gc
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import IO, Any

import restoretui

NOT_LOADED = ("restoretui.tui", "restoretui.__main__", "restoretui.demo")
"""Screens run in processes of their own; the demo says by itself what it lacks."""
LOADED_BESIDES = ("aioboto3", "aiobotocore.session", "botocore.handlers", "_strptime", "encodings.idna")
"""What stands ready besides all of our own; whatever else a command needs it loads by itself."""
ROOT = Path(__file__).parents[2]
CLOSED = -9
"""A stream that is none."""
_MOST = 1 << 20
"""Bytes of a request."""


class Forked:
    """A running ``restoretui``, with what tests use of ``subprocess.Popen``."""

    def __init__(self, pid: int, end: socket.socket, args: Sequence[str]) -> None:
        self.pid = pid
        self.args = args
        self.returncode: int | None = None
        self.stdin: IO[Any] | None = None
        self.stdout: IO[Any] | None = None
        self.stderr: IO[Any] | None = None
        self._end = end

    def poll(self) -> int | None:
        """The exit code, negative for a signal, once it has ended."""
        with suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """``subprocess.TimeoutExpired`` after so many seconds."""
        if self.returncode is None:
            if not select.select([self._end], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(list(self.args), timeout or 0.0)
            self.returncode = os.waitstatus_to_exitcode(int(self._end.recv(16)))
            self._end.close()
        return self.returncode

    def send_signal(self, sign: int) -> None:
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, sign)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class ForkServer:
    """The process that stands by; ``close`` ends it."""

    def __init__(self) -> None:
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.cli.forkserver", str(theirs.fileno())], pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL, cwd=ROOT,
            )  # fmt: skip

    def start(
        self, args: Sequence[str], env: Mapping[str, str], streams: Sequence[int], *, closed: Sequence[int], tty: bool
    ) -> Forked:
        """A child that is ``restoretui ARGS`` on those descriptors: stdin, stdout, stderr."""
        # In packets: the child may have ended, and said how, before its id is read.
        end, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            asked = {"args": list(args), "env": dict(env), "cwd": os.getcwd(), "umask": _umask()}
            asked |= {"closed": list(closed), "tty": tty}
            socket.send_fds(self._control, [json.dumps(asked).encode()], [*streams, theirs.fileno()])
        return Forked(int(end.recv(16)), end, args)

    def close(self) -> None:
        self._control.close()
        self._process.wait(30)


_standing: list[ForkServer] = []


def close() -> None:
    """End the one that stands by, if there is one."""
    while _standing:
        _standing.pop().close()


def popen(
    args: Sequence[str],
    env: Mapping[str, str],
    *,
    stdin: int = subprocess.DEVNULL,
    stdout: int | None = subprocess.PIPE,
    stderr: int | None = subprocess.PIPE,
    tty: bool = False,
) -> Forked:
    """``subprocess.Popen([python, "-m", "restoretui", *ARGS], text=True)``, without the start.

    A stream may be ``CLOSED``, too. ``tty``: in a session of its own, with stdin as its terminal.
    """
    if not _standing:
        _standing.append(ForkServer())
    ours: list[IO[str] | None] = []
    theirs, closing = [], []
    for number, what in enumerate((stdin, stdout, stderr)):
        kept: IO[str] | None = None
        if what == subprocess.PIPE:
            reader, writer = os.pipe()
            theirs.append(writer if number else reader)
            kept = os.fdopen(reader, encoding="utf-8") if number else os.fdopen(writer, "w", encoding="utf-8")
            closing.append(theirs[-1])
        elif what in (subprocess.DEVNULL, CLOSED):
            theirs.append(os.open(os.devnull, os.O_RDWR))
            closing.append(theirs[-1])
        else:
            theirs.append(number if what is None else what)
        ours.append(kept)
    shut = [number for number, what in enumerate((stdin, stdout, stderr)) if what == CLOSED]
    forked = _standing[0].start(args, env, theirs, closed=shut, tty=tty)
    for descriptor in closing:
        os.close(descriptor)
    forked.stdin, forked.stdout, forked.stderr = ours
    return forked


def run(args: Sequence[str], env: Mapping[str, str], stdin: str, timeout: float) -> tuple[int, str, str]:
    """To its end: exit code, stdout, stderr. Killed after ``timeout`` seconds: ``subprocess.TimeoutExpired``."""
    forked = popen(args, env, stdin=subprocess.PIPE)
    said = ["", ""]

    def tell(pipe: IO[str]) -> None:
        with suppress(BrokenPipeError), pipe:
            pipe.write(stdin)

    def hear(pipe: IO[str], number: int) -> None:
        with pipe:
            said[number] = pipe.read()

    assert forked.stdin
    assert forked.stdout
    assert forked.stderr
    beside = [
        threading.Thread(target=tell, args=(forked.stdin,)),
        threading.Thread(target=hear, args=(forked.stdout, 0)),
        threading.Thread(target=hear, args=(forked.stderr, 1)),
    ]
    for thread in beside:
        thread.start()
    try:
        code = forked.wait(timeout)
    finally:
        forked.kill()
        for thread in beside:
            thread.join(timeout)
    return code, said[0], said[1]


def _umask() -> int:
    now = os.umask(0o77)
    os.umask(now)
    return now


def _stand_by(control: socket.socket) -> dict[str, Any] | None:
    """In a child: what it is to become. In the process that stands by: None, once nobody asks any more."""
    ends: dict[int, socket.socket] = {}
    woken, wakes = os.pipe()
    for one in (woken, wakes):
        os.set_blocking(one, False)
    signal.set_wakeup_fd(wakes)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    # Ctrl-C at the tests is theirs to handle; they close the other end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        ready = select.select([control.fileno(), woken], [], [])[0]
        if woken in ready:
            with suppress(BlockingIOError):
                os.read(woken, 4096)
            _tell_ends(ends)
        if control.fileno() not in ready:
            continue
        asked, descriptors, _, _ = socket.recv_fds(control, _MOST, 4)
        if not asked:
            return None
        child = os.fork()
        if child == 0:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            for number, descriptor in enumerate(descriptors[:3]):
                os.dup2(descriptor, number)
            os.closerange(3, max(256, *descriptors) + 1)
            wanted: dict[str, Any] = json.loads(asked)
            return wanted
        for descriptor in descriptors[:3]:
            os.close(descriptor)
        ends[child] = socket.socket(fileno=descriptors[3])
        ends[child].send(str(child).encode())


def _tell_ends(ends: dict[int, socket.socket]) -> None:
    """Of each child that has ended, tell whoever started it how."""
    while ends:
        child, status = os.waitpid(-1, os.WNOHANG)
        if child == 0:
            return
        with ends.pop(child) as end, suppress(OSError):
            end.send(str(status).encode())


def _become(wanted: dict[str, Any]) -> None:
    """The rest of this process is that command."""
    os.environ.clear()
    os.environ.update(wanted["env"])
    time.tzset()
    os.chdir(wanted["cwd"])
    os.umask(wanted["umask"])
    if wanted["tty"]:
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    streams = sys.stdin, sys.stdout, sys.stderr
    for number, (name, stream) in enumerate(zip(("stdin", "stdout", "stderr"), streams, strict=True)):
        again = None
        if number in wanted["closed"]:
            os.close(number)
        else:
            mode = "w" if number else "r"
            again = open(number, mode, encoding=stream.encoding, errors=stream.errors, closefd=False)  # noqa: SIM115
        setattr(sys, name, again)
        setattr(sys, f"__{name}__", again)
    sys.argv = ["restoretui", *wanted["args"]]
    runpy.run_module("restoretui", run_name="__main__", alter_sys=True)


def main() -> None:
    ours = (found.name for found in walk_packages(restoretui.__path__, "restoretui."))
    for name in (*ours, *LOADED_BESIDES):
        if not name.startswith(NOT_LOADED):
            import_module(name)
    gc.freeze()  # Else each child's collections would walk, and so copy, all of it.
    if wanted := _stand_by(socket.socket(fileno=int(sys.argv[1]))):
        _become(wanted)


if __name__ == "__main__":
    main()
