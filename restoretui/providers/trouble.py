"""What it means when an HTTP exchange fails: never sent, or sent and not answered."""

import ssl
from socket import gaierror
from typing import NamedTuple

import aiohttp
from yarl import URL

from restoretui.core.errors import CloudError, ConnectionLost, InvalidRequest, MalformedAnswer, Unreachable
from restoretui.providers.errors import printable
from restoretui.providers.http1 import NotConnected, NotSent
from restoretui.providers.http1_answer import NotHttp


class Settings(NamedTuple):
    """What a person changes when a connection cannot be made, in the cloud's own names."""

    endpoint: str = "--endpoint-url"
    bundle: str = "AWS_CA_BUNDLE"
    service: str = "an S3"


S3_SETTINGS = Settings()


def trouble(error: Exception, url: str, operation: str, settings: Settings = S3_SETTINGS) -> CloudError:
    """What a failed exchange means. The SDK would call most of these "could not connect", sent or not."""
    host = URL(url, encoded=True).authority
    cause = (error.__cause__ if isinstance(error, NotConnected) else None) or error
    detail = printable(getattr(cause, "strerror", None) or str(cause) or type(cause).__name__)
    kind: type[CloudError] = Unreachable
    match cause:
        case aiohttp.ClientConnectorCertificateError() | ssl.SSLCertVerificationError():
            message, hint = (
                f"the certificate of {host} is not trusted: {detail}",
                f"set {settings.bundle} to its CA bundle",
            )
        case aiohttp.ClientSSLError() | ssl.SSLError():
            message, hint = f"no TLS connection to {host}: {detail}", "is it an https endpoint?"
        case aiohttp.ClientProxyConnectionError() | aiohttp.ClientHttpProxyError():
            message, hint = f"the proxy does not lead to {host}: {detail}", "check HTTPS_PROXY and HTTP_PROXY"
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
        case aiohttp.ClientResponseError() | NotHttp():
            kind = MalformedAnswer
            message, hint = (
                f"{host} does not answer in HTTP: {detail}",
                f"is {settings.endpoint} {settings.service} endpoint?",
            )
        case TimeoutError():
            kind = ConnectionLost
            message, hint = f"{host} took the request and did not answer in time", _LOOK
        case _:
            kind = ConnectionLost
            message, hint = f"the connection to {host} broke before an answer: {detail}", _LOOK
    return kind(message, hint, operation=operation)


_LOOK = "what the request did is found out by looking"
