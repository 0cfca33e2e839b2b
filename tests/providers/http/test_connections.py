"""Connections to a server: kept when that is safe, ended when it is not, and never used twice at a time."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from typing import Any, Protocol

import pytest

from restoretui.providers.http import connection_pool as http1
from restoretui.providers.http import response as http1_answer
from restoretui.providers.http import response_limits as bounds
from restoretui.providers.http.connection_pool import Broken, ConnectionPool, NotConnected, NotSent
from restoretui.providers.http.response import HttpResponse, NotHttp
from tests.settling import settle

FINE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
FINE_CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
Script = Callable[[int], bytes | None]


class Server:
    """Answers each request with what ``script`` says of how many came before; None stalls, b"" closes."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.requests: list[bytes] = []
        self.connections = 0
        self.open = 0
        self.gone = asyncio.Event()
        self.writers: list[asyncio.StreamWriter] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open += 1
        self.writers.append(writer)
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                self.requests.append(head)
                said = self.script(len(self.requests) - 1)
                if said is None:
                    await reader.read()
                    return
                writer.write(said)
                if not said:
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.open -= 1
            self.gone.set()
            writer.close()


class Talk(Protocol):
    """What the fixture ``talk`` is."""

    async def __call__(
        self, script: Script = ..., most: int = 4, read_s: float = 30.0
    ) -> tuple[str, Server, ConnectionPool]: ...


@pytest.fixture
async def talk() -> AsyncIterator[Talk]:
    """Connections and a server that answers by script: ``url, server, connections = await talk(script)``."""
    started = []

    async def start(
        script: Script = lambda _: FINE, most: int = 4, read_s: float = 30.0
    ) -> tuple[str, Server, ConnectionPool]:
        server = Server(script)
        listener = await asyncio.start_server(server.serve, "127.0.0.1", 0)
        connections = ConnectionPool(most, 5.0, read_s, None)
        started.append((listener, server, connections))
        return f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}", server, connections

    yield start
    for listener, server, connections in started:
        await connections.aclose()
        listener.close()
        for writer in server.writers:
            writer.close()
        await listener.wait_closed()
        await asyncio.sleep(0)


async def ask(
    connections: ConnectionPool, url: str, method: str = "GET", body: bytes = b"", **headers: Any
) -> HttpResponse:
    return await connections.exchange(method, f"{url}/b/k?x=%2F", headers, body)


async def test_a_request_is_written_as_it_was_signed(talk: Talk) -> None:
    url, server, connections = await talk()
    reply = await ask(connections, url, "POST", b"", authorization="AWS4 x", host="no", **{"Content-Length": "7"})
    assert (reply.status, reply.body) == (200, b"ok")
    lines = server.requests[0].decode().split("\r\n")
    assert lines[0] == "POST /b/k?x=%2F HTTP/1.1"
    assert sorted(lines[1:]) == [
        "",
        "",
        "Content-Length: 0",
        f"Host: {url.removeprefix('http://')}",
        "authorization: AWS4 x",
    ]


async def test_one_connection_serves_what_comes_one_after_the_other(talk: Talk) -> None:
    url, server, connections = await talk()
    for _ in range(5):
        await ask(connections, url)
    assert server.connections == 1
    assert (await connections.exchange("GET", url, {}, b"")).status == 200
    assert server.requests[-1].startswith(b"GET / HTTP/1.1\r\n")


@pytest.mark.parametrize(
    "last", [FINE.replace(b"OK\r\n", b"OK\r\nConnection: close\r\n"), FINE + b"more", b"HTTP/1.0" + FINE[8:]]
)
async def test_a_connection_that_may_not_be_clean_is_not_used_again(talk: Talk, last: bytes) -> None:
    url, server, connections = await talk(lambda number: last if number == 0 else FINE)
    await ask(connections, url)
    await ask(connections, url)
    assert server.connections == 2


async def test_a_connection_the_server_has_closed_meanwhile_is_replaced(talk: Talk) -> None:
    url, server, connections = await talk()
    await ask(connections, url)
    server.writers[0].close()
    await server.gone.wait()
    await settle()
    assert (await ask(connections, url)).body == b"ok"
    assert server.connections == 2


def turn(patch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """The loop's own clock, to be turned forward by so many seconds: what takes long on a busy machine does not."""
    loop, turned = asyncio.get_running_loop(), [0.0]
    truly = loop.time
    patch.setattr(loop, "time", lambda: truly() + sum(turned))
    return turned.append


async def test_connections_nobody_uses_any_more_are_closed_without_being_asked_for(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = turn(monkeypatch)
    url, server, connections = await talk(most=40)
    await asyncio.gather(*(ask(connections, url) for _ in range(40)))
    assert server.connections == server.open > 1

    def is_open() -> bool:
        return server.open > 0

    later(2 * http1.KEPT_S)
    while is_open():
        await asyncio.sleep(0.01)
    assert (await ask(connections, url)).body == b"ok"
    later(2 * http1.KEPT_S)
    while is_open():
        await asyncio.sleep(0.01)


async def test_a_connection_that_is_used_is_not_closed(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    later = turn(monkeypatch)
    url, server, connections = await talk()
    for _ in range(10):
        await ask(connections, url)
        later(http1.KEPT_S / 3)
        await asyncio.sleep(0)
    assert server.connections == 1


async def test_no_more_than_allowed_are_in_use_at_a_time(talk: Talk) -> None:
    url, server, connections = await talk(most=3)
    replies = await asyncio.gather(*(ask(connections, url) for _ in range(40)))
    assert len(replies) == 40
    assert server.connections <= 3


async def test_who_stops_waiting_leaves_a_connection_that_is_ended(talk: Talk) -> None:
    url, server, connections = await talk(lambda number: None if number == 0 else FINE, most=1)
    waiting = asyncio.create_task(ask(connections, url))
    while not server.requests:
        await asyncio.sleep(0.001)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert (await ask(connections, url)).body == b"ok"
    await server.gone.wait()
    assert server.connections == 2


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (b"", Broken),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", TimeoutError),
        (None, TimeoutError),
        (b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", NotHttp),
    ],
)
async def test_no_answer_has_a_name_and_the_next_request_goes_on(
    talk: Talk, said: bytes | None, kind: type[Broken] | type[NotHttp] | type[TimeoutError]
) -> None:
    url, server, connections = await talk(lambda number: said if number == 0 else FINE, read_s=0.05)
    with pytest.raises(kind):
        await ask(connections, url)
    assert (await ask(connections, url)).body == b"ok"
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    "drop", [b"x", b"HTTP/1.1 100 Continue\r\n\r\n", b"a: b\r\n"], ids=["body", "interim", "trailers"]
)
async def test_an_answer_that_drips_has_an_end_to_its_time(
    talk: Talk, monkeypatch: pytest.MonkeyPatch, drop: bytes
) -> None:
    monkeypatch.setattr(bounds, "ANSWER_S", 0.2)
    monkeypatch.setattr(http1_answer, "MOST_INTERIM", 1 << 20)
    heads = {b"x": b"HTTP/1.1 200 OK\r\n\r\n", b"a: b\r\n": FINE_CHUNKED + b"0\r\n"}
    url, server, connections = await talk(lambda _: heads.get(drop, drop))
    asking = asyncio.create_task(ask(connections, url))

    async def drip() -> None:
        while not server.requests:
            await asyncio.sleep(0.001)
        while True:
            server.writers[0].write(drop)
            await asyncio.sleep(0.005)

    dripping = asyncio.create_task(drip())
    with pytest.raises(bounds.TooLate, match="not whole after 0 s"):
        await asking
    dripping.cancel()


@pytest.mark.parametrize(
    ("method", "told"), [("PUT", True), ("DELETE", True), ("POST", True), ("GET", False), ("HEAD", False)]
)
async def test_an_empty_body_has_a_length_where_a_server_may_wait_for_one(
    talk: Talk, method: str, told: bool
) -> None:
    url, server, connections = await talk(lambda _: b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    await ask(connections, url, method)
    assert (b"\r\nContent-Length: 0\r\n" in server.requests[0]) is told


async def test_an_answer_cut_off_is_none(talk: Talk) -> None:
    url, _, connections = await talk(
        lambda _: b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\nConnection: close\r\n\r\nabc"
    )
    asking = asyncio.create_task(ask(connections, url))
    await asyncio.sleep(0.02)
    await connections.aclose()
    with pytest.raises(Broken):
        await asking


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1", "http://no-such-host.invalid", "http://[::1", "http://a:99999"]
)
async def test_without_a_connection_nothing_was_sent(url: str) -> None:
    connections = ConnectionPool(1, 5.0, 5.0, None)
    with pytest.raises(NotConnected):
        await ask(connections, url)
    await connections.aclose()


async def test_a_line_break_is_not_sent_wherever_it_stands(talk: Talk) -> None:
    url, server, connections = await talk()
    for value in ("a\r\nx-evil: 1", "a\n", "a\r"):
        with pytest.raises(NotSent):
            await ask(connections, url, token=value)
        with pytest.raises(NotSent):
            await connections.exchange("GET", f"{url}/b/k", {value: "x"}, b"")
        for _ in range(2):
            with pytest.raises(NotSent):
                await connections.exchange("GET", f"{url}/b/k", {}, b"", common={"token": value})
        with pytest.raises(NotSent):
            await connections.exchange(value, f"{url}/b/k", {}, b"")
        with pytest.raises(NotSent):
            await connections.exchange("GET", f"{url}/b/{value}", {}, b"")
        with pytest.raises(NotSent):
            await connections.exchange("GET", f"http://{value}/b/k", {}, b"")
    assert server.requests == []


async def test_headers_in_common_are_those_of_the_request_at_hand(talk: Talk) -> None:
    url, server, connections = await talk()
    ours, theirs = {"Date": "today", "Host": "no"}, {"Date": "tomorrow"}
    for common in (ours, ours, theirs, ours):
        await connections.exchange("GET", f"{url}/b/k", {"n": "1"}, b"", common=common)
    sent = [sorted(request.decode().split("\r\n")) for request in server.requests]
    host = f"Host: {url.removeprefix('http://')}"
    assert sent == [
        ["", "", f"Date: {date}", "GET /b/k HTTP/1.1", host, "n: 1"]
        for date in ("today", "today", "tomorrow", "today")
    ]


@pytest.mark.parametrize("eagerly", [False, True])
async def test_a_server_is_reached_by_whichever_of_its_addresses_answers(
    talk: Talk, monkeypatch: pytest.MonkeyPatch, eagerly: bool
) -> None:
    loop = asyncio.get_running_loop()
    if eagerly:
        if not hasattr(asyncio, "eager_task_factory"):
            pytest.skip("tasks can begin eagerly from Python 3.12 on")
        monkeypatch.setattr(loop, "_task_factory", asyncio.eager_task_factory)  # as Textual has it
    url, server, connections = await talk()
    port = int(url.rpartition(":")[2])

    async def found(*_args: object, **_named: Any) -> list[tuple[Any, ...]]:
        dead = (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", 1, 0, 0))
        return [dead, (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(loop, "getaddrinfo", found)
    for _ in range(3):
        assert (await ask(connections, f"http://many.example:{port}")).body == b"ok"
    assert server.connections == 1
