"""What an interruption leaves behind, in words that are true of it."""

import asyncio
from collections.abc import Awaitable, Coroutine, Iterable, Sequence
from typing import Any, TypeVar

from restoretui.commands.output import Output
from restoretui.commands.summary import counts_of, say_dry, summarise
from restoretui.core.errors import ExitCode
from restoretui.core.model import State
from restoretui.ledger.run_records import Run
from restoretui.session.session import Session
from restoretui.wording import format as words

T = TypeVar("T")

NOTHING_SENT = "nothing was sent"
_NEVER_SENT = (State.PLANNED, State.SKIPPED, State.CANCELLED)


async def one_request(output: Output, job_id: str, deed: str, request: Awaitable[T]) -> T:
    """Send one request about a job. Who ends us is told whether it can have gone out, and whether it was answered."""
    output.left = f"whether {deed} cannot be told: `restoretui batch show {job_id}` looks"
    answer = await request
    output.left = deed
    return answer


async def all_or_none(session: Session, confirming: Sequence[Coroutine[Any, Any, Run]]) -> list[Run]:
    """Confirm runs, one by one. Whoever ends us meanwhile, or what stops one, gives up all of them, unsent."""
    runs: list[Run] = []
    try:
        for each in confirming:
            runs.append(await each)
    except BaseException:
        for each in confirming:
            each.close()
        for run in runs:
            await session.cancel(run.id)
        raise
    return runs


async def confirmed_whole(session: Session, confirming: Coroutine[Any, Any, Run]) -> Run:
    """Write one run down. Who ends us while it is being written finds it taken back or given up, unsent."""
    task = asyncio.ensure_future(confirming)
    try:
        with session.works.telling(lambda: "writing down what is to be sent; nothing is sent before that"):
            return await asyncio.shield(task)
    except BaseException:
        task.cancel()
        await asyncio.wait({task})  # It may be too late to take it back.
        if not task.cancelled() and task.exception() is None:
            await session.cancel(task.result().id)
        raise


def held_of(session: Session, run: Run) -> list[str]:
    """The run's jobs that wait to be confirmed, once nothing else of it is still to be sent."""
    from restoretui.ledger.batches.outstanding import outstanding

    batches = session.batch.ours(run.id)
    left = outstanding(run, batches)
    if left.unsent or left.in_jobs:
        return []
    return [batch.job_id for batch in batches if batch.is_held and not batch.is_settled]


def tell_unsent(session: Session, output: Output, runs: Iterable[Run]) -> ExitCode:
    """What ``watch`` would send of confirmed runs; the end of its dry run."""
    from restoretui.ledger.batches.outstanding import outstanding

    runs = list(runs)
    for run in runs:
        left = outstanding(run, session.batch.ours(run.id))
        unsure = run.counts.get(State.UNKNOWN, 0)
        told = {
            "to send": left.unsent, "to look at, and to send again where that had no effect": unsure,
            "in jobs that go on by themselves": left.in_jobs, "to let run by `batch confirm`": left.to_confirm,
            "to do then-steps with": max((step.open for step in run.then), default=0),
        }  # fmt: skip
        parts = [f"{words.plural(number, 'object')} {what}" for what, number in told.items() if number]
        output.run(run, session.looks_cost(run))
        output.say(f"run {run.id}: {'; '.join(parts) or 'nothing is unsent: it would only be watched'}")
    summarise(output, counts_of(session, runs), runs)
    say_dry(output)
    return ExitCode.DONE


def unsent_of(session: Session, runs: Sequence[Run]) -> int:
    """Objects that were agreed to, and that nobody has asked the cloud for."""
    by_jobs = _by_jobs(session, runs)
    return sum(run.counts.get(State.PLANNED, 0) for run in runs if run.id not in by_jobs)


def _by_jobs(session: Session, runs: Sequence[Run]) -> set[int]:
    # What a job will ask for is planned as long as the job has not said so.
    return {run.id for run in runs if any(batch.job_id for batch in session.batch.ours(run.id))}


def what_goes_on(session: Session, runs: Iterable[Run]) -> str:
    """Of confirmed runs: whether anything was sent, how much was not, and the command that goes on."""
    runs = list(runs)
    name = f"`restoretui watch {runs[0].id}`" if len(runs) == 1 else "`restoretui watch`"
    by_jobs = _by_jobs(session, runs)
    unsent = unsent_of(session, runs)
    sent = sum(sum(run.counts.values()) - sum(run.counts.get(state, 0) for state in _NEVER_SENT) for run in runs)
    held = [job_id for run in runs for job_id in held_of(session, run)]
    if held:
        wait = "its job waits" if len(held) == 1 else f"its {len(held)} jobs wait"
        return f"{wait} to be confirmed: `restoretui batch confirm {held[0]}`"
    begun = "its jobs go on in the cloud" if by_jobs else "what was sent goes on" if sent else NOTHING_SENT
    if not unsent and any(run.then_open or (run.is_open and run.then) for run in runs):
        return f"{begun}; what is to be done with the objects then is done while {name} or the screens run"
    if not unsent:
        return f"{begun}, and {name} follows it" if by_jobs or sent else begun
    left = f"{words.plural(unsent, 'object')} of what was confirmed {'is' if unsent == 1 else 'are'} unsent"
    return f"{begun}; {left}: {name}, or the screens, will send {'it' if unsent == 1 else 'them'}"
