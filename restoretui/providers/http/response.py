"""An incremental parser of HTTP/1.1 responses (RFC 9112), strict and in linear time."""

from collections.abc import Mapping

from msgspec import Struct

from restoretui.providers.http.response_limits import (
    LONGEST_HEAD,
    LONGEST_LINE,
    MOST_BODY,
    MOST_HEADERS,
    MOST_INTERIM,
    Body,
    TooMuch,
    too_long,
)
from restoretui.providers.http.response_limits import NotHttp as NotHttp

_NO_BODY = frozenset({204, 304})
_USUAL = {f"HTTP/1.1 {status}": status for status in (200, 202, 204, 206, 301, 400, 403, 404, 409, 500, 503)}
"""How the answers begin that come all the time."""
_USUAL_HEAD = 1 << 12
"""Bytes that nearly every head fits in, so that of a large answer only the body is copied."""
_LONGEST_NUMBER = 15
"""Digits of a length; more would be beyond any limit, and Python takes long to read thousands of them."""


class HttpResponse(Struct, frozen=True):
    """A whole response."""

    status: int
    headers: dict[str, str]
    """By lower-case name; what came twice is joined by commas."""
    body: bytes


class ResponseParser:
    """The parser of one response: fed bytes as they come, it gives the response once it is whole."""

    # Defaults of the class: one is made for each request, and needs few of them to differ.
    reply: HttpResponse | None = None
    keeps_open = False
    has_more = False
    _rest: bytearray | None = None
    _head: tuple[int, dict[str, str]] | None = None
    _interim = 0
    _body: Body | None = None
    _left: int | None = None
    """Bytes still to come; None: until the connection ends."""
    _chunked: "_Chunks | None" = None

    def __init__(self, *, has_body: bool) -> None:
        """Without ``has_body`` (HEAD) none follows, whatever its length is said to be."""
        self._has_body = has_body

    def feed(self, data: bytes | memoryview) -> None:
        """Take the next piece, of which a copy is kept.

        ``NotHttp`` when it is none of an HTTP answer, ``TooMuch`` beyond a limit.
        """
        if self.reply is not None:
            self.has_more = self.has_more or bool(data)
            return
        if self._head is None:
            start = bytes(data[:_USUAL_HEAD])
            end = -1 if self._rest else start.find(b"\r\n\r\n")
            if end >= 0 and self._read_head(start[:end]):
                data = bytes(data[end + 4 :])  # as nearly always: the head comes in one piece
            else:
                behind = self._read_heads(bytes(data))
                if behind is None:
                    return
                data = behind
            if self._left is not None and self._left <= len(data):
                self._finish(data[: self._left], has_more=len(data) > self._left)
                return
        self._take(bytes(data))

    def _take(self, data: bytes) -> None:
        """A piece of the body."""
        if self._chunked is not None:
            self._chunked.feed(data)
            if self._chunked.is_whole:
                self._finish(self._chunked.body.whole(), has_more=self._chunked.has_more)
            return
        if self._body is None:
            self._body = Body()
        if self._left is None:
            self._body.add(data)
            return
        self._body.add(data[: self._left] if len(data) > self._left else data)
        self._left -= len(data)
        if self._left <= 0:
            self._finish(self._body.whole(), has_more=self._left < 0)

    def end(self) -> None:
        """No more will come."""
        self.keeps_open = False
        if self.reply is None and self._head is not None and self._left is None and self._chunked is None:
            self._finish(self._body.whole() if self._body else b"", has_more=False)

    def _read_heads(self, data: bytes) -> bytes | None:
        """What stands behind the final head, gathered from pieces; None as long as that has not come."""
        if self._rest is None:
            self._rest = bytearray()
        known = len(self._rest)
        self._rest += data
        while True:
            # Looked for only where it can end now: what came before has been searched already.
            end = self._rest.find(b"\r\n\r\n", max(0, known - 3))
            start = bytes(self._rest[:40])
            if not start.startswith(b"HTTP/1."[: len(start)]):
                raise NotHttp(f"it begins with {start!r}")
            if (end if end >= 0 else len(self._rest) - 3) > LONGEST_HEAD:
                raise TooMuch(f"its headers are longer than {LONGEST_HEAD // 1024} KiB")
            if end < 0:
                return None
            head = bytes(self._rest[:end])
            del self._rest[: end + 4]
            known = 0
            if self._read_head(head):
                return bytes(self._rest)
            self._interim += 1
            if self._interim > MOST_INTERIM:
                raise TooMuch(f"more than {MOST_INTERIM} interim answers come before it")

    def _read_head(self, head: bytes) -> bool:
        """False when it only says that the answer will follow."""
        first, *lines = head.decode("utf-8", "replace").split("\r\n")
        status = _USUAL.get(first[:12])
        is_new = status is not None
        if status is None:
            version, _, rest = first.partition(" ")
            if version not in ("HTTP/1.1", "HTTP/1.0") or not (rest[:3].isascii() and rest[:3].isdecimal()):
                raise NotHttp(f"it begins with {first[:40]!r}")
            status, is_new = int(rest[:3]), version == "HTTP/1.1"
            if status < 200:
                if status == 101:
                    raise NotHttp("it changes the protocol")
                return False
        if len(lines) > MOST_HEADERS:
            raise TooMuch(f"it has more than {MOST_HEADERS} headers")
        headers: dict[str, str] = {}
        for line in lines:
            name, colon, value = line.partition(":")
            if not colon or name != name.strip():
                raise NotHttp(f"{line[:40]!r} is no header")
            name, value = name.lower(), value.strip(" \t")
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        self._head = status, headers
        said = headers.get("connection")
        if said is None:
            self.keeps_open = is_new
        else:
            self.keeps_open = "close" not in said.lower() if is_new else "keep-alive" in said.lower()
        self._expect_body(status, headers)
        return True

    def _expect_body(self, status: int, headers: Mapping[str, str]) -> None:
        if not self._has_body or status in _NO_BODY:
            self._left = 0
            return
        length, coding = headers.get("content-length"), headers.get("transfer-encoding")
        if coding is not None:
            if length is not None:
                # RFC 9112, 6.3: the coding would count, but two who read it differently see different answers.
                raise NotHttp("it has both a length and a transfer encoding, so where it ends is not certain")
            if coding.lower() != "chunked":
                raise NotHttp(f"its transfer encoding is {coding[:40]!r}")
            self._chunked = _Chunks()
        elif length is not None:
            if not (length.isascii() and length.isdecimal()):
                raise NotHttp(f"its length is {length[:40]!r}")
            if len(length) > _LONGEST_NUMBER or int(length) > MOST_BODY:
                raise too_long()
            self._left = int(length)

    def _finish(self, body: bytes, *, has_more: bool) -> None:
        if self._head is not None:
            self.has_more = has_more
            self.reply = HttpResponse(*self._head, body)


class _Chunks:
    """The decoder of chunked transfer coding, trailers included (RFC 9112 section 7.1)."""

    __slots__ = ("_framing", "_in_trailer", "_left", "_rest", "_trailer", "body", "has_more", "is_whole")

    def __init__(self) -> None:
        self.body = Body()
        self.is_whole = False
        self.has_more = False
        self._rest = b""
        """The beginning of a line, or of a chunk's line break."""
        self._left = 0
        """Of the chunk under way, with its line break."""
        self._in_trailer = False
        self._framing = 0
        self._trailer = 0
        """Bytes of lengths and of trailers so far."""

    def feed(self, data: bytes) -> None:
        """A chunk's bytes are taken as they come; what waits for the next piece is less than a line."""
        if self._rest:
            data, self._rest = self._rest + data, b""
        at = 0
        while True:
            if self._left > 2:
                piece = data[at : at + self._left - 2]
                self.body.add(piece)
                at += len(piece)
                self._left -= len(piece)
                if self._left > 2:
                    return
            if self._left:
                if not b"\r\n".startswith(data[at : at + 2]):
                    raise NotHttp("a chunk has not the length it says")
                if len(data) < at + 2:
                    break
                at, self._left = at + 2, 0
            end = data.find(b"\r\n", at)
            self._measure((end if end >= 0 else len(data) - 1) - at)
            if end < 0:
                break
            line = data[at:end]
            at = end + 2
            if not self._in_trailer:
                self._left = self._length(line)
            elif line:
                self._trailer += len(line) + 2
            else:
                self.is_whole, self.has_more = True, at < len(data)
                return
        self._rest = data[at:]

    def _measure(self, line: int) -> None:
        """Refuse a line by its length, whether it has come whole or not."""
        if line > LONGEST_LINE:
            where = "a trailer" if self._in_trailer else "the line before a chunk"
            raise TooMuch(f"{where} is longer than {LONGEST_LINE // 1024} KiB")
        if self._trailer + line > LONGEST_HEAD:
            raise TooMuch(f"its trailers are longer than {LONGEST_HEAD // 1024} KiB")

    def _length(self, line: bytes) -> int:
        self._framing += len(line) + 4
        if self._framing > MOST_BODY:
            raise TooMuch(f"the lengths of its chunks alone take more than {MOST_BODY >> 20} MiB")
        size = line.partition(b";")[0].strip()
        if not size or size.strip(b"0123456789abcdefABCDEF") or len(size) > _LONGEST_NUMBER:
            raise NotHttp(f"{line[:40]!r} is no chunk's length")
        length = int(size, 16)
        if self.body.size + length > MOST_BODY:
            raise too_long()
        self._in_trailer = length == 0
        return length + 2 if length else 0
