"""TLS, whoever speaks it: a signed request reaches the server that it was meant for, or none at all.

One contract for everything that is asked over the network: S3 by our client and by the SDK's, S3 Control, STS, the
credential chain's own questions, OSS; each directly and through a proxy. What counts is what arrived.
"""

import asyncio
import socket
from pathlib import Path
from typing import Any

import pytest

import restoretui
from restoretui.core.errors import CredentialsError, Unreachable, Untrusted, UsageError
from restoretui.core.model import ObjectRef
from tests.certificates import DAY, Authority
from tests.providers.conftest import OpenS3
from tests.providers.http.callers import (
    BY_PROFILE,
    CALLERS,
    REF,
    Caller,
    Meet,
    by_oss,
    by_s3,
    by_the_sdks_client,
    check_way,
    trust,
)
from tests.proxying import HttpProxy

GOOD: dict[str, tuple[list[str], str]] = {
    "its name": (["localhost"], "localhost"),
    "one of its names": (["other.example", "localhost"], "localhost"),
    "its address": (["127.0.0.1"], "127.0.0.1"),
}
BAD: dict[str, tuple[dict[str, Any], str, str]] = {
    "another name": ({"names": ["other.example"]}, "localhost", "not trusted: Hostname mismatch"),
    "an address by name": ({"names": ["localhost"]}, "127.0.0.1", "not trusted: IP address mismatch"),
    "expired": ({"names": ["localhost"], "starts": -2 * DAY, "ends": -DAY}, "localhost", "has expired"),
    "not yet valid": ({"names": ["localhost"], "starts": DAY, "ends": 2 * DAY}, "localhost", "not yet valid"),
    "signed by itself": ({"names": ["localhost"], "signs_itself": True}, "localhost", "self-signed"),
    "an old TLS": ({"names": ["localhost"], "old": True}, "localhost", "(?i)no TLS|connect"),
}
MISNAMED = {
    "localhost": ["localhost.other.example", "*.example", "*", "local", "127.0.0.1", "xn--localhost"],
    "127.0.0.1": ["127.0.0.2", "::1", "*.0.0.1"],
}
"""Hosts, and names that are not theirs."""
TRUSTED_BY = ["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR", "a folder", "the profile"]


@pytest.mark.parametrize("shown", GOOD)
@pytest.mark.parametrize("caller", CALLERS)
async def test_the_right_server_is_asked(
    meet: Meet, authority: Authority, proxy: HttpProxy, way: str, caller: Caller, shown: str
) -> None:
    names, host = GOOD[shown]
    scene, server = await meet(authority.server(*names), host)
    trust(scene, authority, "AWS_CA_BUNDLE")
    await caller(scene)
    assert server.asked
    check_way(way, caller, proxy, scene.url)


async def test_a_name_may_end_in_the_roots_dot(
    meet: Meet, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene, server = await meet(authority.server("s3.example"), "s3.example.")
    trust(scene, authority, "AWS_CA_BUNDLE")
    port = int(scene.url.rpartition(":")[2])

    async def found(*_args: Any, **_named: Any) -> Any:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", found)
    await by_s3(scene)
    assert server.asked


@pytest.mark.parametrize("shown", BAD)
@pytest.mark.parametrize("caller", CALLERS)
async def test_an_impostor_is_told_nothing(
    meet: Meet, authority: Authority, proxy: HttpProxy, way: str, caller: Caller, shown: str
) -> None:
    how, host, said = BAD[shown]
    scene, server = await meet(
        authority.server(*how["names"], **{n: v for n, v in how.items() if n != "names"}), host
    )
    trust(scene, authority, "AWS_CA_BUNDLE")
    with pytest.raises((Unreachable, CredentialsError), match=said) as caught:
        await caller(scene)
    assert server.asked == []
    assert host in str(caught.value)
    assert caught.value.hint
    check_way(way, caller, proxy, scene.url)


@pytest.mark.parametrize("caller", [by_s3, by_the_sdks_client, by_oss])
async def test_no_name_but_its_own_will_do(meet: Meet, authority: Authority, way: str, caller: Caller) -> None:
    for host, names in MISNAMED.items():
        for name in names:
            scene, server = await meet(authority.server(name), host)
            trust(scene, authority, "AWS_CA_BUNDLE")
            with pytest.raises(Untrusted, match="not trusted"):
                await caller(scene)
            assert server.asked == []


@pytest.mark.parametrize("how", TRUSTED_BY)
@pytest.mark.parametrize("caller", CALLERS)
async def test_a_ca_is_trusted_by_every_setting_there_is(
    meet: Meet, authority: Authority, way: str, caller: Caller, how: str
) -> None:
    if how == "the profile" and caller is by_oss:
        pytest.skip("OSS has other profiles, which name no CAs")
    scene, server = await meet(authority.server("localhost"))
    trust(scene, authority, how)
    await caller(scene)
    assert server.asked


@pytest.mark.parametrize("nothing", [(), ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")])
@pytest.mark.parametrize("caller", CALLERS)
async def test_an_unknown_ca_is_not_trusted_nor_does_an_empty_setting_make_it_so(
    meet: Meet, authority: Authority, way: str, caller: Caller, nothing: tuple[Any, ...]
) -> None:
    scene, server = await meet(authority.server("localhost"))
    for name in nothing:
        scene.patch.setenv(name, "")
    with pytest.raises(Unreachable, match="not trusted: unable to get local issuer") as caught:
        await caller(scene)
    assert server.asked == []
    assert ("SSL_CERT_FILE" if caller is by_oss else "AWS_CA_BUNDLE") in caught.value.hint


@pytest.mark.parametrize("caller", BY_PROFILE)
async def test_who_names_a_bundle_trusts_no_other(
    meet: Meet, authority: Authority, tmp_path: Path, way: str, caller: Caller
) -> None:
    scene, server = await meet(authority.server("localhost"))
    other = Authority(tmp_path, "other")
    scene.patch.setenv("AWS_CA_BUNDLE", str(other.bundle))
    trust(scene, authority, "REQUESTS_CA_BUNDLE")
    trust(scene, authority, "the profile")
    with pytest.raises(Unreachable, match="not trusted") as caught:
        await caller(scene)
    assert server.asked == []
    assert f"only CAs of {other.bundle} are trusted ($AWS_CA_BUNDLE)" in caught.value.hint


async def test_another_clouds_bundle_takes_nothing_from_oss(
    meet: Meet, authority: Authority, tmp_path: Path, way: str
) -> None:
    scene, server = await meet(authority.server("localhost"))
    scene.patch.setenv("AWS_CA_BUNDLE", str(Authority(tmp_path, "other").bundle))
    trust(scene, authority, "SSL_CERT_FILE")
    await by_oss(scene)
    assert server.asked


# --- bundles that cannot be used


@pytest.mark.parametrize(
    ("how", "source"),
    [
        ("AWS_CA_BUNDLE", "$AWS_CA_BUNDLE"),
        ("REQUESTS_CA_BUNDLE", "$REQUESTS_CA_BUNDLE"),
        ("ca_bundle", "ca_bundle of profile 'p'"),
        ("proxy_ca_bundle", "proxy_ca_bundle of profile 'p'"),
        ("proxy_client_cert", "proxy_client_cert of profile 'p'"),
    ],
)
@pytest.mark.parametrize("what", ["missing", "no certificate", "empty"])
async def test_a_bundle_that_cannot_be_used_is_named_with_its_setting(
    meet: Meet, authority: Authority, tmp_path: Path, how: str, source: str, what: str
) -> None:
    scene, server = await meet(authority.server("localhost"))
    path = tmp_path / "bad.pem"
    if what != "missing":
        path.write_text("" if what == "empty" else "nothing of the kind\n")
    if how.isupper():
        scene.patch.setenv(how, str(path))
    else:
        scene.in_profile = [f"{how} = {path}"]
    with pytest.raises(UsageError) as caught:
        await by_s3(scene)
    assert str(caught.value).startswith(f"{source} names {path}, which ")
    assert ("is not there" if what == "missing" else "holds no certificate") in str(caught.value)
    assert server.asked == []


async def test_a_certificate_file_that_openssl_would_pass_over_is_told_of(
    meet: Meet, authority: Authority, tmp_path: Path
) -> None:
    scene, _ = await meet(authority.server("localhost"))
    scene.patch.setenv("SSL_CERT_FILE", str(tmp_path / "gone.pem"))
    for caller in (by_s3, by_oss):
        with pytest.raises(Unreachable, match="not trusted") as caught:
            await caller(scene)
        assert f"$SSL_CERT_FILE names {tmp_path / 'gone.pem'}, which is not there" in caught.value.hint


# --- names of buckets


@pytest.mark.parametrize("path_style", [None, False])
async def test_a_bucket_with_dots_is_asked_for_by_path_so_that_the_name_matches(
    meet: Meet, authority: Authority, open_s3: OpenS3, monkeypatch: pytest.MonkeyPatch, path_style: bool | None
) -> None:
    _, server = await meet(authority.server("s3.amazonaws.com", "*.s3.amazonaws.com"))
    monkeypatch.setenv("AWS_CA_BUNDLE", str(authority.bundle))
    port = int(server.url.rpartition(":")[2])
    async with HttpProxy(to=port) as leads_there:
        monkeypatch.setenv("HTTPS_PROXY", leads_there.url)
        s3 = await open_s3(region="us-east-1", path_style=path_style)
        for bucket in ("bkt", "a.bucket.with.dots"):
            await s3.head_object(ObjectRef(bucket, "k"))
        assert [asked.target for asked in server.asked] == ["/", "/k", "/a.bucket.with.dots", "/a.bucket.with.dots/k"]
        # A server that has only the bucket's own name is not the one for a host below another.
        with pytest.raises(Unreachable, match="Hostname mismatch"):
            await (await open_s3(region="eu-west-1", path_style=path_style)).head_object(REF)
    assert len(server.asked) == 4


async def test_a_region_by_which_the_sdk_makes_a_config_of_its_own(
    meet: Meet, authority: Authority, open_s3: OpenS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, server = await meet(authority.server("s3-fips.us-east-1.amazonaws.com", "*.s3-fips.us-east-1.amazonaws.com"))
    async with HttpProxy(to=int(server.url.rpartition(":")[2])) as leads_there:
        monkeypatch.setenv("HTTPS_PROXY", leads_there.url)
        s3 = await open_s3(region="fips-us-east-1")
        with pytest.raises(Unreachable, match="unable to get local issuer"):
            await s3.head_object(REF)
        assert server.asked == []
        monkeypatch.setenv("AWS_CA_BUNDLE", str(authority.bundle))
        await (await open_s3(region="fips-us-east-1")).head_object(REF)
        assert [asked.method for asked in server.asked] == ["HEAD", "HEAD"]


# --- where contexts are made


def test_contexts_are_made_in_one_place() -> None:
    package = Path(restoretui.__file__).parent
    wrong = [
        f"{path.relative_to(package)}: {name}"
        for path in package.rglob("*.py")
        if path.relative_to(package).as_posix() != "providers/http/tls.py"
        for name in ("SSLContext(", "create_default_context", "create_urllib3_context", "ssl=False", "verify=False")
        if name in path.read_text("utf-8")
    ]
    assert wrong == []
