"""What objects contain: bytes that were put, and generated ones for the seeded world."""

import random
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

_BLOCK = 65536
_PIECE = 16 * _BLOCK


class Generated(NamedTuple):
    """``length`` bytes from ``offset`` of an endless, repeatable stream that ``seed`` names."""

    seed: int
    offset: int
    length: int


Body = tuple[bytes | Generated, ...]
"""Content in order; multipart uploads join them, copies share them."""


def length(body: Body) -> int:
    """Bytes in all."""
    return sum(part.length if isinstance(part, Generated) else len(part) for part in body)


def cut(body: Body, start: int, size: int) -> Body:
    """The part of ``body`` from ``start``, at most ``size`` bytes, without generating any."""
    found: list[bytes | Generated] = []
    for part in body:
        whole = part.length if isinstance(part, Generated) else len(part)
        skip, take = min(start, whole), min(max(0, whole - start), size)
        if take:
            if isinstance(part, Generated):
                found.append(Generated(part.seed, part.offset + skip, take))
            else:
                found.append(part[skip : skip + take])
        start -= skip
        size -= take
    return tuple(found)


def pieces(body: Body) -> Iterator[bytes]:
    """The content, at most a mebibyte at a time."""
    for part in body:
        if isinstance(part, Generated):
            offset, left = part.offset, part.length
            while left > 0:
                phase = offset % _BLOCK
                piece = _stream(part.seed)[phase : phase + min(left, _PIECE)]
                yield piece
                offset += len(piece)
                left -= len(piece)
        elif part:
            for start in range(0, len(part), _PIECE):
                yield part[start : start + _PIECE]


@lru_cache(maxsize=8)
def _stream(seed: int) -> bytes:
    # One block more than a piece, so that a piece can begin at any phase.
    return random.Random(seed).randbytes(_BLOCK) * (_PIECE // _BLOCK + 1)
