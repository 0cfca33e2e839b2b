"""The roles a job may run as: one that can do all, and one for each thing that people forget (FACTS 2.7)."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from restoretui.core.batch.policy import trust_policy
from restoretui.sandbox.state.cloud import ACCOUNT, CALLER_ARN
from restoretui.sandbox.state.refusals import ErrorAnswer, access_denied

BATCH_ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/restoretui-batch"


class Role(NamedTuple):
    """What a role allows."""

    trusted: bool = True
    """Its trust policy names batchoperations.s3.amazonaws.com."""
    passable: bool = True
    """The caller has iam:PassRole on it."""
    reads_manifest: bool = True
    restores: bool = True
    writes_report: bool = True

    def trust(self) -> Mapping[str, Any]:
        """Its trust policy."""
        policy = trust_policy()
        if not self.trusted:
            policy["Statement"][0]["Principal"] = {"Service": "ec2.amazonaws.com"}
        return policy


ROLES = {
    "restoretui-batch": Role(),
    "batch-without-trust": Role(trusted=False),
    "batch-without-passrole": Role(passable=False),
    "batch-without-manifest": Role(reads_manifest=False),
    "batch-without-restore": Role(restores=False),
    "batch-without-report": Role(writes_report=False),
}


def check_role(arn: str, caller: str) -> Role:
    """The role, of the caller's account; an ``ErrorAnswer`` when CreateJob would not take it."""
    account, _, name = arn.removeprefix("arn:aws:iam::").partition(":role/")
    if not arn.startswith("arn:aws:iam::") or not name:
        raise ErrorAnswer(400, "InvalidRequest", "Invalid role ARN")
    role = ROLES.get(name) if account == caller else None
    if role is None or not role.passable:
        raise access_denied(
            f"User: {CALLER_ARN} is not authorized to perform: iam:PassRole on resource: {arn} "
            "because no identity-based policy allows the iam:PassRole action"
        )
    return role
