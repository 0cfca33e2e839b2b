"""Alibaba Cloud OSS's table: archive classes, tiers, typical times (FACTS 4.1, 4.2), and how it is reached."""

from typing import TYPE_CHECKING

from restoretui.core.model import Tier
from restoretui.core.network.endpoints import is_aliyun
from restoretui.core.rules.kind import CloudKind
from restoretui.core.rules.rules import ArchiveRule, CloudRules, Quota, hours, minutes, within

if TYPE_CHECKING:
    from restoretui.core.rules.cloud_commands import CloudCommands

# Documented as "about one minute" and as "minutes": the upper end is ours.
_ONE_SPEED = dict.fromkeys(Tier, minutes(1, 5))
_COLD = {Tier.EXPEDITED: within(1, 0.5), Tier.STANDARD: hours(2, 5), Tier.BULK: hours(5, 12)}
_DEEP_COLD = {Tier.EXPEDITED: within(12, 6), Tier.STANDARD: within(48, 24)}

OSS = CloudRules(
    scheme="oss",
    online_classes=frozenset({"Standard", "IA"}),
    archives={
        "Archive": ArchiveRule("Archive", _ONE_SPEED, max_days=7, takes_tier=False, direct=True),
        "ColdArchive": ArchiveRule(
            "ColdArchive", _COLD, max_days=365, cleanable=True, quota=Quota(500, 100 * 10**12)
        ),
        "DeepColdArchive": ArchiveRule(
            "DeepColdArchive", _DEEP_COLD, max_days=365, cleanable=True, quota=Quota(100, 10 * 10**12)
        ),
    },
    expiry_at_midnight=False,
    extension_adds=True,
)


def _commands(rules: CloudRules) -> "CloudCommands":
    from restoretui.core.rules.oss_commands import OssCommands  # for whoever asks how else it is said

    return OssCommands(rules)


def _check_region(region: str, source: str) -> str:
    from restoretui.core.rules.oss_regions import check_region  # where one is set

    return check_region(region, source)


OSS_KIND = CloudKind(
    OSS,
    name="OSS",
    full_name="Alibaba OSS",
    settings={
        "profile": "oss_profile",
        "region": "oss_region",
        "endpoint_url": "oss_endpoint",
        "path_style": "oss_path_style",
        "internal": "oss_internal",
        "cname": "oss_cname",
        "requester_pays": "requester_pays",
    },
    environment={
        "oss_profile": ("OSS_PROFILE",),
        "oss_region": ("OSS_REGION",),
        "oss_endpoint": ("OSS_ENDPOINT",),
        "oss_cname": ("OSS_CNAME",),
    },
    reached_by="OSS_ variables, or oss_ settings of the config",
    is_own=is_aliyun,
    usual_endpoint=lambda region: f"https://oss-{region}.aliyuncs.com" if region else "",
    check_region=_check_region,
    bare_endpoints=True,
    commands=_commands,
    restore_permission="oss:RestoreObject",
    queues="mns",  # of Cold and Deep Cold Archive (FACTS 4.5)
)
