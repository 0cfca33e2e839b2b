"""What was typed to say what a command is about: locations, and what of them; held against each other."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from msgspec import Struct, field
from msgspec.structs import replace

from restoretui.commands.output import Output
from restoretui.config.settings import Settings
from restoretui.core.errors import UsageError
from restoretui.core.filter.printer import filter_text
from restoretui.core.filter.shorthand import in_clouds
from restoretui.core.location import Location, parse_location
from restoretui.core.model import DEFAULT_SCHEME
from restoretui.core.rules.clouds import CLOUDS
from restoretui.core.rules.rules import CloudRules
from restoretui.core.saying.chosen import Chosen
from restoretui.engine.traffic.speaker import Progress
from restoretui.ledger.records import Query
from restoretui.session.keys.entries import KeysFormat, NamedKeys, how_far
from restoretui.session.session import Session

SET = "@"
"""How the name of a set begins where a location could stand: no location begins so."""


class Choice(Struct, frozen=True):
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
        places = [parse_location(text) for text in self.locations if not text.startswith(SET)]
        if self.sets:
            self._check_sets()
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
    def sets(self) -> tuple[str, ...]:
        """Names of sets that stand among the locations, each once, as ``@NAME``."""
        return tuple(dict.fromkeys(text for text in self.locations if text.startswith(SET)))

    def typed(self) -> list[str]:
        """Locations and sets, as they can be typed again; errors as ``parsed``."""
        return [*map(str, self.parsed()), *self.sets]

    def without_sets(self) -> "Choice":
        """Itself; ``UsageError`` where a set is named and cannot be meant."""
        if self.sets:
            raise UsageError(f"{self.sets[0]} is a set, and this is about places", "name the bucket or a prefix")
        return self

    def _check_sets(self) -> None:
        others = {
            "--versions": self.versions, "--version-id": self.version_id is not None, "--keys-from": self.keys_from,
            "--from-inventory": self.from_inventory, "--as-of": self.as_of is not None,
            "--deleted-since": self.deleted_since is not None,
        }  # fmt: skip
        for other, given in others.items():
            if given:
                raise UsageError(
                    f"{self.sets[0]} says itself which objects and versions are meant, and {other} others",
                    "leave out one of them",
                )

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
        from restoretui.session.inventory.inventories import OF_EACH  # few have an inventory

        if len({(place.scheme, place.bucket) for place in places}) > 1 and self.from_inventory not in OF_EACH:
            raise UsageError(
                "an inventory is of one bucket, and several are named",
                "name one of them, or --from-inventory configured: of each its own",
            )

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

        Read with the session open, so that it says what it waits for; sets must be there.
        """
        self = await self.of_sets(session)
        if not self.keys_from or self.keys_from.startswith("@") or self.named is not None:
            return self
        places = self.parsed()
        from restoretui.session.keys.key_list import read_named  # few have a list

        read = Progress()
        prefix = places[0].prefix if len(places) == 1 else ""
        has_bucket = any(place.bucket for place in places)
        form = KeysFormat(self.keys_format) if self.keys_format else None
        with session.works.telling(lambda: how_far(self.keys_from or "", read.number, "line")):
            named = await read_named(
                self.keys_from, form, prefix, nul=self.keys_nul, has_bucket=has_bucket, reach=read.reach
            )
        if named.is_guessed:
            output.say(f"{named.name} is read as {named.form}; --keys-format plain takes each line as a key")
        for note in named.notes:
            output.say(note)
        if not has_bucket and "" in named.entries.buckets:
            nowhere = named.entries.keys[named.entries.buckets.index("")]
            raise UsageError(f"{named.name} does not say which bucket {nowhere!r} is in", "name the bucket")
        return replace(self, named=named).meant(settings)

    async def of_sets(self, session: Session) -> "Choice":
        """Itself, with storage classes as the clouds of its sets spell them; ``UsageError`` where one is none."""
        if not self.sets:
            return self
        schemes = {place.scheme for place in self.parsed()}
        for name in self.sets:
            schemes |= {part.cloud.scheme for part in await session.sets.reached(session.sets.named(name))}
        return self.in_clouds([session.clouds[scheme].rules for scheme in sorted(schemes, reverse=True)])

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
            (*map(str, places), *self.sets),
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
