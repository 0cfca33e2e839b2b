"""Where a bucket says that its inventories are written: put by boto3 on the sandbox and on moto, and told by OSS."""

import asyncio
from typing import Any

import boto3
import pytest

from restoretui.core.inventory.rules import InventoryRule
from restoretui.core.location import parse_location
from restoretui.providers.oss.inventory_rules import read_inventory_rules
from restoretui.providers.wire.xml_trees import Unreadable
from tests.conftest import StartSandbox
from tests.providers.conftest import OpenOss, OpenS3, Served

OF_OSS = b"""<?xml version="1.0" encoding="UTF-8"?><ListInventoryConfigurationsResult>
<InventoryConfiguration><Id>all</Id><IsEnabled>true</IsEnabled><Destination><OSSBucketDestination><Format>CSV</Format>
<AccountId>1</AccountId><RoleArn>acs:ram::1:role/x</RoleArn><Bucket>acs:oss:::lists</Bucket><Prefix>inv</Prefix>
</OSSBucketDestination></Destination><Schedule><Frequency>Daily</Frequency></Schedule>
<Filter><Prefix>logs/</Prefix></Filter><IncludedObjectVersions>All</IncludedObjectVersions></InventoryConfiguration>
<InventoryConfiguration><Id>part</Id><IsEnabled>true</IsEnabled><Destination><OSSBucketDestination>
<Bucket>acs:oss:::lists</Bucket></OSSBucketDestination></Destination>
<Filter><StorageClass>ColdArchive</StorageClass></Filter></InventoryConfiguration>
<InventoryConfiguration><Id>off</Id><IsEnabled>false</IsEnabled><Destination><OSSBucketDestination>
<Bucket>acs:oss:::lists</Bucket></OSSBucketDestination></Destination></InventoryConfiguration>
<IsTruncated>true</IsTruncated><NextContinuationToken>more</NextContinuationToken></ListInventoryConfigurationsResult>"""


def configured(name: str, *, enabled: bool = True, **more: Any) -> dict[str, Any]:
    place = {"Bucket": "arn:aws-cn:s3:::lists", "Format": "CSV"} | ({"Prefix": "inv/s3"} if name == "deep" else {})
    return {
        "Id": name, "IsEnabled": enabled, "IncludedObjectVersions": "All" if name == "deep" else "Current",
        "Schedule": {"Frequency": "Daily"}, "Destination": {"S3BucketDestination": place}, **more,
    }  # fmt: skip


async def test_those_switched_on_are_told_with_where_they_write(served: Served, open_s3: OpenS3) -> None:
    s3 = boto3.client("s3", endpoint_url=served.url, region_name="us-east-1")
    await asyncio.to_thread(s3.create_bucket, Bucket="listed")
    provider = await open_s3(endpoint_url=served.url, region="us-east-1")
    assert await provider.inventory_rules("listed") == []
    for rule in (
        configured("all"), configured("deep", Filter={"Prefix": "logs/"}), configured("off", enabled=False)
    ):  # fmt: skip
        await asyncio.to_thread(
            s3.put_bucket_inventory_configuration, Bucket="listed", Id=rule["Id"], InventoryConfiguration=rule
        )
    found = {rule.name: rule for rule in await provider.inventory_rules("listed")}
    assert found == {
        # moto answers All, whatever was put.
        "all": InventoryRule("all", "lists", "", versions=served.is_moto),
        "deep": InventoryRule("deep", "lists", "inv/s3", "logs/", versions=True),
    }
    assert found["all"].folders("listed") == ["listed/all/"]
    assert found["deep"].folders("listed") == ["inv/s3/listed/deep/"]
    for rule_id in () if served.is_moto else ("all", "deep", "off"):  # moto takes that for the bucket's own end
        await asyncio.to_thread(s3.delete_bucket_inventory_configuration, Bucket="listed", Id=rule_id)
    await asyncio.to_thread(s3.delete_bucket, Bucket="listed")


@pytest.mark.parametrize(
    ("rule", "place", "versions", "covers"),
    [
        (InventoryRule("r", "b", ""), "s3://src", False, True),
        (InventoryRule("r", "b", ""), "s3://src/logs/", True, False),
        (InventoryRule("r", "b", "", versions=True), "s3://src/logs/", True, True),
        (InventoryRule("r", "b", "", "logs/"), "s3://src", False, False),
        (InventoryRule("r", "b", "", "logs/"), "s3://src/logs/2020/", False, True),
    ],
)
def test_a_rule_covers_what_it_lists(rule: InventoryRule, place: str, versions: bool, covers: bool) -> None:
    assert rule.covers(parse_location(place), versions=versions) is covers


def test_a_configured_prefix_may_end_in_a_slash_that_is_doubled_or_not() -> None:
    assert InventoryRule("r", "b", "inv/").folders("src") == ["inv/src/r/", "inv//src/r/"]
    assert InventoryRule("r", "b", "").folders("src") == ["src/r/"]


async def test_oss_tells_the_same_and_what_lists_only_a_part_is_passed_over(
    sandbox: StartSandbox, open_oss: OpenOss, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule = InventoryRule("all", "lists", "inv", "logs/", versions=True)
    assert read_inventory_rules(OF_OSS) == ([rule], "more")
    with pytest.raises(Unreadable):
        read_inventory_rules(b"<Error/>")
    running = await sandbox(empty=True)
    for name in ("OSS_ACCESS_KEY_ID", "OSS_ACCESS_KEY_SECRET"):
        monkeypatch.setenv(name, running.env[name])
    running.cloud.add_bucket("bkt", scheme="oss", region="cn-hangzhou")
    provider = await open_oss(endpoint_url=running.url, clock=running.clock)
    assert await provider.inventory_rules("bkt") == []
    running.cloud.bucket("bkt").inventory_rules["all"] = (
        "<Id>all</Id><IsEnabled>true</IsEnabled><Destination><S3BucketDestination><Bucket>arn:aws:s3:::lists</Bucket>"
        "<Prefix>inv</Prefix></S3BucketDestination></Destination>"
    )
    assert await provider.inventory_rules("bkt") == [InventoryRule("all", "lists", "inv")]
