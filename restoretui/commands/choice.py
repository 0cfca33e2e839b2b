"""What a command is about: locations, what of them, and a selection made of that."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from restoretui.commands.key_list import read_keys
from restoretui.commands.output import Output
from restoretui.core.errors import CloudError, UsageError
from restoretui.core.location import Location, parse_location
from restoretui.core.model import ObjectRef
from restoretui.ledger.records import Query, View
from restoretui.session import Session


@dataclass(frozen=True)
class Choice:
    """What a command is about: locations, and what of them."""

    locations: tuple[str, ...]
    query: Query = field(default_factory=Query)
    versions: bool = False
    keys_from: str | None = None
    version_id: str | None = None

    def parsed(self) -> list[Location]:
        """The locations; ``LocationError`` for the first that is none, ``UsageError`` when options clash."""
        places = [parse_location(text) for text in self.locations]
        if self.keys_from and (len(places) != 1 or places[0].key is not None or not places[0].bucket):
            raise UsageError("--keys-from needs exactly one location: the bucket, or a prefix, the keys are in")
        if self.version_id and (len(places) != 1 or places[0].key is None):
            raise UsageError("--version-id needs exactly one location that is a key")
        return places


@asynccontextmanager
async def listing_view(session: Session, place: Location, choice: Choice) -> AsyncIterator[View[Any]]:
    """What is at ``place`` right now, of that what was chosen."""
    listing = await session.open_listing(place, recursive=True, versions=choice.versions, refresh=True)
    await session.listed(listing)
    view = await session.ledger.catalog.browse(listing.id, choice.query)
    try:
        await view.wait()
        yield view
    finally:
        await view.aclose()


@asynccontextmanager
async def selected(session: Session, output: Output, choice: Choice) -> AsyncIterator[tuple[int, list[str]]]:
    """A selection of the chosen objects, and a sentence for each that could not be seen."""
    places = choice.parsed()
    missing: list[str] = []

    def note(ref: ObjectRef, error: CloudError, scheme: str) -> None:
        missing.append(f"{scheme}://{ref.bucket}/{ref.key}: {error}")
        output.say(missing[-1])

    sel = await session.ledger.selections.create()
    try:
        for place in places:
            if not place.bucket:
                raise UsageError(f"{place} names no bucket", f"write {place}BUCKET/...")
            at_place = partial(note, scheme=place.scheme)
            if choice.keys_from:
                source = "stdin" if choice.keys_from == "-" else choice.keys_from
                with session.works.telling(lambda source=source: f"reading keys from {source}"):  # type: ignore[misc]
                    keys = await read_keys(choice.keys_from, place.prefix)
                refs = [ObjectRef(place.bucket, key) for key in keys]
                await session.choosing.keys(sel, refs, at_place, place.scheme)
            elif place.key is not None:
                ref = ObjectRef(place.bucket, place.key, choice.version_id)
                await session.choosing.keys(sel, [ref], at_place, place.scheme)
            else:
                await session.choosing.under(sel, place, versions=choice.versions, query=choice.query, refresh=True)
        await session.choosing.look(sel)
        yield sel, missing
    finally:
        await session.ledger.selections.drop(sel)
