"""Keys of a RAM role: assumed by a profile's own keys, or by a token of an identity provider."""

import asyncio
import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from msgspec.structs import replace

from restoretui.core.errors import CredentialsError
from restoretui.providers.oss.assumed_role import STS, AssumedRole, WebIdentityRole, signature
from restoretui.providers.oss.credentials import look_up
from restoretui.providers.oss.key_sources import OssKeys
from tests.narrowing import a
from tests.providers.conftest import Asked, OpenOss, StartServer

ROLE, PROVIDER = "acs:ram::1234567890:role/archivist", "acs:ram::1234567890:oidc-provider/ack"
OWN = OssKeys("OWN", "SECRET")
GIVEN = {
    "AccessKeyId": "STS.K", "AccessKeySecret": "S", "SecurityToken": "T", "Expiration": "2099-01-01T00:00:00Z",
}  # fmt: skip


def sts(asked: Asked) -> dict[str, Any]:
    """What STS says to whoever signs rightly, or brings the right token."""
    fields = dict(parse_qsl(asked.body.decode()))
    told = fields.pop("Signature", "")
    rightly = fields.get("OIDCToken") == "TOKEN"
    if fields.get("Action") == "AssumeRole":
        rightly = fields["AccessKeyId"] == OWN.key_id and told == signature(fields, OWN.secret, "POST")
    if not rightly:
        refused = {"Code": "NoPermission", "Message": "You are not authorized to do this action.", "RequestId": "R"}
        return {"status": 403, "body": json.dumps(refused).encode()}
    return {"body": json.dumps({"RequestId": "R", "AssumedRoleUser": {}, "Credentials": GIVEN}).encode()}


def test_the_signature_is_that_of_the_documentation() -> None:
    """https://www.alibabacloud.com/help/en/sdk/product-overview/rpc-mechanism"""
    example = {
        "Timestamp": "2016-02-23T12:46:24Z", "Format": "XML", "AccessKeyId": "testid", "Action": "DescribeRegions",
        "SignatureMethod": "HMAC-SHA1", "SignatureNonce": "3ee8c1b8-83d3-44af-a94f-4e0ad82fd6cf",
        "Version": "2014-05-26", "SignatureVersion": "1.0",
    }  # fmt: skip
    assert signature(example, "testsecret", "GET") == "OLeaidS1JvxuMvnyHOwuJ+uX5qY="


async def test_a_role_is_assumed_by_keys_and_by_a_token(scripted: StartServer, tmp_path: Path) -> None:
    server = await scripted(sts)
    token = tmp_path / "token"
    token.write_text("TOKEN\n")
    by_keys = AssumedRole(ROLE, OWN, "night's restore", 1800, server.url)
    assert (await asyncio.to_thread(by_keys.fetch))[:3] == ("STS.K", "S", "T")
    sent = dict(parse_qsl(server.asked[-1].body.decode()))
    assert {"RoleArn": ROLE, "RoleSessionName": "night's restore", "DurationSeconds": "1800"}.items() <= sent.items()
    assert OWN.secret not in server.asked[-1].body.decode()
    by_token = WebIdentityRole(ROLE, PROVIDER, str(token), endpoint=server.url)
    assert (await asyncio.to_thread(by_token.fetch))[:3] == ("STS.K", "S", "T")
    assert "AccessKeyId" not in server.asked[-1].body.decode()


@pytest.mark.parametrize(
    ("source", "says"),
    [
        (AssumedRole(ROLE, OssKeys("OWN", "WRONG")), "refuses: NoPermission: You are not authorized"),
        (AssumedRole(ROLE, OWN, endpoint="http://127.0.0.1:9"), "asked for the role .* gives no keys"),
        (WebIdentityRole(ROLE, PROVIDER, "/nowhere/token"), "token in /nowhere/token cannot be read: No such file"),
    ],
)
async def test_none_given_is_one_sentence(
    scripted: StartServer, source: AssumedRole | WebIdentityRole, says: str
) -> None:
    server = await scripted(sts)
    asked = replace(source, endpoint=server.url) if source.endpoint == STS else source
    with pytest.raises(CredentialsError, match=says):
        await asyncio.to_thread(asked.fetch)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[1]", b"{}"])
async def test_what_is_no_answer_of_sts_is_not_believed(scripted: StartServer, body: bytes) -> None:
    for status in (200, 500):
        server = await scripted(lambda asked, status=status: {"status": status, "body": body})  # type: ignore[misc]
        with pytest.raises(CredentialsError):
            await asyncio.to_thread(AssumedRole(ROLE, OWN, endpoint=server.url).fetch)


def test_what_profiles_say_of_roles(tmp_path: Path) -> None:
    path = tmp_path / "ossutil"
    path.write_text(
        f"[default]\nmode=RamRoleArn\naccess-key-id=OWN\naccess-key-secret=SECRET\nrole-arn={ROLE}\n"
        "role-session-name=me\nduration-seconds=900\nsts-endpoint=sts-vpc.cn-beijing.aliyuncs.com\n"
        f"[profile oidc]\nmode=OIDC\nrole-arn={ROLE}\noidc-provider-arn={PROVIDER}\noidc-token-file=~/token\n"
        f"[profile keyless]\nmode=RamRoleArn\nrole-arn={ROLE}\n[profile roleless]\nmode=RamRoleArn\n"
        f"[profile chained]\nmode=ChainableRamRoleArn\nrole-arn={ROLE}\n"
        f"[profile tokenless]\nmode=OIDC\nrole-arn={ROLE}\n"
    )
    env = {"OSS_CONFIG_FILE": str(path)}
    assert look_up(None, env).source == AssumedRole(ROLE, OWN, "me", 900, "sts-vpc.cn-beijing.aliyuncs.com")
    assert look_up("oidc", env).source == WebIdentityRole(ROLE, PROVIDER, "~/token")
    for name, why in {
        "keyless": "no access key to assume", "roleless": "names no role", "tokenless": "no OIDC provider",
        "chained": "from another profile (ChainableRamRoleArn), which is not built",
    }.items():  # fmt: skip
        found = look_up(name, env)
        assert (found.source, found.keys, why in found.why) == (None, None, True)


def test_the_cli_and_pods_name_roles_alike(tmp_path: Path) -> None:
    folder = tmp_path / ".aliyun"  # HOME is ``tmp_path``
    folder.mkdir()
    profile = {
        "name": "default", "mode": "RamRoleArn", "access_key_id": "OWN", "access_key_secret": "SECRET",
        "ram_role_arn": ROLE, "ram_session_name": "me", "expired_seconds": 1200, "sts_region": "cn-hangzhou",
    }  # fmt: skip
    (folder / "config.json").write_text(json.dumps({"current": "default", "profiles": [profile]}))
    env = {"OSS_CONFIG_FILE": str(tmp_path / "none")}
    source = a(AssumedRole, look_up(None, env).source)
    assert (source.seconds, source.endpoint) == (1200, "https://sts.cn-hangzhou.aliyuncs.com")
    (folder / "config.json").unlink()
    of_pod = {"ROLE_ARN": ROLE, "OIDC_PROVIDER_ARN": PROVIDER, "OIDC_TOKEN_FILE": "/var/run/token"}
    in_pod = env | {f"ALIBABA_CLOUD_{name}": value for name, value in of_pod.items()}
    assert look_up(None, in_pod).source == WebIdentityRole(ROLE, PROVIDER, "/var/run/token")


async def test_an_assumed_role_signs_requests(
    scripted: StartServer, open_oss: OpenOss, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = b"<ListAllMyBucketsResult><Owner><ID>1</ID></Owner><Buckets/></ListAllMyBucketsResult>"
    oss_answer = {"body": body, "headers": {"x-oss-request-id": "R"}}
    server = await scripted(lambda asked: sts(asked) if asked.method == "POST" else oss_answer)
    path = tmp_path / "ossutil"
    path.write_text(
        f"[default]\nmode=RamRoleArn\naccessKeyId=OWN\naccessKeySecret=SECRET\nroleArn={ROLE}\n"
        f"stsEndpoint={server.url}\n"
    )
    monkeypatch.setenv("OSS_CONFIG_FILE", str(path))
    oss = await open_oss(endpoint_url=server.url)
    assert await oss.list_buckets() == []
    assert "Credential=STS.K/" in server.asked[-1].headers["authorization"]
    assert server.asked[-1].headers["x-oss-security-token"] == "T"
