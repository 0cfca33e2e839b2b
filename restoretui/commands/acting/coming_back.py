"""``restoretui watch --until-next``: what is due now is done, and a scheduler is told when to call again."""

from collections.abc import Sequence
from datetime import timedelta

from restoretui.commands.output import Output
from restoretui.commands.summary import counts_of, summarise
from restoretui.core.errors import ExitCode, TimedOut
from restoretui.core.model import State
from restoretui.ledger.batches.outstanding import outstanding
from restoretui.ledger.run_records import Run
from restoretui.session.session import Session
from restoretui.wording import format as words

SOON = timedelta(minutes=1)
"""Cloud time: what is due within it is waited for, since no scheduler calls more often."""
LONGEST_S = 120.0
"""Machine seconds for all of it without ``--timeout``: a cloud out of reach must not hold a scheduler up."""
GLANCE_S = 0.2


async def come_back(
    session: Session, output: Output, run_ids: Sequence[int], timeout: timedelta | None
) -> ExitCode | None:
    """Wait until nothing of the runs is due soon; None where all is settled.

    Else the exit code is that of a time that was over first: something is awaited, and the words say until when; or
    why nobody here can say so, where all of it is left to others.
    """
    end = session.clock.monotonic() + (LONGEST_S if timeout is None else timeout.total_seconds())
    while True:
        if session.failure is not None:
            raise session.failure
        runs = [await session.ledger.runs.get(run_id) for run_id in run_ids]
        runs_open = [run for run in runs if run.is_open or run.then_open]
        if not runs_open:
            return None
        others = session.run_views.left_alone
        if all(run.id in others for run in runs_open):
            summarise(output, counts_of(session, runs), runs)
            for run in runs_open:
                output.say(f"run {run.id}: {others[run.id]}: nothing is due here")
            return ExitCode.TIMED_OUT
        at = session.health.next_look_at
        is_later = at is not None and at - session.clock.now() >= SOON
        if at is not None and is_later and all(_is_at_rest(session, run) for run in runs):
            summarise(output, counts_of(session, runs) | {"come_back_at": at}, runs)
            output.say(f"come back at {words.stamp(at)}: {session.health.reason}")
            if not output.as_json:
                output.text(f"{at:%Y-%m-%dT%H:%M:%SZ}")
            return ExitCode.TIMED_OUT
        if session.clock.monotonic() >= end:
            summarise(output, counts_of(session, runs) | {"timed_out": True}, runs)
            why = session.health.text or "what is due was not done in time"
            output.error(TimedOut(f"the time to wait is over: {why}", "call again: it goes on where it stands"))
            return ExitCode.TIMED_OUT
        await session.clock.pause(GLANCE_S)


def _is_at_rest(session: Session, run: Run) -> bool:
    """Nothing of it is to be sent or done right now; what is left to somebody else is theirs."""
    if run.id in session.run_views.left_alone:
        return True
    unsent = outstanding(run, session.batch.ours(run.id)).unsent
    waits = run.id in session.out_of_capacity
    return not run.then_open and (waits or not (unsent or run.counts.get(State.UNKNOWN)))
