"""What can be told of jobs before anything is written: whose role it is, whether it trusts them, and their places."""

from collections.abc import Collection

from restoretui.core.batch.jobs import BatchOptions, ReportScope, account_of
from restoretui.core.batch.service import BatchService
from restoretui.core.errors import BucketNotFound, InvalidRequest
from restoretui.core.provider import Provider


async def check_options(
    provider: Provider, service: BatchService, options: BatchOptions, buckets: Collection[str]
) -> bool:
    """``InvalidRequest`` for what no job could be made or run with, restoring from ``buckets``.

    False when nobody here may look at the role (FACTS 2.7: that takes ``iam:GetRole``), which says nothing about it.
    """
    whose = account_of(options.role_arn)
    account = (await provider.identity()).account
    if account.isdecimal() and whose != account:
        raise InvalidRequest(
            f"the role {options.role_arn} belongs to account {whose}, the jobs to {account}",
            "name a role of the jobs' own account",
        )
    is_written = not options.generated and options.existing is None
    places = [] if not is_written else [(options.manifest, "manifest", "--manifest-location")]
    if options.scope is not ReportScope.NONE:
        places.append((options.report, "report", "--report-location"))
    for place, what, option in places:
        if place is None or place.bucket in buckets:
            continue
        try:
            await provider.bucket_region(place.bucket)
        except BucketNotFound as error:
            raise InvalidRequest(
                f"the {what}'s bucket {place.bucket!r} does not exist", f"name one by {option}", code=error.code
            ) from None
    return await service.check_role(options.role_arn)
