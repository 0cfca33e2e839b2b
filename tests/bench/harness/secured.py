"""What stands between a bastion host and a cloud: a proxy that CONNECTs, and TLS."""

import asyncio
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from tests.certificates import Authority
from tests.proxying import HttpProxy, both_ways

OF_PROXIES = ("HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy")


class Secured:
    """A proxy and a TLS listener in front of a plain server on this machine; nothing listens where that does not."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._folder = tempfile.TemporaryDirectory(prefix="restoretui-ca-")
        self._authority = Authority(Path(self._folder.name))
        self._context = self._authority.server("127.0.0.1")
        self._proxy = HttpProxy()
        self._listener: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Self:
        await self._proxy.__aenter__()
        self._listener = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._listener is not None
        self._listener.close()
        await self._proxy.__aexit__()
        for writer in list(self._writers):
            writer.transport.abort()
        while self._tasks:
            await asyncio.wait(self._tasks)
        self._folder.cleanup()

    @property
    def url(self) -> str:
        """Of the cloud, by TLS."""
        assert self._listener is not None
        return f"https://127.0.0.1:{self._listener.sockets[0].getsockname()[1]}"

    @property
    def tunnels(self) -> int:
        """How many the proxy was asked for."""
        return len(self._proxy.asked)

    def env(self, plain: Mapping[str, str]) -> dict[str, str]:
        """A client's environment, by which it comes through here."""
        url = f"http://127.0.0.1:{self._port}"
        env = {name: value.replace(url, self.url) for name, value in plain.items()}
        return env | {
            **dict.fromkeys(OF_PROXIES, ""),
            "HTTPS_PROXY": self._proxy.url,
            "https_proxy": self._proxy.url,
            "AWS_CA_BUNDLE": str(self._authority.bundle),
        }

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        # What comes before TLS begins would be taken for plain text; start_tls goes on with reading.
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        self._tasks.add(task)
        self._writers.add(writer)
        try:
            far = await asyncio.open_connection("127.0.0.1", self._port)
            self._writers.add(far[1])
            try:
                await writer.start_tls(self._context)
                await both_ways((reader, writer), far)
            finally:
                far[1].close()
                self._writers.discard(far[1])
        except (OSError, EOFError):
            pass  # the cloud is down, or the client gone
        finally:
            self._tasks.discard(task)
            self._writers.discard(writer)
            writer.close()
