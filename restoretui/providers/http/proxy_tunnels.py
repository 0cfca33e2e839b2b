"""CONNECT tunnels: aiohttp's connector, always verifying, with one time limit for the whole way through a proxy.

Whatever goes wrong on the way through a proxy is ``NoTunnel``: then nothing was sent, which aiohttp's own errors do
not tell.
"""

import asyncio
import ssl
from contextvars import ContextVar
from typing import Any

import aiohttp

from restoretui.providers.http.proxies import Proxies, Proxy
from restoretui.providers.http.tls import Tls

WANTS_PASSWORD = 407
_on_the_way: ContextVar[bool] = ContextVar("through a proxy", default=False)


class NoTunnel(aiohttp.ClientConnectionError):
    """No connection through the proxy, so nothing was sent; the cause says why."""

    def __init__(self, proxy: Proxy, status: int = 0) -> None:
        super().__init__(f"no connection through {proxy.name}")
        self.proxy = proxy
        self.status = status
        """What the proxy answered, if it did."""


class Connector(aiohttp.TCPConnector):
    """aiohttp's connection pool, with TLS contexts and proxies of ours."""

    def __init__(self, tls: Tls | None, proxies: Proxies, connect_s: float, **options: Any) -> None:
        """``connect_s`` is for TCP, the proxy's answer and TLS together; ``tls`` is None where none is to be met."""
        super().__init__(ssl=tls.context if tls else True, **options)
        self._tls = tls
        self._found = proxies
        self._connect_s = connect_s

    async def _create_proxy_connection(self, req: Any, *args: Any, **options: Any) -> Any:
        proxy = self._found.of(str(req.url)) or Proxy(str(req.proxy), f"to {req.host}", "HTTPS_PROXY")
        before = _on_the_way.set(True)
        try:
            async with asyncio.timeout(self._connect_s):  # aiohttp waits for the proxy's answer without end
                return await super()._create_proxy_connection(req, *args, **options)
        except (aiohttp.ClientError, OSError) as error:
            raise NoTunnel(proxy, getattr(error, "status", 0)) from _told_by(error)
        finally:
            _on_the_way.reset(before)

    def _get_ssl_context(self, req: Any) -> ssl.SSLContext | None:
        # aiohttp has one context for a proxy and for what lies behind it; the request to the proxy names no proxy.
        if self._tls is not None and req.is_ssl() and _on_the_way.get() and getattr(req, "proxy", None) is None:
            return self._tls.to_proxy
        return super()._get_ssl_context(req)


def _told_by(error: BaseException) -> BaseException:
    """The TLS error within, where asyncio stumbled over it: within another TLS connection it cannot end one."""
    inner: BaseException | None = error
    while inner is not None and not isinstance(error, aiohttp.ClientSSLError | aiohttp.ClientConnectorError):
        if isinstance(inner, ssl.SSLError):
            return inner
        inner = inner.__cause__ or inner.__context__
    return error


def refuse_without_password(status: int, proxy: Proxy | None) -> None:
    """Raise ``NoTunnel`` for a proxy's own refusal to carry a request that needs no tunnel."""
    if status == WANTS_PASSWORD and proxy is not None:
        raise NoTunnel(proxy, status)
