"""The key lists of ``--keys-from``: bytes, one key a line, always UTF-8, from a file or stdin."""

import codecs
import os
import sys

from restoretui.core.blocking import beside
from restoretui.core.errors import LocationError, UsageError
from restoretui.core.location import MAX_KEY_BYTES, check_key
from restoretui.core.os_errors import NO_FILES, refused_by_system

_PIECE = 1 << 16
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


async def read_keys(source: str, prefix: str) -> list[str]:
    """Keys, verbatim, from a file or ``-``; empty lines are skipped, ``prefix`` is put before each.

    A byte order mark is no part of the first key. ``UsageError`` when the list cannot be read, and with the number of
    the line that cannot be a key.
    """
    try:
        # Whoever types the keys, or holds the pipe, may never end: that must not keep us from ending.
        return await beside(lambda: _read(source, prefix), "restoretui-keys")
    except OSError as error:
        if error.errno in NO_FILES:
            raise refused_by_system(error) from None  # The list is well, and any other would fare no better.
        why = error.strerror or str(error)
        raise UsageError(f"the key list {source!r} cannot be read: {why}", "name a file with a key a line") from None


def pasted_keys(text: str, prefix: str) -> list[str]:
    """The same of a text, a key a line."""
    return _KeyList("what was pasted", prefix).all_of(text.encode("utf-8", "surrogatepass"))


def _read(source: str, prefix: str) -> list[str]:
    if source == "-":
        if sys.stdin is None:
            raise UsageError("the key list is to come from stdin, which is closed", "give --keys-from a file")
        return _KeyList("the key list on stdin", prefix).read(0)
    descriptor = os.open(source, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return _KeyList(f"the key list {source!r}", prefix).read(descriptor)
    finally:
        os.close(descriptor)


class _KeyList:
    """One list; ``name`` is what it is called in errors."""

    def __init__(self, name: str, prefix: str) -> None:
        self._name = name
        self._prefix = prefix
        self._keys: list[str] = []

    def read(self, descriptor: int) -> list[str]:
        number = 0
        rest = b""
        while piece := os.read(descriptor, _PIECE):
            *lines, rest = (rest + piece).split(b"\n")
            for line in lines:
                number += 1
                self._add(line, number)
            if len(rest) > MAX_KEY_BYTES + len(codecs.BOM_UTF8):
                self._add(rest, number + 1)  # It is too long already, whatever comes.
        self._add(rest, number + 1)
        return self._keys

    def all_of(self, text: bytes) -> list[str]:
        """The keys of a list that is at hand."""
        for number, line in enumerate(text.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n"), 1):
            self._add(line, number)
        return self._keys

    def _add(self, line: bytes, number: int) -> None:
        if number == 1:
            if line.startswith(_UTF16):
                raise UsageError(f"{self._name} is in UTF-16 or UTF-32", "write it in UTF-8")
            line = line.removeprefix(codecs.BOM_UTF8)
        line = line.removesuffix(b"\r")
        if not line:
            return
        if len(line) > MAX_KEY_BYTES:
            raise UsageError(
                f"line {number:,} of {self._name} is longer than the {MAX_KEY_BYTES:,} bytes of the longest key",
                "write a key a line",
            )
        try:
            self._keys.append(check_key(self._prefix + line.decode("utf-8")))
        except UnicodeDecodeError as error:
            raise UsageError(
                f"line {number:,} of {self._name} is not UTF-8: it holds the byte 0x{line[error.start]:02x}",
                "write the list in UTF-8",
            ) from None
        except LocationError as error:
            raise UsageError(f"line {number:,} of {self._name}: {error}", error.hint) from None
