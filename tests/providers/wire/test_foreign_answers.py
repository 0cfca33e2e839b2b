"""Which answers are believed to be the cloud's: portals and proxies answer 200, too."""

import pytest

from restoretui.core.errors import MalformedAnswer, ServerFault
from restoretui.core.model import ObjectRef, RestoreRequest, Tier
from restoretui.providers.wire.foreign_answers import why_foreign, why_not_accepted

REF = ObjectRef("bkt", "page.html")
WISH = RestoreRequest(2, Tier.BULK)
HTML = {"content-type": "Text/HTML; charset=utf-8"}
MD5 = '"d41d8cd98f00b204e9800998ecf8427e"'
DATE = "Fri, 21 Dec 2012 00:00:00 GMT"
PORTAL = b"<html><body>Please sign in</body></html>"


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (200, HTML | {"x-amz-request-id": "R"}),
        (200, HTML | {"x-rgw-object-type": "Normal"}),
        (200, HTML | {"etag": MD5, "last-modified": DATE}),
        (200, HTML | {"etag": MD5[:-1] + '-12"'}),
        (200, {"etag": '"anything"'}),
        (200, {"last-modified": DATE}),
        (200, {"x-amz-storage-class": "GLACIER"}),
        (404, {}),
        (403, {"content-type": "application/xml"}),
        (503, HTML),
        (429, HTML),
    ],
)
def test_a_head_of_a_store_is_believed_whatever_it_leaves_out(status, headers):
    assert why_foreign("HeadObject", status, headers, b"") == ""


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (200, {}),
        (200, {"server": "nginx", "content-length": "5"}),
        (200, HTML),
        (200, HTML | {"etag": '"5f6b-264"', "last-modified": DATE}),
        (404, HTML),
        (403, HTML),
        (302, {"location": "http://portal.example/login"}),
        (307, {"location": "http://[portal"}),
    ],
)
def test_a_head_of_a_portal_is_not(status, headers):
    assert why_foreign("HeadObject", status, headers, b"")


@pytest.mark.parametrize("status", [200, 202])
@pytest.mark.parametrize("body", [b"", b" \n", b"<RestoreObjectResult/>"])
def test_the_documented_answers_accept_a_restore(status, body):
    assert why_not_accepted(status, body) == ""


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (204, b""),
        (201, b""),
        (200, PORTAL),
        (200, b"<!DOCTYPE html>"),
        (202, b'{"login": "here"}'),
        (200, b"<Response><Errors><Error/></Errors></Response>"),
        (200, b"<!-- no end"),
    ],
)
def test_nothing_else_does(status, body):
    assert why_not_accepted(status, body)


@pytest.mark.parametrize(
    "before", [b"<!--" + b"x" * 300 + b"-->", b" \r\n\t", b'<?xml version="1.0"?>\n<!-- - -->', b""]
)
async def test_an_error_is_found_whatever_stands_before_it(scripted, open_s3, before):
    body = before + b"<Error><Code>InternalError</Code></Error>"
    found = {"headers": {"x-amz-bucket-region": "us-east-1"}}
    server = await scripted(lambda asked: found if asked.method == "HEAD" else {"status": 200, "body": body})
    s3 = await open_s3(endpoint_url=server.url)
    with pytest.raises(ServerFault):
        await s3.restore_object(REF, WISH, "GLACIER")


@pytest.mark.parametrize(
    "told",
    [
        {"body": PORTAL, "headers": {"Content-Type": "text/html"}},
        {"body": PORTAL},
        {"status": 302, "body": PORTAL, "headers": {"Location": "http://portal.example/"}},
        {"status": 307, "headers": {"Location": "http://portal.example/"}},
        {"status": 403, "body": PORTAL, "headers": {"Content-Type": "text/html"}},
    ],
)
async def test_beside_a_portal_nothing_is_believed(scripted, open_s3, told):
    server = await scripted(lambda _: told)
    s3 = await open_s3(endpoint_url=server.url, region="us-east-1")
    for asking in (
        lambda: s3.list_page("bkt"),
        lambda: s3.head_object(REF),
        lambda: s3.restore_object(REF, WISH, "GLACIER"),
        s3.list_buckets,
    ):
        with pytest.raises(MalformedAnswer):
            await asking()


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 451])
@pytest.mark.parametrize("kind", ["text/html", "Text/HTML; charset=utf-8"])
async def test_a_portal_that_refuses_is_no_refusal_of_oss(scripted, open_oss, monkeypatch, status, kind):
    monkeypatch.setenv("OSS_ACCESS_KEY_ID", "k")
    monkeypatch.setenv("OSS_ACCESS_KEY_SECRET", "s")
    server = await scripted(lambda _: {"status": status, "body": PORTAL, "headers": {"Content-Type": kind}})
    oss = await open_oss(endpoint_url=server.url, region="cn-hangzhou")
    for asking in (
        lambda: oss.list_page("bkt"),
        lambda: oss.head_object(REF),
        lambda: oss.restore_object(REF, WISH, "ColdArchive"),
        lambda: oss.clean_restored_object(REF),
        oss.list_buckets,
    ):
        server.asked.clear()
        with pytest.raises(MalformedAnswer):
            await asking()
        assert len(server.asked) == 1


@pytest.mark.parametrize("named", ["oss-evil.example/", "cn@b", "a.b", "-"])
async def test_what_cannot_be_a_region_of_oss_leads_nowhere(scripted, open_oss, monkeypatch, named):
    monkeypatch.setenv("OSS_ACCESS_KEY_ID", "k")
    monkeypatch.setenv("OSS_ACCESS_KEY_SECRET", "s")
    body = f"<LocationConstraint>{named}</LocationConstraint>".encode()
    server = await scripted(lambda _: {"body": body, "headers": {"x-oss-request-id": "R"}})
    oss = await open_oss(endpoint_url=server.url, region="cn-hangzhou")
    with pytest.raises(MalformedAnswer, match="cannot be a Region"):
        await oss.head_object(REF)
    assert len(server.asked) == 1
