"""``restoretui events setup`` and ``events remove``."""

from restoretui.commands.agreeing import Agreeing
from restoretui.commands.leaving import NOTHING_SENT
from restoretui.commands.output import Output
from restoretui.commands.summary import say_dry
from restoretui.config.settings import Settings
from restoretui.core.errors import ExitCode, UsageError
from restoretui.core.events.queues import read_queue
from restoretui.core.location import parse_location
from restoretui.session.events.setup import apply_change, plan_change
from restoretui.session.session import open_session
from restoretui.wording.safe import clean


async def setup(settings: Settings, output: Output, location: str, agreeing: Agreeing, *, removes: bool) -> ExitCode:
    """Show what making the bucket send its restore events would change, or taking that back; then do it."""
    output.left = NOTHING_SENT
    place = parse_location(location)
    if len(settings.events) != 1:
        many = "several queues are named" if settings.events else "no queue is named"
        raise UsageError(f"{many}, and a bucket sends its events to one", "say --events sqs:URL")
    queue = read_queue(settings.events[0])
    output.summary({"locations": [str(place)]})
    async with open_session(settings, priced=True) as session:
        change = await plan_change(session, place, queue, removes=removes)
        lines, bucket = change.lines, place.bucket
        verb = "removed" if removes else "set up"
        if not output.as_json:
            for line in lines:
                output.text(clean(line))
        fields: dict[str, object] = {"scheme": place.scheme, "bucket": bucket, "location": str(place)}
        fields |= {"queue": str(queue), "difference": lines}
        if not lines or agreeing.dry_run:
            if output.as_json:
                output.line("subscription", fields | {"written": False})
            if lines:
                say_dry(output)
            else:
                output.say(_as_it_is(bucket, queue.name, removes=removes))
            return ExitCode.DONE
        output.flush()
        what = "Take this out" if removes else "Write this"
        consent = await agreeing.asks(
            session, [change.offer], f"{what}, of the bucket {bucket} and of the queue {queue.name}?"
        )
        output.left = "say it again: what stands there already is not written twice"
        await apply_change(session, consent, change)
        if output.as_json:
            output.line("subscription", fields | {"written": True})
        output.summary({"written": True})
        output.say(f"{verb}: restore events of {place} {'no longer ' if removes else ''}go to {queue.name}")
        if not removes:
            output.say(f"it takes about five minutes to begin; then: restoretui watch --events {queue}")
    return ExitCode.DONE


def _as_it_is(bucket: str, queue: str, *, removes: bool) -> str:
    if removes:
        return f"nothing of ours sends events of {bucket} to {queue}: nothing was changed"
    return f"events of {bucket} go to {queue} already: nothing was changed"
