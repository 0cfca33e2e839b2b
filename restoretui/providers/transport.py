"""The wire: one HTTP exchange per call, over the SDK's own connection settings (proxies, CA bundle, timeouts, pool).

What goes straight to the endpoint goes through ``providers.http1``; aiohttp, as the SDK sets it up, takes the rest.

Imports the SDK; only ``providers.sdk`` may import this module.
"""

import ssl
from io import BytesIO
from typing import Any, NoReturn

import aiohttp
from aiobotocore.httpsession import AIOHTTPSession
from botocore.httpsession import create_urllib3_context, get_cert_path
from yarl import URL

from restoretui.providers.http1 import Connections, NotSent
from restoretui.providers.http1_answer import NotHttp
from restoretui.providers.http1_answer import Reply as Reply
from restoretui.providers.recipes import Signed
from restoretui.providers.trouble import trouble

_LARGE = 2**18


class Ready(Exception):
    """A request the SDK built and signed, on its way to ``Transport.send``, which never sends."""

    def __init__(self, request: Signed, transport: "Transport") -> None:
        super().__init__(request.method)
        self.request = request
        self.transport = transport


class Transport(AIOHTTPSession):
    """The SDK's HTTP session, with sending taken out of the SDK's hands.

    The SDK builds and signs; ``send`` stops it there, so that retries, redirects and parsing stay ours and a request
    leaves exactly once, by ``exchange``.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Clients are made beside the event loop: the CA bundle is read there, not at the first connection.
        self._proxies: dict[str, tuple[str | None, dict[str, str]]] = {}
        self._ready_context = self._load_certificates() if self._verify else None
        timeout: Any = self._timeout
        self._direct = Connections(
            self._max_pool_connections, timeout.sock_connect, timeout.sock_read, self._ready_context
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

    def _load_certificates(self) -> ssl.SSLContext:
        context: ssl.SSLContext = create_urllib3_context()
        if self._cert_file:
            context.load_cert_chain(self._cert_file, self._key_file)
        if bundle := get_cert_path(self._verify):
            context.load_verify_locations(bundle, None, None)
        return context

    def _create_connector(self, proxy_url: str | None) -> aiohttp.TCPConnector:
        if proxy_url or self._ready_context is None:
            connector: aiohttp.TCPConnector = super()._create_connector(proxy_url)  # type: ignore[no-untyped-call]
            return connector
        return aiohttp.TCPConnector(
            limit=self._max_pool_connections, ssl=self._ready_context, **(self._connector_args or {})
        )

    async def exchange(self, request: Signed, operation: str) -> Reply:
        """Send one request, once, and read its answer.

        Raises ``Unreachable`` when nothing was sent, ``ConnectionLost`` when the answer is missing, and
        ``MalformedAnswer`` when it is not HTTP.
        """
        proxy, proxy_headers = self._proxy(request.url)
        headers = {**request.headers, "Accept-Encoding": "identity"}
        try:
            if proxy is None and self._ready_context is not None and len(request.body) <= _LARGE:
                return await self._direct.exchange(request.method, request.url, headers, request.body)
            session = await self._get_session(proxy)  # type: ignore[no-untyped-call]
            async with session.request(
                request.method,
                URL(request.url, encoded=True),
                headers=headers,
                data=_content(request.body),
                allow_redirects=False,
                proxy=proxy,
                proxy_headers=proxy_headers or None,
            ) as response:
                content = await response.read()
                return Reply(response.status, _plain(response.raw_headers), content)
        except (aiohttp.ClientError, OSError, NotHttp, NotSent) as error:
            raise trouble(error, request.url, operation) from error

    def _proxy(self, url: str) -> tuple[str | None, dict[str, str]]:
        origin = url[: url.find("/", len("https://"))]
        if origin not in self._proxies:
            config = self._proxy_config
            self._proxies[origin] = config.proxy_url_for(url), config.proxy_headers_for(url)
        return self._proxies[origin]


def _content(body: bytes) -> bytes | BytesIO | None:
    """Large ones are sent in pieces, so that the event loop is not held up."""
    return BytesIO(body) if len(body) > _LARGE else body or None


def _plain(raw: tuple[tuple[bytes, bytes], ...]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in raw:
        field, text = name.decode("ascii", "replace").lower(), value.decode("utf-8", "replace")
        headers[field] = f"{headers[field]}, {text}" if field in headers else text
    return headers
