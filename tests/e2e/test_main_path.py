"""The main path in a true terminal, by keys alone: browse, mark, plan, restore, watch, quit, come back."""

import os
import pty
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Served
from tests.cli.terminal import Terminal as Pty
from tests.e2e.conftest import NEEDS_TMUX, Open, Terminal

pytestmark = [NEEDS_TMUX, pytest.mark.terminal, pytest.mark.timeout(300)]

SIZES = pytest.mark.parametrize(("columns", "lines"), [(80, 24), (200, 50)])


def count(screen: str, word: str) -> int:
    """How often ``word`` stands as a row's state."""
    return len(re.findall(rf"^\W*{word}\b", screen, re.MULTILINE))


def open_bucket(terminal: Terminal, bucket: str) -> None:
    terminal.wait("acme-media-archive", "acme-odd-names")
    rows = [line for line in terminal.screen.splitlines() if "acme-" in line]
    at = next(number for number, line in enumerate(rows) if bucket in line)
    terminal.type(*["Down"] * at, "Enter")
    terminal.wait(f"s3://{bucket}")


def mark_three_archived(terminal: Terminal) -> None:
    terminal.type("d")
    terminal.wait("flat")
    terminal.type("/")
    terminal.write("2024/03/cam-01")
    terminal.wait("match")
    terminal.type("Enter", "Space", "Space", "Space")
    terminal.wait("3 marked")


def restore_marked(terminal: Terminal) -> None:
    terminal.type("r")
    screen = terminal.wait("Restore", "standard", "bulk", "expedited", "3 objects", "us-east-1")
    assert "$" in screen, "what it costs is shown before anything is sent"
    terminal.decide("Enter", "enter restore 3")
    terminal.decide("Enter", lambda text: "─ Restore ─" not in text)


@SIZES
def test_demo_from_bucket_to_available_copies(terminal: Open, columns: int, lines: int, tmp_path: Path) -> None:
    demo = terminal("demo", "--speed", "7200", columns=columns, lines=lines)
    open_bucket(demo, "acme-media-archive")
    mark_three_archived(demo)
    restore_marked(demo)
    demo.wait("Run #1", lambda screen: count(screen, "available") >= 3, seconds=60)
    demo.type("4")
    demo.wait("confirmed", "available")
    demo.type("2")
    demo.wait("100%")
    demo.type("q")
    demo.wait_dead()
    assert not list(tmp_path.glob("restoretui-demo-*")), "the demo leaves nothing behind"


@pytest.fixture
def served() -> Any:
    running = Served("--speed", "3600")
    yield running
    running.close()


def test_quitting_and_reopening_finds_everything_where_it_was(terminal: Open, served: Served) -> None:
    env = served.contract["env"]
    first = terminal("s3://acme-media-archive", **env)
    first.wait("archive/")
    mark_three_archived(first)
    restore_marked(first)
    first.wait("Run #1", "3 restoring", seconds=30)
    first.type("q")
    first.wait_dead()
    again = terminal(**env)
    again.wait("acme-media-archive")
    again.type("2")
    again.wait(lambda screen: re.search(r"[0-3]/3", screen) is not None)
    again.wait("3/3", seconds=60)
    again.type("Enter")
    again.wait(lambda screen: count(screen, "available") >= 3)
    assert served.stats["restores"] == {"objects": 3, "requests": 3, "accepted": 3, "repeated": 0}
    again.type("q")
    again.wait_dead()


def test_a_killed_terminal_loses_nothing(terminal: Open, served: Served) -> None:
    env = served.contract["env"]
    first = terminal("s3://acme-media-archive", **env)
    first.wait("archive/")
    mark_three_archived(first)
    first.kill()
    again = terminal("s3://acme-media-archive", **env)
    again.wait("3 marks of", "M keeps or drops them")
    again.type("M")
    again.wait("enter keeps, space drops")
    again.type("Enter")
    again.wait("3 marked")
    again.type("Escape")
    again.wait(lambda screen: "─ Marks ─" not in screen)
    restore_marked(again)
    again.wait("Run #1")
    again.kill()
    third = terminal(**env)
    third.wait("acme-media-archive")
    third.type("2")
    third.wait("3/3", seconds=60)
    assert served.stats["restores"]["repeated"] == 0


def test_hostile_names_stay_in_their_cells(terminal: Open, served: Served) -> None:
    shown = terminal("s3://acme-odd-names", columns=120, lines=60, **served.contract["env"])
    shown.wait("prefixes")
    shown.type("d")
    shown.wait("50 objects")
    shown.wait("[red]")  # markup and escapes in a key are shown, not obeyed
    for _ in range(5):
        if "␛" not in shown.screen:
            shown.type("PageDown")
    shown.wait("␛")
    title = shown._tmux("display-message", "-p", "#{pane_title}")
    assert "pwned" not in title.lower()
    colours = set(re.findall(r"\x1b\[([0-9;]*)([A-Za-z])", shown.raw))
    assert {letter for _, letter in colours} <= {"m"}


def test_a_plain_s3_endpoint_works_from_bucket_to_available(terminal: Open, tmp_path: Path) -> None:
    """moto as the second opinion: it restores at once, and lists no restore status."""
    script = (
        "import logging, sys, boto3\n"
        "from moto.server import ThreadedMotoServer\n"
        "logging.getLogger('werkzeug').setLevel(logging.ERROR)\n"
        "server = ThreadedMotoServer(ip_address='127.0.0.1', port=0, verbose=False)\n"
        "server.start()\n"
        "host, port = server.get_host_and_port()\n"
        "url = f'http://127.0.0.1:{port}'\n"
        "s3 = boto3.client('s3', endpoint_url=url, region_name='us-east-1', aws_access_key_id='k',"
        " aws_secret_access_key='s')\n"
        "s3.create_bucket(Bucket='plain')\n"
        "for n in range(5):\n"
        "    s3.put_object(Bucket='plain', Key=f'cold/{n}.bin', Body=b'x' * 10, StorageClass='GLACIER')\n"
        "print(url, flush=True)\n"
        "sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as moto:
        assert moto.stdout
        url = moto.stdout.readline().strip()
        shown = terminal(
            "s3://plain/cold/", AWS_ENDPOINT_URL=url, AWS_ACCESS_KEY_ID="k", AWS_SECRET_ACCESS_KEY="s",
            AWS_DEFAULT_REGION="us-east-1",
        )  # fmt: skip
        shown.wait("0.bin", "archived")
        shown.type("a")
        shown.wait("5 marked")
        shown.type("r")
        shown.wait("Restore", "5 objects")
        shown.decide("Enter", "enter restore 5")
        shown.decide("Enter", "Run #1")
        shown.wait("Run #1", lambda screen: count(screen, "available") >= 5, seconds=60)
        shown.type("q")
        shown.wait_dead()
        moto.kill()


@pytest.mark.parametrize("after", [0.0, 0.05, 0.3, 1.0])
def test_a_terminal_that_goes_away_without_a_signal_ends_the_program(tmp_path: Path, after: float) -> None:
    """As under nohup or setsid: nobody is told of the hang-up, and every read of the terminal ends at once."""
    master, slave = pty.openpty()
    command = [
        sys.executable,
        "-m",
        "restoretui",
        "--state-dir",
        str(tmp_path / "state"),
        "--endpoint-url",
        "http://[::1]:1",
    ]
    child = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, start_new_session=True)
    os.close(slave)
    while b"Browse" not in os.read(master, 65536):
        pass
    time.sleep(after)  # Also while the rest of the screens is being made.
    os.close(master)
    assert child.wait(60) == 130


@pytest.mark.parametrize("after", [0.0, 1.5])
def test_a_terminal_that_goes_away_with_a_signal_ends_the_program(tmp_path: Path, after: float) -> None:
    """A window is closed, or tmux is: SIGHUP, SIGCONT right behind it, and whatever is written from then on fails."""
    on = Pty(
        {**os.environ, "TERM": "xterm-256color"}, "--state-dir", str(tmp_path / "state"),
        "--endpoint-url", "http://[::1]:1",
    )  # fmt: skip
    on.until(b"Browse")
    time.sleep(after)  # Also while the rest of the screens is being made.
    assert on.hang_up() == 130
