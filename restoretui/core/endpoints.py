"""Which endpoints are the vendor's own: equal bucket names of two stores are told apart by the rest."""

import re
from urllib.parse import urlsplit

_REGIONAL = re.compile(r"(?:oss-([a-z0-9-]+?)(-internal)?|([a-z0-9-]+)\.oss)\.aliyuncs\.com(?:\.cn)?")
_WORLDWIDE = ("accelerate", "accelerate-overseas")


def host_of(endpoint: str) -> str:
    """The host of an endpoint that may lack its scheme, as OSS's usually do."""
    try:
        return (urlsplit(endpoint if "://" in endpoint else f"//{endpoint}").hostname or "").lower()
    except ValueError:
        return ""


def is_amazon(endpoint: str) -> bool:
    """It is one of AWS's own, VPC endpoints included."""
    ends = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws", ".api.amazonwebservices.com.cn")
    return host_of(endpoint).endswith(ends)


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
