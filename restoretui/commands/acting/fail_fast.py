"""``--fail-fast``: at the first object that fails, what is not sent yet is given up."""

from collections.abc import Sequence

from restoretui.commands.output import Output
from restoretui.core.errors import ExitCode
from restoretui.core.model import State
from restoretui.ledger.run_records import Run
from restoretui.session.session import Session
from restoretui.wording.format import plural


async def give_up_at_failure(session: Session, output: Output, runs: Sequence[Run]) -> None:
    """Once one more object of these runs has failed than now, give up all that is unsent of them; until cancelled.

    The engine stops sending by itself (``start_engine``); what it had claimed and gives back is given up here, too.
    """
    before = sum(run.counts.get(State.FAILED, 0) for run in runs)
    told = False
    with session.ledger.changes.subscribe() as changed:
        while True:
            now = [await session.ledger.runs.get(run.id) for run in runs]
            if sum(run.counts.get(State.FAILED, 0) for run in now) > before:
                given_up = sum([await session.cancel(run.id) for run in now if run.counts.get(State.PLANNED)])
                if given_up and not told:
                    told = True
                    output.say("--fail-fast: an object failed, so what is not sent yet is given up")
            await anext(changed)


def stopped_by_missing(output: Output, missing: int, left_out: int) -> ExitCode:
    """Objects cannot be seen, and that is a failure before anything was sent."""
    output.say(f"--fail-fast: {plural(missing, 'object')} could not be seen, so nothing was sent")
    output.summary({"missing": missing, "left_out": left_out})
    return ExitCode.SOME_FAILED
