"""What a plan becomes through S3 Batch Operations: tables in, jobs and costs out."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from restoretui.config.settings import Settings
from restoretui.core.batch.jobs import BatchOptions
from restoretui.core.batch.planned_jobs import (
    MOST_OBJECTS,
    JobKind,
    Portion,
    as_batch,
    choose_engine,
    group_into_jobs,
    jobs_of,
    made_again,
)
from restoretui.core.errors import UsageError
from restoretui.core.model import ObjectFacts, Tier
from restoretui.core.plan.job_fees import JobFees, fees_in
from restoretui.core.plan.plan import RestorePlan, make_plan
from restoretui.core.plan.tier_plan import FactGroup
from restoretui.core.rules.s3 import S3
from restoretui.core.rules.verdicts import Action

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)
ROLE = "arn:aws:iam::123456789012:role/x"


def kind(bucket: str, tiered: bool = False, versions: bool = False) -> JobKind:
    return JobKind(bucket, tiered, versions)


@pytest.mark.parametrize(
    ("portions", "jobs"),
    [
        ([], []),
        ([(kind("b"), 3), (kind("b"), 4)], [(kind("b"), 7)]),
        ([(kind("b"), 3), (kind("a"), 4)], [(kind("a"), 4), (kind("b"), 3)]),
        ([(kind("b"), 3), (kind("b", tiered=True), 4)], [(kind("b"), 3), (kind("b", tiered=True), 4)]),
        ([(kind("b"), 3), (kind("b", versions=True), 4)], [(kind("b"), 3), (kind("b", versions=True), 4)]),
        ([(kind("b"), 25)], [(kind("b"), 10), (kind("b"), 10), (kind("b"), 5)]),
        ([(kind("b"), 0)], []),
    ],
)
def test_as_few_jobs_as_the_rules_allow(portions: list[tuple[JobKind, int]], jobs: list[tuple[JobKind, int]]) -> None:
    assert group_into_jobs([Portion(*it) for it in portions], most=10) == [Portion(*it) for it in jobs]


def plan_of(*groups: FactGroup) -> RestorePlan:
    return make_plan(S3, groups, 3, NOW, Settings().prices().table_for("s3", "us-east-1"))


def group(storage_class: str = "GLACIER", objects: int = 10, bucket: str = "b", **facts: Any) -> FactGroup:
    return FactGroup(bucket, ObjectFacts(storage_class, **facts), objects, objects * 2**20)


def test_fees_and_windows_of_jobs() -> None:
    direct = plan_of(
        group(), group("DEEP_ARCHIVE", 5), group("INTELLIGENT_TIERING", archive_status="ARCHIVE_ACCESS", looked=True)
    )
    batch = as_batch(direct, S3)
    fees = batch.tiers[Tier.STANDARD].cost.total - direct.tiers[Tier.STANDARD].cost.total
    assert fees == 2 * Decimal("0.25") + 25 * Decimal("0.000001")
    assert [job.objects for job in jobs_of(batch.tiers[Tier.STANDARD], S3)] == [15, 10]
    window = batch.tiers[Tier.STANDARD].lines[0].verdict.window
    assert window is not None
    assert window.shortest == timedelta(minutes=1)
    assert batch.tiers[Tier.EXPEDITED].requests == 0
    assert batch.tiers[Tier.EXPEDITED].counts[Action.REFUSED] == 25


def test_a_generated_manifest_is_paid_by_what_is_in_the_bucket() -> None:
    direct = plan_of(group(), group("INTELLIGENT_TIERING", archive_status="ARCHIVE_ACCESS", looked=True))
    fees = JobFees(searched={"b": 2_000_000_000}, unlisted={"b"})
    batch = as_batch(direct, S3, fees=fees)
    more = batch.tiers[Tier.BULK].cost.total - as_batch(direct, S3).tiers[Tier.BULK].cost.total
    assert more == 2 * 30  # One manifest for each of its two jobs (FACTS 3).
    assert "2,000,000,000 objects or more" in batch.fees.said()
    assert made_again(batch, [line.group for line in direct.tiers[Tier.BULK].lines], NOW, None).identity(
        Tier.BULK
    ) == batch.identity(Tier.BULK)


def test_every_job_of_a_split_is_paid_for() -> None:
    direct = plan_of(group(objects=MOST_OBJECTS + 1))
    fees = as_batch(direct, S3).tiers[Tier.BULK].cost.total - direct.tiers[Tier.BULK].cost.total
    assert fees == 2 * Decimal("0.25") + (MOST_OBJECTS + 1) * Decimal("0.000001")


@pytest.mark.parametrize("fees", [fees_in("cn-north-1"), fees_in("", "arn:aws-cn:iam::123456789012:role/x")])
def test_what_jobs_cost_in_china_is_not_known(fees: JobFees) -> None:
    direct = plan_of(group())
    cost = as_batch(direct, S3, fees=fees).tiers[Tier.BULK].cost
    assert (cost.total, cost.unpriced) == (direct.tiers[Tier.BULK].cost.total, 10)
    yuan = replace(direct, prices=replace(direct.prices, currency="CNY"))
    assert as_batch(yuan, S3).tiers[Tier.BULK].cost.unpriced == 10


def test_requesters_who_pay_are_left_to_single_requests() -> None:
    choice = choose_engine(plan_of(group(objects=500_000)).tiers[Tier.BULK], S3, has_role=True, pays=True)
    assert not choice.batch
    assert "requester pays" in choice.reason


def test_what_restores_already_is_in_no_job() -> None:
    plan = as_batch(plan_of(group(in_progress=True), group("STANDARD"), group(objects=2)), S3)
    assert [job.objects for job in jobs_of(plan.tiers[Tier.STANDARD], S3)] == [2]
    assert plan.tiers[Tier.STANDARD].counts[Action.LATER] == 10


@pytest.mark.parametrize(
    ("tier", "objects", "storage_class", "role", "batch", "word"),
    [
        (Tier.STANDARD, 10, "GLACIER", True, False, "one by one"),
        (Tier.STANDARD, 5_000, "GLACIER", True, True, "minutes"),
        (Tier.BULK, 5_000, "GLACIER", True, False, "one by one"),
        (Tier.STANDARD, 5_000, "DEEP_ARCHIVE", True, False, "one by one"),
        (Tier.BULK, 500_000, "DEEP_ARCHIVE", True, True, "one machine"),
        (Tier.BULK, 500_000, "DEEP_ARCHIVE", False, False, "role"),
        (Tier.EXPEDITED, 500_000, "GLACIER", True, False, "expedited"),
    ],
)
def test_auto_says_why_it_chose(
    tier: Tier, objects: int, storage_class: str, role: bool, batch: bool, word: str
) -> None:
    choice = choose_engine(plan_of(group(storage_class, objects)).tiers[tier], S3, has_role=role)
    assert choice.batch is batch
    assert word in choice.reason


@pytest.mark.parametrize(
    "options",
    [
        BatchOptions(""),
        BatchOptions("restore-role"),
        BatchOptions("arn:aws:iam::123456789012:user/x"),
        BatchOptions(ROLE, priority=-1),
        BatchOptions(ROLE, description="x" * 201),
        BatchOptions(ROLE, tags={"": "x"}),
        BatchOptions(ROLE, tags={str(n): "" for n in range(51)}),
    ],
)
def test_options_that_cannot_be_meant(options: BatchOptions) -> None:
    with pytest.raises(UsageError):
        options.checked()
