"""The way of requests that our own connections do not take: the SDK's HTTP client, over aiohttp.

Imports the SDK; only ``s3.client.transport`` may import this module, and only when such a request comes.
"""

from io import BytesIO
from typing import Any

import aiohttp
from aiobotocore.httpsession import AIOHTTPSession
from yarl import URL

from restoretui.core.provider import Limits
from restoretui.providers.http.aiohttp_failures import trouble
from restoretui.providers.http.failures import S3_SETTINGS
from restoretui.providers.http.proxies import Proxies, Proxy
from restoretui.providers.http.proxy_tunnels import refuse_without_password
from restoretui.providers.http.response import HttpResponse
from restoretui.providers.http.response_limits import NotHttp, gather, in_time
from restoretui.providers.http.tls import Tls
from restoretui.providers.s3.client.sdk_http import VerifiedHttp
from restoretui.providers.s3.client.signing import Signed

_PIECEWISE = 2**18
"""Bytes of a body from which on it is sent in pieces, so that the event loop is not held up."""


class Detour(VerifiedHttp):
    """One client's connections of that kind."""

    def __init__(self, limits: Limits, tls: Tls, proxies: Proxies) -> None:
        seconds: Any = (limits.connect_s, limits.read_s)
        super().__init__(AIOHTTPSession(timeout=seconds, max_pool_connections=limits.connections), tls, proxies)
        self._settings = S3_SETTINGS.trusting(tls.trust, tls.proxy_trust)

    async def exchange(self, request: Signed, operation: str, proxy: Proxy | None) -> HttpResponse:
        """See ``Transport.exchange``."""
        try:
            way = proxy.url if proxy else None
            session = await self._get_session(way)  # type: ignore[no-untyped-call]
            # By itself aiohttp sends a PUT twice whose connection was lost, and a copy would be made twice.
            session._retry_connection = False  # noqa: SLF001 - it has no other switch
            asking = session.request(
                request.method,
                URL(request.url, encoded=True),
                headers=request.headers,
                data=BytesIO(request.body) if len(request.body) > _PIECEWISE else request.body or None,
                allow_redirects=False,
                proxy=way,
            )
            async with in_time(len(request.body)), asking as response:
                refuse_without_password(response.status, proxy)
                content = await gather(response.content.iter_any())
                return HttpResponse(response.status, _plain(response.raw_headers), content)
        except (aiohttp.ClientError, OSError, NotHttp) as error:
            raise trouble(error, request.url, operation, self._settings) from error

    async def aclose(self) -> None:
        """Close every connection."""
        await self.close()  # type: ignore[no-untyped-call]


def _plain(raw: tuple[tuple[bytes, bytes], ...]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in raw:
        field, text = name.decode("ascii", "replace").lower(), value.decode("utf-8", "replace")
        headers[field] = f"{headers[field]}, {text}" if field in headers else text
    return headers
