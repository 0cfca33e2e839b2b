"""What goes with every request that takes it, by botocore's models: the expected owner, and who pays."""

from contextlib import suppress
from typing import Any
from xml.etree import ElementTree as ET

import botocore.session
import pytest

from restoretui.core.batch.jobs import Generator, JobOrder, Manifest, Place, ReportScope
from restoretui.core.errors import CloudError
from restoretui.core.model import ObjectRef, RestoreRequest, Tier
from restoretui.providers.s3.batch.wire import job_asked, with_owner
from restoretui.providers.s3.client.files import S3Files
from tests.narrowing import a
from tests.providers.conftest import Asked, OpenS3, StartServer

OWNER = "111122223333"
REPORT = Place("rb", "r")
ROLE = "arn:aws:iam::111122223333:role/batch"


def model(service: str) -> Any:
    return botocore.session.get_session().get_service_model(service)


async def test_every_request_that_takes_them_bears_them(scripted: StartServer, open_s3: OpenS3) -> None:
    server = await scripted(lambda asked: {"headers": {"x-amz-bucket-region": "us-east-1", "x-amz-request-id": "R"}})
    s3 = await open_s3(endpoint_url=server.url, expected_bucket_owner=OWNER, requester_pays=True)
    ref = ObjectRef("bkt", "k")
    files = S3Files(s3._sdk, s3._calls)
    upload = {"Key": "k", "UploadId": "u"}
    asks: dict[str, Any] = {
        "HeadBucket": lambda: s3.bucket_region("bkt"),
        "ListBuckets": s3.list_buckets,
        "ListObjectsV2": lambda: s3.list_page("bkt"),
        "ListObjectVersions": lambda: s3.list_page("bkt", versions=True),
        "HeadObject": lambda: s3.head_object(ref),
        "RestoreObject": lambda: s3.restore_object(ref, RestoreRequest(1, Tier.BULK), "GLACIER"),
        "GetObject": lambda: files.whole("bkt", "k"),
        "DeleteObject": lambda: files.delete("bkt", "k"),
        "PutObject": lambda: files.ask("PutObject", "bkt", {"Key": "k", "Body": b"x"}),
        "CreateMultipartUpload": lambda: files.ask("CreateMultipartUpload", "bkt", {"Key": "k"}),
        "UploadPart": lambda: files.ask("UploadPart", "bkt", upload | {"PartNumber": 1, "Body": b"x"}),
        "CompleteMultipartUpload": lambda: files.ask("CompleteMultipartUpload", "bkt", upload),
        "AbortMultipartUpload": lambda: files.ask("AbortMultipartUpload", "bkt", upload),
    }
    known = model("s3")
    for operation, ask in asks.items():
        with suppress(CloudError):  # What is answered does not matter here.
            await ask()
        headers = server.asked[-1].headers
        members = known.operation_model(operation).input_shape.members
        owner, payer = headers.get("x-amz-expected-bucket-owner"), headers.get("x-amz-request-payer")
        assert owner == (OWNER if "ExpectedBucketOwner" in members else None), operation
        assert payer == ("requester" if "RequestPayer" in members else None), operation


def owners_in(shape: Any, value: Any, path: str = "") -> dict[str, Any]:
    """Every member of the model whose name says an expected owner, where its parent is in ``value``."""
    found: dict[str, Any] = {}
    if shape.type_name == "structure" and isinstance(value, dict):
        for name, member in shape.members.items():
            if name.startswith("Expected") and name.endswith("Owner"):
                found[f"{path}.{name}"] = value.get(name)
            elif name in value:
                found |= owners_in(member, value[name], f"{path}.{name}")
    return found


def order(manifest: Manifest | Generator, report: Place | None = REPORT) -> JobOrder:
    scope = ReportScope.ALL if report else ReportScope.NONE
    return JobOrder("us-east-1", "t", ROLE, Tier.BULK, 3, 10, "about", {}, manifest, report, scope)


@pytest.mark.parametrize(
    "manifest", [Manifest("mb", "m.csv", "e", versions=False), Generator("bkt", "p/", ("GLACIER",))]
)
def test_a_job_says_it_wherever_the_model_lets_it(manifest: Manifest | Generator) -> None:
    shape = model("s3control").operation_model("CreateJob").input_shape
    owners = owners_in(shape, with_owner(job_asked(order(manifest)), OWNER))
    assert owners
    assert set(owners.values()) == {OWNER}
    assert (".ManifestGenerator.S3JobManifestGenerator.ExpectedBucketOwner" in owners) == isinstance(
        manifest, Generator
    )
    assert with_owner(job_asked(order(manifest)), "") == job_asked(order(manifest))
    without = with_owner(job_asked(order(manifest, None)), OWNER)
    assert without["Report"] == {"Enabled": False}


async def test_it_reaches_the_wire_and_clones(scripted: StartServer, open_s3: OpenS3) -> None:
    described = (
        "<DescribeJobResult><Job><JobId>job-00001</JobId><Status>Complete</Status><Priority>1</Priority>"
        f"<RoleArn>{ROLE}</RoleArn><Report><Enabled>true</Enabled><Bucket>arn:aws:s3:::rb</Bucket><Prefix>r</Prefix>"
        "<Format>Report_CSV_20180820</Format><ReportScope>AllTasks</ReportScope></Report>"
        "<Operation><S3InitiateRestoreObject><GlacierJobTier>BULK</GlacierJobTier></S3InitiateRestoreObject></Operation>"
        "<ManifestGenerator><S3JobManifestGenerator><SourceBucket>arn:aws:s3:::bkt</SourceBucket><ManifestOutputLocation>"
        "<Bucket>arn:aws:s3:::mb</Bucket><ManifestFormat>S3InventoryReport_CSV_20211130</ManifestFormat>"
        "</ManifestOutputLocation><EnableManifestOutput>true</EnableManifestOutput></S3JobManifestGenerator>"
        "</ManifestGenerator></Job></DescribeJobResult>"
    )
    who = (
        '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>'
        f"<Account>{OWNER}</Account><Arn>arn</Arn></GetCallerIdentityResult></GetCallerIdentityResponse>"
    )

    def script(asked: Asked) -> dict[str, Any]:
        if "/jobs" not in asked.path:
            return {"body": who.encode()}
        made = "<CreateJobResult><JobId>job-00002</JobId></CreateJobResult>"
        return {"body": (made if asked.method == "POST" else described).encode()}

    server = await scripted(script)
    s3 = await open_s3(endpoint_url=server.url, expected_bucket_owner=OWNER, region="us-east-1")
    await s3.batch().clone_job("us-east-1", "job-00001", "token")
    body = ET.fromstring(server.asked[-1].body)
    named = {
        element.tag.rpartition("}")[2]: a(str, element.text) for element in body.iter() if "Owner" in element.tag
    }
    assert named == {"ExpectedBucketOwner": OWNER, "ExpectedManifestBucketOwner": OWNER}
    assert sum("ExpectedBucketOwner" in element.tag for element in body.iter()) == 2
