"""Refusals, broken lines and broken answers: each one error by name, one sentence, a next step, one request."""

import socket
from collections.abc import Callable
from typing import Any, Protocol

import pytest

from restoretui.core.errors import (
    AccessDenied,
    AccountRefused,
    BucketNotFound,
    ClockAstray,
    CloudError,
    ConnectionLost,
    CredentialsError,
    InvalidRequest,
    MalformedAnswer,
    ObjectNotFound,
    ServerFault,
    Throttled,
    Unreachable,
    Unsupported,
    UsageError,
)
from restoretui.core.model import ObjectRef, RestoreRequest, Tier
from restoretui.core.provider import Outcome
from restoretui.providers import S3Provider
from tests.providers.conftest import Asked, OpenS3, ScriptedServer, StartServer

REF = ObjectRef("bkt", "dir/key")
WISH = RestoreRequest(3, Tier.STANDARD)
EMPTY_LIST = b"<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>"
LOCATED = {"x-amz-bucket-region": "us-east-1"}


Answer = dict[str, Any]
"""Fields of ``Told``."""


def refusal(code: str, status: int = 403, message: str = "Said the cloud.", **headers: Any) -> Answer:
    body = (
        f'<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code><Message>{message}</Message>'
        f"<RequestId>REQ1</RequestId><HostId>h</HostId></Error>"
    )
    return {"status": status, "body": body.encode(), "headers": {"x-amz-request-id": "REQ1", **headers}}


def answering(told: Answer | Callable[[Asked], Answer], located: bool = True) -> Callable[[Asked], Answer]:
    """Buckets are found; everything else is told ``told``."""

    def script(asked: Asked) -> Answer:
        if asked.method == "HEAD" and asked.path.rstrip("/") == "/bkt" and located:
            return {"headers": LOCATED}
        return told(asked) if callable(told) else told

    return script


class Talk(Protocol):
    """What the fixture ``talk`` is; ``options`` are those of ``S3Provider.open``."""

    async def __call__(
        self, told: Answer | Callable[[Asked], Answer], **options: Any
    ) -> tuple[S3Provider, ScriptedServer]: ...


@pytest.fixture
async def talk(scripted: StartServer, open_s3: OpenS3) -> Talk:
    """A provider and the server it talks to."""

    async def start(told: Answer | Callable[[Asked], Answer], **options: Any) -> tuple[S3Provider, ScriptedServer]:
        server = await scripted(answering(told))
        return await open_s3(endpoint_url=server.url, **options), server

    return start


# --- refusals of a listing


@pytest.mark.parametrize(
    ("code", "status", "kind", "hint"),
    [
        ("AccessDenied", 403, AccessDenied, "s3:ListBucket"),
        ("AllAccessDisabled", 403, AccountRefused, "AWS Support"),
        ("AccountProblem", 403, AccountRefused, "no permission is missing"),
        ("NotSignedUp", 403, AccountRefused, "sign up"),
        ("ExpiredToken", 400, CredentialsError, "AWS_SESSION_TOKEN"),
        ("InvalidToken", 400, CredentialsError, "AWS_SESSION_TOKEN"),
        ("InvalidAccessKeyId", 403, CredentialsError, "AWS_ACCESS_KEY_ID"),
        ("SignatureDoesNotMatch", 403, CredentialsError, "AWS_SECRET_ACCESS_KEY"),
        ("RequestTimeTooSkewed", 403, ClockAstray, "clock"),
        ("NoSuchBucket", 404, BucketNotFound, "check the name"),
        ("SlowDown", 503, Throttled, ""),
        ("SlowDownError", 400, Throttled, ""),
        ("ServiceUnavailable", 503, Throttled, ""),
        ("ThrottlingException", 400, Throttled, ""),
        ("TooManyRequests", 429, Throttled, ""),
        ("InternalError", 500, ServerFault, "request id"),
        ("RequestTimeout", 400, ServerFault, ""),
        ("OperationAborted", 409, ServerFault, ""),
        ("InvalidArgument", 400, InvalidRequest, ""),
        ("NotImplemented", 501, Unsupported, ""),
        ("MethodNotAllowed", 405, Unsupported, ""),
    ],
)
async def test_a_refused_listing_is_an_error_by_name(
    talk: Talk, code: str, status: int, kind: type[CloudError], hint: str
) -> None:
    s3, _ = await talk(refusal(code, status))
    with pytest.raises(kind) as caught:
        await s3.list_page("bkt")
    error = caught.value
    assert type(error) is kind
    assert (error.code, error.status, error.request_id) == (code, status, "REQ1")
    assert error.operation == "ListObjectsV2"
    assert hint in error.hint
    assert "\n" not in str(error)


async def test_the_missing_action_named_by_the_cloud_is_the_one_shown(talk: Talk) -> None:
    said = "User: arn:aws:iam::1:user/u is not authorized to perform: kms:Decrypt on resource: x"
    s3, _ = await talk(refusal("AccessDenied", message=said))
    with pytest.raises(AccessDenied) as caught:
        await s3.list_page("bkt", "secret/")
    assert "kms:Decrypt" in caught.value.hint


async def test_versions_need_an_action_of_their_own(talk: Talk) -> None:
    s3, _ = await talk(refusal("AccessDenied"))
    with pytest.raises(AccessDenied) as caught:
        await s3.list_page("bkt", versions=True)
    assert "s3:ListBucketVersions" in caught.value.hint


async def test_what_the_cloud_says_cannot_write_to_the_terminal(talk: Talk) -> None:
    s3, _ = await talk(refusal("InvalidRequest", 400, "one&#10;two \u202e[red]" + "x" * 1000))
    with pytest.raises(InvalidRequest) as caught:
        await s3.list_page("bkt")
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 500


async def test_an_error_in_a_200_is_an_error(talk: Talk) -> None:
    s3, _ = await talk({**refusal("SlowDown"), "status": 200})
    with pytest.raises(Throttled):
        await s3.list_page("bkt")
    with pytest.raises(Throttled):
        await s3.restore_object(REF, WISH, "GLACIER")
    s3, _ = await talk({**refusal("InternalError"), "status": 200})
    with pytest.raises(ServerFault):
        await s3.list_page("bkt")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not xml",
        b"<html><body>Please sign in to the hotel's network</body></html>",
        b"<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>a</K",
        b"<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>",
        b'<!DOCTYPE x [<!ENTITY a "b">]><ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>',
        b"<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>\xff</Key></Contents></ListBucketResult>",
        b"<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Size>1</Size></Contents></ListBucketResult>",
    ],
)
async def test_a_listing_that_cannot_be_read_is_never_an_empty_bucket(talk: Talk, body: bytes) -> None:
    s3, _ = await talk({"body": body})
    with pytest.raises(MalformedAnswer) as caught:
        await s3.list_page("bkt")
    assert caught.value.hint


@pytest.mark.parametrize("status", [404, 500, 502, 503])
async def test_an_error_without_a_readable_body_goes_by_its_status(talk: Talk, status: int) -> None:
    kinds = {404: InvalidRequest, 500: ServerFault, 502: ServerFault, 503: Throttled}
    s3, _ = await talk({"status": status, "body": b"<html>oops"})
    with pytest.raises(kinds[status]) as caught:
        await s3.list_page("bkt")
    assert caught.value.status == status


# --- HEAD, whose refusals have no body


async def test_a_refused_head_is_explained_once_by_a_request_that_has_a_body(talk: Talk) -> None:
    def told(asked: Asked) -> dict[str, Any]:
        return {"status": 400} if asked.method == "HEAD" else refusal("ExpiredToken", 400)

    s3, server = await talk(told)
    for _ in range(3):
        with pytest.raises(CredentialsError) as caught:
            await s3.head_object(REF)
        assert caught.value.code == "ExpiredToken"
    assert len([asked for asked in server.asked if asked.method == "GET"]) == 1


async def test_a_denied_head_names_the_action(talk: Talk) -> None:
    s3, server = await talk(lambda asked: {"status": 403} if asked.method == "HEAD" else {"body": EMPTY_LIST})
    for _ in range(2):
        with pytest.raises(AccessDenied) as caught:
            await s3.head_object(REF)
        assert "s3:GetObject" in caught.value.hint
    assert len([asked for asked in server.asked if asked.method == "GET"]) == 1


@pytest.mark.parametrize(
    ("status", "headers", "kind"),
    [
        (404, {}, ObjectNotFound),
        (404, {"x-amz-delete-marker": "true"}, ObjectNotFound),
        (405, {"x-amz-delete-marker": "true"}, ObjectNotFound),
        (405, {}, Unsupported),
        (503, {}, Throttled),
        (500, {}, ServerFault),
        (429, {}, Throttled),
    ],
)
async def test_a_head_without_a_body_goes_by_its_status(
    talk: Talk, status: int, headers: dict[str, Any], kind: type[CloudError]
) -> None:
    s3, _ = await talk({"status": status, "headers": headers})
    with pytest.raises(kind):
        await s3.head_object(REF)


async def test_a_head_without_a_size_cannot_be_read(talk: Talk) -> None:
    s3, _ = await talk({"raw": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"})
    with pytest.raises(MalformedAnswer):
        await s3.head_object(REF)


# --- restore requests


@pytest.mark.parametrize(
    ("code", "status", "outcome"),
    [
        ("RestoreAlreadyInProgress", 409, Outcome.ALREADY_RESTORING),
        ("InvalidObjectState", 403, Outcome.NOT_ARCHIVED),
        ("ObjectAlreadyInActiveTierError", 403, Outcome.NOT_ARCHIVED),
        ("GlacierExpeditedRetrievalNotAvailable", 503, Outcome.NO_CAPACITY),
        ("NoSuchKey", 404, Outcome.GONE),
        ("NoSuchVersion", 404, Outcome.GONE),
        ("NoSuchBucket", 404, Outcome.GONE),
        ("AccessDenied", 403, Outcome.DENIED),
        ("InvalidTier", 403, Outcome.REFUSED),
        ("MalformedXML", 400, Outcome.REFUSED),
        ("InvalidArgument", 400, Outcome.REFUSED),
        ("NotImplemented", 501, Outcome.REFUSED),
        ("MethodNotAllowed", 405, Outcome.REFUSED),
    ],
)
async def test_an_answer_about_the_object_is_an_outcome(talk: Talk, code: str, status: int, outcome: Outcome) -> None:
    s3, server = await talk(refusal(code, status))
    answer = await s3.restore_object(REF, WISH, "GLACIER")
    assert (answer.outcome, answer.status, answer.code) == (outcome, status, code)
    assert (answer.message, answer.request_id) == ("Said the cloud.", "REQ1")
    assert len([asked for asked in server.asked if asked.method == "POST"]) == 1


async def test_a_tier_refused_in_words_only_is_refused(talk: Talk) -> None:
    said = "Retrieval option is not supported by this storage class"
    s3, _ = await talk(refusal("InvalidObjectState", 403, said))
    assert (await s3.restore_object(REF, WISH, "DEEP_ARCHIVE")).outcome is Outcome.REFUSED


async def test_a_delete_marker_is_gone(talk: Talk) -> None:
    s3, _ = await talk(refusal("MethodNotAllowed", 405, **{"x-amz-delete-marker": "true"}))
    assert (await s3.restore_object(REF, WISH, "GLACIER")).outcome is Outcome.GONE


@pytest.mark.parametrize("status", [403, 404])
async def test_a_refused_restore_without_a_body_goes_by_its_status(talk: Talk, status: int) -> None:
    s3, _ = await talk({"status": status})
    answer = await s3.restore_object(REF, WISH, "GLACIER")
    assert answer.outcome is {403: Outcome.DENIED, 404: Outcome.GONE}[status]


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        (refusal("SlowDown", 503), Throttled),
        (refusal("ThrottlingException", 400), Throttled),
        (refusal("InternalError", 500), ServerFault),
        (refusal("OperationAborted", 409), ServerFault),
        ({"status": 503}, ServerFault),
        ({"status": 502, "body": b"<html>"}, ServerFault),
        ({"status": 504, "body": b"\xff\x00"}, ServerFault),
        (refusal("ExpiredToken", 400), CredentialsError),
        (refusal("RequestTimeTooSkewed", 403), ClockAstray),
        ({"status": 401}, CredentialsError),
        ({"drop": True}, ConnectionLost),
        ({"raw": b"HTTP/1.1 202 Accepted\r\nContent-Length: 10\r\n\r\nabc"}, ConnectionLost),
        ({"status": 302, "headers": {"Location": "/login"}}, MalformedAnswer),
        ({"body": b"<html>sign in</html>"}, MalformedAnswer),
        ({"raw": b"SSH-2.0-OpenSSH_9.2\r\n"}, MalformedAnswer),
    ],
)
async def test_an_answer_about_the_moment_is_raised_and_nothing_is_sent_again(
    talk: Talk, told: dict[str, Any], kind: type[CloudError]
) -> None:
    s3, server = await talk(told)
    with pytest.raises(kind) as caught:
        await s3.restore_object(REF, WISH, "GLACIER")
    assert type(caught.value) is kind
    assert caught.value.operation == "RestoreObject"
    assert len([asked for asked in server.asked if asked.method == "POST"]) == 1


async def test_a_restore_says_what_the_class_takes_and_nothing_else(talk: Talk) -> None:
    s3, server = await talk({"status": 202})
    await s3.restore_object(REF, WISH, "GLACIER")
    await s3.restore_object(REF, RestoreRequest(1, Tier.BULK), "DEEP_ARCHIVE")
    await s3.restore_object(REF, RestoreRequest(9, Tier.EXPEDITED), "INTELLIGENT_TIERING")
    bodies = [asked.body.decode() for asked in server.asked if asked.method == "POST"]
    root = 'RestoreRequest xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'

    def tier(name: str) -> str:
        return f"<GlacierJobParameters><Tier>{name}</Tier></GlacierJobParameters>"

    assert sorted(bodies[0].replace(tier("Standard"), "").split("><")) == sorted(
        f"<{root}><Days>3</Days></RestoreRequest>".split("><")
    )
    assert tier("Standard") in bodies[0]
    assert tier("Bulk") in bodies[1]
    assert "<Days>1</Days>" in bodies[1]
    assert bodies[2] == f"<{root}>{tier('Expedited')}</RestoreRequest>"
    headers = server.asked[-1].headers
    assert "restoretui/" in headers["user-agent"]
    assert not [name for name in headers if "checksum" in name or name == "content-md5"]


async def test_payer_and_owner_are_on_every_call_that_takes_them(scripted: StartServer, open_s3: OpenS3) -> None:
    def script(asked: Asked) -> dict[str, Any]:
        return {"body": EMPTY_LIST, "headers": LOCATED} if asked.method == "GET" else {"headers": LOCATED}

    server = await scripted(script)
    s3 = await open_s3(endpoint_url=server.url, requester_pays=True, expected_bucket_owner="123456789012")
    await s3.bucket_region("bkt")
    await s3.list_page("bkt", "p")
    await s3.head_object(REF)
    await s3.restore_object(ObjectRef("bkt", "k", "v1"), WISH, "GLACIER")
    assert {asked.headers["x-amz-expected-bucket-owner"] for asked in server.asked} == {"123456789012"}
    payers = [asked.headers.get("x-amz-request-payer") for asked in server.asked]
    assert payers == [None, "requester", "requester", "requester"]


# --- the line


def unused_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


async def test_nobody_listens(open_s3: OpenS3) -> None:
    s3 = await open_s3(endpoint_url=f"http://127.0.0.1:{unused_port()}")
    for call in (s3.list_page("bkt"), s3.head_object(REF), s3.restore_object(REF, WISH, "GLACIER")):
        with pytest.raises(Unreachable, match=r"127\.0\.0\.1:\d+") as caught:
            await call
        assert "--endpoint-url" in caught.value.hint


async def test_the_name_does_not_resolve(open_s3: OpenS3) -> None:
    s3 = await open_s3(endpoint_url="http://no-such-host.invalid")
    with pytest.raises(Unreachable, match=r"no-such-host\.invalid") as caught:
        await s3.list_page("bkt")
    assert "network" in caught.value.hint


async def test_https_where_http_is_spoken(scripted: StartServer, open_s3: OpenS3) -> None:
    server = await scripted(answering({}))
    s3 = await open_s3(endpoint_url=server.url.replace("http:", "https:"))
    with pytest.raises(Unreachable):
        await s3.list_page("bkt")
    assert server.asked == []


async def test_the_line_drops_after_the_bucket_was_found(scripted: StartServer, open_s3: OpenS3) -> None:
    server = await scripted(answering({"drop": True}))
    s3 = await open_s3(endpoint_url=server.url)
    await s3.bucket_region("bkt")
    await server.stop()
    with pytest.raises((Unreachable, ConnectionLost)):
        await s3.restore_object(REF, WISH, "GLACIER")


async def test_a_server_that_never_answers(talk: Talk) -> None:
    s3, _ = await talk({"stall": True}, read_timeout=0.2)
    with pytest.raises(ConnectionLost, match="in time"):
        await s3.restore_object(REF, WISH, "GLACIER")


# --- regions


def moved(region: str, **more: Any) -> Answer:
    return {"status": 301, **refusal("PermanentRedirect", 301), "headers": {"x-amz-bucket-region": region}, **more}


async def test_a_bucket_is_asked_for_once_and_then_signed_for_its_region(
    scripted: StartServer, open_s3: OpenS3
) -> None:
    def script(asked: Asked) -> dict[str, Any]:
        if asked.method == "HEAD":
            return moved("eu-central-1", body=b"")
        return {"body": EMPTY_LIST}

    server = await scripted(script)
    s3 = await open_s3(endpoint_url=server.url)
    for _ in range(3):
        await s3.list_page("bkt")
    assert [asked.method for asked in server.asked] == ["HEAD", "GET", "GET", "GET"]
    assert "/eu-central-1/s3/aws4_request" in server.asked[-1].headers["authorization"]


@pytest.mark.parametrize("how", ["header", "body", "nothing"])
async def test_a_listing_follows_its_bucket(scripted: StartServer, open_s3: OpenS3, how: str) -> None:
    found = iter(["us-east-1", "eu-west-1"])

    def script(asked: Asked) -> dict[str, Any]:
        if asked.method == "HEAD":
            return {"headers": {"x-amz-bucket-region": next(found)}}
        if "/eu-west-1/" in asked.headers["authorization"]:
            return {"body": EMPTY_LIST}
        if how == "header":
            return moved("eu-west-1")
        if how == "nothing":
            return refusal("PermanentRedirect", 301)
        body = b"<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-west-1</Region></Error>"
        return {"status": 400, "body": body}

    server = await scripted(script)
    s3 = await open_s3(endpoint_url=server.url)
    assert (await s3.list_page("bkt", "p/")).entries == []


async def test_a_bucket_that_is_sent_in_circles_ends(talk: Talk) -> None:
    s3, server = await talk(refusal("PermanentRedirect", 301))
    with pytest.raises(InvalidRequest, match="lives elsewhere") as caught:
        await s3.list_page("bkt")
    assert "--region" in caught.value.hint
    assert len(server.asked) < 6


async def test_a_restore_is_not_repeated_elsewhere_but_the_next_one_goes_there(talk: Talk) -> None:
    def told(asked: Asked) -> dict[str, Any]:
        return {"status": 202} if "/eu-west-1/" in asked.headers["authorization"] else moved("eu-west-1")

    s3, server = await talk(told)
    with pytest.raises(Unreachable, match="another region"):
        await s3.restore_object(REF, WISH, "GLACIER")
    assert len([asked for asked in server.asked if asked.method == "POST"]) == 1
    assert (await s3.restore_object(REF, WISH, "GLACIER")).outcome is Outcome.ACCEPTED


async def test_who_may_not_list_may_still_restore(scripted: StartServer, open_s3: OpenS3) -> None:
    def script(asked: Asked) -> dict[str, Any]:
        if asked.method == "HEAD":
            return {"status": 403, "headers": LOCATED}
        return refusal("AccessDenied") if asked.method == "GET" else {"status": 202}

    server = await scripted(script)
    s3 = await open_s3(endpoint_url=server.url)
    assert await s3.bucket_region("bkt") == "us-east-1"  # which is no verdict: one prefix may yet be listed
    with pytest.raises(AccessDenied) as caught:
        await s3.list_page("bkt")
    assert "s3:ListBucket" in caught.value.hint
    assert (await s3.restore_object(REF, WISH, "GLACIER")).outcome is Outcome.ACCEPTED


async def test_redirects_by_location_are_not_followed(talk: Talk) -> None:
    s3, server = await talk(refusal("TemporaryRedirect", 307, Location="http://127.0.0.1:1/elsewhere"))
    with pytest.raises(InvalidRequest, match="lives elsewhere"):
        await s3.restore_object(REF, WISH, "GLACIER")
    assert len([asked for asked in server.asked if asked.method == "POST"]) == 1


async def test_a_head_signed_for_the_wrong_region_is_a_bare_400(scripted: StartServer, open_s3: OpenS3) -> None:
    def script(asked: Asked) -> dict[str, Any]:
        right = "/eu-west-1/" in asked.headers["authorization"]
        headers = {"x-amz-bucket-region": "us-east-1" if asked.path == "/bkt" else "eu-west-1", "Content-Length": "1"}
        return {"status": 200 if right or asked.path == "/bkt" else 400, "headers": headers}

    server = await scripted(script)
    s3 = await open_s3(endpoint_url=server.url)
    assert (await s3.head_object(REF)).size == 1
    assert [asked.method for asked in server.asked] == ["HEAD"] * 3


async def test_a_malformed_scope_that_names_no_region_is_about_the_credentials(talk: Talk) -> None:
    s3, _ = await talk(refusal("AuthorizationHeaderMalformed", 400))
    with pytest.raises(CredentialsError):
        await s3.restore_object(REF, WISH, "GLACIER")


# --- what cannot be meant


async def test_an_endpoint_that_is_no_url(open_s3: OpenS3) -> None:
    with pytest.raises(UsageError) as caught:
        await open_s3(endpoint_url="127.0.0.1:9000")
    assert "--endpoint-url" in caught.value.hint


async def test_a_profile_that_does_not_exist(open_s3: OpenS3) -> None:
    with pytest.raises(UsageError, match="nobody") as caught:
        await open_s3(profile="nobody")
    assert "list-profiles" in caught.value.hint


async def test_names_that_cannot_be_asked_for_send_nothing(talk: Talk) -> None:
    s3, server = await talk({})
    for ref in (ObjectRef("bkt", ""), ObjectRef("bkt", "lone \ud800")):
        with pytest.raises(InvalidRequest):
            await s3.restore_object(ref, WISH, "GLACIER")
    with pytest.raises(InvalidRequest, match="'not a bucket' cannot be a bucket's name"):
        await s3.head_object(ObjectRef("not a bucket", "k"))
    with pytest.raises(Unsupported, match="directory bucket"):
        await s3.list_page("fast--use1-az4--x-s3")
    with pytest.raises(InvalidRequest):
        await s3.list_page("bkt", token="garbage", versions=True)
    assert [asked for asked in server.asked if asked.method != "HEAD"] == []
