"""Where a request belongs: the region that a refusal names is taken, in whichever way; what is wanted is said."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from restoretui.core.clock import SystemClock
from restoretui.core.errors import CredentialsError, InvalidRequest, WrongPlace
from restoretui.core.model import ObjectRef, RestoreRequest, Tier
from restoretui.core.provider import Connection, Limits, Outcome
from restoretui.providers.s3.client.sdk import Sdk
from restoretui.providers.threads import run_in_thread
from restoretui.providers.wire.refusals import Caller, Refusal, error_for
from tests.providers.conftest import Asked, OpenS3, StartServer

REF = ObjectRef("bkt", "dir/key")
EMPTY_LIST = b"<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>"
BUCKETS = b"<ListAllMyBucketsResult><Buckets></Buckets></ListAllMyBucketsResult>"


def refusing(inside: str, status: int = 400, headers: dict[str, str] | None = None) -> Any:
    """A store of the region ``eu-west-3``; HEADs of it are refused without a word."""

    def script(asked: Asked) -> dict[str, Any]:
        if "/eu-west-3/" not in asked.headers["authorization"]:
            body = f"<Error><Code>AuthorizationHeaderMalformed</Code>{inside}</Error>".encode()
            return {
                "status": status,
                "body": b"" if asked.method == "HEAD" else body,
                "headers": {"x-amz-request-id": "REQ1"} | (headers or {}),
            }
        if asked.method == "HEAD":
            return {"headers": {"Content-Length": "5", "ETag": '"e"', "x-amz-storage-class": "GLACIER"}}
        if asked.method == "POST":
            return {"status": 202}
        return {"body": BUCKETS if asked.path == "/" else EMPTY_LIST}

    return script


NAMED = {
    "element": refusing("<Region>eu-west-3</Region>"),
    "words": refusing("<Message>the region 'us-east-1' is wrong; expecting 'eu-west-3'</Message>"),
    "scope": refusing("<Message>unexpected scope, expected: 20260115/eu-west-3/s3/aws4_request</Message>"),
    "endpoint": refusing("<Endpoint>bkt.s3.eu-west-3.amazonaws.com</Endpoint>", 301),
    "old endpoint": refusing("<Endpoint>s3-eu-west-3.amazonaws.com</Endpoint>", 301),
    "header": refusing("", 400, {"x-amz-bucket-region": "eu-west-3"}),
}


@pytest.mark.parametrize("way", NAMED)
async def test_the_region_that_a_refusal_names_is_taken(way: str, scripted: StartServer, open_s3: OpenS3) -> None:
    server = await scripted(NAMED[way])
    s3 = await open_s3(endpoint_url=server.url)
    assert (await s3.list_page("bkt")).entries == []
    assert await s3.bucket_region("bkt") == "eu-west-3"
    s3 = await open_s3(endpoint_url=server.url)
    assert (await s3.head_object(REF)).storage_class == "GLACIER"
    answer = await s3.restore_object(REF, RestoreRequest(1, Tier.BULK), "GLACIER")
    assert answer.outcome is Outcome.ACCEPTED
    if way in ("element", "words", "scope"):
        assert await (await open_s3(endpoint_url=server.url)).list_buckets() == []


@pytest.mark.parametrize(
    "words", ["Authorization header malformed, unexpected region", "Credential should be scoped to a valid region."]
)
async def test_where_none_is_named_the_one_signed_for_is_said(
    words: str, scripted: StartServer, open_s3: OpenS3
) -> None:
    server = await scripted(refusing(f"<Message>{words}</Message>"))
    s3 = await open_s3(endpoint_url=server.url)
    asks: list[Callable[[], Awaitable[object]]] = [
        s3.list_buckets, lambda: s3.bucket_region("bkt"), lambda: s3.list_page("bkt"), lambda: s3.head_object(REF),
    ]  # fmt: skip
    for ask in asks:
        with pytest.raises(WrongPlace, match="signed for region us-east-1, which this store does not take") as caught:
            await ask()
        assert "--region" in caught.value.hint


async def test_a_key_id_that_cannot_be_one_is_no_matter_of_regions(scripted: StartServer, open_s3: OpenS3) -> None:
    words = (
        "the Credential is mis-formed; expecting &quot;&lt;YOUR-AKID&gt;/YYYYMMDD/REGION/SERVICE/aws4_request&quot;."
    )
    s3 = await open_s3(endpoint_url=(await scripted(refusing(f"<Message>{words}</Message>"))).url)
    with pytest.raises(CredentialsError, match="not accepted"):
        await s3.list_page("bkt")


async def test_a_redirect_to_https_is_told_as_such(scripted: StartServer, open_s3: OpenS3) -> None:
    server = await scripted(
        lambda asked: {"status": 308, "headers": {"Location": f"https://{asked.headers['host']}{asked.target}"}}
    )
    s3 = await open_s3(endpoint_url=server.url)
    secure = server.url.replace("http:", "https:")
    asks: list[Callable[[], Awaitable[object]]] = [lambda: s3.list_page("bkt"), lambda: s3.head_object(REF)]
    for ask in asks:
        with pytest.raises(WrongPlace) as caught:
            await ask()
        assert str(caught.value).endswith(f"with a redirect to {secure}")
        assert f"--endpoint-url {secure}" in caught.value.hint


async def test_a_bucket_of_another_tenant_is_asked_for(scripted: StartServer, open_s3: OpenS3) -> None:
    server = await scripted(lambda asked: {"body": b"" if asked.method == "HEAD" else EMPTY_LIST})
    s3 = await open_s3(endpoint_url=server.url)
    await s3.list_page("acme:archive", "p/")
    assert {asked.path for asked in server.asked} == {"/acme:archive"}


async def test_such_a_name_is_none_at_aws(open_s3: OpenS3) -> None:
    with pytest.raises(InvalidRequest, match="cannot be a bucket's name"):
        await (await open_s3(region="eu-west-1")).list_page("acme:archive")


@pytest.mark.parametrize(
    ("region", "variables", "host"),
    [
        ("eu-west-1", {}, "bkt.s3.eu-west-1.amazonaws.com"),
        ("cn-north-1", {}, "bkt.s3.cn-north-1.amazonaws.com.cn"),
        ("eusc-de-east-1", {}, "bkt.s3.eusc-de-east-1.amazonaws.eu"),
        ("us-iso-east-1", {}, "bkt.s3.us-iso-east-1.c2s.ic.gov"),
        ("us-gov-west-1", {"AWS_USE_FIPS_ENDPOINT": "true"}, "bkt.s3-fips.us-gov-west-1.amazonaws.com"),
        ("eu-west-1", {"AWS_USE_DUALSTACK_ENDPOINT": "true"}, "bkt.s3.dualstack.eu-west-1.amazonaws.com"),
        (
            "us-east-1",
            {"AWS_USE_DUALSTACK_ENDPOINT": "true", "AWS_USE_FIPS_ENDPOINT": "true"},
            "bkt.s3-fips.dualstack.us-east-1.amazonaws.com",
        ),
    ],
)
async def test_every_partition_and_variant_is_aws_itself(
    monkeypatch: pytest.MonkeyPatch, region: str, variables: dict[str, str], host: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    sdk = await run_in_thread(lambda: Sdk.start(Connection(region=region), Limits(), SystemClock(), None), "test-sdk")
    try:
        ready = await sdk.prepare("s3", region, "HeadBucket", {"Bucket": "bkt"}, {})
        assert ready.request.url == f"https://{host}/"
        assert sdk.caller.endpoint == ""
    finally:
        await sdk.aclose()


def test_keys_that_nobody_knows_may_be_of_another_partition() -> None:
    refusal = Refusal("ListObjectsV2", 403, "InvalidAccessKeyId")
    error = error_for(refusal, Caller())
    assert isinstance(error, CredentialsError)
    assert "cn-northwest-1" in error.hint
    assert "eusc-de-east-1" in error.hint
    assert "partition" not in error_for(refusal, Caller(endpoint="http://store")).hint
