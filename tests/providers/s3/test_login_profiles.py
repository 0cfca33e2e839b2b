"""Profiles of `aws login`: the AWS CLI hands out their credentials, and is told no more than it needs."""

import asyncio
import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

import pytest

from restoretui.core.errors import CredentialsError, UsageError
from restoretui.core.model import ObjectRef
from restoretui.providers import processes
from tests.providers.conftest import OpenS3, ScriptedServer, StartServer

REF = ObjectRef("bkt", "k")
FOUND = {"headers": {"x-amz-bucket-region": "us-east-1", "Content-Length": "1", "x-amz-request-id": "R"}}
CONFIG = """
[default]
region = us-east-1
login_session = arn:aws:iam::111122223333:user/me
[profile deep]
role_arn = arn:aws:iam::111122223333:role/archivist
source_profile = default
[profile plain]
aws_access_key_id = AKIDPLAIN
aws_secret_access_key = plain
"""


class Cli(Protocol):
    """What the fixture ``cli`` is: puts an AWS CLI on the PATH that does ``script``."""

    def __call__(self, script: str) -> Path: ...


def document(key: str = "AKIDLOGIN", lasts: float = 3600) -> str:
    end = datetime.now(UTC) + timedelta(seconds=lasts)
    told = {
        "Version": 1,
        "AccessKeyId": key,
        "SecretAccessKey": "s",
        "SessionToken": "T",
        "Expiration": end.isoformat(),
    }
    return json.dumps(told)


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    Path(os.environ["AWS_CONFIG_FILE"]).write_text(CONFIG)
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")

    def write(script: str) -> Path:
        program = folder / "aws"
        program.write_text(f'#!/bin/sh\ncd {tmp_path}\necho "$@" >> asked\nenv > env\n{script}\n')
        program.chmod(0o755)
        return tmp_path

    return write


async def asked_as(server: ScriptedServer) -> str:
    return server.asked[-1].headers["authorization"].partition("Credential=")[2].partition("/")[0]


@pytest.mark.parametrize("profile", [None, "deep"])
async def test_the_cli_hands_them_out(
    cli: Cli, scripted: StartServer, open_s3: OpenS3, monkeypatch: pytest.MonkeyPatch, profile: str | None
) -> None:
    folder = cli(f"echo '{document()}'")
    monkeypatch.setenv("SOMEBODYS_TOKEN", "secret")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "secret, too")
    server = await scripted(lambda asked: FOUND)
    s3 = await open_s3(endpoint_url=server.url, profile=profile)
    await s3.head_object(REF)
    assert await asked_as(server) == "AKIDLOGIN"
    assert server.asked[-1].headers["x-amz-security-token"] == "T"
    name = profile or "default"
    assert (folder / "asked").read_text() == f"configure export-credentials --profile {name} --format process\n"
    told = (folder / "env").read_text()
    assert "secret" not in told
    assert f"AWS_CONFIG_FILE={os.environ['AWS_CONFIG_FILE']}" in told


async def test_they_are_renewed_before_they_end(cli: Cli, scripted: StartServer, open_s3: OpenS3) -> None:
    folder = cli(
        f"""if [ -e first ]; then echo '{document("AKIDNEXT")}'; else touch first; echo '{document(lasts=2.5)}'; fi"""
    )
    server = await scripted(lambda asked: FOUND)
    s3 = await open_s3(endpoint_url=server.url)
    await s3.head_object(REF)
    assert await asked_as(server) == "AKIDLOGIN"
    await asyncio.sleep(2.2)  # The chain is asked at most every two seconds.
    await s3.head_object(REF)
    assert await asked_as(server) == "AKIDNEXT"
    assert len((folder / "asked").read_text().splitlines()) == 2


@pytest.mark.parametrize(
    ("script", "says", "hint", "may_mend"),
    [
        ("echo 'usage: aws [options]' >&2; exit 252", "too old", "2.32.0 or newer", False),
        ("echo \"argument operation: Found invalid choice 'export-credentials'\" >&2; exit 252",
         "too old", "2.32.0 or newer", False),
        ("echo 'Your session has expired.' >&2; exit 255", "has expired", "aws login --profile default", True),
        ("echo no json", "no credentials document", "export-credentials", True),
        ("sleep 20 & sleep 20", "within 0.4 s", "aws login --profile default", True),
    ],
)  # fmt: skip
async def test_what_the_cli_cannot_do_is_one_sentence(
    cli: Cli, open_s3: OpenS3, monkeypatch: pytest.MonkeyPatch, script: str, says: str, hint: str, may_mend: bool
) -> None:
    cli(script)
    monkeypatch.setattr(processes, "LONGEST_S", 0.4)
    monkeypatch.setattr("restoretui.providers.s3.client.login_profiles.LONGEST_S", 0.4)
    s3 = await open_s3(endpoint_url="http://127.0.0.1:9")
    with pytest.raises(CredentialsError, match=says) as caught:
        await s3.head_object(REF)
    assert hint in caught.value.hint
    assert caught.value.may_mend is may_mend


async def test_without_a_cli_it_is_said_how(cli: Cli, open_s3: OpenS3, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    s3 = await open_s3(endpoint_url="http://127.0.0.1:9")
    with pytest.raises(CredentialsError, match="profile default is one of `aws login`") as caught:
        await s3.head_object(REF)
    assert "install the AWS CLI 2.32.0 or newer" in caught.value.hint
    assert not caught.value.may_mend


async def test_other_profiles_ask_nobody(cli: Cli, scripted: StartServer, open_s3: OpenS3) -> None:
    folder = cli("exit 1")
    server = await scripted(lambda asked: FOUND)
    s3 = await open_s3(endpoint_url=server.url, profile="plain")
    await s3.head_object(REF)
    assert await asked_as(server) == "AKIDPLAIN"
    assert not (folder / "asked").exists()


@pytest.mark.parametrize("name", ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"])
async def test_an_empty_profile_is_the_default_one(
    scripted: StartServer, open_s3: OpenS3, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "")
    server = await scripted(lambda asked: FOUND)
    s3 = await open_s3(endpoint_url=server.url, profile="")
    await s3.head_object(REF)
    assert s3.profile == ""
    assert await asked_as(server) == "AKIDEXAMPLE"


@pytest.mark.parametrize(
    ("content", "says", "hint"),
    [
        (b"[default]\nx = a\n[profile a]\n[profile b]\n[profile a]\n", r"line 5: \[profile a\].* 3", "one section"),
        (b"[default]\nregion = a\nregion = b\n", "line 3: 'region' is set a second time", "leave one"),
        (b"\xef\xbb\xbf[default]\n", r"line 1: .*byte order mark \(UTF-8\)", "without a byte order mark"),
        ("[default]\n".encode("utf-16"), r"line 1: .*byte order mark \(UTF-16\)", "without a byte order mark"),
        (b"[default]\nregion = caf\xe9\n", "line 2: this is not UTF-8", "save the file as UTF-8"),
        (b"region = a\n", "line 1: a setting stands before", "put it below"),
        (b"[default]\nhello\n", "line 2: this is neither", "mend that line"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("variable", ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"])
async def test_a_file_that_cannot_be_read_is_named_by_its_line(
    open_s3: OpenS3, variable: str, content: bytes, says: str, hint: str
) -> None:
    Path(os.environ[variable]).write_bytes(content)
    with pytest.raises(UsageError, match=f"{os.environ[variable]} cannot be read: {says}") as caught:
        await open_s3(endpoint_url="http://127.0.0.1:9")
    assert hint in caught.value.hint
