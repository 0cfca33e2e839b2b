"""What keys do to a run: each asks first where it costs or cannot be undone, and says what came of it."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from restoretui.core.errors import UsageError
from restoretui.core.filter.tree import in_states
from restoretui.core.model import State
from restoretui.core.rules.verdicts import Purpose
from restoretui.engine.capacity import MOST_IN_A_ROW
from restoretui.ledger.records import Query
from restoretui.ledger.run_records import Run
from restoretui.session.saying.commands import Said, Subject
from restoretui.tui.acts.consent import agreed, price
from restoretui.tui.acts.end_copies import end_chosen
from restoretui.tui.dialogs.prompts import Confirm, Pick, TextPrompt
from restoretui.tui.dialogs.restore.restore_dialog import RestoreDialog
from restoretui.wording import format as fmt

if TYPE_CHECKING:
    from restoretui.tui.shell import Actor

ROWS_AT_ONCE = 1000


async def replan_run(
    actor: "Actor",
    run: Run,
    purpose: Purpose,
    states: frozenset[State],
) -> None:
    """Plan anew what a run has in these states, have it confirmed, and show the new run."""
    session = actor.session
    selections = session.ledger.selections
    view = await session.run_views.job_view(run.id, Query(in_states(*states)))
    sel = await selections.create()
    try:
        await view.wait()
        if not view.count:
            raise UsageError(f"run {run.id} has no object left to {purpose}")
        for start in range(0, view.count, ROWS_AT_ONCE):
            await session.selecting.jobs(sel, view.rows(start, ROWS_AT_ONCE), run.cloud.scheme)
        new = await actor.shell.push_screen_wait(RestoreDialog(Subject(sel, run.cloud.scheme), purpose, run.days))
    finally:
        await view.aclose()
        await selections.drop(sel)
    if new is not None:
        actor.shell.show_run(new)


async def end_run(actor: "Actor", run: Run) -> None:
    """End the copies a run has brought, once that is confirmed."""
    session = actor.session
    view = await session.run_views.job_view(run.id, Query(in_states(State.AVAILABLE)))
    sel = await session.ledger.selections.create()
    try:
        await view.wait()
        for start in range(0, view.count, ROWS_AT_ONCE):
            await session.selecting.jobs(sel, view.rows(start, ROWS_AT_ONCE), run.cloud.scheme)
        await end_chosen(actor, Subject(sel, run.cloud.scheme), run)
    finally:
        await view.aclose()
        await session.ledger.selections.drop(sel)


async def retry_then(actor: "Actor", run: Run) -> None:
    """Do once more what could not be done with objects of a run that can be read."""
    spending = actor.session.spending
    offer = await spending.offer_then(run.id)
    steps = ", ".join(f"{step.step.kind} {step.failed:,}" for step in run.then if step.failed)
    question = f"Try again what failed of run {run.id} once its objects could be read ({steps}), for {price(offer)}?"
    consent = await agreed(actor, offer, "Retry what was to be done then", question, "Try again")
    if consent is not None:
        count = await spending.retry_then(consent, run.id)
        actor.shell.say("done", f"run {run.id}: {fmt.plural(count, 'object')} will be tried again")


async def retry_run(actor: "Actor", run: Run) -> None:
    """Send the failed objects of a run again, at another tier where Expedited has no capacity.

    Where only what was to be done with them then has failed, that.
    """
    spending = actor.session.spending
    if run.then_failed and not run.counts.get(State.FAILED):
        await retry_then(actor, run)
        return
    offer = await spending.offer_retry(run.id)
    short = await actor.session.run_views.short_of_capacity(run)
    if short:
        question = (
            f"{fmt.plural(short, 'object')} of run {run.id} found no Expedited capacity. Ask how? "
            f"Expedited again costs {price(offer)} for the {fmt.plural(offer.objects, 'failed object')}."
        )
        ways = {"other": "At another tier", "again": "Expedited again"}
        way = await actor.shell.push_screen_wait(Pick("No Expedited capacity", question, ways))
        if way == "other":
            await replan_run(actor, run, Purpose.RESTORE, frozenset({State.FAILED}))
        if way != "again":
            return
    else:
        failed = fmt.plural(offer.objects, "failed object")
        question = f"Send the {failed} of run {run.id} ({fmt.size(offer.size_bytes)}) again, for {price(offer)}?"
    consent = await agreed(actor, offer, "Retry failed", question, "Send again", asked=bool(short))
    if consent is not None:
        count = await spending.retry(consent, run.id)
        actor.shell.say("done", f"run {run.id}: {fmt.plural(count, 'object')} will be sent again")


async def decide_on_capacity(actor: "Actor", run_id: int) -> None:
    """Expedited was refused too often in a row: ask what becomes of the rest of the run."""
    session = actor.session
    run = await session.ledger.runs.get(run_id)
    unsent = run.counts.get(State.PLANNED, 0)
    if not unsent or run_id not in session.out_of_capacity:
        return
    question = (
        f"{MOST_IN_A_ROW} requests of run {run_id} in a row found no Expedited capacity. "
        f"{fmt.plural(unsent, 'object')} of it wait, unsent. At another tier they are planned anew, with their price."
    )
    ways = {"other": "At Standard", "again": "Keep trying"}
    way = await actor.shell.push_screen_wait(Pick("No Expedited capacity", question, ways, no="Leave them"))
    if way == "again":
        session.keep_trying(run_id)
    elif way == "other":
        # Confirming the new plan gives up here what it asks for.
        await replan_run(actor, run, Purpose.RESTORE, frozenset({State.PLANNED, State.FAILED}))


async def say_run(actor: "Actor", run: Run) -> None:
    """Copy the command of a run, and offer what the cloud's own tool would be told."""
    actor.shell.show_forms(await forms_of(actor, run))


async def forms_of(actor: "Actor", run: Run) -> list[Said]:
    """A run as commands."""
    saying = actor.session.saying
    return [await saying.of_run(run), await saying.tools_of_run(run)]


async def cancel_unsent(actor: "Actor", run: Run) -> None:
    """Give up the requests of a run that were not sent yet."""
    run = await actor.session.ledger.runs.get(run.id)
    if run.then_open and not run.counts.get(State.PLANNED):
        question = f"Give up what of run {run.id} was to be done with its objects then, and was not begun?"
        if await actor.shell.push_screen_wait(Confirm("Give up", question, "Give it up")):
            await actor.session.cancel(run.id)
            actor.shell.say("done", f"run {run.id}: what was not begun is given up")
        return
    while unsent := await _unsent(actor, run):
        question = (
            f"Give up the {fmt.plural(unsent, 'request')} of run {run.id} that were not sent yet? What was sent"
            " cannot be called back, nor what goes out while this is asked."
        )
        if not await actor.shell.push_screen_wait(Confirm("Cancel unsent", question, "Give them up")):
            return
        if await _unsent(actor, run) <= unsent:
            break
        actor.shell.say("warning", "there are more to give up by now", "this is how it is now")
    if not unsent:
        actor.shell.say("warning", f"run {run.id}: nothing of it is unsent any more")
        return
    before = (await actor.session.ledger.runs.get(run.id)).counts.get(State.CANCELLED, 0)
    given_up = await actor.session.cancel(run.id)
    if actor.session.batch.ours(run.id):
        told = f"{fmt.plural(given_up, 'request')} given up" if given_up else "its jobs are told to stop"
        actor.shell.say("done", f"run {run.id}: {told}; what S3 Batch Operations has sent by then goes on")
        return
    # What was claimed to be sent is given back by whoever claimed it, here or elsewhere.
    actor.shell.say("busy", f"run {run.id} is given up; waiting until whoever is sending it has heard of it")
    [now] = await actor.session.wait_for([run.id], lambda seen: not seen.counts.get(State.PLANNED))
    given_up = now.counts.get(State.CANCELLED, 0) - before
    late = f", {unsent - given_up:,} were sent before" if given_up < unsent else ""
    actor.shell.say("done", f"run {run.id}: {fmt.plural(given_up, 'request')} given up{late}")


async def _unsent(actor: "Actor", run: Run) -> int:
    return (await actor.session.ledger.runs.get(run.id)).counts.get(State.PLANNED, 0)


async def export_run(actor: "Actor", run: Run) -> None:
    """Write the objects of a run to a file."""
    path = await actor.shell.push_screen_wait(
        TextPrompt("Export", f"Write the objects of run {run.id} to (.csv or .json)", f"restoretui-run-{run.id}.csv")
    )
    if path:
        target = Path(path).expanduser()  # noqa: ASYNC240  reads a variable, not the disk
        written = await actor.session.export(run.id, target)
        where = await asyncio.to_thread(target.absolute)
        actor.shell.say("done", f"{fmt.plural(written, 'object')} written to {where}")


async def report_run(actor: "Actor", run: Run) -> None:
    """Show a run as the page that is handed over."""
    from restoretui.session.report.report import report_of  # what few ask for is loaded then
    from restoretui.tui.restores.report_box import ReportBox

    made = await report_of(actor.session, await actor.session.ledger.runs.get(run.id))
    await actor.shell.push_screen_wait(ReportBox(made))
