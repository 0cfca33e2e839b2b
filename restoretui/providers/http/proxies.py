"""Proxy settings of the environment: HTTPS_PROXY, HTTP_PROXY, and NO_PROXY for what goes past them."""

import os
import sys
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from restoretui.core.errors import Unreachable, UsageError

_SCHEMES = ("http", "https")
_ASKED = ("darwin", "win32")
"""Systems that have settings of their own, beside the environment's."""


class Proxy(NamedTuple):
    """One proxy."""

    url: str
    """With user and password, if it wants them; not for people's eyes."""
    name: str
    """Its URL without them."""
    source: str
    """What named it: ``HTTPS_PROXY``."""

    @property
    def place(self) -> tuple[str, int]:
        """Host and port."""
        parts = urlsplit(self.url)
        return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)

    @property
    def has_user(self) -> bool:
        """Its URL holds a user."""
        return bool(urlsplit(self.url).username)


class Proxies:
    """Which proxy a request goes through; asked once for each origin. In the shape the SDK's sessions expect."""

    settings: Mapping[str, str] = {}

    def __init__(self) -> None:
        self._by_origin: dict[str, Proxy | None] = {}

    def of(self, url: str) -> Proxy | None:
        """The proxy between here and ``url``; None: there is none. ``Unreachable`` when it cannot be used."""
        origin = url[:end] if (end := url.find("/", len("https://"))) > 0 else url
        try:
            return self._by_origin[origin]
        except KeyError:
            found = self._by_origin[origin] = find_proxy(origin)
            return found

    def check(self, url: str) -> None:
        """``UsageError`` when ``url`` would go through a proxy that cannot be used."""
        try:
            self.of(url)
        except Unreachable as error:
            raise UsageError(str(error), error.hint) from None

    def proxy_url_for(self, url: str) -> str | None:
        """As the SDK asks."""
        proxy = self.of(url)
        return proxy.url if proxy else None

    def proxy_headers_for(self, url: str) -> dict[str, str]:
        """As the SDK asks; the HTTP client takes user and password from the proxy's URL."""
        return {}


class NoProxies(Proxies):
    """The null object of ``Proxies``: for what is always asked directly, such as a container's own metadata."""

    def of(self, url: str) -> Proxy | None:
        """None, always."""
        return None


def find_proxy(url: str) -> Proxy | None:
    """What the environment says of ``url`` now. ``Unreachable`` for a proxy of a kind that cannot be used."""
    if sys.platform not in _ASKED and not any(name.lower().endswith("_proxy") for name in os.environ):
        return None
    from urllib.request import getproxies, proxy_bypass  # which brings an HTTP client of its own

    parts = urlsplit(url)
    given = getproxies().get(parts.scheme, "").strip()
    if not given or proxy_bypass(parts.netloc):
        return None
    variable = f"{parts.scheme}_proxy"
    source = variable if variable in os.environ else variable.upper()
    full = given if "://" in given else f"http://{given.removeprefix('//')}"
    try:
        proxy = urlsplit(full)
        host, port = proxy.hostname, proxy.port
    except ValueError:
        host, port = None, None
        proxy = None
    if proxy is None or not host:
        # It may hold a password, so that it is not shown.
        raise Unreachable(f"{source} names no proxy that can be meant", f"it is written {source}=http://HOST:PORT")
    name = f"{proxy.scheme}://{f'[{host}]' if ':' in host else host}{f':{port}' if port else ''}"
    if proxy.scheme not in _SCHEMES:
        kind = "SOCKS" if proxy.scheme.startswith("socks") else proxy.scheme
        raise Unreachable(
            f"{source} names {name}: a proxy that speaks {kind} cannot be used",
            f"set {source} to an http:// or https:// proxy, or name {parts.hostname} in NO_PROXY",
        )
    return Proxy(full, name, source)
