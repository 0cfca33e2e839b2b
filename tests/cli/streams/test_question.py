"""The question before a restore: a signal ends it at once, and nothing is confirmed by whoever was told to end."""

import asyncio
import signal
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from restoretui.cli import signals
from tests.cli.conftest import Run, Served
from tests.cli.living import environment
from tests.cli.terminal import Terminal

PLACE = "s3://acme-media-archive"
RESTORE = ("restore", PLACE, "--days", "2", "--tier", "bulk")
QUESTION = b"[y/N] "


@pytest.fixture
def at_the_question(served: Served, tmp_path: Path) -> Callable[..., Terminal]:
    def go(*command: str, **streams: Any) -> Terminal:
        on = Terminal(environment(served, tmp_path), *(command or RESTORE), **streams)
        on.until(QUESTION)
        return on

    return go


def is_untouched(served: Served, run: Run) -> None:
    assert run(served, "status", "--json").summary["objects"] == 0, "no run was confirmed"
    assert run(served, "watch", "--json").code == 0
    assert served.stats["requests"].get("RestoreObject", 0) == 0


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_at_once_and_nothing_is_confirmed(
    at_the_question: Callable[..., Terminal], served: Served, run: Run, sign: signal.Signals
) -> None:
    on = at_the_question()
    on.send(sign)
    assert on.end(10) == 130
    assert b"interrupted; nothing was sent" in on.shown
    assert b"goes on" not in on.shown
    is_untouched(served, run)


def test_ctrl_c_and_then_yes_is_no(at_the_question: Callable[..., Terminal], served: Served, run: Run) -> None:
    on = at_the_question()
    on.type(b"\x03y\n")
    assert on.end(10) == 130
    is_untouched(served, run)


def test_half_a_yes_and_ctrl_c_is_no(at_the_question: Callable[..., Terminal], served: Served, run: Run) -> None:
    on = at_the_question()
    on.type(b"y")
    on.send(signal.SIGSTOP)
    on.type(b"\n")
    on.send(signal.SIGTERM)
    on.send(signal.SIGCONT)  # It finds both, and the yes may be read first.
    assert on.end(10) == 130
    is_untouched(served, run)


def test_a_signal_that_no_thread_has_taken_yet_counts_as_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signals, "_told", False)
    signals.check_settled()
    before = signal.signal(signal.SIGTERM, lambda *_: None)
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    try:
        signal.pthread_kill(threading.get_ident(), signal.SIGTERM)
        with pytest.raises(asyncio.CancelledError):
            signals.check_settled()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        signal.signal(signal.SIGTERM, before)


@pytest.mark.parametrize(
    ("keys", "code"), [(b"\n", 5), (b"n\n", 5), (b"\x04", 5), (b"yes\xff\n", 5), (b" Yes \n", 0)]
)
def test_only_yes_is_yes(at_the_question: Callable[..., Terminal], served: Served, keys: bytes, code: int) -> None:
    on = at_the_question("restore", f"{PLACE}/archive/*", *RESTORE[2:])
    on.type(keys)
    assert on.end() == code, on.shown
    assert (served.stats["requests"].get("RestoreObject", 0) > 0) is (code == 0)


def test_where_stderr_goes_elsewhere_the_question_is_still_seen(
    at_the_question: Callable[..., Terminal], served: Served, run: Run
) -> None:
    on = at_the_question(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    on.type(b"n\n")
    assert on.end() == 5
    is_untouched(served, run)


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_the_end_of_copies_is_asked_about_alike(
    at_the_question: Callable[..., Terminal], run: Run, served: Served, sign: signal.Signals
) -> None:
    place = next(line["location"] for line in served.contract["buckets"] if line["location"].startswith("oss://"))
    restored = run(
        served, "restore", f"{place}/", "--storage-class", "ColdArchive", "--days", "3", "--tier", "standard",
        "--yes", "--wait", "--json",
    )  # fmt: skip
    assert restored.summary["available"] > 0, restored.err
    before = dict(served.stats["requests"])
    on = at_the_question("clean", f"{place}/")
    on.send(sign)
    assert on.end(10) == 130
    assert b"interrupted; nothing was sent" in on.shown
    cleaned = {name: count for name, count in served.stats["requests"].items() if "Clean" in name}
    assert cleaned == {name: before[name] for name in cleaned}


def test_keys_that_are_typed_are_not_waited_for_when_told_to_end(served: Served, tmp_path: Path) -> None:
    on = Terminal(environment(served, tmp_path), "plan", PLACE, "--days", "1", "--keys-from", "-")
    while not served.stats["requests"] and not (tmp_path / "state" / "ledger.db").exists():
        on.read()
    on.type(b"README.txt\n")
    on.read(0.5)
    on.send(signal.SIGINT)
    assert on.end(10) == 130
