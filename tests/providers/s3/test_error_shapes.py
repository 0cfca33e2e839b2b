"""Every error that the SDK's service models declare for what we ask, over HTTP: each becomes one of our own."""

from collections.abc import Awaitable, Callable
from typing import Any

import botocore.session
import pytest

from restoretui.core.batch.jobs import JobOrder, Manifest, Place, ReportScope
from restoretui.core.batch.service import BatchService
from restoretui.core.errors import (
    BucketNotFound,
    CloudError,
    InvalidRequest,
    JobNotFound,
    ObjectNotFound,
    ServerFault,
    Throttled,
)
from restoretui.core.model import ObjectRef, RestoreRequest, Tier
from restoretui.core.provider import Outcome
from tests.providers.conftest import Asked, OpenS3, StartServer

REF = ObjectRef("bkt", "k")
IDENTITY = (
    b"<GetCallerIdentityResponse><GetCallerIdentityResult><Account>123456789012</Account><Arn>a</Arn>"
    b"</GetCallerIdentityResult></GetCallerIdentityResponse>"
)
MEANT: dict[str, type[CloudError]] = {
    "NoSuchKey": ObjectNotFound,
    "NoSuchBucket": BucketNotFound,
    "BadRequestException": InvalidRequest,
    "IdempotencyException": InvalidRequest,
    "InvalidNextTokenException": InvalidRequest,
    "InvalidRequestException": InvalidRequest,
    "JobStatusException": InvalidRequest,
    "InternalServiceException": ServerFault,
    "NotFoundException": JobNotFound,
    "TooManyRequestsException": Throttled,
}
"""By the names of the models' exceptions."""
ORDER = JobOrder(
    region="us-east-1", role_arn="arn:aws:iam::123456789012:role/r", tier=Tier.BULK, days=3, token="t" * 8,
    priority=1, description="", tags={},
    manifest=Manifest("bkt", "m.csv", "e", versions=False), report=Place("bkt", "r"), scope=ReportScope.ALL,
)  # fmt: skip


async def every_job(batch: BatchService) -> None:
    async for _ in batch.list_jobs("us-east-1"):
        pass


ASK: dict[str, Callable[[BatchService], Awaitable[Any]]] = {
    "CreateJob": lambda batch: batch.create_job(ORDER),
    "DescribeJob": lambda batch: batch.describe_job("us-east-1", "job-1"),
    "ListJobs": every_job,
    "UpdateJobStatus": lambda batch: batch.cancel_job("us-east-1", "job-1"),
    "UpdateJobPriority": lambda batch: batch.set_priority("us-east-1", "job-1", 3),
}


def declared(service: str, *operations: str) -> list[tuple[str, str, int]]:
    """Operation, code and HTTP status; models of s3control leave the status out, so both likely ones are tried."""
    model = botocore.session.get_session().get_service_model(service)
    found = []
    for operation in operations:
        for shape in model.operation_model(operation).error_shapes:
            told = shape.metadata.get("error", {}).get("httpStatusCode")
            likely = 500 if shape.name == "InternalServiceException" else 400
            found += [(operation, shape.name, status) for status in ([told] if told else {400, likely})]
    return found


@pytest.mark.parametrize(("operation", "code", "status"), declared("s3control", *ASK))
async def test_a_declared_error_of_a_job_has_its_name(
    scripted: StartServer, open_s3: OpenS3, operation: str, code: str, status: int
) -> None:
    def script(asked: Asked) -> dict[str, Any]:
        if b"GetCallerIdentity" in asked.body:
            return {"body": IDENTITY}
        told = f"<ErrorResponse><Error><Code>{code}</Code><Message>words</Message></Error></ErrorResponse>"
        return {"status": status, "body": told.encode(), "headers": {"x-amz-bucket-region": "us-east-1"}}

    server = await scripted(script)
    batch = (await open_s3(endpoint_url=server.url, region="us-east-1")).batch()
    with pytest.raises(CloudError) as caught:
        await ASK[operation](batch)
    assert (type(caught.value), caught.value.code) == (MEANT[code], code)
    assert str(caught.value)


@pytest.mark.parametrize(
    ("operation", "code", "status"), declared("s3", "RestoreObject", "HeadObject", "ListObjectsV2")
)
async def test_a_declared_error_of_an_object_has_its_name(
    scripted: StartServer, open_s3: OpenS3, operation: str, code: str, status: int
) -> None:
    body = f"<Error><Code>{code}</Code><Message>words</Message></Error>".encode()
    server = await scripted(
        lambda asked: (
            {"headers": {"x-amz-bucket-region": "us-east-1"}}
            if asked.method == "HEAD" and not asked.path.endswith("/k")
            else {"status": status, "body": body, "headers": {"x-amz-bucket-region": "us-east-1"}}
        )
    )
    s3 = await open_s3(endpoint_url=server.url, region="us-east-1")
    if operation == "RestoreObject":
        answer = await s3.restore_object(REF, RestoreRequest(3, Tier.BULK), "GLACIER")
        assert (answer.outcome, answer.code) == (Outcome.NOT_ARCHIVED, code)
        return
    asking = s3.head_object(REF) if operation == "HeadObject" else s3.list_page("bkt")
    with pytest.raises(MEANT[code]):
        await asking
