"""Which endpoints are Alibaba Cloud's own, and where they lead."""

import pytest

from restoretui.core.network.endpoints import aliyun_region, host_of, is_aliyun, is_aliyun_internal


@pytest.mark.parametrize(
    ("endpoint", "region", "own", "internal"),
    [
        ("oss-cn-hangzhou.aliyuncs.com", "cn-hangzhou", True, False),
        ("https://oss-eu-central-1.aliyuncs.com", "eu-central-1", True, False),
        ("http://oss-cn-beijing-internal.aliyuncs.com/", "cn-beijing", True, True),
        ("cn-shanghai.oss.aliyuncs.com", "cn-shanghai", True, False),
        ("OSS-CN-HANGZHOU.ALIYUNCS.COM", "cn-hangzhou", True, False),
        ("oss-accelerate.aliyuncs.com", "", True, False),
        ("oss-accelerate-overseas.aliyuncs.com", "", True, False),
        ("oss.example.com", "", False, False),
        ("https://127.0.0.1:9000", "", False, False),
        ("oss-cn-hangzhou.aliyuncs.com.evil.example", "", False, False),
        ("http://[::1", "", False, False),
        ("", "", False, False),
    ],
)
def test_endpoints(endpoint: str, region: str, own: bool, internal: bool) -> None:
    assert aliyun_region(endpoint) == region
    assert is_aliyun(endpoint) is own
    assert is_aliyun_internal(endpoint) is internal


def test_a_host_is_told_with_and_without_a_scheme() -> None:
    assert host_of("https://Store.example:8443/x") == host_of("store.example:8443") == "store.example"
