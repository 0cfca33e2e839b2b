"""The three policies that S3 Batch Operations needs, ready to paste, and whether a role has the first (FACTS 2.7).

ARNs carry the partition, and IAM refuses those of another (FACTS 0).
"""

from collections.abc import Sequence
from typing import Any

from restoretui.core.batch.jobs import Place
from restoretui.core.network.endpoints import AWS, Partition

_VERSION = "2012-10-17"
SERVICE = "batchoperations.s3.amazonaws.com"


def role_placeholder(partition: Partition) -> str:
    """Where nobody has named a role yet."""
    return f"arn:{partition.name}:iam::ACCOUNT:role/ROLE"


def trust_policy() -> dict[str, Any]:
    """Lets the service act as the role."""
    statement = {"Effect": "Allow", "Principal": {"Service": SERVICE}, "Action": "sts:AssumeRole"}
    return {"Version": _VERSION, "Statement": [statement]}


def trusts_the_service(document: object) -> bool:
    """Whether a role's trust policy, as parsed JSON, lets S3 Batch Operations act as it.

    Conditions are taken to hold: they are about accounts and jobs, which IAM alone can judge.
    """
    statements = _listed(document.get("Statement")) if isinstance(document, dict) else []
    about_us = [entry for entry in statements if isinstance(entry, dict) and _is_about_us(entry)]
    if any(entry.get("Effect") == "Deny" and not entry.get("Condition") for entry in about_us):
        return False
    return any(entry.get("Effect") == "Allow" for entry in about_us)


def _is_about_us(statement: dict[str, Any]) -> bool:
    actions = {str(action).lower() for action in _listed(statement.get("Action"))}
    principal = statement.get("Principal")
    if principal == "*":
        services = {"*"}
    else:
        services = set(_listed(principal.get("Service"))) if isinstance(principal, dict) else set()
    return bool(actions & {"sts:assumerole", "sts:*", "*"}) and bool(services & {SERVICE, "*"})


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


COPY_READS = ("s3:GetObject", "s3:GetObjectVersion", "s3:GetObjectTagging", "s3:GetObjectVersionTagging")
COPY_WRITES = ("s3:PutObject", "s3:PutObjectTagging")
"""What copying takes (FACTS 1.11). Access control lists are not copied; keys of KMS have policies of their own."""


def role_policy(
    buckets: Sequence[str],
    manifests: Sequence[Place],
    reports: Sequence[Place],
    partition: Partition = AWS,
    *,
    copies_to: Sequence[str] = (),
) -> dict[str, Any]:
    """What the role itself must be allowed; without ``manifests`` S3 generates them, which takes an inventory.

    ``copies_to``: buckets, or with a slash and a prefix below which, objects are copied by jobs.
    """
    statements = [_allow(["s3:RestoreObject"], [partition.bucket_arn(f"{bucket}/*") for bucket in buckets])]
    if manifests:
        statements.append(
            _allow(["s3:GetObject", "s3:GetObjectVersion"], [_below(place, partition) for place in manifests])
        )
    else:
        statements.append(
            _allow(["s3:PutInventoryConfiguration"], [partition.bucket_arn(bucket) for bucket in buckets])
        )
    if reports:
        statements.append(_allow(["s3:PutObject"], [_below(place, partition) for place in reports]))
    statements += _copying(COPY_READS, COPY_WRITES, buckets, copies_to, partition)
    return {"Version": _VERSION, "Statement": statements}


def caller_policy(
    buckets: Sequence[str],
    manifests: Sequence[Place],
    reports: Sequence[Place],
    role_arn: str,
    partition: Partition = AWS,
    *,
    copies_to: Sequence[str] = (),
) -> dict[str, Any]:
    """What whoever runs restoretui must be allowed, beside looking and restoring.

    ``iam:GetRole`` only lets the role be checked before a job is made; jobs work without.
    """
    jobs = [
        "s3:CreateJob", "s3:DescribeJob", "s3:ListJobs", "s3:UpdateJobStatus", "s3:UpdateJobPriority",
        "s3:PutJobTagging", "s3:GetJobTagging",
    ]  # fmt: skip
    roles = role_arn.split(",") if role_arn else [role_placeholder(partition)]
    pass_role = _allow(["iam:PassRole"], roles)
    pass_role["Condition"] = {"StringEquals": {"iam:PassedToService": SERVICE}}
    statements = [
        _allow(jobs, ["*"]),
        pass_role,
        _allow(["iam:GetRole"], roles),
        _allow(["s3:ListBucket", "s3:ListBucketVersions"], [partition.bucket_arn(bucket) for bucket in buckets]),
        _allow(["s3:GetObject"], [partition.bucket_arn(f"{bucket}/*") for bucket in buckets]),
    ]
    if manifests:
        writing = ["s3:PutObject", "s3:AbortMultipartUpload", "s3:DeleteObject"]
        statements.append(_allow(writing, [_below(place, partition) for place in manifests]))
    if reports:
        statements.append(
            _allow(["s3:GetObject", "s3:DeleteObject"], [_below(place, partition) for place in reports])
        )
        statements.append(
            _allow(["s3:ListBucket"], sorted({partition.bucket_arn(place.bucket) for place in reports}))
        )
    # Each copy is looked at, and what a job has left is copied one by one.
    writes = ("s3:GetObject", *COPY_WRITES, "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts")
    statements += _copying(COPY_READS, writes, buckets, copies_to, partition)
    return {"Version": _VERSION, "Statement": statements}


def _copying(
    reads: Sequence[str], writes: Sequence[str], buckets: Sequence[str], targets: Sequence[str], partition: Partition
) -> list[dict[str, Any]]:
    if not targets:
        return []
    below = [target if "/" in target else f"{target}/" for target in targets]
    return [
        _allow(reads, [partition.bucket_arn(f"{bucket}/*") for bucket in buckets]),
        _allow(writes, [partition.bucket_arn(f"{target}*") for target in below]),
    ]


def _allow(actions: Sequence[str], resources: Sequence[str]) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": list(dict.fromkeys(resources))}


def _below(place: Place, partition: Partition) -> str:
    return partition.bucket_arn(f"{place.bucket}/{place.prefix}/*" if place.prefix else f"{place.bucket}/*")
