"""S3 Batch Operations through the SDK's credentials, endpoints and request building (FACTS 2)."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from datetime import datetime
from functools import partial
from hashlib import md5
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from restoretui.core.batch import Generator, JobInfo, JobOrder, Manifest, Place, ReportRow, ReportScope
from restoretui.core.batch_policy import SERVICE, trusts_the_service
from restoretui.core.batch_service import BatchService
from restoretui.core.errors import (
    AccessDenied,
    BucketNotFound,
    CloudError,
    InvalidRequest,
    JobNotFound,
    MalformedAnswer,
    ObjectNotFound,
    ReportUnreadable,
    Unsupported,
)
from restoretui.core.model import Identity, Tier
from restoretui.providers.errors import printable
from restoretui.providers.manifest import ManifestParts
from restoretui.providers.report import MANIFEST_NAMES, Foreign, ResultFile, RowReader, read_manifest
from restoretui.providers.requests import Ask
from restoretui.providers.wire import Unreadable

if TYPE_CHECKING:  # the SDK is loaded when a provider is opened, not when it is imported
    from restoretui.providers.calls import Calls
    from restoretui.providers.sdk import Sdk
    from restoretui.providers.transport import Reply

READ_BYTES = 4 * 2**20
"""Of a report at a time."""
_NO_ROLE = frozenset({"NoSuchEntity", "NoSuchEntityException"})
_GONE = frozenset({"NoSuchJobException", "NoSuchJob", "NotFoundException", "NotFound"})
_SCOPES = {"AllTasks": ReportScope.ALL, "FailedTasksOnly": ReportScope.FAILED}
_WIRE_SCOPES = {scope: name for name, scope in _SCOPES.items()}


class S3Batch:
    """See ``core.batch_service.BatchService``; made by ``S3Provider.batch``."""

    def __init__(self, sdk: "Sdk", calls: "Calls", identity: Callable[[], Awaitable[Identity]]) -> None:
        self._sdk = sdk
        self._calls = calls
        self._identity = identity
        self._account = ""

    # --- jobs

    async def create_job(self, order: JobOrder) -> str:
        restore: dict[str, Any] = {"GlacierJobTier": order.tier.upper()}
        if order.days is not None:
            restore["ExpirationInDays"] = order.days
        asked: dict[str, Any] = {
            "ConfirmationRequired": True,
            "ClientRequestToken": order.token,
            "Priority": order.priority,
            "RoleArn": order.role_arn,
            "Operation": {"S3InitiateRestoreObject": restore},
            "Report": _report(order),
        }
        if isinstance(order.manifest, Generator):
            asked["ManifestGenerator"] = _generator(order.manifest, _partition(order))
        else:
            asked["Manifest"] = _manifest(order.manifest, _partition(order))
        if order.description:
            asked["Description"] = order.description
        if order.tags:
            asked["Tags"] = [{"Key": key, "Value": value} for key, value in order.tags.items()]
        try:
            answer = await self._ask("CreateJob", order.region, asked)
        except AccessDenied as error:
            raise _denied_role(error, order.role_arn) from None
        job_id = str(answer.get("JobId", ""))
        if not job_id:
            raise MalformedAnswer("the answer to CreateJob names no job", operation="CreateJob")
        return job_id

    async def describe_job(self, region: str, job_id: str) -> JobInfo:
        answer = await self._ask("DescribeJob", region, {"JobId": job_id})
        return _info(answer.get("Job", {}), region)

    async def list_jobs(self, region: str, statuses: Collection[str] = ()) -> AsyncIterator[list[JobInfo]]:
        token = ""
        while True:
            asked: dict[str, Any] = {"MaxResults": 1000}
            if statuses:
                asked["JobStatuses"] = sorted(statuses)
            if token:
                asked["NextToken"] = token
            answer = await self._ask("ListJobs", region, asked)
            yield [_info(job, region) for job in answer.get("Jobs", ())]
            following = str(answer.get("NextToken", "") or "")
            if not following or following == token:
                return
            token = following

    async def confirm_job(self, region: str, job_id: str) -> str:
        return await self._update(region, job_id, "Ready", "confirmed in restoretui")

    async def cancel_job(self, region: str, job_id: str) -> str:
        return await self._update(region, job_id, "Cancelled", "cancelled in restoretui")

    async def clone_job(self, region: str, job_id: str, token: str) -> str:
        job = (await self._ask("DescribeJob", region, {"JobId": job_id})).get("Job", {})
        kept = ("Operation", "Report", "Priority", "RoleArn", "Description", "Manifest", "ManifestGenerator")
        asked = {name: job[name] for name in kept if job.get(name) not in (None, "", {})}
        if "Manifest" in asked:
            asked.pop("ManifestGenerator", None)
        if asked.get("Description"):
            asked["Description"] = _unmarked(str(asked["Description"]))
        answer = await self._ask(
            "CreateJob", region, asked | {"ConfirmationRequired": True, "ClientRequestToken": token}
        )
        return str(answer.get("JobId", ""))

    async def set_priority(self, region: str, job_id: str, priority: int) -> None:
        await self._ask("UpdateJobPriority", region, {"JobId": job_id, "Priority": priority})

    async def _update(self, region: str, job_id: str, status: str, reason: str) -> str:
        asked = {"JobId": job_id, "RequestedJobStatus": status, "StatusUpdateReason": reason}
        answer = await self._ask("UpdateJobStatus", region, asked)
        return str(answer.get("Status", ""))

    async def _ask(self, operation: str, region: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        if not self._account:
            account = (await self._identity()).account
            if not (account.isdecimal() and len(account) == 12):
                raise Unsupported("this endpoint does not tell an AWS account, so it has no S3 Batch Operations")
            self._account = account
        fixed = {"AccountId": self._account, **asked}
        ask = Ask(operation, fixed=fixed, service="s3control", region=region or self._sdk.region)
        try:
            return await self._calls.read(ask, partial(self._parsed, operation))
        except CloudError as error:
            raise _of_jobs(error, str(asked.get("JobId", "")), ask.region) from None

    def _parsed(self, operation: str, reply: "Reply", service: str = "s3control") -> dict[str, Any]:
        try:
            return self._sdk.parse(service, operation, reply)
        except ValueError as error:
            raise Unreadable(str(error)) from error

    # --- the role

    async def check_role(self, role_arn: str) -> bool:
        name = role_arn.rpartition("/")[2]
        ask = Ask("GetRole", fixed={"RoleName": name}, service="iam")
        try:
            answer = await self._calls.read(ask, partial(self._parsed, "GetRole", service="iam"))
        except CloudError as error:
            if error.code not in _NO_ROLE:
                return False
            raise InvalidRequest(
                f"there is no role {printable(name)!r} in the account of these credentials",
                "check the ARN; `restoretui batch policy LOCATION` prints the policies for a new role",
                code=error.code,
                status=error.status,
                request_id=error.request_id,
                operation="GetRole",
            ) from None
        role = answer.get("Role", {})
        try:
            trust = json.loads(unquote(str(role.get("AssumeRolePolicyDocument", ""))))
        except ValueError:
            return False
        if not trusts_the_service(trust):
            raise InvalidRequest(
                f"the role {printable(name)!r} does not trust S3 Batch Operations: its trust policy must let "
                f"{SERVICE} assume it (sts:AssumeRole)",
                "`restoretui batch policy LOCATION --only trust` prints that policy",
                operation="GetRole",
            )
        return True

    # --- manifests

    async def upload_manifest(
        self, place: Place, name: str, bucket: str, rows: AsyncIterator[Sequence[tuple[str, str]]], *, versions: bool
    ) -> Manifest:
        key = f"{place.prefix}/{name}".lstrip("/")
        parts = ManifestParts(bucket, versions=versions)
        upload: _Upload | None = None
        try:
            async for some in rows:
                for part in parts.add(some):
                    upload = upload or await self._begin(place.bucket, key)
                    await upload.send(part)
            rest = parts.rest()
            if upload is None:
                etag = await self._put(place.bucket, key, rest)
            else:
                if rest:
                    await upload.send(rest)
                etag = await upload.finish()
        except BucketNotFound as error:
            raise BucketNotFound(
                f"the manifest's bucket {place.bucket!r} does not exist",
                "name one by --manifest-location",
                code=error.code,
                status=error.status,
                request_id=error.request_id,
                operation=error.operation,
            ) from None
        except AccessDenied as error:
            error.hint = (
                f"{error.hint}; the manifest is written to s3://{place.bucket}/{key} with SSE-S3, the only "
                "encryption a CSV manifest may have: a KMS-only bucket cannot hold it (--manifest-location)"
            )
            raise
        finally:
            if upload is not None:
                await upload.abort_unless_done()
        return Manifest(place.bucket, key, etag, versions)

    async def _put(self, bucket: str, key: str, body: bytes) -> str:
        asked = {"Key": key, "Body": body, "ContentType": "text/csv", "ServerSideEncryption": "AES256"}
        answer = await self._s3("PutObject", bucket, asked)
        try:
            _refuse_kms(answer, bucket, "PutObject")
        except InvalidRequest:
            await self._unwrite(bucket, key)
            raise
        return _etag(answer)

    async def _unwrite(self, bucket: str, key: str) -> None:
        try:
            await self.delete_object(bucket, key)
        except CloudError:
            # What is wrong with the bucket is the news; the key is one of ours and in nobody's way.
            return

    async def _begin(self, bucket: str, key: str) -> "_Upload":
        asked = {"Key": key, "ContentType": "text/csv", "ServerSideEncryption": "AES256"}
        answer = await self._s3("CreateMultipartUpload", bucket, asked)
        upload = _Upload(self._s3, bucket, key, str(answer.get("UploadId", "")))
        try:
            _refuse_kms(answer, bucket, "CreateMultipartUpload")
        except InvalidRequest:
            await upload.abort_unless_done()
            raise
        return upload

    async def _s3(self, operation: str, bucket: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        understand = partial(self._parsed, operation, service="s3")
        return await self._calls.read(Ask(operation, bucket, fixed=asked), understand)

    # --- reports

    async def read_report(self, place: Place, job_id: str) -> AsyncIterator[list[ReportRow]]:
        folder = f"{place.prefix}/job-{job_id}/".lstrip("/")
        manifest = await self._find_manifest(place.bucket, folder)
        try:
            for file in read_manifest(manifest):
                async for rows in self._rows(file):
                    yield rows
        except Foreign as error:
            raise ReportUnreadable(
                f"{error} (job {job_id})", f"look at it yourself: s3://{place.bucket}/{folder}", operation="GetObject"
            ) from None

    async def delete_written(self, place: Place, job_id: str) -> int:
        folder = f"{place.prefix}/job-{job_id}/".lstrip("/")
        keys = [key for key in await self._keys(place.bucket, folder) if _is_of_report(key[len(folder) :])]
        for key in keys:
            await self.delete_object(place.bucket, key)
        return len(keys)

    async def delete_object(self, bucket: str, key: str) -> None:
        await self._s3("DeleteObject", bucket, {"Key": key})

    async def _keys(self, bucket: str, prefix: str) -> list[str]:
        keys: list[str] = []
        token = ""
        while True:
            asked = {"Prefix": prefix} | ({"ContinuationToken": token} if token else {})
            answer = await self._s3("ListObjectsV2", bucket, asked)
            keys += [str(entry["Key"]) for entry in answer.get("Contents", ())]
            token = str(answer.get("NextContinuationToken", "") or "")
            if not token:
                return keys

    async def _find_manifest(self, bucket: str, folder: str) -> bytes:
        """By name; where neither is, the listing tells whether a report is only half there."""
        for name in MANIFEST_NAMES:
            try:
                return await self._whole(bucket, folder + name)
            except ObjectNotFound:
                continue
        try:
            half = await self._keys(bucket, folder)
        except AccessDenied:
            half = []
        if half:
            raise ReportUnreadable(
                f"the completion report below s3://{bucket}/{folder} lacks its manifest.json",
                "it may still be being written: ask again in a while",
                operation="GetObject",
            )
        raise ObjectNotFound(
            f"there is no completion report below s3://{bucket}/{folder}",
            "no task ran, no report was asked for, or the role may not write there (s3:PutObject)",
            operation="GetObject",
        )

    async def _whole(self, bucket: str, key: str) -> bytes:
        content, size, etag = await self._read(bucket, key, "")
        while len(content) < size:
            piece, size, etag = await self._read(bucket, key, etag, len(content))
            content += piece
        return content

    async def _rows(self, file: ResultFile) -> AsyncIterator[list[ReportRow]]:
        reader, digest = RowReader(), md5(usedforsecurity=False)
        at, etag = 0, ""
        while True:
            piece, whole, etag = await self._read(file.bucket, file.key, etag, at)
            at += len(piece)
            digest.update(piece)
            over = at >= whole or not piece
            if over and len(file.md5) == 32 and digest.hexdigest() != file.md5.lower():
                raise Foreign("the completion report is not what its checksum says: half-written or changed")
            if rows := reader.feed(piece, final=over):
                yield rows
            if over:
                return

    async def _read(self, bucket: str, key: str, etag: str, at: int = 0) -> tuple[bytes, int, str]:
        """A piece from ``at``, the size of the whole, and its ETag, which must stay the same."""
        asked: dict[str, Any] = {"Key": key, "Range": f"bytes={at}-{at + READ_BYTES - 1}"}
        if etag:
            asked["IfMatch"] = etag
        try:
            reply = await self._calls.read(Ask("GetObject", bucket, fixed=asked), _as_it_is)
        except InvalidRequest as error:
            if error.status != 416 or at:
                raise
            return b"", 0, ""  # An empty object has no range at all.
        _, _, whole = reply.headers.get("content-range", "").rpartition("/")
        size = int(whole) if whole.isdecimal() else len(reply.body)
        return reply.body, size, reply.headers.get("etag", "")


class _Upload:
    """A multipart upload under way."""

    def __init__(
        self, ask: Callable[[str, str, Mapping[str, Any]], Awaitable[dict[str, Any]]], bucket: str, key: str, to: str
    ) -> None:
        self._ask = ask
        self._bucket = bucket
        self._asked = {"Key": key, "UploadId": to}
        self._parts: list[dict[str, Any]] = []
        self._done = False

    async def send(self, part: bytes) -> None:
        number = len(self._parts) + 1
        answer = await self._ask("UploadPart", self._bucket, self._asked | {"PartNumber": number, "Body": part})
        self._parts.append({"PartNumber": number, "ETag": str(answer.get("ETag", ""))})

    async def finish(self) -> str:
        asked = self._asked | {"MultipartUpload": {"Parts": self._parts}}
        answer = await self._ask("CompleteMultipartUpload", self._bucket, asked)
        self._done = True
        return _etag(answer)

    async def abort_unless_done(self) -> None:
        if not self._done:
            try:
                await self._ask("AbortMultipartUpload", self._bucket, self._asked)
            except CloudError:
                # What ended the upload is the news; parts left over go by the bucket's own rules.
                return


def _as_it_is(reply: "Reply") -> "Reply":
    return reply


def _etag(answer: Mapping[str, Any]) -> str:
    return str(answer.get("ETag", "")).strip('"')


def _refuse_kms(answer: Mapping[str, Any], bucket: str, operation: str) -> None:
    if str(answer.get("ServerSideEncryption", "AES256")).startswith("aws:kms"):
        raise InvalidRequest(
            f"bucket {bucket!r} encrypts by KMS whatever is asked, which a manifest must not be",
            "name another bucket by --manifest-location",
            operation=operation,
        )


def _is_of_report(name: str) -> bool:
    """Whether the service writes such a name into a job's folder (FACTS 2.3); else it is somebody's own."""
    head, slash, rest = name.partition("/")
    if slash:
        return head == "results" and rest.endswith(".csv") and "/" not in rest
    return name.removesuffix(".md5") in MANIFEST_NAMES


def _partition(order: JobOrder) -> str:
    """``aws``, ``aws-cn`` ...: the role's own."""
    return order.role_arn.split(":")[1]


def _manifest(manifest: Manifest, partition: str) -> dict[str, Any]:
    fields = ["Bucket", "Key", "VersionId"] if manifest.versions else ["Bucket", "Key"]
    return {
        "Spec": {"Format": "S3BatchOperations_CSV_20180820", "Fields": fields},
        "Location": {"ObjectArn": f"arn:{partition}:s3:::{manifest.bucket}/{manifest.key}", "ETag": manifest.etag},
    }


def _generator(wanted: Generator, partition: str) -> dict[str, Any]:
    chosen: dict[str, Any] = {"MatchAnyStorageClass": list(wanted.classes)}
    if wanted.prefix:
        chosen["KeyNameConstraint"] = {"MatchAnyPrefix": [wanted.prefix]}
    source = f"arn:{partition}:s3:::{wanted.bucket}"
    # What is not kept need not be cleaned up; the report tells the objects.
    kept = {"EnableManifestOutput": False, "SourceBucket": source, "Filter": chosen}
    return {"S3JobManifestGenerator": kept}


def _generated(job: Mapping[str, Any]) -> Generator | None:
    made = job.get("ManifestGenerator", {}).get("S3JobManifestGenerator", {})
    if not made:
        return None
    chosen = made.get("Filter", {})
    prefixes = chosen.get("KeyNameConstraint", {}).get("MatchAnyPrefix", ())
    return Generator(
        str(made.get("SourceBucket", "")).rpartition(":")[2],
        " or ".join(printable(str(prefix)) for prefix in prefixes),
        tuple(str(name) for name in chosen.get("MatchAnyStorageClass", ())),
    )


def _report(order: JobOrder) -> dict[str, Any]:
    if order.report is None or order.scope is ReportScope.NONE:
        return {"Enabled": False}
    return {
        "Enabled": True,
        "Bucket": f"arn:{_partition(order)}:s3:::{order.report.bucket}",
        "Format": "Report_CSV_20180820",
        "Prefix": order.report.prefix,
        "ReportScope": _WIRE_SCOPES[order.scope],
    }


def _info(job: Mapping[str, Any], region: str) -> JobInfo:
    operation = job.get("Operation", {})
    restore = operation.get("S3InitiateRestoreObject", {}) if isinstance(operation, Mapping) else {}
    progress = job.get("ProgressSummary", {})
    report = job.get("Report", {})
    tier = str(restore.get("GlacierJobTier", "")).lower()
    location = job.get("Manifest", {}).get("Location", {}) or job.get("GeneratedManifestDescriptor", {}).get(
        "Location", {}
    )
    kind = operation if isinstance(operation, str) else next(iter(operation), "")
    return JobInfo(
        job_id=str(job.get("JobId", "")),
        region=region,
        status=str(job.get("Status", "")),
        priority=int(job.get("Priority", 0)),
        description=printable(str(job.get("Description", "")), 256),
        operation=kind,
        created=_moment(job.get("CreationTime")),
        ended=_moment(job.get("TerminationDate")),
        total=int(progress.get("TotalNumberOfTasks", 0)),
        succeeded=int(progress.get("NumberOfTasksSucceeded", 0)),
        failed=int(progress.get("NumberOfTasksFailed", 0)),
        elapsed_s=int(progress.get("Timers", {}).get("ElapsedTimeInActiveSeconds", 0)),
        role_arn=str(job.get("RoleArn", "")),
        tier=Tier(tier) if tier in list(Tier) else None,
        days=restore.get("ExpirationInDays"),
        manifest=_location(str(location.get("ObjectArn", ""))),
        generated=_generated(job),
        report=Place(str(report.get("Bucket", "")).rpartition(":")[2], str(report.get("Prefix", "")).rstrip("/"))
        if report.get("Enabled")
        else None,
        scope=_SCOPES.get(str(report.get("ReportScope", "")), ReportScope.NONE),
        failures=tuple(
            (str(why.get("FailureCode", "")), printable(str(why.get("FailureReason", ""))))
            for why in job.get("FailureReasons", ())
        ),
        reason=printable(str(job.get("StatusUpdateReason", ""))),
    )


def _location(arn: str) -> str:
    return f"s3://{arn.split(':::', 1)[1]}" if ":::" in arn else arn


def _unmarked(description: str) -> str:
    """Without the mark by which a job of ours is found again: a clone must not be taken for it."""
    return description.partition(" [rt:")[0] or "clone"


def _moment(value: object) -> datetime | None:
    return value if isinstance(value, datetime) else None


def _denied_role(error: AccessDenied, role_arn: str) -> AccessDenied:
    if "iam:PassRole" not in f"{error} {error.hint}":
        return error
    return AccessDenied(
        f"you may not hand the role {role_arn} to S3 Batch Operations: iam:PassRole is missing, "
        "or there is no such role",
        "`restoretui batch policy LOCATION` prints the caller's policy, which names it",
        code=error.code,
        status=error.status,
        request_id=error.request_id,
        operation=error.operation,
    )


def _of_jobs(error: CloudError, job_id: str, region: str) -> CloudError:
    if error.code in _GONE or (error.status == 404 and job_id):
        return JobNotFound(
            f"there is no job {printable(job_id)} in {region}",
            "jobs are known to their own account and region only, until 90 days after their end",
            code=error.code,
            status=error.status,
            request_id=error.request_id,
            operation=error.operation,
        )
    return error


if TYPE_CHECKING:
    _: type[BatchService] = S3Batch
