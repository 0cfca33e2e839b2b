"""Whatever we send to AWS, built from our own templates or by the SDK, is what botocore's service models describe.

The judge is not ours: method, URI, names in query and headers, elements of the body and their types are held against
the models of S3, S3 Control, Glacier and STS (``botocore/data/*/service-2.json``).
"""

import re
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qs, parse_qsl
from xml.etree import ElementTree as ET

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel
from msgspec.structs import replace

from restoretui.core.batch.jobs import Generator, JobOrder, Place, ReportScope
from restoretui.core.model import ObjectRef, RestoreRequest, Tier
from restoretui.core.then.contents import CopyTarget
from restoretui.providers.s3.batch.client import S3Batch
from restoretui.sandbox import RunningSandbox
from restoretui.sandbox.s3control.roles import BATCH_ROLE_ARN
from restoretui.sandbox.wire.call_reply import Call
from tests.conftest import StartSandbox
from tests.narrowing import a
from tests.providers.conftest import OpenS3

REGION = "us-east-1"
MODELS = {
    ours: ServiceModel(Loader().load_service_model(theirs, "service-2"), theirs)
    for ours, theirs in {
        "s3": "s3",
        "s3control": "s3control",
        "glacier": "glacier",
        "sts": "sts",
        "iam": "iam",
    }.items()
}
OF_SIGNING = {"x-amz-date", "x-amz-content-sha256", "x-amz-security-token", "x-amz-glacier-version"}
"""Headers of the protocol itself, in no operation's shape (Signature Version 4; Glacier API, common headers)."""
WORDS = {"boolean": r"true|false", "integer": r"-?\d+", "long": r"-?\d+", "timestamp": r"\d{4}-\d\d-\d\dT.*"}
EXPECTED = {
    "AbortMultipartUpload", "CompleteMultipartUpload", "CopyObject", "CreateMultipartUpload", "GetBucketVersioning",
    "GetObjectTagging", "ListMultipartUploads", "ListParts", "UploadPartCopy",
    "CreateJob", "DeleteObject", "DescribeJob", "GetBucketLifecycleConfiguration",
    "GetCallerIdentity", "GetJobTagging", "GetObject", "GetRole", "HeadBucket", "HeadObject", "ListBuckets",
    "ListJobs",
    "ListObjectVersions", "ListObjectsV2", "ListProvisionedCapacity", "PutObject", "RestoreObject",
    "UpdateJobPriority", "UpdateJobStatus",
}  # fmt: skip


class Sent(NamedTuple):
    """One request as it came over the wire."""

    service: str
    operation: str
    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


class Wire(list[Sent]):
    """Everything the sandbox was asked."""

    def __init__(self, running: RunningSandbox) -> None:
        disturb = running.faults.disturb

        def heard(call: Call, now: float, machine: float) -> Any:
            headers = {name.lower(): value for name, value in call.headers.items()}
            self.append(
                Sent(
                    call.service or "s3",
                    call.operation,
                    call.method,
                    call.path,
                    call.query_string,
                    headers,
                    call.body,
                )
            )
            return disturb(call, now, machine)

        running.faults.disturb = heard  # type: ignore[method-assign]


def faults_of(sent: Sent) -> Iterator[str]:
    """What the model does not know of a request."""
    operation = MODELS[sent.service].operation_model(sent.operation)
    shape = operation.input_shape
    members = {} if shape is None else shape.members
    if sent.method != operation.http["method"]:
        yield f"method {sent.method}, not {operation.http['method']}"
    template, _, fixed = operation.http["requestUri"].partition("?")
    pattern = re.sub(r"\\\{[^}]*\\\+\\\}", ".+", re.escape(template))
    if not re.fullmatch(re.sub(r"\\\{[^}]*\\\}", "[^/]+", pattern), sent.path):
        yield f"path {sent.path!r}, not {template}"
    places = {name: member.serialization for name, member in members.items()}
    known = {place["name"] for place in places.values() if place.get("location") == "querystring"}
    # ``x-id`` and the like stand in the URI itself.
    known |= {name for name, _ in parse_qsl(fixed, keep_blank_values=True)}
    names = {name for name, _ in parse_qsl(sent.query, keep_blank_values=True)}
    yield from (f"query {name!r}" for name in sorted(names - known))
    yield from (f"query lacks {name!r}" for name, _ in parse_qsl(fixed, keep_blank_values=True) if name not in names)
    headers = {place["name"].lower() for place in places.values() if place.get("location") == "header"}
    families = tuple(place["name"].lower() for place in places.values() if place.get("location") == "headers")
    ours = {name for name in sent.headers if name.startswith("x-amz-") and not name.startswith(families or "\0")}
    yield from (f"header {name!r}" for name in sorted(ours - headers - OF_SIGNING))
    for name in () if shape is None else shape.required_members:
        place = places[name]
        if place.get("location") == "header" and place["name"].lower() not in sent.headers:
            yield f"lacks header {place['name']}"
    if sent.service in ("sts", "iam"):
        form = parse_qs(sent.body.decode())
        yield from (f"field {name!r}" for name in form.keys() - members.keys() - {"Action", "Version"})
        return
    yield from _body_faults(sent, operation, shape)


def _body_faults(sent: Sent, operation: Any, shape: Any) -> Iterator[str]:
    payload = shape.serialization.get("payload") if shape is not None else None
    target = shape.members[payload] if payload else None
    if target is not None and target.type_name == "blob":
        return
    described = target is not None or any(
        not member.serialization.get("location") for member in (shape.members.values() if shape else ())
    )
    if not sent.body:
        return
    if not described:
        yield f"a body: {sent.body[:60]!r}"
        return
    root = ET.fromstring(sent.body)
    wanted = shape.serialization.get("name") if target is None else target.serialization.get("name", payload)
    if root.tag.rpartition("}")[2] != wanted:
        yield f"root {root.tag}, not {wanted}"
    yield from _element_faults(root, target if target is not None else shape, wanted)


def _element_faults(element: ET.Element, shape: Any, path: str) -> Iterator[str]:
    tags = [child.tag.rpartition("}")[2] for child in element]
    if shape.type_name == "structure":
        names = {
            member.serialization.get("name", name): member
            for name, member in shape.members.items()
            if not member.serialization.get("location")
        }
        for child, tag in zip(element, tags, strict=True):
            if tag not in names:
                yield f"element {path}/{tag}"
            else:
                yield from _element_faults(child, names[tag], f"{path}/{tag}")
        needed = {shape.members[name].serialization.get("name", name) for name in shape.required_members}
        inside = {name for name in names if name in needed}
        yield from (f"{path} lacks {name}" for name in sorted(inside - set(tags)))
    elif shape.type_name == "list":
        yield from (
            fault for child in element for fault in _element_faults(child, shape.member, f"{path}/{child.tag}")
        )
    elif shape.type_name == "string":
        if shape.enum and element.text not in shape.enum:
            yield f"{path} = {element.text!r}, which is none of {shape.enum}"
    elif not re.fullmatch(WORDS.get(shape.type_name, ".*"), element.text or ""):
        yield f"{path} = {element.text!r} is no {shape.type_name}"


@pytest.fixture
async def running(sandbox: StartSandbox, monkeypatch: pytest.MonkeyPatch) -> RunningSandbox:
    served = await sandbox(empty=True)
    for name, value in served.env.items():
        monkeypatch.setenv(name, value)
    served.cloud.add_bucket("b", versioning=True)
    for key in ("a b/ü+,", "plain", "t"):
        served.cloud.put("b", key, size=10, storage_class="INTELLIGENT_TIERING" if key == "t" else "DEEP_ARCHIVE")
    return served


async def ask_everything(open_s3: OpenS3, **more: Any) -> None:
    provider = await open_s3(**more)
    await provider.identity()
    await provider.list_buckets()
    await provider.bucket_region("b")
    for _ in range(2):  # As the SDK builds it, and then from the template that was learnt of that.
        for versions in (False, True):
            page = await provider.list_page("b", "a", delimiter="/", versions=versions, max_keys=1)
            page = await provider.list_page("b", start_after="a", versions=versions, max_keys=1)
            await provider.list_page("b", token=page.next_token, versions=versions)
        for key, version in (("plain", None), ("a b/ü+,", page.entries[0].version_id)):
            ref = ObjectRef("b", page.entries[0].key if version else key, version)
            await provider.head_object(ref)
            for tier in Tier:
                for storage_class in ("DEEP_ARCHIVE", "GLACIER", "INTELLIGENT_TIERING"):
                    await provider.restore_object(ref, RestoreRequest(3, tier), storage_class)
    await provider.expirations("b")
    await provider.inventory_rules("b")
    await provider.provisioned_capacity(REGION)


async def handle_contents(open_s3: OpenS3, running: RunningSandbox, **more: Any) -> None:
    contents = (await open_s3(**more)).contents()
    running.cloud.add_bucket("c")
    bucket = running.cloud.bucket("b")
    version = running.cloud.put("b", "a b/+ü&?", body=b"x" * 20)
    _, row = bucket.find("a b/+ü&?", None)
    kept = {
        "Content-Type": "text/plain",
        "Cache-Control": "no-store",
        "x-amz-website-redirect-location": "/elsewhere",
    }
    kms = {
        "x-amz-server-side-encryption": "aws:kms", "x-amz-server-side-encryption-aws-kms-key-id": "arn:aws:kms:k",
        "x-amz-server-side-encryption-bucket-key-enabled": "true",
    }  # fmt: skip
    bucket.extras[row.tag].headers |= kept | kms | {"x-amz-meta-from": "tape 7"}
    bucket.extras[row.tag].tags["k e&y"] = "v=1"
    seen = await contents.look(ObjectRef("b", "a b/+ü&?", version))
    await contents.look(seen.ref, 1)
    assert await contents.read(seen.ref, seen.etag, 5, 9) == b"xxxx"
    tags = await contents.tags(seen.ref)
    assert await contents.is_versioned("b")
    target = CopyTarget("c", "to/ü +", "STANDARD_IA", only_new=True)
    assert (await contents.copy(seen, target)).etag == seen.etag
    await contents.copy(seen, CopyTarget("b", "a b/+ü&?", "STANDARD", only_over=seen.etag))
    target = target._replace(key="parts")
    upload_id = await contents.begin_upload(seen, target, tags)
    part = await contents.copy_part(seen, target, upload_id, 1, (0, 20))
    assert list(await contents.parts(target, upload_id)) == [part]
    assert [one.upload_id for one in await contents.uploads(target)] == [upload_id]
    assert (await contents.end_upload(target, upload_id, [part], 20)).etag
    gone = await contents.begin_upload(seen, target._replace(key="gone"), {})
    await contents.abort_upload(target._replace(key="gone"), gone)
    await contents.abort_upload(target._replace(key="gone"), gone)
    made = await contents.look(ObjectRef("c", "parts"))
    assert (kms | {"x-amz-meta-from": "tape 7"}).items() <= dict(made.headers).items()
    assert await contents.tags(made.ref) == {"k e&y": "v=1"}


async def make_jobs(open_s3: OpenS3, running: RunningSandbox) -> None:
    batch = a(S3Batch, (await open_s3()).batch())

    async def rows() -> AsyncIterator[list[tuple[str, str]]]:
        yield [("plain", ""), ("a b/ü+,", "")]

    await batch.check_role(BATCH_ROLE_ARN)
    manifest = await batch.upload_manifest(Place("b", "m"), "x.csv", "b", rows(), versions=False)
    order = JobOrder(
        REGION,
        "token",
        BATCH_ROLE_ARN,
        Tier.BULK,
        3,
        7,
        "about",
        {"k": "v"},
        manifest,
        Place("b", "r"),
        ReportScope.ALL,
    )
    first = await batch.create_job(order)
    tiered = await batch.create_job(replace(order, token="2", days=None, report=None, scope=ReportScope.NONE))
    found = Generator("b", "a", ("DEEP_ARCHIVE",))
    generated = await batch.create_job(replace(order, token="3", manifest=found, scope=ReportScope.FAILED))
    async for _ in batch.list_jobs(REGION, ("Suspended", "Complete")):
        pass
    for _ in range(200):
        if (await batch.describe_job(REGION, first)).status == "Suspended":
            break
        await running.advance(10)
    await batch.job_tags(REGION, first)
    await batch.set_priority(REGION, first, 9)
    await batch.confirm_job(REGION, first)
    await batch.cancel_job(REGION, tiered)
    await batch.cancel_job(REGION, generated)
    for _ in range(200):
        if (info := await batch.describe_job(REGION, first)).is_over:
            break
        await running.advance(10)
    await batch.has_manifest(info)
    assert [row async for rows in batch.read_report(Place("b", "r"), first) for row in rows]
    await batch.delete_written(Place("b", "r"), first)


@pytest.mark.parametrize("more", [{}, {"requester_pays": True, "expected_bucket_owner": "123456789012"}])
async def test_every_request_is_one_that_the_models_describe(
    running: RunningSandbox, open_s3: OpenS3, more: dict[str, Any]
) -> None:
    wire = Wire(running)
    await ask_everything(open_s3, **more)
    await handle_contents(open_s3, running, **more)
    if not more:
        await make_jobs(open_s3, running)
        assert {sent.operation for sent in wire} >= EXPECTED
    found = {(sent.operation, fault) for sent in wire for fault in faults_of(sent)}
    assert found == set()


TIER = b"<RestoreRequest><GlacierJobParameters><Tier>Bulk</Tier></GlacierJobParameters></RestoreRequest>"


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"method": "PUT"}, "method PUT, not POST"),
        ({"query": "restore&tier=Bulk"}, "query 'tier'"),
        ({"query": ""}, "query lacks 'restore'"),
        ({"headers": {"x-amz-tier": "Bulk"}}, "header 'x-amz-tier'"),
        ({"body": b"<RestoreRequest><Days>three</Days></RestoreRequest>"}, "'three' is no integer"),
        ({"body": b"<RestoreRequest><Dais>3</Dais></RestoreRequest>"}, "element RestoreRequest/Dais"),
        ({"body": b"<Restore/>"}, "root Restore, not RestoreRequest"),
        (
            {"body": TIER.replace(b"Bulk", b"Fast")},
            "'Fast', which is none of",
        ),
        (
            {"body": b"<RestoreRequest><GlacierJobParameters/></RestoreRequest>"},
            "RestoreRequest/GlacierJobParameters lacks Tier",
        ),
    ],
)
def test_the_judge_does_judge(change: dict[str, Any], fault: str) -> None:
    sent = Sent(
        "s3", "RestoreObject", "POST", "/b/k", "restore", {}, b"<RestoreRequest><Days>3</Days></RestoreRequest>"
    )
    assert list(faults_of(sent)) == []
    assert any(fault in found for found in faults_of(sent._replace(**change)))
