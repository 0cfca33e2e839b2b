"""Answers that others have quoted in public, through our parsers: each file names its source in its first line.

They are rewritten: the facts are theirs, names and numbers that say nothing are ours (FACTS 1.3, 2.3, 2.4, 5).
"""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from restoretui.core.batch.jobs import Place, ReportScope
from restoretui.core.batch.report_keys import KeyForm, read_key
from restoretui.core.model import ObjectFacts, ObjectRef, State
from restoretui.core.rules.clouds import CLOUDS
from restoretui.core.rules.rules import CloudRules
from restoretui.core.rules.stores import BUILT_IN
from restoretui.providers.s3.batch.manifest_reader import told_manifest
from restoretui.providers.s3.batch.report_csv import RowReader, read_manifest
from restoretui.providers.s3.batch.wire import job_told
from restoretui.providers.wire.restore_header import parse_instant
from tests.narrowing import there
from tests.providers.conftest import OpenOss, OpenS3, StartServer

GOLDEN = Path(__file__).parent / "golden"
REF = ObjectRef("bkt", "k")
TOO_MANY = "The job failed because it contains more keys than the maximum allowed"
"""https://docs.aws.amazon.com/AmazonS3/latest/userguide/troubleshooting-batch-operations.html"""
LOCATED = {"x-amz-bucket-region": "us-east-1"}


def content(name: str) -> bytes:
    """A file without the line that names its source."""
    return (GOLDEN / name).read_bytes().partition(b"\n")[2]


def test_each_file_names_its_source() -> None:
    files = [path for path in sorted(GOLDEN.rglob("*")) if path.is_file()]
    assert len(files) > 15
    wrong = [path.name for path in files if not path.read_bytes().startswith(b"source: ")]
    assert not wrong


def rules_for(store: str) -> CloudRules:
    return BUILT_IN[store].rules if store in BUILT_IN else CLOUDS[store].rules


HEADS = [
    # The file, by whose rules, when it is read, and what the object is then.
    ("aws-archived", "s3", "2020-10-07", State.ARCHIVED, None),
    ("aws-restoring", "s3", "2012-12-01", State.RESTORING, None),
    ("aws-restored", "s3", "2012-12-20", State.AVAILABLE, "2012-12-21"),
    ("aws-restored", "s3", "2012-12-22", State.ARCHIVED, "2012-12-21"),
    ("aws-tiering-restoring", "s3", "2020-11-13", State.RESTORING, None),
    ("ceph-for-good", "ceph", "2026-05-21", State.ONLINE, None),
    ("ceph-for-days", "ceph", "2026-05-21", State.AVAILABLE, "2026-05-22T08:10:30"),
    ("versitygw-offline", "versitygw", "2026-04-10", State.ARCHIVED, None),
    ("versitygw-offline", "s3", "2026-04-10", State.ARCHIVED, None),
    ("versitygw-staged", "versitygw", "2026-04-10", State.AVAILABLE, "2050-12-02"),
    ("scaleway-restored", "scaleway", "2023-01-20", State.AVAILABLE, "2023-01-27T10:00"),
    ("storagegrid-not-cold", "storagegrid", "2024-09-12", State.AVAILABLE, "2030-07-23"),
    ("ibm-deep-archive-over", "ibm-deep-archive", "2026-01-15", State.ARCHIVED, None),
    ("noobaa-over", "noobaa", "2026-08-26", State.ARCHIVED, "2026-08-25"),
    ("oss-restored", "oss", "2017-04-16", State.AVAILABLE, "2017-04-16T08:12:33"),
]


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(("name", "store", "at", "state", "expiry"), HEADS)
async def test_a_quoted_head_is_understood(
    open_s3: OpenS3, open_oss: OpenOss, scripted: StartServer,
    name: str, store: str, at: str, state: State, expiry: str | None, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    lines = content(f"heads/{name}.txt").decode().splitlines()
    headers = dict(line.split(": ", 1) for line in lines)
    if store == "oss":
        monkeypatch.setenv("OSS_ACCESS_KEY_ID", "id")
        monkeypatch.setenv("OSS_ACCESS_KEY_SECRET", "secret")
        place = b"<LocationConstraint>oss-cn-hangzhou</LocationConstraint>"
        server = await scripted(lambda asked: {"headers": headers} if asked.method == "HEAD" else {"body": place})
        detail = await (await open_oss(endpoint_url=server.url)).head_object(REF)
    else:
        server = await scripted(lambda asked: {"headers": {**LOCATED, **headers}})
        spec = BUILT_IN[store].spec if store in BUILT_IN else None
        detail = await (await open_s3(endpoint_url=server.url, store=spec)).head_object(REF)
    assert detail.size == int(headers["Content-Length"])
    status = detail.restore
    facts = ObjectFacts(
        detail.storage_class, detail.archive_status, looked=True,
        in_progress=status and status.in_progress, expiry=status and status.expiry,
    )  # fmt: skip
    assert rules_for(store).state_of(facts, instant(at)) is state
    assert (status and status.expiry) == (expiry and instant(expiry))


async def test_the_quoted_request_date_is_read(open_s3: OpenS3, scripted: StartServer) -> None:
    lines = content("heads/aws-tiering-restoring.txt").decode().splitlines()
    server = await scripted(lambda asked: {"headers": {**LOCATED, **dict(line.split(": ", 1) for line in lines)}})
    detail = await (await open_s3(endpoint_url=server.url)).head_object(REF)
    assert there(detail.restore).asked_at == datetime(2020, 11, 13, 0, 20, tzinfo=UTC)


LISTS = [
    ("aws-with-status", "s3", "GLACIER", {"archived": (None, None), "restored": (False, "2012-12-21")}),
    ("ceph-for-good", "ceph", "CLOUDTIER", {"restored": (False, None)}),
    (
        "oss-with-status", "oss", "ColdArchive",
        {"archived": (None, None), "restored": (False, "2022-11-05T07:38:08")},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("name", "store", "storage_class", "told"), LISTS)
async def test_a_quoted_listing_is_understood(
    open_s3: OpenS3, open_oss: OpenOss, scripted: StartServer,
    name: str, store: str, storage_class: str, told: dict[str, Any], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    body = content(f"lists/{name}.xml")
    if store == "oss":
        monkeypatch.setenv("OSS_ACCESS_KEY_ID", "id")
        monkeypatch.setenv("OSS_ACCESS_KEY_SECRET", "secret")
        place = b"<LocationConstraint>oss-cn-hangzhou</LocationConstraint>"
        server = await scripted(lambda asked: {"body": place if "location" in asked.query else body})
        page = await (await open_oss(endpoint_url=server.url)).list_page("bkt")
    else:
        server = await scripted(lambda asked: {"headers": LOCATED, "body": body})
        page = await (await open_s3(endpoint_url=server.url)).list_page("bkt")
    rows = {entry.key: entry for entry in page.entries}
    assert page.next_token is None
    assert {entry.storage_class for entry in rows.values()} == {storage_class}
    for key, (in_progress, expiry) in told.items():
        assert rows[key].in_progress is in_progress
        assert rows[key].expiry == (expiry and instant(expiry).timestamp())
    assert name == "ceph-for-good" or (rows["restoring"].in_progress, rows["restoring"].expiry) == (True, None)


def test_quoted_report_rows_are_understood() -> None:
    copied, timed_out, restoring = RowReader().feed(content("jobs/report-rows.csv"), final=True)
    assert (copied.succeeded, copied.key, copied.status, copied.code) == (True, "image_17775", 200, "")
    assert (timed_out.succeeded, timed_out.status, timed_out.code) == (False, 200, "PermanentFailure")
    assert timed_out.message.endswith('{"errorMessage":"Task timed out after 3.00 seconds"}')
    assert (restoring.status, restoring.code) == (409, "RestoreAlreadyInProgress")
    assert read_key(restoring.key, KeyForm.FORM) == "a b/ü+1.bin"
    files = read_manifest(content("jobs/report-manifest.json"))
    assert [(file.bucket, file.key) for file in files] == [
        ("reports", "job-f8fb9d89/results/6217b0fa.csv"), ("reports", "job-f8fb9d89/results/b2ddad41.csv"),
    ]  # fmt: skip


def told(name: str) -> Any:
    """JSON as the CLI prints it, with dates as its parser made them."""

    def dated(found: dict[str, Any]) -> dict[str, Any]:
        return {key: parse_instant(it) if key.endswith(("Date", "Time")) else it for key, it in found.items()}

    return json.loads(content(f"jobs/{name}.json"), object_hook=dated)


def test_quoted_jobs_are_understood() -> None:
    job = job_told(told("describe-job")["Job"], "us-west-2")
    assert (job.status, job.total, job.succeeded, job.failed, job.priority) == ("Complete", 8, 8, 0, 42)
    assert (job.operation, job.tier, job.days) == ("S3PutObjectTagging", None, None)
    assert (job.manifest, job.manifest_fields) == ("s3://records-logs/inv-report/7a6a9be4.csv", ("Bucket", "Key"))
    assert (job.report, job.scope) == (Place("records-logs", "batch-op-create-job"), ReportScope.ALL)
    assert job.ended == datetime(2019, 10, 3, 21, 49, 53, 944_000, tzinfo=UTC)
    done, failed = (job_told(found, "us-west-2") for found in told("list-jobs")["Jobs"])
    assert (done.operation, done.status, done.succeeded) == ("S3PutObjectTagging", "Complete", 8)
    assert (failed.status, failed.total) == ("Failed", 0)


def test_a_failed_job_says_why_in_the_clouds_words() -> None:
    why = {"FailureCode": "InvalidManifestContent", "FailureReason": TOO_MANY}
    job = job_told({**told("list-jobs")["Jobs"][1], "FailureReasons": [why]}, "us-west-2")
    assert job.failures == (("InvalidManifestContent", TOO_MANY),)


def test_a_quoted_inventory_is_no_list_of_keys() -> None:
    inventory = json.loads(content("jobs/inventory-manifest.json"))
    spec = {"Format": f"S3InventoryReport_{inventory['fileFormat']}_20161130", "Fields": ["Bucket", "Key"]}
    job = {"Manifest": {"Spec": spec, "Location": {"ObjectArn": "arn:aws:s3:::b/manifest.json", "ETag": '"e"'}}}
    assert told_manifest(job) == {"manifest_etag": "e", "manifest_version": "", "manifest_fields": ()}
