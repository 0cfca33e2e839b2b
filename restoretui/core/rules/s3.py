"""Amazon S3's table: archive classes, tiers, typical times (FACTS 1.1, 1.4), and how it is reached."""

from typing import TYPE_CHECKING

from msgspec.structs import replace

from restoretui.core.model import Tier
from restoretui.core.network.endpoints import aws_endpoint, is_amazon
from restoretui.core.rules.kind import CloudKind
from restoretui.core.rules.rules import ArchiveRule, CloudRules, hours, minutes, within
from restoretui.core.rules.s3_arns import arn_as_location

if TYPE_CHECKING:
    from restoretui.core.rules.cloud_commands import CloudCommands

# "Within 12 hours" gives no lower end: we begin to look in earnest at half of it, or at the hour by which a job is
# said to have begun. "Starts in minutes" is taken as from one minute on.
_FLEXIBLE = {Tier.EXPEDITED: minutes(1, 5), Tier.STANDARD: hours(3, 5), Tier.BULK: hours(5, 12)}
_FLEXIBLE_BATCH = {Tier.STANDARD: minutes(1, 5 * 60), Tier.BULK: hours(5, 12)}
_DEEP = {Tier.STANDARD: within(12, 6), Tier.BULK: within(48, 24)}
_DEEP_BATCH = {Tier.STANDARD: within(12, 9), Tier.BULK: within(48, 24)}
_TIERED_DEEP_BATCH = {Tier.STANDARD: hours(9, 12), Tier.BULK: within(48, 24)}

S3 = CloudRules(
    scheme="s3",
    tiered_class="INTELLIGENT_TIERING",
    expedited_for=300,  # "up to hundreds of objects"
    online_classes=frozenset(
        {"STANDARD", "REDUCED_REDUNDANCY", "STANDARD_IA", "ONEZONE_IA", "GLACIER_IR", "EXPRESS_ONEZONE"}
    ),
    managed_classes={
        **dict.fromkeys(
            ("AWS_BACKUP_WARM", "AWS_BACKUP_LOW_COST_WARM"),
            "managed by AWS Backup: S3 restores nothing of it, AWS Backup does",
        ),
        **dict.fromkeys(("FSX_OPENZFS", "FSX_ONTAP"), "an FSx file system's: it has no archive here"),
        "OUTPOSTS": "on an Outpost, which has no archive",
        "SNOW": "on a Snow device, which has no archive",
    },
    archives={
        "GLACIER": ArchiveRule("GLACIER", _FLEXIBLE, _FLEXIBLE_BATCH, least_days=90),
        "DEEP_ARCHIVE": ArchiveRule("DEEP_ARCHIVE", _DEEP, _DEEP_BATCH, least_days=180),
        "ARCHIVE_ACCESS": ArchiveRule("ARCHIVE_ACCESS", _FLEXIBLE, _FLEXIBLE_BATCH, takes_days=False),
        "DEEP_ARCHIVE_ACCESS": ArchiveRule("DEEP_ARCHIVE_ACCESS", _DEEP, _TIERED_DEEP_BATCH, takes_days=False),
    },
)

FOREIGN = replace(
    S3, lists_status=None, lists_class=None, class_stays=False, undated_for_good=None, midnight_is_sure=False
)
"""An endpoint that is not AWS's, and nothing else is known of it: what AWS promises is not relied on (FACTS 5)."""


def _commands(rules: CloudRules) -> "CloudCommands":
    from restoretui.core.rules.s3_commands import S3Commands  # for whoever asks how else it is said

    return S3Commands(rules)


S3_KIND = CloudKind(
    S3,
    name="S3",
    settings={
        name: name
        for name in (
            "profile", "region", "endpoint_url", "store", "path_style", "requester_pays", "expected_bucket_owner",
        )
    },
    environment={
        "profile": ("AWS_PROFILE",),
        "region": ("AWS_REGION", "AWS_DEFAULT_REGION"),
        "store": ("RESTORETUI_STORE",),
        "endpoint_url": ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"),
    },
    foreign_rules=FOREIGN,
    commands=_commands,
    is_own=is_amazon,
    usual_endpoint=aws_endpoint,
    written_otherwise=arn_as_location,
    restore_permission="s3:RestoreObject",
    queues="sqs",
    tells_all=True,
    common_classes=(
        "GLACIER", "DEEP_ARCHIVE", "GLACIER_IR", "INTELLIGENT_TIERING", "STANDARD", "STANDARD_IA", "ONEZONE_IA",
        "REDUCED_REDUNDANCY", "EXPRESS_ONEZONE",
    ),
)  # fmt: skip
