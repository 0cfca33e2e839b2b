"""Size and time limits of HTTP responses, whoever reads them: what goes beyond is refused by naming the limit.

Each leaves room above what a store has reason to send. The largest answer is a LIST page: 1,000 keys of 1,024 bytes,
each byte url-encoded and each character of that written as an XML reference (``&#x25;&#x46;&#x46;``), is 18 MB.
"""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator
from contextlib import asynccontextmanager

MIB = 1 << 20
MOST_BODY = 32 * MIB
"""Bytes of a body, and bytes of the lengths in front of its chunks. Objects are read in pieces smaller than this."""
LONGEST_HEAD = 1 << 16
"""Bytes of status line and headers together, and of trailers; S3 keeps at most 8 KiB of headers with an object."""
MOST_HEADERS = 256
"""Header lines of an answer."""
LONGEST_LINE = 1 << 13
"""Bytes of the line before a chunk (its length, perhaps a signature) and of one trailer."""
MOST_INTERIM = 16
"""``100 Continue``, ``103 Early Hints`` and the like before one answer."""
ANSWER_S = 120.0
"""Seconds from a request to the end of its answer, however steadily it drips; machine time."""
SLOWEST = 16_384
"""Bytes a second at which a request's own body may leave without being cut off."""


class NotHttp(ValueError):
    """Protocol error: what came is no HTTP response, or of a kind that is not read."""


class TooMuch(NotHttp):
    """An answer goes beyond what is taken of one; the text names the limit."""


class TooLate(TimeoutError):
    """An answer was not whole in time; the text names the limit."""


def answer_s(body_bytes: int) -> float:
    """How long a request of such a body and its answer may take together, in seconds."""
    return ANSWER_S + body_bytes / SLOWEST


def too_late(seconds: float) -> TooLate:
    """The answer was not whole after so many seconds."""
    return TooLate(f"its answer was not whole after {seconds:.0f} s")


class Body:
    """A body buffer: few pieces are kept as they came, many are gathered in one buffer, in linear time."""

    __slots__ = ("_gathered", "_parts", "size")

    FEW = 64

    def __init__(self) -> None:
        self.size = 0
        """Bytes so far."""
        self._parts: list[bytes] = []
        self._gathered: bytearray | None = None

    def add(self, piece: bytes) -> None:
        """The next piece; ``TooMuch`` when all together are more than ``MOST_BODY``."""
        self.size += len(piece)
        if self.size > MOST_BODY:
            raise too_long()
        if self._gathered is not None:
            self._gathered += piece
            return
        self._parts.append(piece)
        if len(self._parts) == self.FEW:
            self._gathered = bytearray().join(self._parts)
            self._parts.clear()

    def whole(self) -> bytes:
        """All of it."""
        return b"".join(self._parts) if self._gathered is None else bytes(self._gathered)


def too_long() -> TooMuch:
    """A body is longer than ``MOST_BODY``."""
    return TooMuch(f"its body is longer than {MOST_BODY // MIB} MiB")


async def gather(pieces: AsyncIterable[bytes]) -> bytes:
    """A body that another HTTP client reads, piece by piece; ``TooMuch`` when it is too long."""
    body = Body()
    async for piece in pieces:
        body.add(piece)
    return body.whole()


@asynccontextmanager
async def in_time(body_bytes: int) -> AsyncIterator[None]:
    """For a request of such a body and its answer, by another HTTP client: ``TooLate`` after ``answer_s``."""
    allowed = answer_s(body_bytes)
    try:
        async with asyncio.timeout(allowed) as limit:
            yield
    except TimeoutError:
        if limit.expired():
            raise too_late(allowed) from None
        raise
