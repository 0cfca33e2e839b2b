"""``restoretui import``: a bucket's inventory as a listing; and what is said of one wherever it is used."""

from restoretui.commands.choosing.choice import Choice
from restoretui.commands.choosing.inventory_words import tell_of_inventory
from restoretui.commands.output import Output
from restoretui.config.settings import Settings
from restoretui.core.errors import ExitCode, UsageError
from restoretui.core.filter.tree import LISTED, fields_of
from restoretui.ledger.records import Query
from restoretui.session.session import open_session
from restoretui.wording import format as words


async def import_(
    settings: Settings, output: Output, location: str, named: str, query: Query, *, versions: bool
) -> ExitCode:
    """Read the inventory ``named`` into the catalog, as far as it is below ``location`` and matches."""
    choice = Choice((location,), query, versions=versions, from_inventory=named).meant(settings)
    if untold := fields_of(choice.query.where) - LISTED:
        raise UsageError(
            f"an inventory tells nothing of {', '.join(sorted(untold))}, by which rows are to be kept",
            "filter by that when you list, plan or restore",
        )
    (place,) = choice.parsed()
    async with open_session(settings, priced=False) as session:
        found = await session.inventories.at(place, named, versions=versions, where=choice.query.where)
        listing = found.listing
        tell_of_inventory(session, output, found)
        output.summary(
            {
                "locations": [str(place)],
                "objects": listing.objects,
                "size": listing.size_bytes,
                "rows": found.seen,
                "as_of": listing.started_at,
            }
        )
        output.say(
            f"{words.plural(listing.objects, 'object')}, {words.size(listing.size_bytes)}: --from-inventory imported"
            " is this one from now on"
        )
    return ExitCode.DONE
