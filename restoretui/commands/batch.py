"""``restoretui batch ...``: the jobs of S3 Batch Operations without a screen."""

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, NamedTuple

from msgspec.structs import replace

from restoretui.commands.agreeing import Agreeing
from restoretui.commands.following import follow, left_of, time_to_wait
from restoretui.commands.leaving import NOTHING_SENT, one_request, what_goes_on
from restoretui.commands.output import Output
from restoretui.commands.summary import say_dry
from restoretui.commands.unheard import said_of_s3
from restoretui.config.settings import Settings
from restoretui.core.batch.jobs import JobInfo, ReportScope, as_tags
from restoretui.core.errors import CloudError, ExitCode, UsageError
from restoretui.core.location import parse_location
from restoretui.core.rules.clouds import cloud_with_jobs
from restoretui.core.then.said import read_steps
from restoretui.core.then.steps import ThenKind, ThenStep
from restoretui.ledger.batches.records import BatchJob
from restoretui.session.batch.job_papers import OF_OURS
from restoretui.session.batch.once_more import check_takes_jobs, latest_roles
from restoretui.session.batch.operations import as_place
from restoretui.session.jsonlines.jobs import task_fields
from restoretui.session.jsonlines.line import where_all
from restoretui.session.session import Session, open_session
from restoretui.wording import format as words
from restoretui.wording.safe import clean


class JobsSaid(NamedTuple):
    """The options of jobs of S3 Batch Operations, as the command line has them; None, or nothing: not said."""

    role_arn: str | None = None
    manifest: str | None = None
    manifest_location: str | None = None
    report_location: str | None = None
    report_scope: str | None = None
    priority: int | None = None
    description: str | None = None
    tags: Sequence[str] = ()
    confirm: str | None = None


def given(said: JobsSaid) -> dict[str, Any]:
    """The options as ``BatchOperations.options`` takes them; ``UsageError`` for those that cannot be meant."""
    if said.manifest not in (None, "written", "generated"):
        raise UsageError(
            f"--manifest {said.manifest!r} is for plan and restore: a manifest is written here",
            "leave it out, or say written or generated",
        )
    if said.manifest == "generated" and said.manifest_location:
        raise UsageError(
            "a manifest that S3 generates is not written anywhere", "leave out --manifest-location, or --manifest"
        )
    return {
        "role_arn": said.role_arn,
        "manifest": as_place(said.manifest_location),
        "report": as_place(said.report_location),
        "scope": ReportScope(said.report_scope) if said.report_scope else None,
        "priority": said.priority,
        "description": said.description,
        "tags": as_tags(said.tags) or None,
        "hold": None if said.confirm is None else said.confirm == "later",
        "generated": None if said.manifest is None else said.manifest == "generated",
    }


async def ls(settings: Settings, output: Output, statuses: Sequence[str], *, everything: bool) -> ExitCode:
    """Jobs of anybody in the account: in the Region that was named, or else in all that our runs and jobs are in."""
    named = settings.region if settings.sources.get("region", "").startswith("--") else None
    async with open_session(settings) as session:
        counts: dict[str, int] = {}
        problem: CloudError | None = None
        try:
            async for page in session.batch.jobs(named, statuses):
                for job in page:
                    if everything or job.operation in OF_OURS:
                        output.batch_job(job, _run_of(session, job.job_id))
                        counts[job.status] = counts.get(job.status, 0) + 1
        except CloudError as error:
            if not counts:
                raise
            problem = error
        total = sum(counts.values())
        regions = [named] if named else await session.batch.regions()
        output.summary({"jobs": total, "statuses": counts, "regions": regions})
        if problem is not None:
            raise problem
        output.say(words.plural(total, "job"))
    return ExitCode.DONE


async def show(settings: Settings, output: Output, job_id: str) -> ExitCode:
    """All that is known of one job."""
    async with open_session(settings) as session:
        await _show(session, output, job_id)
    return ExitCode.DONE


async def confirm(settings: Settings, output: Output, job_id: str, agreeing: Agreeing) -> ExitCode:
    """Let a suspended job run."""
    output.left = NOTHING_SENT
    async with open_session(settings) as session:
        offer = await session.spending.offer_job(job_id)
        consent = await agreeing.to(session, output, offer, f"Let job {job_id} run")
        if consent is None:
            await _show(session, output, job_id)
            return ExitCode.DONE
        await one_request(output, job_id, f"job {job_id} was let run", session.spending.confirm_job(consent, job_id))
        await _show(session, output, job_id)
        if run := _run_of(session, job_id):
            output.say(f"`restoretui watch {run}` follows its objects")
    return ExitCode.DONE


async def cancel(settings: Settings, output: Output, job_id: str, *, dry_run: bool = False) -> ExitCode:
    """Cancel a job; restores it asked for go on."""
    output.left = NOTHING_SENT
    async with open_session(settings) as session:
        if dry_run:
            job = await session.batch.job(job_id)
            left = max(0, job.total - job.succeeded - job.failed)
            told = (
                "it is over, so nothing would change" if job.ended else f"{words.plural(left, 'task')} would be left"
            )
            return await _only_shown(session, output, job_id, f"job {job_id} is {job.status}: {told}")
        await one_request(output, job_id, f"job {job_id} was cancelled", session.batch.cancel(job_id))
        await _show(session, output, job_id)
    return ExitCode.DONE


async def priority(
    settings: Settings, output: Output, job_id: str, number: int, *, dry_run: bool = False
) -> ExitCode:
    """Change a job's priority."""
    output.left = NOTHING_SENT
    async with open_session(settings) as session:
        if dry_run:
            job = await session.batch.job(job_id)
            deed = f"job {job_id} has priority {job.priority}, and would have {number}"
            return await _only_shown(session, output, job_id, deed)
        deed = f"job {job_id} has priority {number}"
        await one_request(output, job_id, deed, session.batch.priority(job_id, number))
        await _show(session, output, job_id)
    return ExitCode.DONE


async def clone(settings: Settings, output: Output, job_id: str, agreeing: Agreeing) -> ExitCode:
    """Make a suspended job like that one."""
    output.left = NOTHING_SENT
    async with open_session(settings) as session:
        offer = await session.spending.offer_clone(job_id)
        consent = await agreeing.to(session, output, offer, f"Make a suspended job like {job_id}, for its fees")
        if consent is None:
            await _show(session, output, job_id)
            return ExitCode.DONE
        output.left = "whether a job was made cannot be told: `restoretui batch ls` looks"
        made = await session.spending.clone(consent, job_id)
        output.left = f"job {made} was made, and waits to be let run"
        await _show(session, output, made)
    return ExitCode.DONE


async def _only_shown(session: Session, output: Output, job_id: str, deed: str) -> ExitCode:
    """The end of a dry run about one job."""
    output.say(deed)
    say_dry(output)
    await _show(session, output, job_id)
    return ExitCode.DONE


async def _show(session: Session, output: Output, job_id: str) -> None:
    job = await session.batch.job(job_id)
    output.batch_job(job, _run_of(session, job_id), whole=True, tags=await session.batch.tags(job_id))
    output.summary({"jobs": 1, "statuses": {job.status: 1}})


async def follow_job(
    settings: Settings, output: Output, job_id: str, *, wait: bool, timeout: timedelta | None
) -> ExitCode:
    """Follow the objects of anybody's job to the end of their restores; nothing is sent."""
    output.left = NOTHING_SENT
    async with open_session(settings) as session:
        async with time_to_wait(session, timeout) as limit:
            info = await session.batch.job(job_id)
            known = session.ledger.batches.find(job_id)
            run_id = await session.batch.follow(info)
        run = await session.ledger.runs.get(run_id)
        if known is None:
            output.say(f"job {job_id} is followed as run {run_id}: nothing is sent for it")
            batch = session.ledger.batches.find(job_id)
            _say_unknown(output, info, versions=batch is not None and batch.versions)
        output.run(run, session.looks_cost(run))
        session.start_engine([run_id])
        return await follow(session, output, [run_id], wait=wait, timeout=left_of(limit))


def _say_unknown(output: Output, info: JobInfo, *, versions: bool) -> None:
    """What a manifest does not tell."""
    output.say("not known: sizes and storage classes, which no manifest has, and so what it costs")
    if info.report is None:
        output.say("not known: which of its tasks failed, and why: it was made without a completion report")
    if not versions:
        output.say("not known: which versions were meant; what is current is looked at")
    output.say("not known: whose request a copy comes from, where an object was asked for more than once")


async def report(settings: Settings, output: Output, job_id: str, *, failed: bool) -> ExitCode:
    """The rows of a job's completion report, as they come; exit code 1 when any task failed."""
    async with open_session(settings) as session:
        counts = {"succeeded": 0, "failed": 0}
        run = _run_of(session, job_id)
        tally = await session.batch.tally(job_id)
        async for rows in session.batch.report(job_id, tally=tally):
            shown = [row for row in rows if not (failed and row.succeeded)]
            for row in shown:
                if output.as_json:
                    output.line("object", task_fields(row, run))
                else:
                    state = "succeeded" if row.succeeded else "failed   "
                    about = "" if row.succeeded else f"  ({clean(row.code or str(row.status))}: {clean(row.message)})"
                    output.text(f"{state}  {clean(row.key)}{about}")
            for row in rows:
                counts["succeeded" if row.succeeded else "failed"] += 1
        told = f"{counts['succeeded']:,} succeeded, {counts['failed']:,} failed"
        if tally.scope is ReportScope.FAILED:
            # What it does not name succeeded, as the job itself counts.
            counts["succeeded"] = tally.succeeded
            told = f"{tally.succeeded:,} succeeded by the job's own count, {counts['failed']:,} failed"
        output.summary({"job": job_id, "run": run, "report_scope": tally.scope, **counts})
        output.say(told)
        if sum(counts.values()) != tally.succeeded + tally.failed:
            output.say(
                f"the job counts {tally.succeeded:,} succeeded and {tally.failed:,} failed tasks: the report does "
                "not tell of all of them"
            )
    return ExitCode.SOME_FAILED if counts["failed"] else ExitCode.DONE


async def policy(
    settings: Settings,
    output: Output,
    locations: Sequence[str],
    options: Mapping[str, Any],
    only: str | None,
    then: str | None = None,
) -> ExitCode:
    """The policies that restoring from these places needs, ready to paste. Asks no cloud.

    With ``then`` also those that jobs need which copy.
    """
    copies = _copies(then)
    buckets = list(dict.fromkeys(_bucket(text) for text in locations))
    for flag in said_of_s3(settings):
        if flag != settings.sources.get("region"):  # That one tells the partition, which is part of each ARN.
            output.say(f"{flag} changes nothing here: no cloud is asked")
    async with open_session(settings) as session:
        policies = session.batch.policies(buckets, given(JobsSaid(**options)), copies)
    titles = {
        "trust": "trust policy of the role",
        "role": "permissions of the role",
        "caller": "permissions of whoever runs restoretui",
    }
    where = where_all(cloud_with_jobs().scheme, buckets)
    for name, content in policies.items():
        if only in (None, name) and output.as_json:
            output.line("policy", {**where, "policy_of": name, "document": content})
        elif only in (None, name):
            if only is None:
                output.say(f"{titles[name]}:")
            output.raw(json.dumps(content, indent=2) + "\n")
            output.flush()
    output.summary({"buckets": buckets})
    return ExitCode.DONE


def _copies(then: str | None) -> ThenStep | None:
    if then is None:
        return None
    (step,) = read_steps([then])
    if step.kind is not ThenKind.COPY or (step.place and step.place.scheme != cloud_with_jobs().scheme):
        raise UsageError(f"--then {then}: jobs do nothing but copy", "write copy or copy:s3://BUCKET/PREFIX/")
    return step


def _bucket(text: str) -> str:
    location = parse_location(text)
    kind = cloud_with_jobs()
    if location.scheme != kind.scheme or not location.bucket:
        raise UsageError(f"{text!r} names no bucket of {kind.name}", f"write {kind.scheme}://BUCKET")
    return location.bucket


async def retry(
    settings: Settings,
    output: Output,
    name: str,
    options: Mapping[str, Any],
    agreeing: Agreeing,
    *,
    wait: bool,
    timeout: timedelta | None,
) -> ExitCode:
    """Send a run's failed objects anew through jobs of their own; options not given are those of its last job."""
    output.left = NOTHING_SENT
    async with open_session(settings) as session:
        run = await session.run_views.find_run(name)
        before = session.batch.ours(run.id)
        asked = given(JobsSaid(**options))
        if asked["generated"]:
            raise UsageError("what failed is no whole prefix, so its manifest is written", "leave out --manifest")
        changes = {key: value for key, value in asked.items() if value is not None}
        if before:
            chosen = replace(before[-1].options, **({"role_arn": latest_roles(before)} | changes))
        else:
            chosen = session.batch.options(asked)
        await session.provider()
        async with time_to_wait(session, timeout) as limit:
            offer = await session.spending.offer_retry(run.id, jobs=True)
        if not offer.objects:
            output.say(f"nothing of run {run.id} has failed")
            output.summary({"runs": [run.id]})
            return ExitCode.DONE
        check_takes_jobs(run)
        consent = await agreeing.to(session, output, offer, f"Send the failed objects of run {run.id} again")
        if consent is None:
            output.summary({"runs": [run.id]})
            return ExitCode.DONE
        output.left = f"whether run {run.id} goes on cannot be told: `restoretui status {run.id}` tells"
        count = await session.spending.retry_jobs(
            consent, run.id, replace(chosen.checked(), hold=bool(asked["hold"]))
        )
        output.left = what_goes_on(session, [await session.ledger.runs.get(run.id)])
        output.summary({"retried": count})
        output.say(f"{words.plural(count, 'object')} of run {run.id} go out again")
        session.start_engine([run.id])
        return await follow(session, output, [run.id], wait=wait, timeout=left_of(limit))


async def clean_up(settings: Settings, output: Output, job_id: str, *, dry_run: bool = False) -> ExitCode:
    """Delete the manifest and the completion report that were written for a job of ours, and nothing else."""
    output.left = NOTHING_SENT
    async with open_session(settings) as session:
        batch = session.ledger.batches.find(job_id)
        if batch is None:
            raise UsageError(
                f"job {job_id!r} was not made from this ledger, so nothing of it is deleted",
                "delete what belongs to it where it was made",
            )
        if batch.cleaned_at is not None:
            output.say(f"the manifest and the report of job {job_id} were deleted before")
            output.summary({"job": job_id, "run": batch.run_id, "deleted": 0})
            return ExitCode.DONE
        if dry_run:
            _tell_written(output, batch)
            output.summary({"job": job_id, "run": batch.run_id, "deleted": 0})
            return ExitCode.DONE
        output.left = f"some of what was written for job {job_id} may be deleted; say it again to delete the rest"
        deleted = await session.batch.clean(batch)
        what = "the manifest and the report" if batch.own_manifest_key else "the report"
        output.say(f"deleted {words.plural(deleted, 'object')}: {what} of job {job_id}")
        output.summary({"job": job_id, "run": batch.run_id, "deleted": deleted})
    return ExitCode.DONE


def _tell_written(output: Output, batch: BatchJob) -> None:
    """What would be deleted."""
    kind, place = cloud_with_jobs().scheme, batch.report_place
    if not batch.is_settled:
        output.say(f"job {batch.job_id} is not over, so nothing of it would be deleted yet")
    if batch.own_manifest_key:
        output.say(f"would be deleted: {kind}://{batch.manifest_bucket}/{batch.own_manifest_key}")
    if place is not None:
        output.say(f"would be deleted: the completion report of the job below {kind}://{place.bucket}/{place.prefix}")
    if not batch.has_written:
        output.say("nothing was written for it")
    say_dry(output)


def _run_of(session: Session, job_id: str) -> int | None:
    batch = session.ledger.batches.find(job_id)
    return batch.run_id if batch else None
