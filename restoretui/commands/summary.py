"""What some runs add up to, and the exit code they earn."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from restoretui.commands.output import Output
from restoretui.core.errors import ExitCode
from restoretui.core.model import State
from restoretui.core.rules.rules import Action
from restoretui.ledger.records import Query, Run
from restoretui.session.export import each
from restoretui.session.session import Session
from restoretui.wording import format as words


def counts_of(session: Session, runs: Iterable[Run]) -> dict[str, Any]:
    """The fields of a ``summary`` line."""
    runs = list(runs)
    counts: dict[str, int] = {}
    for run in runs:
        for state, number in run.counts.items():
            counts[state.value] = counts.get(state.value, 0) + number
    looks = [session.looks_cost(run) for run in runs]
    return {
        "runs": [run.id for run in runs],
        "objects": sum(run.objects for run in runs),
        "size": sum(run.size_bytes for run in runs),
        "counts": counts,
        **{state.value: counts.get(state.value, 0) for state in State if state not in (State.ONLINE, State.ARCHIVED)},
        "estimate": sum((run.estimate for run in runs), Decimal()),
        "list_calls": sum(run.list_calls for run in runs),
        "head_calls": sum(run.head_calls for run in runs),
        "looks_cost": None if None in looks else sum(filter(None, looks), Decimal()),
    }


def summarise(output: Output, fields: dict[str, Any]) -> None:
    """Tell them as the last line: as JSON, or in a sentence for people."""
    if output.as_json:
        output.line("summary", fields)
    elif "counts" in fields and fields["runs"]:
        states = ", ".join(f"{number:,} {state}" for state, number in fields["counts"].items() if number)
        output.say(f"{words.plural(fields['objects'], 'object')}: {states}")
    output.flush()


async def verdict_on(session: Session, runs: Iterable[Run]) -> ExitCode:
    """Done, or failed; all failed for lack of permission is that."""
    failed = denied = 0
    refused = 0
    for run in runs:
        failed += run.counts.get(State.FAILED, 0) + run.counts.get(State.CANCELLED, 0)
        jobs = session.batch.ours(run.id)
        no_job = bool(jobs) and not any(batch.job_id for batch in jobs)
        if run.counts.get(State.FAILED) == run.objects or no_job:
            view = await session.job_view(run.id, Query(states=frozenset({State.FAILED})))
            denied += sum([row.code == "AccessDenied" async for row in each(view)])
            await view.aclose()
        if run.counts.get(State.SKIPPED):
            view = await session.job_view(run.id, Query(states=frozenset({State.SKIPPED})))
            refused += sum([row.action is Action.REFUSED async for row in each(view)])
            await view.aclose()
    if denied and denied == failed:
        return ExitCode.CREDENTIALS
    return ExitCode.SOME_FAILED if failed or refused else ExitCode.DONE
