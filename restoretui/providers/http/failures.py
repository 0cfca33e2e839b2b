"""Classifies failed HTTP exchanges: never sent, and safe to repeat, or sent and not answered."""

import os
import ssl
from socket import gaierror
from typing import NamedTuple

import aiohttp
from yarl import URL

from restoretui.core.errors import CloudError, ConnectionLost, InvalidRequest, MalformedAnswer, Unreachable
from restoretui.providers.http.connection_pool import NotConnected, NotSent
from restoretui.providers.http.proxy_tunnels import WANTS_PASSWORD, NoTunnel
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


def trouble(error: Exception, url: str, operation: str, settings: SettingNames = S3_SETTINGS) -> CloudError:
    """What a failed exchange means. The SDK would call most of these "could not connect", sent or not."""
    host = URL(url, encoded=True).authority
    if isinstance(error, NoTunnel):
        message, hint = _on_the_way(error, host, settings)
        return Unreachable(message, hint, operation=operation)
    cause = (error.__cause__ if isinstance(error, NotConnected) else None) or error
    detail = _said(cause)
    kind: type[CloudError] = Unreachable
    match cause:
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientSSLError() | ssl.SSLError():
            message, hint = _no_tls(cause, host, settings.bundle, settings.trust, settings.endpoint)
        case aiohttp.ClientConnectorDNSError() | gaierror() | UnicodeError():
            message, hint = (
                f"the name {host} cannot be resolved",
                f"check the network, the region and {settings.endpoint}",
            )
        case _ if isinstance(error, NotConnected | aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError):
            message, hint = f"no connection to {host}: {detail}", f"check the network and {settings.endpoint}"
        case aiohttp.InvalidURL():
            message, hint = f"{host!r} cannot be an endpoint", f"check {settings.endpoint}"
        case NotSent():
            kind = InvalidRequest
            message, hint = f"{operation} cannot be asked: {detail}", "check the credentials and the profile"
        case TooMuch():
            kind = MalformedAnswer
            message, hint = (
                f"the answer of {host} to {operation} is not read to its end: {detail}",
                f"is {settings.endpoint} {settings.service} endpoint?",
            )
        case aiohttp.ClientResponseError() | NotHttp():
            kind = MalformedAnswer
            message, hint = (
                f"{host} does not answer in HTTP: {detail}",
                f"is {settings.endpoint} {settings.service} endpoint?",
            )
        case TooLate():
            kind = ConnectionLost
            message, hint = f"{host} took the request and did not answer in time: {detail}", _LOOK
        case TimeoutError():
            kind = ConnectionLost
            message, hint = f"{host} took the request and did not answer in time", _LOOK
        case _:
            kind = ConnectionLost
            message, hint = f"the connection to {host} broke before an answer: {detail}", _LOOK
    return kind(message, hint, operation=operation)


_MISNAMED = (62, 64)
"""OpenSSL's X509_V_ERR_HOSTNAME_MISMATCH and X509_V_ERR_IP_ADDRESS_MISMATCH."""
_OUT_OF_TIME = (9, 10)
"""Not yet valid, expired."""
_TOO_OLD = frozenset({"UNSUPPORTED_PROTOCOL", "TLSV1_ALERT_PROTOCOL_VERSION", "NO_PROTOCOLS_AVAILABLE"})


def _no_tls(error: BaseException, whose: str, setting: str, trust: Trust, address: str) -> tuple[str, str]:
    """Why there is no TLS connection to ``whose``, and what to change; ``address`` leads there."""
    cause: BaseException = getattr(error, "certificate_error", None) or getattr(error, "os_error", None) or error
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
    return f"no TLS connection to {whose}: {_said(cause)}", "is it an https endpoint?"


def _on_the_way(error: NoTunnel, host: str, settings: SettingNames) -> tuple[str, str]:
    """Why a proxy did not lead to ``host``, and what to change."""
    proxy, cause = error.proxy, error.__cause__ or error
    check = f"check {proxy.source}, or name {host} in NO_PROXY"
    if isinstance(cause, aiohttp.ClientSSLError | aiohttp.ClientConnectorCertificateError | ssl.SSLError):
        if (getattr(cause, "host", ""), getattr(cause, "port", 0)) == proxy.place:
            return _no_tls(cause, f"the proxy {proxy.name}", "proxy_ca_bundle", settings.proxy_trust, proxy.source)
        return _no_tls(cause, host, settings.bundle, settings.trust, settings.endpoint)
    if error.status == WANTS_PASSWORD:
        if proxy.has_user:
            return (
                f"the proxy {proxy.name} does not accept the user and password in {proxy.source}",
                f"correct them in {proxy.source}",
            )
        return (
            f"the proxy {proxy.name} wants a user and a password",
            f"write them into {proxy.source}, as in http://USER:PASSWORD@HOST:PORT",
        )
    if error.status:
        said = f"{error.status} {printable(getattr(cause, 'message', ''))}".strip()
        return f"the proxy {proxy.name} does not lead to {host}: it answers {said}", check
    if isinstance(cause, TimeoutError):
        return f"the proxy {proxy.name} does not lead to {host} in time", check
    if isinstance(cause, aiohttp.ClientConnectorDNSError):
        return f"the name of the proxy {proxy.name} cannot be resolved", check
    if isinstance(cause, aiohttp.ClientProxyConnectionError):
        return f"the proxy {proxy.name} cannot be reached: {_said(cause)}", check
    if isinstance(cause, aiohttp.ClientConnectorError):
        return f"no TLS connection to {host} through the proxy {proxy.name}: {_said(cause)}", check
    return f"the proxy {proxy.name} hung up before it led to {host}: {_said(cause)}", check


def _said(error: BaseException) -> str:
    """The cause in the system's words, or in ours where it has none."""
    inner: BaseException = getattr(error, "os_error", None) or error
    said = getattr(inner, "strerror", None) or str(inner)
    if said.startswith("Connect call failed") and isinstance(inner, OSError) and inner.errno:
        said = os.strerror(inner.errno)  # asyncio says where to, not why not
    if not said:
        said = "it was cut off" if isinstance(inner, ConnectionError) else type(inner).__name__
    return printable(said)


_LOOK = "what the request did is found out by looking"
