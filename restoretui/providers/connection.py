"""What a connection needs besides its names (``core.provider.Connection``)."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

MfaPrompter = Callable[[str], str | Awaitable[str]]
"""Gives the MFA code for the SDK's question. A coroutine function runs on the loop that opened the provider, so that
a screen can ask; a plain function runs in the credential chain's thread and may block."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How many connections, and how long to wait for one and for its answers."""

    connections: int = 256
    connect_s: float = 10.0
    read_s: float = 60.0
    """Between two pieces of an answer."""
