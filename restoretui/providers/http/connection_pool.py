"""A connection pool for HTTP/1.1 (RFC 9112): keep-alive, no retries, no redirects; responses come whole.

aiohttp's client can do far more, and takes 0.2 ms of CPU a request for it; this takes a quarter. At a thousand
requests a second that decides whether the event loop is busy or idle. Proxies and uploads stay aiohttp's business.
"""

import asyncio
import socket
import ssl
from collections.abc import Mapping
from typing import cast
from urllib.parse import urlsplit

from aiohappyeyeballs import start_connection

from restoretui.providers.http.request import DEFAULT_PORT, NONE, lines_of, written
from restoretui.providers.http.request import NotSent as NotSent
from restoretui.providers.http.response import HttpResponse, NotHttp, ResponseParser
from restoretui.providers.http.response_limits import answer_s, too_late

KEPT_S = 12.0
"""Keep-alive in seconds: an idle connection older than this is not used again, since servers close theirs after
some 20 s, perhaps right now."""
NEXT_ADDRESS_S = 0.25
"""Happy Eyeballs: seconds that one of a server's addresses has before the next is tried, too (RFC 8305)."""
_ROOM = 1 << 18
"""Bytes taken from a socket at a time."""


LAST_CONNECT_S = 0.5
"""How long a close waits for connections nobody wants any more."""


class NotConnected(OSError):
    """There is no connection, so nothing was sent; the cause says why."""


class Broken(ConnectionError):
    """The connection ended before the answer did."""


class ConnectionPool:
    """A connection pool over any number of servers, for one event loop.

    At most ``most`` connections are in use at a time; further requests wait their turn (backpressure).
    """

    def __init__(self, most: int, connect_s: float, read_s: float, context: ssl.SSLContext | None) -> None:
        """``connect_s`` is for name, TCP and TLS together, ``read_s`` between two pieces of an answer.

        How long a whole answer may take, and how much it may be: ``response_limits``.
        """
        self._connect_s = connect_s
        self._read_s = read_s
        self._context = context
        # Every connection reads into it, and what came is taken out before another does. asyncio's own way makes so
        # large a buffer for each piece and gives most of it back to the system, which takes longer than all the rest.
        self._buffer = memoryview(bytearray(_ROOM))
        self._turn = asyncio.Semaphore(most)
        self._open: set[_PooledConnection] = set()
        self._idle: dict[str, list[_PooledConnection]] = {}
        self._connecting: set[asyncio.Task[_PooledConnection]] = set()
        self._sweep: asyncio.TimerHandle | None = None
        self._common: Mapping[str, str] = NONE
        self._common_lines = ""

    async def exchange(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes, *, common: Mapping[str, str] = NONE
    ) -> HttpResponse:
        """Send one request, once. Headers that many requests have in ``common`` are written once for all of them.

        Raises ``NotSent`` or ``NotConnected`` when nothing went out; ``Broken`` or ``TimeoutError`` when no answer
        came, and ``NotHttp`` when something else did.
        """
        end = url.find("/", url.index("//") + 2)
        origin, target = (url[:end], url[end:]) if end > 0 else (url, "/")
        if common is not self._common:
            self._common, self._common_lines = common, lines_of(common)
        request = written(method, target, origin, headers, self._common_lines, body)
        async with self._turn:
            line = self._kept(origin) or await self._connect(origin)
            try:
                reply = await line.ask(request, has_body=method != "HEAD")
            except BaseException:
                line.end()
                raise
            if line.is_reusable:
                self._idle.setdefault(origin, []).append(line)
                if self._sweep is None:
                    self._sweep = asyncio.get_running_loop().call_later(KEPT_S, self._end_stale)
            else:
                line.end()
        return reply

    async def aclose(self) -> None:
        """Close the pool: every connection ends."""
        if self._connecting:
            _, late = await asyncio.wait(self._connecting, timeout=LAST_CONNECT_S)
            for task in late:
                task.cancel()
        self._idle.clear()
        if self._sweep is not None:
            self._sweep.cancel()
        for line in list(self._open):
            line.end()
        await asyncio.sleep(0)  # transports close in the loop's next turn

    def _kept(self, origin: str) -> "_PooledConnection | None":
        idle = self._idle.get(origin, ())
        while idle:
            line = idle.pop()
            if line.is_fresh:
                return line
            line.end()
        return None

    def _end_stale(self) -> None:
        """Evict idle connections: none outlives its last use by more than twice ``KEPT_S``."""
        # One timer for all: setting one for each request would cost more.
        self._sweep = None
        for origin, idle in list(self._idle.items()):
            fresh = []
            for line in idle:
                if line.is_fresh:
                    fresh.append(line)
                else:
                    line.end()
            if fresh:
                self._idle[origin] = fresh
            else:
                del self._idle[origin]
        if self._idle:
            self._sweep = asyncio.get_running_loop().call_later(KEPT_S, self._end_stale)

    async def _connect(self, origin: str) -> "_PooledConnection":
        """Open a connection, shielded from cancellation.

        A cancelled request leaves it to finish, and it is closed then: cutting a connect short can leak its socket.
        """
        task = asyncio.create_task(self._new(origin))
        self._connecting.add(task)
        task.add_done_callback(self._connecting.discard)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            task.add_done_callback(_end_unwanted)
            raise

    async def _new(self, origin: str) -> "_PooledConnection":
        loop = asyncio.get_running_loop()
        try:
            parts = urlsplit(origin)
            host, port = parts.hostname or "", parts.port or DEFAULT_PORT[parts.scheme]
            secure = parts.scheme == "https"
            async with asyncio.timeout(self._connect_s):
                # Not the loop's own way to try several addresses: it fails where tasks begin eagerly (CPython up to
                # 3.13.0), as Textual has them.
                addresses = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
                _, line = await loop.create_connection(
                    lambda: _PooledConnection(loop, self._read_s, self._open, self._buffer),
                    sock=await start_connection(addresses, happy_eyeballs_delay=NEXT_ADDRESS_S),
                    ssl=self._context if secure else None,
                    server_hostname=host.rstrip(".") if secure else None,
                )
        except (OSError, ValueError, OverflowError) as error:  # a name that cannot be one is a ValueError
            raise NotConnected(str(error) or "no answer in time") from error
        return line


def _end_unwanted(task: "asyncio.Task[_PooledConnection]") -> None:
    if not task.cancelled() and task.exception() is None:
        task.result().end()


class _PooledConnection(asyncio.BufferedProtocol):
    """One pooled connection, an ``asyncio.Protocol``: one request at a time, no pipelining."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, read_s: float, open_lines: "set[_PooledConnection]", buffer: memoryview
    ) -> None:
        self._loop = loop
        self._read_s = read_s
        self._open_lines = open_lines
        self._buffer = buffer
        self._transport: asyncio.Transport | None = None
        self._waiter: asyncio.Future[HttpResponse] | None = None
        self._answer = ResponseParser(has_body=True)
        self._heard_at = 0.0
        self._allowed_s = self._until = 0.0
        """For the answer under way: how long it may take, and until when that is."""
        self._watch: asyncio.TimerHandle | None = None
        self._is_clean = True
        """No surplus byte has come behind the last response: the connection may be reused."""

    # --- asking

    async def ask(self, request: bytes, *, has_body: bool) -> HttpResponse:
        if self._transport is None:
            raise Broken("closed by the server")
        self._answer = ResponseParser(has_body=has_body)
        self._waiter = self._loop.create_future()
        self._heard_at = self._loop.time()
        self._allowed_s = answer_s(len(request))
        self._until = self._heard_at + self._allowed_s
        if self._watch is None:
            self._watch = self._loop.call_later(min(self._read_s, self._allowed_s), self._check)
        self._transport.write(request)
        try:
            return await self._waiter
        finally:
            self._waiter = None

    @property
    def is_reusable(self) -> bool:
        return self._transport is not None and self._is_clean and self._answer.keeps_open

    @property
    def is_fresh(self) -> bool:
        return (
            self._transport is not None
            and self._is_clean
            and not self._transport.is_closing()
            and self._loop.time() - self._heard_at < KEPT_S
        )

    def end(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
        if self._transport is not None:
            self._transport.abort()

    def _check(self) -> None:
        # One timer serves a connection's requests one after the other: setting one for each would cost more.
        self._watch = None
        if self._waiter is None:
            return
        now = self._loop.time()
        left = min(self._heard_at + self._read_s, self._until) - now
        if left > 0:
            self._watch = self._loop.call_later(left, self._check)
        elif now >= self._until:
            self._fail(too_late(self._allowed_s))
        else:
            self._fail(TimeoutError(f"nothing came for {self._read_s:g} s"))

    def _fail(self, error: Exception) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(error)

    # --- what asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._open_lines.add(self)

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        self._heard_at = self._loop.time()
        if self._waiter is None or self._waiter.done():
            self._is_clean = False
            return
        try:
            self._answer.feed(self._buffer[:nbytes])
        except ValueError as error:
            self._fail(error if isinstance(error, NotHttp) else NotHttp(str(error)))
            return
        self._settle()

    def eof_received(self) -> None:
        self._answer.end()
        self._settle()
        self._fail(Broken("closed by the server"))

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        self._open_lines.discard(self)
        self.end()
        self._fail(Broken(str(error or "closed by the server")))

    def _settle(self) -> None:
        reply = self._answer.reply
        if reply is not None and self._waiter is not None and not self._waiter.done():
            self._is_clean = not self._answer.has_more
            self._waiter.set_result(reply)
