"""What the HTTP front and the wire adapters exchange."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache
from typing import Protocol
from xml.etree import ElementTree as ET

from msgspec import Struct, field

from restoretui.sandbox.state.body import Body
from restoretui.sandbox.state.refusals import ErrorAnswer, malformed_xml


class Call(Struct):
    """One request, taken apart as far as all wire formats have in common."""

    method: str
    path: str
    """Decoded, from the first slash on."""
    query: dict[str, str]
    """Of a name that comes twice, the last value; ``query_string`` has all."""
    headers: Mapping[str, str]
    """Case-insensitive."""
    body: bytes = b""
    request_id: str = ""
    access_key: str = ""
    """Empty: the request is not signed."""
    region: str = ""
    """Of the signature's scope."""
    service: str = ""
    operation: str = ""
    bucket: str = ""
    key: str = ""
    query_string: str = ""
    quirks: frozenset[str] = frozenset()
    """How the answer shall differ from AWS's: see ``fault.QUIRKS``."""


def address(call: Call, hosted: str) -> None:
    """Fill in bucket and key: the bucket is ``hosted``, which the host named, or else the path begins with it."""
    if hosted:
        call.bucket, call.key = hosted, call.path[1:]
    else:
        call.bucket, _, call.key = call.path[1:].partition("/")


class Reply(Struct):
    """One answer. ``stream`` stands in for ``body`` where content is generated while it is sent."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/xml"
    stream: Body | None = None
    length: int | None = None
    """``Content-Length`` of an answer to HEAD, or of a stream."""


class Adapter(Protocol):
    """One wire format over the state core."""

    def identify(self, call: Call) -> bool:
        """Fill in ``service``, ``operation``, ``bucket`` and ``key`` if the request is in this format."""
        ...

    def answer(self, call: Call) -> Reply:
        """Do what the request asks. Raises ``ErrorAnswer``."""
        ...

    def refuse(self, call: Call, refusal: ErrorAnswer) -> Reply:
        """The refusal in this wire format."""
        ...


_BAD_IN_XML = dict.fromkeys((*range(9), 11, 12, *range(14, 32), 0xFFFE, 0xFFFF), "\ufffd")
XML = '<?xml version="1.0" encoding="UTF-8"?>\n'
NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"


def escape(text: str) -> str:
    """For an XML text node. Characters that XML 1.0 cannot hold become references to them, as S3 writes them."""
    if text.isalnum():
        return text
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    if text.isprintable():
        return text
    return "".join(f"&#x{ord(c):x};" if ord(c) < 32 or ord(c) in (0xFFFE, 0xFFFF) else c for c in text)


def escape_readable(text: str) -> str:
    """The same for documents that must stay readable by any parser: such characters are replaced."""
    return escape(text.translate(_BAD_IN_XML)) if not text.isprintable() else escape(text)


def elements(values: Mapping[str, str]) -> str:
    """One element per entry."""
    return "".join(f"<{name}>{escape_readable(value)}</{name}>" for name, value in values.items())


def document(root: str, content: str, namespace: str = NAMESPACE) -> bytes:
    """A whole XML answer."""
    return f'{XML}<{root} xmlns="{namespace}">{content}</{root}>'.encode()


def parse_xml(body: bytes, root: str) -> ET.Element:
    """The root element with namespaces dropped; an ``ErrorAnswer`` when it is not a ``root`` document."""
    try:
        tree = ET.fromstring(body)  # noqa: S314 - loopback only, and expat limits entity expansion
    except (ET.ParseError, ValueError, LookupError):
        raise malformed_xml() from None
    for element in tree.iter():
        element.tag = element.tag.rpartition("}")[2]
    if tree.tag != root:
        raise malformed_xml()
    return tree


@lru_cache(maxsize=4096)
def iso(seconds: float) -> str:
    """An instant as S3's XML documents write it."""
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def http_date(seconds: float) -> str:
    """An instant as HTTP headers write it."""
    return format_datetime(datetime.fromtimestamp(int(seconds), UTC), usegmt=True)
