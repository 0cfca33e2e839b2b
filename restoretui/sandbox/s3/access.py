"""Who may use a bucket: its owner, requesters who pay (FACTS 1.8), and the owner the caller expects."""

from collections.abc import Mapping

from restoretui.sandbox.state.bucket import BucketState
from restoretui.sandbox.state.cloud import ACCOUNT, OTHER_ACCOUNT
from restoretui.sandbox.state.refusals import access_denied
from restoretui.sandbox.wire.signature import OTHER_ACCESS_KEY_ID


def account_of(access_key: str) -> str:
    """Whose keys these are; those that this sandbox did not give out are taken for the first account's."""
    return OTHER_ACCOUNT if access_key == OTHER_ACCESS_KEY_ID else ACCOUNT


READS = frozenset({"HeadObject", "GetObject", "GetObjectTagging"})
"""What a bucket's policy lets its readers do with objects; as the source of a copy, too."""


def check_payer(bucket: BucketState, headers: Mapping[str, str], account: str, operation: str = "GetObject") -> None:
    """Refuse others than the owner a bucket, unless its policy lets them read, or requesters pay and they say so."""
    pays = bucket.requester_pays and headers.get("x-amz-request-payer") == "requester"
    reads = account in bucket.readers and operation in READS
    if bucket.owner != account and not pays and not reads:
        raise access_denied()


def check_owner(bucket: BucketState, expected: str | None) -> None:
    """Refuse when the bucket belongs to another account than the caller expects."""
    if expected is not None and expected != bucket.owner:
        raise access_denied()
