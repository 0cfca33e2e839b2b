"""Writes a listing that is no LIST of what is there: of an inventory, or a set."""

from collections.abc import Awaitable, Callable

from restoretui.core.errors import RestoreTuiError
from restoretui.core.model import Page
from restoretui.core.rows import Rows
from restoretui.ledger import Ledger
from restoretui.ledger.records import Listing, Origin, Scope

Put = Callable[[Rows], Awaitable[None]]
"""Takes rows in key order."""


async def write_listing(
    ledger: Ledger, scope: Scope, origin: Origin, pages: Callable[[Put], Awaitable[None]]
) -> Listing:
    """Whatever ``pages`` puts, as a listing of ``scope``; what it raises ends the listing early."""
    catalog = ledger.catalog
    listing = await catalog.begin(scope, origin)

    async def put(rows: Rows) -> None:
        catalog.append(listing.id, Page(rows, (), None), "")
        await catalog.room()

    try:
        await pages(put)
    except RestoreTuiError as error:
        await catalog.finish(listing.id, str(error))
        raise
    except BaseException:
        await catalog.finish(listing.id, "stopped")
        raise
    return await catalog.finish(listing.id)
