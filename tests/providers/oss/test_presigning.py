"""Presigned links of OSS: no longer than the keys, for GET, of that very version."""

from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from restoretui.core.clock import SystemClock
from restoretui.core.errors import Unsupported
from restoretui.core.model import ObjectRef
from restoretui.core.provider import Connection
from restoretui.providers.oss.key_sources import OssKeys
from restoretui.providers.oss.provider import OssProvider


@pytest.mark.parametrize(("left_s", "expected"), [(None, 604_800), (900.0, 899)])
async def test_a_link_ends_with_the_keys(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, left_s: float | None, expected: int
) -> None:
    monkeypatch.setenv("OSS_ACCESS_KEY_ID", "AKID")
    monkeypatch.setenv("OSS_ACCESS_KEY_SECRET", "secret")
    monkeypatch.setenv("OSS_CONFIG_FILE", str(tmp_path / "none"))
    provider = await OssProvider.open(Connection("oss", region="cn-hangzhou"))
    ring = provider._calls._ring
    end = None if left_s is None else SystemClock().wall() + left_s
    monkeypatch.setattr(ring, "_keys", OssKeys("AKID", "secret", None, end))

    async def of(_bucket: str) -> str:
        return "cn-hangzhou"

    monkeypatch.setattr(provider._calls.regions, "of", of)
    made = await provider.presigned_get(ObjectRef("cold", "a b/é.mov", "v1"), 10 * 86_400.0)
    await provider.aclose()
    parts = urlsplit(made.url)
    query = parse_qs(parts.query)
    assert parts.netloc == "cold.oss-cn-hangzhou.aliyuncs.com"
    assert unquote(parts.path) == "/a b/é.mov"
    assert query["versionId"] == ["v1"]
    assert abs(int(query["x-oss-expires"][0]) - expected) <= 2
    assert abs(made.seconds - expected) <= 2


async def test_no_link_agrees_to_pay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OSS_ACCESS_KEY_ID", "AKID")
    monkeypatch.setenv("OSS_ACCESS_KEY_SECRET", "secret")
    provider = await OssProvider.open(Connection("oss", region="cn-hangzhou", requester_pays=True))

    async def of(_bucket: str) -> str:
        return "cn-hangzhou"

    monkeypatch.setattr(provider._calls.regions, "of", of)
    with pytest.raises(Unsupported, match="requester pays"):
        await provider.presigned_get(ObjectRef("cold", "k"), 60.0)
    await provider.aclose()
