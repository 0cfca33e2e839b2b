"""Answers without an end, or beyond any measure: refused in one sentence, whoever reads them, and asked for once."""

import time
from typing import Any, Protocol

import pytest

from restoretui.core.errors import ConnectionLost, MalformedAnswer
from restoretui.core.model import ObjectRef, RestoreRequest, Tier
from restoretui.core.provider import Provider
from restoretui.providers.http import response as http1_answer
from restoretui.providers.http import response_limits as bounds
from restoretui.providers.wire.listings.listing_xml import read_page
from tests.providers.conftest import Asked, OpenOss, OpenS3, ScriptedServer, StartServer

REF = ObjectRef("bkt", "k")
WISH = RestoreRequest(2, Tier.BULK)
OK = (
    b"HTTP/1.1 200 OK\r\nConnection: close\r\nx-amz-request-id: R\r\nx-oss-request-id: R\r\n"
    b"Date: Fri, 21 Dec 2012 00:00:00 GMT\r\n"
)
FOUND = OK + b"x-amz-bucket-region: us-east-1\r\nContent-Length: 0\r\n\r\n"
WHERE = b"<LocationConstraint>oss-cn-hangzhou</LocationConstraint>"
SMALL = 1 << 16


class StartReader(Protocol):
    """What the fixture ``reader`` is."""

    async def __call__(self, raw: bytes) -> tuple[Provider, ScriptedServer]: ...


@pytest.fixture(params=["s3", "s3 by proxy", "oss"])
async def reader(
    request: pytest.FixtureRequest,
    scripted: StartServer,
    open_s3: OpenS3,
    open_oss: OpenOss,
    monkeypatch: pytest.MonkeyPatch,
) -> StartReader:
    """A provider that is answered in raw bytes, and its server: ``provider, server = await reader(raw)``."""
    for module in (bounds, http1_answer):
        monkeypatch.setattr(module, "MOST_BODY", SMALL)

    async def start(raw: bytes) -> tuple[Provider, ScriptedServer]:
        def script(asked: Asked) -> dict[str, Any]:
            if asked.method == "HEAD" and asked.path.rstrip("/").endswith("/bkt"):
                return {"raw": FOUND}
            if "location" in asked.query:
                return {"body": WHERE, "headers": {"Date": "Fri, 21 Dec 2012 00:00:00 GMT"}}
            return {"raw": raw}

        server = await scripted(script)
        if request.param == "oss":
            monkeypatch.setenv("OSS_ACCESS_KEY_ID", "k")
            monkeypatch.setenv("OSS_ACCESS_KEY_SECRET", "s")
            return await open_oss(endpoint_url=server.url), server
        if request.param == "s3 by proxy":
            monkeypatch.setenv("HTTP_PROXY", server.url)
            return await open_s3(endpoint_url="http://store.example"), server
        return await open_s3(endpoint_url=server.url), server

    return start


@pytest.mark.parametrize(
    "raw",
    [
        OK + b"Content-Length: 9999999\r\n\r\n" + b"x" * (SMALL + 1),
        OK + b"Transfer-Encoding: chunked\r\n\r\n" + (b"1000\r\n" + b"x" * 4096 + b"\r\n") * 17,
        OK + b"\r\n" + b"x" * (SMALL + 1),
        OK + b"a: b\r\n" * 10_000 + b"Content-Length: 0\r\n\r\n",
        OK + b"a: " + b"b" * 100_000 + b"\r\nContent-Length: 0\r\n\r\n",
    ],
    ids=["length", "chunks", "to the end", "headers", "long header"],
)
async def test_an_answer_beyond_its_limit_cannot_be_read_and_is_not_asked_for_again(
    reader: StartReader, raw: bytes
) -> None:
    provider, server = await reader(raw)
    with pytest.raises(MalformedAnswer) as caught:
        await provider.list_page("bkt")
    assert "\n" not in str(caught.value)
    assert caught.value.hint
    server.asked.clear()
    with pytest.raises(MalformedAnswer) as caught:
        await provider.restore_object(REF, WISH, "ColdArchive")
    assert caught.value.operation == "RestoreObject"
    assert [asked.method for asked in server.asked] == ["POST"]


async def test_what_nests_deeper_than_any_answer_is_refused_where_a_parser_would_call_itself(
    scripted: StartServer, open_s3: OpenS3
) -> None:
    nest = b"<a>" * 3000 + b"</a>" * 3000
    body = b"<ListAllMyBucketsResult><Buckets>%b</Buckets></ListAllMyBucketsResult>" % nest
    server = await scripted(lambda _: {"body": body})
    s3 = await open_s3(endpoint_url=server.url)
    with pytest.raises(MalformedAnswer, match="nests more than 32 elements"):
        await s3.list_buckets()
    page = b"<ListBucketResult><IsTruncated>false</IsTruncated>%b</ListBucketResult>" % nest
    assert not read_page(page, lambda _: {}).entries, "our own reader calls nothing for a level"


@pytest.mark.parametrize("by_proxy", [False, True])
async def test_an_answer_that_is_never_whole_is_lost_after_its_time(
    scripted: StartServer, open_s3: OpenS3, monkeypatch: pytest.MonkeyPatch, by_proxy: bool
) -> None:
    monkeypatch.setattr(bounds, "ANSWER_S", 0.2)
    server = await scripted(lambda asked: {"raw": FOUND} if asked.method == "HEAD" else {"stall": True})
    if by_proxy:
        monkeypatch.setenv("HTTP_PROXY", server.url)
    s3 = await open_s3(endpoint_url="http://store.example" if by_proxy else server.url)
    with pytest.raises(ConnectionLost, match="did not answer in time: its answer was not whole after 0 s"):
        await s3.restore_object(REF, WISH, "GLACIER")


def test_the_largest_page_a_store_can_send_is_read() -> None:
    """1,000 keys of 1,024 bytes, each byte url-encoded and each character of that an XML reference."""
    key = "".join(f"&#x{ord(character):x};" for character in "%E2%82%AC" * 339 + "%61")
    row = "<Contents><Key>{}{:06}</Key><LastModified>2024-01-01T00:00:00Z</LastModified><Size>1</Size></Contents>"
    body = "<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>false</IsTruncated>"
    body += "".join(row.format(key, number) for number in range(1000)) + "</ListBucketResult>"
    assert 18_000_000 < len(body) < bounds.MOST_BODY
    begun = time.thread_time()
    page = read_page(body.encode(), lambda _: {})
    assert page.entries[999].key == "€" * 339 + "a000999"
    assert time.thread_time() - begun < 30, "seconds of work grow with the page, not with its square"
