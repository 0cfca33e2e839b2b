"""A writer of HTTP/1.1 requests (RFC 9112): what it is given can end no line of theirs."""

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

NONE: Mapping[str, str] = MappingProxyType({})
DEFAULT_PORT = {"http": 80, "https": 443}
_OURS = frozenset({"host", "content-length"})
_WITHOUT_BODY = frozenset({"GET", "HEAD"})


class NotSent(ValueError):
    """The request cannot be written as HTTP; nothing was sent."""


def written(method: str, target: str, origin: str, headers: Mapping[str, str], common: str, body: bytes) -> bytes:
    """The whole request; ``common`` are lines of ``lines_of``. ``NotSent`` where a line would be two."""
    lines = f"{_whole(f'{method} {target} HTTP/1.1')}\r\n{_host_line(origin)}{common}{lines_of(headers)}"
    if body or method not in _WITHOUT_BODY:
        # A server that is told of no length may wait for one (411); RFC 9110, 8.6.
        lines += f"Content-Length: {len(body)}\r\n"
    return f"{lines}\r\n".encode() + body


def lines_of(headers: Mapping[str, str]) -> str:
    """Headers as they are written, each with the end of its line, but for those that are ours to tell."""
    return "".join(
        f"{_whole(f'{name}: {value}')}\r\n" for name, value in headers.items() if name.lower() not in _OURS
    )


@lru_cache(maxsize=256)
def _host_line(origin: str) -> str:
    scheme, _, host = origin.partition("://")
    named = host.removesuffix(f":{DEFAULT_PORT.get(scheme)}")
    return f"{_whole(f'Host: {named}')}\r\n"


def _whole(line: str) -> str:
    if "\n" in line or "\r" in line:
        raise NotSent("a header holds a line break")
    return line
