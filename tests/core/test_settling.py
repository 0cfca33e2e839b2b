"""What the suite takes for idle: a thread that waits, and was not called."""

import gc
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import pytest

from tests.settling import _busy_threads, settle

LONG_S = 60.0


@contextmanager
def waiting() -> Iterator[threading.Event]:
    """A thread that waits for the event."""
    begun, called = threading.Event(), threading.Event()

    def wait() -> None:
        begun.set()
        called.wait()

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    begun.wait()
    try:
        yield called
    finally:
        called.set()
        thread.join()


async def test_a_thread_that_waits_is_idle_until_it_was_called() -> None:
    with waiting() as called:
        await settle()
        assert not _busy_threads()
        usual = sys.getswitchinterval()
        sys.setswitchinterval(LONG_S)  # It has no turn before we let go.
        try:
            called.set()
            assert _busy_threads() == [True]
        finally:
            sys.setswitchinterval(usual)


def test_nothing_is_collected_while_threads_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    collects: list[bool] = []

    def frames() -> dict[int, FrameType]:
        collects.append(gc.isenabled())
        return {}

    monkeypatch.setattr(sys, "_current_frames", frames)
    _busy_threads()
    assert collects == [False]
    assert gc.isenabled()
