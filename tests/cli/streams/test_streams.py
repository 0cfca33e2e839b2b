"""Stdout and stderr that nobody reads, that are full, closed, or of another encoding."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli import forkserver
from tests.cli.conftest import Run, Serve, Served
from tests.cli.living import environment
from tests.cli.terminal import Terminal
from tests.narrowing import there

PLACE = "s3://acme-media-archive"
RESTORE = ("restore", PLACE, "--days", "2", "--tier", "bulk", "--yes")

Ends = Callable[..., tuple[int, str, str]]


@pytest.fixture
def served(serve: Serve) -> Served:
    """A cloud with some twenty archived objects a month."""
    return serve("--objects", "300", "--speed", "14400")


@pytest.fixture
def ends(served: Served, tmp_path: Path) -> Ends:
    """Run a command with its streams as a shell would set them: ``|true`` (nobody reads), ``full``, ``closed``."""
    env = environment(served, tmp_path)

    def go(*command: str, out: str = "", err: str = "", in_: str = "", **extra: str) -> tuple[int, str, str]:
        kept = {1: tmp_path / "out", 2: tmp_path / "err"}
        streams = {"unread": unread_pipe(), "full": os.open("/dev/full", os.O_WRONLY), "closed": forkserver.CLOSED}
        files = [os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600) for path in kept.values()]
        stdout, stderr = (streams.get(what, file) for what, file in zip((out, err), files, strict=True))
        if extra:  # An encoding is chosen before the first line of Python runs.
            line = [sys.executable, "-m", "restoretui", *command]
            code = subprocess.run(
                line, stdout=stdout, stderr=stderr, env=env | extra, timeout=90, check=False
            ).returncode
        else:
            stdin = forkserver.CLOSED if in_ == "closed" else subprocess.DEVNULL
            child = forkserver.popen(command, env, stdin=stdin, stdout=stdout, stderr=stderr)
            try:
                code = child.wait(90)
            finally:
                child.kill()
        for descriptor in (streams["unread"], streams["full"], *files):
            os.close(descriptor)
        said = [path.read_text("utf-8", "replace") if path.exists() else "" for path in kept.values()]
        assert not any("Traceback" in text or "Exception ignored" in text for text in said), said
        return code, said[0], said[1]

    return go


def unread_pipe() -> int:
    reader, writer = os.pipe()
    os.close(reader)
    return writer


def asked(served: Served) -> int:
    return int(served.stats["requests"].get("RestoreObject", 0))


PLACES = [f"{PLACE}/archive/2024/0{month}/*" for month in range(1, 8)]
UNHEARD = [("unread", ""), ("", "unread"), ("unread", "unread"), ("closed", ""), ("", "closed"), ("closed", "closed"),
           ("unread", "closed")]  # fmt: skip


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_a_restore_goes_on_though_nobody_reads(ends: Ends, served: Served, run: Run, form: tuple[str, ...]) -> None:
    for place, (out, err) in zip(PLACES, UNHEARD, strict=True):
        before = asked(served)
        assert ends("restore", place, *RESTORE[2:], *form, out=out, err=err)[0] == 0
        assert run(served, "status", "last", "--json").summary["planned"] == 0
        assert asked(served) - before > 15


def test_its_exit_code_is_that_of_the_work(ends: Ends, served: Served) -> None:
    code, _, _ = ends("restore", f"{PLACE}/no-such-key", *RESTORE[2:], "--json", out="unread", err="unread")
    assert code == 1


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_a_restore_goes_on_though_the_disk_behind_its_words_is_full(
    ends: Ends, served: Served, form: tuple[str, ...]
) -> None:
    trouble = [("full", ""), ("", "full"), ("full", "full"), ("full", "unread")]
    for place, (out, err) in zip(PLACES, trouble, strict=False):
        before = asked(served)
        code, told, said = ends("restore", place, *RESTORE[2:], *form, out=out, err=err)
        assert asked(served) - before > 15
        assert code == 2, "that nobody was told is not nothing"
        if out == "full" and not err:
            assert "restoretui: stdout cannot be written: No space left on device\n" in said
        if err == "full" and not out:
            assert "stderr cannot be written: No space left on device" in told.splitlines()[-2 if form else -1]
        if form and not out:
            assert [json.loads(line)["type"] for line in told.splitlines()][-2:] == ["error", "summary"]


def test_what_is_followed_and_what_jobs_are_told_goes_on_too(ends: Ends, served: Served, run: Run) -> None:
    held = run(served, *RESTORE[:-1], "--yes", "--engine", "batch", "--json")
    assert held.code == 0, held.err
    made = next(line["job"] for line in run(served, "batch", "ls", "--json").of("job"))
    job = run(served, "batch", "clone", made, "--yes", "--json").of("job")[0]["job"]
    code, _, _ = ends("batch", "priority", job, "77", "--json", out="unread", err="unread")
    assert code == 0
    assert run(served, "batch", "show", job, "--json").of("job")[0]["priority"] == 77
    code, _, said = ends("batch", "priority", job, "78", out="full")
    assert code == 2
    assert "stdout cannot be written" in said
    assert run(served, "batch", "show", job, "--json").of("job")[0]["priority"] == 78
    code, _, _ = ends("watch", "--json", out="unread", err="unread")
    assert code in (0, 1)
    assert run(served, "status", "--json").summary["planned"] == 0


SHOWS = [
    ("ls", PLACE), ("plan", PLACE, "--days", "1", "--json"), ("status", "--json"), ("export", "last"),
    ("batch", "policy", PLACE), ("--help",), ("--version",),
]  # fmt: skip


def test_who_has_read_enough_is_no_failure_and_a_full_disk_is_one_sentence(
    ends: Ends, served: Served, run: Run
) -> None:
    assert run(served, *RESTORE, "--json").code == 0
    for command in SHOWS:
        assert ends(*command, out="unread")[0] == 0, command
        code, _, said = ends(*command, out="full")
        assert code == 2, command
        assert said.count("restoretui: stdout cannot be written: No space left on device\n") == 1, (command, said)
    for command in SHOWS[:4]:
        assert ends(*command, out="full", err="full")[0] == 2, command
        assert ends(*command, out="closed", err="closed", in_="closed")[0] == 2, command
    code, _, said = ends("--version", out="closed")
    assert (code, said.splitlines()[0]) == (2, "restoretui: stdout cannot be written: it is closed")
    assert ends("status", "--json", err="closed")[0] == 0, "nobody asked for its words"


def test_a_reader_that_leaves_ends_a_listing_early(served: Served, tmp_path: Path) -> None:
    line = f"{sys.executable} -m restoretui ls {PLACE} --json | head -1; echo ${{PIPESTATUS[@]}}"
    done = subprocess.run(
        ["bash", "-c", line], capture_output=True, text=True, env=environment(served, tmp_path), check=False
    )
    first, codes = done.stdout.splitlines()
    assert json.loads(first)["type"] == "object"
    assert codes == "0 0"
    assert "Traceback" not in done.stderr


def test_an_error_keeps_its_code_whoever_hears_of_it(ends: Ends) -> None:
    for command, code in ((("ls", "s3://no-such-bucket-here"), 1), (("status", "99"), 2)):
        for out, err in (("unread", ""), ("", "full"), ("full", "full"), ("closed", "closed")):
            assert ends(*command, "--json", out=out, err=err)[0] == code


def test_usage_errors_spell_out_what_was_typed(ends: Ends) -> None:
    code, _, said = ends("ls", PLACE, "--st\x1b]52;c;ZQ==\x07ate")
    assert code == 2
    assert "\x1b" not in said


def test_without_stdin_there_is_nobody_to_say_yes_and_no_key(ends: Ends, served: Served) -> None:
    code, _, said = ends(*RESTORE[:-1], in_="closed")
    assert code == 5
    assert "not confirmed" in said
    code, _, said = ends("plan", PLACE, "--days", "1", "--keys-from", "-", in_="closed")
    assert code == 2
    assert "stdin, which is closed" in said
    assert asked(served) == 0


LOCALES = [
    {"PYTHONIOENCODING": "latin-1"},
    {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
]  # fmt: skip


@pytest.mark.parametrize("locale", LOCALES, ids=["latin-1", "C"])
def test_no_locale_ends_a_table_and_files_are_utf8(
    ends: Ends, served: Served, run: Run, tmp_path: Path, locale: dict[str, str]
) -> None:
    odd = "s3://acme-odd-names"
    usual = run(served, "ls", odd)
    code, told, _ = ends("ls", odd, **locale)
    assert code == 0
    assert len(told.splitlines()) == len(usual.out.splitlines()) > 40
    assert run(served, "restore", odd, "--days", "1", "--tier", "bulk", "--yes", "--json").code == 0
    exact = run(served, "export", "last").out
    assert not exact.isascii()
    code, told, _ = ends("export", "last", **locale)
    assert (code, len(told.splitlines())) == (0, len(exact.splitlines()))
    assert "caf\u00e9-composed.txt" in told
    assert ends("export", "last", "-o", str(tmp_path / "f.csv"), **locale)[0] == 0
    assert (tmp_path / "f.csv").read_text("utf-8") == exact


@pytest.mark.parametrize("command", [("restore", *RESTORE[1:], "--wait"), ("watch",)])
def test_a_reader_that_only_stalls_does_not_keep_it_from_ending(
    serve: Serve, run: Run, tmp_path: Path, command: tuple[str, ...]
) -> None:
    served = serve("--objects", "800", "--speed", "60")
    if command == ("watch",):
        run(served, *RESTORE, "--json")
    reader, writer = os.pipe()
    process = forkserver.popen([*command, "--json"], environment(served, tmp_path), stdout=writer)
    os.close(writer)
    wait_until_stuck(process)
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 130
    os.close(reader)
    with there(process.stderr) as said:
        assert "interrupted; what was sent goes on" in said.read()


def wait_until_stuck(process: forkserver.Forked) -> None:
    give_up = time.monotonic() + 60
    while "pipe_write" not in Path(f"/proc/{process.pid}/wchan").read_text():
        assert time.monotonic() < give_up
        assert process.poll() is None
        time.sleep(0.01)


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_the_first_moments_may_be_interrupted_too(served: Served, tmp_path: Path, sign: signal.Signals) -> None:
    for turn in range(5):
        child = subprocess.Popen(
            [sys.executable, "-m", "restoretui", "ls", PLACE, "--json"], env=environment(served, tmp_path),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        while not catches(child.pid, signal.SIGHUP):  # Until then it is Python itself that is being loaded.
            assert child.poll() is None
            time.sleep(0.001)  # The child needs the core more.
        time.sleep(turn * 0.07)
        child.send_signal(sign)
        _, said = child.communicate(timeout=60)
        assert child.returncode in (130, 0)
        assert "Traceback" not in said


def catches(pid: int, sign: signal.Signals) -> bool:
    status = Path(f"/proc/{pid}/status").read_text()
    caught = next(line for line in status.splitlines() if line.startswith("SigCgt:"))
    return bool(int(caught.split()[1], 16) >> (sign - 1) & 1)


def test_the_screens_need_a_terminal(ends: Ends) -> None:
    for command in ((), (PLACE,), ("demo",), ("--region", "us-east-1", PLACE)):
        code, told, said = ends(*command)
        assert (code, told) == (2, "")
        assert said.startswith("restoretui: the screens need a terminal, and stdin is none\n")
        assert "\x1b" not in said


def test_the_screens_need_to_be_seen(served: Served, tmp_path: Path) -> None:
    with (tmp_path / "err").open("wb") as err:
        on = Terminal(environment(served, tmp_path), PLACE, stderr=err.fileno())
        assert on.end(20) == 2
    assert "stderr is none" in (tmp_path / "err").read_text()


def test_a_port_in_use(ends: Ends, served: Served) -> None:
    port = served.contract["s3"].rpartition(":")[2]
    code, told, said = ends("sandbox", "--port", port)
    assert (code, told) == (2, "")
    assert said.startswith(f"restoretui: port {port} cannot be used: address already in use\n")


def test_too_few_open_files(served: Served, tmp_path: Path) -> None:
    for limit in (20, 36, 44):
        done = subprocess.run(
            ["/bin/sh", "-c", f'ulimit -n {limit}; exec "$@"', "sh", sys.executable, "-m", "restoretui", "ls", PLACE],
            env=environment(served, tmp_path), capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert "Traceback" not in done.stderr, done.stderr
        assert done.returncode == 0 or (done.returncode == 2 and "open files" in done.stderr), done.stderr
