"""Names of queues: ``sqs:`` and the queue's URL, as the console and ``aws sqs get-queue-url`` show it."""

import re
from typing import NamedTuple
from urllib.parse import urlsplit

from restoretui.core.errors import UsageError

_FORM = "write sqs:https://sqs.REGION.amazonaws.com/ACCOUNT/NAME"
_HOST = re.compile(
    r"sqs(?:-fips)?\.(?P<region>[a-z0-9-]+)\.(?:amazonaws\.com(?:\.cn)?|api\.aws)"
    r"|(?:[a-z0-9-]+\.)*vpce-[a-z0-9-]+\.sqs\.(?P<private>[a-z0-9-]+)\.vpce\.amazonaws\.com"
    r"|(?P<old>[a-z0-9-]+)\.queue\.amazonaws\.com|(?P<oldest>queue\.amazonaws\.com)"
)
_NAME = re.compile(r"[A-Za-z0-9_-]{1,80}(?:\.fifo)?")


class QueueName(NamedTuple):
    """A queue of SQS."""

    url: str
    region: str
    """Empty where its URL does not tell: then it is that of the settings."""
    account: str
    name: str

    def __str__(self) -> str:
        return f"sqs:{self.url}"


def read_queue(text: str) -> QueueName:
    """The queue that ``text`` names; ``UsageError`` for what cannot be one."""
    kind, _, url = text.partition(":")
    if kind != "sqs":
        raise UsageError(f"{_shown(text)} is no queue that events come by", _FORM)
    try:
        parts = urlsplit(url)
        host, secret = parts.hostname or "", parts.username or parts.password
        _ = parts.port
    except ValueError:
        raise UsageError("the queue's URL cannot be read", _FORM) from None
    if secret:
        raise UsageError("a queue's URL holds no credentials", "leave them out, and change them")
    account, _, name = parts.path.strip("/").partition("/")
    if parts.scheme not in ("https", "http") or not host or not re.fullmatch(r"\d{12}", account):
        raise UsageError(f"{_shown(text)} is no URL of a queue", _FORM)
    if parts.query or parts.fragment or not _NAME.fullmatch(name):
        raise UsageError(f"{_shown(text)} is no URL of a queue", _FORM)
    if name.endswith(".fifo"):
        raise UsageError(f"{name} is a FIFO queue, and S3 sends events to none", "name a standard queue")
    found = _HOST.fullmatch(host)
    region = ""
    if found is not None:
        region = "us-east-1" if found["oldest"] else found["region"] or found["private"] or found["old"] or ""
    return QueueName(url.rstrip("/"), region, account, name)


def _shown(text: str) -> str:
    return ascii(text[:120])
