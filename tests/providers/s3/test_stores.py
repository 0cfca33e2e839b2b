"""AWS and the stores that speak its protocol: endpoints, addressing, what stores leave out."""

import asyncio
import subprocess
import sys
import xml.etree.ElementTree as ET
from datetime import UTC, datetime
from typing import Any

import pytest

from restoretui.core.clock import ManualClock
from restoretui.core.errors import InvalidRequest, MalformedAnswer, Throttled
from restoretui.core.model import ObjectRef, Tier
from restoretui.core.model import RestoreRequest as Wish
from restoretui.core.provider import Outcome
from restoretui.core.rules.stores import BUILT_IN
from tests.providers.conftest import Asked, OpenS3, StartServer

LOCATED = {"x-amz-bucket-region": "us-east-1"}
REF = ObjectRef("bkt", "k")
MODIFIED = "Thu, 01 Jan 2026 00:00:00 GMT"


def listing(*rows: str, more: str = "") -> bytes:
    body = "".join(f"<Contents>{row}</Contents>" for row in rows)
    return f"<ListBucketResult><IsTruncated>false</IsTruncated>{body}{more}</ListBucketResult>".encode()


def row(key: str = "k", etag: str = "e", status: str = "") -> str:
    return (
        f"<Key>{key}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>&quot;{etag}&quot;</ETag>"
        f"<Size>1</Size><StorageClass>GLACIER</StorageClass>{status}"
    )


# --- where requests go


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1", "cn-north-1"])
async def test_aws_has_no_endpoint_of_its_own(open_s3: OpenS3, region: str) -> None:
    s3 = await open_s3(region=region)
    assert s3.endpoint == ""
    assert s3.region == region
    assert s3.capabilities.max_rate == 1000


async def test_a_vpc_endpoint_is_aws(open_s3: OpenS3) -> None:
    s3 = await open_s3(endpoint_url="https://bucket.vpce-0a1b-c2d3.s3.us-east-1.vpce.amazonaws.com")
    assert s3.endpoint == ""


@pytest.mark.parametrize("variable", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"])
async def test_the_environment_names_a_store(
    scripted: StartServer, open_s3: OpenS3, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    server = await scripted(lambda asked: {"headers": LOCATED} if asked.method == "HEAD" else {"body": listing()})
    monkeypatch.setenv(variable, server.url)
    s3 = await open_s3()
    assert s3.endpoint == server.url
    await s3.list_page("bkt")
    assert [asked.path for asked in server.asked] == ["/bkt", "/bkt"]


async def test_a_stores_keys_are_shown_to_the_store_only(
    scripted: StartServer, open_s3: OpenS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    def script(asked: Asked) -> dict[str, Any]:
        if asked.method == "POST":
            return {"status": 403, "body": b"<Error><Code>AccessDenied</Code></Error>"}
        owner = b"<Owner><ID>owner-id</ID></Owner><Buckets></Buckets>"
        return {"body": b"<ListAllMyBucketsResult>" + owner + b"</ListAllMyBucketsResult>"}

    server = await scripted(script)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", server.url)
    s3 = await open_s3(region="us-east-1")
    who = await s3.identity()
    assert (who.account, who.arn, who.region) == ("owner-id", "", "us-east-1")
    assert [asked.method for asked in server.asked] == ["POST", "GET"]


@pytest.mark.parametrize("name", BUILT_IN)
async def test_each_store_is_sent_days_and_only_what_it_knows_besides(
    scripted: StartServer, open_s3: OpenS3, name: str
) -> None:
    server = await scripted(lambda asked: {"headers": LOCATED} if asked.method == "HEAD" else {"status": 202})
    store = BUILT_IN[name]
    s3 = await open_s3(endpoint_url=server.url, store=store.spec)
    await s3.restore_object(REF, Wish(3, Tier.STANDARD), next(iter(store.classes), "COLD"))
    [sent] = [asked for asked in server.asked if asked.method == "POST"]
    elements = {part.tag.rpartition("}")[2]: (part.text or "").strip() for part in ET.fromstring(sent.body)}
    assert elements.pop("Days") == "3"
    assert set(elements) == ({"GlacierJobParameters"} if name == "storagegrid" else set())


async def test_the_region_comes_from_the_environment_or_is_us_east_1(
    open_s3: OpenS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await open_s3()).region == "us-east-1"
    monkeypatch.setenv("AWS_DEFAULT_REGION", "ap-south-1")
    assert (await open_s3()).region == "ap-south-1"


# --- listing buckets


async def test_buckets_come_page_by_page(scripted: StartServer, open_s3: OpenS3) -> None:
    def script(asked: Asked) -> dict[str, Any]:
        first = "continuation-token" not in asked.query
        name = "zz" if first else "aa"
        more = "<ContinuationToken>next/1</ContinuationToken>" if first else ""
        return {
            "body": f"<ListAllMyBucketsResult><Buckets><Bucket><Name>{name}</Name>"
            f"<CreationDate>2020-01-02T03:04:05.000Z</CreationDate><BucketRegion>eu-west-1</BucketRegion></Bucket>"
            f"</Buckets>{more}</ListAllMyBucketsResult>".encode()
        }

    server = await scripted(script)
    s3 = await open_s3(endpoint_url=server.url)
    buckets = await s3.list_buckets()
    assert [(bucket.name, bucket.region) for bucket in buckets] == [("aa", "eu-west-1"), ("zz", "eu-west-1")]
    assert buckets[0].created == datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert "continuation-token=next%2F1" in server.asked[1].query


@pytest.mark.parametrize("tokens", ["t", "tu", "tuvw"])
async def test_a_store_that_repeats_a_token_ends_and_is_not_believed(
    scripted: StartServer, open_s3: OpenS3, tokens: str
) -> None:
    def script(_: Asked) -> dict[str, Any]:
        token = tokens[(len(server.asked) - 1) % len(tokens)]
        more = f"<ContinuationToken>{token}</ContinuationToken>"
        return {"body": f"<ListAllMyBucketsResult><Buckets/>{more}</ListAllMyBucketsResult>".encode()}

    server = await scripted(script)
    s3 = await open_s3(endpoint_url=server.url)
    with pytest.raises(MalformedAnswer, match="named before"):
        await s3.list_buckets()
    assert len(server.asked) == len(tokens) + 1


# --- stores whose listings do not tell of restores


class Store:
    """Answers LIST with ``rows`` and HEAD with a restore header."""

    def __init__(self) -> None:
        self.row = row()
        self.restore = 'ongoing-request="true"'
        self.etag = '"e"'

    def __call__(self, asked: Asked) -> dict[str, Any]:
        if asked.method == "HEAD" and asked.path == "/bkt":
            return {"headers": LOCATED}
        if asked.method == "HEAD":
            return {
                "headers": {
                    "x-amz-restore": self.restore,
                    "x-amz-storage-class": "GLACIER",
                    "Last-Modified": MODIFIED,
                    "ETag": self.etag,
                    "Content-Length": "1",
                }
            }
        return {"body": listing(self.row)}


async def test_a_listing_that_is_silent_about_a_running_restore_is_noticed(
    scripted: StartServer, open_s3: OpenS3
) -> None:
    store = Store()
    server = await scripted(store)
    s3 = await open_s3(endpoint_url=server.url, clock=ManualClock())
    await s3.list_page("bkt")
    await s3.head_object(REF)

    def lists_status() -> bool:
        return s3.capabilities.restore_status_in_list

    assert lists_status()
    await s3.list_page("bkt")
    assert not lists_status()
    store.row = row(status="<RestoreStatus><IsRestoreInProgress>true</IsRestoreInProgress></RestoreStatus>")
    await s3.list_page("bkt")
    assert lists_status()


@pytest.mark.parametrize(
    "change",
    [
        {"etag": '"another"'},
        {"restore": 'ongoing-request="false", expiry-date="Thu, 15 Jan 2026 12:00:30 GMT"'},
        {"restore": "nothing"},
    ],
)
async def test_silence_that_has_another_reason_proves_nothing(
    scripted: StartServer, open_s3: OpenS3, change: dict[str, str]
) -> None:
    store = Store()
    vars(store).update(change)
    server = await scripted(store)
    s3 = await open_s3(endpoint_url=server.url, clock=ManualClock())
    await s3.head_object(REF)
    await s3.list_page("bkt")
    assert s3.capabilities.restore_status_in_list


async def test_a_watcher_can_have_it_settled(scripted: StartServer, open_s3: OpenS3) -> None:
    server = await scripted(Store())
    s3 = await open_s3(endpoint_url=server.url)
    assert await s3.check_listings(REF) is False
    assert [asked.method for asked in server.asked] == ["HEAD", "HEAD", "GET"]
    assert "prefix=k" in server.asked[-1].query


async def test_a_store_that_does_not_know_the_attribute_is_asked_without(
    scripted: StartServer, open_s3: OpenS3
) -> None:
    def script(asked: Asked) -> dict[str, Any]:
        if asked.method == "HEAD":
            return {"headers": LOCATED}
        if "x-amz-optional-object-attributes" in asked.headers:
            return {"status": 400, "body": b"<Error><Code>InvalidArgument</Code></Error>"}
        return {"body": listing(row())}

    server = await scripted(script)
    s3 = await open_s3(endpoint_url=server.url)
    for _ in range(2):
        assert [entry.key for entry in (await s3.list_page("bkt")).entries] == ["k"]
    assert not s3.capabilities.restore_status_in_list
    assert len([asked for asked in server.asked if asked.method == "GET"]) == 3


async def test_a_refusal_for_another_reason_stays_one(scripted: StartServer, open_s3: OpenS3) -> None:
    def script(asked: Asked) -> dict[str, Any]:
        bad = {"status": 400, "body": b"<Error><Code>InvalidArgument</Code><Message>bad token</Message></Error>"}
        return {"headers": LOCATED} if asked.method == "HEAD" else bad

    server = await scripted(script)
    s3 = await open_s3(endpoint_url=server.url)
    with pytest.raises(InvalidRequest, match="bad token"):
        await s3.list_page("bkt", token="x")
    assert s3.capabilities.restore_status_in_list


async def test_the_alias_of_an_access_point_is_a_bucket(scripted: StartServer, open_s3: OpenS3) -> None:
    alias = "photos-abcdefgh12345-s3alias"
    server = await scripted(lambda asked: {"status": 202 if asked.method == "POST" else 200, "headers": LOCATED})
    s3 = await open_s3(endpoint_url=server.url)
    answer = await s3.restore_object(ObjectRef(alias, "k"), Wish(1, Tier.BULK), "GLACIER")
    assert answer.outcome is Outcome.ACCEPTED
    assert {asked.path.split("/")[1] for asked in server.asked} == {alias}


async def test_versions_after_a_key_leave_that_key_out(scripted: StartServer, open_s3: OpenS3) -> None:
    version = "<VersionId>v</VersionId><IsLatest>true</IsLatest>"
    body = (
        f"<ListVersionsResult><IsTruncated>false</IsTruncated><Version>{row('a')}{version}</Version>"
        f"<Version>{row('b')}{version}</Version></ListVersionsResult>"
    )
    server = await scripted(lambda asked: {"headers": LOCATED} if asked.method == "HEAD" else {"body": body.encode()})
    s3 = await open_s3(endpoint_url=server.url)
    page = await s3.list_page("bkt", start_after="a", versions=True)
    assert [entry.key for entry in page.entries] == ["b"]


# --- the engine's questions in bulk


async def test_a_hundred_at_once_share_one_look_for_the_region(scripted: StartServer, open_s3: OpenS3) -> None:
    server = await scripted(lambda asked: {"headers": LOCATED} if asked.method == "HEAD" else {"status": 202})
    s3 = await open_s3(endpoint_url=server.url, max_connections=8)
    wishes = [s3.restore_object(ObjectRef("bkt", f"k{n}"), Wish(1, Tier.BULK), "GLACIER") for n in range(100)]
    await asyncio.gather(*wishes)
    methods = [asked.method for asked in server.asked]
    assert (methods.count("HEAD"), methods.count("POST")) == (1, 100)
    assert len({asked.target for asked in server.asked}) == 101


async def test_a_throttled_region_look_is_throttled(scripted: StartServer, open_s3: OpenS3) -> None:
    server = await scripted(lambda _: {"status": 503})
    s3 = await open_s3(endpoint_url=server.url)
    with pytest.raises(Throttled):
        await s3.restore_object(REF, Wish(1, Tier.BULK), "GLACIER")


# --- start-up


def test_importing_the_provider_loads_no_sdk() -> None:
    code = (
        "import sys, restoretui.providers, restoretui.providers.s3.provider;"
        "loaded = {name.partition('.')[0] for name in sys.modules};"
        "print(sorted(loaded & {'aioboto3', 'aiobotocore', 'botocore', 'boto3', 'aiohttp', 'yarl', 'textual'}))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
