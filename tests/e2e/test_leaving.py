"""Leaving a true terminal in the middle of sending: the shell is told how to go on, and the next start does."""

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Served
from tests.e2e.conftest import NEEDS_TMUX, Open, Terminal

pytestmark = [NEEDS_TMUX, pytest.mark.terminal, pytest.mark.timeout(300)]


@pytest.fixture
def served() -> Iterator[Served]:
    running = Served("--speed", "600", "--objects", "4000")
    yield running
    running.close()


def begin_sending(terminal: Open, served: Served, config: Path) -> Terminal:
    """At a rate that leaves most of it unsent however long the keys take."""
    config.mkdir()
    (config / "config.toml").write_text("rate = 20\n")
    shown = terminal("s3://acme-media-archive", columns=100, **served.contract["env"])
    shown.wait("archive/")
    shown.type("d")
    shown.wait("4,000 objects")
    shown.type("a")
    shown.wait("4,000 marked")
    shown.type("r")
    shown.wait("Restore 3", "region us-east-1")
    shown.decide("Enter", "enter restore 3")
    shown.decide("Enter", "Run #1", "planned", "requested")
    return shown


def left_on(shown: Terminal) -> str:
    """The shell's lines, long ones whole, with what has scrolled away."""
    return shown._tmux("capture-pane", "-p", "-J", "-S", "-50")


LINE = r"run 1: [\d,]+ unsent, .*\. Go on: restoretui watch 1"


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_gives_the_terminal_back_and_says_how_to_go_on(
    terminal: Open, served: Served, tmp_path: Path, sign: int
) -> None:
    shown = begin_sending(terminal, served, tmp_path / "config")
    os.kill(int(shown._tmux("list-panes", "-F", "#{pane_pid}")), sign)
    shown.wait_dead()
    assert re.search(LINE, left_on(shown)), left_on(shown)
    assert shown._tmux("list-panes", "-F", "#{pane_dead_status}").strip() == "130"
    assert served.stats["restores"]["repeated"] == 0


def test_q_asks_and_leaving_is_not_silent(terminal: Open, served: Served, tmp_path: Path) -> None:
    shown = begin_sending(terminal, served, tmp_path / "config")
    shown.type("q")
    shown.wait("requests are not sent yet", "Send, then leave", "Stay")
    shown.type("Tab", "Enter")
    shown.wait_dead()
    assert re.search(LINE, left_on(shown)), left_on(shown)
    (tmp_path / "config" / "config.toml").write_text("rate = 300\n")
    again = terminal(columns=100, **served.contract["env"])
    again.wait("acme-media-archive")
    again.type("2")
    again.wait("sending")
    again.type("q")
    asked = re.search(r"of ([\d,]+) requests are not sent yet", again.wait("requests are not sent yet"))
    again.type("Enter")
    again.wait("This leaves by itself")
    again.wait_dead(120)
    assert re.search(r"run 1: .*Go on: restoretui watch 1", left_on(again)), left_on(again)
    # What another request restored may arrive as we leave, and be extended at the next start.
    stats = served.stats["restores"]
    assert asked is not None
    assert stats["accepted"] >= int(asked[1].replace(",", ""))
    assert stats["repeated"] == 0
