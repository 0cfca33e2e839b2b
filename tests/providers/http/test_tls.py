"""TLS, whoever speaks it: a signed request reaches the server that it was meant for, or none at all.

One contract for everything that is asked over the network: S3 by our client and by the SDK's, S3 Control, STS, the
credential chain's own questions, OSS; each directly and through a proxy. What counts is what arrived.
"""

import asyncio
import hashlib
import json
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import pytest
from aiobotocore.credentials import AioSSOProvider

import restoretui
from restoretui.core.errors import CredentialsError, Unreachable, UsageError
from restoretui.core.model import ObjectRef, RestoreRequest, Tier
from tests.certificates import DAY, Authority
from tests.providers.conftest import Asked, OpenOss, OpenS3, ScriptedServer, StartServer
from tests.proxying import HttpProxy

REF = ObjectRef("bkt", "k")
FOUND = {"headers": {"x-amz-bucket-region": "us-east-1", "Content-Length": "1"}}
LATER = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
KEYS = (
    "<Credentials><AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey>"
    f"<SessionToken>t</SessionToken><Expiration>{LATER}</Expiration></Credentials>"
)
WHO = (
    "<GetCallerIdentityResult><Account>123456789012</Account><Arn>arn:aws:iam::123456789012:user/me</Arn>"
    "</GetCallerIdentityResult>"
)
OWN_KEYS = "aws_access_key_id = AKIDEXAMPLE", "aws_secret_access_key = not/a+secret"
BUCKETS = "<ListAllMyBucketsResult><Owner><ID>1</ID></Owner><Buckets></Buckets></ListAllMyBucketsResult>"


def cloud(asked: Asked) -> dict[str, Any]:
    """Every service on one address."""
    for action, result in (("AssumeRole", KEYS), ("AssumeRoleWithWebIdentity", KEYS), ("GetCallerIdentity", WHO)):
        if f"Action={action}&".encode() in asked.body + b"&":
            inner = result if result is WHO else f"<{action}Result>{result}</{action}Result>"
            return {"body": f"<{action}Response>{inner}</{action}Response>".encode()}
    if "jobs" in asked.path:
        return {"body": b"<ListJobsResult><Jobs></Jobs></ListJobsResult>"}
    if "federation" in asked.path:
        role = {
            "accessKeyId": "ASIASSO",
            "secretAccessKey": "s",
            "sessionToken": "t",
            "expiration": 4_102_444_800_000,
        }
        return {"body": json.dumps({"roleCredentials": role}).encode()}
    if asked.path == "/container":
        role = {"AccessKeyId": "ASIABOX", "SecretAccessKey": "s", "Token": "t", "Expiration": LATER}
        return {"body": json.dumps(role).encode()}
    if asked.path == "/":
        return {"body": BUCKETS.encode()}
    return FOUND if asked.method == "HEAD" else {"status": 202}


class Scene:
    """What a caller needs: the TLS server's URL, a plain server beside it, providers, the environment, a profile."""

    def __init__(
        self,
        url: str,
        plain: ScriptedServer,
        open_s3: OpenS3,
        open_oss: OpenOss,
        patch: pytest.MonkeyPatch,
        folder: Path,
    ) -> None:
        self.url, self.plain, self.open_s3, self.open_oss, self.patch = url, plain, open_s3, open_oss, patch
        self.folder = folder
        self.profile: str | None = None
        self.in_profile: list[str] = []

    def write_profile(self, *lines: str) -> None:
        """A profile of such lines, with what the case puts into it."""
        self.profile = "p"
        text = "\n".join(["[profile p]", *lines, *self.in_profile, "", "[sso-session corp]"])
        (self.folder / "aws-config").write_text(
            f"{text}\nsso_start_url = https://corp.example\nsso_region = us-east-1\n"
        )

    def without_keys(self) -> None:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            self.patch.delenv(name)


async def by_s3(scene: Scene) -> None:
    scene.write_profile(*OWN_KEYS)
    s3 = await scene.open_s3(profile=scene.profile, endpoint_url=scene.url, path_style=True)
    await s3.restore_object(REF, RestoreRequest(1, Tier.BULK), "GLACIER")


async def by_the_sdks_client(scene: Scene) -> None:
    scene.patch.setenv("RESTORETUI_HTTP", "sdk")
    await by_s3(scene)


async def by_s3_control(scene: Scene) -> None:
    scene.patch.setenv("AWS_ENDPOINT_URL_S3_CONTROL", scene.url)
    scene.patch.setenv("AWS_ENDPOINT_URL_STS", scene.plain.url)
    scene.write_profile(*OWN_KEYS)
    s3 = await scene.open_s3(profile=scene.profile)
    async for _ in s3.batch().list_jobs("us-east-1"):
        pass


async def by_sts(scene: Scene) -> None:
    scene.patch.setenv("AWS_ENDPOINT_URL_STS", scene.url)
    scene.write_profile(*OWN_KEYS)
    await (await scene.open_s3(profile=scene.profile)).identity()


async def by_assume_role(scene: Scene) -> None:
    scene.patch.setenv("AWS_ENDPOINT_URL_STS", scene.url)
    scene.write_profile("role_arn = arn:aws:iam::123456789012:role/r", "credential_source = Environment")
    await look(scene)


async def by_web_identity(scene: Scene) -> None:
    scene.without_keys()
    token = scene.folder / "token"
    token.write_text("a.web.token")
    scene.patch.setenv("AWS_ENDPOINT_URL_STS", scene.url)
    scene.write_profile("role_arn = arn:aws:iam::123456789012:role/r", f"web_identity_token_file = {token}")
    await look(scene)


async def by_sso(scene: Scene) -> None:
    scene.without_keys()
    cached = scene.folder / f"{hashlib.sha1(b'corp').hexdigest()}.json"
    cached.write_text(json.dumps({"accessToken": "bearer", "expiresAt": "2100-01-01T00:00:00Z"}))
    scene.patch.setattr(AioSSOProvider, "_SSO_TOKEN_CACHE_DIR", str(scene.folder))
    scene.patch.setattr("botocore.tokens.SSOTokenProvider._SSO_TOKEN_CACHE_DIR", str(scene.folder))
    scene.patch.setenv("AWS_ENDPOINT_URL_SSO", scene.url)
    scene.write_profile("sso_session = corp", "sso_account_id = 123456789012", "sso_role_name = Reader")
    await look(scene)


async def by_container(scene: Scene) -> None:
    scene.without_keys()
    scene.patch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{scene.url}/container")
    scene.patch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "of the container")
    scene.write_profile()
    await look(scene)


async def look(scene: Scene) -> None:
    """Something that needs keys, at a server that is beside the point."""
    s3 = await scene.open_s3(profile=scene.profile, endpoint_url=scene.plain.url)
    await s3.head_object(REF)


async def by_oss(scene: Scene) -> None:
    scene.patch.setenv("OSS_ACCESS_KEY_ID", "key")
    scene.patch.setenv("OSS_ACCESS_KEY_SECRET", "secret")
    oss = await scene.open_oss(endpoint_url=scene.url, path_style=True)
    await oss.list_buckets()


Caller = Callable[[Scene], Awaitable[None]]
CALLERS: list[Caller] = [
    by_s3, by_the_sdks_client, by_s3_control, by_sts, by_assume_role, by_web_identity, by_sso, by_container, by_oss,
]  # fmt: skip
NEVER_PROXIED = (by_container,)
"""A container's own metadata is asked directly, whatever the environment says."""
BY_PROFILE = [caller for caller in CALLERS if caller is not by_oss]


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture
async def proxy() -> AsyncIterator[HttpProxy]:
    async with HttpProxy() as started:
        yield started


@pytest.fixture(params=["direct", "proxied"])
def way(request: pytest.FixtureRequest, proxy: HttpProxy, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "proxied":
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    return str(request.param)


class Meet(Protocol):
    """What the fixture ``meet`` is."""

    async def __call__(self, context: ssl.SSLContext, host: str = "localhost") -> tuple[Scene, ScriptedServer]: ...


@pytest.fixture
async def meet(
    scripted: StartServer, open_s3: OpenS3, open_oss: OpenOss, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Meet:
    """A scene with a TLS server: ``scene, server = await meet(context, host)``."""
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "RESTORETUI_HTTP"):
        monkeypatch.delenv(name, raising=False)

    async def start(context: ssl.SSLContext, host: str = "localhost") -> tuple[Scene, ScriptedServer]:
        server, plain = await scripted(cloud, context), await scripted(cloud)
        url = server.url.replace("127.0.0.1", host)
        return Scene(url, plain, open_s3, open_oss, monkeypatch, tmp_path), server

    return start


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


def trust(scene: Scene, authority: Authority, how: str) -> None:
    match how:
        case "SSL_CERT_DIR":
            scene.patch.setenv(how, str(authority.folder()))
        case "a folder":
            scene.patch.setenv("AWS_CA_BUNDLE", str(authority.folder()))
        case "the profile":
            scene.in_profile = [f"ca_bundle = {authority.bundle}"]
        case _:
            scene.patch.setenv(how, str(authority.bundle))


def check_way(way: str, caller: Caller, proxy: HttpProxy, url: str) -> None:
    """It went the way it was to go."""
    if way == "proxied" and caller not in NEVER_PROXIED:
        assert proxy.asked
        assert {line for line in proxy.asked if line != f"CONNECT {url.removeprefix('https://')}"} == set()
    else:
        assert proxy.asked == []


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
            with pytest.raises(Unreachable, match="not trusted"):
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


# --- proxies


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
