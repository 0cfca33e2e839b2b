"""Regions of OSS that are spelled otherwise than they are called: what is meant is said."""

import pytest

from restoretui.core.errors import UsageError
from restoretui.core.rules.oss_regions import KNOWN, check_region


@pytest.mark.parametrize(
    ("said", "meant", "why"),
    [
        ("oss-cn-hangzhou", "cn-hangzhou", "the beginning of an endpoint's name"),
        ("cn-hangzhou-internal", "cn-hangzhou", "the beginning of an endpoint's name"),
        ("oss-eu-central-2", "eu-central-2", "the beginning of an endpoint's name"),
        ("oss-cn-shanghai.aliyuncs.com", "cn-shanghai", "an endpoint's address in cn-shanghai"),
        ("https://cn-beijing.oss.aliyuncs.com", "cn-beijing", "an endpoint's address"),
        ("cn-hangzou", "cn-hangzhou", "one of nearly the same"),
        ("oss-cn-shenzen", "cn-shenzhen", "one of nearly the same"),
        ("ch-hangzhou", "cn-hangzhou", "one of nearly the same"),
        ("ap-sotheast-1", "ap-southeast-1", "one of nearly the same"),
        ("CN-Hangzhou", "cn-hangzhou", "spelled small"),
        ("cn_hangzhou", "cn-hangzhou", "with hyphens"),
        ("hangzhou", "cn-hangzhou", "the country is missing"),
        ("cn-hangzhou-b", "cn-hangzhou", "a zone"),
        ("ap-southeast-1a", "ap-southeast-1", "a zone"),
    ],
)
def test_what_is_meant_is_said(said: str, meant: str, why: str) -> None:
    with pytest.raises(UsageError, match=r"\$OSS_REGION: '.*' is no Region of OSS") as caught:
        check_region(said, "$OSS_REGION")
    assert why in str(caught.value)
    assert caught.value.hint == f"write it as {meant}"


@pytest.mark.parametrize(
    "region", [*sorted(KNOWN), "us-east-2", "ap-southeast-8", "eu-south-1", "mars-1", "cn-hangzhou-acme", "x"]
)
def test_what_may_be_one_is_believed(region: str) -> None:
    assert check_region(region, "here") == region
