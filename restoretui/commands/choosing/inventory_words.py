"""What is said of an inventory wherever a command uses one."""

from typing import TYPE_CHECKING

from restoretui.commands.output import Output
from restoretui.session.session import Session
from restoretui.wording import format as words

if TYPE_CHECKING:
    from restoretui.session.inventory.inventories import Imported


def tell_of_inventory(session: Session, output: Output, found: "Imported") -> None:
    """How old it is, and what it cannot tell."""
    listing = found.listing
    age = words.ago((session.clock.now() - listing.started_at).total_seconds())
    read = f": {found.seen:,} rows read" if found.seen else ""
    only = f", of which only {listing.origin.only!r} was kept" if listing.origin and listing.origin.only else ""
    output.say(f"as of the inventory of {listing.started_at:%Y-%m-%d %H:%M} UTC, {age}{read}{only}")
    if found.repeated:
        again = words.plural(found.repeated, "row")
        output.say(f"{again} of it named an object again, and the newest of each counts: is the inventory whole?")
    if not found.is_checked:
        output.say("no manifest.checksum is beside it, so that nothing says whether its manifest is whole")
