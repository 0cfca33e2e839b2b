"""OSS keys that no file holds: an ECS instance's role, a program, an address, a profile of the Alibaba Cloud CLI."""

import asyncio
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from restoretui.core.clock import ManualClock
from restoretui.core.errors import CredentialsError, UsageError
from restoretui.providers.oss.credentials import KeyRing, look_up
from restoretui.providers.oss.key_sources import Address, EcsRole, OssKeys, Process, read_keys
from tests.narrowing import there
from tests.providers.conftest import OpenOss, StartServer

ROLES = "/latest/meta-data/ram/security-credentials/"
NEVER = "2099-01-01T00:00:00Z"
GIVEN = {"AccessKeyId": "STS.K", "AccessKeySecret": "S", "SecurityToken": "T", "Expiration": NEVER, "Code": "Success"}


class Metadata:
    """The metadata service of an ECS instance, in its hardened mode or only in its old one."""

    def __init__(self) -> None:
        self.hardened = True
        self.asked: list[str] = []
        service = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: Any) -> None:
                """Quiet."""

            def say(self, status: int, text: str) -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())

            def do_PUT(self) -> None:
                service.asked.append(f"PUT {self.path}")
                ttl = self.headers.get("X-aliyun-ecs-metadata-token-ttl-seconds")
                self.say(200 if service.hardened and ttl else 404, "TOKEN")

            def do_GET(self) -> None:
                service.asked.append(f"GET {self.path}")
                if service.hardened and self.headers.get("X-aliyun-ecs-metadata-token") != "TOKEN":
                    self.say(403, "no token")
                elif self.path == ROLES:
                    self.say(200, "archivist")
                else:
                    known = self.path == f"{ROLES}archivist"
                    self.say(200 if known else 404, json.dumps(GIVEN) if known else "not found")

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def metadata() -> Iterator[Metadata]:
    service = Metadata()
    yield service
    service.server.shutdown()
    service.server.server_close()


@pytest.mark.parametrize("hardened", [True, False])
@pytest.mark.parametrize("name", ["", "archivist"])
def test_the_role_of_an_instance(metadata: Metadata, hardened: bool, name: str) -> None:
    metadata.hardened = hardened
    keys = EcsRole(name, metadata.url).fetch()
    assert keys[:3] == ("STS.K", "S", "T")
    assert keys.expires_at == datetime(2099, 1, 1, tzinfo=UTC).timestamp()
    looked = [] if name else [f"GET {ROLES}"]
    assert metadata.asked == ["PUT /latest/api/token", *looked, f"GET {ROLES}archivist"]


def test_a_role_that_is_not_there(metadata: Metadata, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CredentialsError, match="asked for the role nobody answers with status 404") as caught:
        EcsRole("nobody", metadata.url).fetch()
    assert "attached" in caught.value.hint
    metadata.hardened = False
    monkeypatch.setenv("ALIBABA_CLOUD_IMDSV1_DISABLED", "true")
    with pytest.raises(CredentialsError, match="its old mode is switched off"):
        EcsRole("archivist", metadata.url).fetch()
    with pytest.raises(CredentialsError, match="gives no answer"):
        EcsRole("archivist", "http://127.0.0.1:9").fetch()


@pytest.mark.parametrize(
    "told",
    [
        GIVEN,
        {"mode": "StsToken", "access_key_id": "STS.K", "access_key_secret": "S", "sts_token": "T"},
        {"Version": "1", "AccessKeyId": "STS.K", "AccessKeySecret": "S", "SessionToken": "T"},
        {"Credentials": GIVEN},
    ],
)
def test_a_program_prints_them(tmp_path: Path, told: dict[str, Any]) -> None:
    program = tmp_path / "keys of mine"
    program.write_text(f"#!/bin/sh\necho '{json.dumps(told)}'\n")
    program.chmod(0o755)
    assert Process(f"'{program}' --quiet").fetch()[:3] == ("STS.K", "S", "T")


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("/nowhere/keys", "process /nowhere/keys cannot be run"),
        ("sh -c 'echo mine is gone >&2; exit 3'", "ended with exit code 3: mine is gone"),
        ("echo hello", "is no JSON document of keys"),
        ('echo {"Code":"NoPermission"}', "is no JSON document of keys"),
        ('sh -c \'printf %s {\\"Code\\":\\"NoPermission\\"}\'', "gives no access key: NoPermission"),
        ("keys 'unclosed", "cannot be read"),
        ("", "cannot be run"),
    ],
)
def test_a_program_that_gives_none_is_one_sentence(command: str, says: str) -> None:
    with pytest.raises(CredentialsError, match=says):
        Process(command).fetch()


def test_an_address_answers(metadata: Metadata) -> None:
    metadata.hardened = False
    assert Address(f"{metadata.url}{ROLES}archivist").fetch()[:3] == ("STS.K", "S", "T")
    with pytest.raises(CredentialsError, match="reached by http://"):
        Address("ftp://nowhere/").fetch()


def test_what_profiles_say(tmp_path: Path) -> None:
    path = tmp_path / "ossutil"
    path.write_text(
        "[default]\nmode = EcsRamRole\n[profile named]\nmode=EcsRamRole\necsRoleName=archivist\n"
        "[profile run]\ncredential_process = /bin/keys --quiet\n[profile outside]\nmode=External\nprocess_command=x\n"
        "[profile uri]\nmode=CredentialsURI\ncredentials-uri=http://localhost:8080/k\n"
        "[profile keys]\naccess-key-id=K\naccess_key_secret=S\naddressing-style=cname\nregion=cn-beijing\n"
        "[profile other]\nmode=Anonymous\n"
    )
    env = {"OSS_CONFIG_FILE": str(path)}
    sources = {name: look_up(name, env).source for name in ("named", "run", "outside", "uri", "keys")}
    assert sources == {
        "named": EcsRole("archivist"), "run": Process("/bin/keys --quiet"), "outside": Process("x"),
        "uri": Address("http://localhost:8080/k"), "keys": None,
    }  # fmt: skip
    assert look_up(None, env).source == EcsRole("")
    plain = look_up("keys", env)
    assert (plain.keys, plain.style, plain.region) == (OssKeys("K", "S"), "cname", "cn-beijing")
    assert "mode Anonymous, which is not built" in look_up("other", env).why


def test_ossutil_1_names_an_address(tmp_path: Path) -> None:
    path = tmp_path / "ossutil"
    path.write_text("[Credentials]\nlanguage=EN\n[AkService]\necsAk=http://100.100.100.200/latest/x\n")
    assert look_up(None, {"OSS_CONFIG_FILE": str(path)}).source == Address("http://100.100.100.200/latest/x")


def test_the_alibaba_cloud_cli_is_the_last_choice(tmp_path: Path) -> None:
    folder = tmp_path / ".aliyun"  # HOME is ``tmp_path``
    folder.mkdir()
    profiles = [
        {"name": "default", "mode": "AK", "access_key_id": "K", "access_key_secret": "S", "region_id": "cn-beijing"},
        {"name": "ecs", "mode": "EcsRamRole", "ram_role_name": "archivist"},
        {"name": "run", "mode": "External", "process_command": "acs-sso login"},
    ]
    (folder / "config.json").write_text(json.dumps({"current": "default", "profiles": profiles}))
    env = {"OSS_CONFIG_FILE": str(tmp_path / "none")}
    found = look_up(None, env)
    assert (found.keys, found.region) == (OssKeys("K", "S"), "cn-beijing")
    assert look_up("ecs", env).source == EcsRole("archivist")
    assert look_up(None, env | {"ALIBABA_CLOUD_PROFILE": "run"}).source == Process("acs-sso login")
    with pytest.raises(UsageError, match="no profile 'nobody'"):
        look_up("nobody", env)
    profiles.append(profiles[0])
    (folder / "config.json").write_text(json.dumps({"current": "default", "profiles": profiles}))
    with pytest.raises(UsageError, match=r"config\.json has 2 profiles 'default'"):
        look_up(None, env)
    (folder / "config.json").write_bytes(b"\xef\xbb\xbf{}")
    with pytest.raises(UsageError, match="line 1: the file begins with a byte order mark"):
        look_up(None, env)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (
            b"[default]\nregion=a\n[default]\n",
            r"line 3: \[default\] .* the first time in line 1",
        ),
        (b"\xef\xbb\xbf[default]\n", "line 1: the file begins with a byte order mark"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_by_its_line(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "ossutil"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=says):
        look_up(None, {"OSS_CONFIG_FILE": str(path)})


async def test_keys_with_an_end_are_had_again_before_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = ManualClock()
    end = datetime.fromtimestamp(clock.wall(), UTC) + timedelta(hours=1)
    program = tmp_path / "keys"

    def gives(name: str, until: datetime) -> None:
        told = {"AccessKeyId": name, "AccessKeySecret": "S", "Expiration": until.isoformat()}
        program.write_text(f"#!/bin/sh\necho '{json.dumps(told)}'\n")
        program.chmod(0o755)

    path = tmp_path / "ossutil"
    path.write_text(f"[default]\ncredentialProcess={program}\n")
    monkeypatch.setenv("OSS_CONFIG_FILE", str(path))
    gives("first", end)
    ring = KeyRing(None, clock, await asyncio.to_thread(look_up, None))
    assert (await ring.keys()).key_id == "first"
    gives("second", end + timedelta(hours=1))
    await clock.advance(3000)
    assert (await ring.keys()).key_id == "first"
    await clock.advance(400)
    assert (await ring.keys()).key_id == "second"
    program.write_text("#!/bin/sh\nexit 1\n")
    await clock.advance(3400)
    assert (await ring.keys()).key_id == "second", "until they end they will do"
    await clock.advance(400)
    with pytest.raises(CredentialsError, match="ended with exit code 1"):
        await ring.keys()


async def test_a_role_signs_requests(
    metadata: Metadata, scripted: StartServer, open_oss: OpenOss, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    metadata.hardened = False
    path = tmp_path / "ossutil"
    path.write_text(f"[Credentials]\n[AkService]\necsAk={metadata.url}{ROLES}archivist\n")
    monkeypatch.setenv("OSS_CONFIG_FILE", str(path))
    body = b"<ListAllMyBucketsResult><Owner><ID>1</ID></Owner><Buckets/></ListAllMyBucketsResult>"
    server = await scripted(lambda asked: {"body": body, "headers": {"x-oss-request-id": "R"}})
    oss = await open_oss(endpoint_url=server.url)
    assert await oss.list_buckets() == []
    assert "Credential=STS.K/" in server.asked[-1].headers["authorization"]
    assert server.asked[-1].headers["x-oss-security-token"] == "T"


def test_keys_may_end_by_the_second() -> None:
    told = {"AccessKeyId": "K", "AccessKeySecret": "S", "Expiration": 1_800_000_000}
    assert there(read_keys(json.dumps(told).encode(), "x").expires_at) == 1_800_000_000
