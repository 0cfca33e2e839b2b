"""What keys do to jobs: each asks first where it costs or cannot be undone, and says what came of it."""

import asyncio
from functools import partial
from pathlib import Path
from typing import Protocol

from msgspec.structs import replace

from restoretui.core.errors import UsageError
from restoretui.core.model import Tier
from restoretui.core.rules.clouds import cloud_with_jobs
from restoretui.core.saying.own_commands import PROGRAM, batch_command, job_words
from restoretui.ledger.batches.records import BatchJob
from restoretui.session.saying.commands import Said
from restoretui.tui.acts.consent import agreed, price
from restoretui.tui.dialogs.prompts import Confirm, Pick, TextPrompt
from restoretui.tui.job_row import BatchRow
from restoretui.tui.shell import Actor
from restoretui.wording import format as fmt
from restoretui.wording.safe import file_name


class JobActor(Actor, Protocol):
    """The tab a job is shown in."""

    async def look(self, *, whole: bool) -> None:
        """Ask the cloud for its jobs."""
        ...

    async def after(self, row: BatchRow, text: str) -> None:
        """Something was done to a job: say so, and show it as the cloud has it now."""
        ...

    def read(self) -> bool:
        """Read what is shown again."""
        ...


async def confirm_job(actor: JobActor, row: BatchRow) -> None:
    """Let a suspended job run."""
    spending = actor.session.spending
    offer = await spending.offer_job(row.job_id, row.region)
    cost = f"{price(offer)} for its requests and the retrieval"
    if row.batch is not None:
        run = await actor.session.ledger.runs.get(row.batch.run_id)
        whole = fmt.about(run.estimate, run.currency, run.unpriced)
        cost = f"{price(offer)}; {whole} for run {run.id} as a whole"
    question = f"Let job {row.job_id} ask for {fmt.plural(offer.objects, 'object')}? It costs {cost}."
    says = partial(_said, actor, row, "confirm", "status", "Ready")
    if consent := await agreed(actor, offer, "Confirm job", question, "Let it run", says=says):
        status = await spending.confirm_job(consent, row.job_id, row.region)
        await actor.after(row, f"job {row.job_id} is confirmed: {status}")


async def cancel_job(actor: JobActor, row: BatchRow) -> None:
    """Cancel a job that is not over."""
    question = (
        f"Cancel job {row.job_id}? What it has asked for goes on and is paid for; a cancelled job cannot be resumed."
    )
    says = partial(_said, actor, row, "cancel", "status", "Cancelled")
    if await actor.shell.push_screen_wait(Confirm("Cancel job", question, "Cancel the job", says)):
        status = await actor.session.batch.cancel(row.job_id, row.region)
        await actor.after(row, f"job {row.job_id}: {status}")


async def change_priority(actor: JobActor, row: BatchRow) -> None:
    """Ask for a number and set it."""
    typed = await actor.shell.push_screen_wait(
        TextPrompt(
            "Priority", f"Priority of job {row.job_id}: higher goes first, 0 to 2147483647", str(row.priority),
            partial(_said, actor, row, "priority", "priority", str(row.priority)),
        )
    )  # fmt: skip
    if not typed:
        return
    if not typed.strip().isascii() or not typed.strip().isdigit():
        raise UsageError(f"{typed!r} is not a priority", "type a whole number, 0 or more")
    await actor.session.batch.priority(row.job_id, int(typed), row.region)
    await actor.after(row, f"job {row.job_id} has priority {int(typed)}")


async def clone_job(actor: JobActor, row: BatchRow) -> None:
    """Make a suspended job like this one."""
    spending = actor.session.spending
    offer = await spending.offer_clone(row.job_id, row.region)
    question = (
        f"Make a new job with the manifest of {row.job_id}? It stays suspended until it is confirmed, belongs to no"
        f" run, and costs fees of {fmt.money(offer.cost, offer.currency)} even if it is cancelled."
    )
    says = partial(_said, actor, row, "clone")
    if consent := await agreed(actor, offer, "Clone job", question, "Make it", says=says):
        new = await spending.clone(consent, row.job_id, row.region)
        actor.shell.say("done", f"job {new} is made, suspended: y lets it run")
        await actor.look(whole=True)


async def follow_job(actor: JobActor, row: BatchRow) -> None:
    """Watch the objects of a job that was made elsewhere."""
    info = await actor.session.batch.job(row.job_id, row.region)
    run_id = await actor.session.batch.follow(info)
    unknown = "its objects' sizes, and what it costs, are not known"
    actor.shell.say("done", f"job {row.job_id} is followed as run {run_id}, and nothing is sent; {unknown}")
    actor.read()


async def clean_job(actor: JobActor, batch: BatchJob) -> None:
    """Delete what we wrote for a job of ours."""
    says = partial(_ours, actor, "clean", batch.job_id) if batch.job_id else None
    question = (
        f"Delete the manifest and the report that were written for job {batch.job_id or batch.id}? Nothing else is"
        " touched, the run keeps what it knows; the files cannot be brought back, nor the job cloned without them."
    )
    if await actor.shell.push_screen_wait(Confirm("Clean up", question, "Delete them", says)):
        count = await actor.session.batch.clean(batch)
        actor.shell.say("done", f"{fmt.plural(count, 'file')} of job {batch.job_id or batch.id} deleted")
        actor.read()


async def retry_job(actor: JobActor, batch: BatchJob) -> None:
    """Send the failed objects of the job's run again, one by one or through jobs."""
    spending = actor.session.spending
    run = await actor.session.ledger.runs.get(batch.run_id)
    offers = {"direct": await spending.offer_retry(run.id)}
    choices = {"direct": "One by one"}
    costs = price(offers["direct"])
    if run.tier is not Tier.EXPEDITED and not run.connection.get("requester_pays"):
        offers["batch"] = await spending.offer_retry(run.id, jobs=True)
        choices["batch"] = "As new jobs"
        costs += f", as new jobs {price(offers['batch'])}"
    failed = fmt.plural(offers["direct"].objects, "failed object")
    question = f"Send the {failed} of run {run.id} again? One by one it costs {costs}."
    says = partial(_ours, actor, "retry", str(run.id), *job_words(replace(batch.options, hold=False))[:-2])
    way = await actor.shell.push_screen_wait(
        Pick("Retry failed", question, choices, says=says if "batch" in choices else None)
    )
    if not way:
        return
    consent = await agreed(actor, offers[way], "Retry failed", question, choices[way], asked=True)
    if consent is None:
        return
    if way == "direct":
        count = await spending.retry(consent, run.id)
    else:
        count = await spending.retry_jobs(consent, run.id, replace(batch.options, hold=False))
    actor.shell.say("done", f"run {run.id}: {fmt.plural(count, 'object')} will be sent again")
    actor.read()


async def _ours(actor: JobActor, action: str, about: str, *more: str) -> list[Said]:
    """Our own command."""
    saying = actor.session.saying
    return [Said(PROGRAM, [batch_command(saying.reach(cloud_with_jobs().scheme), action, about, *more)])]


async def _said(actor: JobActor, row: BatchRow, action: str, operation: str = "", value: str = "") -> list[Said]:
    """Our command, and the AWS CLI's for the same."""
    more = [value] if operation == "priority" else []
    theirs = await actor.session.saying.job_by_tools(row.job_id, row.region, operation, value)
    return [*await _ours(actor, action, row.job_id, *more), theirs]


async def say_job(actor: JobActor, row: BatchRow) -> None:
    """Copy the commands of the run a job belongs to; of anybody else's, the one that shows it."""
    if row.batch is None:
        forms = await _ours(actor, "show", row.job_id)
    else:
        saying = actor.session.saying
        run = await actor.session.ledger.runs.get(row.batch.run_id)
        forms = [await saying.of_run(run), await saying.tools_of_run(run)]
    actor.shell.show_forms(forms)


async def export_report(actor: JobActor, row: BatchRow) -> None:
    """Write the completion report to a file."""
    path = await actor.shell.push_screen_wait(
        TextPrompt("Export", f"Write the report of job {row.job_id} to (CSV)", f"{file_name('job', row.job_id)}.csv")
    )
    if path:
        target = Path(path).expanduser()  # noqa: ASYNC240  reads a variable, not the disk
        written = await actor.session.export_report(row.job_id, row.region, target)
        where = await asyncio.to_thread(target.absolute)
        actor.shell.say("done", f"{fmt.plural(written, 'task')} written to {where}")
