"""The fake S3 of ``fakes3.c``: compiled, started, and steered."""

import json
import subprocess
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).with_name("fakes3.c")


@dataclass(frozen=True)
class Endpoint:
    """A running fake; ``url`` is where."""

    url: str

    @property
    def host(self) -> str:
        return self.url.removeprefix("http://")

    def counts(self) -> dict[str, Any]:
        """What was asked of it since the last ``prepare``."""
        return self._ask("GET", "/_stats")

    def prepare(self, bucket: str, *, latency_ms: int = 0, asked: int = 0) -> None:
        """Forget everything; the first ``asked`` objects of the bucket are being restored."""
        self._ask("POST", "/_reset")
        self._ask("POST", f"/_set?latency={latency_ms}&bucket={bucket}&asked={asked}")

    def _ask(self, method: str, path: str) -> dict[str, Any]:
        request = urllib.request.Request(self.url + path, method=method)
        with urllib.request.urlopen(request, timeout=10) as reply:
            answer: dict[str, Any] = json.load(reply)
        return answer


@contextmanager
def fake_s3() -> Iterator[Endpoint]:
    """Compile it, and run it for the length of the block."""
    with tempfile.TemporaryDirectory(prefix="restoretui-fakes3-") as folder:
        program = Path(folder) / "fakes3"
        subprocess.run(["cc", "-O2", "-o", program, SOURCE], check=True)
        with subprocess.Popen([program, "--port", "0"], stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            try:
                yield Endpoint(process.stdout.readline().strip())
            finally:
                process.kill()
