"""``restoretui cancel``: what of a run was not sent yet is given up; what was sent cannot be called back."""

from datetime import timedelta

from restoretui.commands.following import time_to_wait
from restoretui.commands.leaving import NOTHING_SENT
from restoretui.commands.output import Output
from restoretui.commands.summary import counts_of, say_dry, summarise
from restoretui.commands.unheard import say_unheard
from restoretui.config.settings import Settings
from restoretui.core.errors import ExitCode, TimedOut
from restoretui.core.model import State
from restoretui.ledger.batches.records import BatchJob
from restoretui.ledger.run_records import Run
from restoretui.session.session import Session, open_session
from restoretui.wording import format as words

_SENT = (State.REQUESTED, State.RESTORING, State.UNKNOWN)
"""What goes on in the cloud whatever is given up here."""
_HEARD = ("Cancelling", "Cancelled", "Completing", "Complete", "Failing", "Failed")
"""A job's status once the cloud works off no more of it."""


async def cancel(
    settings: Settings, output: Output, name: str, *, dry_run: bool = False, timeout: timedelta | None = None
) -> ExitCode:
    """Give up what is unsent of a run, and cancel its jobs that are not over; nothing is asked, nothing costs.

    A job is the cloud's to cancel: that is waited for, since only then nothing more goes out.
    """
    output.left = "what was given up stays so; say it again to give up the rest"
    async with open_session(settings) as session:
        run = await session.run_views.find_run(name)
        say_unheard(settings, output, [run])
        if dry_run:
            output.left = NOTHING_SENT
            _tell(output, session, run, run.counts.get(State.PLANNED, 0), "would be given up")
            for batch in _live(session, run.id):
                output.say(f"{_name(batch)} would be cancelled")
            summarise(output, counts_of(session, [run]), [run])
            say_dry(output)
            return ExitCode.DONE
        jobs = _live(session, run.id)
        before = run.counts.get(State.CANCELLED, 0)
        with session.works.telling(lambda: _so_far(session, run.id, before)):
            await session.cancel(run.id)
        await _until_heard(session, run.id, jobs, timeout)
        for batch in _same(session, run.id, jobs):
            output.batch_state(batch)
        run = await session.ledger.runs.get(run.id)
        given_up = run.counts.get(State.CANCELLED, 0) - before
        _tell(output, session, run, given_up, "given up")
        summarise(output, counts_of(session, [run]) | {"given_up": given_up}, [run])
    return ExitCode.DONE


async def _until_heard(session: Session, run_id: int, jobs: list[BatchJob], timeout: timedelta | None) -> None:
    """Until whoever sends the run, here or elsewhere, has given back what it was about to send, and its jobs end."""

    def over(run: Run) -> bool:
        unheard = [one for one in _same(session, run_id, jobs) if not one.is_settled and one.status not in _HEARD]
        return not unheard and (bool(jobs) or not run.counts.get(State.PLANNED))

    run = await session.ledger.runs.get(run_id)
    if over(run):
        return
    session.start_engine([run_id])
    who = "S3 Batch Operations" if jobs else "whoever is sending it"
    try:
        async with time_to_wait(session, timeout):
            with session.works.telling(lambda: f"run {run_id} is given up; waiting until {who} has heard of it"):
                await session.wait_for([run_id], over)
    except TimedOut as error:
        raise TimedOut(
            f"the time to wait is over, and {who} has not heard yet that run {run_id} is given up",
            f"nothing more of it is sent once that has; `restoretui watch {run_id}` sees to it",
        ) from error


def _so_far(session: Session, run_id: int, before: int) -> str:
    """While very many are given up; nothing of the run leaves any more by then."""
    now = next((run.counts.get(State.CANCELLED, 0) for run in session.ledger.runs.peek_all() if run.id == run_id), 0)
    return f"{now - before:,} unsent requests given up so far" if now > before else ""


def _live(session: Session, run_id: int) -> list[BatchJob]:
    return [batch for batch in session.batch.ours(run_id) if not batch.is_settled]


def _same(session: Session, run_id: int, jobs: list[BatchJob]) -> list[BatchJob]:
    wanted = {batch.id for batch in jobs}
    return [batch for batch in session.batch.ours(run_id) if batch.id in wanted]


def _name(batch: BatchJob) -> str:
    return f"job {batch.job_id}" if batch.job_id else f"the job for {batch.bucket}, which is not made yet,"


def _tell(output: Output, session: Session, run: Run, given_up: int, deed: str) -> None:
    by_jobs = bool(session.batch.ours(run.id))
    thing = "object" if by_jobs else "request"
    output.say(
        f"run {run.id}: {words.plural(given_up, f'unsent {thing}')} {deed}"
        if given_up
        else f"run {run.id}: nothing of it is unsent"
    )
    sent = sum(run.counts.get(state, 0) for state in _SENT)
    if sent:
        output.say(
            f"{words.plural(sent, 'request')} were sent and cannot be called back: `restoretui watch {run.id}` "
            "follows them"
        )
