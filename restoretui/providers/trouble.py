"""What it means when an HTTP exchange fails: never sent, or sent and not answered."""

from typing import NamedTuple

import aiohttp
from yarl import URL

from restoretui.core.errors import CloudError, ConnectionLost, MalformedAnswer, Unreachable
from restoretui.providers.errors import printable


class Settings(NamedTuple):
    """What a person changes when a connection cannot be made, in the cloud's own names."""

    endpoint: str = "--endpoint-url"
    bundle: str = "AWS_CA_BUNDLE"
    service: str = "an S3"


S3_SETTINGS = Settings()


def trouble(error: Exception, url: str, operation: str, settings: Settings = S3_SETTINGS) -> CloudError:
    """What a failed exchange means. The SDK would call most of these "could not connect", sent or not."""
    host = URL(url, encoded=True).authority
    detail = printable(getattr(error, "strerror", None) or str(error) or type(error).__name__)
    kind: type[CloudError] = Unreachable
    match error:
        case aiohttp.ClientConnectorCertificateError():
            message, hint = (
                f"the certificate of {host} is not trusted: {detail}",
                f"set {settings.bundle} to its CA bundle",
            )
        case aiohttp.ClientSSLError():
            message, hint = f"no TLS connection to {host}: {detail}", "is it an https endpoint?"
        case aiohttp.ClientProxyConnectionError() | aiohttp.ClientHttpProxyError():
            message, hint = f"the proxy does not lead to {host}: {detail}", "check HTTPS_PROXY and HTTP_PROXY"
        case aiohttp.ClientConnectorDNSError():
            message, hint = (
                f"the name {host} cannot be resolved",
                f"check the network, the region and {settings.endpoint}",
            )
        case aiohttp.ClientConnectorError() | aiohttp.ConnectionTimeoutError():
            message, hint = f"no connection to {host}: {detail}", f"check the network and {settings.endpoint}"
        case aiohttp.InvalidURL():
            message, hint = f"{host!r} cannot be an endpoint", f"check {settings.endpoint}"
        case aiohttp.ClientResponseError():
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
