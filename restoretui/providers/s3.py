"""S3 and the stores that speak its protocol, through the SDK's credentials, endpoints and request building."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from restoretui.core.clock import Clock, SystemClock
from restoretui.core.errors import (
    CloudError,
    CredentialsError,
    InvalidRequest,
    Throttled,
    Unsupported,
)
from restoretui.core.model import Bucket, Identity, ObjectDetail, ObjectRef, Page, RestoreRequest
from restoretui.core.provider import Answer, Capabilities, Outcome
from restoretui.providers.aside import aside
from restoretui.providers.calls import Calls
from restoretui.providers.connection import Connection, MfaPrompter
from restoretui.providers.errors import Caller, Refusal, error_for, is_fault, is_throttled, printable
from restoretui.providers.restore_header import parse_instant, parse_restore
from restoretui.providers.wire import Unreadable, read_page, read_versions, split_token

if TYPE_CHECKING:
    from restoretui.providers.sdk import Sdk
    from restoretui.providers.transport import Reply

RESTORES_PER_SECOND = 1000.0
"""RestoreObject's documented limit per account and Region (FACTS 1.6)."""


class S3Provider:
    """One account's S3, or a compatible store. See ``core.provider.Provider``; made by ``open``."""

    scheme = "s3"

    def __init__(self, sdk: "Sdk", calls: Calls, connection: Connection) -> None:
        self._sdk = sdk
        self._calls = calls
        self.connection = connection
        self.capabilities = Capabilities(max_rate=RESTORES_PER_SECOND)

    @classmethod
    async def open(
        cls,
        *,
        profile: str | None = None,
        region: str | None = None,
        endpoint_url: str | None = None,
        requester_pays: bool = False,
        expected_bucket_owner: str | None = None,
        path_style: bool | None = None,
        max_connections: int = 256,
        connect_timeout: float = 10.0,
        read_timeout: float = 60.0,
        clock: Clock | None = None,
        mfa: MfaPrompter | None = None,
        on_throttle: Callable[[Throttled], None] | None = None,
        read_attempts: int = 3,
    ) -> "S3Provider":
        """Load the SDK and make the first client, both beside the event loop; nothing is sent.

        ``on_throttle`` hears of each refusal for its rate, also those a read got over by itself. Raises
        ``UsageError`` for a profile, region or endpoint that cannot be meant. Credentials are first looked for by
        the first request.
        """
        connection = Connection(
            profile=profile,
            region=region,
            endpoint_url=endpoint_url,
            path_style=path_style,
            requester_pays=requester_pays,
            expected_bucket_owner=expected_bucket_owner,
            max_connections=max_connections,
            connect_timeout=connect_timeout,
            read_timeout=read_timeout,
        )
        clock = clock or SystemClock()

        async def load() -> "Sdk":
            from restoretui.providers.sdk import Sdk

            return await Sdk.start(connection, clock, mfa)

        sdk = await aside(load, "restoretui-sdk")
        calls = Calls(sdk, connection, clock, on_throttle or (lambda _: None), read_attempts)
        return cls(sdk, calls, connection)

    @property
    def endpoint(self) -> str:
        """The compatible store's URL; empty for AWS itself, whatever the region."""
        return self._sdk.caller.endpoint

    @property
    def region(self) -> str:
        """Where requests go that are about no bucket."""
        return self._sdk.region

    @property
    def profile(self) -> str:
        """The profile in use, from the option or ``AWS_PROFILE``; empty for none."""
        return self._sdk.caller.profile

    async def identity(self) -> Identity:
        caller = self._sdk.caller
        try:
            who = await self._calls.read("GetCallerIdentity", {}, self._parsed("GetCallerIdentity"), service="sts")
            account, arn = str(who.get("Account", "")), str(who.get("Arn", ""))
        except CredentialsError:
            raise
        except CloudError:
            if not caller.endpoint:
                raise
            # Compatible stores rarely have an STS; whoever lists the buckets owns them.
            listed = await self._calls.read("ListBuckets", {}, self._parsed("ListBuckets"))
            account, arn = str(listed.get("Owner", {}).get("ID", "")), ""
        return Identity(account=account, arn=arn, profile=caller.profile, region=self._sdk.region)

    async def list_buckets(self) -> list[Bucket]:
        buckets: list[Bucket] = []
        token = ""
        while True:
            asked = {"MaxBuckets": 1000, "ContinuationToken": token}
            page = await self._calls.read("ListBuckets", asked, self._parsed("ListBuckets"))
            for bucket in page.get("Buckets", ()):
                created = bucket.get("CreationDate")
                buckets.append(Bucket(bucket["Name"], bucket.get("BucketRegion", ""), created))
            following = page.get("ContinuationToken", "")
            if not following or following == token:
                return sorted(buckets, key=lambda bucket: bucket.name)
            token = following

    async def bucket_region(self, bucket: str) -> str:
        return await self._calls.check_bucket(bucket)

    async def list_page(
        self,
        bucket: str,
        prefix: str = "",
        *,
        delimiter: str = "",
        start_after: str = "",
        token: str | None = None,
        versions: bool = False,
        max_keys: int = 1000,
    ) -> Page:
        """As the Protocol says. For versions, ``start_after`` skips every version of that key."""
        asked: dict[str, Any] = {"Prefix": prefix, "Delimiter": delimiter, "MaxKeys": max_keys}
        operation = "ListObjectVersions" if versions else "ListObjectsV2"
        if versions:
            asked["KeyMarker"], asked["VersionIdMarker"] = _markers(token) if token else (start_after, "")
        else:
            asked["ContinuationToken"], asked["StartAfter"] = token, "" if token else start_after
        read = read_versions if versions else read_page

        def understand(reply: "Reply") -> Page:
            return read(reply.body, lambda body: self._sdk.parse("s3", operation, reply._replace(body=body)))

        if not self.capabilities.restore_status_in_list:
            return await self._calls.read(operation, asked, understand, bucket=bucket)
        with_status = {**asked, "OptionalObjectAttributes": ["RestoreStatus"]}
        try:
            return await self._calls.read(operation, with_status, understand, bucket=bucket)
        except (InvalidRequest, Unsupported) as refused:
            # A store may not know the attribute at all (FACTS 1.7); if it then answers, that was the reason.
            if not self.endpoint or refused.code not in _UNKNOWN_ATTRIBUTE:
                raise
            page = await self._calls.read(operation, asked, understand, bucket=bucket)
            self._lists_status(tells=False)
            return page

    async def head_object(self, ref: ObjectRef) -> ObjectDetail:
        asked = {"Key": ref.key, "VersionId": ref.version_id}
        return await self._calls.read("HeadObject", asked, partial(_detail, ref), bucket=ref.bucket)

    async def restore_object(self, ref: ObjectRef, request: RestoreRequest, storage_class: str) -> Answer:
        body: dict[str, Any] = {"GlacierJobParameters": {"Tier": request.tier.wire}}
        if storage_class != _NO_DAYS:
            body["Days"] = request.days
        asked = {"Key": ref.key, "VersionId": ref.version_id, "RestoreRequest": body}
        reply, refusal = await self._calls.once("RestoreObject", asked, bucket=ref.bucket)
        if refusal is not None:
            return _refused(refusal, self._sdk.caller)
        outcome = Outcome.UPDATED if reply.status == 200 else Outcome.ACCEPTED
        return Answer(outcome, reply.status, request_id=reply.headers.get("x-amz-request-id", ""))

    async def aclose(self) -> None:
        await self._sdk.aclose()

    def _parsed(self, operation: str) -> "Callable[[Reply], dict[str, Any]]":
        service = "sts" if operation == "GetCallerIdentity" else "s3"

        def parse(reply: "Reply") -> dict[str, Any]:
            try:
                return self._sdk.parse(service, operation, reply)
            except ValueError as error:
                raise Unreadable(str(error)) from error

        return parse

    def _lists_status(self, *, tells: bool) -> None:
        if self.capabilities.restore_status_in_list != tells:
            self.capabilities = replace(self.capabilities, restore_status_in_list=tells)


_NO_DAYS = "INTELLIGENT_TIERING"
"""The class whose restores have no end and refuse to be given one (FACTS 1.1)."""
_UNKNOWN_ATTRIBUTE = frozenset({"InvalidArgument", "InvalidRequest", "NotImplemented", "400", "501"})


def _markers(token: str) -> tuple[str, str]:
    try:
        return split_token(token)
    except ValueError:
        raise InvalidRequest("that is not a token of a versions listing", "list again from the start") from None


def _detail(ref: ObjectRef, reply: "Reply") -> ObjectDetail:
    headers = reply.headers
    size = headers.get("content-length", "")
    if not size.isdecimal():
        raise Unreadable("it gives no size")
    return ObjectDetail(
        ref=ref,
        size=int(size),
        modified=parse_instant(headers.get("last-modified")),
        storage_class=headers.get("x-amz-storage-class") or "STANDARD",
        restore=parse_restore(headers.get("x-amz-restore")),
        archive_status=headers.get("x-amz-archive-status"),
        etag=headers.get("etag", "").removeprefix('"').removesuffix('"'),
        version_id=headers.get("x-amz-version-id"),
        lifecycle_expiry=headers.get("x-amz-expiration", ""),
        headers=tuple(headers.items()),
    )


_OUTCOMES = {
    "RestoreAlreadyInProgress": Outcome.ALREADY_RESTORING,
    "ObjectAlreadyInActiveTierError": Outcome.NOT_ARCHIVED,
    "GlacierExpeditedRetrievalNotAvailable": Outcome.NO_CAPACITY,
    "NoSuchKey": Outcome.GONE,
    "NoSuchVersion": Outcome.GONE,
    "NoSuchBucket": Outcome.GONE,
}
"""Codes that are results of a restore request, whatever their status (FACTS 1.2)."""


def _refused(refusal: Refusal, caller: Caller) -> Answer:
    """A refused restore as an outcome; raises what is about the moment and not about the object."""
    outcome = _OUTCOMES.get(refusal.code)
    if outcome is None:
        if is_throttled(refusal) or is_fault(refusal):
            raise error_for(refusal, caller)
        outcome = _outcome_by_status(refusal)
    return Answer(outcome, refusal.status, refusal.code, printable(refusal.message), refusal.request_id)


def _outcome_by_status(refusal: Refusal) -> Outcome:
    if refusal.status == 404 or refusal.delete_marker:
        return Outcome.GONE
    if refusal.code == "InvalidObjectState":
        # The same code is seen for a tier the class does not take; its words tell them apart (FACTS 1.2).
        return Outcome.REFUSED if "retrieval option" in refusal.message.lower() else Outcome.NOT_ARCHIVED
    return Outcome.DENIED if refusal.status == 403 and refusal.code != "InvalidTier" else Outcome.REFUSED
