"""The HTTP transport: one exchange per call, over the SDK's own settings (proxies, CA bundle, timeouts, pool size).

What goes straight to the endpoint goes through ``http.connection_pool``; aiohttp, as the SDK sets it up, takes the
rest, and takes everything where ``RESTORETUI_HTTP`` is ``sdk``.

Imports the SDK; only ``s3.client.sdk`` may import this module.
"""

from io import BytesIO
from typing import Any, NoReturn

import aiohttp
from aiobotocore.httpsession import AIOHTTPSession
from yarl import URL

from restoretui.core.network.http_client import HttpClient
from restoretui.providers.http.connection_pool import ConnectionPool, NotSent
from restoretui.providers.http.failures import S3_SETTINGS, trouble
from restoretui.providers.http.proxies import Proxies
from restoretui.providers.http.proxy_tunnels import refuse_without_password
from restoretui.providers.http.response import HttpResponse as HttpResponse
from restoretui.providers.http.response import NotHttp
from restoretui.providers.http.response_limits import gather, in_time
from restoretui.providers.http.tls import Tls
from restoretui.providers.s3.client.sdk_http import VerifiedHttp
from restoretui.providers.s3.client.signing import Signed

_LARGE = 2**18


class Ready(Exception):
    """A request the SDK built and signed, on its way to ``Transport.send``, which never sends."""

    def __init__(self, request: Signed, transport: "Transport") -> None:
        super().__init__(request.method)
        self.request = request
        self.transport = transport


class Transport(VerifiedHttp):
    """The SDK's HTTP session, with sending taken out of the SDK's hands.

    The SDK builds and signs; ``send`` stops it there, so that retries, redirects and parsing stay ours and a request
    leaves exactly once, by ``exchange``.
    """

    def __init__(self, stock: AIOHTTPSession, tls: Tls, proxies: Proxies, http: HttpClient) -> None:
        super().__init__(stock, tls, proxies)
        self._settings = S3_SETTINGS.trusting(tls.trust, tls.proxy_trust)
        timeout: Any = self._timeout
        self._direct: ConnectionPool | None = None
        if http is HttpClient.OWN:
            self._direct = ConnectionPool(
                self._max_pool_connections, timeout.sock_connect, timeout.sock_read, tls.context
            )
            self._exit_stack.push_async_callback(self._direct.aclose)

    async def send(self, request: Any) -> NoReturn:
        headers = {
            name: value.decode() if isinstance(value, bytes) else str(value)
            for name, value in request.headers.items()
        }
        body = request.body.read() if hasattr(request.body, "read") else request.body or b""
        whole = body.encode() if isinstance(body, str) else bytes(body)
        raise Ready(Signed(request.method, request.url, headers, whole), self)

    async def exchange(self, request: Signed, operation: str) -> HttpResponse:
        """Send one request, once, and read its answer.

        Raises ``Unreachable`` when nothing was sent, ``ConnectionLost`` when the answer is missing, and
        ``MalformedAnswer`` when it is not HTTP.
        """
        proxy = self._proxies.of(request.url)
        headers = {**request.headers, "Accept-Encoding": "identity"}
        try:
            if self._direct is not None and proxy is None and len(request.body) <= _LARGE:
                return await self._direct.exchange(request.method, request.url, headers, request.body)
            way = proxy.url if proxy else None
            session = await self._get_session(way)  # type: ignore[no-untyped-call]
            asking = session.request(
                request.method,
                URL(request.url, encoded=True),
                headers=headers,
                data=_content(request.body),
                allow_redirects=False,
                proxy=way,
            )
            async with in_time(len(request.body)), asking as response:
                refuse_without_password(response.status, proxy)
                content = await gather(response.content.iter_any())
                return HttpResponse(response.status, _plain(response.raw_headers), content)
        except (aiohttp.ClientError, OSError, NotHttp, NotSent) as error:
            raise trouble(error, request.url, operation, self._settings) from error


def _content(body: bytes) -> bytes | BytesIO | None:
    """Large ones are sent in pieces, so that the event loop is not held up."""
    return BytesIO(body) if len(body) > _LARGE else body or None


def _plain(raw: tuple[tuple[bytes, bytes], ...]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in raw:
        field, text = name.decode("ascii", "replace").lower(), value.decode("utf-8", "replace")
        headers[field] = f"{headers[field]}, {text}" if field in headers else text
    return headers
