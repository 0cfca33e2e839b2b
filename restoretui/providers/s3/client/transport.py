"""The HTTP transport: one exchange per call.

What goes straight to the endpoint goes through ``http.connection_pool``; the SDK's own client takes the rest (proxies
and large bodies), and everything where ``RESTORETUI_HTTP`` is ``sdk``. It is loaded when it is first needed.
"""

import asyncio
from typing import TYPE_CHECKING, Any, NoReturn

from restoretui.core.network.http_client import HttpClient
from restoretui.core.provider import Limits
from restoretui.providers.http.connection_pool import ConnectionPool, NotSent
from restoretui.providers.http.failures import S3_SETTINGS, trouble
from restoretui.providers.http.proxies import Proxies, Proxy
from restoretui.providers.http.response import HttpResponse as HttpResponse
from restoretui.providers.http.response import NotHttp
from restoretui.providers.http.tls import Tls
from restoretui.providers.s3.client.signing import Signed
from restoretui.providers.threads import run_in_thread

if TYPE_CHECKING:
    from restoretui.providers.s3.client.detour import Detour

_LARGE = 2**18


class Ready(Exception):
    """A request the SDK built and signed, on its way to ``Transport.send``, which never sends."""

    def __init__(self, request: Signed, transport: "Transport") -> None:
        super().__init__(request.method)
        self.request = request
        self.transport = transport


class Transport:
    """In the place of the HTTP client of one of the SDK's clients, with sending taken out of the SDK's hands.

    The SDK builds and signs; ``send`` stops it there, so that retries, redirects and parsing stay ours and a request
    leaves exactly once, by ``exchange``.
    """

    def __init__(self, limits: Limits, tls: Tls, proxies: Proxies, http: HttpClient) -> None:
        self._limits = limits
        self._tls = tls
        self._proxies = proxies
        self._settings = S3_SETTINGS.trusting(tls.trust, tls.proxy_trust)
        self._direct: ConnectionPool | None = None
        if http is HttpClient.OWN:
            self._direct = ConnectionPool(limits.connections, limits.connect_s, limits.read_s, tls.context)
        self._detour: Detour | None = None
        self._one_at_a_time = asyncio.Lock()

    def send(self, request: Any) -> NoReturn:
        """As the SDK calls it: raises ``Ready``, always."""
        headers = {
            name: value.decode() if isinstance(value, bytes) else str(value)
            for name, value in request.headers.items()
        }
        headers["Accept-Encoding"] = "identity"
        body = request.body.read() if hasattr(request.body, "read") else request.body or b""
        whole = body.encode() if isinstance(body, str) else bytes(body)
        raise Ready(Signed(request.method, request.url, headers, whole), self)

    async def exchange(self, request: Signed, operation: str) -> HttpResponse:
        """Send one request, once, and read its answer.

        Raises ``Unreachable`` when nothing was sent, ``ConnectionLost`` when the answer is missing, and
        ``MalformedAnswer`` when it is not HTTP.
        """
        proxy = self._proxies.of(request.url)
        if self._direct is None or proxy is not None or len(request.body) > _LARGE:
            return await self._around(request, operation, proxy)
        try:
            return await self._direct.exchange(
                request.method, request.url, request.own, request.body, common=request.common
            )
        except (OSError, NotHttp, NotSent) as error:
            raise trouble(error, request.url, operation, self._settings) from error

    async def _around(self, request: Signed, operation: str, proxy: Proxy | None) -> HttpResponse:
        async with self._one_at_a_time:
            if self._detour is None:
                self._detour = await run_in_thread(self._open_detour, "restoretui-detour")
        return await self._detour.exchange(request, operation, proxy)

    async def _open_detour(self) -> "Detour":
        """Beside the event loop: what it imports takes its time."""
        from restoretui.providers.s3.client.detour import Detour

        return Detour(self._limits, self._tls, self._proxies)

    async def aclose(self) -> None:
        """Close every connection."""
        if self._direct is not None:
            await self._direct.aclose()
        if self._detour is not None:
            await self._detour.aclose()
