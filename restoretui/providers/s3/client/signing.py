"""Signature Version 4 from cached request templates: learned from the SDK, and proven against it before use.

The SDK needs 0.4 to 0.6 ms to build and sign one request, nearly all of it spent on what is the same for every object
of a bucket. So one request of a kind is taken apart: what stays becomes a template, what differs (key, version,
markers, date, credentials) its slots. A recipe is used only if, for values that try every rule of encoding, it gives
the very request the SDK gives, signature included. Where it does not, because an endpoint wants another signing
scheme or something more, the SDK goes on building each request.

In S3's flavour of it the path is signed as sent, and the payload's hash is a header
(docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html); elsewhere that hash is signed alone.
"""

import hmac
import re
from calendar import timegm
from collections.abc import Mapping
from hashlib import sha256
from itertools import count
from random import getrandbits
from time import gmtime, strftime, strptime
from types import MappingProxyType
from typing import NamedTuple
from urllib.parse import quote, urlsplit

from msgspec import Struct

_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=[^/]+/[0-9]{8}/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request, "
    r"SignedHeaders=(?P<names>[^,]+), Signature=[0-9a-f]{64}"
)
_DATE, _TOKEN, _HASH, _CALL_ID = "x-amz-date", "x-amz-security-token", "x-amz-content-sha256", "amz-sdk-invocation-id"
_PER_REQUEST = frozenset({"authorization", _DATE, _TOKEN, _CALL_ID, "content-length"})
_IN_PATH, _IN_QUERY = ((safe, re.compile(f"[A-Za-z0-9{re.escape(safe)}]*+").fullmatch) for safe in ("/-_.~", "-_.~"))
"""What needs no encoding beside letters and digits, and whether a text is nothing else."""
_DEFAULT_PORT = {"http": ":80", "https": ":443"}
_BLOCK = 64
"""Bytes of a block of SHA-256."""
_DATE_FORMAT = "%Y%m%dT%H%M%SZ"

MD5 = "(Content-MD5)"
"""Among the parameters of an operation whose model has no such thing: the body's digest goes along."""
PLAIN = "restoretui-{}-slot"
"""What a slot is found by in a learned request: nothing in it needs encoding."""
HOSTILE = (
    " a+b%20%/.././/~é\u00df\u202e\u200b漢😀\x01\x1b[31m\n\r\t\x7f<>&'\"()*!;:@=$,?#^`{|}[]\\-_",
    "/",
    "+ +=&?/%2F%C3é/",
)
"""Values a recipe must encode as the SDK does before it is believed."""


class Keys(NamedTuple):
    """What signs a request. Never logged, stored or shown."""

    access_key: str
    secret_key: str
    token: str | None


class Signed(Struct, frozen=True):
    """A request, ready to be sent."""

    method: str
    url: str
    own: Mapping[str, str]
    """Headers that it alone has."""
    body: bytes
    common: Mapping[str, str] = MappingProxyType({})
    """Headers that it shares with many: the same object in each."""

    @property
    def headers(self) -> Mapping[str, str]:
        """All of them."""
        return {**self.common, **self.own}


class Unlearnable(Exception):
    """The request is not of a kind that a recipe can give."""


class _Moment(NamedTuple):
    """What is the same in all requests of one second that are signed with the same keys."""

    second: int
    keys: Keys
    canonical: str
    """A template of which only the slots are open."""
    to_sign: str
    """Without the hash at its end."""
    mac: "_Mac"
    headers: Mapping[str, str]
    authorization: str
    """Without the signature at its end."""


class Recipe:
    """How to build one kind of request: an operation on a bucket, with the same options and the same slots."""

    def __init__(self, learned: Signed, slots: Mapping[str, str]) -> None:
        """Take ``learned`` apart, which the SDK built with these ``slots``: by name, their ``PLAIN`` values."""
        parts = urlsplit(learned.url)
        headers = {name.lower(): value for name, value in learned.headers.items()}
        signing = _AUTHORIZATION.fullmatch(headers.get("authorization", ""))
        if signing is None:
            raise Unlearnable
        names, hashed = signing["names"].split(";"), headers.get(_HASH)
        if not {_DATE, "host"} | ({_HASH} if hashed else set()) <= set(names) <= headers.keys() | {"host"}:
            raise Unlearnable
        template = _Template(slots)
        headers |= {"host": parts.netloc.removesuffix(_DEFAULT_PORT.get(parts.scheme, ""))}
        headers |= {_DATE: PLAIN.format(_DATE), _TOKEN: PLAIN.format(_TOKEN)}
        self._method = learned.method
        self._body = learned.body
        self._region, self._service = signing["region"], signing["service"]
        self._names = signing["names"]
        self._has_call_id = any(name.lower() == _CALL_ID for name in learned.headers)
        self._fixed = {name: value for name, value in learned.headers.items() if name.lower() not in _PER_REQUEST}
        self._quoting = {name: _IN_PATH if plain in parts.path else _IN_QUERY for name, plain in slots.items()}
        self._url = template.of(learned.url)
        self._moment: _Moment | None = None
        self._canonical = "\n".join(
            [
                learned.method,
                template.of(parts.path),
                template.of(_canonical_query(parts.query)),
                *(f"{name}:{template.of(' '.join(headers[name].split()))}" for name in names),
                "",
                signing["names"],
                hashed or sha256(learned.body).hexdigest(),
            ]
        )

    def build(self, given: Mapping[str, str], keys: Keys, at: float) -> Signed:
        """The request with these values in its slots, signed with ``keys`` at ``at`` (seconds since the epoch).

        Raises UnicodeEncodeError for text that is not Unicode.
        """
        moment = self._moment
        if moment is None or moment.second != int(at) or moment.keys is not keys:
            moment = self._moment = self._at(int(at), keys)
        values = {
            name: text if is_plain(text := given[name]) else quote(text, safe=safe)
            for name, (safe, is_plain) in self._quoting.items()
        }
        hashed = sha256((moment.canonical % values).encode()).hexdigest()
        signature = moment.mac.of(f"{moment.to_sign}{hashed}".encode())
        own = {"Authorization": f"{moment.authorization}{signature}"}
        if self._has_call_id:
            own[_CALL_ID] = _call_id()
        return Signed(self._method, self._url % values, own, self._body, moment.headers)

    def _at(self, second: int, keys: Keys) -> _Moment:
        date = strftime(_DATE_FORMAT, gmtime(second))
        scope = f"{date[:8]}/{self._region}/{self._service}/aws4_request"
        canonical = self._canonical
        for name, value in ((_DATE, date), (_TOKEN, keys.token or "")):
            canonical = canonical.replace(PLAIN.format(name), value.replace("%", "%%"))
        headers = {**self._fixed, "X-Amz-Date": date}
        if keys.token:
            headers["X-Amz-Security-Token"] = keys.token
        return _Moment(
            second,
            keys,
            canonical,
            f"AWS4-HMAC-SHA256\n{date}\n{scope}\n",
            _Mac(_signing_key(keys.secret_key, date[:8], self._region, self._service)),
            headers,
            f"AWS4-HMAC-SHA256 Credential={keys.access_key}/{scope}, SignedHeaders={self._names}, Signature=",
        )

    def gives(self, expected: Signed, given: Mapping[str, str], keys: Keys) -> bool:
        """Whether ``build`` gives the very request the SDK built from the same values."""
        date = {name.lower(): value for name, value in expected.headers.items()}.get(_DATE, "")
        try:
            at = timegm(strptime(date, _DATE_FORMAT))
        except ValueError:
            return False
        return _comparable(self.build(given, keys, at)) == _comparable(expected)


def hostile_values(slots: Mapping[str, str]) -> list[dict[str, str]]:
    """Values to prove a recipe with; the slots differ, so that none can pass for another."""
    return [{name: text + name for name in slots} for text in HOSTILE]


class _Template:
    """%-templates of texts in which slots stand as their plain values, as does what changes with the time."""

    def __init__(self, slots: Mapping[str, str]) -> None:
        self._slots = slots

    def of(self, text: str) -> str:
        text = text.replace("%", "%%")
        for name in self._slots:
            text = text.replace(PLAIN.format(name), f"%({name})s")
        return text


def _canonical_query(query: str) -> str:
    pairs = [pair.partition("=") for pair in query.split("&")] if query else []
    return "&".join(sorted(f"{name}={value}" for name, _, value in pairs))


def _comparable(request: Signed) -> tuple[object, ...]:
    ignored = ("content-length", "user-agent", _CALL_ID)  # neither signed nor the same twice
    headers = {name.lower(): value for name, value in request.headers.items()}
    return request.method, request.url, request.body, {n: v for n, v in headers.items() if n not in ignored}


_FIRST_CALLS = f"{getrandbits(32):08x}-{getrandbits(16):04x}-4{getrandbits(12):03x}-8{getrandbits(12):03x}"
_LAST_CALL = count(getrandbits(47))
"""Of this process: how its UUIDs begin (RFC 9562, 5.4), and the number that ends the next."""


def _call_id() -> str:
    """A UUID of its own; it names a request, guards nothing, and a random one takes longer than signing."""
    return f"{_FIRST_CALLS}-{next(_LAST_CALL):012x}"


class _Mac:
    """HMAC-SHA-256 (RFC 2104) with one key of at most a block, whose two blocks are hashed once for all messages.

    To hash them anew for each takes longer than the message.
    """

    __slots__ = ("_inner", "_outer")

    def __init__(self, key: bytes) -> None:
        block = key.ljust(_BLOCK, b"\0")
        self._inner = sha256(bytes(byte ^ 0x36 for byte in block))
        self._outer = sha256(bytes(byte ^ 0x5C for byte in block))

    def of(self, message: bytes) -> str:
        """The digest of a message, in hex."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(message)
        outer.update(inner.digest())
        return outer.hexdigest()


def _signing_key(secret_key: str, day: str, region: str, service: str) -> bytes:
    key = f"AWS4{secret_key}".encode()
    for part in (day, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key
