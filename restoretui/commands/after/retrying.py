"""``restoretui retry`` of a run whose objects all came, where what was to be done with them then has failed."""

from datetime import timedelta

from restoretui.commands.agreeing import Agreeing
from restoretui.commands.following import follow
from restoretui.commands.leaving import what_goes_on
from restoretui.commands.output import Output
from restoretui.commands.summary import summarise
from restoretui.core.errors import ExitCode
from restoretui.ledger.run_records import Run
from restoretui.session.session import Session
from restoretui.wording import format as words


async def retry_then(
    session: Session,
    output: Output,
    run: Run,
    agreeing: Agreeing,
    *,
    wait: bool,
    timeout: timedelta | None,
    fail_fast: bool,
) -> ExitCode:
    """Do it once more, once its price is told and agreed to; followed to its end, since nothing else is awaited."""
    del wait
    offer = await session.spending.offer_then(run.id)
    steps = ", ".join(f"{count.failed:,} × {count.step.kind}" for count in run.then if count.failed)
    consent = await agreeing.to(session, output, offer, f"Do once more what failed of run {run.id} ({steps})")
    if consent is None:
        summarise(output, {"runs": [run.id], "retried": 0})
        return ExitCode.DONE
    count = await session.spending.retry_then(consent, run.id)
    output.left = what_goes_on(session, [await session.ledger.runs.get(run.id)])
    output.say(f"{words.plural(count, 'object')} of run {run.id} are tried again")
    session.start_engine([run.id], fail_fast=fail_fast)
    return await follow(session, output, [run.id], wait=True, timeout=timeout, fail_fast=fail_fast)
