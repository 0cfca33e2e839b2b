"""Names of queues: ``sqs:`` or ``mns:`` and the queue's URL, as the console shows it."""

import re
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from restoretui.core.errors import UsageError

SQS, MNS = "sqs", "mns"
_FORM = "write sqs:https://sqs.REGION.amazonaws.com/ACCOUNT/NAME"
_FORM_MNS = "write mns:https://ACCOUNT.mns.REGION.aliyuncs.com/queues/NAME"
_HOST = re.compile(
    r"sqs(?:-fips)?\.(?P<region>[a-z0-9-]+)\.(?:amazonaws\.com(?:\.cn)?|api\.aws)"
    r"|(?:[a-z0-9-]+\.)*vpce-[a-z0-9-]+\.sqs\.(?P<private>[a-z0-9-]+)\.vpce\.amazonaws\.com"
    r"|(?P<old>[a-z0-9-]+)\.queue\.amazonaws\.com|(?P<oldest>queue\.amazonaws\.com)"
)
_NAME = re.compile(r"[A-Za-z0-9_-]{1,80}(?:\.fifo)?")
_HOST_MNS = re.compile(r"(?P<account>\d{1,20})\.mns\.(?P<region>[a-z0-9-]+?)(?:-internal(?:-vpc)?)?\.aliyuncs\.com")
_PATH_MNS = re.compile(r"/queues/(?P<name>[A-Za-z0-9][A-Za-z0-9-]{0,119})/?")


class QueueName(NamedTuple):
    """A queue of SQS, or of Alibaba Cloud's Simple Message Queue (MNS)."""

    url: str
    region: str
    """Empty where its URL does not tell: then it is that of the settings."""
    account: str
    name: str
    kind: str = SQS

    def __str__(self) -> str:
        return f"{self.kind}:{self.url}"


def read_queue(text: str) -> QueueName:
    """The queue that ``text`` names; ``UsageError`` for what cannot be one."""
    kind, _, url = text.partition(":")
    if kind not in (SQS, MNS):
        raise UsageError(f"{_shown(text)} is no queue that events come by", _FORM)
    form = _FORM if kind == SQS else _FORM_MNS
    try:
        parts = urlsplit(url)
        host, secret = parts.hostname or "", parts.username or parts.password
        _ = parts.port
    except ValueError:
        raise UsageError("the queue's URL cannot be read", form) from None
    if secret:
        raise UsageError("a queue's URL holds no credentials", "leave them out, and change them")
    if parts.scheme not in ("https", "http") or not host or parts.query or parts.fragment:
        raise UsageError(f"{_shown(text)} is no URL of a queue", form)
    return _of_sqs(text, url, parts, host) if kind == SQS else _of_mns(text, url, parts, host)


def _of_sqs(text: str, url: str, parts: SplitResult, host: str) -> QueueName:
    account, _, name = parts.path.strip("/").partition("/")
    if not re.fullmatch(r"\d{12}", account) or not _NAME.fullmatch(name):
        raise UsageError(f"{_shown(text)} is no URL of a queue", _FORM)
    if name.endswith(".fifo"):
        raise UsageError(f"{name} is a FIFO queue, and S3 sends events to none", "name a standard queue")
    found = _HOST.fullmatch(host)
    region = ""
    if found is not None:
        region = "us-east-1" if found["oldest"] else found["region"] or found["private"] or found["old"] or ""
    return QueueName(url.rstrip("/"), region, account, name)


def _of_mns(text: str, url: str, parts: SplitResult, host: str) -> QueueName:
    path, found = _PATH_MNS.fullmatch(parts.path), _HOST_MNS.fullmatch(host)
    if path is None:
        raise UsageError(f"{_shown(text)} is no URL of a queue", _FORM_MNS)
    region, account = (found["region"], found["account"]) if found is not None else ("", "")
    return QueueName(url.rstrip("/"), region, account, path["name"], MNS)


def _shown(text: str) -> str:
    return ascii(text[:120])
