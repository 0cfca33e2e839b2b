"""S3 Batch Operations through the SDK's credentials, endpoints and request building (FACTS 2)."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from restoretui.core.batch.jobs import JobInfo, JobOrder, Manifest, ManifestRow, Place, ReportRow
from restoretui.core.batch.policy import SERVICE, trusts_the_service
from restoretui.core.batch.service import BatchService
from restoretui.core.errors import (
    AccessDenied,
    CloudError,
    InvalidRequest,
    JobNotFound,
    MalformedAnswer,
    Unsupported,
)
from restoretui.core.model import Identity
from restoretui.providers.s3.batch.manifest_csv import encode_rows
from restoretui.providers.s3.batch.manifest_reader import ManifestReader
from restoretui.providers.s3.batch.manifests import ManifestWriter
from restoretui.providers.s3.batch.reports import ReportFiles
from restoretui.providers.s3.batch.wire import job_asked, job_told, unmarked, with_owner
from restoretui.providers.s3.client.files import S3Files
from restoretui.providers.s3.client.request_builder import S3Request
from restoretui.providers.wire.continuation import Tokens
from restoretui.providers.wire.refusals import printable

if TYPE_CHECKING:  # the SDK is loaded when a provider is opened, not when it is imported
    from restoretui.providers.s3.client.client import S3Client
    from restoretui.providers.s3.client.late_sdk import LateSdk

_NO_ROLE = frozenset({"NoSuchEntity", "NoSuchEntityException"})
_GONE = frozenset({"NoSuchJobException", "NoSuchJob", "NotFoundException", "NotFound"})


class S3Batch:
    """The client of S3 Batch Operations. See ``core.batch.service.BatchService``; made by ``S3Provider.batch``."""

    def __init__(
        self, sdk: "LateSdk", calls: "S3Client", identity: Callable[[], Awaitable[Identity]], owner: str = ""
    ) -> None:
        """``owner``: the account that every bucket has to belong to; empty where nobody said so."""
        self._sdk = sdk
        self._calls = calls
        self._identity = identity
        self._account = ""
        self._owner = owner
        self._files = S3Files(sdk, calls)
        self._manifests = ManifestWriter(self._files)
        self._lists = ManifestReader(self._files)
        self._reports = ReportFiles(self._files)

    # --- jobs

    def asked(self, order: JobOrder) -> Mapping[str, Any]:
        return with_owner(job_asked(order), self._owner)

    def manifest_rows(self, bucket: str, rows: Sequence[tuple[str, str]], *, versions: bool) -> bytes:
        return encode_rows(bucket, rows, versions=versions)

    async def create_job(self, order: JobOrder) -> str:
        """CreateJob, idempotent by its ClientRequestToken; ``AccessDenied`` says so where iam:PassRole is missing."""
        try:
            answer = await self._ask("CreateJob", order.region, dict(self.asked(order)))
        except AccessDenied as error:
            raise _denied_role(error, order.role_arn) from None
        return _new_job(answer)

    async def describe_job(self, region: str, job_id: str) -> JobInfo:
        answer = await self._ask("DescribeJob", region, {"JobId": job_id})
        job = job_told(answer.get("Job", {}), region)
        if not job.job_id or not job.status:
            raise MalformedAnswer("the answer to DescribeJob tells of no job", operation="DescribeJob")
        return job

    async def list_jobs(self, region: str, statuses: Collection[str] = ()) -> AsyncIterator[list[JobInfo]]:
        """ListJobs, 1,000 a page; the service remembers 90 days (FACTS 2.4)."""
        tokens, token = Tokens("ListJobs"), ""
        while True:
            asked: dict[str, Any] = {"MaxResults": 1000}
            if statuses:
                asked["JobStatuses"] = sorted(statuses)
            if token:
                asked["NextToken"] = token
            answer = await self._ask("ListJobs", region, asked)
            yield [job_told(job, region) for job in answer.get("Jobs", ())]
            token = tokens.next(answer.get("NextToken"))
            if not token:
                return

    async def confirm_job(self, region: str, job_id: str) -> str:
        """UpdateJobStatus to Ready."""
        return await self._update(region, job_id, "Ready", "confirmed in restoretui")

    async def cancel_job(self, region: str, job_id: str) -> str:
        """UpdateJobStatus to Cancelled; objects that were asked for already go on restoring."""
        return await self._update(region, job_id, "Cancelled", "cancelled in restoretui")

    async def clone_job(self, region: str, job_id: str, token: str) -> str:
        """DescribeJob, then CreateJob with its operation, manifest, report and role; it waits for a person."""
        job = (await self._ask("DescribeJob", region, {"JobId": job_id})).get("Job", {})
        kept = ("Operation", "Report", "Priority", "RoleArn", "Description", "Manifest", "ManifestGenerator")
        asked = {name: job[name] for name in kept if job.get(name) not in (None, "", {})}
        if "Manifest" in asked:
            asked.pop("ManifestGenerator", None)
        if asked.get("Description"):
            asked["Description"] = unmarked(str(asked["Description"]))
        asked = with_owner(asked, self._owner) | {"ConfirmationRequired": True, "ClientRequestToken": token}
        answer = await self._ask("CreateJob", region, asked)
        return _new_job(answer)

    async def has_manifest(self, info: JobInfo) -> bool:
        return await self._lists.is_there(info)

    def read_manifest(self, info: JobInfo) -> AsyncIterator[list[ManifestRow]]:
        return self._lists.rows(info)

    async def job_tags(self, region: str, job_id: str) -> Mapping[str, str]:
        """GetJobTagging, a right of its own (FACTS 2.7)."""
        answer = await self._ask("GetJobTagging", region, {"JobId": job_id})
        return {str(tag.get("Key", "")): str(tag.get("Value", "")) for tag in answer.get("Tags", ())}

    async def set_priority(self, region: str, job_id: str, priority: int) -> None:
        """UpdateJobPriority."""
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
        ask = S3Request(operation, fixed=fixed, service="s3control", region=region or self._sdk.region)
        try:
            return await self._calls.read(ask, self._calls.parsed(operation, "s3control"))
        except CloudError as error:
            raise _of_jobs(error, str(asked.get("JobId", "")), ask.region) from None

    # --- the role

    async def check_role(self, role_arn: str) -> bool:
        """GetRole, a courtesy: whoever may not ask it may still be allowed to hand the role on (FACTS 2.7)."""
        name = role_arn.rpartition("/")[2]
        ask = S3Request("GetRole", fixed={"RoleName": name}, service="iam")
        try:
            answer = await self._calls.read(ask, self._calls.parsed("GetRole", "iam"))
        except CloudError as error:
            if error.code not in _NO_ROLE:
                return False
            raise InvalidRequest.of(
                error,
                f"there is no role {printable(name)!r} in the account of these credentials",
                "check the ARN; `restoretui batch policy LOCATION` prints the policies for a new role",
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

    # --- what lies in buckets

    async def upload_manifest(
        self, place: Place, name: str, bucket: str, rows: AsyncIterator[Sequence[tuple[str, str]]], *, versions: bool
    ) -> Manifest:
        return await self._manifests.write(place, name, bucket, rows, versions=versions)

    def read_report(self, place: Place, job_id: str) -> AsyncIterator[list[ReportRow]]:
        return self._reports.rows(place, job_id)

    async def delete_written(self, place: Place, job_id: str) -> int:
        return await self._reports.delete(place, job_id)

    async def delete_object(self, bucket: str, key: str) -> None:
        await self._files.delete(bucket, key)


def _new_job(answer: Mapping[str, Any]) -> str:
    job_id = str(answer.get("JobId", ""))
    if not job_id:
        raise MalformedAnswer("the answer to CreateJob names no job", operation="CreateJob")
    return job_id


def _denied_role(error: AccessDenied, role_arn: str) -> AccessDenied:
    if "iam:PassRole" not in f"{error} {error.hint}":
        return error
    return AccessDenied.of(
        error,
        f"you may not hand the role {role_arn} to S3 Batch Operations: iam:PassRole is missing, "
        "or there is no such role",
        "`restoretui batch policy LOCATION` prints the caller's policy, which names it",
    )


def _of_jobs(error: CloudError, job_id: str, region: str) -> CloudError:
    if isinstance(error, MalformedAnswer):
        return error  # Whoever answers 404 with a web page knows of no jobs at all.
    if error.code in _GONE or (error.status == 404 and job_id):
        return JobNotFound.of(
            error,
            f"there is no job {printable(job_id)} in {region}",
            "jobs are known to their own account and region only, until 90 days after their end",
        )
    return error


if TYPE_CHECKING:
    _: type[BatchService] = S3Batch
