"""Requests by recipe are the requests the SDK builds, signature and all."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DataObject

from restoretui.core.clock import ManualClock, SystemClock
from restoretui.core.errors import InvalidRequest
from restoretui.core.provider import Connection, Limits
from restoretui.providers.s3.client.late_sdk import LateSdk
from restoretui.providers.s3.client.request_builder import RequestBuilder, S3Request
from restoretui.providers.s3.client.signing import MD5, PLAIN, Recipe, Signed, Unlearnable
from restoretui.providers.threads import run_in_thread

ENDPOINTS: dict[str, dict[str, Any]] = {
    "AWS": {},
    "another region": {"region": "eu-central-1"},
    "China": {"region": "cn-north-1"},
    "requester pays": {"requester_pays": True, "expected_bucket_owner": "123456789012"},
    "path style": {"endpoint_url": "http://127.0.0.1:9000"},
    "below a path": {"endpoint_url": "https://store.example:8443/s3%20x", "path_style": True},
    "virtual hosts": {"endpoint_url": "https://store.example", "path_style": False},
    "IPv6": {"endpoint_url": "http://[::1]:9000"},
    "default port": {"endpoint_url": "http://store.example:80"},
}
BUCKETS = ["bkt", "my.dotted.bucket", "arn:aws:s3:eu-west-1:123456789012:accesspoint/ap"]
keys = st.text(st.characters(codec="utf-8"), min_size=1, max_size=80)
SCOPE = f"Credential=a/20260101/r/s3/aws4_request, SignedHeaders=host, Signature={0:064}"
SLOT = PLAIN.format("Key")
LISTED = {"MaxKeys": 1000, "OptionalObjectAttributes": ["RestoreStatus"]}


async def an_sdk(connection: Connection) -> LateSdk:
    return await run_in_thread(lambda: LateSdk.start(connection, Limits(), SystemClock(), None), "sdk")


def asks(bucket: str, key: str, other: str) -> list[S3Request]:
    restore = {"RestoreRequest": {"Days": 3, "GlacierJobParameters": {"Tier": "Bulk"}}}
    tiering = {"RestoreRequest": {"GlacierJobParameters": {"Tier": "Standard"}}}
    return [
        S3Request("HeadObject", bucket, {"Key": key}),
        S3Request("HeadObject", bucket, {"Key": key, "VersionId": other}),
        S3Request("RestoreObject", bucket, {"Key": key}, restore, 3),
        S3Request("RestoreObject", bucket, {"Key": key, "VersionId": other}, tiering),
        S3Request("ListObjectsV2", bucket, {"Prefix": key}, LISTED),
        S3Request("ListObjectsV2", bucket, {"Prefix": key, "Delimiter": "/", "StartAfter": other}, LISTED),
        S3Request("ListObjectsV2", bucket, {"ContinuationToken": other}, LISTED),
        S3Request("ListObjectVersions", bucket, {"KeyMarker": key, "VersionIdMarker": other}, LISTED),
    ]


CLOCK = ManualClock()


@pytest.fixture(autouse=True)
def one_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK signs for the same second as we do."""
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda remove_tzinfo=True: CLOCK.now())


async def check_equal(sdk: LateSdk, requests: RequestBuilder, ask: S3Request) -> None:
    built = (await requests.build(ask, sdk.region)).request
    expected = (await sdk_only(requests, ask, sdk.region)).request
    assert (built.method, built.url, built.body) == (expected.method, expected.url, expected.body)
    ours, theirs = (
        {name.lower(): value for name, value in headers.items() if name.lower() not in DIFFERENT}
        for headers in (built.headers, expected.headers)
    )
    assert ours == theirs
    assert all(known.recipe for known in requests._known.values())


async def sdk_only(requests: RequestBuilder, ask: S3Request, region: str) -> Any:
    return await requests._by_sdk(ask, region, ask.given)


DIFFERENT = {"user-agent", "amz-sdk-invocation-id", "amz-sdk-request", "content-length"}
"""Not signed, and not the same twice, or the SDK's own word."""
NOT_PLAIN = "AWS_SDK_UA_APP_ID", "app"
"""What the SDK alone understands, so that it is loaded at once."""


@pytest.mark.parametrize("by", ["plain", "learned"])
@pytest.mark.parametrize("token", [None, "FwoGZXIvYXdzE/+=%20 x"])
@pytest.mark.parametrize("endpoint", ENDPOINTS)
async def test_every_endpoint_has_proven_recipes(
    endpoint: str, token: str | None, by: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if by == "learned":
        monkeypatch.setenv(*NOT_PLAIN)
    if token:
        monkeypatch.setenv("AWS_SESSION_TOKEN", token)
    connection = Connection(**ENDPOINTS[endpoint])
    sdk = await an_sdk(connection)
    requests = RequestBuilder(sdk, connection, CLOCK)
    for bucket in BUCKETS:
        if bucket.startswith("arn") and endpoint != "another region":
            continue
        for ask in asks(bucket, "dir/k e+y%", "o/ther +"):
            await check_equal(sdk, requests, ask)
    await sdk.aclose()


PLAIN_ASKS = [
    S3Request("HeadBucket", "bkt"),
    S3Request("ListObjectsV2", "bkt", fixed=LISTED, kind=1000),
    S3Request("ListObjectVersions", "bkt", fixed=LISTED, kind=1000),
    S3Request("GetBucketLifecycleConfiguration", "bkt"),
    S3Request("ListProvisionedCapacity", service="glacier"),
    *asks("bkt", "dir/k e+y%", "o/ther +"),
]


@pytest.mark.parametrize("token", [None, "FwoGZXIvYXdzE/+=%20 x"])
@pytest.mark.parametrize("endpoint", sorted(set(ENDPOINTS) - {"below a path", "virtual hosts"}))
async def test_what_lists_looks_and_restores_needs_no_sdk(
    endpoint: str, token: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if token:
        monkeypatch.setenv("AWS_SESSION_TOKEN", token)
    connection = Connection(**ENDPOINTS[endpoint])
    sdk = await an_sdk(connection)
    requests = RequestBuilder(sdk, connection, CLOCK)
    for ask in PLAIN_ASKS:
        await requests.build(ask, sdk.region)
    assert sdk._sdk is None
    for ask in PLAIN_ASKS:
        await check_equal(sdk, requests, ask)
    await sdk.aclose()


@pytest.mark.parametrize("ask", [
    S3Request("ListObjectsV2", "my.dotted.bucket", fixed=LISTED, kind=1000),
    S3Request("ListObjectsV2", "bkt-s3alias", fixed=LISTED, kind=1000),
    S3Request("ListObjectsV2", "Bucket", fixed=LISTED, kind=1000),
    S3Request("ListObjectsV2", "bkt", fixed={"FetchOwner": True}, kind="owners"),
    S3Request("HeadObject", "bkt", {"Key": "k"}, {"PartNumber": 1}, 1),
    S3Request("GetObject", "bkt", {"Key": "k"}),
    S3Request("RestoreObject", "bkt", {"Key": "k"}, {"RestoreRequest": {"Days": 1, "Description": "d"}}, 1),
    S3Request("RestoreObject", "bkt", {"Key": "k"}, {"RestoreRequest": {}}, 2),
    S3Request("RestoreObject", "bkt", {"Key": "k"}, {"RestoreRequest": {"Days": 1}, MD5: True}, 3),
])  # fmt: skip
async def test_what_is_more_than_plain_is_the_sdks(ask: S3Request) -> None:
    sdk = await an_sdk(Connection())
    requests = RequestBuilder(sdk, Connection(), CLOCK)
    try:
        await requests.build(ask, sdk.region)
    except InvalidRequest:
        assert ask.bucket == "Bucket"
    assert sdk._sdk is not None
    await sdk.aclose()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_every_key_is_signed_as_the_sdk_signs_it(data: DataObject, monkeypatch: pytest.MonkeyPatch) -> None:
    import asyncio

    async def check() -> None:
        for sdk, requests in pairs:
            for ask in asks("bkt", key, other):
                await check_equal(sdk, requests, ask)

    key, other = data.draw(keys), data.draw(keys)
    pairs = shared_pairs()
    asyncio.run(check())


_PAIRS: list[Any] = []


def shared_pairs() -> list[Any]:
    import asyncio

    async def start() -> None:
        for name in ("AWS", "path style"):
            connection = Connection(**ENDPOINTS[name])
            sdk = await an_sdk(connection)
            _PAIRS.append((sdk, RequestBuilder(sdk, connection, CLOCK)))

    if not _PAIRS:
        asyncio.run(start())
    return _PAIRS


async def test_the_date_is_the_clocks() -> None:
    connection = Connection()
    sdk = await an_sdk(connection)
    requests = RequestBuilder(sdk, connection, CLOCK)
    out = await requests.build(S3Request("HeadObject", "bkt", {"Key": "k"}), sdk.region)
    assert out.request.headers["X-Amz-Date"] == "20260115T120000Z"
    assert "/20260115/us-east-1/s3/" in out.request.headers["Authorization"]


async def test_new_credentials_sign_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    connection = Connection()
    sdk = await an_sdk(connection)
    requests = RequestBuilder(sdk, connection, CLOCK)
    ask = S3Request("HeadObject", "bkt", {"Key": "k"})
    first = await requests.build(ask, sdk.region)
    sdk.vault.reject(first.keys)
    sdk.vault._asked_at = float("-inf")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDSECOND")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "tok")
    second = await requests.build(ask, sdk.region)
    assert "Credential=AKIDSECOND/" in second.request.headers["Authorization"]
    assert second.request.headers["X-Amz-Security-Token"] == "tok"
    await check_equal(sdk, requests, ask)


async def test_what_cannot_be_proven_is_left_to_the_sdk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Recipe, "gives", lambda *_: False)
    connection = Connection()
    sdk = await an_sdk(connection)
    requests = RequestBuilder(sdk, connection, CLOCK)
    ask = S3Request("HeadObject", "bkt", {"Key": "k é"})
    for _ in range(2):
        out = await requests.build(ask, sdk.region)
        assert out.request.url == "https://bkt.s3.amazonaws.com/k%20%C3%A9"
        assert out.request.headers["Authorization"].startswith("AWS4-HMAC-SHA256 ")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "AWS AKID:signature", "x-amz-content-sha256": "h"},
        {"Authorization": f"AWS4-ECDSA-P256-SHA256 {SCOPE}", "x-amz-content-sha256": "h"},
        {"Authorization": f"AWS4-HMAC-SHA256 {SCOPE}", "x-amz-content-sha256": "h"},
    ],
)
def test_other_signing_schemes_are_not_learned(headers: dict[str, Any]) -> None:
    with pytest.raises(Unlearnable):
        Recipe(
            Signed("HEAD", "https://bkt.example/restoretui-Key-slot", headers, b""), {"Key": "restoretui-Key-slot"}
        )
