"""What an endpoint may be, and which are the vendor's own: equal bucket names of two stores are told apart by it."""

import re
from urllib.parse import urlsplit

from msgspec import Struct

from restoretui.core.errors import UsageError

# Patterns are compiled when the first text is held against them: most starts meet none.
_REGIONAL = r"(?:oss-([a-z0-9-]+?)(-internal)?|([a-z0-9-]+)\.oss)\.aliyuncs\.com(?:\.cn)?"
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


# ---- AWS's partitions: clouds of their own, with other host names, ARNs and accounts ----
#
# The table is the SDK's (botocore's partitions.json), which nothing here may import; a test holds the two together.


class Partition(Struct, frozen=True):
    """One of them."""

    name: str
    """As it stands in ARNs."""
    regions: str
    """How its Regions are spelled: a pattern."""
    suffix: str
    """How its host names end."""
    dual_stack_suffix: str
    region: str
    """One of its Regions, to name where somebody must choose."""

    def bucket_arn(self, bucket: str) -> str:
        """Of a bucket, or of ``BUCKET/KEY``."""
        return f"arn:{self.name}:s3:::{bucket}"


AWS = Partition("aws", r"(us|eu|ap|sa|ca|me|af|il|mx)\-\w+\-\d+", "amazonaws.com", "api.aws", "us-east-1")
PARTITIONS = (
    AWS,
    Partition("aws-cn", r"cn\-\w+\-\d+", "amazonaws.com.cn", "api.amazonwebservices.com.cn", "cn-northwest-1"),
    Partition("aws-eusc", r"eusc\-(de)\-\w+\-\d+", "amazonaws.eu", "api.amazonwebservices.eu", "eusc-de-east-1"),
    Partition("aws-iso", r"us\-iso\-\w+\-\d+", "c2s.ic.gov", "api.aws.ic.gov", "us-iso-east-1"),
    Partition("aws-iso-b", r"us\-isob\-\w+\-\d+", "sc2s.sgov.gov", "api.aws.scloud", "us-isob-east-1"),
    Partition("aws-iso-e", r"eu\-isoe\-\w+\-\d+", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk", "eu-isoe-west-1"),
    Partition("aws-iso-f", r"us\-isof\-\w+\-\d+", "csp.hci.ic.gov", "api.aws.hci.ic.gov", "us-isof-south-1"),
    Partition("aws-us-gov", r"us\-gov\-\w+\-\d+", "amazonaws.com", "api.aws", "us-gov-west-1"),
)
"""In the SDK's order."""
_BY_NAME = {partition.name: partition for partition in PARTITIONS}


def partition_of(*, arn: str = "", region: str = "") -> Partition:
    """The partition of an ARN or, without one that names any, of a Region; AWS's largest where neither tells."""
    parts = arn.split(":")
    if len(parts) > 1 and parts[0] == "arn" and parts[1] in _BY_NAME:
        return _BY_NAME[parts[1]]
    named = [partition for partition in PARTITIONS if re.fullmatch(partition.regions, region)]
    # The largest one's pattern also matches others' names, as it does in the SDK.
    return named[-1] if named else AWS


def aws_endpoint(region: str) -> str:
    """Where S3 of a Region is reached; without one, of the largest partition's."""
    partition = partition_of(region=region)
    return f"https://s3.{region or partition.region}.{partition.suffix}"


def partition_known(region: str) -> bool:
    """It is spelled as the Regions of some partition are."""
    return any(re.fullmatch(partition.regions, region) for partition in PARTITIONS)


def is_in_a_partition(host: str) -> bool:
    """The host is one of AWS's own, in whichever partition."""
    return any(host.endswith((f".{partition.suffix}", f".{partition.dual_stack_suffix}")) for partition in PARTITIONS)


def is_amazon(endpoint: str) -> bool:
    """It is one of AWS's own, VPC endpoints included."""
    return is_in_a_partition(host_of(endpoint))


def is_aliyun(endpoint: str) -> bool:
    """It is one of Alibaba Cloud's own."""
    return host_of(endpoint).endswith((".aliyuncs.com", ".aliyuncs.com.cn"))


def aliyun_region(endpoint: str) -> str:
    """The Region behind one of Alibaba Cloud's own OSS endpoints (FACTS 4.3); empty when it does not tell one."""
    found = re.fullmatch(_REGIONAL, host_of(endpoint))
    region = (found[1] or found[3]) if found else ""
    return "" if region in _WORLDWIDE else region


def is_aliyun_internal(endpoint: str) -> bool:
    """Only machines in the same Region reach it, free of traffic charges."""
    found = re.fullmatch(_REGIONAL, host_of(endpoint))
    return bool(found and found[2])
