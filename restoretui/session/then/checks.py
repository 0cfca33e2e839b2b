"""Pre-flight checks of then-steps, before anything is spent: what cannot be, and what a plan's sum does not say."""

import asyncio
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from msgspec.structs import replace

from restoretui.config.settings import Settings
from restoretui.core.batch.jobs import BatchOptions
from restoretui.core.errors import BucketNotFound, CloudError, Unsupported, UsageError
from restoretui.core.plan.after import with_then
from restoretui.core.plan.plan import RestorePlan
from restoretui.core.provider import HandlesContents, TellsExpirations
from restoretui.core.rules.rules import CloudRules
from restoretui.core.rules.verdicts import Purpose
from restoretui.core.then.said import BY_JOB, role_of
from restoretui.core.then.steps import ThenEvent, ThenKind, ThenStep
from restoretui.ledger import Ledger
from restoretui.ledger.batches.records import options_text
from restoretui.session.clouds import CloudAccess, Clouds
from restoretui.session.then.copies import check_writer, told_of_writer, written_as
from restoretui.session.then.notices import notice_of
from restoretui.session.then.tools import webhook_of

GOES = (
    "what is removed is the archived version that was copied, and nothing else; under Object Lock or a legal hold it "
    "stays and is billed; copied elsewhere, an older version that lies beneath it becomes the current one"
)
NOT_KEPT = "copies have the objects' metadata and tags, not their access control lists"


MOST_PREFIX = 1024
"""Bytes that a job puts before a key (FACTS-AFTER 10.2)."""
TRIED = (
    "papers of AWS do not agree on how a job joins a prefix to a key: a job of its own tries it with one object"
    " first, and should that copy come to lie elsewhere, it stays there, and all are copied one by one"
)


class ThenChecks:
    """Part of a session, as ``session.then``. Sends nothing but looks."""

    def __init__(
        self, settings: Settings, ledger: Ledger, clouds: Clouds, job_options: Callable[[str], BatchOptions]
    ) -> None:
        """``job_options``: how jobs are made, as the settings have it, but for a role that was named."""
        self._settings = settings
        self._job_options = job_options
        self._ledger = ledger
        self._clouds = clouds

    async def planned(self, plan: RestorePlan, steps: Sequence[ThenStep]) -> RestorePlan:
        """The plan with these steps and what they cost; an error where one of them cannot be done."""
        if plan.purpose is Purpose.RESTORE:
            steps = (*steps, *(hook for hook in self._settings.hooks if hook not in steps))
        if not steps:
            return with_then(plan, ())
        cloud = self._clouds[plan.scheme]
        return with_then(plan, [await self._checked(plan, cloud, step) for step in steps])

    async def _checked(self, plan: RestorePlan, cloud: CloudAccess, step: ThenStep) -> ThenStep:
        provider = await cloud.provider()
        match step.kind:
            case ThenKind.COPY:
                if not provider.capabilities.contents:
                    raise Unsupported(f"--then {step}: objects of {plan.scheme}:// cannot be copied from here yet")
                return await self._copy(plan, cloud, step)
            case ThenKind.DOWNLOAD:
                if not provider.capabilities.contents:
                    raise Unsupported(
                        f"--then {step}: objects of {plan.scheme}:// cannot be downloaded from here yet"
                    )
                await asyncio.to_thread(_check_folder, step, Path(step.target))
            case ThenKind.EXEC:
                command = step.argv[0]
                if await asyncio.to_thread(shutil.which, command) is None:
                    said = f"--on {step.event}={step}" if step.event else f"--then {step}"
                    said = f"[[hooks]] of the config, {step}" if step.configured else said
                    raise UsageError(f"{said}: there is no command {command!r} here", "give its full path")
            case ThenKind.PRESIGN:
                if not provider.capabilities.presigns:
                    raise Unsupported(f"--then {step}: {plan.scheme}:// has no links that read an object")
                if step.target:
                    await asyncio.to_thread(_check_file, step)
            case ThenKind.NOTIFY:
                await asyncio.to_thread(notice_of, self._settings, step.target)
            case ThenKind.WEBHOOK:
                await asyncio.to_thread(webhook_of, self._settings, step.target)
        return step

    async def _copy(self, plan: RestorePlan, cloud: CloudAccess, step: ThenStep) -> ThenStep:
        step = replace(step, storage_class=_class_of(cloud.rules, step))
        if step.job:
            step = self._by_job(plan, step)
        place = step.place
        if place is None:
            return step
        if place.scheme != plan.scheme:
            raise UsageError(
                f"--then {step}: {plan.scheme}:// cannot copy to {place.scheme}://", "download, and upload it there"
            )
        if step.profile:
            cloud = written_as(self._settings, self._clouds, plan, step)
        try:
            region = await cloud.region(place.bucket)
        except BucketNotFound as error:
            raise UsageError(f"--then {step}: there is no bucket {place.bucket!r}", error.hint) from None
        buckets = _buckets(plan)
        if buckets == {place.bucket} and not place.prefix:
            return replace(step, target="")
        step = await check_writer(cloud, plan, step, place.bucket)
        regions = {await cloud.region(bucket) for bucket in buckets}
        step = replace(step, far=bool(regions - {region}))
        if step.job and step.far:
            raise UsageError(
                f"--then {step}: jobs copy to another bucket of the same Region here, and this is of another",
                "leave --copy-engine away",
            )
        longest = max((len(f"{place.prefix}{bucket}/".encode()) for bucket in buckets), default=0)
        if step.job and (place.prefix == "/" or longest > MOST_PREFIX):
            raise UsageError(
                f"--then {step}: a job takes no such prefix", "choose another, or leave --copy-engine away"
            )
        return step

    def _by_job(self, plan: RestorePlan, step: ThenStep) -> ThenStep:
        """With the options of the jobs; ``UsageError`` where there can be none."""
        if not plan.rules.has_jobs:
            raise UsageError(f"--copy-engine {BY_JOB}: {plan.scheme}:// has no S3 Batch Operations", "leave it away")
        role = role_of([step])
        reached = self._clouds[plan.scheme].connection.accounts(_buckets(plan))
        if len(reached) > 1:
            raise UsageError(
                f"--copy-engine {BY_JOB}: jobs that copy act as one account's role, and these objects are reached as"
                " several",
                "leave it away: they are copied one by one, each with its own keys",
            )
        return replace(step, job=options_text(replace(self._job_options(role), generated=False, hold=False)))

    async def look_at_ends(self) -> None:
        """Have somebody told of copies that end soon, of runs that nobody pursues any more, if that is asked for."""
        if self._settings.read_only:
            return
        then, soon = self._ledger.then, self._settings.expiring_hours * 3600
        for run_id in sorted(then.waiting(ThenEvent.EXPIRING)):
            end, now = await then.first_end(run_id), self._settings.clock.now().timestamp()
            if end is not None and now < end <= now + soon:
                await then.came_to_pass(run_id, ThenEvent.EXPIRING)

    async def remarks(self, plan: RestorePlan) -> list[str]:
        """What a person should know of the steps before he agrees; each in a sentence."""
        cloud = self._clouds[plan.scheme]
        said: list[str] = []
        for step in plan.then:
            if step.kind is ThenKind.DISCARD:
                said.append(GOES)
            if step.kind is ThenKind.COPY:
                said += await self._of_copies(plan, cloud, step)
            elif step.kind is ThenKind.DOWNLOAD:
                said += await asyncio.to_thread(_of_download, plan, step)
        return said

    async def _of_copies(self, plan: RestorePlan, cloud: CloudAccess, step: ThenStep) -> list[str]:
        said = []
        place = step.place
        targets = {place.bucket} if place is not None else _buckets(plan)
        for bucket in sorted(targets):
            if place is None and not any(one.kind is ThenKind.DISCARD for one in plan.then):
                said.append(await self._replaced(cloud, bucket))
            said += await self._archived_again(cloud, bucket, place.prefix if place else "")
        if replace(step, several=len(_buckets(plan)) > 1).is_tried_first:
            said.append(TRIED)
        if step.profile and place is not None:
            said += await told_of_writer(self._clouds, cloud, _buckets(plan), step)
        if step.far:
            said.append(f"{step.target} is in another Region: traffic between Regions costs more, which is not known")
        return [text for text in said if text]

    async def _replaced(self, cloud: CloudAccess, bucket: str) -> str:
        provider = await cloud.provider()
        told = [(name, rule.least_days) for name, rule in cloud.rules.archives.items() if rule.least_days]
        least = " or ".join(f"{days} days ({name})" for name, days in told) or "the archive's shortest time"
        fee = f"what is left of {least} is billed; no API tells how much"
        if self._settings.read_only:
            return ""
        contents = cast("HandlesContents", provider).contents()
        try:
            versioned = await cloud.of(bucket).read(lambda: contents.is_versioned(bucket))
        except CloudError:
            return (
                f"whether {bucket} keeps versions may not be read: without them the copy replaces the archived object"
            )
        if versioned:
            return f"{bucket} keeps versions: the archived ones stay, and are billed, beside the copies"
        return f"{bucket} keeps no versions: each copy replaces the archived object, and {fee}"

    async def _archived_again(self, cloud: CloudAccess, bucket: str, prefix: str) -> list[str]:
        provider = await cloud.provider()
        if not provider.capabilities.expirations:
            return []
        telling = cast("TellsExpirations", provider)
        try:
            rules = await cloud.of(bucket).read(lambda: telling.expirations(bucket))
        except CloudError as error:
            why = error.code or str(error)
            return [f"whether a lifecycle rule of {bucket} archives the copies again may not be read ({why})"]
        archives = frozenset(cloud.rules.archives)
        return [text for rule in rules if (text := _archiving(rule, bucket, prefix, archives))]


def _archiving(rule: Mapping[str, Any], bucket: str, prefix: str, archives: frozenset[str]) -> str:
    """What a lifecycle rule would do to copies below ``prefix``; empty where nothing."""
    given = rule.get("Filter") or {}
    parts = {**rule, **given, **(given.get("And") or {})}
    wanted = str(parts.get("Prefix") or "")
    if rule.get("Status") != "Enabled" or not (wanted.startswith(prefix) or prefix.startswith(wanted)):
        return ""
    for transition in rule.get("Transitions") or ():
        if transition.get("StorageClass") in archives:
            days = transition.get("Days")
            when = f"{days} days after they are made" if isinstance(days, int) else "by a date"
            tagged = ", if they are tagged so" if parts.get("Tag") or parts.get("Tags") else ""
            name = str(rule.get("ID", ""))
            return (
                f"lifecycle rule {name!r} of {bucket} archives the copies again, to {transition['StorageClass']}"
                f" {when}{tagged}"
            )
    return ""


def _class_of(rules: CloudRules, step: ThenStep) -> str:
    """The class of the copies as the cloud spells it."""
    wanted = {step.storage_class.upper(), step.storage_class.upper().removeprefix("STANDARD_")}
    classes = [*sorted(rules.online_classes), *([rules.tiered_class] if rules.tiered_class else [])]
    found = [name for name in classes if name.upper() in wanted]
    if not found:
        known = ", ".join(classes)
        raise UsageError(f"--copy-class {step.storage_class}: {rules.scheme}:// has no such class", f"known: {known}")
    return found[0]


def _buckets(plan: RestorePlan) -> set[str]:
    return {line.group.bucket for chosen in plan.tiers.values() for line in chosen.lines}


def _check_file(step: ThenStep) -> None:
    file = Path(step.target)
    if file.is_dir():
        raise UsageError(f"--then {step}: {file} is a folder", "name a file in it")
    if not file.exists():
        _check_folder(step, file.parent)


def _check_folder(step: ThenStep, above: Path) -> None:
    while not above.exists() and above != above.parent:
        above = above.parent
    if not above.is_dir():
        raise UsageError(f"--then {step}: {above} is a file, not a folder", "name another folder")
    if not os.access(above, os.W_OK | os.X_OK):
        raise UsageError(f"--then {step}: {above} may not be written to", "name another folder, or change its rights")


def _of_download(plan: RestorePlan, step: ThenStep) -> list[str]:
    above = Path(step.target)
    while not above.exists() and above != above.parent:
        above = above.parent
    most = max(
        (one.size_bytes for chosen in plan.tiers.values() for one in chosen.then if one.step == step), default=0
    )
    try:
        free = shutil.disk_usage(above).free
    except OSError:
        return []
    if most <= free:
        return []
    return [
        f"the disk of {step.target} has {free:,} bytes free, and the objects have up to {most:,}: it will be full"
    ]
