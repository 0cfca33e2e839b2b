"""Copies that another account's keys write: who signs, what has to let him, and what can be seen of that beforehand.

S3 copies on one signature: whoever signs must be let read the object and write the copy, and the copy is his. So the
owner of the target signs, and the policy of the objects' bucket lets him read (AWS, "copy S3 objects from another
account"): the copy then belongs to the account that its bucket does.
"""

from collections.abc import Collection

from restoretui.config.places import Account
from restoretui.config.settings import Settings
from restoretui.core.errors import AccessDenied, CloudError, RestoreTuiError, Unsupported, UsageError
from restoretui.core.model import ObjectRef
from restoretui.core.plan.plan import RestorePlan
from restoretui.core.rules.clouds import CLOUDS
from restoretui.core.then.steps import ThenStep
from restoretui.session.clouds import CloudAccess, Clouds

NEEDED = "s3:GetObject, s3:GetObjectTagging; for versions s3:GetObjectVersion and s3:GetObjectVersionTagging"
"""Of whoever copies, on what is copied (S3 API reference, CopyObject)."""


def written_as(settings: Settings, clouds: Clouds, plan: RestorePlan, step: ThenStep) -> CloudAccess:
    """The cloud, whose target bucket is reached as the step's profile from now on; ``UsageError`` where not."""
    place = step.place
    if place is None:
        return clouds[plan.scheme]
    setting = CLOUDS[plan.scheme].settings.get("profile", "")
    if place.bucket in plan.buckets and settings.profile_of(plan.scheme, place.bucket) != step.profile:
        raise UsageError(
            f"--then {step}: {place.bucket} holds objects that are reached as another profile",
            "leave the profile away: those keys write there, too",
        )
    settings.reach_as(plan.scheme, place.bucket, Account({setting: step.profile}, f"--then {step}"))
    return clouds[plan.scheme]


async def check_writer(cloud: CloudAccess, plan: RestorePlan, step: ThenStep, bucket: str) -> ThenStep:
    """The step, with its profile only where that is another's; an error where such a copy cannot be made."""
    readers = {cloud.connection.of(one) for one in plan.buckets}
    writer = cloud.connection.of(bucket)
    if readers == {writer}:
        return step
    if not step.profile:
        raise UsageError(
            f"--then {step}: a copy is signed by one account, and {bucket} and these objects are reached as several",
            f"say whose keys write it, --then copy:{plan.scheme}+PROFILE://{bucket}/, or restore each by itself",
        )
    provider = await cloud.provider()
    if not provider.capabilities.copies_between:
        raise Unsupported(
            f"--then {step}: whether {plan.scheme}:// copies from one account to another is not known",
            "download them, and upload them there",
        )
    if step.job:
        raise UsageError(
            f"--then {step}: jobs that copy act as a role of the objects' account", "leave --copy-engine away"
        )
    if any(one.expected_bucket_owner for one in (*readers, writer)):
        raise UsageError(
            f"--then {step}: --expected-bucket-owner names one account, and the copy is made between two",
            "leave it out",
        )
    return step


async def told_of_writer(clouds: Clouds, cloud: CloudAccess, buckets: Collection[str], step: ThenStep) -> list[str]:
    """What has to let the writer read; and where a look shows that it does not, that."""
    others = sorted(one for one in buckets if cloud.connection.of(one) != cloud.connection.of(_target(step)))
    if not others:
        return []
    lets = f"the policy of {', '.join(others)} has to let it read ({NEEDED})"
    said = [f"copies are written with the keys of profile {step.profile}, and belong to its account; {lets}"]
    for bucket in others:
        try:
            provider = await cloud.provider()
            page = await cloud.of(bucket).read(lambda: provider.list_page(bucket, max_keys=1))  # noqa: B023
            key = next((entry.key for entry in page.entries), None)
            if key is not None:
                writer = clouds.by(cloud.connection.of(_target(step)))
                theirs, ref = await writer.provider(), ObjectRef(bucket, key)
                await writer.reads(bounded=True)(lambda: theirs.head_object(ref))  # noqa: B023
        except AccessDenied:
            said.append(f"it does not let them read {bucket} now: a HEAD as {step.profile} is denied")
        except CloudError:
            continue  # Nothing is told by that.
        except RestoreTuiError as error:
            said.append(f"profile {step.profile}: {error}")
    return said


def _target(step: ThenStep) -> str:
    return step.place.bucket if step.place is not None else ""
