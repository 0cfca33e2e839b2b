"""Whether a role's trust policy lets S3 Batch Operations act as it, whatever shape it was written in."""

import json
import re
from typing import Any

import pytest

from restoretui.core.batch.jobs import Place
from restoretui.core.batch.policy import SERVICE, caller_policy, role_policy, trust_policy, trusts_the_service
from restoretui.core.network.endpoints import partition_of


def statement(**changes: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": {"Service": SERVICE}, "Action": "sts:AssumeRole", **changes}


@pytest.mark.parametrize(
    ("statements", "trusted"),
    [
        (statement(), True),
        ([statement()], True),
        ([statement(Principal={"Service": ["ec2.amazonaws.com", SERVICE]})], True),
        ([statement(Action=["sts:TagSession", "STS:AssumeRole"])], True),
        ([statement(Action="sts:*")], True),
        ([statement(Principal="*")], True),
        ([statement(Condition={"StringEquals": {"aws:SourceAccount": "1"}})], True),
        ([statement(Principal={"Service": "ec2.amazonaws.com"}), statement()], True),
        ([statement(Principal={"Service": "s3.amazonaws.com"})], False),
        ([statement(Principal={"AWS": "arn:aws:iam::1:root"})], False),
        ([statement(Action="sts:TagSession")], False),
        ([statement(), statement(Effect="Deny")], False),
        ([statement(), statement(Effect="Deny", Condition={"Bool": {"x": "true"}})], True),
        ([], False),
        ("nonsense", False),
        ([None, 3], False),
    ],
)
def test_trust(statements: Any, trusted: bool) -> None:
    assert trusts_the_service({"Version": "2012-10-17", "Statement": statements}) is trusted


@pytest.mark.parametrize("document", [None, [], "x", {}, {"Statement": None}])
def test_what_is_no_policy_trusts_nobody(document: Any) -> None:
    assert not trusts_the_service(document)


def test_our_own_policies_do_what_they_are_for() -> None:
    assert trusts_the_service(trust_policy())
    role = role_policy(["b"], [Place("m", "")], [])
    assert [entry["Action"] for entry in role["Statement"]] == [
        ["s3:RestoreObject"],
        ["s3:GetObject", "s3:GetObjectVersion"],
    ]
    assert role["Statement"][1]["Resource"] == ["arn:aws:s3:::m/*"]
    arn = "arn:aws:iam::123456789012:role/x"
    caller = caller_policy(["b"], [Place("b", "p")], [], arn)
    assert [entry["Action"] for entry in caller["Statement"] if entry["Resource"] == [arn]] == [
        ["iam:PassRole"],
        ["iam:GetRole"],
    ]


@pytest.mark.parametrize("region", ["cn-north-1", "us-gov-west-1", "eusc-de-east-1"])
def test_every_arn_is_of_the_partition(region: str) -> None:
    partition, place = partition_of(region=region), Place("lists", "m")
    for policy in (
        role_policy(["films"], [place], [place], partition),
        role_policy(["films"], [], [Place("lists", "")], partition),
        caller_policy(["films"], [place], [place], "", partition),
    ):
        arns = re.findall(r"arn:[^\"]*", json.dumps(policy))
        assert arns
        assert all(arn.startswith(f"arn:{partition.name}:") for arn in arns)


def test_jobs_that_copy_read_the_objects_with_their_tags_and_write_where_the_copies_go() -> None:
    role = role_policy(["films"], [Place("films", "m")], [], copies_to=["warm/back/"])
    assert role["Statement"][-2:] == [
        {
            "Effect": "Allow",
            "Action": [
                "s3:GetObject", "s3:GetObjectVersion", "s3:GetObjectTagging", "s3:GetObjectVersionTagging",
            ],
            "Resource": ["arn:aws:s3:::films/*"],
        },
        {
            "Effect": "Allow",
            "Action": ["s3:PutObject", "s3:PutObjectTagging"],
            "Resource": ["arn:aws:s3:::warm/back/*"],
        },
    ]  # fmt: skip
    caller = caller_policy(["films"], [], [], "", copies_to=["films"])
    assert caller["Statement"][-1]["Resource"] == ["arn:aws:s3:::films/*"], "in place"
    assert {"s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"} <= set(caller["Statement"][-1]["Action"])
    plain = role_policy(["films"], [Place("films", "m")], [])
    assert "PutObject" not in str(plain), "nothing of it where no job copies"
