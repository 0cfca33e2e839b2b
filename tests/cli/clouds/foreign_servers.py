"""Servers that nobody here wrote, and what goes over the wire to them.

moto comes with the extra ``test``. MiniStack pins a botocore of its own, so it lives in an environment of its own:
``python -m venv DIR && DIR/bin/pip install ministack``, and ``MINISTACK=DIR/bin/ministack``, or on the PATH.
"""

import http.client
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from typing import Any
from urllib.parse import unquote

import boto3
import pytest

KEYS = {"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s", "AWS_DEFAULT_REGION": "us-east-1"}
_STARTING_S = 30.0


@dataclass(frozen=True)
class Sent:
    """A request as it came over the wire."""

    method: str
    target: str
    body: bytes

    @property
    def restores(self) -> str:
        """The key that it asks a restore of; empty for anything else."""
        path, _, query = self.target.partition("?")
        asks = self.method == "POST" and "restore" in query.split("&")
        return unquote(path).lstrip("/").partition("/")[2] if asks else ""


class Recorder(ThreadingHTTPServer):
    """Stands between: passes each request on as it is, and remembers it."""

    daemon_threads = True
    request_queue_size = 128  # Beyond the usual five a burst of connections waits for seconds.

    def __init__(self, port: int) -> None:
        self.behind = port
        self.sent: list[Sent] = []
        super().__init__(("127.0.0.1", 0), _Passing)
        self.contract: dict[str, Any] = {"env": {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.server_port}", **KEYS}}
        """What leads a command here, as a sandbox tells it."""

    def restores(self) -> list[str]:
        return sorted(sent.restores for sent in self.sent if sent.restores)


class _Passing(BaseHTTPRequestHandler):
    server: Recorder
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        """Nothing on stderr."""

    def pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.sent.append(Sent(self.command, self.path, body))
        behind = http.client.HTTPConnection("127.0.0.1", self.server.behind, timeout=20)
        behind.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            behind.putheader(name, value)
        behind.endheaders(body)
        answer = behind.getresponse()
        told = answer.read()
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("transfer-encoding", "connection", "content-length"):
                self.send_header(name, value)
        self.send_header(
            "Content-Length", (answer.headers.get("Content-Length") or "0") if not told else str(len(told))
        )
        self.end_headers()
        self.wfile.write(told)
        behind.close()

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = pass_on  # noqa: N815 - the base class looks for these names


def _moto(port: int) -> tuple[list[str], dict[str, str]]:
    if find_spec("moto") is None:
        pytest.skip("moto is not installed: it comes with the extra `test`")
    return [sys.executable, "-W", "ignore", "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)], {}


def _ministack(port: int) -> tuple[list[str], dict[str, str]]:
    command = os.environ.get("MINISTACK") or shutil.which("ministack")
    if not command:
        pytest.skip("MiniStack is not installed: it needs an environment of its own, named by $MINISTACK")
    return [command], {"GATEWAY_PORT": str(port), "BIND_HOST": "127.0.0.1", "S3_PERSIST": "0"}


SERVERS = {"moto": _moto, "ministack": _ministack}


@contextmanager
def served(name: str, home: os.PathLike[str]) -> Iterator[tuple[Recorder, Any]]:
    """One of ``SERVERS``, running: the recorder before it, and boto3's client past that."""
    port = _free_port()
    command, env = SERVERS[name](port)
    clean: Mapping[str, str] = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
    with subprocess.Popen(
        command, env={**clean, **env, **KEYS}, cwd=home, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        recorder = Recorder(port)
        thread = threading.Thread(target=partial(recorder.serve_forever, poll_interval=0.05))
        try:
            _wait_for(port, process)
            thread.start()
            s3 = boto3.client(
                "s3", endpoint_url=f"http://127.0.0.1:{port}", region_name="us-east-1",
                aws_access_key_id="k", aws_secret_access_key="s",
            )  # fmt: skip
            yield recorder, s3
            s3.close()
        finally:
            if thread.is_alive():
                recorder.shutdown()
                thread.join(10)
            recorder.server_close()
            process.kill()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + _STARTING_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            assert process.poll() is None, process.args
            assert time.monotonic() < end, process.args
            time.sleep(0.1)
        else:
            return
