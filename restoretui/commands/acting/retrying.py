"""``restoretui retry``: what failed of a run, asked for once more."""

from datetime import timedelta

from restoretui.commands.after.retrying import retry_then
from restoretui.commands.agreeing import Agreeing
from restoretui.commands.following import follow, left_of, time_to_wait
from restoretui.commands.leaving import NOTHING_SENT, what_goes_on
from restoretui.commands.output import Output
from restoretui.commands.unheard import say_unheard
from restoretui.config.settings import Settings
from restoretui.core.errors import ExitCode
from restoretui.session.session import open_session
from restoretui.wording import format as words


async def retry(
    settings: Settings,
    output: Output,
    name: str,
    agreeing: Agreeing,
    *,
    wait: bool,
    timeout: timedelta | None,
    fail_fast: bool = False,
) -> ExitCode:
    """Send the failed objects of a run again, one request each, once their price is told and agreed to."""
    output.left = NOTHING_SENT
    async with open_session(settings) as session:
        run = await session.run_views.find_run(name)
        say_unheard(settings, output, [run])
        async with time_to_wait(session, timeout) as limit:
            offer = await session.spending.offer_retry(run.id)
        if not offer.objects and run.then_failed:
            return await retry_then(
                session, output, run, agreeing, wait=wait, timeout=left_of(limit), fail_fast=fail_fast
            )
        if not offer.objects:
            output.say(f"nothing of run {run.id} has failed")
            output.summary({"runs": [run.id]})
            return ExitCode.DONE
        if short := await session.run_views.short_of_capacity(run):
            output.say(
                f"{words.plural(short, 'object')} of it found no Expedited capacity, and may find none again: the "
                "same restore with --tier standard asks for those alone"
            )
        deed = f"Send {words.plural(offer.objects, 'failed object')} of run {run.id} again"
        consent = await agreeing.to(session, output, offer, deed)
        if consent is None:
            output.summary({"runs": [run.id]})
            return ExitCode.DONE
        output.left = f"whether run {run.id} goes on cannot be told: `restoretui status {run.id}` tells"
        count = await session.spending.retry(consent, run.id)
        output.left = what_goes_on(session, [await session.ledger.runs.get(run.id)])
        output.summary({"retried": count})
        output.say(f"{words.plural(count, 'object')} of run {run.id} go out again")
        session.start_engine([run.id], fail_fast=fail_fast)
        return await follow(session, output, [run.id], wait=wait, timeout=left_of(limit), fail_fast=fail_fast)
