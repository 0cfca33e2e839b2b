"""Custom domains, requester pays, and what OSS refuses a whole account (FACTS 4.1, 4.3)."""

from typing import Any

import pytest

from restoretui.core.errors import AccountRefused, InvalidRequest, ObjectNotFound
from restoretui.core.model import ObjectRef, RestoreRequest, Tier
from restoretui.core.provider import Outcome
from restoretui.engine.outcomes import settle
from restoretui.providers.oss.provider import OssProvider
from restoretui.providers.wire.accounts import OF_OSS
from tests.providers.conftest import Asked, OpenOss, ScriptedServer, StartServer

REF = ObjectRef("films", "a/b c.mov")
WISH = RestoreRequest(2, Tier.BULK)
LISTED = b"<ListBucketResult><Name>films</Name><IsTruncated>false</IsTruncated></ListBucketResult>"
VERSIONS = b"<ListVersionsResult><Name>films</Name><IsTruncated>false</IsTruncated></ListVersionsResult>"
DATED = {"Date": "Thu, 15 Oct 2026 10:30:00 GMT"}
YES = {"x-oss-request-id": "R1"}


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OSS_ACCESS_KEY_ID", "K")
    monkeypatch.setenv("OSS_ACCESS_KEY_SECRET", "S")


def willing(asked: Asked) -> dict[str, Any]:
    if "location" in asked.query:
        return {"body": b"<LocationConstraint>oss-cn-beijing</LocationConstraint>", "headers": YES}
    if "restore" in asked.query:
        return {"status": 202, "headers": YES}
    listed = VERSIONS if "versions" in asked.query else LISTED
    return {"body": b"" if asked.method == "HEAD" else listed, "headers": YES}


async def started(scripted: StartServer, open_oss: OpenOss, **options: Any) -> tuple[OssProvider, ScriptedServer]:
    server = await scripted(willing)
    return await open_oss(endpoint_url=server.url, **options), server


async def test_a_custom_domain_is_the_bucket(scripted: StartServer, open_oss: OpenOss) -> None:
    oss, server = await started(scripted, open_oss, cname=True, region="cn-shanghai")
    await oss.list_page("films", "a/")
    await oss.head_object(REF)
    assert (await oss.restore_object(REF, WISH, "ColdArchive")).outcome is Outcome.ACCEPTED
    assert [asked.path for asked in server.asked] == ["/", "/a/b c.mov", "/a/b c.mov"]
    assert all("/cn-shanghai/oss/" in asked.headers["authorization"] for asked in server.asked)
    assert (await oss.identity()).account == ""
    with pytest.raises(InvalidRequest, match="a custom domain stands for one bucket"):
        await oss.list_buckets()
    assert len(server.asked) == 3


async def test_without_a_region_the_domain_is_asked(scripted: StartServer, open_oss: OpenOss) -> None:
    oss, server = await started(scripted, open_oss, cname=True)
    await oss.list_page("films")
    assert server.asked[0].target == "/?location="
    assert "/cn-beijing/oss/" in server.asked[-1].headers["authorization"]


@pytest.mark.parametrize("pays", [True, False])
async def test_requester_pays(scripted: StartServer, open_oss: OpenOss, pays: bool) -> None:
    oss, server = await started(scripted, open_oss, requester_pays=pays)
    await oss.list_page("films")
    await oss.list_page("films", versions=True)
    await oss.head_object(REF)
    await oss.restore_object(REF, WISH, "ColdArchive")
    told = {asked.headers.get("x-oss-request-payer") for asked in server.asked if "location" not in asked.query}
    assert told == {"requester" if pays else None}
    if pays:
        assert "x-oss-request-payer" not in server.asked[0].headers, "where a bucket is costs nobody"


def refusing(status: int, code: str, message: str, ec: str = "", **headers: str) -> dict[str, Any]:
    body = f"<Error><Code>{code}</Code><Message>{message}</Message><RequestId>R1</RequestId><EC>{ec}</EC></Error>"
    return {"status": status, "body": body.encode(), "headers": YES | DATED | headers}


async def refused(scripted: StartServer, open_oss: OpenOss, answer: dict[str, Any]) -> OssProvider:
    server = await scripted(lambda asked: willing(asked) if "location" in asked.query else answer)
    return await open_oss(endpoint_url=server.url)


@pytest.mark.parametrize("code", sorted(OF_OSS))
async def test_a_refused_account_is_no_objects_fault(scripted: StartServer, open_oss: OpenOss, code: str) -> None:
    status = 400 if code == "PublicEndpointForbidden" else 403
    oss = await refused(scripted, open_oss, refusing(status, code, "Said the cloud.", "0048-00000401"))
    for asking in (lambda: oss.restore_object(REF, WISH, "ColdArchive"), lambda: oss.list_page("films")):
        with pytest.raises(AccountRefused, match=code) as caught:
            await asking()
        assert caught.value.hint == OF_OSS[code].hint


async def test_a_closed_public_endpoint_says_the_ways_round(scripted: StartServer, open_oss: OpenOss) -> None:
    oss = await refused(scripted, open_oss, refusing(400, "PublicEndpointForbidden", "Not allowed."))
    with pytest.raises(AccountRefused) as caught:
        await oss.list_page("films")
    assert "oss_cname" in caught.value.hint
    assert "oss_internal" in caught.value.hint


@pytest.mark.parametrize(
    ("answer", "outcome", "says"),
    [
        (refusing(403, "AccessDenied", "Access denied for requester pay bucket", "0003-00000703"),
         Outcome.DENIED, "requester pays, which has to be agreed to; add --requester-pays"),
        (refusing(403, "AccessDenied", "Said the cloud.", "0003-00000703"), Outcome.DENIED, "add --requester-pays"),
        (refusing(403, "AccessDenied", "You have no right to access this object."), Outcome.DENIED,
         "the RAM action oss:RestoreObject is missing (You have no right to access this object.)"),
        (refusing(404, "NoSuchKey", "No.", **{"x-oss-delete-marker": "true"}), Outcome.GONE, "delete marker"),
        (refusing(405, "MethodNotAllowed", "No.", **{"x-oss-delete-marker": "true"}), Outcome.GONE, "delete marker"),
        (refusing(400, "KmsServiceNotEnabled", "The KMS key is disabled."), Outcome.REFUSED, "KMS key is disabled"),
    ],
)  # fmt: skip
async def test_the_row_says_what_the_cloud_said(
    scripted: StartServer, open_oss: OpenOss, answer: dict[str, Any], outcome: Outcome, says: str
) -> None:
    oss = await refused(scripted, open_oss, answer)
    told = await oss.restore_object(REF, WISH, "ColdArchive")
    assert told.outcome is outcome
    assert says in settle(told)[1]
    if outcome is Outcome.GONE:
        with pytest.raises(ObjectNotFound, match="delete marker"):
            await oss.head_object(REF)
