"""What then-steps need besides the cloud: a folder, webhooks, a way to call them."""

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from msgspec import Struct


class Webhook(Struct, frozen=True):
    """Where a webhook is sent, and what signs it; neither is kept in the ledger or a log."""

    url: str
    secret: bytes = b""
    style: str = "standard"
    """``standard`` (Standard Webhooks) or ``github`` (X-Hub-Signature-256)."""


Saving = Callable[[Path, str], Awaitable[None]]
"""Writes a text that is a secret to a file that a person named, whole or not at all; ``UsageError`` says why not."""

Posting = Callable[[str, Mapping[str, str], bytes], Awaitable[int]]
"""Sends a body to a URL with these headers; the status of the answer."""


class ThenTools(Struct, frozen=True):
    """What then-steps need besides the cloud."""

    folder: Path | None = None
    """Where commands run, and files go that nobody named a place for: the state folder."""
    webhook: Callable[[str], Webhook] | None = None
    """Finds one by its name; ``UsageError`` where the settings have none."""
    post: Posting | None = None
    save: Saving | None = None
    notify: Callable[[str, str, str], bool] | None = None
    """Sends a notice of that name with a title and a text; whether it was delivered. Blocks: for a thread."""
    expiring_s: float = 86_400.0
    """Seconds before its end from which a copy counts as ending soon."""
