"""What a choice names right now: a view of it, or a selection made of it; what could not be seen is said."""

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from typing import Any

from msgspec import Struct

from restoretui.commands.choosing.choice import Choice
from restoretui.commands.choosing.inventory_words import tell_of_inventory
from restoretui.commands.choosing.past_words import past_of, tell_of_past
from restoretui.commands.output import Output
from restoretui.core.errors import AccessDenied, CloudError, InvalidRequest, UsageError
from restoretui.core.filter.edits import without
from restoretui.core.filter.tree import all_of, in_states, is_about_keys
from restoretui.core.location import Location
from restoretui.core.model import ObjectRef, State
from restoretui.core.rows import Refs
from restoretui.core.rules.clouds import CLOUDS
from restoretui.ledger.records import Listing, Query, View
from restoretui.session.jsonlines.objects import missing_fields
from restoretui.session.keys.entries import KeysFormat
from restoretui.session.session import Session
from restoretui.wording import format as words

MOST_MISSING = 20
"""Objects that cannot be seen are named one by one up to here, then counted."""


@asynccontextmanager
async def listing_view(
    session: Session, place: Location, choice: Choice, output: Output | None = None, of_set: Listing | None = None
) -> AsyncIterator[View[Any]]:
    """What is at ``place`` right now, or in the inventory that was named, of that what was chosen.

    Of one version, all versions of its key. Or what a set has there, which is a listing already.
    """
    versions = choice.versions or place.version_id is not None
    if of_set is not None:
        listing = of_set
    elif choice.from_inventory:
        where = choice.query.where
        found = await session.inventories.at(place, choice.from_inventory, versions=versions, where=where)
        if output is not None:
            tell_of_inventory(session, output, found)
        listing = found.listing
    elif choice.is_past:
        past = await past_of(session, place, choice.as_of, choice.deleted_since, markers=True)
        if output is not None:
            tell_of_past(session, output, place, past)
        listing = past.listing
    else:
        listing = await session.open_listing(place, recursive=True, versions=versions, refresh=True)
        await session.listed(listing)
    if output is not None and (unsure := await session.ledger.selections.unsure_of(listing, choice.query)):
        await _tell_unjudged(session, output, place, listing, choice.query, unsure)
    view = await session.ledger.catalog.browse(listing.id, choice.query)
    try:
        await view.wait()
        yield view
    finally:
        await view.aclose()


async def _tell_unjudged(
    session: Session, output: Output, place: Location, listing: Listing, query: Query, unsure: Collection[str]
) -> None:
    """Of the objects that are left out some may belong here: how many, since the listing does not tell."""
    left_out = all_of([without(query.where, unsure), in_states(State.UNKNOWN)])
    view = await session.ledger.catalog.browse(listing.id, Query(where=left_out))
    try:
        await view.wait()
        many = view.objects
    finally:
        await view.aclose()
    if many:
        what = "no storage class" if "class" in unsure else "no archive tier, which only a HEAD tells,"
        output.say(f"{place}: {words.plural(many, 'object')} with {what} in the listing: not judged, and left out")
        output.say("  restoretui plan with the same selectors looks at each")


class Selected(Struct):
    """A selection of the chosen objects, and what is not in it."""

    sel: int
    missing: int = 0
    """Objects that could not be seen."""
    left_out: int = 0
    """Objects that were named, but that the selectors left out."""
    unseen: int = 0
    """Objects that may not be looked at, and that are asked for all the same."""


@asynccontextmanager
async def selected(
    session: Session, output: Output, choice: Choice, *, judged: bool = True
) -> AsyncIterator[Selected]:
    """What is chosen, marked in a selection of its own; what could not be seen, or was left out, is said.

    ``judged``: what a listing cannot tell is looked at, for a plan of it.
    """
    places = choice.parsed()
    chosen = Selected(await session.ledger.selections.create())
    if choice.ask_unseen:
        session.ask_unseen(chosen.sel)
    try:
        if choice.named is not None:
            await _select_listed(session, output, choice, chosen, places)
            places = []
        for place in places:
            if not place.bucket:
                raise UsageError(f"{place} names no bucket", f"write {place}BUCKET/...")
            if choice.keys_from:
                refs = await _saved(session, choice.keys_from, place)
                await _select_named(session, output, choice, chosen, place, refs)
            elif choice.is_past:
                past = await past_of(session, place, choice.as_of, choice.deleted_since)
                tell_of_past(session, output, place, past)
                await session.selecting.listed(chosen.sel, past.listing, choice.query)
            elif place.key is not None:
                ref = ObjectRef(place.bucket, place.key, place.version_id)
                await _select_named(session, output, choice, chosen, place, [ref])
            elif choice.from_inventory:
                found = await session.inventories.at(
                    place, choice.from_inventory, versions=choice.versions, where=choice.query.where
                )
                tell_of_inventory(session, output, found)
                await session.selecting.listed(chosen.sel, found.listing, choice.query)
            else:
                await session.selecting.under(
                    chosen.sel, place, versions=choice.versions, query=choice.query, refresh=True
                )
        for name in choice.sets:
            await _select_set(session, output, choice, chosen, name)
        if judged:
            await _look(session, output, choice, chosen)
        if judged and choice.from_inventory and any(looks := session.selecting.looks):
            output.say(
                f"looked at what is chosen by {words.plural(looks.pages, 'page')} of listings and"
                f" {words.plural(looks.heads, 'HEAD')}"
            )
        if (more := chosen.missing + chosen.unseen - MOST_MISSING) > 0:
            output.say(f"… and {words.plural(more, 'object')} more could not be seen")
        if chosen.left_out:
            named = words.plural(chosen.left_out, "object")
            output.say(f"{named} that you named {'is' if chosen.left_out == 1 else 'are'} left out by the selectors")
        yield chosen
    finally:
        await session.ledger.selections.drop(chosen.sel)


async def _select_listed(
    session: Session, output: Output, choice: Choice, chosen: Selected, places: Sequence[Location]
) -> None:
    """What the list names at these places; what lies elsewhere is left out, and counted."""
    listed, outside = listed_at(output, choice, places)
    chosen.left_out += outside
    for place, refs in zip(places, listed, strict=True):
        if refs:
            await _select_named(session, output, choice, chosen, place, refs)


def listed_at(output: Output, choice: Choice, places: Sequence[Location]) -> tuple[list[Refs], int]:
    """The objects of its list at each place, and how many lie at none; that is said."""
    if choice.named is None:
        return [Refs.of(()) for _ in places], 0
    listed, outside = choice.named.placed(places)
    if outside:
        verb = "lies" if outside == 1 else "lie"
        output.say(f"{words.plural(outside, 'object')} of {choice.named.name} {verb} at none of the locations")
    if choice.named.form is KeysFormat.PLAIN:
        _hint_at_locations(output, listed[0], places[0])
    return listed, outside


async def _select_set(session: Session, output: Output, choice: Choice, chosen: Selected, name: str) -> None:
    """The objects of a set, looked at as they are now."""
    one = session.sets.named(name)
    parts = await session.sets.reached(one)
    if not parts:
        output.say(f"@{one.name} is empty")
    for part in parts:
        place = Location(part.cloud.scheme, part.bucket)
        async for refs in session.sets.refs(one, part):
            await _select_named(session, output, choice, chosen, place, refs)


async def _saved(session: Session, name: str, place: Location) -> Sequence[ObjectRef]:
    """What lies at ``place`` of the marks that the screens saved under a name."""
    sets = session.ledger.mark_sets
    saved = sets.named(name)
    refs = await sets.refs(saved.sel, session.cloud_of(place.scheme), place.bucket, place.prefix)
    if not refs:
        raise UsageError(f"nothing of @{saved.name} lies in {place}", "name the bucket its objects are in")
    return refs


async def _select_named(
    session: Session, output: Output, choice: Choice, chosen: Selected, place: Location, refs: Sequence[ObjectRef]
) -> None:
    unseen: list[ObjectRef] = []
    # Which versions there are is not known, nor the state or class of what may not be looked at.
    may_ask = not choice.versions and is_about_keys(choice.query.where)

    def note(ref: ObjectRef, error: CloudError) -> None:
        asked = choice.ask_unseen and may_ask and is_doubt(error)
        if asked:
            unseen.append(ref)
        _note(output, chosen, place.scheme, ref, error, asked=asked)

    chosen.left_out += await session.selecting.named(
        chosen.sel, refs, choice.query, note, place.scheme,
        prefix=place.prefix, versions=choice.versions,
    )  # fmt: skip
    await session.selecting.unseen(chosen.sel, unseen, place.scheme)


async def _look(session: Session, output: Output, choice: Choice, chosen: Selected) -> None:
    """At all that a listing cannot judge; what may not be looked at is named."""

    def note(scheme: str, ref: ObjectRef, error: CloudError) -> None:
        _note(output, chosen, scheme, ref, error, asked=choice.ask_unseen and is_doubt(error))

    await session.selecting.look(chosen.sel, missing=note)


def is_doubt(error: CloudError) -> bool:
    """The error says nothing of the object, which may be there: only that it may not be looked at.

    A bare 400 is how the HEAD of an object is refused that is encrypted with a key of the customer's own (FACTS 1.2).
    """
    return isinstance(error, AccessDenied) or (isinstance(error, InvalidRequest) and error.code == "400")


def _note(output: Output, chosen: Selected, scheme: str, ref: ObjectRef, error: CloudError, *, asked: bool) -> None:
    """Say of one object that it cannot be seen, and what becomes of it."""
    if asked:
        chosen.unseen += 1
    else:
        chosen.missing += 1
    if output.as_json:
        output.line("missing", missing_fields(scheme, ref, error, doubted=is_doubt(error), asked=asked))
    if chosen.missing + chosen.unseen > MOST_MISSING:
        return
    end = ""
    if asked:
        end = "; it is asked for all the same"
    elif is_doubt(error):
        end = "; it is left out (--ask-unseen asks for it all the same)"
    output.say(f"{Location(scheme, ref.bucket, key=ref.key, version_id=ref.version_id)}: {error}{end}")


def _hint_at_locations(output: Output, refs: Refs, place: Location) -> None:
    """Key lists are verbatim; whoever lists locations instead is told why none of them is found."""
    beginnings = tuple(f"{place.prefix}{scheme}://" for scheme in CLOUDS)
    found = next((key for key in refs.keys if key.startswith(beginnings)), None)
    if found is not None:
        output.say(
            f"the key list holds {found.removeprefix(place.prefix)!r}, which is taken as a key, verbatim: write keys"
            f" without {place.scheme}://{place.bucket}/, or give locations as arguments"
        )
