"""A refusal is read as the SDK reads it, or left to it."""

import pytest

from restoretui.core.clock import SystemClock
from restoretui.core.provider import Connection, Limits
from restoretui.providers.http.response import HttpResponse
from restoretui.providers.s3.client.sdk import Sdk
from restoretui.providers.s3.plain.refusals import plain_error, refusal_of
from restoretui.providers.threads import run_in_thread

START = b'<?xml version="1.0" encoding="UTF-8"?>\n'
BODIES = {
    "nothing": b"",
    "a code": START + b"<Error><Code>NoSuchKey</Code><Message>It is &lt;gone&gt;.</Message><Key>k</Key></Error>",
    "a code alone": b"<Error><Code>AccessDenied</Code></Error>",
    "an empty code": b"<Error><Code/><Message>\n</Message></Error>",
    "no code": b"<Error><Message>m</Message></Error>",
    "a region": b"<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-west-1</Region></Error>",
    "an endpoint": b"<Error><Code>PermanentRedirect</Code><Endpoint>b.s3.eu-west-3.amazonaws.com</Endpoint></Error>",
    "its own ids": b"<Error><Code>C</Code><RequestId>R</RequestId><HostId>H</HostId></Error>",
    "what is in it beside": b"<Error><Code>C</Code>text<!-- c --><Message>a<b>c</b></Message></Error>",
    "what is longer than any": b"<Error><Code>" + b"x" * (1 << 16) + b"</Code></Error>",
}
HARDER = {
    "a name space": b'<Error xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Code>C</Code></Error>',
    "two codes": b"<Error><Code>A</Code><Code>B</Code></Error>",
    "another document": b"<ErrorResponse><Error><Code>C</Code></Error><RequestId>R</RequestId></ErrorResponse>",
    "no XML": b"no",
    "half of it": b"<Error><Code>C",
    "a document type": b'<!DOCTYPE a [<!ENTITY b "c">]><Error><Code>&b;</Code></Error>',
}
HEADERS = {
    "none": {},
    "usual": {"x-amz-request-id": "RH", "x-amz-id-2": "i"},
    "of a region": {"x-amz-bucket-region": "eu-central-1", "x-amz-delete-marker": "true"},
}


@pytest.fixture
async def sdk() -> Sdk:
    return await run_in_thread(lambda: Sdk.start(Connection(), Limits(), SystemClock(), None), "test-sdk")


@pytest.mark.parametrize("headers", HEADERS)
@pytest.mark.parametrize("status", [301, 400, 403, 404, 409, 412, 500, 503, 599])
@pytest.mark.parametrize("body", [name for name in BODIES if name != "what is in it beside"])
async def test_it_is_read_as_the_sdk_reads_it(sdk: Sdk, body: str, status: int, headers: str) -> None:
    reply = HttpResponse(status, HEADERS[headers], BODIES[body])
    error = plain_error(reply)
    assert error is not None
    assert refusal_of("HeadObject", reply, error, bucket="b") == sdk.refusal("s3", "HeadObject", reply, "b")


@pytest.mark.parametrize("body", ["what is in it beside", *HARDER])
def test_what_is_not_plain_is_left_to_the_sdk(body: str) -> None:
    assert plain_error(HttpResponse(404, {}, (BODIES | HARDER)[body])) is None


def test_an_error_in_an_accepting_answer_is_left_to_the_sdk() -> None:
    assert plain_error(HttpResponse(200, {}, BODIES["a code"])) is None
