"""The own fees of S3 Batch Operations, beside what its restores cost (FACTS 3)."""

from collections.abc import Collection, Mapping
from decimal import Decimal

from msgspec import Struct, field
from msgspec.structs import replace

from restoretui.core.plan.money import DOLLARS
from restoretui.core.plan.pricing import Cost

PER_JOB = Decimal("0.25")
PER_OBJECT = Decimal("0.000001")
PER_SEARCHED = Decimal("0.000000015")
"""For each object in the bucket that S3 looks through to generate a manifest. All in USD, also for jobs that are
cancelled."""


class JobFees(Struct, frozen=True):
    """What is known of them where jobs would run."""

    known: bool = True
    """Not in China, whose fees are in CNY and stand in no source of ours."""
    searched: Mapping[str, int] | None = None
    """By bucket, how many objects are known to be in it, where S3 generates the manifests; None: we write them."""
    unlisted: Collection[str] = field(default=frozenset())
    """Of the buckets searched, those that were not listed as a whole: more may be in them."""

    def in_currency(self, currency: str) -> "JobFees":
        """As a price list in that currency has them."""
        return self if currency == DOLLARS else replace(self, known=False)

    def of_jobs(self, bucket: str, jobs: int, objects: int) -> Cost:
        """For so many jobs on a bucket, of together ``objects``; unpriced where the fees are not known."""
        if not self.known:
            return Cost(unpriced=objects)
        searched = jobs * (self.searched or {}).get(bucket, 0)
        return Cost(requests=jobs * PER_JOB + objects * PER_OBJECT + searched * PER_SEARCHED)

    def said(self) -> str:
        """What a person should know of them beside the total, in a sentence; empty where that has it all."""
        if not self.known:
            return "what the jobs themselves cost is not known there: their fees are in no price list of ours"
        if not self.searched:
            return ""
        objects, cost = sum(self.searched.values()), sum(self.searched.values()) * PER_SEARCHED
        more = " or more: not all that is in it was listed" if self.unlisted else ""
        return (
            f"S3 looks through the whole bucket for each manifest: {objects:,} objects{more}, "
            f"at {(PER_SEARCHED * 1_000_000).normalize():f} {DOLLARS} a million, {cost.normalize():f} {DOLLARS} a job"
        )


NO_FEES = JobFees()


def fees_in(region: str, role_arn: str = "") -> JobFees:
    """What is known of them in a Region, or in that of a role."""
    return JobFees(known=not (region.startswith("cn-") or role_arn.startswith("arn:aws-cn:")))
