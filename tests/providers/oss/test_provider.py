"""The OSS provider beside the contract: Regions, credentials, one request per restore, what only OSS has."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from restoretui.core.clock import ManualClock
from restoretui.core.errors import (
    AccessDenied,
    BucketNotFound,
    ConnectionLost,
    CredentialsError,
    InvalidRequest,
    MalformedAnswer,
    ObjectNotFound,
    ServerFault,
    Throttled,
    Unreachable,
    Unsupported,
    UsageError,
)
from restoretui.core.model import ObjectRef, RestoreRequest, RestoreStatus, Tier
from restoretui.core.provider import Outcome
from restoretui.providers.oss.credentials import look_up
from restoretui.providers.oss.key_sources import OssKeys
from restoretui.providers.oss.provider import OssProvider
from restoretui.sandbox import RunningSandbox
from tests.conftest import StartSandbox
from tests.providers.conftest import Asked, OpenOss, StartServer

WISH = RestoreRequest(2, Tier.BULK)
COLD, ARCHIVE, SHUT = ObjectRef("bkt", "open/k"), ObjectRef("bkt", "open/warm"), ObjectRef("bkt", "shut/k")


@pytest.fixture
async def cloud(sandbox: StartSandbox, monkeypatch: pytest.MonkeyPatch) -> RunningSandbox:
    running = await sandbox(empty=True)
    for name in ("OSS_ACCESS_KEY_ID", "OSS_ACCESS_KEY_SECRET"):
        monkeypatch.setenv(name, running.env[name])
    running.cloud.add_bucket("bkt", scheme="oss", region="cn-hangzhou")
    for ref, storage_class in ((COLD, "ColdArchive"), (ARCHIVE, "Archive"), (SHUT, "ColdArchive")):
        running.cloud.put("bkt", ref.key, b"x", storage_class=storage_class)
    return running


@pytest.fixture
async def oss(cloud: RunningSandbox, open_oss: OpenOss) -> OssProvider:
    provider = await open_oss(endpoint_url=cloud.url, clock=cloud.clock)
    await provider.bucket_region("bkt")
    return provider


def strike(cloud: RunningSandbox, kind: str, **fault: Any) -> None:
    cloud.faults.add({"kind": kind, **fault}, cloud.cloud.now())


async def test_denied_objects_fail_alone(cloud: RunningSandbox, oss: OssProvider) -> None:
    strike(cloud, "deny", prefix="shut/", operations=["RestoreObject", "HeadObject"])
    answer = await oss.restore_object(SHUT, WISH, "ColdArchive")
    assert (answer.outcome, answer.status, answer.code) == (Outcome.DENIED, 403, "AccessDenied")
    assert answer.request_id
    with pytest.raises(AccessDenied, match="'bkt' is denied") as caught:
        await oss.head_object(SHUT)
    assert caught.value.hint == "the RAM action oss:GetObject is missing"
    assert (await oss.restore_object(COLD, WISH, "ColdArchive")).outcome is Outcome.ACCEPTED


async def test_each_class_is_sent_what_it_takes(
    cloud: RunningSandbox, oss: OssProvider, open_oss: OpenOss, scripted: StartServer
) -> None:
    server = await scripted(
        lambda asked: (
            {"status": 202, "headers": {"x-oss-request-id": "R1"}}
            if "restore" in asked.query
            else {"body": b"<LocationConstraint>oss-cn-shanghai</LocationConstraint>"}
        )
    )
    provider = await open_oss(endpoint_url=server.url)
    for storage_class, tier in (("Archive", None), ("ColdArchive", "Bulk"), ("DeepColdArchive", "Bulk")):
        answer = await provider.restore_object(COLD, WISH, storage_class)
        assert (answer.outcome, answer.request_id) == (Outcome.ACCEPTED, "R1")
        body = ET.fromstring(server.asked[-1].body)
        assert (body.findtext("Days"), body.findtext("JobParameters/Tier")) == ("2", tier)
    assert [operation.split("?")[1] for operation in server.operations()] == ["location=", *["restore="] * 3]
    assert "/cn-shanghai/oss/aliyun_v4_request" in server.asked[-1].headers["authorization"]
    assert server.asked[-1].headers["user-agent"].partition("restoretui/")[1]


async def test_archive_restores_whatever_the_tier(cloud: RunningSandbox, oss: OssProvider) -> None:
    answer = await oss.restore_object(ARCHIVE, WISH, "Archive")
    assert answer.outcome is Outcome.ACCEPTED
    answer = await oss.restore_object(ARCHIVE, RestoreRequest(2, Tier.EXPEDITED), "Archive")
    assert (answer.outcome, answer.status) == (Outcome.ALREADY_RESTORING, 409)
    await cloud.advance(600)
    answer = await oss.restore_object(ARCHIVE, WISH, "Archive")
    assert (answer.outcome, answer.status) == (Outcome.UPDATED, 200)
    refused = await oss.restore_object(ARCHIVE, RestoreRequest(8, Tier.BULK), "Archive")
    assert (refused.outcome, refused.code) == (Outcome.REFUSED, "MalformedXML")


async def test_a_bucket_of_another_region_is_found_once(cloud: RunningSandbox, open_oss: OpenOss) -> None:
    cloud.cloud.add_bucket("far", scheme="oss", region="cn-beijing")
    cloud.cloud.put("far", "k", b"x", storage_class="Archive")
    provider = await open_oss(endpoint_url=cloud.url, clock=cloud.clock)
    ref = ObjectRef("far", "k")
    assert (await provider.restore_object(ref, WISH, "Archive")).outcome is Outcome.ACCEPTED
    assert (await provider.head_object(ref)).restore == RestoreStatus(in_progress=True)
    assert cloud.stats.answers["GetBucketLocation 200"] == 1
    assert await provider.bucket_region("far") == "cn-beijing"
    with pytest.raises(BucketNotFound, match="'nowhere'"):
        await provider.restore_object(ObjectRef("nowhere", "k"), WISH, "Archive")


async def test_who_may_not_ask_where_a_bucket_is_learns_it_from_a_refusal(
    cloud: RunningSandbox, open_oss: OpenOss
) -> None:
    cloud.cloud.add_bucket("far", scheme="oss", region="cn-beijing")
    cloud.cloud.put("far", "k", b"x", storage_class="Archive")
    strike(cloud, "deny", operations=["GetBucketLocation"])
    provider = await open_oss(endpoint_url=cloud.url, clock=cloud.clock)
    ref = ObjectRef("far", "k")
    with pytest.raises(Unreachable, match="another Region; nothing was done"):
        await provider.restore_object(ref, WISH, "Archive")
    assert (await provider.restore_object(ref, WISH, "Archive")).outcome is Outcome.ACCEPTED
    other = await open_oss(endpoint_url=cloud.url, clock=cloud.clock)
    assert (await other.list_page("far")).entries
    assert cloud.stats.requests["ListObjectsV2"] == 2


async def test_a_copy_can_be_ended_early(cloud: RunningSandbox, oss: OssProvider) -> None:
    assert oss.capabilities.clean
    assert not await oss.clean_restored_object(COLD)
    await oss.restore_object(COLD, RestoreRequest(30, Tier.EXPEDITED), "ColdArchive")
    await cloud.advance(3600)
    seen = await oss.head_object(COLD)
    assert seen.restore is not None
    assert not seen.restore.in_progress
    assert await oss.clean_restored_object(COLD)
    assert (await oss.head_object(COLD)).restore is None
    with pytest.raises(Unsupported, match="only copies of ColdArchive"):
        await oss.clean_restored_object(ARCHIVE)
    with pytest.raises(ObjectNotFound):
        await oss.clean_restored_object(ObjectRef("bkt", "nothing"))
    strike(cloud, "error", operations=["CleanRestoredObject"])
    with pytest.raises(ServerFault):
        await oss.clean_restored_object(COLD)


async def test_direct_read_is_seen(cloud: RunningSandbox, oss: OssProvider) -> None:
    assert await oss.readable_archives("bkt") == frozenset()
    cloud.cloud.buckets["bkt"].direct_read = True
    assert await oss.readable_archives("bkt") == {"Archive"}
    strike(cloud, "deny", operations=["GetBucketArchiveDirectRead"])
    assert await oss.readable_archives("bkt") == frozenset()
    cloud.faults.clear()
    strike(cloud, "unknown-key")
    with pytest.raises(CredentialsError):
        await oss.readable_archives("bkt")


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (
            {"body": b"<html><body>Please log in</body></html>", "headers": {"Content-Type": "text/html"}},
            MalformedAnswer,
        ),
        ({"body": b""}, MalformedAnswer),
        ({"body": b'<!DOCTYPE x [<!ENTITY a "b">]><ListBucketResult/>'}, MalformedAnswer),
        ({"body": b"<ListBucketResult></ListBucketResult>"}, MalformedAnswer),
        ({"body": b"<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>"}, MalformedAnswer),
        (
            {
                "body": b"<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Size>1</Size></Contents>"
                b"</ListBucketResult>"
            },
            MalformedAnswer,
        ),
        ({"status": 302, "headers": {"Location": "http://portal.invalid/"}}, MalformedAnswer),
        ({"status": 404, "body": b"not here"}, InvalidRequest),
        ({"status": 503, "body": b"<html>busy</html>"}, ServerFault),
        ({"status": 429}, Throttled),
        ({"raw": b"SSH-2.0-OpenSSH_9\r\n"}, (MalformedAnswer, ConnectionLost)),
        ({"drop": True}, ConnectionLost),
    ],
)
async def test_what_is_not_oss_is_said_to_be_not_oss(
    open_oss: OpenOss, scripted: StartServer, monkeypatch: pytest.MonkeyPatch, answer: dict[str, Any], error: Any
) -> None:
    monkeypatch.setenv("OSS_ACCESS_KEY_ID", "k")
    monkeypatch.setenv("OSS_ACCESS_KEY_SECRET", "s")
    date = {"Date": "Sat, 21 Nov 2026 11:00:00 GMT"}

    def script(asked: Asked) -> dict[str, Any]:
        if "location" in asked.query:
            return {"body": b"<LocationConstraint>oss-cn-hangzhou</LocationConstraint>"}
        return {**answer, "headers": {**date, **answer.get("headers", {})}}

    server = await scripted(script)
    provider = await open_oss(endpoint_url=server.url)
    with pytest.raises(error) as caught:
        await provider.list_page("bkt")
    assert "\n" not in str(caught.value)
    if answer.get("status", 200) == 200:
        with pytest.raises((MalformedAnswer, ConnectionLost)):
            await provider.restore_object(COLD, WISH, "ColdArchive")


async def test_nobody_there(open_oss: OpenOss, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OSS_ACCESS_KEY_ID", "k")
    monkeypatch.setenv("OSS_ACCESS_KEY_SECRET", "s")
    provider = await open_oss(endpoint_url="http://127.0.0.1:9")
    with pytest.raises(Unreachable, match=r"no connection to 127\.0\.0\.1:9") as caught:
        await provider.list_buckets()
    assert caught.value.hint == "check the network and OSS_ENDPOINT"


@pytest.mark.parametrize("endpoint", ["ftp://oss.example", "http://", "http://[::1", "https://host:port"])
async def test_endpoints_that_cannot_be_meant(open_oss: OpenOss, endpoint: str) -> None:
    with pytest.raises(UsageError, match="cannot be an OSS endpoint"):
        await open_oss(endpoint_url=endpoint)


@pytest.mark.parametrize(
    ("options", "region", "host"),
    [
        ({}, "cn-hangzhou", "https://bkt.oss-cn-shanghai.aliyuncs.com/"),
        ({"region": "cn-beijing"}, "cn-beijing", "https://bkt.oss-cn-shanghai.aliyuncs.com/"),
        ({"internal": True}, "cn-hangzhou", "https://bkt.oss-cn-shanghai-internal.aliyuncs.com/"),
        (
            {"endpoint_url": "oss-eu-central-1-internal.aliyuncs.com"},
            "eu-central-1",
            "https://bkt.oss-cn-shanghai-internal.aliyuncs.com/",
        ),
        ({"endpoint_url": "https://oss.example:8443"}, "cn-hangzhou", "https://bkt.oss.example:8443/"),
        ({"endpoint_url": "oss.example", "path_style": True}, "cn-hangzhou", "https://oss.example/bkt/"),
    ],
)
async def test_where_requests_go(
    open_oss: OpenOss, monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], region: str, host: str
) -> None:
    monkeypatch.setenv("OSS_ACCESS_KEY_ID", "k")
    monkeypatch.setenv("OSS_ACCESS_KEY_SECRET", "s")
    provider = await open_oss(**options)
    asked = []

    async def request(self: object, method: str, url: str, **kept: Any) -> None:
        asked.append(url)
        raise ConnectionRefusedError

    monkeypatch.setattr("restoretui.providers.oss.sdk._Http.request", request)
    provider._calls.regions.learn("bkt", "cn-shanghai")
    assert provider.region == region
    with pytest.raises((Unreachable, ConnectionLost)):
        await provider.list_page("bkt")
    assert asked[0].partition("?")[0] == host


class TestCredentials:
    FILE = (
        "[default]\nregion = cn-shenzhen\naccessKeyID = AK1\naccessKeySecret = S%1\n"
        "[profile work]\naccessKeyId=AK2\naccessKeySecret=S2\nstsToken=T2\nendpoint=oss-cn-beijing.aliyuncs.com\n"
        "[profile role]\nmode = RamRoleArn\n"
    )

    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        path = tmp_path / ".ossutilconfig"
        path.write_text(self.FILE)
        return path

    def test_the_environment_wins_unless_a_profile_is_named(self, file: Path) -> None:
        env = {"OSS_ACCESS_KEY_ID": "E", "OSS_ACCESS_KEY_SECRET": "F", "OSS_SESSION_TOKEN": "G"}
        assert look_up(None, {**env, "OSS_CONFIG_FILE": str(file)}).keys == OssKeys("E", "F", "G")
        found = look_up("work", {**env, "OSS_CONFIG_FILE": str(file)})
        assert found.keys == OssKeys("AK2", "S2", "T2")
        assert found.endpoint == "oss-cn-beijing.aliyuncs.com"

    def test_the_file_is_the_second_choice(self, file: Path) -> None:
        found = look_up(None, {"OSS_CONFIG_FILE": str(file)})
        assert (found.keys, found.region) == (OssKeys("AK1", "S%1"), "cn-shenzhen")

    def test_ossutil_1_writes_another_section(self, file: Path) -> None:
        file.write_text("[Credentials]\nlanguage=EN\naccessKeyID=AK\naccessKeySecret=S\nendpoint=oss.example\n")
        assert look_up(None, {"OSS_CONFIG_FILE": str(file)}).keys == OssKeys("AK", "S")

    def test_what_cannot_be_used_says_so(self, file: Path, tmp_path: Path) -> None:
        env = {"OSS_CONFIG_FILE": str(file)}
        with pytest.raises(UsageError, match="has no profile 'nobody'"):
            look_up("nobody", env)
        assert "names no role to assume (role-arn)" in look_up("role", env).why
        file.write_text("not = an ini\n")
        with pytest.raises(UsageError, match="cannot be read"):
            look_up(None, env)
        assert look_up(None, {"OSS_CONFIG_FILE": str(tmp_path / "none")}).why == "there are no OSS credentials"

    async def test_without_any_the_first_request_says_so(self, open_oss: OpenOss) -> None:
        provider = await open_oss(region="cn-hangzhou")
        with pytest.raises(CredentialsError, match="there are no OSS credentials") as caught:
            await provider.list_buckets()
        assert "OSS_ACCESS_KEY_ID" in caught.value.hint

    async def test_a_mended_file_is_read_again(
        self, sandbox: StartSandbox, open_oss: OpenOss, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        running = await sandbox(empty=True)
        running.cloud.add_bucket("bkt", scheme="oss", region="cn-hangzhou")
        path = tmp_path / ".ossutilconfig"
        path.write_text("[default]\naccessKeyID=old\naccessKeySecret=old\n")
        clock = ManualClock()
        provider = await open_oss(endpoint_url=running.url, clock=clock)
        running.faults.add({"kind": "expired-token", "times": 1}, running.cloud.now())
        with pytest.raises(CredentialsError, match="has expired"):
            await provider.list_buckets()
        key, secret = running.env["OSS_ACCESS_KEY_ID"], running.env["OSS_ACCESS_KEY_SECRET"]
        path.write_text(f"[default]\naccessKeyID={key}\naccessKeySecret={secret}\n")
        assert [bucket.name for bucket in await provider.list_buckets()] == ["bkt"]


async def test_many_buckets_come_in_pages(cloud: RunningSandbox, oss: OssProvider) -> None:
    for number in range(1, 1205, 1):
        cloud.cloud.add_bucket(f"many-{number:04d}", scheme="oss", region="cn-hangzhou")
    found = await oss.list_buckets()
    assert len(found) == 1205
    assert cloud.stats.requests["ListBuckets"] == 2


@pytest.mark.parametrize(("key", "bucket"), [("", "bkt"), ("\ud800", "bkt"), ("k", "UPPER")])
async def test_names_that_cannot_be_asked_about(
    cloud: RunningSandbox, oss: OssProvider, key: str, bucket: str
) -> None:
    with pytest.raises(InvalidRequest):
        await oss.head_object(ObjectRef(bucket, key))


async def test_a_bad_token_is_named(cloud: RunningSandbox, oss: OssProvider) -> None:
    with pytest.raises(InvalidRequest, match="not a token"):
        await oss.list_page("bkt", versions=True, token="nonsense")


async def test_many_at_once_keep_their_keys(cloud: RunningSandbox, oss: OssProvider) -> None:
    answers = await asyncio.gather(*(oss.head_object(COLD) for _ in range(100)))
    assert len(answers) == 100


def test_the_sdk_is_loaded_late() -> None:
    code = (
        "import sys, json, restoretui.providers.oss.provider;"
        "print(json.dumps([m for m in sys.modules if m.split('.')[0] in ('alibabacloud_oss_v2', 'requests')]))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(ran.stdout) == []
