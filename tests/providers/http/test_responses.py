"""Answers as servers send them: read whole however they are cut, and refused beyond a limit that is named."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DataObject, DrawFn

from restoretui.providers.http import response as http1_answer
from restoretui.providers.http import response_limits as bounds
from restoretui.providers.http.response import NotHttp, ResponseParser
from restoretui.providers.http.response_limits import LONGEST_HEAD, LONGEST_LINE, MOST_HEADERS, MOST_INTERIM, TooMuch

# --- answers


FINE_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def chunked(parts: Sequence[bytes], trailer: bytes = b"") -> bytes:
    return b"".join(b"%x;ext=1\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n" + trailer + b"\r\n"


@st.composite
def answers(draw: DrawFn) -> tuple[bytes, bool, bytes, bool]:
    """(the bytes, whether the request was one with a body to its answer, the body, whether the end is said)"""
    body = draw(st.binary(max_size=200))
    status = draw(st.sampled_from([200, 202, 204, 304, 404, 503]))
    head = draw(
        st.sampled_from([b"", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"])
    )
    head += b"HTTP/1.1 %d %s\r\nServer: x\r\n" % (status, draw(st.sampled_from([b"OK", b"", b"Two words"])))
    head += draw(st.sampled_from([b"", b"x-amz-meta-long: %s\r\n" % (b"y" * 5000)]))
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
def test_an_answer_is_read_whole_however_it_is_cut(made: tuple[bytes, bool, bytes, bool], cuts: list[int]) -> None:
    sent, has_body, body, says_its_end = made
    answer = ResponseParser(has_body=has_body)
    for size in [*cuts, len(sent)]:
        if sent:
            assert answer.reply is None
            piece = bytearray(sent[:size])
            answer.feed(memoryview(piece))
            piece[:] = b"x" * len(piece)  # The connection reads into the same bytes again.
            sent = sent[size:]
    if not says_its_end:
        assert answer.reply is None
        answer.end()
    assert answer.reply is not None
    assert answer.reply.body == body
    assert answer.reply.headers["server"] == "x"
    assert answer.keeps_open is says_its_end
    assert not answer.has_more


def test_headers_that_come_twice_are_joined() -> None:
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
def test_who_closes_says_so(head: bytes, keeps_open: bool) -> None:
    answer = ResponseParser(has_body=True)
    answer.feed(head + b"Content-Length: 0\r\n\r\n")
    assert answer.keeps_open is keeps_open


def test_more_than_was_asked_for_is_noticed() -> None:
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
def test_what_is_no_answer_is_refused(sent: bytes) -> None:
    with pytest.raises(NotHttp):
        ResponseParser(has_body=True).feed(sent)


@given(st.binary(max_size=100), st.binary(max_size=100))
def test_anything_at_all_is_an_answer_or_refused(first: bytes, second: bytes) -> None:
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
def small_bodies(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (bounds, http1_answer):
        monkeypatch.setattr(module, "MOST_BODY", SMALL)


def outcome(sent: bytes, step: int, has_body: bool = True) -> tuple[Any, ...]:
    """What becomes of an answer that comes ``step`` bytes at a time."""
    answer = ResponseParser(has_body=has_body)
    try:
        for at in range(0, len(sent), step):
            answer.feed(sent[at : at + step])
        answer.end()
    except NotHttp as error:
        return type(error), str(error)
    return answer.reply, answer.has_more, answer.keeps_open


def in_all_ways(sent: bytes, has_body: bool = True) -> tuple[Any, ...]:
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
def test_what_goes_beyond_a_limit_is_refused_by_a_sentence_that_names_it(sent: bytes, limit: str) -> None:
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
def test_up_to_the_limit_all_is_taken(sent: bytes) -> None:
    reply, has_more, _ = in_all_ways(sent)
    assert reply is not None
    assert not has_more


def test_a_head_is_not_measured_by_a_body_it_does_not_have() -> None:
    reply, _, _ = in_all_ways(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999\r\n\r\n", has_body=False)
    assert reply.headers["content-length"] == "99999999999999"


def test_a_length_beside_a_transfer_encoding_is_refused_by_its_cause() -> None:
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
def test_a_mutated_answer_comes_to_the_same_however_it_is_cut(sent: bytes, data: DataObject) -> None:
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

    def __getitem__(self, at: Any) -> Any:
        found = super().__getitem__(at)
        if isinstance(at, slice):
            Counted.copied += len(found)
            return Counted(found)
        return found

    def __add__(self, other: Any) -> "Counted":
        Counted.copied += len(self) + len(other)
        return Counted(super().__add__(other))

    def __radd__(self, other: Any) -> Any:
        if isinstance(other, bytearray):
            return NotImplemented  # which grows in place
        Counted.copied += len(self) + len(other)
        return Counted(other + bytes(self))


@pytest.mark.parametrize(
    "parts", [[b"x" * (1 << 22)], [b"x" * 5000] * 800, [b"x"] * 20_000], ids=["one", "some", "many"]
)
def test_chunks_are_read_in_linear_time(parts: list[bytes]) -> None:
    sent = CHUNKED + chunked(parts)
    answer, Counted.copied = ResponseParser(has_body=True), 0
    for at in range(0, len(sent), 1024):
        answer.feed(Counted(sent[at : at + 1024]))
    assert answer.reply is not None
    assert len(answer.reply.body) == sum(map(len, parts))
    assert Counted.copied < 4 * len(sent)


def test_an_endless_body_is_kept_no_longer_than_to_its_limit() -> None:
    answer = ResponseParser(has_body=True)
    answer.feed(CHUNKED)
    piece = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    for _ in range(bounds.MOST_BODY // 65536):
        answer.feed(piece)
    with pytest.raises(TooMuch, match="its body is longer than 32 MiB"):
        answer.feed(piece)
