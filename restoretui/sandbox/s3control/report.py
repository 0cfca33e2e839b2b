"""The completion report, in the layout that is really written, not the one its schema names (FACTS 2.3)."""

import json
from hashlib import md5
from typing import Literal
from urllib.parse import quote, quote_plus

from restoretui.sandbox.s3control.job import Job, Task
from restoretui.sandbox.state.bucket import Extra, real_etag
from restoretui.sandbox.state.cloud import Cloud, instant
from restoretui.sandbox.state.kinds import STANDARD

SCHEMA = "Bucket, Key, VersionId, TaskStatus, ErrorCode, HTTPStatusCode, ResultMessage"


KeysAs = Literal["form", "percent", "raw"]


def written(key: str, how: KeysAs) -> str:
    """A key as it stands in the second column."""
    if how != "raw":
        return quote_plus(key, safe="/*") if how == "form" else quote(key, safe="/")
    return '"' + key.replace('"', '""') + '"' if any(sign in key for sign in ',"\n\r') else key


def row(task: Task, key: str, status: int, code: str, message: str) -> bytes:
    """One line: the HTTP status stands in the column that the schema calls ErrorCode, and the other way round."""
    outcome = "failed" if code else "succeeded"
    text = message.replace('"', '""')
    return f'{task.bucket},{key},{task.version_id or ""},{outcome},{status},{code},"{text}"\n'.encode()


def refused_message(status: int, code: str, message: str, request_id: str) -> str:
    """A task's failure in the SDK's words."""
    return f"{message} (Service: Amazon S3; Status Code: {status}; Error Code: {code}; Request ID: {request_id})"


def write_report(cloud: Cloud, job: Job, now: float) -> None:
    """Put the report into its bucket, if one was asked for, may be written, and any task ran."""
    report = job.order.report
    if report is None or not job.done or not job.order.role.writes_report or report.bucket not in cloud.buckets:
        return
    bucket = cloud.buckets[report.bucket]
    # The prefix just as it was given: one that ends in a slash is followed by another (FACTS 2.3).
    folder = f"{report.prefix}/job-{job.id}".lstrip("/")

    def put(key: str, content: bytes, content_type: str) -> None:
        headers = {"content-type": content_type, "x-amz-server-side-encryption": "AES256"}
        extra = Extra((content,), real_etag(content), {"Content-Type": content_type, **headers})
        bucket.write(key, len(content), STANDARD, now, extra)

    results = []
    for outcome, rows in job.rows.items():
        if not rows or (report.failed_only and outcome == "succeeded"):
            continue
        content = b"".join(rows)
        digest = md5(content).hexdigest()
        key = f"{folder}/results/{digest}.csv"
        put(key, content, "text/csv")
        results.append({"TaskExecutionStatus": outcome, "Bucket": report.bucket, "MD5Checksum": digest, "Key": key})
    manifest = {
        "Format": "Report_CSV_20180820",
        "ReportCreationDate": instant(now).isoformat(),
        "Results": results,
        "ReportSchema": SCHEMA,
    }
    content = json.dumps(manifest).encode()
    put(f"{folder}/manifest.json", content, "application/json")
    put(f"{folder}/manifest.json.md5", md5(content).hexdigest().encode(), "text/plain")
    job.rows = {"succeeded": [], "failed": []}
