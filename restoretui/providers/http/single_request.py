"""One request to something that belongs to no cloud's connection, verified and through proxies as everything else."""

import asyncio
import os
from collections.abc import Mapping

import aiohttp
from yarl import URL

from restoretui.providers.http.aiohttp_failures import trouble
from restoretui.providers.http.connection_pool import ConnectionPool, NotSent
from restoretui.providers.http.failures import SettingNames
from restoretui.providers.http.proxies import Proxies
from restoretui.providers.http.proxy_tunnels import Connector, refuse_without_password
from restoretui.providers.http.response import HttpResponse, NotHttp
from restoretui.providers.http.response_limits import gather, in_time
from restoretui.providers.http.tls import make_tls, trust_of

CONNECT_S, READ_S = 15.0, 30.0
_HEADERS = {"Accept": "*/*", "Accept-Encoding": "identity", "User-Agent": "restoretui"}


async def get(url: str, operation: str, setting: str) -> HttpResponse:
    """The whole answer to a GET; see ``send``."""
    return await send("GET", url, operation, setting)


async def send(
    method: str, url: str, operation: str, setting: str, headers: Mapping[str, str] | None = None, body: bytes = b""
) -> HttpResponse:
    """The whole answer, within ``response_limits``; no redirect is followed.

    ``setting`` is what names the server, for hints. Raises the ``CloudError`` that the exchange ended in.
    """
    given = {**_HEADERS, **(headers or {})}
    tls = await asyncio.to_thread(lambda: make_tls(trust_of(os.environ)))
    proxies = Proxies()
    proxy = proxies.of(url)
    names = SettingNames(endpoint=setting, service="the").trusting(tls.trust, tls.proxy_trust)
    try:
        if proxy is None:
            pool = ConnectionPool(1, CONNECT_S, READ_S, tls.context)
            try:
                return await pool.exchange(method, url, given, body)
            finally:
                await pool.aclose()
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S, sock_read=READ_S)
        connector = Connector(tls, proxies, CONNECT_S)
        async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
            asking = session.request(
                method, URL(url, encoded=True), headers=given, data=body or None, allow_redirects=False,
                proxy=proxy.url,
            )  # fmt: skip
            async with in_time(len(body)), asking as response:
                refuse_without_password(response.status, proxy)
                return HttpResponse(response.status, {}, await gather(response.content.iter_any()))
    except (aiohttp.ClientError, OSError, NotHttp, NotSent) as error:
        raise trouble(error, url, operation, names) from error
