"""Who may use a bucket: requester pays (FACTS 1.8) and the owner the caller expects."""

from collections.abc import Mapping

from restoretui.sandbox.state.bucket import BucketState
from restoretui.sandbox.state.refusals import access_denied


def check_payer(bucket: BucketState, headers: Mapping[str, str], account: str) -> None:
    """Refuse others than the owner a requester-pays bucket unless they say that they pay."""
    if bucket.requester_pays and bucket.owner != account and headers.get("x-amz-request-payer") != "requester":
        raise access_denied()


def check_owner(bucket: BucketState, expected: str | None) -> None:
    """Refuse when the bucket belongs to another account than the caller expects."""
    if expected is not None and expected != bucket.owner:
        raise access_denied()
