"""An HTTP/1.1 answer, read piece by piece as it comes. What is not clearly one is refused."""

from collections.abc import Mapping
from typing import NamedTuple

LONGEST_HEAD = 1 << 16
_NO_BODY = frozenset({204, 304})


class Reply(NamedTuple):
    """An answer, whole."""

    status: int
    headers: dict[str, str]
    """By lower-case name; what came twice is joined by commas."""
    body: bytes


class NotHttp(ValueError):
    """What came is no HTTP answer."""


class Answer:
    """Reads an answer as it comes, piece by piece."""

    __slots__ = ("_body", "_chunked", "_has_body", "_head", "_left", "_rest", "has_more", "keeps_open", "reply")

    def __init__(self, *, has_body: bool) -> None:
        """Without ``has_body`` (HEAD) none follows, whatever its length is said to be."""
        self._has_body = has_body
        self._rest = b""
        self._head: tuple[int, dict[str, str]] | None = None
        self._body: list[bytes] = []
        self._left: int | None = None
        """Bytes still to come; None: until the connection ends."""
        self._chunked: _Chunks | None = None
        self.reply: Reply | None = None
        self.keeps_open = False
        self.has_more = False

    def feed(self, data: bytes) -> None:
        """Take the next piece. ValueError when it is none of an HTTP answer."""
        if self._head is None:
            data = self._rest + data if self._rest else data
            is_final = False
            while not is_final:
                head, found, more = data.partition(b"\r\n\r\n")
                if not found:
                    if len(data) > LONGEST_HEAD or not data.startswith(b"HTTP/1."[: len(data)]):
                        raise NotHttp(f"it begins with {data[:40]!r}")
                    self._rest = data
                    return
                is_final = self._read_head(head)
                data = more
        if self._chunked is not None:
            self._chunked.feed(data)
            if self._chunked.is_whole:
                self._finish(self._chunked.parts, has_more=self._chunked.has_more)
        elif self._left is None:
            self._body.append(data)
        else:
            self._body.append(data[: self._left] if len(data) > self._left else data)
            self._left -= len(data)
            if self._left <= 0:
                self._finish(self._body, has_more=self._left < 0)

    def end(self) -> None:
        """No more will come."""
        self.keeps_open = False
        if self.reply is None and self._head is not None and self._left is None and self._chunked is None:
            self._finish(self._body, has_more=False)

    def _read_head(self, head: bytes) -> bool:
        """False when it only says that the answer will follow."""
        first, *lines = head.decode("utf-8", "replace").split("\r\n")
        version, _, rest = first.partition(" ")
        if version not in ("HTTP/1.1", "HTTP/1.0") or not (rest[:3].isascii() and rest[:3].isdecimal()):
            raise NotHttp(f"it begins with {first[:40]!r}")
        status = int(rest[:3])
        if status < 200:
            if status == 101:
                raise NotHttp("it changes the protocol")
            return False
        headers: dict[str, str] = {}
        for line in lines:
            name, colon, value = line.partition(":")
            if not colon or name != name.strip():
                raise NotHttp(f"{line[:40]!r} is no header")
            name, value = name.lower(), value.strip(" \t")
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        self._head = status, headers
        said = headers.get("connection", "").lower()
        self.keeps_open = "close" not in said if version == "HTTP/1.1" else "keep-alive" in said
        self._expect_body(status, headers)
        return True

    def _expect_body(self, status: int, headers: Mapping[str, str]) -> None:
        length, coding = headers.get("content-length"), headers.get("transfer-encoding")
        if not self._has_body or status in _NO_BODY:
            self._left = 0
        elif coding is not None:
            if coding.lower() != "chunked" or length is not None:
                raise NotHttp(f"its transfer encoding is {coding[:40]!r}")
            self._chunked = _Chunks()
        elif length is not None:
            if not (length.isascii() and length.isdecimal()):
                raise NotHttp(f"its length is {length[:40]!r}")
            self._left = int(length)

    def _finish(self, parts: list[bytes], *, has_more: bool) -> None:
        if self._head is not None:
            self.has_more = has_more
            self.reply = Reply(*self._head, b"".join(parts))


class _Chunks:
    """A body that comes in chunks, each with its length before it."""

    __slots__ = ("_in_trailer", "_left", "_rest", "has_more", "is_whole", "parts")

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.is_whole = False
        self.has_more = False
        self._rest = b""
        self._left = 0
        """Of the chunk under way, with its line break."""
        self._in_trailer = False

    def feed(self, data: bytes) -> None:
        data = self._rest + data
        while True:
            if self._left:
                if len(data) < self._left:
                    break
                if data[self._left - 2 : self._left] != b"\r\n":
                    raise NotHttp("a chunk has not the length it says")
                self.parts.append(data[: self._left - 2])
                data, self._left = data[self._left :], 0
            line, found, more = data.partition(b"\r\n")
            if not found:
                if len(data) > LONGEST_HEAD:
                    raise NotHttp("a chunk's length does not end")
                break
            data = more
            if not self._in_trailer:
                self._left = self._length(line)
            elif not line:
                self.is_whole, self.has_more = True, bool(data)
                return
        self._rest = data

    def _length(self, line: bytes) -> int:
        size = line.partition(b";")[0].strip()
        if not size or size.strip(b"0123456789abcdefABCDEF") or len(size) > 15:
            raise NotHttp(f"{line[:40]!r} is no chunk's length")
        length = int(size, 16)
        self._in_trailer = length == 0
        return length + 2 if length else 0
