"""How the Regions of Alibaba Cloud OSS are spelled, and what is meant by one that is spelled otherwise (FACTS 4.3).

The list is there to tell a slip of the pen, not to say what exists: a Region it does not know, and that resembles
none of it, is believed.
"""

import re

from restoretui.core.errors import UsageError
from restoretui.core.network.endpoints import aliyun_region

KNOWN = frozenset({
    "cn-hangzhou", "cn-shanghai", "cn-nanjing", "cn-fuzhou", "cn-wuhan-lr", "cn-qingdao", "cn-beijing",
    "cn-zhangjiakou", "cn-huhehaote", "cn-wulanchabu", "cn-shenzhen", "cn-heyuan", "cn-guangzhou", "cn-chengdu",
    "cn-zhongwei", "cn-hongkong", "rg-china-mainland", "cn-hangzhou-finance", "cn-shanghai-finance-1",
    "cn-shenzhen-finance-1", "cn-beijing-finance-1", "cn-hzfinance", "cn-hzjbp", "cn-north-2-gov-1",
    "us-west-1", "us-east-1", "us-southeast-1", "na-south-1", "ap-northeast-1", "ap-northeast-2", "ap-southeast-1",
    "ap-southeast-2", "ap-southeast-3", "ap-southeast-5", "ap-southeast-6", "ap-southeast-7", "ap-south-1",
    "eu-central-1", "eu-west-1", "me-east-1", "me-central-1",
})  # fmt: skip
"""https://www.alibabacloud.com/help/en/oss/user-guide/regions-and-endpoints"""
_ZONE = re.compile(r"(?P<region>[a-z]+(?:-[a-z]+)+(?:-\d+)?)-?(?P<zone>[a-z])")
_CLOSE = 0.8


def check_region(region: str, source: str) -> str:
    """``region`` itself; ``UsageError`` where it cannot be meant, with what probably is."""
    if region in KNOWN:
        return region
    meant, what = _meant(region)
    if not meant:
        return region
    raise UsageError(f"{source}: {region!r} is no Region of OSS: {what}", f"write it as {meant}")


def _meant(region: str) -> tuple[str, str]:
    """What is probably meant, and what ``region`` is instead; two empty texts where it may well be a Region."""
    plain = region.strip().lower()
    if "." in plain or "://" in plain:
        named = aliyun_region(plain)
        return named or "cn-hangzhou, say", "that is an endpoint's address" + (f" in {named}" if named else "")
    plain = plain.replace("_", "-").replace(" ", "-")
    bare = plain.removeprefix("oss-").removesuffix("-internal")
    if bare in KNOWN:
        if bare != plain:
            return bare, "that is the beginning of an endpoint's name"
        return bare, "Regions are spelled small, with hyphens and without spaces"
    zone = _ZONE.fullmatch(bare)
    if zone and zone["region"] in KNOWN:
        return zone["region"], "that is a zone"
    cities = {known.partition("-")[2]: known for known in KNOWN if known.startswith("cn-")}
    if bare in cities:
        return cities[bare], "the country is missing"
    # Numbers tell Regions apart: another number is another Region, perhaps a new one.
    number = re.sub(r"[^0-9]", "", bare)
    start, _, rest = bare.partition("-")
    if rest in cities:
        return cities[rest], "there is none of that name, and one of nearly the same"
    alike = [known for known in KNOWN if re.sub(r"[^0-9]", "", known) == number and known.startswith(f"{start}-")]
    from difflib import get_close_matches  # for a Region that is not known alone

    close = get_close_matches(bare, sorted(alike), n=1, cutoff=_CLOSE)
    if close and not any(
        bare.startswith(f"{known}-") for known in KNOWN
    ):  # Regions for single customers are so called.
        return close[0], "there is none of that name, and one of nearly the same"
    if bare != plain and re.fullmatch(r"[a-z]{2}-[a-z0-9-]+", bare):
        return bare, "that is the beginning of an endpoint's name"
    return "", ""
