"""An HTTP proxy for tests: CONNECT tunnels and plain requests, with the moods that proxies have."""

import asyncio
import ssl
from typing import Self
from urllib.parse import urlsplit

HEAD = b"\r\n\r\n"


class HttpProxy:
    """Leads everywhere, or only to ``to``, whatever was asked for; remembers what it was asked.

    ``answer`` is given in place of a tunnel; an empty one hangs up, and ``silent`` says nothing at all.
    """

    def __init__(
        self, tls: ssl.SSLContext | None = None, to: int = 0, answer: bytes | None = None, silent: bool = False
    ) -> None:
        self.tls = tls
        self.to = to
        self.answer = answer
        self.silent = silent
        self.asked: list[str] = []
        """First lines, as ``CONNECT host:port``."""
        self.headers: list[bytes] = []
        self.port = 0
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self.tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()
        while self._tasks:  # asyncio complains of a server's task that was cancelled
            await asyncio.wait(self._tasks)
        await self._server.wait_closed()
        await asyncio.sleep(0)

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._writers.add(writer)
        try:
            await self._lead(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            self._tasks.discard(task)
            self._writers.discard(writer)
            writer.close()

    async def _lead(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(HEAD)
        method, target, _ = head.split(b"\r\n")[0].decode().split(" ", 2)
        self.asked.append(f"{method} {target}")
        self.headers.append(head)
        if self.silent:
            await reader.read()
            return
        if self.answer is not None:
            writer.write(self.answer)
            await writer.drain()
            return
        parts = urlsplit(f"//{target}" if method == "CONNECT" else target)
        host, port = (parts.hostname or "", parts.port or 80) if not self.to else ("127.0.0.1", self.to)
        try:
            far_reader, far_writer = await asyncio.open_connection(host, port)
        except OSError:
            writer.write(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
            return
        self._writers.add(far_writer)
        if method == "CONNECT":
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            path = target[target.index("/", target.index("//") + 2) :]
            far_writer.write(f"{method} {path} HTTP/1.1".encode() + head[head.index(b"\r\n") :])
        try:
            await both_ways((reader, writer), (far_reader, far_writer))
        finally:
            self._writers.discard(far_writer)


Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def both_ways(near: Ends, far: Ends) -> None:
    """Carry bytes between two connections until one of them ends; then both have."""

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()

    ways = [asyncio.ensure_future(carry(near[0], far[1])), asyncio.ensure_future(carry(far[0], near[1]))]
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        near[1].close()
        far[1].close()
