"""Everything of ours that sends a request, as it is told to: each has to verify whom it asks."""

import hashlib
import json
import ssl
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import pytest
from aiobotocore.credentials import AioSSOProvider

from restoretui.core.model import ObjectRef, RestoreRequest, Tier
from tests.certificates import Authority
from tests.providers.conftest import Asked, OpenOss, OpenS3, ScriptedServer
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


class Meet(Protocol):
    """What the fixture ``meet`` is."""

    async def __call__(self, context: ssl.SSLContext, host: str = "localhost") -> tuple[Scene, ScriptedServer]: ...


def check_way(way: str, caller: Caller, proxy: HttpProxy, url: str) -> None:
    """It went the way it was to go."""
    if way == "proxied" and caller not in NEVER_PROXIED:
        assert proxy.asked
        assert {line for line in proxy.asked if line != f"CONNECT {url.removeprefix('https://')}"} == set()
    else:
        assert proxy.asked == []


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
