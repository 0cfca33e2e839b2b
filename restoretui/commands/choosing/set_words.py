"""Sets where a command lists, and what is said of one wherever it is used."""

from restoretui.commands.choosing.choice import Choice
from restoretui.commands.output import Output
from restoretui.core.location import Location
from restoretui.ledger.records import Listing
from restoretui.session.session import Session
from restoretui.wording import format as words

Source = tuple[Location, bool, Listing | None]
"""A place, whether another one covers it, and what a set has there in place of what is there."""


async def listings_of_sets(session: Session, output: Output, choice: Choice) -> list[Source]:
    """What the sets of a choice have in each bucket; how old that is, is said."""
    found: list[Source] = []
    for name in choice.sets:
        listings = await session.sets.listings(name)
        for listing in listings:
            found.append((Location(listing.scope.cloud.scheme, listing.scope.bucket), False, listing))
        if not listings:
            output.say(f"{name} is empty")
        else:
            oldest = min(listing.started_at for listing in listings)
            age = words.ago((session.clock.now() - oldest).total_seconds())
            output.say(f"{name} as it was last seen, {age}: restoretui set diff {name} looks what has changed")
    return found
