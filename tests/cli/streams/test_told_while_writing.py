"""A signal in the middle of a write: what blocks is ended, what does not is written, and so is what follows."""

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Iterator

import pytest

from restoretui.cli import signals
from restoretui.cli.streams import Outlet

MORE_THAN_FITS = b"x" * (1 << 20)


@pytest.fixture
def handlers(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Ours, as they stand while a command works."""
    monkeypatch.setattr(signals, "_told", False)
    before = {sign: signal.getsignal(sign) for sign in (*signals.SIGNS, signal.SIGALRM)}
    signals.over()
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    for sign, handler in before.items():
        signal.signal(sign, handler)


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


def told_behind(write: Callable[[int, bytes], int]) -> Callable[[int, bytes], int]:
    def written(descriptor: int, data: bytes) -> int:
        done = write(descriptor, data)
        os.kill(os.getpid(), signal.SIGTERM)
        return done

    return written


@pytest.mark.usefixtures("handlers")
def test_what_was_written_counts_and_more_can_follow(pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    outlet = Outlet(pipe[1], "stdout")
    monkeypatch.setattr(os, "write", told_behind(os.write))
    assert outlet.write(b"a change\n") == 9
    monkeypatch.undo()
    assert outlet.write(b"the summary\n") == 12
    assert os.read(pipe[0], 100) == b"a change\nthe summary\n"


@pytest.mark.usefixtures("handlers")
@pytest.mark.parametrize("seems_to_go_on", [False, True])
def test_what_blocks_is_ended(pipe: tuple[int, int], seems_to_go_on: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    outlet = Outlet(pipe[1], "stdout")
    os.set_blocking(pipe[1], False)
    os.write(pipe[1], MORE_THAN_FITS)
    os.set_blocking(pipe[1], True)
    looks = iter([not seems_to_go_on])
    monkeypatch.setattr(outlet, "_is_stalled", lambda: next(looks, True))
    # To this process, as of kill(1): the main thread is the only one that blocks none of them.
    told = threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGTERM))
    told.start()
    with pytest.raises(asyncio.CancelledError):
        outlet.write(b"more")
    told.join()
    assert outlet.write(b"nothing blocks on the way out") == 29
