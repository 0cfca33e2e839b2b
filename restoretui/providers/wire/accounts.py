"""Refusals that are about a whole account, or this way in: what each means, and what helps (FACTS 1.2, 4.1).

Every other request would meet the same, so that none is to blame and none is to be tried.
"""

from typing import NamedTuple


class AccountReason(NamedTuple):
    """Why an account is shut out, and what helps."""

    why: str
    hint: str


_ELSEWHERE = "ask whoever manages the account; no permission and no other object helps"
_BILL = "pay what is due, then go on; no permission is missing"

OF_S3 = {
    "AccountProblem": AccountReason(
        "AWS has a problem with the account itself", "contact AWS Support; no permission is missing"
    ),
    "AllAccessDisabled": AccountReason(
        "all access to this place has been disabled by AWS", "contact AWS Support; no permission is missing"
    ),
    "InvalidPayer": AccountReason("all access has been disabled for whoever is to pay", "contact AWS Support"),
    "NotSignedUp": AccountReason("the account is not signed up for S3", "sign up for it in the AWS console"),
    "OptInRequired": AccountReason(
        "the account is not signed up for this service or region", "enable the region, or sign up in the AWS console"
    ),
    "AccountSuspended": AccountReason("the account is suspended", _ELSEWHERE),
    "UserSuspended": AccountReason("the user is suspended", _ELSEWHERE),
    "InArrearOrInsufficientBalance": AccountReason("the account is in arrears", _BILL),
}
"""Of AWS, and of stores that speak S3 (Ceph, Huawei OBS)."""

OF_OSS = {
    "UserDisable": AccountReason(
        "the account is disabled: payment is overdue, or it was shut for security reasons",
        "settle it in the Alibaba Cloud console; no RAM action is missing",
    ),
    "InDebt": AccountReason("the account is in debt", _BILL),
    "InDebtOverdue": AccountReason("the account's debt is overdue", _BILL),
    "UserNotSignedUp": AccountReason("the account has not activated OSS", "activate it in the Alibaba Cloud console"),
    "NotSignedUp": AccountReason("the account has not activated OSS", "activate it in the Alibaba Cloud console"),
    "UbsmsInvalidBid": AccountReason("the account may not use OSS here", _ELSEWHERE),
    "AbnormalBucketOwnerStatus": AccountReason("the account of the bucket's owner is shut", _ELSEWHERE),
    "BucketDisable": AccountReason("the bucket is disabled for security reasons", _ELSEWHERE),
    "PublicEndpointForbidden": AccountReason(
        "accounts opened after 2025-03-20 reach data in mainland China by no public endpoint of Alibaba Cloud",
        "use the bucket's custom domain (OSS_ENDPOINT=https://DOMAIN with oss_cname = true), or on an ECS of the "
        "Region oss_internal = true",
    ),
    "SecondLevelDomainForbidden": AccountReason(
        "this endpoint takes no buckets in the path", "leave oss_path_style away, or set it to false"
    ),
}
"""Of Alibaba Cloud OSS."""
