"""A bucket's own inventory, found by its configuration and read on screen while everything else goes on.

Looked for when the key asks for one that nobody imported, and by itself, once for a place, where a listing goes on
and on: that it exists is worth knowing before an hour of listing.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, NamedTuple, Protocol

from restoretui.core.errors import CloudError, RestoreTuiError, UsageError
from restoretui.core.location import Location
from restoretui.ledger.records import CloudId
from restoretui.session.inventory.inventories import IMPORTED
from restoretui.tui.acts.inventory import LONG, offer_words, offered, turn_inventory
from restoretui.tui.dialogs.prompts import Confirm
from restoretui.tui.shell import Actor
from restoretui.wording import format as fmt
from restoretui.wording.safe import clean

if TYPE_CHECKING:
    from restoretui.ledger.records import Listing
    from restoretui.session.inventory.finding import FoundInventory
    from restoretui.session.inventory.inventories import Imported

SAID_EVERY_S = 0.5
DISK_OF_PACKED = 10
"""How many times the size of its packed files an inventory takes on disk, about, while its rows are put in order."""


class Viewed(Protocol):
    """What a board shows."""

    @property
    def listing(self) -> "Listing | None":
        """None until there is one."""
        ...

    @property
    def versions(self) -> bool:
        """Every version, not only the current ones."""
        ...


class Board(Actor, Protocol):
    """Where it is shown, and who is told."""

    @property
    def location(self) -> Location:
        """The place shown."""
        ...

    @property
    def source(self) -> Viewed:
        """What of it."""
        ...

    def go(self, location: Location) -> None:
        """Show another."""
        ...

    def say(self) -> object:
        """The status line, anew."""
        ...

    def attempt(self, work: Callable[[], Awaitable[object]], group: str) -> None:
        """In the background."""
        ...


class _Sought(NamedTuple):
    """Of what an inventory is wanted."""

    cloud: CloudId
    place: Location
    versions: bool


class InventoryImport:
    """Of one board."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._known: dict[_Sought, FoundInventory | None] = {}
        """What was looked for already."""
        self._reading: asyncio.Task[Imported] | None = None
        self._is_asking = False

    @property
    def under_way(self) -> str:
        """How far reading one is, and how to end it; empty while none is read."""
        if self._reading is None:
            return ""
        told = self._board.session.inventories.under_way or "looking for the inventory"
        return f"◑ {told} · {self._key} stops"

    def offer(self) -> str:
        """What could be shown in place of a listing under way, if that is known; else it is looked for, in time."""
        board = self._board
        kept = offered(board.session, board.location, versions=board.source.versions)
        if kept is not None:
            return offer_words(kept.started_at, board.session.clock.now(), self._key)
        wanted, listing = self._wanted(board.location), board.source.listing
        if wanted not in self._known and listing is not None and listing.objects >= LONG:
            self._known[wanted] = None
            board.attempt(lambda: self._look(wanted), "inventory-offer")
        found = self._known.get(wanted)
        if found is None:
            return ""
        return offer_words(found.inventory.made_at, board.session.clock.now(), self._key)

    async def turn(self) -> None:
        """What the key does: show the bucket by an inventory or by the cloud again, read one, or stop reading."""
        board, session = self._board, self._board.session
        if self._reading is not None:
            self._reading.cancel()
            return
        place, versions = board.location, board.source.versions
        is_shown = session.listings.inventory_of(session.cloud_of(place.scheme), place.bucket) is not None
        if is_shown or offered(session, place, versions=versions) is not None:
            turn_inventory(session, place, versions=versions)
            board.go(place)
            return
        if self._is_asking:
            return
        self._is_asking = True
        try:
            wanted, found = await self._find(place)
            if found is None:
                turn_inventory(session, place, versions=versions)  # Says that there is none, and what would help.
            elif not await board.shell.push_screen_wait(Confirm("Inventory", self._question(found), "Read it")):
                found = None
        finally:
            self._is_asking = False
        if found is not None:
            await self._read(wanted, found)

    @property
    def _key(self) -> str:
        return self._board.shell.key_for("inventory")

    def _wanted(self, place: Location) -> _Sought:
        return _Sought(self._board.session.cloud_of(place.scheme), place, self._board.source.versions)

    async def _look(self, wanted: _Sought) -> None:
        try:
            self._known[wanted] = await self._board.session.inventories.configured(
                wanted.place, versions=wanted.versions
            )
        except RestoreTuiError:
            return  # Nobody has asked: the key says why there is none.
        self._board.say()

    async def _find(self, place: Location) -> "tuple[_Sought, FoundInventory | None]":
        """Of the whole bucket, or else of the place shown."""
        self._board.shell.say("busy", f"looking for an inventory of {clean(place.bucket)} …")
        wanted = self._wanted(Location(place.scheme, place.bucket))
        found = await self._asked(wanted)
        if found is None and place != wanted.place:
            wanted = self._wanted(place)
            found = await self._asked(wanted)
        self._board.shell.move_on()
        return wanted, found

    async def _asked(self, wanted: _Sought) -> "FoundInventory | None":
        try:
            return await self._board.session.inventories.configured(wanted.place, versions=wanted.versions)
        except CloudError as error:
            raise UsageError(
                f"whether {wanted.place.bucket} has an inventory is not told: {error}",
                f"restoretui import {wanted.place} --from-inventory LOCATION",
            ) from None

    def _question(self, found: "FoundInventory") -> str:
        made, files = found.inventory.made_at, found.inventory.files
        packed = sum(file.size or 0 for file in files)
        ago = fmt.ago((self._board.session.clock.now() - made).total_seconds())
        return (
            f"Show {clean(found.inventory.bucket)} by its inventory of {made:%Y-%m-%d %H:%M} UTC, {ago}, in place of"
            f" listing it? {fmt.plural(len(files), 'file')} of {fmt.size(packed)} to read, which take about"
            f" {fmt.size(DISK_OF_PACKED * packed)} on disk: {clean(found.called)}"
        )

    async def _read(self, wanted: _Sought, found: "FoundInventory") -> None:
        board, session = self._board, self._board.session
        reading = asyncio.create_task(session.inventories.at(wanted.place, found.called, versions=wanted.versions))
        self._reading = reading
        try:
            while not reading.done():
                board.say()
                pause = asyncio.create_task(session.clock.pause(SAID_EVERY_S))
                await asyncio.wait({reading, pause}, return_when=asyncio.FIRST_COMPLETED)
                pause.cancel()
            if reading.cancelled():
                board.shell.say("done", "the inventory is no longer read; nothing of it is kept")
                return
            listing = reading.result().listing
        finally:
            self._reading = None
            reading.cancel()
            board.say()
        session.listings.by_inventory(listing)
        board.shell.say("done", f"{fmt.plural(listing.objects, 'object')} by the inventory: {IMPORTED}")
        if (board.location.scheme, board.location.bucket) == (wanted.place.scheme, wanted.place.bucket):
            board.go(board.location)
