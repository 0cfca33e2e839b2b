"""Commands that are watched while they live, and ended in ways of the test's choosing."""

import json
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from tests.cli import forkserver
from tests.cli.checked_lines import check_lines, check_output
from tests.cli.conftest import Served


def environment(served: Served | None, home: Path) -> dict[str, str]:
    """As the ``run`` fixture has it."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "RESTORETUI_"))}
    env |= {"RESTORETUI_STATE_DIR": str(home / "state"), "RESTORETUI_CONFIG": str(home / "config")}
    env |= {"AWS_EC2_METADATA_DISABLED": "true", "HOME": str(home)}
    if served is not None:
        env |= served.contract["env"]
    return env


class Living:
    """A running command; what it says is collected by threads, so that it never waits for us."""

    def __init__(self, env: dict[str, str], *arguments: str, **options: Any) -> None:
        self.process = forkserver.popen(arguments, env, **options)
        self.out: list[str] = []
        self.err: list[str] = []
        self._readers = [
            threading.Thread(target=self._collect, args=pair)
            for pair in ((self.process.stdout, self.out), (self.process.stderr, self.err))
        ]
        for reader in self._readers:
            reader.start()

    @staticmethod
    def _collect(pipe: IO[str], lines: list[str]) -> None:
        with pipe:
            lines.extend(pipe)

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in list(self.out) if line.endswith("\n")]

    def until(self, done: Callable[[], bool], seconds: float = 60) -> None:
        """Wait until it has come so far; an assertion when it never does."""
        give_up = time.monotonic() + seconds
        while not done():
            assert time.monotonic() < give_up, (self.out[-3:], self.err[-3:])
            assert self.process.poll() is None, (self.process.returncode, self.out[-3:], self.err)
            time.sleep(0.01)

    def said(self, kind: str, **fields: Any) -> bool:
        return any(line["type"] == kind and fields.items() <= line.items() for line in self.lines)

    def end(self, sign: signal.Signals) -> int:
        self.process.send_signal(sign)
        return self.wait()

    def wait(self, seconds: float = 60) -> int:
        try:
            code = self.process.wait(seconds)
        finally:
            self.process.kill()
            for reader in self._readers:
                reader.join(10)
        assert "Traceback" not in "".join(self.err), "".join(self.err)
        if code < 0:  # Killed: what it had said by then stands.
            check_lines([line for line in self.out if line.startswith("{") and line.endswith("}\n")])
        else:
            check_output(self.process.args, "".join(self.out), code)
        return code
