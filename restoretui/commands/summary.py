"""What some runs add up to, and the exit code they earn."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from restoretui.commands.output import Output
from restoretui.core.errors import ExitCode
from restoretui.core.model import State
from restoretui.ledger.run_records import Cause, Run
from restoretui.session.jsonlines.runs import costs_of, states_fields, then_cause_fields
from restoretui.session.session import Session
from restoretui.wording import format as words

MOST_CAUSES = 8
"""Told one by one; the others are counted."""


def counts_of(session: Session, runs: Iterable[Run]) -> dict[str, Any]:
    """The fields of a ``summary`` line."""
    runs = list(runs)
    return {
        "runs": [run.id for run in runs],
        "objects": sum(run.objects for run in runs),
        "size": sum(run.size_bytes for run in runs),
        **states_fields(counts_in(runs)),
        "costs": costs_of((run, session.looks_cost(run)) for run in runs),
        "list_calls": sum(run.list_calls for run in runs),
        "head_calls": sum(run.head_calls for run in runs),
        "then_done": sum(one.done for run in runs for one in run.then),
        "then_failed": sum(run.then_failed for run in runs),
        "then_open": sum(one.open for run in runs for one in run.then),
    }


def counts_in(runs: Iterable[Run]) -> dict[State, int]:
    """Objects by state, of all runs together."""
    counts: dict[State, int] = {}
    for run in runs:
        for state, number in run.counts.items():
            counts[state] = counts.get(state, 0) + number
    return counts


async def tell_ends(session: Session, output: Output, run: Run) -> None:
    """Say that copies of a run end soon, which whoever wants them longer has to know before."""
    hours = session.settings.expiring_hours
    copies, first = await session.run_views.ending(run, hours * 3600)
    if first is not None:
        output.say(
            f"run {run.id}: {words.plural(copies, 'copy ends', 'copies end')} within {hours:g} h, the first"
            f" {words.stamp(first)}; the same restore with more days extends them, as the screens do"
        )


def summarise(output: Output, fields: dict[str, Any], runs: Sequence[Run] = ()) -> None:
    """Keep them for the last line; of ``runs``, say it in a sentence for people."""
    if runs and not output.as_json:
        states = ", ".join(f"{number:,} {state}" for state, number in counts_in(runs).items() if number)
        output.say(f"{words.plural(sum(run.objects for run in runs), 'object')}: {states}")
    output.summary(fields)


def say_dry(output: Output) -> None:
    """The last words of a dry run."""
    output.say("dry run: nothing was sent or changed")


async def causes_of(session: Session, runs: Iterable[Run]) -> list[Cause]:
    """Why objects of these runs were not restored; equal causes of several runs are one."""
    found: dict[tuple[State, str, str], Cause] = {}
    for run in runs:
        for cause in await session.run_views.causes(run):
            kind = cause.state, cause.code, cause.reason
            known = found.get(kind)
            if known is not None:
                objects, of_rights = known.objects + cause.objects, known.of_rights + cause.of_rights
                cause = cause._replace(objects=objects, of_rights=of_rights)
            found[kind] = cause
    return sorted(found.values(), key=lambda cause: -cause.objects)


def tell_causes(output: Output, causes: Sequence[Cause]) -> None:
    """For people: one line a cause, the most frequent first."""
    for cause in causes[:MOST_CAUSES]:
        code = f" ({cause.code})" if cause.code and cause.code not in cause.reason else ""
        what = "failed" if cause.state is State.FAILED else "refused by the plan"
        output.say(f"{words.plural(cause.objects, 'object')} {what}: {cause.reason}{code}")
    if left := causes[MOST_CAUSES:]:
        objects = sum(cause.objects for cause in left)
        output.say(f"{words.plural(objects, 'object')} more for {len(left):,} other reasons: `restoretui status RUN`")


async def tell_then_causes(session: Session, output: Output, runs: Iterable[Run]) -> list[dict[str, Any]]:
    """Say why what was to be done with objects could not be done; as ``then_causes`` of a ``summary`` line."""
    told: list[dict[str, Any]] = []
    for run in runs:
        causes = await session.run_views.then_causes(run)
        told += [then_cause_fields(run, cause) for cause in causes]
        for cause in causes[:MOST_CAUSES]:
            code = f" ({cause.code})" if cause.code and cause.code not in cause.reason else ""
            on = f" on {cause.step.event}" if cause.step.event else ""
            about = "" if cause.step.is_of_run else f" for {words.plural(cause.objects, 'object')}"
            output.say(f"run {run.id}: {cause.step.kind}{on} failed{about}: {cause.reason}{code}")
        if left := causes[MOST_CAUSES:]:
            objects = sum(cause.objects for cause in left)
            output.say(f"run {run.id}: {words.plural(objects, 'step')} more failed for {len(left):,} other reasons")
        if causes:
            output.say(f"`restoretui retry {run.id}` does once more what failed")
    return told


async def tell_shortfalls(session: Session, output: Output, runs: Iterable[Run]) -> dict[str, int]:
    """Say what was asked for and not got, though nothing failed; as fields of a ``summary`` line."""
    short = refused = 0
    for run in runs:
        found = await session.run_views.shortfall(run)
        short, refused = short + found.copies, refused + found.not_sped_up
        if found.copies and run.promised_end is not None and found.earliest is not None:
            verb = "ends" if found.copies == 1 else "end"
            output.say(
                f"run {run.id}: {words.plural(found.copies, 'copy', 'copies')} {verb} before the {run.days} days "
                f"asked for are over: at {words.stamp(found.earliest)}, not {words.instant(run.promised_end)}; "
                "the same restore once more extends them"
            )
        if found.not_sped_up:
            output.say(
                f"run {run.id}: {words.plural(found.not_sped_up, 'object')} not sped up: the cloud refused, for the "
                "restores have other days or are not slower; they go on as they were"
            )
    return {"short_of_days": short, "not_sped_up": refused}


def verdict_on(runs: Iterable[Run], causes: Iterable[Cause], less: Mapping[str, int]) -> ExitCode:
    """Done, or failed. Where all that failed did so for want of rights, that; whatever was skipped beside it.

    ``less``: what ``tell_shortfalls`` found. Less than was asked for is not done.
    """
    runs = list(runs)
    failed = sum(run.counts.get(State.FAILED, 0) + run.counts.get(State.CANCELLED, 0) for run in runs)
    causes = list(causes)
    if any(run.then_failed for run in runs):
        return ExitCode.SOME_FAILED
    if failed and failed == sum(cause.of_rights for cause in causes if cause.state is State.FAILED):
        return ExitCode.CREDENTIALS
    return ExitCode.SOME_FAILED if failed or causes or any(less.values()) else ExitCode.DONE
