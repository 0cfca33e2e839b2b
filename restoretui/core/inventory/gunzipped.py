"""A streaming gzip decompressor: text lines out of the pieces of a stream, in constant memory."""

import zlib
from codecs import getincrementaldecoder
from collections.abc import Iterator

from restoretui.core.errors import InventoryUnreadable

MOST_AT_ONCE = 1 << 18
"""Bytes unpacked at a time: a kilobyte of gzip may stand for a megabyte."""
_FED = 1 << 16
"""Bytes handed to the decompressor at a time: what it has not come to yet is copied with each step."""
LONGEST_ROW = 1 << 17
"""Characters of a row: a key of 1,024 bytes, encoded, and an access list in base64."""
_GZIP = b"\x1f"
"""The first byte of a gzip stream, and of no text."""


class Gunzipped:
    """Feed pieces in; whole lines come out. What is not packed at all is taken as it is.

    A stream may consist of several, one behind the other.
    """

    def __init__(self, name: str) -> None:
        """``name`` is what the file is called in errors."""
        self._name = name
        self._decoder = getincrementaldecoder("utf-8-sig")()  # a byte order mark is no part of the first row
        self._unpacking: zlib._Decompress | None = None
        self._begun = self._packed = False
        self._rest: list[str] = []
        self._quotes = 0

    def feed(self, piece: bytes) -> Iterator[str]:
        """Blocks of whole lines, a few hundred kilobytes each: unpacked as they are taken, and not before."""
        if not self._begun and piece:
            self._begun, self._packed = True, piece.startswith(_GZIP)
        for at in range(0, len(piece), _FED):
            some = piece[at : at + _FED]
            while some:
                data, some = self._unpacked(some) if self._packed else (some, b"")
                if block := self._lines(self._text(data)):
                    yield block

    def end(self) -> str:
        """The last line, where it does not end in a line feed. Raises where the stream is cut off."""
        if self._unpacking is not None and not self._unpacking.eof:
            raise self._unreadable("it ends in the middle: the gzip stream is cut off")
        return "".join(self._rest) + self._text(b"", final=True)

    def _unpacked(self, piece: bytes) -> tuple[bytes, bytes]:
        if self._unpacking is None or self._unpacking.eof:
            if self._unpacking is not None and not piece.strip(b"\0"):
                return b"", b""  # Padding behind the last stream.
            self._unpacking = zlib.decompressobj(wbits=31)
        try:
            data = self._unpacking.decompress(piece, MOST_AT_ONCE)
        except zlib.error as error:
            raise self._unreadable(f"its gzip stream is damaged ({error})") from None
        return data, self._unpacking.unused_data if self._unpacking.eof else self._unpacking.unconsumed_tail

    def _text(self, data: bytes, *, final: bool = False) -> str:
        try:
            return self._decoder.decode(data, final)
        except UnicodeDecodeError:
            raise self._unreadable("it is not UTF-8") from None

    def _lines(self, text: str) -> str:
        self._quotes += text.count('"')
        end = text.rfind("\n") + 1
        # A line feed within quotes ends no row.
        behind = text.count('"', end)
        while end and (self._quotes - behind) % 2:
            before = text.rfind("\n", 0, end - 1) + 1
            behind += text.count('"', before, end)
            end = before
        if not end:
            self._rest.append(text)
            if sum(map(len, self._rest)) > MOST_AT_ONCE + LONGEST_ROW:
                raise self._unreadable("a row has no end")
            return ""
        block = "".join(self._rest) + text[:end]
        self._rest, self._quotes = [text[end:]], behind
        return block

    def _unreadable(self, why: str) -> InventoryUnreadable:
        return InventoryUnreadable(f"{self._name} cannot be read: {why}", "fetch it again, or take another inventory")
