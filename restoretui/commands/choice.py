"""What a command is about: locations, what of them, and a selection made of that."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from restoretui.commands.finding.inventory_words import tell_of_inventory
from restoretui.commands.finding.past_words import past_of, tell_of_past
from restoretui.commands.output import Output
from restoretui.config.settings import Settings
from restoretui.core.errors import AccessDenied, CloudError, InvalidRequest, UsageError
from restoretui.core.filter.printer import filter_text
from restoretui.core.filter.shorthand import in_clouds
from restoretui.core.filter.tree import is_about_keys
from restoretui.core.location import Location, parse_location
from restoretui.core.model import DEFAULT_SCHEME, ObjectRef
from restoretui.core.rules.clouds import CLOUDS
from restoretui.core.rules.rules import CloudRules
from restoretui.core.saying.chosen import Chosen
from restoretui.ledger.records import Query, View
from restoretui.session.jsonlines.objects import missing_fields
from restoretui.session.key_list import read_named
from restoretui.session.keys.entries import KeysFormat, NamedKeys
from restoretui.session.session import Session
from restoretui.wording import format as words

MOST_MISSING = 20
"""Objects that cannot be seen are named one by one up to here, then counted."""


@dataclass(frozen=True)
class Choice:
    """What a command is about: locations, and what of them."""

    locations: tuple[str, ...]
    query: Query = field(default_factory=Query)
    versions: bool = False
    keys_from: str | None = None
    keys_format: str | None = None
    keys_nul: bool = False
    """Keys in the list end in NUL."""
    named: NamedKeys | None = None
    """What the list holds, once it was read."""
    version_id: str | None = None
    from_inventory: str | None = None
    """Objects are those of an inventory: where it is, or that it was imported."""
    as_of: datetime | timedelta | None = None
    """Objects are those that were there then; a span is so long ago, until ``meant``."""
    deleted_since: datetime | timedelta | None = None
    """Objects are those that were deleted since then, and are deleted now."""
    ask_unseen: bool = False
    """Requests go out for objects that nobody may look at, too."""

    def parsed(self) -> list[Location]:
        """The locations; ``LocationError`` for the first that is none, ``UsageError`` when options clash."""
        places = [parse_location(text) for text in self.locations]
        if self.from_inventory:
            self._check_inventory(places)
        if self.is_past:
            self._check_past(places)
        self._check_list(places)
        if self.named is not None and not places:
            places = self.named.buckets(DEFAULT_SCHEME)
        if self.version_id is not None:
            if self.versions:
                raise UsageError("--version-id is one version and --versions are all", "leave out one of them")
            if len(places) != 1 or places[0].key is None:
                raise UsageError("--version-id needs exactly one location that is a key")
            if places[0].version_id not in (None, self.version_id):
                raise UsageError(f"{places[0]} names another version than --version-id {self.version_id}")
            return [replace(places[0], version_id=self.version_id)]
        if self.versions and any(place.version_id is not None for place in places):
            raise UsageError("--versions are all, but a location names one version", "leave out one of them")
        return places

    @property
    def is_past(self) -> bool:
        """It is about what was there before."""
        return self.as_of is not None or self.deleted_since is not None

    def _check_past(self, places: Sequence[Location]) -> None:
        said = "--as-of" if self.as_of is not None else "--deleted-since"
        others = {
            "--versions": self.versions, "--version-id": self.version_id is not None,
            "--keys-from": self.keys_from, "--from-inventory": self.from_inventory,
        }  # fmt: skip
        for other, given in others.items():
            if given:
                raise UsageError(f"{said} chooses the versions itself, and {other} others", "leave out one of them")
        for place in places:
            if place.version_id is not None:
                raise UsageError(f"{said} chooses the versions, and {place} names one", "leave out one of them")

    def _check_inventory(self, places: Sequence[Location]) -> None:
        if self.keys_from or self.version_id is not None:
            other = "--keys-from" if self.keys_from else "--version-id"
            raise UsageError(
                f"--from-inventory and {other} both say which objects are meant", "leave out one of them"
            )
        if len({(place.scheme, place.bucket) for place in places}) > 1 and self.from_inventory != "imported":
            raise UsageError("an inventory is of one bucket, and several are named", "name one of them")

    def _check_list(self, places: Sequence[Location]) -> None:
        """``UsageError`` for a list of keys whose options or locations cannot be meant."""
        if not self.keys_from:
            if self.keys_format or self.keys_nul:
                raise UsageError("--keys-format and -0 say how --keys-from is written", "add it, or leave them out")
            return
        form = self.named.form if self.named else self.keys_format and KeysFormat(self.keys_format)
        if self.keys_nul and form not in (None, KeysFormat.PLAIN):
            raise UsageError(f"-0 is about plain keys, and the list is {form}", "leave out one of them")
        if any(place.key is not None for place in places):
            raise UsageError(
                "--keys-from names the objects, so a location beside it is not one", "name its bucket or a prefix"
            )
        is_plain = form is KeysFormat.PLAIN or self.keys_nul or self.keys_from.startswith("@")
        if form is None and len(places) > 1:
            is_plain = True
        if is_plain and (len(places) != 1 or not places[0].bucket):
            raise UsageError(
                "--keys-from needs exactly one location: the bucket, or a prefix, the keys are in",
                "or say how the list names buckets: --keys-format uri, jsonl, csv or manifest",
            )
        if form in (None, KeysFormat.PLAIN) and any(one.prefix and not one.prefix.endswith("/") for one in places):
            raise UsageError(
                f"--keys-from puts the prefix before each key, and {places[0]} ends in the middle of a name",
                "name the bucket, or a prefix that ends in a slash",
            )

    async def with_keys(self, session: Session, output: Output, settings: Settings) -> "Choice":
        """Itself, with what its list holds; locations that were not named are the buckets of the list.

        Read with the session open, so that it says what it waits for.
        """
        if not self.keys_from or self.keys_from.startswith("@") or self.named is not None:
            return self
        places = self.parsed()
        source = "stdin" if self.keys_from == "-" else self.keys_from
        prefix = places[0].prefix if len(places) == 1 else ""
        has_bucket = any(place.bucket for place in places)
        form = KeysFormat(self.keys_format) if self.keys_format else None
        with session.works.telling(lambda: f"reading keys from {source}"):
            named = await read_named(self.keys_from, form, prefix, nul=self.keys_nul, has_bucket=has_bucket)
        if named.is_guessed:
            output.say(f"{named.name} is read as {named.form}; --keys-format plain takes each line as a key")
        for note in named.notes:
            output.say(note)
        nowhere = next((entry for entry in named.entries if not entry.bucket), None)
        if nowhere is not None and not has_bucket:
            raise UsageError(f"{named.name} does not say which bucket {nowhere.key!r} is in", "name the bucket")
        return replace(self, named=named).meant(settings)

    async def said(self, session: Session, scheme: str) -> Chosen | None:
        """The part of it that is about one cloud, to be typed again; None where no command can name it.

        A list of keys that can be read but once is named as one of ours, which is made of the run's objects.
        """
        places = [place for place in self.parsed() if place.scheme == scheme]
        keys_from = ""
        if self.keys_from:
            keys_from = await asyncio.to_thread(_absolute_file, self.keys_from)
        form = self.named.form.value if self.named and self.named.form is not KeysFormat.PLAIN else None
        nul = self.keys_nul and bool(keys_from)
        if self.keys_from and not keys_from:
            places = list(dict.fromkeys(Location(place.scheme, place.bucket) for place in places))
            if len(places) != 1 or not places[0].bucket:
                return None
            keys_from, form = str(session.saying.new_list()), None
        return Chosen(
            tuple(map(str, places)),
            keys_from,
            keys_format=form,
            keys_nul=nul,
            versions=self.versions,
            where=filter_text(self.query.where),
            from_inventory=self.from_inventory or "",
            as_of=_instant(self.as_of),
            deleted_since=_instant(self.deleted_since),
        )

    def meant(self, settings: Settings) -> "Choice":
        """Itself, with storage classes as the clouds spell them.

        ``UsageError`` for a class that no cloud of the locations has, for options that clash, and for what was said
        on the command line and could have no effect.
        """
        schemes = {place.scheme for place in self.parsed()}
        if not schemes:
            return self  # The list of keys tells, once it is read.
        if DEFAULT_SCHEME not in schemes:
            # The options on the command line are those of one cloud: others are not reached by them.
            options = CLOUDS[DEFAULT_SCHEME]
            others = [kind for name, kind in CLOUDS.items() if name in schemes]
            ways = [f"{kind.name} is reached by {kind.reached_by}" for kind in others if kind.reached_by]
            heard = {name for kind in others for name in kind.settings.values()}
            for name in options.settings.values():
                if name not in heard and (flag := settings.sources.get(name, "")).startswith("--"):
                    raise UsageError(
                        f"{flag} says how {options.name} is reached, and no location is there",
                        "; ".join(["leave it out", *ways]),
                    )
        now = settings.clock.now()
        self = replace(self, as_of=_before(now, self.as_of), deleted_since=_before(now, self.deleted_since))
        return self.in_clouds([settings.rules_of(scheme) for scheme in sorted(schemes, reverse=True)])

    def in_clouds(self, clouds: Sequence[CloudRules]) -> "Choice":
        """Itself, with storage classes as ``clouds`` spell them; ``UsageError`` for one that none of them has."""
        return replace(self, query=replace(self.query, where=in_clouds(self.query.where, clouds)))


def _before(now: datetime, said: datetime | timedelta | None) -> datetime | None:
    """An instant, of what may be said as a span."""
    return now - said if isinstance(said, timedelta) else said


def _instant(said: datetime | timedelta | None) -> str:
    return f"{said:%Y-%m-%dT%H:%M:%SZ}" if isinstance(said, datetime) else ""


def _absolute_file(name: str) -> str:
    """Where a regular file is; empty for what is none, as stdin or a pipe."""
    path = Path(name)
    return str(path.absolute()) if path.is_file() else ""


@asynccontextmanager
async def listing_view(
    session: Session, place: Location, choice: Choice, output: Output | None = None
) -> AsyncIterator[View[Any]]:
    """What is at ``place`` right now, or in the inventory that was named, of that what was chosen.

    Of one version, all versions of its key.
    """
    versions = choice.versions or place.version_id is not None
    if choice.from_inventory:
        where = choice.query.where
        found = await session.inventories.at(place, choice.from_inventory, versions=versions, where=where)
        if output is not None:
            tell_of_inventory(session, output, found)
        listing = found.listing
    elif choice.is_past:
        past = await past_of(session, place, choice.as_of, choice.deleted_since)
        if output is not None:
            tell_of_past(session, output, place, past)
        listing = past.listing
    else:
        listing = await session.open_listing(place, recursive=True, versions=versions, refresh=True)
        await session.listed(listing)
    if output is not None and await session.ledger.selections.lacks_classes(listing, choice.query):
        output.say(f"{place}: some objects have no storage class in the server's listing, and are not judged here")
        output.say("  restoretui plan with the same selectors looks at each")
    view = await session.ledger.catalog.browse(listing.id, choice.query)
    try:
        await view.wait()
        yield view
    finally:
        await view.aclose()


@dataclass
class Selected:
    """A selection of the chosen objects, and what is not in it."""

    sel: int
    missing: int = 0
    """Objects that could not be seen."""
    left_out: int = 0
    """Objects that were named, but that the selectors left out."""
    unseen: int = 0
    """Objects that may not be looked at, and that are asked for all the same."""


@asynccontextmanager
async def selected(session: Session, output: Output, choice: Choice) -> AsyncIterator[Selected]:
    """What is chosen, marked in a selection of its own; what could not be seen, or was left out, is said."""
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
        await _look(session, output, choice, chosen)
        if choice.from_inventory and any(looks := session.selecting.looks):
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


def listed_at(output: Output, choice: Choice, places: Sequence[Location]) -> tuple[list[list[ObjectRef]], int]:
    """The objects of its list at each place, and how many lie at none; that is said."""
    if choice.named is None:
        return [[] for _ in places], 0
    listed, outside = choice.named.placed(places)
    if outside:
        verb = "lies" if outside == 1 else "lie"
        output.say(f"{words.plural(outside, 'object')} of {choice.named.name} {verb} at none of the locations")
    if choice.named.form is KeysFormat.PLAIN:
        _hint_at_locations(output, listed[0], places[0])
    return listed, outside


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


def _hint_at_locations(output: Output, refs: Sequence[ObjectRef], place: Location) -> None:
    """Key lists are verbatim; whoever lists locations instead is told why none of them is found."""
    for ref in refs:
        line = ref.key.removeprefix(place.prefix)
        if line.startswith(tuple(f"{scheme}://" for scheme in CLOUDS)):
            output.say(
                f"the key list holds {line!r}, which is taken as a key, verbatim: write keys without "
                f"{place.scheme}://{place.bucket}/, or give locations as arguments"
            )
            return
