"""What an endpoint may be, and which are the vendor's own: equal bucket names of two stores are told apart by it."""

import re
from urllib.parse import urlsplit

from restoretui.core.errors import UsageError
from restoretui.core.network.partitions import is_in_a_partition

_REGIONAL = re.compile(r"(?:oss-([a-z0-9-]+?)(-internal)?|([a-z0-9-]+)\.oss)\.aliyuncs\.com(?:\.cn)?")
_WORLDWIDE = ("accelerate", "accelerate-overseas")


def check_endpoint(endpoint: str, source: str, *, bare: bool = False) -> str:
    """``endpoint`` itself; ``UsageError`` for what is none, and for one that carries more than a place.

    It is written to the ledger and shown, so there must be nothing secret in it: no user name, password or query.
    What is refused is never repeated, only where it came from. ``bare``: it may lack its scheme, as OSS's may.
    """
    form = "write it as https://HOST or https://HOST:PORT"
    if "@" in endpoint:
        raise UsageError(
            f"the endpoint from {source} holds a user name or password, which do not belong there",
            f"{form}; credentials come from the environment or a profile",
        )
    if "?" in endpoint or "#" in endpoint:
        raise UsageError(f"the endpoint from {source} holds a query or fragment, which do not belong there", form)
    if not all(char.isprintable() and char not in " \\" for char in endpoint):
        raise UsageError(f"the endpoint from {source} holds characters that no URL has", form)
    scheme, found, _ = endpoint.partition("://")
    if not found and not bare:
        raise UsageError(f"the endpoint {endpoint!r} from {source} is no URL", form)
    if found and scheme.lower() not in ("http", "https"):
        raise UsageError(f"the endpoint {endpoint!r} from {source} is reached by neither http nor https", form)
    try:
        parts = urlsplit(endpoint if found else f"//{endpoint}")
        named = parts.hostname and (parts.port is None or parts.port)
    except ValueError:
        named = None
    if not named:
        raise UsageError(
            f"the endpoint {endpoint!r} from {source} names no host and port that could be reached", form
        )
    return endpoint


def host_of(endpoint: str) -> str:
    """The host of an endpoint that may lack its scheme, as OSS's usually do."""
    try:
        return (urlsplit(endpoint if "://" in endpoint else f"//{endpoint}").hostname or "").lower()
    except ValueError:
        return ""


def secure_twin(asked: str, location: str) -> str:
    """The ``https`` origin that a redirect sends us to, where all it wants is ``https``; else empty."""
    try:
        here, there = urlsplit(asked), urlsplit(location)
        is_twin = (here.scheme, there.scheme) == ("http", "https") and here.hostname == there.hostname
        return f"https://{there.netloc.rpartition('@')[2]}" if is_twin and there.port != 0 else ""
    except ValueError:
        return ""


def is_amazon(endpoint: str) -> bool:
    """It is one of AWS's own, VPC endpoints included."""
    return is_in_a_partition(host_of(endpoint))


def is_aliyun(endpoint: str) -> bool:
    """It is one of Alibaba Cloud's own."""
    return host_of(endpoint).endswith((".aliyuncs.com", ".aliyuncs.com.cn"))


def aliyun_region(endpoint: str) -> str:
    """The Region behind one of Alibaba Cloud's own OSS endpoints (FACTS 4.3); empty when it does not tell one."""
    found = _REGIONAL.fullmatch(host_of(endpoint))
    region = (found[1] or found[3]) if found else ""
    return "" if region in _WORLDWIDE else region


def is_aliyun_internal(endpoint: str) -> bool:
    """Only machines in the same Region reach it, free of traffic charges."""
    found = _REGIONAL.fullmatch(host_of(endpoint))
    return bool(found and found[2])
