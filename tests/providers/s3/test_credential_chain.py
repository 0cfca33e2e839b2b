"""Keys come from the SDK's own chain, beside the event loop, one renewal at a time, and again when they wear out."""

import asyncio
import hashlib
import json
import os
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import pytest
from botocore.credentials import SSOProvider
from botocore.tokens import SSOTokenProvider

from restoretui.core.clock import ManualClock
from restoretui.core.errors import CloudError, CredentialsError, Unreachable
from restoretui.core.model import ObjectRef
from restoretui.providers.http import response_limits as bounds
from tests.providers.conftest import Asked, OpenS3, ScriptedServer, StartServer

CONFIG = """
[profile base]
aws_access_key_id = AKIDBASE
aws_secret_access_key = base

[profile archivist]
role_arn = arn:aws:iam::123456789012:role/archivist
source_profile = base

[profile guarded]
role_arn = arn:aws:iam::123456789012:role/archivist
source_profile = base
mfa_serial = arn:aws:iam::123456789012:mfa/me

[profile half]
aws_access_key_id = AKIDHALF

[profile sso]
sso_session = corp
sso_account_id = 123456789012
sso_role_name = Reader
region = eu-west-1

[sso-session corp]
sso_start_url = https://corp.awsapps.com/start
sso_region = us-east-1
"""
REF = ObjectRef("bkt", "k")
FOUND = {"headers": {"x-amz-bucket-region": "us-east-1", "Content-Length": "1"}}


class WriteConfig(Protocol):
    """What the fixture ``config`` is."""

    def __call__(self, more: str = "") -> None: ...


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WriteConfig:
    """An AWS config file, and no keys in the environment."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    path = tmp_path / "aws-config"

    def write(more: str = "") -> None:
        path.write_text(CONFIG + more)

    write()
    return write


def assumed(asked: Asked) -> dict[str, Any]:
    """STS and S3 on one address."""
    if b"Action=AssumeRole" in asked.body:
        until = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
        body = (
            '<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>'
            "<AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>role</SecretAccessKey>"
            f"<SessionToken>TOKEN</SessionToken><Expiration>{until}</Expiration></Credentials>"
            "<AssumedRoleUser><Arn>arn:aws:sts::123456789012:assumed-role/archivist/me</Arn>"
            "<AssumedRoleId>A:me</AssumedRoleId></AssumedRoleUser></AssumeRoleResult></AssumeRoleResponse>"
        )
        return {"body": body.encode(), "headers": {"Content-Type": "text/xml"}}
    return FOUND


def signers(server: ScriptedServer) -> list[str]:
    return [
        asked.headers["authorization"].partition("Credential=")[2].partition("/")[0]
        for asked in server.asked
        if asked.method == "HEAD"
    ]


async def test_there_are_none(scripted: StartServer, open_s3: OpenS3, config: WriteConfig) -> None:
    server = await scripted(lambda _: FOUND)
    s3 = await open_s3(endpoint_url=server.url)
    with pytest.raises(CredentialsError, match="no credentials") as caught:
        await s3.head_object(REF)
    assert "--profile" in caught.value.hint
    assert server.asked == []


async def test_half_of_them(open_s3: OpenS3, config: WriteConfig) -> None:
    s3 = await open_s3(profile="half", endpoint_url="http://127.0.0.1:1")
    with pytest.raises(CredentialsError, match="aws_secret_access_key"):
        await s3.head_object(REF)


async def test_an_sso_session_that_was_never_started(open_s3: OpenS3, config: WriteConfig) -> None:
    s3 = await open_s3(profile="sso")
    assert s3.region == "eu-west-1"
    with pytest.raises(CredentialsError, match="SSO") as caught:
        await s3.head_object(REF)
    assert caught.value.hint == "run: aws sso login --profile sso"


async def test_a_role_is_assumed_once(
    scripted: StartServer, open_s3: OpenS3, config: WriteConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = await scripted(assumed)
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
    s3 = await open_s3(profile="archivist")
    assert s3.endpoint == server.url
    await asyncio.gather(*(s3.head_object(REF) for _ in range(20)))
    assert set(signers(server)) == {"ASIAROLE"}
    assert len([asked for asked in server.asked if asked.method == "POST"]) == 1


async def test_a_screen_is_asked_for_the_mfa_code_on_its_own_loop(
    scripted: StartServer, open_s3: OpenS3, config: WriteConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = await scripted(assumed)
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
    asked_for = []

    async def ask(question: str) -> str:
        await asyncio.sleep(0)
        asked_for.append((question, threading.current_thread() is threading.main_thread()))
        return " 123456 "

    s3 = await open_s3(profile="guarded", mfa=ask)
    await asyncio.gather(*(s3.head_object(REF) for _ in range(5)))
    assert len(asked_for) == 1
    question, on_the_loop = asked_for[0]
    assert "arn:aws:iam::123456789012:mfa/me" in question
    assert on_the_loop
    (role,) = [asked for asked in server.asked if asked.method == "POST"]
    assert b"TokenCode=123456" in role.body


async def test_a_terminal_may_block_while_asking(
    scripted: StartServer, open_s3: OpenS3, config: WriteConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = await scripted(assumed)
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
    threads = []

    def ask(question: str) -> str:
        threads.append(threading.current_thread())
        return "654321"

    s3 = await open_s3(profile="guarded", mfa=ask)
    await s3.head_object(REF)
    assert threads[0] is not threading.main_thread()


@pytest.mark.parametrize(("mfa", "said"), [(None, "nobody to ask"), (lambda _: "", "no MFA code")])
async def test_without_a_code_there_is_no_role(
    scripted: StartServer,
    open_s3: OpenS3,
    config: WriteConfig,
    monkeypatch: pytest.MonkeyPatch,
    mfa: Callable[..., Any] | None,
    said: str,
) -> None:
    server = await scripted(assumed)
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
    s3 = await open_s3(profile="guarded", mfa=mfa)
    with pytest.raises(CredentialsError, match=said):
        await s3.head_object(REF)
    assert server.asked == []


async def test_a_role_that_is_refused(
    scripted: StartServer, open_s3: OpenS3, config: WriteConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = (
        b"<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>not you</Message></Error>"
        b"<RequestId>R</RequestId></ErrorResponse>"
    )
    server = await scripted(lambda _: {"status": 403, "body": body})
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
    s3 = await open_s3(profile="archivist")
    with pytest.raises(CredentialsError, match="not you") as caught:
        await s3.head_object(REF)
    assert (caught.value.code, caught.value.status, caught.value.operation) == ("AccessDenied", 403, "AssumeRole")


async def test_a_chain_without_a_network_is_unreachable(
    open_s3: OpenS3, config: WriteConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    s3 = await open_s3(profile="archivist")
    with pytest.raises(Unreachable, match="renewed"):
        await s3.head_object(REF)


def a_process(tmp_path: Path, expires_in: float, fails_after: int = 10**9) -> tuple[str, Path]:
    """A credential_process that counts its runs and signs with their number, and fails after so many."""
    counter = tmp_path / "runs"
    script = tmp_path / "process.py"
    script.write_text(
        "import datetime, json, pathlib, sys\n"
        f"counter = pathlib.Path({str(counter)!r})\n"
        "runs = int(counter.read_text()) + 1 if counter.exists() else 1\n"
        "counter.write_text(str(runs))\n"
        f"if runs > {fails_after}:\n"
        "    sys.exit('locked')\n"
        f"until = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds={expires_in})\n"
        "print(json.dumps({'Version': 1, 'AccessKeyId': f'RUN{runs}', 'SecretAccessKey': 's', 'SessionToken': 't',"
        " 'Expiration': until.isoformat()}))\n"
    )
    return f"\n[profile tool]\ncredential_process = {sys.executable} {script}\n", counter


async def test_keys_near_their_end_are_renewed_once_for_all(
    scripted: StartServer, open_s3: OpenS3, config: WriteConfig, tmp_path: Path
) -> None:
    profile, counter = a_process(tmp_path, expires_in=1000)
    config(profile)
    server = await scripted(lambda _: FOUND)
    clock = ManualClock()
    s3 = await open_s3(profile="tool", endpoint_url=server.url, clock=clock)
    await asyncio.gather(*(s3.head_object(REF) for _ in range(10)))
    assert set(signers(server)) == {"RUN1"}
    await clock.advance(690)
    await asyncio.gather(*(s3.head_object(REF) for _ in range(10)))
    assert set(signers(server)) == {"RUN1"}
    await clock.advance(20)
    await asyncio.gather(*(s3.head_object(REF) for _ in range(10)))
    assert set(signers(server)) == {"RUN1", "RUN2"}
    assert await asyncio.to_thread(counter.read_text) == "2"


@pytest.mark.parametrize("expires_in", [400, 200, 60])
async def test_keys_that_never_last_long_are_renewed_at_half_their_time(
    scripted: StartServer, open_s3: OpenS3, config: WriteConfig, tmp_path: Path, expires_in: int
) -> None:
    profile, counter = a_process(tmp_path, expires_in)
    config(profile)
    server = await scripted(lambda _: FOUND)
    clock = ManualClock()
    s3 = await open_s3(profile="tool", endpoint_url=server.url, clock=clock)
    await s3.head_object(REF)
    at_first = int(await asyncio.to_thread(counter.read_text))
    assert at_first <= 2  # the SDK may ask twice at a time for what is so short-lived
    for _ in range(100):
        await clock.advance(4)
        await s3.head_object(REF)
    renewals = int(await asyncio.to_thread(counter.read_text)) / at_first
    assert 400 / expires_in <= renewals <= 1 + 400 // (expires_in / 2)


async def test_who_cannot_renew_keys_yet_is_asked_ever_closer_to_their_end_not_all_the_time(
    scripted: StartServer, open_s3: OpenS3, config: WriteConfig, tmp_path: Path
) -> None:
    profile, counter = a_process(tmp_path, 1000, fails_after=1)
    config(profile)
    server = await scripted(lambda _: FOUND)
    clock = ManualClock()
    s3 = await open_s3(profile="tool", endpoint_url=server.url, clock=clock)
    for _ in range(248):
        await s3.head_object(REF)
        await clock.advance(4)
    assert set(signers(server)) == {"RUN1"}
    assert 3 <= int(await asyncio.to_thread(counter.read_text)) <= 9
    await clock.advance(10)
    with pytest.raises(CredentialsError, match="locked"):
        await s3.head_object(REF)


async def test_keys_with_time_left_are_kept(
    scripted: StartServer, open_s3: OpenS3, config: WriteConfig, tmp_path: Path
) -> None:
    profile, counter = a_process(tmp_path, expires_in=3600)
    config(profile)
    server = await scripted(lambda _: FOUND)
    clock = ManualClock()
    s3 = await open_s3(profile="tool", endpoint_url=server.url, clock=clock)
    for _ in range(3):
        await s3.head_object(REF)
        await clock.advance(60)
    assert (await asyncio.to_thread(counter.read_text)) == "1"


async def test_a_process_that_fails(open_s3: OpenS3, config: WriteConfig) -> None:
    config(f"\n[profile tool]\ncredential_process = {sys.executable} -c 'import sys; sys.exit(\"locked\")'\n")
    s3 = await open_s3(profile="tool", endpoint_url="http://127.0.0.1:1")
    with pytest.raises(CredentialsError, match="locked"):
        await s3.head_object(REF)


async def test_new_keys_in_the_file_end_an_expiry_without_a_restart(
    scripted: StartServer, open_s3: OpenS3, config: WriteConfig
) -> None:
    config("\n[profile daily]\naws_access_key_id = AKIDOLD\naws_secret_access_key = s\naws_session_token = t\n")

    def script(asked: Asked) -> dict[str, Any]:
        if "AKIDOLD" in asked.headers["authorization"]:
            return {"status": 400, "body": b"<Error><Code>ExpiredToken</Code></Error>"}
        return FOUND if asked.method == "HEAD" else {"status": 202}

    server = await scripted(script)
    clock = ManualClock()
    s3 = await open_s3(profile="daily", endpoint_url=server.url, clock=clock)
    with pytest.raises(CredentialsError, match="expired") as caught:
        await s3.head_object(REF)
    assert "daily" in caught.value.hint
    config("\n[profile daily]\naws_access_key_id = AKIDNEW\naws_secret_access_key = s\naws_session_token = t\n")
    await clock.advance(11)
    await s3.head_object(REF)
    assert signers(server)[-1] == "AKIDNEW"


async def test_secrets_are_in_no_error(
    scripted: StartServer, open_s3: OpenS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "planted-secret")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "planted-token")
    server = await scripted(lambda _: {"status": 403, "body": json.dumps({"no": "xml"}).encode()})
    s3 = await open_s3(endpoint_url=server.url)
    with pytest.raises(Exception, match="no XML") as caught:
        await s3.list_page("bkt")
    chain: list[str] = []
    error: BaseException | None = caught.value
    while error is not None:
        chain.append(repr(error) + str(vars(error)))
        error = error.__cause__ or error.__context__
    assert "planted" not in "".join(chain)


# --- answers beyond their bounds

ENDLESS = {
    "long": b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n" + b"x" * 70_000,
    "chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + (b"1000\r\n" + b"x" * 4096 + b"\r\n") * 17,
}


def by_role(monkeypatch: pytest.MonkeyPatch, url: str) -> str | None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", url)
    return "archivist"


def by_container(monkeypatch: pytest.MonkeyPatch, url: str) -> str | None:
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{url}/container")
    return None


def by_instance(monkeypatch: pytest.MonkeyPatch, url: str) -> str | None:
    monkeypatch.delenv("AWS_EC2_METADATA_DISABLED")
    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", url)
    return None


def signed_in(monkeypatch: pytest.MonkeyPatch, url: str, *, lasts: timedelta) -> None:
    """As ``aws sso login`` leaves it: a token in the SDK's cache, under the name of the sso-session."""
    for service in ("SSO", "SSO_OIDC"):
        monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}", url)
    cache = Path(os.environ["AWS_CONFIG_FILE"]).parent / "sso-cache"
    cache.mkdir()
    # Where it is, the SDK finds out once, by the home folder at its import.
    for provider in (SSOTokenProvider, SSOProvider):
        monkeypatch.setattr(provider, "_SSO_TOKEN_CACHE_DIR", str(cache))
    now = datetime.now(UTC)
    token = {
        "startUrl": "https://corp.awsapps.com/start", "region": "us-east-1", "accessToken": "t", "refreshToken": "r",
        "expiresAt": f"{now + lasts:%Y-%m-%dT%H:%M:%SZ}", "clientId": "c", "clientSecret": "s",
        "registrationExpiresAt": f"{now + timedelta(days=30):%Y-%m-%dT%H:%M:%SZ}",
    }  # fmt: skip
    (cache / f"{hashlib.sha1(b'corp').hexdigest()}.json").write_text(json.dumps(token))


def by_sso(monkeypatch: pytest.MonkeyPatch, url: str) -> str | None:
    signed_in(monkeypatch, url, lasts=timedelta(hours=8))
    return "sso"


def by_sso_oidc(monkeypatch: pytest.MonkeyPatch, url: str) -> str | None:
    """The token has run out, and is renewed first."""
    signed_in(monkeypatch, url, lasts=timedelta(hours=-1))
    return "sso"


Giver = Callable[[pytest.MonkeyPatch, str], str | None]
GIVERS: list[Giver] = [by_role, by_container, by_instance, by_sso, by_sso_oidc]


UNNAMED = b"<AssumeRoleResult><Credentials><AccessKeyId>planted</AccessKeyId></Credentials></AssumeRoleResult>"
ODD_KEYS = [
    (by_role, b"<AssumeRoleResponse><SecretAccessKey>planted</SecretAccessKey>\x1b", "no XML or JSON"),
    (by_role, b"<AssumeRoleResponse>%b</AssumeRoleResponse>" % UNNAMED, "names no"),
    (by_sso, b'{"roleCredentials": {"secretAccessKey": "planted"}}', "names no"),
    (by_sso, b'{"roleCredentials": ["planted"]}', "cannot be had"),
    (by_container, b'["planted"]', "cannot be had"),
]  # fmt: skip


@pytest.mark.parametrize(("giver", "body", "words"), ODD_KEYS)
async def test_keys_in_odd_answers_are_told_of_and_quoted_nowhere(
    scripted: StartServer,
    open_s3: OpenS3,
    config: WriteConfig,
    monkeypatch: pytest.MonkeyPatch,
    giver: Giver,
    body: bytes,
    words: str,
) -> None:
    server = await scripted(lambda _: {"body": body})
    s3 = await open_s3(profile=giver(monkeypatch, server.url), endpoint_url=server.url)
    with pytest.raises(CredentialsError, match=words) as caught:
        await s3.head_object(REF)
    told: BaseException | None = caught.value
    while told is not None:
        assert "planted" not in f"{told!r} {told} {vars(told)}"
        told = told.__cause__ or told.__context__


@pytest.mark.parametrize("raw", ENDLESS)
@pytest.mark.parametrize("giver", GIVERS)
async def test_keys_of_any_length_are_not_taken(
    scripted: StartServer,
    open_s3: OpenS3,
    config: WriteConfig,
    monkeypatch: pytest.MonkeyPatch,
    giver: Giver,
    raw: str,
) -> None:
    monkeypatch.setattr(bounds, "MOST_BODY", 1 << 16)
    server = await scripted(lambda _: {"raw": ENDLESS[raw]})
    store = await scripted(lambda _: FOUND)
    s3 = await open_s3(profile=giver(monkeypatch, server.url), endpoint_url=store.url)
    with pytest.raises(CloudError, match="not read to its end") as caught:
        await s3.head_object(REF)
    assert "\n" not in str(caught.value)
    assert store.asked == []


@pytest.mark.parametrize("giver", GIVERS)
async def test_keys_that_never_come_whole_are_not_waited_for(
    scripted: StartServer,
    open_s3: OpenS3,
    config: WriteConfig,
    monkeypatch: pytest.MonkeyPatch,
    giver: Giver,
) -> None:
    monkeypatch.setattr(bounds, "ANSWER_S", 0.2)
    server = await scripted(lambda _: {"stall": True})
    store = await scripted(lambda _: FOUND)
    s3 = await open_s3(profile=giver(monkeypatch, server.url), endpoint_url=store.url)
    with pytest.raises(CloudError):
        await s3.head_object(REF)
    assert server.asked, "they were asked for"
    assert store.asked == []
