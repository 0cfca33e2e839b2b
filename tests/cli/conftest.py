"""The program as a shell sees it: a sandbox process, and commands run against it by their bytes and exit codes."""

import json
import os
import urllib.request
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import pytest

from tests.cli import forkserver
from tests.cli.checked_lines import check_output


class Ran(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Stdout as JSON lines."""
        return [json.loads(line) for line in self.out.splitlines()]

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [line for line in self.lines if line["type"] == kind]

    @property
    def summary(self) -> dict[str, Any]:
        last = self.lines[-1]
        assert last["type"] == "summary", self.out[-500:]
        return last


class Served:
    """A running `restoretui sandbox`."""

    def __init__(self, *options: str) -> None:
        self.process = forkserver.popen(["sandbox", *options], os.environ, stderr=None)
        assert self.process.stdout
        self.contract: dict[str, Any] = json.loads(self.process.stdout.readline())

    def ask(self, path: str, body: Any = None, method: str = "GET") -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.contract["s3"] + path, data, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.loads(answer.read() or b"null")

    @property
    def stats(self) -> dict[str, Any]:
        stats: dict[str, Any] = self.ask("/_sandbox/stats")
        return stats

    def close(self) -> int:
        self.process.terminate()
        code = self.process.wait(10)
        assert self.process.stdout
        self.process.stdout.close()
        return code


class Serve(Protocol):
    """What the fixture ``serve`` is."""

    def __call__(self, *options: str) -> Served: ...


@pytest.fixture
def serve(epoch: datetime) -> Iterator[Serve]:
    running: list[Served] = []

    def start(*options: str) -> Served:
        running.append(Served(*options, f"--now={epoch.isoformat()}"))
        return running[-1]

    yield start
    for served in running:
        served.close()


@pytest.fixture
def served(serve: Serve) -> Served:
    """A small world at an hour a quarter of a second."""
    return serve("--objects", "60", "--speed", "14400")


class Reachable(Protocol):
    """What commands can be run against: the environment that leads there is ``contract["env"]``."""

    contract: dict[str, Any]


class Run(Protocol):
    """What the fixture ``run`` is: ``timeout`` in seconds, of any type so that an environment can be spread."""

    def __call__(
        self, served: Reachable | None, *args: str, stdin: str = "", timeout: Any = 90, **extra: str
    ) -> Ran: ...


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run `restoretui ARGS` against a sandbox, with a state folder of this test's own."""

    def go(served: Reachable | None, *args: str, stdin: str = "", timeout: float = 90, **extra: str) -> Ran:
        env = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "RESTORETUI_"))}
        env |= {"RESTORETUI_STATE_DIR": str(tmp_path / "state"), "RESTORETUI_CONFIG": str(tmp_path / "config")}
        env |= {"AWS_EC2_METADATA_DISABLED": "true", "HOME": str(tmp_path)}
        env |= served.contract["env"] if served else {}
        env |= extra
        ran = Ran(*forkserver.run(args, env, stdin, timeout))
        assert "Traceback" not in ran.err, ran.err
        check_output(args, ran.out, ran.code)
        return ran

    return go
