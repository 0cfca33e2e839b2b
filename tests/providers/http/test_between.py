"""What stands between us and a store: proxies that compress, firewalls that refuse, gateways that fail HeadBucket."""

import gzip
import zlib
from typing import Any

import pytest

from restoretui.core.errors import AccessDenied, CloudError, MalformedAnswer, ServerFault
from restoretui.core.model import ObjectRef
from restoretui.providers.http.response_limits import MOST_BODY
from tests.providers.conftest import Asked, OpenS3, StartServer

LIST = (
    b"<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>k</Key><LastModified>2024-02-03T04:05:06.000Z"
    b"</LastModified><ETag>&quot;e&quot;</ETag><Size>7</Size><StorageClass>GLACIER</StorageClass></Contents>"
    b"</ListBucketResult>"
)
DENIED = b"<Error><Code>AccessDenied</Code><Message>no</Message></Error>"
PAGE = b"<!DOCTYPE html><html><head><title>Blocked</title></head><body>by policy</body></html>"


def is_bucket(asked: Asked) -> bool:
    return asked.method == "HEAD" and asked.path.strip("/") == "bkt"


@pytest.mark.parametrize("http", ["own", "sdk"])
@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "deflate"])
async def test_what_is_compressed_unasked_is_unpacked(
    scripted: StartServer, open_s3: OpenS3, monkeypatch: pytest.MonkeyPatch, encoding: str, http: str
) -> None:
    monkeypatch.setenv("RESTORETUI_HTTP", http)
    pack = zlib.compress if encoding == "deflate" else gzip.compress

    def script(asked: Asked) -> dict[str, Any]:
        if is_bucket(asked):
            return {"headers": {"x-amz-bucket-region": "us-east-1"}}
        body = DENIED if "closed" in asked.target else LIST
        return {
            "status": 403 if body is DENIED else 200,
            "body": pack(body),
            "headers": {"Content-Encoding": encoding, "Content-Type": "application/xml"},
        }

    server = await scripted(script)
    s3 = await open_s3(endpoint_url=server.url)
    assert [entry.key for entry in (await s3.list_page("bkt")).entries] == ["k"]
    with pytest.raises(AccessDenied):
        await s3.list_page("bkt", "closed/")


@pytest.mark.parametrize(
    ("encoding", "body", "says"),
    [
        ("br", b"\x0b\x02\x80<nothing>", r"it is compressed \(br\) although nobody asked for that, as a proxy"),
        ("gzip", b"\x00\x01\x02", r"it is compressed \(gzip\) although nobody asked"),
        ("gzip", gzip.compress(LIST)[:-20], "cut off"),
        ("gzip", gzip.compress(bytes(MOST_BODY + 1)), "longer than 32 MiB"),
    ],
)
async def test_what_cannot_be_unpacked_is_named(
    scripted: StartServer, open_s3: OpenS3, encoding: str, body: bytes, says: str
) -> None:
    headers = {"Content-Encoding": encoding, "Content-Type": "application/xml"}
    server = await scripted(lambda asked: {} if is_bucket(asked) else {"body": body, "headers": headers})
    s3 = await open_s3(endpoint_url=server.url)
    with pytest.raises(MalformedAnswer, match=says):
        await s3.list_page("bkt")


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"Content-Type": "text/html"}, PAGE),
        ({"Content-Type": "application/xml", "x-amz-request-id": "R1"}, PAGE),
        ({}, PAGE),
        ({"Content-Type": "text/plain"}, b"Access forbidden by corporate policy"),
        ({"Content-Type": "application/json"}, b'{"blocked": true}'),
    ],
)
async def test_a_firewalls_refusal_is_not_the_clouds(
    scripted: StartServer, open_s3: OpenS3, headers: dict[str, str], body: bytes
) -> None:
    def script(asked: Asked) -> dict[str, Any]:
        return {"status": 403, "headers": headers, "body": b"" if asked.method == "HEAD" else body}

    server = await scripted(script)
    s3 = await open_s3(endpoint_url=server.url)
    for ask in (lambda: s3.list_page("bkt"), s3.list_buckets, lambda: s3.head_object(ObjectRef("bkt", "k"))):
        with pytest.raises(MalformedAnswer, match=r"\(status 403\).*proxy") as caught:
            await ask()
        assert "IAM" not in f"{caught.value} {caught.value.hint}"


async def test_a_stores_own_refusal_stays_one(scripted: StartServer, open_s3: OpenS3) -> None:
    server = await scripted(lambda asked: {"status": 403, "body": b"" if asked.method == "HEAD" else DENIED})
    s3 = await open_s3(endpoint_url=server.url)
    with pytest.raises(AccessDenied):
        await s3.list_page("bkt")


async def test_a_head_bucket_that_only_fails_is_no_verdict(scripted: StartServer, open_s3: OpenS3) -> None:
    server = await scripted(lambda asked: {"status": 500} if is_bucket(asked) else {"body": LIST})
    s3 = await open_s3(endpoint_url=server.url)
    failed = 0
    for _ in range(5):
        try:
            page = await s3.list_page("bkt")
        except ServerFault:
            failed += 1
    assert (failed, len(page.entries)) == (2, 1)
    assert server.operations().count("HEAD /bkt") == 3, "after that the region is what was configured"


async def test_a_bucket_whose_head_bucket_fails_is_still_found_where_it_is(
    scripted: StartServer, open_s3: OpenS3
) -> None:
    moved = {
        "status": 400,
        "body": b"<Error><Code>AuthorizationHeaderMalformed</Code><Message>the region 'us-east-1' is wrong; expecting"
        b" 'eu-west-1'</Message><Region>eu-west-1</Region></Error>",
    }

    def script(asked: Asked) -> dict[str, Any]:
        if is_bucket(asked):
            return {"status": 503}
        return {"body": LIST} if "/eu-west-1/" in asked.headers["authorization"] else moved

    server = await scripted(script)
    s3 = await open_s3(endpoint_url=server.url)
    for _ in range(2):
        with pytest.raises(CloudError):
            await s3.list_page("bkt")
    assert (await s3.list_page("bkt")).entries
    assert await s3.bucket_region("bkt") == "eu-west-1"
