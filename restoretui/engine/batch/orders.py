"""What CreateJob is given for a job of ours."""

from restoretui.core.batch.jobs import JobOrder, Manifest
from restoretui.core.model import Tier
from restoretui.ledger.batches.records import BatchJob


def order_of(batch: BatchJob, tier: Tier) -> JobOrder:
    """With its token and its mark, by which asking twice makes one job."""
    options = batch.options
    about = options.description or f"restoretui run {batch.run_id}"
    return JobOrder(
        region=batch.region,
        token=batch.token,
        role_arn=options.role_arn,
        tier=tier,
        days=batch.days,
        priority=options.priority,
        description=f"{about} {batch.mark}",
        tags=options.tags,
        manifest=batch.generator
        or options.existing
        or Manifest(batch.manifest_bucket, batch.manifest_key, batch.manifest_etag, batch.versions),
        report=batch.report_place,
        scope=options.scope,
        copies=batch.copies,
    )
