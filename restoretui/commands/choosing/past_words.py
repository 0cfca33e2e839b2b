"""What is said of a place as of an instant, wherever a command is about one."""

from datetime import datetime
from typing import TYPE_CHECKING

from restoretui.commands.output import Output
from restoretui.core.location import Location
from restoretui.session.session import Session
from restoretui.wording import format as words

if TYPE_CHECKING:
    from restoretui.session.past.past import PastListing


async def past_of(
    session: Session, place: Location, as_of: object, since: object, *, markers: bool = False
) -> "PastListing":
    """What was at ``place``, as options that are ``meant`` have it; with the markers of what was deleted by then."""
    return await session.past.at(
        place, as_of if isinstance(as_of, datetime) else None, since if isinstance(since, datetime) else None,
        markers=markers,
    )  # fmt: skip


def tell_of_past(session: Session, output: Output, place: Location, found: "PastListing") -> None:
    """What cannot be told, key by key and in sum, and what leaves no trace."""
    origin = found.listing.origin
    if origin is not None:
        rows = found.listing.objects - (found.deleted if found.has_markers else 0)
        deleted = f", and {words.plural(found.deleted, 'key')} deleted by then" if found.deleted else ""
        output.say(f"{place} {origin.source}: {words.plural(rows, 'object')}{deleted}")
    for key, why in found.amiss:
        output.say(f"{place.object(key)}: left out, for {why}")
    if (more := found.counts.total() - len(found.amiss)) > 0:
        output.say(f"… and {words.plural(more, 'key')} more of which nobody can tell")
    before = found.no_trace_before(session.clock.now())
    if before is not None and origin is not None and origin.as_of < session.clock.now():
        output.say(
            f"a lifecycle rule removes versions {words.duration((session.clock.now() - before).total_seconds())}"
            f" after they were replaced: what was before {before:%Y-%m-%d} may be gone without a trace"
        )
