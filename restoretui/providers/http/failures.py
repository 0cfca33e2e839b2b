"""Classifies failed HTTP exchanges: never sent, and safe to repeat, or sent and not answered.

What aiohttp tells of is sorted in ``aiohttp_failures``, since our own connections do without it.
"""

import os
import ssl
from enum import Enum, auto
from socket import gaierror
from typing import NamedTuple
from urllib.parse import urlsplit

from restoretui.core.errors import CloudError, ConnectionLost, InvalidRequest, MalformedAnswer, Unreachable, Untrusted
from restoretui.providers.http.connection_pool import NotConnected, NotSent
from restoretui.providers.http.response_limits import NotHttp, TooLate, TooMuch
from restoretui.providers.http.tls import Trust
from restoretui.providers.wire.refusals import printable


class SettingNames(NamedTuple):
    """The names of a cloud's settings that a person changes when a connection cannot be made; for hints."""

    endpoint: str = "--endpoint-url"
    bundle: str = "AWS_CA_BUNDLE"
    service: str = "an S3"
    trust: Trust = Trust()
    proxy_trust: Trust = Trust()

    def trusting(self, trust: Trust, proxy_trust: Trust) -> "SettingNames":
        """The same, with whose certificates are believed."""
        return self._replace(trust=trust, proxy_trust=proxy_trust)


S3_SETTINGS = SettingNames()


class Sort(Enum):
    """What went wrong, whichever client tells it."""

    TLS = auto()
    NAME = auto()
    CONNECTION = auto()
    ADDRESS = auto()
    UNSENT = auto()
    TOO_MUCH = auto()
    NOT_HTTP = auto()
    TOO_LATE = auto()
    TIMEOUT = auto()
    BROKEN = auto()


def trouble(
    error: Exception, url: str, operation: str, settings: SettingNames = S3_SETTINGS, sort: Sort | None = None
) -> CloudError:
    """What a failed exchange means. The SDK would call most of these "could not connect", sent or not.

    ``sort`` is for errors of a client that only its own adapter knows.
    """
    host = host_of(url)
    cause = (error.__cause__ if isinstance(error, NotConnected) else None) or error
    detail = said(cause)
    not_theirs = f"is {settings.endpoint} {settings.service} endpoint?"
    kind: type[CloudError] = Unreachable
    match sort or _sort(error, cause):
        case Sort.TLS:
            message, hint = no_tls(cause, host, settings.bundle, settings.trust, settings.endpoint)
            kind = kind_of(cause)
        case Sort.NAME:
            message = f"the name {host} cannot be resolved"
            hint = f"check the network, the region and {settings.endpoint}"
        case Sort.CONNECTION:
            message, hint = f"no connection to {host}: {detail}", f"check the network and {settings.endpoint}"
        case Sort.ADDRESS:
            message, hint = f"{host!r} cannot be an endpoint", f"check {settings.endpoint}"
        case Sort.UNSENT:
            kind = InvalidRequest
            message, hint = f"{operation} cannot be asked: {detail}", "check the credentials and the profile"
        case Sort.TOO_MUCH:
            kind = MalformedAnswer
            message, hint = f"the answer of {host} to {operation} is not read to its end: {detail}", not_theirs
        case Sort.NOT_HTTP:
            kind = MalformedAnswer
            message, hint = f"{host} does not answer in HTTP: {detail}", not_theirs
        case Sort.TOO_LATE:
            kind = ConnectionLost
            message, hint = f"{host} took the request and did not answer in time: {detail}", _LOOK
        case Sort.TIMEOUT:
            kind = ConnectionLost
            message, hint = f"{host} took the request and did not answer in time", _LOOK
        case Sort.BROKEN:
            kind = ConnectionLost
            message, hint = f"the connection to {host} broke before an answer: {detail}", _LOOK
    return kind(message, hint, operation=operation)


def host_of(url: str) -> str:
    """Host and port, as they stand in the URL."""
    return urlsplit(url).netloc


def _sort(error: Exception, cause: BaseException) -> Sort:
    match cause:
        case ssl.SSLError():
            return Sort.TLS
        case gaierror() | UnicodeError():
            return Sort.NAME
        case _ if isinstance(error, NotConnected):
            return Sort.CONNECTION
        case NotSent():
            return Sort.UNSENT
        case TooMuch():
            return Sort.TOO_MUCH
        case NotHttp():
            return Sort.NOT_HTTP
        case TooLate():
            return Sort.TOO_LATE
        case TimeoutError():
            return Sort.TIMEOUT
        case _:
            return Sort.BROKEN


_MISNAMED = (62, 64)
"""OpenSSL's X509_V_ERR_HOSTNAME_MISMATCH and X509_V_ERR_IP_ADDRESS_MISMATCH."""
_OUT_OF_TIME = (9, 10)
"""Not yet valid, expired."""
_TOO_OLD = frozenset({"UNSUPPORTED_PROTOCOL", "TLSV1_ALERT_PROTOCOL_VERSION", "NO_PROTOCOLS_AVAILABLE"})


def no_tls(error: BaseException, whose: str, setting: str, trust: Trust, address: str) -> tuple[str, str]:
    """Why there is no TLS connection to ``whose``, and what to change; ``address`` leads there."""
    cause = _inner(error)
    if isinstance(cause, ssl.SSLCertVerificationError):
        message = f"the certificate of {whose} is not trusted: {printable(cause.verify_message).removesuffix('.')}"
        if cause.verify_code in _MISNAMED:
            return message, f"check {address}; if it is right, somebody may stand in between"
        if cause.verify_code in _OUT_OF_TIME:
            return message, "is this machine's clock right? Else whoever runs it has to renew the certificate"
        if trust.told:
            return message, f"{trust.told}: set {setting} to its CA bundle"
        return message, f"set {setting} to its CA bundle"
    if getattr(cause, "reason", "") in _TOO_OLD:
        return f"no TLS connection to {whose}: it speaks only an old version", "TLS 1.2 is the least that is used"
    return f"no TLS connection to {whose}: {said(cause)}", "is it an https endpoint?"


def kind_of(error: BaseException) -> type[Unreachable]:
    """What the lack of a connection is: a certificate that is not believed is a kind of its own."""
    return Untrusted if isinstance(_inner(error), ssl.SSLCertVerificationError) else Unreachable


def _inner(error: BaseException) -> BaseException:
    return getattr(error, "certificate_error", None) or getattr(error, "os_error", None) or error


def said(error: BaseException) -> str:
    """The cause in the system's words, or in ours where it has none."""
    inner: BaseException = getattr(error, "os_error", None) or error
    words = getattr(inner, "strerror", None) or str(inner)
    if words.startswith("Connect call failed") and isinstance(inner, OSError) and inner.errno:
        words = os.strerror(inner.errno)  # asyncio says where to, not why not
    if not words:
        words = "it was cut off" if isinstance(inner, ConnectionError) else type(inner).__name__
    return printable(words)


_LOOK = "what the request did is found out by looking"
