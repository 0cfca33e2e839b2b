"""The server around the clouds: contract, counters, clock, shutdown, silence."""

import asyncio
import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest

from restoretui.core.clock import EPOCH, ScaledClock
from restoretui.core.errors import UsageError
from restoretui.sandbox import RunningSandbox, SandboxOptions, serve
from tests.conftest import StartSandbox
from tests.sandbox.conftest import Connect


async def lever(running: RunningSandbox, method: str, path: str) -> tuple[int, Any]:
    async with aiohttp.ClientSession() as http, http.request(method, f"{running.url}/_sandbox/{path}") as reply:
        return reply.status, await reply.json()


async def test_contract_is_one_json_object(sandbox: StartSandbox) -> None:
    running = await sandbox(objects=300)
    contract = json.loads(json.dumps(running.contract()))
    assert set(contract) == {"s3", "s3control", "sts", "sqs", "oss", "env", "buckets"}
    assert contract["s3"] == f"http://127.0.0.1:{running.port}" == contract["env"]["AWS_ENDPOINT_URL"]
    assert contract["buckets"][0] == {"location": "s3://acme-media-archive", "objects": 300}


async def test_clients_are_told_the_clock() -> None:
    async with await serve(SandboxOptions(empty=True, speed=60)) as running:
        clock = ScaledClock.parse(running.env["RESTORETUI_CLOCK"])
        assert clock == running.clock
        assert clock.speed == 60
        assert clock.origin == EPOCH
        await running.advance(86400)
        later = ScaledClock.parse(running.env["RESTORETUI_CLOCK"])
        assert later.origin - clock.origin == timedelta(days=1)
        assert abs(later.now().timestamp() - running.cloud.now()) < 60


async def test_its_clock_is_turned_for_clients_too() -> None:
    async with await serve(SandboxOptions(empty=True, speed=60)) as running:
        await running.advance(86400)
        status, answer = await lever(running, "POST", "speed?seconds=3600")
        assert status == 200
        clock = ScaledClock.parse(answer["clock"])
        assert clock == running.clock
        assert clock.speed == 3600
        assert abs(clock.now().timestamp() - running.cloud.now()) < 60
        for wrong in ("0", "-1", "fast", "nan", "inf", ""):
            assert (await lever(running, "POST", f"speed?seconds={wrong}"))[0] == 400
        assert running.clock == clock


async def test_environment_is_all_the_sdk_needs(sandbox: StartSandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    from aioboto3.session import Session

    running = await sandbox()
    for name, value in running.env.items():
        monkeypatch.setenv(name, value)
    async with Session().client("s3") as s3:
        assert len((await s3.list_buckets())["Buckets"]) > 5


async def test_counters(sandbox: StartSandbox, connect: Connect) -> None:
    running = await sandbox()
    s3 = await connect(running)
    await s3.list_buckets()
    await s3.list_objects_v2(Bucket="acme-empty")
    await s3.list_objects_v2(Bucket="acme-empty")
    with pytest.raises(s3.exceptions.NoSuchBucket):
        await s3.list_objects_v2(Bucket="nothing")
    status, stats = await lever(running, "GET", "stats")
    assert status == 200
    assert stats["requests"] == {"ListBuckets": 1, "ListObjectsV2": 3}
    assert stats["answers"] == {"ListBuckets 200": 1, "ListObjectsV2 200": 2, "ListObjectsV2 404": 1}
    assert datetime.fromisoformat(stats["now"]) == running.clock.now()
    _, stats = await lever(running, "POST", "reset-stats")
    assert stats["requests"] == stats["answers"] == {}


async def test_clock_lever(sandbox: StartSandbox) -> None:
    running = await sandbox(empty=True)
    before = running.clock.now()
    status, answer = await lever(running, "POST", "advance?seconds=90.5")
    assert (status, datetime.fromisoformat(answer["now"])) == (200, before + timedelta(seconds=90.5))
    for bad in ("advance", "advance?seconds=", "advance?seconds=-1", "advance?seconds=inf", "advance?seconds=soon"):
        assert (await lever(running, "POST", bad))[0] == 400
    assert (await lever(running, "GET", "nonsense"))[0] == 404


async def test_restores_on_record(sandbox: StartSandbox) -> None:
    running = await sandbox(empty=True)
    for bucket in ("a", "b"):
        running.cloud.add_bucket(bucket)
        running.cloud.put(bucket, "k", b"x", storage_class="GLACIER")
        running.cloud.restore(bucket, "k", days=1)
    _, answer = await lever(running, "GET", "restores?bucket=b")
    wanted = [{"days": 1, "tier": "standard"}]
    assert answer["restores"] == [
        {"bucket": "b", "key": "k", "version_id": None, "statuses": [202], "wanted": wanted}
    ]


async def test_shutdown_with_open_connections_is_quick(sandbox: StartSandbox) -> None:
    running = await sandbox(empty=True)
    running.cloud.add_bucket("b")
    running.cloud.put("b", "big", size=2**34)
    idle = await asyncio.open_connection("127.0.0.1", running.port)
    reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
    scope = b"Authorization: AWS4-HMAC-SHA256 Credential=A/1/us-east-1/s3/aws4_request\r\n"
    writer.write(b"GET /b/big HTTP/1.1\r\nHost: x\r\n" + scope + b"\r\n")
    await reader.readuntil(b"\r\n\r\n")
    began = time.perf_counter()
    await running.aclose()
    assert time.perf_counter() - began < 1
    for _, open_writer in (idle, (reader, writer)):
        open_writer.close()
    with pytest.raises(OSError, match="Connect"):
        await asyncio.open_connection("127.0.0.1", running.port)
    await running.aclose()


async def test_port_that_is_taken(sandbox: StartSandbox) -> None:
    running = await sandbox(empty=True)
    with pytest.raises(OSError, match="address already in use"):
        await serve(SandboxOptions(port=running.port, empty=True))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"scenario": "sunshine"}, "no scenario 'sunshine'"),
        ({"speed": 0.0}, "0 times as fast"),
        ({"speed": float("nan")}, "nan times as fast"),
        ({"objects": -1}, "-1 objects"),
        ({"now": datetime.min.replace(tzinfo=UTC)}, "no year 1"),
        ({"now": datetime.max.replace(tzinfo=UTC)}, "no year 9999"),
    ],
    ids=str,
)
async def test_options_that_cannot_be_meant(options: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        await serve(SandboxOptions(**options))


async def test_nothing_is_written_on_the_terminal(
    sandbox: StartSandbox, connect: Connect, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    running = await sandbox(empty=True)
    running.cloud.add_bucket("b")
    s3 = await connect(running)

    def broken(*_args: object, **_more: Any) -> None:
        raise RuntimeError("a mistake of ours")

    monkeypatch.setattr(running.cloud, "restore", broken)
    with pytest.raises(s3.exceptions.ClientError, match="InternalError"):
        await s3.restore_object(Bucket="b", Key="k", RestoreRequest={"Days": 1})
    reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
    writer.write(b"\x16\x03\x01 this is not HTTP\r\n\r\n")
    await reader.read()
    writer.close()
    assert capfd.readouterr() == ("", "")


async def test_chunked_uploads_are_unwrapped(sandbox: StartSandbox) -> None:
    running = await sandbox(empty=True)
    running.cloud.add_bucket("b")
    signed = b";chunk-signature=00\r\n"
    body = (
        b"5" + signed + b"hello\r\n7" + signed + b" world!\r\n0" + signed + b"x-amz-checksum-crc32:AAAAAA==\r\n\r\n"
    )
    headers = {
        "Authorization": "AWS4-HMAC-SHA256 Credential=A/20260115/us-east-1/s3/aws4_request",
        "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        "Content-Encoding": "aws-chunked",
    }
    async with aiohttp.ClientSession(headers=headers, auto_decompress=False) as http:
        async with http.put(f"{running.url}/b/k", data=body) as reply:
            assert reply.status == 200
        async with http.get(f"{running.url}/b/k") as reply:
            assert await reply.read() == b"hello world!"
            assert "Content-Encoding" not in reply.headers
