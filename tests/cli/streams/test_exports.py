"""``export`` to files, pipes, devices and terminals: exact where it is kept, spelled out where it is seen."""

import csv
import io
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.cli.conftest import Run, Served
from tests.cli.living import environment
from tests.cli.terminal import Terminal

ODD = "s3://acme-odd-names"
RESTORE = ("restore", ODD, "--days", "1", "--tier", "bulk", "--yes", "--json")
HOSTILE = "escape\x1b[2J\x1b[1;31mred\x1b[0m.log"


@pytest.fixture
def exported(served: Served, run: Run, tmp_path: Path) -> str:
    """A run over hostile keys, as CSV."""
    assert run(served, *RESTORE).code == 0
    assert run(served, "export", "last", "-o", str(tmp_path / "first.csv")).code == 0
    text = (tmp_path / "first.csv").read_bytes().decode()
    assert HOSTILE in text
    return text


def acting(text: str) -> list[str]:
    return [character for character in text if character != "\n" and not character.isprintable()]


def keys(text: str) -> list[str]:
    return [row["key"] for row in csv.DictReader(io.StringIO(text, newline=""))]


def test_a_pipe_gets_it_exactly_and_stays_a_pipe(served: Served, run: Run, exported: str, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    done = run(served, "export", "last", "-o", str(pipe))
    reader.join(20)
    assert (done.code, done.out) == (0, "")
    assert "2 cells begin as a formula does" in done.err
    assert keys(read[0].decode()) == keys(exported)
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_link_stays_one_and_nobody_elses_part_is_deleted(
    served: Served, run: Run, exported: str, tmp_path: Path
) -> None:
    (tmp_path / "real.csv").write_text("old")
    (tmp_path / "real.csv").chmod(0o644)
    (tmp_path / "link.csv").symlink_to("real.csv")
    (tmp_path / "link.csv.part").write_text("keep")
    (tmp_path / "real.csv.part").write_text("keep")
    assert run(served, "export", "last", "-o", str(tmp_path / "link.csv")).code == 0
    assert (tmp_path / "link.csv").readlink() == Path("real.csv")
    assert keys((tmp_path / "real.csv").read_bytes().decode()) == keys(exported)
    assert (tmp_path / "real.csv").stat().st_mode & 0o777 == 0o644
    assert [(tmp_path / f"{name}.csv.part").read_text() for name in ("link", "real")] == ["keep", "keep"]


@pytest.mark.parametrize("name", ["/dev/stdout", "/proc/self/fd/1", "/dev/fd/1", "-"])
def test_stdout_by_its_other_names(served: Served, exported: str, tmp_path: Path, name: str) -> None:
    log = tmp_path / "log"
    line = f'echo before; "$@" -o {name}; echo after $?'
    with log.open("wb") as out:
        done = subprocess.run(
            ["sh", "-c", line, "sh", sys.executable, "-m", "restoretui", "export", "last"],
            stdout=out, stderr=subprocess.PIPE, env=environment(served, tmp_path), check=False,
        )  # fmt: skip
    assert done.stderr.startswith(b"2 cells begin as a formula does")
    assert done.stderr.count(b"\n") == 1
    text = log.read_bytes().decode()
    assert text.startswith("before\n")
    assert text.endswith("after 0\n")
    assert keys(text.removeprefix("before\n").removesuffix("after 0\n")) == keys(exported)


def test_a_device_stays_one_and_a_full_one_is_a_sentence(
    served: Served, run: Run, exported: str, tmp_path: Path
) -> None:
    for minor, code in ((3, 0), (7, 2)):
        path = tmp_path / f"device-{minor}"
        try:
            os.mknod(path, 0o666 | stat.S_IFCHR, os.makedev(1, minor))
            path.open("ab").close()
        except OSError:
            pytest.skip("needs the right to make a device")
        done = run(served, "export", "last", "-o", str(path))
        assert done.code == code
        assert path.is_char_device()
    assert f"{path} cannot be written: No space left on device" in done.err


def test_what_cannot_be_written_is_a_sentence(served: Served, run: Run, exported: str, tmp_path: Path) -> None:
    for name, says in ((str(tmp_path), "is a folder"), ("/no/such/x.csv", "No such file"), ("", "is a folder")):
        done = run(served, "export", "last", "-o", name)
        assert done.code == 2
        assert done.err.startswith("restoretui: ")
        assert says in done.err
        assert len(done.err.splitlines()) == 2


@pytest.mark.parametrize("target", [(), ("-o", "/dev/tty"), ("-o", "/dev/stdout"), ("--format", "json"), ("-o", "-")])
def test_a_terminal_gets_it_spelled_out(
    served: Served, exported: str, tmp_path: Path, target: tuple[str, ...]
) -> None:
    on = Terminal(environment(served, tmp_path), "export", "last", *target)
    assert on.end() == 0
    shown = on.shown.decode().replace("\r\n", "\n")
    assert not acting(shown)
    assert not set(shown) & set("\u202e\u2066\u2069\u200b\u200d\u2028\u2029\ufeff")
    rows = [line for line in shown.splitlines() if "acme-odd-names" in line]
    assert len(rows) == len(keys(exported)), "a line break in a key makes no line"
    assert "escape␛[2J" in shown or r"escape\u001b[2J" in shown


@pytest.mark.parametrize(
    "command",
    [("ls", ODD), ("ls", ODD, "--json"), ("status", "last"), ("plan", f"{ODD}/\x1b]52;c;ZQ==\x07", "--days", "1")],
)
def test_nothing_that_acts_reaches_a_terminal(
    served: Served, exported: str, tmp_path: Path, command: tuple[str, ...]
) -> None:
    on = Terminal(environment(served, tmp_path), *command)
    on.end()
    shown = on.shown.decode().replace("\r\n", "\n")
    assert len(shown) > 50
    assert not acting(shown)


def test_a_report_of_a_job_is_spelled_out_too(served: Served, run: Run, tmp_path: Path) -> None:
    done = run(served, *RESTORE, "--engine", "batch", "--wait")
    job = done.of("job")[-1]["job"]
    for form in ((), ("--csv",), ("--json",)):
        exact = run(served, "batch", "report", job, *form)
        on = Terminal(environment(served, tmp_path), "batch", "report", job, *form)
        assert on.end() == exact.code
        assert b"\x1b" not in on.shown
        assert len(on.shown.splitlines()) > 20
