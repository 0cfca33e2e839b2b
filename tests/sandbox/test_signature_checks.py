"""Signatures are checked under the keys that the sandbox gave out."""

from typing import Any

import aiohttp
import pytest
from aioboto3.session import Session
from botocore.config import Config
from botocore.exceptions import ClientError
from yarl import URL

from restoretui.sandbox import RunningSandbox
from restoretui.sandbox.wire.signature import ACCESS_KEY_ID
from restoretui.sandbox.world.odd_names import ODD_KEYS
from tests.conftest import StartSandbox
from tests.sandbox.conftest import Connect


@pytest.fixture
async def shelf(sandbox: StartSandbox) -> RunningSandbox:
    running = await sandbox(empty=True)
    running.cloud.add_bucket("b")
    return running


async def test_the_sdk_signs_every_odd_key_right(shelf: RunningSandbox, connect: Connect) -> None:
    s3 = await connect(shelf)
    for key in ODD_KEYS:
        await s3.put_object(Bucket="b", Key=key, Body=b"x", Metadata={"note": "two  spaces"})
        await s3.list_objects_v2(Bucket="b", Prefix=key, StartAfter=key)
        await s3.head_object(Bucket="b", Key=key)


async def test_wrong_secret(shelf: RunningSandbox, connect: Connect) -> None:
    s3 = await connect(shelf, aws_secret_access_key="guessed")
    with pytest.raises(ClientError) as caught:
        await s3.list_objects_v2(Bucket="b")
    assert caught.value.response["Error"]["Code"] == "SignatureDoesNotMatch"
    sts = await connect(shelf, "sts", aws_secret_access_key="guessed")
    with pytest.raises(ClientError) as caught:
        await sts.get_caller_identity()
    assert caught.value.response["Error"]["Code"] == "SignatureDoesNotMatch"


async def test_other_keys_are_taken_at_their_word(shelf: RunningSandbox, connect: Connect) -> None:
    s3 = await connect(shelf, aws_access_key_id="test", aws_secret_access_key="test")
    assert (await s3.list_objects_v2(Bucket="b"))["KeyCount"] == 0


async def test_assumed_role(shelf: RunningSandbox, connect: Connect) -> None:
    sts = await connect(shelf, "sts")
    role = "arn:aws:iam::123456789012:role/archivist"
    given = (await sts.assume_role(RoleArn=role, RoleSessionName="me"))["Credentials"]
    keys = {"aws_access_key_id": given["AccessKeyId"], "aws_secret_access_key": given["SecretAccessKey"]}
    s3 = await connect(shelf, **keys, aws_session_token=given["SessionToken"])
    assert (await s3.list_objects_v2(Bucket="b"))["KeyCount"] == 0
    s3 = await connect(shelf, **keys, aws_session_token="stale")
    with pytest.raises(ClientError, match="InvalidToken"):
        await s3.list_objects_v2(Bucket="b")
    with pytest.raises(ClientError, match="AccessDenied"):
        await sts.assume_role(RoleArn="arn:aws:iam::123456789012:user/x-not-a-role", RoleSessionName="me")


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [
        ("HEAD", "/b/k", 404),
        ("HEAD", "/b/other", 403),
        ("GET", "/b/k", 403),
        ("HEAD", "/b/k?versionId=x", 403),
    ],
)
async def test_a_signature_fits_one_request_only(
    shelf: RunningSandbox, method: str, target: str, status: int
) -> None:
    signed = {}

    def keep(request: Any, **_: Any) -> None:
        signed.update(request.headers)

    async with Session().client("s3", **shelf.client_options) as s3:
        s3.meta.events.register("before-send.s3", keep)
        with pytest.raises(ClientError, match="404"):
            await s3.head_object(Bucket="b", Key="k")
    headers = {name: value.decode() if isinstance(value, bytes) else value for name, value in signed.items()}
    assert ACCESS_KEY_ID in headers["Authorization"]
    request = aiohttp.request(method, f"{shelf.url}{target}", headers=headers)
    async with request as reply:
        assert reply.status == status


async def test_body_must_match_its_hash(shelf: RunningSandbox) -> None:
    scope = f"{ACCESS_KEY_ID}/20260115/us-east-1/s3/aws4_request"
    headers = {
        "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=00",
        "x-amz-content-sha256": "0" * 64,
    }
    async with aiohttp.ClientSession() as http, http.put(f"{shelf.url}/b/k", data=b"x", headers=headers) as reply:
        assert (reply.status, "XAmzContentSHA256Mismatch" in await reply.text()) == (400, True)


async def test_a_presigned_url_is_held_to_its_signature(shelf: RunningSandbox, connect: Connect) -> None:
    s3 = await connect(shelf, config=Config(signature_version="s3v4"))
    key = ODD_KEYS[0]
    await s3.put_object(Bucket="b", Key=key, Body=b"x")
    url = await s3.generate_presigned_url("get_object", Params={"Bucket": "b", "Key": key}, ExpiresIn=60)
    async with aiohttp.ClientSession() as session:
        async with session.get(URL(url, encoded=True)) as answer:
            assert (answer.status, await answer.read()) == (200, b"x")
        for wrong in (url.replace("Signature=", "Signature=0"), url.replace("Expires=60", "Expires=600000")):
            async with session.get(URL(wrong, encoded=True)) as answer:
                assert answer.status == 403
                assert "SignatureDoesNotMatch" in await answer.text()
