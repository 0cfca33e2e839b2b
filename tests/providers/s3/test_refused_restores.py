"""What a refusal of S3 means, in the row and in the error: by the cloud's own words, over HTTP (FACTS 1.2)."""

from typing import Any

import pytest

from restoretui.core.errors import AccessDenied, AccountRefused, CloudError, InvalidRequest, ObjectNotFound
from restoretui.core.model import ObjectRef, RestoreRequest, Tier
from restoretui.core.provider import Outcome
from restoretui.engine.outcomes import settle
from restoretui.providers import S3Provider
from restoretui.providers.wire.accounts import OF_S3
from tests.providers.conftest import Asked, OpenS3, StartServer

REF = ObjectRef("bkt", "k")
WISH = RestoreRequest(2, Tier.BULK)
KEY = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
CIPHERTEXT = (
    "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are "
    "not allowed to access."
)
SSE_C = (
    "The object was stored using a form of Server Side Encryption. The correct parameters must be provided to "
    "retrieve the object."
)
USER = "User: arn:aws:sts::111122223333:assumed-role/ops/me is not authorized to perform: "
ON = 'on resource: "arn:aws:s3:::bkt/k" '


def told(status: int, code: str, message: str, **headers: str) -> dict[str, Any]:
    body = f"<Error><Code>{code}</Code><Message>{message}</Message><RequestId>R1</RequestId></Error>"
    return {"status": status, "body": body.encode(), "headers": {"x-amz-request-id": "R1", **headers}}


async def refused(scripted: StartServer, open_s3: OpenS3, answer: dict[str, Any], **options: Any) -> S3Provider:
    """A provider whose every request about an object gets ``answer``; buckets are found."""

    def script(asked: Asked) -> dict[str, Any]:
        if asked.method == "HEAD" and asked.path.strip("/") == "bkt":
            return {"headers": {"x-amz-bucket-region": "us-east-1"}}
        return answer

    server = await scripted(script)
    return await open_s3(endpoint_url=server.url, **options)


@pytest.mark.parametrize(
    ("status", "code", "message", "outcome", "says"),
    [
        (403, "AccessDenied", f"{USER}s3:RestoreObject {ON}with an explicit deny in a service control policy",
         Outcome.DENIED, "s3:RestoreObject is forbidden by an explicit deny in a service control policy"),
        (403, "AccessDenied", f"{USER}s3:RestoreObject {ON}with an explicit deny in an identity-based policy",
         Outcome.DENIED, "explicit deny in an identity-based policy"),
        (403, "AccessDenied", f"{USER}s3:RestoreObject {ON}with an explicit deny in a resource control policy",
         Outcome.DENIED, "explicit deny in a resource control policy"),
        (403, "AccessDenied", f"{USER}s3:RestoreObject {ON}with an explicit deny in a VPC endpoint policy",
         Outcome.DENIED, "explicit deny in a VPC endpoint policy"),
        (403, "AccessDenied", f"{USER}s3:RestoreObject {ON}with an explicit deny in a permissions boundary",
         Outcome.DENIED, "explicit deny in a permissions boundary"),
        (403, "AccessDenied",
         f"{USER}s3:RestoreObject {ON}because no identity-based policy allows the s3:RestoreObject action",
         Outcome.DENIED, "no identity-based policy allows s3:RestoreObject"),
        (403, "AccessDenied",
         f"{USER}kms:Decrypt on resource: {KEY} because no identity-based policy allows the kms:Decrypt action",
         Outcome.DENIED, f"kms:Decrypt on the KMS key {KEY}"),
        (403, "AccessDenied",
         f"{USER}kms:Decrypt on resource: {KEY} with an explicit deny in a resource-based policy",
         Outcome.DENIED, f"kms:Decrypt on the KMS key {KEY} is forbidden by an explicit deny in a resource-based"),
        (400, "KMS.DisabledException", f"{KEY} is disabled.", Outcome.REFUSED, f"the KMS key {KEY} is disabled"),
        (400, "KMS.KMSInvalidStateException", f"{KEY} is pending deletion.",
         Outcome.REFUSED, f"the KMS key {KEY} is about to be deleted"),
        (400, "KMS.NotFoundException", f"Key '{KEY}' does not exist",
         Outcome.REFUSED, f"the KMS key {KEY} does not exist"),
        (403, "AccessDenied", CIPHERTEXT, Outcome.DENIED, "does not let these credentials use it"),
        (403, "AccessDenied", "Access Denied", Outcome.DENIED, "s3:RestoreObject is missing"),
        (403, "AccessDenied", "Access Denied because object protected by object lock.",
         Outcome.DENIED, "Object Lock protects the object"),
        (403, "RequestPayerDenied", "The bucket is a requester pay bucket.",
         Outcome.DENIED, "the bucket's requester pays, which has to be agreed to; add --requester-pays"),
        (400, "InvalidRequest", SSE_C, Outcome.REFUSED, "SSE-C"),
        (403, "InvalidObjectState", "Retrieval option is not supported by this storage class",
         Outcome.REFUSED, "Retrieval option is not supported"),
        (403, "InvalidTier", "Retrieval option is not supported by this storage class",
         Outcome.REFUSED, "Retrieval option is not supported"),
        (400, "MalformedXML", "The XML you provided was not well-formed", Outcome.REFUSED, "not well-formed"),
    ],
)  # fmt: skip
async def test_the_row_says_what_the_cloud_said(
    scripted: StartServer, open_s3: OpenS3, status: int, code: str, message: str, outcome: Outcome, says: str
) -> None:
    s3 = await refused(scripted, open_s3, told(status, code, message))
    answer = await s3.restore_object(REF, WISH, "GLACIER")
    assert (answer.outcome, answer.code, answer.request_id) == (outcome, code, "R1")
    assert says in settle(answer)[1]
    assert "bkt/k" not in settle(answer)[1], "a cause names no object"


@pytest.mark.parametrize(("status", "code"), [(404, "NoSuchKey"), (405, "MethodNotAllowed")])
async def test_a_delete_marker_is_named(scripted: StartServer, open_s3: OpenS3, status: int, code: str) -> None:
    s3 = await refused(scripted, open_s3, told(status, code, "No.", **{"x-amz-delete-marker": "true"}))
    answer = await s3.restore_object(REF, WISH, "GLACIER")
    assert answer.outcome is Outcome.GONE
    assert "delete marker; name an older version" in settle(answer)[1]
    with pytest.raises(ObjectNotFound, match="delete marker"):
        await s3.head_object(REF)


@pytest.mark.parametrize("code", sorted(OF_S3))
async def test_a_refused_account_is_no_objects_fault(scripted: StartServer, open_s3: OpenS3, code: str) -> None:
    s3 = await refused(scripted, open_s3, told(403, code, "Said the cloud."))
    restoring, listing, looking = (
        lambda: s3.restore_object(REF, WISH, "GLACIER"), lambda: s3.list_page("bkt"), lambda: s3.head_object(REF),
    )  # fmt: skip
    for asking in (restoring, listing, looking):
        with pytest.raises(AccountRefused, match=code) as caught:
            await asking()
        assert caught.value.hint == OF_S3[code].hint
        assert caught.value.exit_code == 4


async def test_a_wrong_owner_is_thought_of(scripted: StartServer, open_s3: OpenS3) -> None:
    s3 = await refused(
        scripted, open_s3, told(403, "AccessDenied", "Access Denied"), expected_bucket_owner="999999999999"
    )
    answer = await s3.restore_object(REF, WISH, "GLACIER")
    assert "not that of account 999999999999 (--expected-bucket-owner)" in answer.reason
    with pytest.raises(AccessDenied) as caught:
        await s3.list_page("bkt")
    assert "999999999999" in caught.value.hint


@pytest.mark.parametrize(
    ("answer", "kind", "hint"),
    [
        ({"status": 400}, InvalidRequest, "SSE-C"),
        (told(400, "KMS.DisabledException", f"{KEY} is disabled."), InvalidRequest, "enable it in KMS"),
        (told(403, "AccessDenied", f"{USER}s3:ListBucket {ON}with an explicit deny in a service control policy"),
         AccessDenied, "explicit deny in a service control policy"),
        (told(400, "InvalidRequest", "Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests "
              "with Object Lock parameters"), InvalidRequest, "--manifest-location"),
    ],
)  # fmt: skip
async def test_an_error_says_the_same(
    scripted: StartServer, open_s3: OpenS3, answer: dict[str, Any], kind: type[CloudError], hint: str
) -> None:
    s3 = await refused(scripted, open_s3, answer)
    with pytest.raises(kind) as caught:
        await (s3.head_object(REF) if "body" not in answer else s3.list_page("bkt"))
    assert hint in caught.value.hint
