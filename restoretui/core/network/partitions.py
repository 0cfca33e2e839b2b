"""AWS's partitions: clouds of their own, with other host names, ARNs and accounts.

The table is the AWS SDK's (botocore's ``partitions.json``); a test holds the two together, since nothing here may
import the SDK.
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Partition:
    """One of them."""

    name: str
    """As it stands in ARNs."""
    regions: re.Pattern[str]
    suffix: str
    """How its host names end."""
    dual_stack_suffix: str
    region: str
    """One of its Regions, to name where somebody must choose."""

    def bucket_arn(self, bucket: str) -> str:
        """Of a bucket, or of ``BUCKET/KEY``."""
        return f"arn:{self.name}:s3:::{bucket}"


AWS = Partition("aws", re.compile(r"(us|eu|ap|sa|ca|me|af|il|mx)\-\w+\-\d+"), "amazonaws.com", "api.aws", "us-east-1")
PARTITIONS = (
    AWS,
    Partition(
        "aws-cn", re.compile(r"cn\-\w+\-\d+"), "amazonaws.com.cn", "api.amazonwebservices.com.cn", "cn-northwest-1"
    ),
    Partition(
        "aws-eusc", re.compile(r"eusc\-(de)\-\w+\-\d+"), "amazonaws.eu", "api.amazonwebservices.eu", "eusc-de-east-1"
    ),
    Partition("aws-iso", re.compile(r"us\-iso\-\w+\-\d+"), "c2s.ic.gov", "api.aws.ic.gov", "us-iso-east-1"),
    Partition("aws-iso-b", re.compile(r"us\-isob\-\w+\-\d+"), "sc2s.sgov.gov", "api.aws.scloud", "us-isob-east-1"),
    Partition(
        "aws-iso-e", re.compile(r"eu\-isoe\-\w+\-\d+"), "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk", "eu-isoe-west-1"
    ),
    Partition(
        "aws-iso-f", re.compile(r"us\-isof\-\w+\-\d+"), "csp.hci.ic.gov", "api.aws.hci.ic.gov", "us-isof-south-1"
    ),
    Partition("aws-us-gov", re.compile(r"us\-gov\-\w+\-\d+"), "amazonaws.com", "api.aws", "us-gov-west-1"),
)
"""In the SDK's order."""
_BY_NAME = {partition.name: partition for partition in PARTITIONS}


def partition_of(*, arn: str = "", region: str = "") -> Partition:
    """The partition of an ARN or, without one that names any, of a Region; AWS's largest where neither tells."""
    parts = arn.split(":")
    if len(parts) > 1 and parts[0] == "arn" and parts[1] in _BY_NAME:
        return _BY_NAME[parts[1]]
    named = [partition for partition in PARTITIONS if partition.regions.fullmatch(region)]
    # The largest one's pattern also matches others' names, as it does in the SDK.
    return named[-1] if named else AWS


def partition_known(region: str) -> bool:
    """It is spelled as the Regions of some partition are."""
    return any(partition.regions.fullmatch(region) for partition in PARTITIONS)


def is_in_a_partition(host: str) -> bool:
    """The host is one of AWS's own, in whichever partition."""
    return any(host.endswith((f".{partition.suffix}", f".{partition.dual_stack_suffix}")) for partition in PARTITIONS)
