"""``restoretui ls``."""

from restoretui.commands.choice import Choice, listing_view
from restoretui.commands.output import Output
from restoretui.commands.summary import summarise
from restoretui.config.settings import Settings
from restoretui.core.errors import ExitCode, UsageError
from restoretui.core.location import Location
from restoretui.core.model import State
from restoretui.session.export import each
from restoretui.session.jsonlines import instant
from restoretui.session.session import Session, open_session
from restoretui.wording import format as words


async def ls(settings: Settings, output: Output, choice: Choice) -> ExitCode:
    """List objects with their state, from one listing."""
    choice = choice.meant(settings)
    places = choice.parsed()
    async with open_session(settings) as session:
        states: dict[str, int] = {}
        total = size = unsized = 0
        for place in places:
            if not place.bucket:
                if choice.versions or choice.query.filters:
                    raise UsageError(
                        f"{place} is a list of buckets, and selectors choose among objects", "name a bucket"
                    )
                await _list_buckets(session, output, place.scheme)
                continue
            async with listing_view(session, place, choice) as view:
                async for row in each(view):
                    if place.version_id not in (None, row.ref.version_id):
                        continue
                    output.object(place.scheme, row)
                    states[row.state] = states.get(row.state, 0) + 1
                    total += 1
                    if row.size is None:
                        unsized += 1
                    else:
                        size += row.size
        summarise(output, {"objects": total, "size": size, "states": states})
        if states.get(State.UNKNOWN):
            output.say(
                f"{states[State.UNKNOWN]:,} are Intelligent-Tiering: only a plan looks whether those are archived"
            )
        output.say(f"{words.plural(total, 'object')}, {words.sizes(size, unsized)}")
    return ExitCode.DONE


async def _list_buckets(session: Session, output: Output, scheme: str) -> None:
    for bucket in await session.buckets(scheme):
        location = str(Location(scheme, bucket.name))
        if output.as_json:
            created = instant(bucket.created.timestamp() if bucket.created else None)
            output.line("object", {"location": location, "bucket": bucket.name, "key": None,
                                   "region": bucket.region or None, "modified": created})  # fmt: skip
        else:
            output.text(location)
