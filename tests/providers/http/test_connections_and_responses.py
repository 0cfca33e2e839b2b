"""Answers as servers send them, in any pieces; connections kept when that is safe, and ended when it is not."""

import asyncio
import socket

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from restoretui.providers.http import connection_pool as http1
from restoretui.providers.http import response as http1_answer
from restoretui.providers.http import response_limits as bounds
from restoretui.providers.http.connection_pool import Broken, ConnectionPool, NotConnected, NotSent
from restoretui.providers.http.response import NotHttp, ResponseParser
from restoretui.providers.http.response_limits import LONGEST_HEAD, LONGEST_LINE, MOST_HEADERS, MOST_INTERIM, TooMuch

# --- answers


FINE_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def chunked(parts, trailer=b""):
    return b"".join(b"%x;ext=1\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n" + trailer + b"\r\n"


@st.composite
def answers(draw):
    """(the bytes, whether the request was one with a body to its answer, the body, whether the end is said)"""
    body = draw(st.binary(max_size=200))
    status = draw(st.sampled_from([200, 202, 204, 304, 404, 503]))
    head = draw(
        st.sampled_from([b"", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"])
    )
    head += b"HTTP/1.1 %d %s\r\nServer: x\r\n" % (status, draw(st.sampled_from([b"OK", b"", b"Two words"])))
    if status in (204, 304):
        return head + b"\r\n", True, b"", True
    match draw(st.sampled_from(["length", "chunks", "close", "head"])):
        case "length":
            return head + b"Content-Length: %d\r\n\r\n" % len(body) + body, True, body, True
        case "chunks":
            cut = draw(st.integers(0, len(body)))
            parts = [part for part in (body[:cut], body[cut:]) if part]
            trailer = draw(st.sampled_from([b"", b"Checked: yes\r\n"]))
            return head + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(parts, trailer), True, body, True
        case "close":
            return head + b"\r\n" + body, True, body, False
    return head + b"Content-Length: 5000000\r\n\r\n", False, b"", True


@given(answers(), st.lists(st.integers(1, 50), max_size=30))
def test_an_answer_is_read_whole_however_it_is_cut(made, cuts):
    sent, has_body, body, says_its_end = made
    answer = ResponseParser(has_body=has_body)
    for size in [*cuts, len(sent)]:
        if sent:
            assert answer.reply is None
            answer.feed(sent[:size])
            sent = sent[size:]
    if not says_its_end:
        assert answer.reply is None
        answer.end()
    assert answer.reply is not None
    assert answer.reply.body == body
    assert answer.reply.headers["server"] == "x"
    assert answer.keeps_open is says_its_end
    assert not answer.has_more


def test_headers_that_come_twice_are_joined():
    answer = ResponseParser(has_body=True)
    answer.feed(b"HTTP/1.1 200 OK\r\nX-Amz-Meta-A: 1 \r\nx-amz-meta-a:2\r\nContent-Length: 0\r\n\r\n")
    assert answer.reply is not None
    assert answer.reply.headers["x-amz-meta-a"] == "1, 2"


@pytest.mark.parametrize(
    ("head", "keeps_open"),
    [
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\n", False),
        (b"HTTP/1.1 200 OK\r\nConnection: Keep-Alive\r\n", True),
        (b"HTTP/1.0 200 OK\r\n", False),
        (b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n", True),
    ],
)
def test_who_closes_says_so(head, keeps_open):
    answer = ResponseParser(has_body=True)
    answer.feed(head + b"Content-Length: 0\r\n\r\n")
    assert answer.keeps_open is keeps_open


def test_more_than_was_asked_for_is_noticed():
    for sent in (
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\nx",
    ):
        answer = ResponseParser(has_body=True)
        answer.feed(sent)
        assert answer.reply is not None
        assert answer.has_more


@pytest.mark.parametrize(
    "sent",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"\x16\x03\x01",
        b"HTTP/2 200 OK\r\n\r\n",
        b"HTTP/1.1 2xx OK\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA: 1\r\n folded\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5, 6\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabcd\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1" * (LONGEST_HEAD + 1),
        b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * LONGEST_HEAD,
    ],
)
def test_what_is_no_answer_is_refused(sent):
    with pytest.raises(NotHttp):
        ResponseParser(has_body=True).feed(sent)


@given(st.binary(max_size=100), st.binary(max_size=100))
def test_anything_at_all_is_an_answer_or_refused(first, second):
    for start in (b"", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"):
        answer = ResponseParser(has_body=True)
        try:
            answer.feed(start + first)
            answer.feed(second)
            answer.end()
        except NotHttp:
            continue


# --- limits

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
SMALL = 1 << 16
"""A bound on bodies that a test can reach byte by byte."""


@pytest.fixture
def small_bodies(monkeypatch):
    for module in (bounds, http1_answer):
        monkeypatch.setattr(module, "MOST_BODY", SMALL)


def outcome(sent, step, has_body=True):
    """What becomes of an answer that comes ``step`` bytes at a time."""
    answer = ResponseParser(has_body=has_body)
    try:
        for at in range(0, len(sent), step):
            answer.feed(sent[at : at + step])
        answer.end()
    except NotHttp as error:
        return type(error), str(error)
    return answer.reply, answer.has_more, answer.keeps_open


def in_all_ways(sent, has_body=True):
    """The one outcome, whole, byte by byte and in pieces."""
    first, *others = [outcome(sent, step, has_body) for step in (len(sent) or 1, 1, 7, 4096)]
    # How much of junk is quoted depends on how much of it has come.
    same = [found[:1] if found[0] is NotHttp else found for found in (first, *others)]
    assert same == same[:1] * len(same)
    return first


HEADERS_LEFT = LONGEST_HEAD - len(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\na: ")


@pytest.mark.parametrize(
    ("sent", "limit"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (SMALL + 1), "its body is longer"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 999999999999\r\n\r\n", "its body is longer"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n", "its body is longer"),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (SMALL + 1), "its body is longer"),
        (CHUNKED + b"fffffffffffffff\r\n", "its body is longer"),
        (CHUNKED + chunked([b"x" * 100] * (SMALL // 100 + 1)), "its body is longer"),
        (CHUNKED + b"1;%s\r\na\r\n" % (b"e" * 1000) * (SMALL // 900), "the lengths of its chunks alone"),
        (CHUNKED + b"1;" + b"e" * LONGEST_LINE, "the line before a chunk is longer than 8 KiB"),
        (CHUNKED + b"0\r\n" + b"a: b\r\n" * LONGEST_HEAD, "its trailers are longer than 64 KiB"),
        (CHUNKED + b"0\r\na: " + b"b" * LONGEST_LINE, "a trailer is longer than 8 KiB"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\na: " + b"b" * (HEADERS_LEFT + 1) + b"\r\n\r\n", "its headers are"),
        (b"HTTP/1.1 200 OK\r\na: " + b"b" * LONGEST_HEAD, "its headers are longer than 64 KiB"),
        (b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * (MOST_HEADERS + 1) + b"\r\n", "more than 256 headers"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * (MOST_INTERIM + 1) + FINE_ANSWER, "more than 16 interim answers"),
        (b"HTTP/1.1 103 Hints\r\nLink: x\r\n\r\n" * 1000, "more than 16 interim answers"),
    ],
)
@pytest.mark.usefixtures("small_bodies")
def test_what_goes_beyond_a_limit_is_refused_by_a_sentence_that_names_it(sent, limit):
    kind, words = in_all_ways(sent)
    assert kind is TooMuch
    assert limit in words
    assert "\n" not in words


@pytest.mark.parametrize(
    "sent",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % SMALL + b"x" * SMALL,
        CHUNKED + chunked([b"x" * SMALL]),
        CHUNKED + chunked([b"x" * 64] * (SMALL // 64)),
        CHUNKED + b"0\r\n" + b"a: %s\r\n" % (b"b" * 1000) * 60 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\na: " + b"b" * HEADERS_LEFT + b"\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" * MOST_INTERIM + FINE_ANSWER,
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" + b"a: b\r\n" * (MOST_HEADERS - 1) + b"\r\n",
    ],
)
@pytest.mark.usefixtures("small_bodies")
def test_up_to_the_limit_all_is_taken(sent):
    reply, has_more, _ = in_all_ways(sent)
    assert reply is not None
    assert not has_more


def test_a_head_is_not_measured_by_a_body_it_does_not_have():
    reply, _, _ = in_all_ways(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999\r\n\r\n", has_body=False)
    assert reply.headers["content-length"] == "99999999999999"


def test_a_length_beside_a_transfer_encoding_is_refused_by_its_cause():
    kind, words = in_all_ways(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
    assert kind is NotHttp
    assert "both a length and a transfer encoding" in words


MUTABLE = [
    FINE_ANSWER,
    CHUNKED + chunked([b"hello", b"x" * 300], b"Checked: yes\r\n"),
    b"HTTP/1.1 100 Continue\r\n\r\n" + FINE_ANSWER,
    b"HTTP/1.0 200 OK\r\nServer: x\r\n\r\nto the end",
    b"HTTP/1.1 204 No Content\r\nA: b\r\n\r\n",
]


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(MUTABLE), st.data())
def test_a_mutated_answer_comes_to_the_same_however_it_is_cut(sent, data):
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(sent)))
        junk = data.draw(
            st.sampled_from([b"\r", b"\n", b"\r\n", b"\r\n\r\n", b"0\r\n", b"f", b":", b"\x00"])
            | st.binary(max_size=5)
        )
        sent = sent[:at] + junk + sent[at + data.draw(st.integers(0, 6)) :]
    in_all_ways(sent)


class Counted(bytes):
    """Bytes that count what is copied out of them, or together with them."""

    copied = 0

    def __getitem__(self, at):
        found = super().__getitem__(at)
        if isinstance(at, slice):
            Counted.copied += len(found)
            return Counted(found)
        return found

    def __add__(self, other):
        Counted.copied += len(self) + len(other)
        return Counted(super().__add__(other))

    def __radd__(self, other):
        if isinstance(other, bytearray):
            return NotImplemented  # which grows in place
        Counted.copied += len(self) + len(other)
        return Counted(other + bytes(self))


@pytest.mark.parametrize(
    "parts", [[b"x" * (1 << 22)], [b"x" * 5000] * 800, [b"x"] * 20_000], ids=["one", "some", "many"]
)
def test_chunks_are_read_in_linear_time(parts):
    sent = CHUNKED + chunked(parts)
    answer, Counted.copied = ResponseParser(has_body=True), 0
    for at in range(0, len(sent), 1024):
        answer.feed(Counted(sent[at : at + 1024]))
    assert answer.reply is not None
    assert len(answer.reply.body) == sum(map(len, parts))
    assert Counted.copied < 4 * len(sent)


def test_an_endless_body_is_kept_no_longer_than_to_its_limit():
    answer = ResponseParser(has_body=True)
    answer.feed(CHUNKED)
    piece = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    for _ in range(bounds.MOST_BODY // 65536):
        answer.feed(piece)
    with pytest.raises(TooMuch, match="its body is longer than 32 MiB"):
        answer.feed(piece)


# --- connections

FINE = FINE_ANSWER


class Server:
    """Answers each request with what ``script`` says of how many came before; None stalls, b"" closes."""

    def __init__(self, script):
        self.script = script
        self.requests = []
        self.connections = 0
        self.open = 0
        self.gone = asyncio.Event()
        self.writers = []

    async def serve(self, reader, writer):
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


@pytest.fixture
async def talk():
    """Connections and a server that answers by script: ``url, server, connections = await talk(script)``."""
    started = []

    async def start(script=lambda _: FINE, most=4, read_s=30.0):
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


async def ask(connections, url, method="GET", body=b"", **headers):
    return await connections.exchange(method, f"{url}/b/k?x=%2F", headers, body)


async def test_a_request_is_written_as_it_was_signed(talk):
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


async def test_one_connection_serves_what_comes_one_after_the_other(talk):
    url, server, connections = await talk()
    for _ in range(5):
        await ask(connections, url)
    assert server.connections == 1
    assert await connections.exchange("GET", url, {}, b"")
    assert server.requests[-1].startswith(b"GET / HTTP/1.1\r\n")


@pytest.mark.parametrize(
    "last", [FINE.replace(b"OK\r\n", b"OK\r\nConnection: close\r\n"), FINE + b"more", b"HTTP/1.0" + FINE[8:]]
)
async def test_a_connection_that_may_not_be_clean_is_not_used_again(talk, last):
    url, server, connections = await talk(lambda number: last if number == 0 else FINE)
    await ask(connections, url)
    await ask(connections, url)
    assert server.connections == 2


async def test_a_connection_the_server_has_closed_meanwhile_is_replaced(talk):
    url, server, connections = await talk()
    await ask(connections, url)
    server.writers[0].close()
    await server.gone.wait()
    await asyncio.sleep(0.01)
    assert (await ask(connections, url)).body == b"ok"
    assert server.connections == 2


async def test_connections_nobody_uses_any_more_are_closed_without_being_asked_for(talk, monkeypatch):
    monkeypatch.setattr(http1, "KEPT_S", 0.05)
    url, server, connections = await talk(most=40)
    await asyncio.gather(*(ask(connections, url) for _ in range(40)))
    assert server.connections == server.open > 1
    while server.open:
        await asyncio.sleep(0.01)
    assert (await ask(connections, url)).body == b"ok"
    while server.open:
        await asyncio.sleep(0.01)


async def test_a_connection_that_is_used_is_not_closed(talk, monkeypatch):
    monkeypatch.setattr(http1, "KEPT_S", 0.5)
    url, server, connections = await talk()
    until = asyncio.get_running_loop().time() + 1.2
    while asyncio.get_running_loop().time() < until:
        await ask(connections, url)
        await asyncio.sleep(0.02)
    assert server.connections == 1


async def test_no_more_than_allowed_are_in_use_at_a_time(talk):
    url, server, connections = await talk(most=3)
    replies = await asyncio.gather(*(ask(connections, url) for _ in range(40)))
    assert len(replies) == 40
    assert server.connections <= 3


async def test_who_stops_waiting_leaves_a_connection_that_is_ended(talk):
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
async def test_no_answer_has_a_name_and_the_next_request_goes_on(talk, said, kind):
    url, server, connections = await talk(lambda number: said if number == 0 else FINE, read_s=0.05)
    with pytest.raises(kind):
        await ask(connections, url)
    assert (await ask(connections, url)).body == b"ok"
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    "drop", [b"x", b"HTTP/1.1 100 Continue\r\n\r\n", b"a: b\r\n"], ids=["body", "interim", "trailers"]
)
async def test_an_answer_that_drips_has_an_end_to_its_time(talk, monkeypatch, drop):
    monkeypatch.setattr(bounds, "ANSWER_S", 0.2)
    monkeypatch.setattr(http1_answer, "MOST_INTERIM", 1 << 20)
    heads = {b"x": b"HTTP/1.1 200 OK\r\n\r\n", b"a: b\r\n": CHUNKED + b"0\r\n"}
    url, server, connections = await talk(lambda _: heads.get(drop, drop))
    asking = asyncio.create_task(ask(connections, url))

    async def drip():
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
async def test_an_empty_body_has_a_length_where_a_server_may_wait_for_one(talk, method, told):
    url, server, connections = await talk(lambda _: b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    await ask(connections, url, method)
    assert (b"\r\nContent-Length: 0\r\n" in server.requests[0]) is told


async def test_an_answer_cut_off_is_none(talk):
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
async def test_without_a_connection_nothing_was_sent(url):
    connections = ConnectionPool(1, 5.0, 5.0, None)
    with pytest.raises(NotConnected):
        await ask(connections, url)
    await connections.aclose()


async def test_a_line_break_in_a_header_is_not_sent(talk):
    url, server, connections = await talk()
    for value in ("a\r\nx-evil: 1", "a\n", "a\r"):
        with pytest.raises(NotSent):
            await ask(connections, url, token=value)
    assert server.requests == []


@pytest.mark.parametrize("eagerly", [False, True])
async def test_a_server_is_reached_by_whichever_of_its_addresses_answers(talk, monkeypatch, eagerly):
    loop = asyncio.get_running_loop()
    if eagerly:
        if not hasattr(asyncio, "eager_task_factory"):
            pytest.skip("tasks can begin eagerly from Python 3.12 on")
        monkeypatch.setattr(loop, "_task_factory", asyncio.eager_task_factory)  # as Textual has it
    url, server, connections = await talk()
    port = int(url.rpartition(":")[2])

    async def found(*_args, **_named):
        dead = (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", 1, 0, 0))
        return [dead, (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(loop, "getaddrinfo", found)
    for _ in range(3):
        assert (await ask(connections, f"http://many.example:{port}")).body == b"ok"
    assert server.connections == 1
