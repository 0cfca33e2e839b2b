"""Which HTTP client carries requests: our own connections, or the SDK's client should those fail in the field."""

from collections.abc import Mapping
from enum import StrEnum

from restoretui.core.errors import UsageError

VARIABLE = "RESTORETUI_HTTP"


class HttpClient(StrEnum):
    """What goes through what."""

    OWN = "own"
    """Our own connection pool, requests signed by proven recipes."""
    SDK = "sdk"
    """The SDK builds, signs and carries every request; slower, and nothing of ours is in the way."""


def http_client(environment: Mapping[str, str]) -> HttpClient:
    """The client that ``RESTORETUI_HTTP`` names; our own when it is not set. ``UsageError`` for any other word."""
    said = environment.get(VARIABLE, "")
    try:
        return HttpClient(said or HttpClient.OWN)
    except ValueError:
        raise UsageError(f"${VARIABLE} must be own or sdk, not {said!r}", f"unset {VARIABLE}") from None
