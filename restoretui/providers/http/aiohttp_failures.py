"""What aiohttp's errors mean, those on the way through a proxy among them; see ``failures``."""

import ssl

import aiohttp

from restoretui.core.errors import CloudError
from restoretui.providers.http import failures
from restoretui.providers.http.failures import S3_SETTINGS, SettingNames, Sort, host_of, no_tls, said
from restoretui.providers.http.proxy_tunnels import WANTS_PASSWORD, NoTunnel
from restoretui.providers.wire.refusals import printable


def trouble(error: Exception, url: str, operation: str, settings: SettingNames = S3_SETTINGS) -> CloudError:
    """As ``failures.trouble``, for an exchange that aiohttp may have carried."""
    if isinstance(error, NoTunnel):
        message, hint = _on_the_way(error, host_of(url), settings)
        return failures.kind_of(error.__cause__ or error)(message, hint, operation=operation)
    return failures.trouble(error, url, operation, settings, _sort(error))


def _sort(error: Exception) -> Sort | None:
    """None for what is no error of aiohttp's."""
    match error:
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientSSLError():
            return Sort.TLS
        case aiohttp.ClientConnectorDNSError():
            return Sort.NAME
        case aiohttp.ClientConnectorError() | aiohttp.ConnectionTimeoutError():
            return Sort.CONNECTION
        case aiohttp.InvalidURL():
            return Sort.ADDRESS
        case aiohttp.ClientResponseError():
            return Sort.NOT_HTTP
        case _:
            return None


def _on_the_way(error: NoTunnel, host: str, settings: SettingNames) -> tuple[str, str]:
    """Why a proxy did not lead to ``host``, and what to change."""
    proxy, cause = error.proxy, error.__cause__ or error
    check = f"check {proxy.source}, or name {host} in NO_PROXY"
    if isinstance(cause, aiohttp.ClientSSLError | aiohttp.ClientConnectorCertificateError | ssl.SSLError):
        if (getattr(cause, "host", ""), getattr(cause, "port", 0)) == proxy.place:
            return no_tls(cause, f"the proxy {proxy.name}", "proxy_ca_bundle", settings.proxy_trust, proxy.source)
        return no_tls(cause, host, settings.bundle, settings.trust, settings.endpoint)
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
        answer = f"{error.status} {printable(getattr(cause, 'message', ''))}".strip()
        return f"the proxy {proxy.name} does not lead to {host}: it answers {answer}", check
    if isinstance(cause, TimeoutError):
        return f"the proxy {proxy.name} does not lead to {host} in time", check
    if isinstance(cause, aiohttp.ClientConnectorDNSError):
        return f"the name of the proxy {proxy.name} cannot be resolved", check
    if isinstance(cause, aiohttp.ClientProxyConnectionError):
        return f"the proxy {proxy.name} cannot be reached: {said(cause)}", check
    if isinstance(cause, aiohttp.ClientConnectorError):
        return f"no TLS connection to {host} through the proxy {proxy.name}: {said(cause)}", check
    return f"the proxy {proxy.name} hung up before it led to {host}: {said(cause)}", check
