"""What the terminal is sent while a run goes on: title, bell and notices, byte by byte; and nothing if so wished."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Served
from tests.e2e.raw_line import RawLine

pytestmark = [pytest.mark.terminal, pytest.mark.timeout(300)]

OSC = re.compile(rb"\x1b\](\d+);([^\x07\x1b]*)(?:\x07|\x1b\\)")
TITLE, NOTICE = b"2", b"9"
SAVED, RESTORED = b"\x1b[22;2t", b"\x1b]2;\x07\x1b[23;2t"
DONE = b"is done: 3 available"


@pytest.fixture
def served() -> Iterator[Served]:
    running = Served("--objects", "60", "--speed", "3600")
    yield running
    running.close()


@pytest.fixture
def line(tmp_path: Path, served: Served) -> Iterator[Callable[..., RawLine]]:
    opened: list[RawLine] = []

    def open_(config: str = "", **env: str) -> RawLine:
        file = tmp_path / f"config{len(opened)}.toml"
        file.write_text(config)
        opened.append(RawLine(tmp_path, **served.contract["env"], RESTORETUI_CONFIG=str(file), **env))
        return opened[-1]

    yield open_
    for one in opened:
        one.close()


def restore(served: Served, folder: Path) -> None:
    """Three objects, from another process."""
    done = subprocess.run(
        [sys.executable, "-m", "restoretui", "restore", "s3://acme-media-archive/archive/2024/01/cam-01/",
         "--days", "30", "--tier", "standard", "--yes"],
        env={**os.environ, **served.contract["env"], "RESTORETUI_STATE_DIR": str(folder / "state"),
             "RESTORETUI_CONFIG": str(folder / "none"), "HOME": str(folder)},
        check=False, timeout=90, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def told(sent: bytes, kind: bytes) -> list[str]:
    return [text.decode() for number, text in OSC.findall(sent) if number == kind]


def bells(sent: bytes) -> int:
    """Those that end no sequence."""
    return OSC.sub(b"", sent).count(b"\x07")


def test_what_each_terminal_is_sent(line: Callable[..., RawLine], served: Served, tmp_path: Path) -> None:
    usual, console = line(), line(TERM="linux")
    silent = line('bell = false\ndesktop = "off"\ntitle = false\n')
    only_failing = line('desktop = "osc777"\n[alerts]\narrival = false\ndone = false\nexpiring = false\n')
    every = (usual, console, silent, only_failing)
    for one in every:
        one.until(lambda sent: b"acme-media-archive" in sent)
    restore(served, tmp_path)
    for one in every:
        one.until(lambda sent: DONE in sent)
    usual.until(lambda sent: any("is done" in text for text in told(sent, NOTICE)))
    sent, on_console, nothing, nor_here = (one.leave() for one in every)

    titles = told(sent, TITLE)
    assert titles[0] == "restoretui"
    assert any(re.fullmatch(r"\d+% · \d+ (h|min) · restoretui", title) for title in titles), titles
    assert titles[-2:] == ["done · restoretui", ""], titles
    assert sent.count(SAVED) == sent.count(RESTORED) == 1
    assert sent.index(SAVED) < sent.index(b"\x1b]2;restoretui")
    notices = told(sent, NOTICE)
    assert notices[-1] == "restoretui: run 1 is done: 3 available"
    assert notices[:-1] in ([], ["restoretui: run 1: the first of 3 objects is readable"])
    assert bells(sent) == len(notices)

    assert bells(on_console) in (1, 2)  # an arrival that is seen with the end is not told for itself
    assert not OSC.search(on_console)
    assert SAVED not in on_console

    for quiet in (nothing, nor_here):
        assert bells(quiet) == 0
        assert told(quiet, NOTICE) == told(quiet, b"777") == []
    assert told(nothing, TITLE) == []
    assert SAVED not in nothing
    assert told(nor_here, TITLE)[-2:] == ["done · restoretui", ""]
