"""No command waits in silence, or for ever: it says within seconds what it waits for, and ends when patience does."""

import json
import os
import signal
import socket
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from tests.cli.conftest import Run, Serve, Served
from tests.cli.living import Living, environment

BUCKET = "s3://acme-media-archive"
RESTORE = ("--days", "1", "--tier", "bulk", "--yes")
KEYS = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "not/a+secret", "AWS_REGION": "us-east-1"}
PORTAL = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 19\r\n\r\n<html>portal</html>"
SOON = 40.0
"""Seconds in which a short patience ends on a busy machine."""


@pytest.fixture
def dead() -> str:
    """A port that nobody listens at."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


class Server:
    """Takes connections; ``answer`` is what all get, None: nothing, for ever."""

    def __init__(self, answer: bytes | None) -> None:
        self._answer = answer
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._taken: list[socket.socket] = []
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                taken, _ = self._socket.accept()
                self._taken.append(taken)
                if self._answer is not None:
                    with suppress(OSError):
                        taken.recv(1 << 16)
                        taken.sendall(self._answer)
                        taken.close()

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for taken in self._taken:
            taken.close()
        self._thread.join(10)


@pytest.fixture
def server() -> Iterator[Callable[..., Server]]:
    running: list[Server] = []

    def start(answer: bytes | None = None) -> Server:
        running.append(Server(answer))
        return running[-1]

    yield start
    for one in running:
        one.close()


COMMANDS: dict[str, tuple[str, ...]] = {
    "ls": ("ls", "s3://bucket/prefix/"),
    "ls of buckets": ("ls", "s3://"),
    "plan of a key": ("plan", "s3://bucket/key", "--days", "1"),
    "plan of a prefix": ("plan", "s3://bucket/p/", "--days", "1"),
    "restore of a key": ("restore", "s3://bucket/key", *RESTORE),
    "restore of a prefix, waiting": ("restore", "s3://bucket/p/", *RESTORE, "--wait"),
    "clean": ("clean", "s3://bucket/p/", "--yes"),
    "batch ls": ("batch", "ls"),
    "batch show": ("batch", "show", "some-job"),
    "batch confirm": ("batch", "confirm", "some-job"),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_an_endpoint_that_is_away_is_said_and_ends_it(run: Run, dead: str, name: str) -> None:
    began = time.monotonic()
    # Jobs are AWS's alone: only there are they asked for.
    endpoint = {"AWS_ENDPOINT_URL": dead} if name.startswith("batch") else {"AWS_ENDPOINT_URL_S3": dead}
    ran = run(None, *COMMANDS[name], "--patience", "2s", "--json", **KEYS, **endpoint)
    assert time.monotonic() - began < SOON
    assert ran.code == 1
    host = dead.removeprefix("http://")
    first, *_ = [line for line in ran.err.splitlines() if "loading" not in line]
    assert first.startswith(f"waiting for {host}: no connection to {host}"), ran.err
    assert "gives up in" in first
    assert "given up after 2 s" in ran.err
    assert [line["exit_code"] for line in ran.of("error")] == [1], "with --json the words stay on stderr"


@pytest.mark.parametrize("name", ["ls", "plan of a key", "restore of a prefix, waiting"])
def test_a_server_that_never_answers_ends_it(run: Run, server: Callable[..., Server], name: str) -> None:
    ran = run(None, *COMMANDS[name], "--patience", "1s", **KEYS, AWS_ENDPOINT_URL=server().url, timeout=SOON)
    assert ran.code == 1
    assert "to answer HeadBucket of bucket 'bucket'; gives up in" in ran.err
    assert "gave no answer to HeadBucket of bucket 'bucket'" in ran.err


@pytest.mark.parametrize("name", ["ls", "plan of a prefix", "restore of a prefix, waiting"])
def test_an_unreadable_answer_ends_it_the_third_time(run: Run, server: Callable[..., Server], name: str) -> None:
    ran = run(None, *COMMANDS[name], **KEYS, AWS_ENDPOINT_URL=server(PORTAL).url, timeout=SOON)
    assert ran.code == 1
    assert "cannot be read" in ran.err
    assert "is it an S3 endpoint?" in ran.err


@pytest.mark.parametrize("what", [("--patience", "0"), ("--patience", "0s")])
def test_without_patience_the_first_trouble_is_the_last(run: Run, dead: str, what: tuple[str, ...]) -> None:
    ran = run(None, "plan", "s3://bucket/key", "--days", "1", *what, **KEYS, AWS_ENDPOINT_URL=dead)
    assert ran.code == 1
    assert "waiting" not in ran.err
    assert "no connection to" in ran.err


def test_patience_may_stand_in_the_config(run: Run, dead: str, tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    config = tmp_path / "config" / "config.toml"
    for text in ("0", '"0s"', "0.0"):
        config.write_text(f"patience = {text}\n")
        assert run(None, "ls", "s3://bucket/", **KEYS, AWS_ENDPOINT_URL=dead).code == 1
    for text in ("-1", '"soon"', "nan", "inf", "true", "[]", "1e400"):
        config.write_text(f"patience = {text}\n")
        ran = run(None, "ls", "s3://bucket/", **KEYS, AWS_ENDPOINT_URL=dead)
        assert ran.code == 2, text
        assert "patience must be a duration" in ran.err
    config.write_text("")
    assert run(None, "ls", "s3://bucket/", "--patience", "9" * 30 + "h", **KEYS).code == 2


@pytest.mark.parametrize("with_server", [True, False], ids=["stalled", "away"])
def test_the_time_to_wait_is_held_before_anything_is_sent(
    run: Run, dead: str, server: Callable[..., Server], with_server: bool
) -> None:
    url = server().url if with_server else dead
    ran = run(
        None, "restore", "s3://bucket/key", *RESTORE, "--wait", "--timeout", "1s", **KEYS, AWS_ENDPOINT_URL=url,
        timeout=SOON,
    )  # fmt: skip
    assert ran.code == 3
    assert "the time to wait is over; nothing was sent" in ran.err


@pytest.mark.parametrize("command", [("plan", "--days", "1"), ("restore", *RESTORE, "--wait")])
def test_keys_that_are_mistyped_end_it_at_once(
    run: Run, served: Served, tmp_path: Path, command: tuple[str, ...]
) -> None:
    (tmp_path / "keys").write_text("a\nb\nc\n")
    name, *options = command
    for place in ([f"{BUCKET}/some/key"], [BUCKET, "--keys-from", str(tmp_path / "keys")], [f"{BUCKET}/archive/"]):
        ran = run(served, name, *place, *options, AWS_SECRET_ACCESS_KEY="mistyped", timeout=SOON)
        assert ran.code == 4, ran.err
        assert "are not accepted (SignatureDoesNotMatch)" in ran.err


def test_credentials_that_never_come_end_it(run: Run, server: Callable[..., Server], tmp_path: Path) -> None:
    (tmp_path / "aws").write_text("[profile slow]\ncredential_process = sleep 30\n")
    ran = run(
        None, "plan", "s3://bucket/key", "--days", "1", "--profile", "slow", "--patience", "1s", timeout=SOON,
        AWS_CONFIG_FILE=str(tmp_path / "aws"), AWS_ENDPOINT_URL=server().url, AWS_REGION="us-east-1",
    )  # fmt: skip
    assert ran.code == 4
    assert "waiting for the credentials of profile slow; gives up in" in ran.err
    assert "the credentials of profile slow did not come" in ran.err


def test_the_log_tells_of_every_try_and_of_no_secret(run: Run, dead: str, tmp_path: Path) -> None:
    run(None, "plan", "s3://bucket/key", "--days", "1", "--patience", "3s", "-v", **KEYS, AWS_ENDPOINT_URL=dead)
    log = (tmp_path / "state" / "restoretui.log").read_text()
    assert log.count("no connection to") >= 2
    assert "waiting for" in log
    assert KEYS["AWS_SECRET_ACCESS_KEY"] not in log


def test_status_tells_every_run_once_whatever_store_is_gone(run: Run, serve: Serve, tmp_path: Path) -> None:
    here, gone = serve("--objects", "20", "--speed", "60"), serve("--objects", "20", "--speed", "60")
    for served in (here, gone, here):
        assert run(served, "restore", f"{BUCKET}/archive/", "--storage-class", "GLACIER", *RESTORE).code == 0
    fresh = run(here, "status", "--json")
    assert fresh.code == 0
    assert [(line["run"], line["looked"]) for line in fresh.of("run")] == [(3, True), (2, True), (1, True)]
    gone.process.kill()
    # Longer than even a busy machine needs for the looks that come: they are not to wait for the one that does not.
    ran = run(here, "status", "--patience", "10s", "--json", timeout=2 * SOON)
    assert ran.code == 1, "what could not be looked at is no success"
    told = {line["run"]: line for line in ran.of("run")}
    assert [line["run"] for line in ran.of("run")] == [3, 1, 2], (
        "those that answer do not wait for the one that is gone"
    )
    assert {number: line["looked"] for number, line in told.items()} == {1: True, 2: False, 3: True}
    before = {line["run"]: line["as_of"] for line in fresh.of("run")}
    assert told[2]["as_of"] == before[2], "as of the last look"
    assert told[1]["as_of"] > before[1]
    (error,) = ran.of("error")
    assert error["reason"].startswith("run 2 could not be looked at: no connection to")
    assert ran.summary["not_looked_at"] == 1
    shown = run(here, "status", "--patience", "0")
    assert shown.code == 1
    (line,) = [line for line in shown.out.splitlines() if line.startswith("  2")]
    assert "restoring (as of 20" in line or "requested (as of 20" in line


def test_a_confirmed_run_that_nobody_takes_is_given_up_and_sent_later(run: Run, serve: Serve, tmp_path: Path) -> None:
    served = serve("--objects", "20", "--speed", "14400")
    served.ask("/_sandbox/faults", {"faults": [{"kind": "expired-token", "operations": ["RestoreObject"]}]}, "POST")
    restore = ("restore", f"{BUCKET}/archive/", "--storage-class", "GLACIER", *RESTORE)
    ran = run(served, *restore, "--wait", "--patience", "1s", timeout=SOON)
    assert ran.code == 4, ran.err
    assert "nothing was sent yet: the credentials have expired" in ran.err
    assert "run 1 is confirmed and waits: `restoretui watch` sends it" in ran.err
    assert run(served, "watch", "--patience", "1s", timeout=SOON).code == 4, (
        "nor does it watch for ever what is not sent"
    )
    served.ask("/_sandbox/faults", {"faults": []}, "POST")
    done = run(served, "watch", "--json")
    assert done.code == 0, done.err
    assert done.summary["available"] > 0


def test_watch_says_why_it_waits_and_goes_on_when_that_is_over(serve: Serve, tmp_path: Path, run: Run) -> None:
    served = serve("--objects", "20", "--speed", "2400")
    assert run(served, "restore", f"{BUCKET}/archive/", "--storage-class", "GLACIER", *RESTORE).code == 0
    served.ask("/_sandbox/faults", {"faults": [{"kind": "expired-token"}]}, "POST")
    watching = Living(environment(served, tmp_path), "watch", "--patience", "1s", "--json")
    watching.until(lambda: any("the credentials have expired" in line for line in watching.err))
    time.sleep(2)  # Longer than patience: once something was sent, that has no end.
    assert watching.process.poll() is None
    assert any("it goes on by itself, for as long as it takes" in line for line in watching.err)
    served.ask("/_sandbox/faults", {"faults": []}, "POST")
    assert watching.wait() == 0
    assert any("answers again: going on" in line for line in watching.err)
    assert json.loads(watching.out[-1])["available"] > 0


@pytest.mark.parametrize("source", ["-", "pipe"])
def test_a_key_list_that_never_ends_is_said_and_can_be_left(tmp_path: Path, dead: str, source: str) -> None:
    held, end = os.pipe()
    if source == "pipe":
        os.mkfifo(tmp_path / "pipe", 0o600)
    child = Living(
        environment(None, tmp_path) | KEYS, "plan", "s3://bucket", "--days", "1", "--keys-from",
        source if source == "-" else str(tmp_path / "pipe"), "--endpoint-url", dead, stdin=held,
    )  # fmt: skip
    try:
        child.until(lambda: any(line.startswith("waiting for the first line of") for line in child.err))
        child.process.send_signal(signal.SIGINT)
        assert child.wait(SOON) == 130, "nobody has to end the list first"
    finally:
        os.close(held)
        os.close(end)


def test_a_ledger_that_somebody_writes_to_for_long_is_said(run: Run, served: Served, tmp_path: Path) -> None:
    assert run(served, "restore", f"{BUCKET}/archive/", "--storage-class", "GLACIER", *RESTORE).code == 0
    with closing(sqlite3.connect(tmp_path / "state" / "ledger.db", isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        child = Living(environment(served, tmp_path), "watch")
        child.until(lambda: any(line.startswith("waiting for the ledger: ") for line in child.err))
        holder.execute("ROLLBACK")
    assert child.wait() == 0
