"""What is shown or done, as commands: ours, and those of the clouds' own tools. Sends nothing, and spends nothing.

Where many objects are chosen, their keys go into a file beside the ledger (``ledger.key_lists``) which the commands
name. A run's commands are kept with it; the file they name is made of the run's own objects when somebody asks.
"""

import asyncio
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import ROUND_CEILING, Decimal
from functools import partial
from pathlib import Path
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from restoretui.config.settings import Settings
from restoretui.core.batch.jobs import BatchOptions, JobOrder, Manifest, account_of
from restoretui.core.errors import CloudError, UsageError
from restoretui.core.filter.printer import filter_text
from restoretui.core.filter.tree import in_states
from restoretui.core.location import Location
from restoretui.core.model import ObjectFacts, ObjectRef, RestoreRequest, State, Tier
from restoretui.core.plan.money import Amount
from restoretui.core.plan.plan import RestorePlan
from restoretui.core.provider import Connection
from restoretui.core.rules.cloud_commands import CloudCommands, Reached, Uploaded
from restoretui.core.rules.clouds import CLOUDS
from restoretui.core.rules.commands import ShellCommand, is_plain
from restoretui.core.rules.verdicts import Purpose
from restoretui.core.saying.chosen import Chosen
from restoretui.core.saying.key_words import (
    MOST_ARGUMENTS,
    MOST_NAMED,
    MOST_NAMED_BYTES,
    as_lines,
    can_be_listed,
    location_of,
    name_objects,
)
from restoretui.core.saying.own_commands import Reach, Wish, clean_command, restore_command
from restoretui.engine.batch.orders import order_of
from restoretui.ledger import Ledger
from restoretui.ledger.run_records import Run
from restoretui.session.batch.operations import BatchOperations
from restoretui.session.clouds import Clouds
from restoretui.session.jsonlines.line import json_line, where
from restoretui.session.saying.reach import reach_of

MOST_LOOPED = 100_000
"""Objects that a loop of a cloud's own tool is written for: it asks for some each second."""
MOST_MARKED = 1_000_000
"""Objects that a file for a program names."""
OF_PURPOSE: Mapping[Purpose, str] = {
    Purpose.RESTORE: "",
    Purpose.EXTEND: filter_text(in_states(State.AVAILABLE)),
    Purpose.UPGRADE: filter_text(in_states(State.REQUESTED, State.RESTORING)),
}
"""The filter by states to which a command is held that is about what an act on screen is about."""


class Said(NamedTuple):
    """Commands under a heading."""

    title: str
    commands: Sequence[ShellCommand]
    remark: str = ""
    """Why there are none, or what to mind."""


class Subject(Struct, frozen=True):
    """What a plan is about: a selection's objects in one cloud."""

    sel: int
    scheme: str
    place: Location | None = None
    """All below it, where that is what was chosen."""
    versions: bool = False


class _Group(NamedTuple):
    """Objects of a bucket that are asked for alike."""

    bucket: str
    storage_class: str
    request: RestoreRequest
    refs: list[ObjectRef]


class Saying:
    """Part of a session, as ``session.saying``."""

    def __init__(self, settings: Settings, ledger: Ledger, clouds: Clouds, batch: BatchOperations) -> None:
        self._settings = settings
        self._ledger = ledger
        self._clouds = clouds
        self._batch = batch

    # --- ours --------------------------------------------------------------------------------------------------

    def reach(self, scheme: str) -> Reach:
        """How our command reaches the cloud: whatever is set is said, since a reader's settings may differ."""
        return reach_of(self._settings, scheme)

    def new_list(self) -> Path:
        """A path for a list of keys that a run's command names; ``of_run`` writes it."""
        return self._ledger.key_lists.new()

    def wish(self, plan: RestorePlan, tier: Tier, lasting: "Wish") -> Wish:
        """With limits: the budget, or where the plan is above it what the plan costs, as it would be agreed to."""
        cost, currency = plan.tiers[tier].cost.total, plan.prices.currency
        limits = list(self._settings.limits)
        for at, limit in enumerate(limits):
            if limit.currency != currency or limit.value < cost:
                limits[at] = Amount(cost.quantize(Decimal("0.01"), ROUND_CEILING), currency)
        return replace(lasting, limits=tuple(limits))

    async def restore(
        self, about: Subject, wish: Wish, purpose: Purpose = Purpose.RESTORE, *, write: bool = True
    ) -> list[ShellCommand]:
        """``restoretui restore`` of a selection, one command a bucket where keys are listed in a file.

        ``write``: the files, too. Without, they are made of the run by ``of_run``.
        """
        reach, where = self.reach(about.scheme), OF_PURPOSE[purpose]
        return [
            restore_command(reach, chosen, wish) for chosen in await self._chosen(about, where=where, write=write)
        ]

    async def clean(self, about: Subject) -> list[ShellCommand]:
        """``restoretui clean`` of a selection."""
        reach = self.reach(about.scheme)
        return [clean_command(reach, chosen) for chosen in await self._chosen(about, where="", write=True)]

    async def _chosen(self, about: Subject, *, where: str, write: bool) -> list[Chosen]:
        if about.place is not None:
            return [Chosen((str(about.place),), versions=about.versions, where=where)]
        selections, cloud = self._ledger.selections, self._clouds[about.scheme].ledger_cloud
        few = await selections.refs(about.sel, cloud, MOST_NAMED + 1)
        text = [location_of(about.scheme, ref) for ref in few]
        is_plain_few = all(map(is_plain, text)) and sum(map(len, text)) <= MOST_NAMED_BYTES
        if len(few) == 1 or (len(few) <= MOST_NAMED and is_plain_few):
            return [Chosen(tuple(text), where=where)]
        marked = (await selections.summary(about.sel)).by_bucket
        others = await selections.refs(about.sel, cloud, MOST_ARGUMENTS + 1, unlistable=True)
        if len(others) > MOST_ARGUMENTS:
            raise UsageError(
                "these are too many versions, or keys with line breaks, for a command line", "mark fewer at a time"
            )
        found: list[Chosen] = []
        apart = Counter(ref.bucket for ref in others)
        listed = [bucket for (of, bucket), tally in marked.items() if of == cloud and tally.objects > apart[bucket]]
        for bucket in sorted(listed):
            path = self._ledger.key_lists.new()
            if write:
                await selections.write_keys(about.sel, cloud, bucket, partial(self._ledger.key_lists.write, path))
            found.append(Chosen((str(Location(about.scheme, bucket)),), keys_from=str(path), where=where))
        for bucket in sorted({ref.bucket for ref in others}):
            named = name_objects(about.scheme, [ref for ref in others if ref.bucket == bucket])
            found += [
                Chosen(
                    tuple(location_of(about.scheme, ref) for ref in others if ref.bucket == one.bucket),
                    where=where,
                )
                for one in named
            ]
        return found

    async def of_run(self, run: Run) -> Said:
        """The commands a run keeps, and the files they name, where those are not there."""
        commands = self._ledger.runs.commands(run.id)
        if not commands:
            return Said(
                "restoretui", [], "no command is kept with this run: an earlier version made it, or it follows"
            )
        lists = self._ledger.key_lists
        for command in commands:
            words = list(command.words)
            if "--keys-from" not in words:
                continue
            path = Path(words[words.index("--keys-from") + 1])
            if lists.is_ours(path) and not await asyncio.to_thread(path.exists):
                bucket = next(word for word in words if "://" in word).partition("://")[2].partition("/")[0]
                await self._ledger.runs.write_keys(run.id, bucket, partial(lists.write, path))
        return Said("restoretui", commands)

    async def marked_file(self, sel: int) -> Path:
        """A file of what is chosen, for a program: JSON lines with location, bucket, key and version."""
        path, lines = self._ledger.key_lists.new("jsonl"), []
        for cloud in self._clouds:
            refs = await self._ledger.selections.refs(sel, cloud.ledger_cloud, MOST_MARKED)
            lines += [f"{json_line('object', where(cloud.scheme, ref))}\n".encode() for ref in refs]
        if len(lines) >= MOST_MARKED:
            raise UsageError(f"more than {MOST_MARKED:,} objects are marked", "mark fewer at a time")
        await asyncio.to_thread(self._ledger.key_lists.write, path, lines)
        return path

    # --- by the cloud's own tools ----------------------------------------------------------------------------

    def tools(self, scheme: str, connection: Connection | None = None) -> CloudCommands | None:
        """How the cloud's own tools are told things; None where none are known."""
        make = CLOUDS[scheme].commands
        return None if make is None else make(self._clouds[scheme].rules)

    async def at(self, bucket: str, scheme: str) -> Reached:
        """Where a bucket is; its Region as far as it is known."""
        cloud = self._clouds[scheme]
        try:
            region = await cloud.region(bucket)
        except CloudError:
            region = cloud.connection.region or ""
        return Reached(cloud.connection.of(bucket), region)

    async def by_tools(self, about: Subject, plan: RestorePlan, wish: Wish, account: str) -> Said:
        """A plan's requests, or its jobs, by the cloud's own tool."""
        tools, chosen = self.tools(about.scheme), plan.tiers[wish.tier]
        sending = [line for line in chosen.sending if line.verdict.action.sends_now]
        title = _title(about.scheme, jobs=wish.batch is not None)
        if tools is None or not sending:
            return Said(title, [], "nothing would be sent")
        if sum(line.group.objects for line in sending) > MOST_LOOPED:
            return Said(title, [], f"more than {MOST_LOOPED:,} objects are no work for a shell's loop")
        groups: dict[tuple[str, str, int, bool], _Group] = {}
        cloud = self._clouds[about.scheme].ledger_cloud
        for line in sending:
            facts: ObjectFacts = line.group.facts
            days = line.verdict.days or plan.days
            key = line.group.bucket, facts.storage_class, days, line.verdict.tierless
            if key not in groups:
                groups[key] = _Group(line.group.bucket, facts.storage_class, RestoreRequest(days, wish.tier), [])
            refs = await self._ledger.selections.sample(
                about.sel, cloud, line.group.bucket, facts, line.group.objects
            )
            groups[key].refs.extend(refs)
        if wish.batch is not None:
            return Said(title, await self._jobs(tools, groups.values(), wish.batch, account))
        return Said(title, await self._looped(tools, about.scheme, groups.values()))

    async def tools_of_run(self, run: Run) -> Said:
        """What was asked for in a run, by the cloud's own tool."""
        scheme = run.cloud.scheme
        tools, batches = self.tools(scheme), self._batch.ours(run.id)
        title = _title(scheme, jobs=bool(batches))
        if tools is None:
            return Said(title, [], "no tool of this cloud is known")
        if batches:
            commands: list[ShellCommand] = []
            service = await self._batch.service()
            identity = await self._clouds[scheme].ask((await self._clouds[scheme].provider()).identity)
            for batch in batches:
                if batch.generator is None and not batch.manifest_etag:
                    return Said(title, [], "its manifest is not written yet")
                order = replace(order_of(batch, run.tier), description=batch.options.description)
                at, account = await self.at(batch.bucket, scheme), identity.account
                if run.profiles:
                    at = at._replace(connection=Connection.from_mapping(run.connection).of(batch.bucket))
                    account = account_of(batch.options.role_arn)
                commands += tools.creates_job(at, account, _without_token(service.asked(order)), None)
            return Said(title, commands)
        try:
            asked = await self._ledger.runs.asked(run.id, MOST_LOOPED)
        except UsageError as error:
            return Said(title, [], str(error))
        groups = [
            _Group(
                one.bucket,
                one.storage_class,
                RestoreRequest(one.days or run.days, one.tier or run.tier, run.literal),
                refs,
            )
            for one, refs in asked
        ]
        if not groups:
            return Said(title, [], "the run asked for nothing by itself")
        return Said(title, await self._looped(tools, scheme, groups))

    async def job_by_tools(self, job_id: str, region: str | None, operation: str, value: str) -> Said:
        """A change of a job's ``status`` or ``priority``."""
        cloud = self._clouds.with_jobs
        tools, title = self.tools(cloud.scheme), _title(cloud.scheme, jobs=True)
        if tools is None or not operation:
            return Said(title, [], "it has no command for that")
        provider = await cloud.provider()
        identity = await cloud.ask(provider.identity)
        where = Reached(cloud.connection, await self._batch.region_of(job_id, region))
        command = tools.changes_job(where, identity.account, job_id, operation, value)
        return Said(title, [] if command is None else [command])

    async def clean_by_tools(self, scheme: str, refs: Sequence[Sequence[ObjectRef]]) -> Said:
        """The end of copies, by the cloud's own tool."""
        title, tools = _title(scheme, jobs=False), self.tools(scheme)
        every = [ref for some in refs for ref in some]
        if tools is None or len(every) > MOST_ARGUMENTS:
            return Said(title, [], f"more than {MOST_ARGUMENTS} objects: one command each")
        found = [tools.ends_copy(await self.at(ref.bucket, scheme), ref) for ref in every]
        return Said(title, [command for command in found if command is not None])

    async def _looped(self, tools: CloudCommands, scheme: str, groups: Iterable[_Group]) -> list[ShellCommand]:
        """One command for each object that has to stand alone, a loop over a list of keys for the others."""
        commands: list[ShellCommand] = []
        for group in groups:
            at = await self.at(group.bucket, scheme)
            listed = [ref for ref in group.refs if can_be_listed(ref) and "://" not in ref.key[:9]]
            alone = [ref for ref in group.refs if ref not in set(listed)]
            if len(listed) <= 1:
                listed, alone = [], [*listed, *alone]
            if len(alone) > MOST_ARGUMENTS:
                raise UsageError("these are too many versions, or keys with line breaks, for commands", "mark fewer")
            if listed:
                path = self._ledger.key_lists.new()
                lines = [as_lines([ref.key for ref in listed])]
                await asyncio.to_thread(self._ledger.key_lists.write, path, lines)
                commands.append(tools.restore_each(at, group.bucket, group.request, group.storage_class, str(path)))
            commands += [tools.restore(at, ref, group.request, group.storage_class) for ref in alone]
        return commands

    async def _jobs(
        self, tools: CloudCommands, groups: Collection[_Group], options: BatchOptions, account: str
    ) -> list[ShellCommand]:
        """The upload of a manifest and CreateJob, for each bucket and kind of objects."""
        service, rules = await self._batch.service(), self._clouds.with_jobs.rules
        kinds: dict[tuple[str, bool, bool], list[_Group]] = {}
        for group in groups:
            tiered = group.storage_class == rules.tiered_class
            for named in (False, True):
                refs = [ref for ref in group.refs if bool(ref.version_id) is named]
                if refs:
                    kinds.setdefault((group.bucket, tiered, named), []).append(group._replace(refs=refs))
        commands: list[ShellCommand] = []
        several = await self._batch.by_account(options, {bucket for bucket, _, _ in kinds})
        for (bucket, tiered, named), alike in sorted(kinds.items()):
            options = several.for_bucket(bucket)
            account = account_of(options.role_arn) if several.roles else account
            at = await self.at(bucket, self._clouds.with_jobs.scheme)
            path, place = self._ledger.key_lists.new("csv"), options.manifest_of(bucket)
            rows = [(ref.key, ref.version_id or "") for group in alike for ref in group.refs]
            manifest = service.manifest_rows(bucket, rows, versions=named)
            await asyncio.to_thread(self._ledger.key_lists.write, path, [manifest])
            key = f"{place.prefix}/{path.name}" if place.prefix else path.name
            request = alike[0].request
            order = JobOrder(
                region=at.region, token="", role_arn=options.role_arn, tier=request.tier,
                days=None if tiered else request.days, priority=options.priority, description=options.description,
                tags=options.tags, manifest=Manifest(place.bucket, key, "", named), report=options.report_of(bucket),
                scope=options.scope,
            )  # fmt: skip
            asked = _without_token(service.asked(order)) | {"ConfirmationRequired": options.hold}
            asked.pop("Manifest", None)
            commands += tools.creates_job(at, account, asked, Uploaded(str(path), place.bucket, key, named))
        return commands


def _without_token(asked: Mapping[str, object]) -> dict[str, object]:
    """Whoever asks anew means another job; the AWS CLI thinks of a token by itself."""
    return {name: value for name, value in asked.items() if name != "ClientRequestToken"}


def _title(scheme: str, *, jobs: bool) -> str:
    return f"{CLOUDS[scheme].in_full}'s own tool" + (", through jobs" if jobs else "")
