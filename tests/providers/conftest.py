"""Providers under test: opened in a clean environment, on the sandbox, on moto, or on a scripted server."""

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Protocol
from urllib.parse import unquote

import pytest

from restoretui.core.clock import Clock
from restoretui.core.provider import Connection, Limits, MfaPrompter
from restoretui.providers import S3Provider
from restoretui.providers.oss.provider import OssProvider
from tests.conftest import StartSandbox

OpenOss = Callable[..., Awaitable[OssProvider]]
OpenS3 = Callable[..., Awaitable[S3Provider]]


@pytest.fixture(autouse=True)
def aws_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing of the machine's own AWS set-up, and static keys."""
    import os

    for name in list(os.environ):
        if name.startswith(("AWS_", "OSS_")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "aws-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "aws-credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not/a+secret")


def asked(scheme: str, options: dict[str, Any]) -> tuple[Connection, Limits, Clock | None, MfaPrompter | None]:
    """What ``open`` takes, from the names of its parts: fields of ``Connection``, and how patient to be."""
    limits = Limits(
        options.pop("max_connections", 256), options.pop("connect_timeout", 10.0), options.pop("read_timeout", 60.0)
    )
    clock, mfa = options.pop("clock", None), options.pop("mfa", None)
    return Connection(scheme, **options), limits, clock, mfa


class Served(NamedTuple):
    """A server that speaks S3, whose credentials stand in the environment."""

    url: str
    is_moto: bool


@pytest.fixture(params=["sandbox", "moto"])
async def served(request: pytest.FixtureRequest, sandbox: StartSandbox, monkeypatch: pytest.MonkeyPatch) -> Served:
    """Our sandbox, empty, and moto, one after the other."""
    if request.param == "sandbox":
        running = await sandbox(empty=True)
        env, url = running.env, running.url
    else:
        url = request.getfixturevalue("moto_url")
        env = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_REGION": "us-east-1"}
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    return Served(url, request.param == "moto")


@pytest.fixture
async def open_s3() -> AsyncIterator[OpenS3]:
    """Open providers that are closed after the test."""
    opened: list[S3Provider] = []

    async def open_provider(**options: Any) -> S3Provider:
        provider = await S3Provider.open(*asked("s3", options))
        opened.append(provider)
        return provider

    yield open_provider
    for provider in opened:
        await provider.aclose()


@pytest.fixture
async def open_oss() -> AsyncIterator[OpenOss]:
    """Open OSS providers that are closed after the test."""
    opened: list[OssProvider] = []

    async def open_provider(**options: Any) -> OssProvider:
        provider = await OssProvider.open(*asked("oss", options))
        opened.append(provider)
        return provider

    yield open_provider
    for provider in opened:
        await provider.aclose()


@dataclass
class Asked:
    """One request as it came over the wire."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return unquote(self.target.partition("?")[0])

    @property
    def query(self) -> str:
        return self.target.partition("?")[2]


@dataclass
class Told:
    """One answer; ``raw`` bytes go out as they are, ``drop`` closes the connection without any."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    drop: bool = False
    stall: bool = False


Script = Callable[[Asked], dict[str, Any]]
"""Gives the fields of ``Told``."""


class ScriptedServer:
    """Answers each request with what the script says, and remembers the requests."""

    def __init__(self, script: Script, tls: ssl.SSLContext | None = None) -> None:
        self.script = script
        self.tls = tls
        self.asked: list[Asked] = []
        self.url = ""
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self.tls)
        self.url = f"{'https' if self.tls else 'http'}://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        assert self._server
        self._server.close()
        for writer in list(self._writers):
            writer.close()
        await self._server.wait_closed()
        await asyncio.sleep(0)

    def operations(self) -> list[str]:
        return [f"{asked.method} {asked.target}" for asked in self.asked]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while line := await reader.readline():
                method, target, _ = line.decode().split(" ", 2)
                headers = {}
                while (header := (await reader.readline()).decode().strip()) != "":
                    name, _, value = header.partition(":")
                    headers[name.lower()] = value.strip()
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                asked = Asked(method, target, headers, body)
                self.asked.append(asked)
                told = Told(**self.script(asked))
                if told.stall:
                    await asyncio.sleep(3600)
                if told.drop:
                    return
                if told.raw is not None:
                    writer.write(told.raw)
                    await writer.drain()
                    return
                lines = [f"HTTP/1.1 {told.status} X"]
                lines += [f"{name}: {value}" for name, value in told.headers.items()]
                if "content-length" not in {name.lower() for name in told.headers}:
                    lines.append(f"Content-Length: {len(told.body)}")
                writer.write("\r\n".join([*lines, "", ""]).encode() + (b"" if method == "HEAD" else told.body))
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()


class StartServer(Protocol):
    """What the fixture ``scripted`` is."""

    async def __call__(self, script: Script, tls: ssl.SSLContext | None = None) -> ScriptedServer: ...


@pytest.fixture
async def scripted() -> AsyncIterator[StartServer]:
    """Start servers that answer by script."""
    started: list[ScriptedServer] = []

    async def start(script: Script, tls: ssl.SSLContext | None = None) -> ScriptedServer:
        server = ScriptedServer(script, tls)
        await server.start()
        started.append(server)
        return server

    yield start
    for server in started:
        await server.stop()


@pytest.fixture(scope="session")
def moto_url() -> Iterator[str]:
    """A moto server in this process."""
    pytest.importorskip("moto", reason="moto is not installed: it comes with the extra `test`, not with `smoke`")
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()
