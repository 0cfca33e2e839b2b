"""Requests through a proxy: as safe as without, and a proxy that does not lead on is named."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Protocol

import pytest

from restoretui.core.errors import Unreachable, UsageError
from tests.certificates import Authority
from tests.providers.conftest import OpenOss, OpenS3, StartServer
from tests.providers.http.callers import (
    CALLERS,
    NEVER_PROXIED,
    REF,
    Caller,
    Meet,
    Scene,
    by_assume_role,
    by_oss,
    by_s3,
    by_sso,
    by_sts,
    by_the_sdks_client,
    cloud,
    trust,
)
from tests.proxying import HttpProxy


async def test_what_no_proxy_names_is_asked_directly(
    meet: Meet, authority: Authority, proxy: HttpProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    for caller in (by_s3, by_the_sdks_client, by_sts, by_oss):
        with monkeypatch.context() as patch:
            scene, server = await meet(authority.server("localhost"))
            patch.setenv("HTTPS_PROXY", proxy.url)
            patch.setenv("NO_PROXY", "elsewhere.example,localhost")
            trust(scene, authority, "AWS_CA_BUNDLE")
            await caller(scene)
            assert server.asked
    assert proxy.asked == []


class Moody(Protocol):
    """What the fixture ``moody`` is."""

    async def __call__(self, **mood: Any) -> HttpProxy: ...


@pytest.fixture
async def moody(authority: Authority) -> AsyncIterator[Moody]:
    """Proxies with moods, closed after the test."""
    async with AsyncExitStack() as stack:

        async def start(**mood: Any) -> HttpProxy:
            return await stack.enter_async_context(HttpProxy(**mood))

        yield start


THROUGH_PROXY = [caller for caller in CALLERS if caller not in NEVER_PROXIED]


@pytest.mark.parametrize("caller", [by_s3, by_the_sdks_client, by_assume_role, by_oss])
@pytest.mark.parametrize(
    ("mood", "said", "hint"),
    [
        (
            {"answer": b"HTTP/1.1 407 Who\r\nContent-Length: 0\r\n\r\n"},
            "wants a user and a password",
            "USER:PASSWORD",
        ),
        ({"answer": b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"}, "it answers 403 Forbidden", "NO_PROXY"),
        ({"answer": b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"}, "it answers 503 Busy", "NO_PROXY"),
        ({"answer": b""}, "hung up", "HTTPS_PROXY"),
        ({"answer": b"SSH-2.0-OpenSSH_9.2\r\n"}, "proxy", "HTTPS_PROXY"),
    ],
)
async def test_a_proxy_that_does_not_lead_on_is_named(
    meet: Meet,
    authority: Authority,
    moody: Moody,
    caller: Caller,
    mood: dict[str, bytes],
    said: str,
    hint: str,
) -> None:
    scene, server = await meet(authority.server("localhost"))
    trust(scene, authority, "AWS_CA_BUNDLE")
    proxy = await moody(**mood)
    scene.patch.setenv("HTTPS_PROXY", proxy.url)
    with pytest.raises(Unreachable, match=said) as caught:
        await caller(scene)
    assert f"the proxy {proxy.url} " in str(caught.value)
    assert hint in caught.value.hint
    assert server.asked == []


@pytest.mark.parametrize("caller", THROUGH_PROXY)
async def test_a_dead_proxy_is_named(meet: Meet, authority: Authority, caller: Caller) -> None:
    scene, server = await meet(authority.server("localhost"))
    scene.patch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    with pytest.raises(Unreachable, match=r"the proxy http://127\.0\.0\.1:1 cannot be reached") as caught:
        await caller(scene)
    assert "HTTPS_PROXY" in caught.value.hint
    assert server.asked == []


async def test_a_proxy_that_never_answers_is_not_waited_for_without_end(
    meet: Meet, authority: Authority, moody: Moody, open_s3: OpenS3, open_oss: OpenOss
) -> None:
    scene, _ = await meet(authority.server("localhost"))
    scene.patch.setenv("HTTPS_PROXY", (await moody(silent=True)).url)
    for open_one in (open_s3, open_oss):
        cloud_there = await open_one(endpoint_url=scene.url, path_style=True, connect_timeout=0.2)
        scene.patch.setenv("OSS_ACCESS_KEY_ID", "key")
        scene.patch.setenv("OSS_ACCESS_KEY_SECRET", "secret")
        with pytest.raises(Unreachable, match=r"the proxy http://\S+ does not lead to localhost:\d+ in time"):
            await cloud_there.list_buckets()


@pytest.mark.parametrize("caller", [by_s3, by_the_sdks_client, by_assume_role, by_oss])
@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("socks5://127.0.0.1:1080", "HTTPS_PROXY names socks5://127.0.0.1:1080: a proxy that speaks SOCKS"),
        ("socks5h://user:hidden@127.0.0.1:1080", "names socks5h://127.0.0.1:1080: a proxy that speaks SOCKS"),
        ("ftp://127.0.0.1:21", "a proxy that speaks ftp cannot be used"),
        ("http://[::1", "HTTPS_PROXY names no proxy that can be meant"),
        ("http://user:hidden@:99999", "HTTPS_PROXY names no proxy that can be meant"),
    ],
)
async def test_a_proxy_that_cannot_be_used_is_said_before_anything_is_sent(
    meet: Meet, authority: Authority, caller: Caller, given: str, said: str
) -> None:
    scene, server = await meet(authority.server("localhost"))
    scene.patch.setenv("HTTPS_PROXY", given)
    with pytest.raises((Unreachable, UsageError), match=said) as caught:
        await caller(scene)
    assert caught.value.hint
    assert "hidden" not in f"{caught.value} {caught.value.hint}"
    assert server.asked == []


@pytest.mark.parametrize("caller", THROUGH_PROXY)
async def test_a_proxys_user_and_password_go_to_the_proxy_alone(
    meet: Meet, authority: Authority, proxy: HttpProxy, caller: Caller
) -> None:
    scene, server = await meet(authority.server("localhost"))
    trust(scene, authority, "AWS_CA_BUNDLE")
    scene.patch.setenv("HTTPS_PROXY", proxy.url.replace("//", "//me%40work:a%2Fb@"))
    await caller(scene)
    assert b"Proxy-Authorization: Basic bWVAd29yazphL2I=" in proxy.headers[0]
    assert server.asked
    assert not any("proxy-authorization" in asked.headers for asked in server.asked)


@pytest.mark.parametrize("caller", THROUGH_PROXY)
async def test_a_password_that_a_proxy_refuses_is_not_told(
    meet: Meet, authority: Authority, moody: Moody, caller: Caller
) -> None:
    scene, _ = await meet(authority.server("localhost"))
    proxy = await moody(answer=b"HTTP/1.1 407 Who\r\nContent-Length: 0\r\n\r\n")
    scene.patch.setenv("HTTPS_PROXY", proxy.url.replace("//", "//me:hidden@"))
    with pytest.raises(Unreachable, match="does not accept the user and password in HTTPS_PROXY") as caught:
        await caller(scene)
    assert "hidden" not in f"{caught.value} {caught.value.hint}"


@pytest.mark.parametrize("http", ["own", "sdk"])
async def test_plain_requests_go_through_a_proxy_and_its_refusal_is_no_servers(
    scripted: StartServer, moody: Moody, proxy: HttpProxy, open_s3: OpenS3, monkeypatch: pytest.MonkeyPatch, http: str
) -> None:
    server = await scripted(cloud)
    monkeypatch.setenv("RESTORETUI_HTTP", http)
    monkeypatch.setenv("HTTP_PROXY", proxy.url)
    await (await open_s3(endpoint_url=server.url)).head_object(REF)
    assert proxy.asked
    told = len(server.asked)
    monkeypatch.setenv("HTTP_PROXY", (await moody(answer=b"HTTP/1.1 407 Who\r\nContent-Length: 0\r\n\r\n")).url)
    with pytest.raises(Unreachable, match="wants a user and a password"):
        await (await open_s3(endpoint_url=server.url)).head_object(REF)
    assert len(server.asked) == told


# --- proxies that are reached by https


@pytest.mark.parametrize("caller", [by_s3, by_the_sdks_client, by_assume_role, by_sso])
async def test_a_proxy_of_a_ca_of_its_own(
    meet: Meet, authority: Authority, moody: Moody, tmp_path: Path, caller: Caller
) -> None:
    scene, server = await meet(authority.server("localhost"))
    corporate = Authority(tmp_path, "corporate")
    proxy = await moody(tls=corporate.server("127.0.0.1"))
    trust(scene, authority, "AWS_CA_BUNDLE")
    scene.patch.setenv("HTTPS_PROXY", proxy.url)
    with pytest.raises(Unreachable, match=f"the certificate of the proxy {proxy.url} is not trusted"):
        await caller(scene)
    assert proxy.asked == []
    scene.in_profile = [f"proxy_ca_bundle = {corporate.bundle}"]
    await renewed(scene, caller)
    assert proxy.asked
    assert server.asked


@pytest.mark.parametrize("caller", [by_s3, by_assume_role])
async def test_a_proxys_ca_vouches_for_the_proxy_alone(
    meet: Meet, authority: Authority, moody: Moody, tmp_path: Path, caller: Caller
) -> None:
    corporate = Authority(tmp_path, "corporate")
    scene, server = await meet(corporate.server("localhost"))
    proxy = await moody(tls=corporate.server("127.0.0.1"))
    trust(scene, authority, "AWS_CA_BUNDLE")
    scene.in_profile = [f"proxy_ca_bundle = {corporate.bundle}"]
    scene.patch.setenv("HTTPS_PROXY", proxy.url)
    with pytest.raises(Unreachable, match="the certificate of localhost"):
        await caller(scene)
    assert proxy.asked
    assert server.asked == []


async def renewed(scene: Scene, caller: Caller) -> None:
    """The same once more, where the keys were taken away for it."""
    scene.patch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    scene.patch.setenv("AWS_SECRET_ACCESS_KEY", "not/a+secret")
    await caller(scene)


async def test_a_wrong_proxy_by_https_sees_no_request(meet: Meet, authority: Authority, moody: Moody) -> None:
    scene, server = await meet(authority.server("localhost"))
    trust(scene, authority, "AWS_CA_BUNDLE")
    proxy = await moody(tls=authority.server("other.example"))
    scene.patch.setenv("HTTPS_PROXY", proxy.url)
    for caller in (by_s3, by_oss):
        with pytest.raises(Unreachable, match="the certificate of the proxy"):
            await caller(scene)
    assert proxy.asked == []
    assert server.asked == []
