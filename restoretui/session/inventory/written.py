"""Writes a listing that is no LIST of what is there: of an inventory, or a set."""

from collections.abc import Awaitable, Callable
from typing import Any

from restoretui.core.errors import RestoreTuiError
from restoretui.core.model import Entry, Page
from restoretui.core.rows import Rows
from restoretui.ledger import Ledger
from restoretui.ledger.records import Listing, Origin, Scope

_HINTS = Entry._fields.index("expiry")
Put = Callable[[Rows], Awaitable[None]]
"""Takes rows in key order."""


async def write_listing(
    ledger: Ledger, scope: Scope, origin: Origin, pages: Callable[[Put], Awaitable[None]], *, hints: bool = False
) -> Listing:
    """Whatever ``pages`` puts, as a listing of ``scope``; what it raises ends the listing early.

    ``hints``: where the ends of copies stand are marks of rows that are surely no archive's.
    """
    catalog = ledger.catalog
    listing = await catalog.begin(scope, origin)

    count = 0

    async def put(rows: Rows) -> None:
        nonlocal count
        if hints:
            marked = rows.columns[_HINTS]
            if any(marked):
                found = [count + at for at, hint in enumerate(marked) if hint]
                await catalog.note_in_use(listing.id, found)
                columns: list[Any] = [*rows.columns]
                columns[_HINTS] = [None] * len(rows)
                rows = Rows(columns)
            count += len(rows)
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
