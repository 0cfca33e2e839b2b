"""How to reach S3: everything that shapes a connection, and nothing that is secret."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

MfaPrompter = Callable[[str], str | Awaitable[str]]
"""Gives the MFA code for the SDK's question. A coroutine function runs on the loop that opened the provider, so that
a screen can ask; a plain function runs in the credential chain's thread and may block."""


@dataclass(frozen=True, slots=True)
class Connection:
    """The options of a provider. Whatever is None is left to the SDK: environment, config file, its defaults."""

    profile: str | None = None
    region: str | None = None
    endpoint_url: str | None = None
    path_style: bool | None = None
    requester_pays: bool = False
    expected_bucket_owner: str | None = None
    max_connections: int = 256
    connect_timeout: float = 10.0
    """Seconds."""
    read_timeout: float = 60.0
    """Seconds between two pieces of an answer."""
