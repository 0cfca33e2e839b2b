"""``restoretui ls``, ``du`` and ``export``: objects one by one, or summed up by prefix, or a run's in a file."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

from msgspec import Struct, field
from msgspec.structs import replace

from restoretui.commands.choosing.choice import Choice
from restoretui.commands.choosing.inventory_words import tell_of_inventory
from restoretui.commands.choosing.parts import parts_of
from restoretui.commands.choosing.selected import listing_view
from restoretui.commands.choosing.set_words import listings_of_sets
from restoretui.commands.output import Output
from restoretui.commands.unheard import say_unheard
from restoretui.config.settings import Settings
from restoretui.core.errors import ExitCode, ObjectNotFound, UsageError
from restoretui.core.location import Location, told_apart
from restoretui.core.model import ObjectRef, State
from restoretui.ledger.records import EVERYTHING, Listing, Query
from restoretui.ledger.volumes import PrefixTotals, Volume
from restoretui.session import summing
from restoretui.session.jsonlines.objects import bucket_fields, missing_fields
from restoretui.session.jsonlines.runs import states_fields
from restoretui.session.jsonlines.sums import totals_fields, volume_fields
from restoretui.session.rows.listed import ListedPage, as_they_come, from_ledger
from restoretui.session.session import Session, open_session
from restoretui.session.summing import Split, Summed
from restoretui.wording import format as words
from restoretui.wording.safe import clean, fit

_AMOUNTS = f"{'OBJECTS':>12}  {'SIZE':>8}"
_STATES = f"{'ARCHIVED':>8}  {'RESTORING':>9}  {'READABLE':>8}"
_PART_CELLS = 19


async def ls(
    settings: Settings, output: Output, choice: Choice, *, archived: bool = False, refresh: bool = False
) -> ExitCode:
    """List objects with their state, from one listing; exit code 1 when a key that was named is not there.

    ``archived``: of buckets, what is archived in each.
    """
    choice = choice.meant(settings)
    places = choice.parsed()
    output.summary({"locations": choice.typed()})
    if archived or refresh:
        from restoretui.commands.finding.archived import check_archived

        check_archived(places, archived=archived, refresh=refresh)
        if settings.beside:
            raise UsageError("--archived sums up the buckets of one account", "say it once for each")
        return await _ls_archived(settings, output, choice.without_sets(), refresh=refresh)
    shown = _Shown()
    for own, some in parts_of(settings, choice):
        async with open_session(own, priced=False) as session:
            await _show_all(session, output, some, shown, alone=some is choice)
    total = sum(shown.states.values())
    sums = {"objects": total, "size": shown.size, "unsized": shown.unsized, **states_fields(shown.states)}
    sums |= {"missing": shown.missing, "markers": shown.markers}
    output.summary(sums | {"buckets": list(shown.buckets)})
    if unknown := shown.states.get(State.UNKNOWN):
        for number, why in ((unknown - shown.unnamed, _TIERED), (shown.unnamed, _UNNAMED)):
            if number:
                output.say(f"{number:,} {why}: only a plan looks whether those are archived")
    if total or shown.is_of_objects:
        output.say(f"{words.plural(total, 'object')}, {words.sizes(shown.size, shown.unsized)}")
    else:
        output.say(words.plural(len(shown.buckets), "bucket"))
    return ExitCode.SOME_FAILED if shown.missing else ExitCode.DONE


class _Shown(Struct):
    """What was shown so far."""

    states: Counter[State] = field(default_factory=Counter)
    buckets: dict[str, None] = field(default_factory=dict)
    size: int = 0
    unsized: int = 0
    unnamed: int = 0
    missing: int = 0
    markers: int = 0
    is_of_objects: bool = False


async def _show_all(session: Session, output: Output, choice: Choice, shown: _Shown, *, alone: bool) -> None:
    """The rows of what is chosen in one session."""
    places = choice.parsed()
    choice = await choice.of_sets(session)
    of_sets = await listings_of_sets(session, output, choice)
    sources = [(place, covered, None) for place, covered in told_apart(places)] + of_sets
    output.names_buckets = not alone or len({(place.scheme, place.bucket) for place, _, _ in sources}) > 1
    shown.is_of_objects = shown.is_of_objects or any(place.bucket for place, _, _ in sources)
    for place, is_covered, of_set in sources:
        if not place.bucket:
            _check_unselected(place, choice)
            shown.buckets |= await _list_buckets(session, output, place.scheme)
            continue
        shown.buckets[place.bucket] = None
        if is_covered:
            if place.key is not None and not await _is_there(session, place, choice):
                shown.missing += 1
                _tell_missing(output, place)
            continue
        found = False
        async with _listed(session, place, choice, output, of_set) as pages:
            async for page in pages:
                if place.version_id is not None:
                    page = page.of_version(place.version_id)
                found = found or len(page.keys) > page.markers
                output.objects(place.scheme, page)
                shown.states.update(page.by_state - Counter({State.UNKNOWN: page.markers}))
                shown.markers += page.markers
                shown.unnamed += page.unnamed
                told = [own for own in page.sizes if own is not None]
                shown.unsized += len(page.sizes) - len(told)
                shown.size += sum(told)
        left_out = choice.query.where is not None
        if place.key is not None and not found and not (left_out and await _is_there(session, place, choice)):
            shown.missing += 1
            _tell_missing(output, place)


def _check_unselected(place: Location, choice: Choice) -> None:
    if choice.versions or choice.query.where is not None or choice.from_inventory or choice.is_past:
        raise UsageError(f"{place} is a list of buckets, and selectors choose among objects", "name a bucket")


async def _ls_archived(settings: Settings, output: Output, choice: Choice, *, refresh: bool) -> ExitCode:
    from restoretui.commands.finding.archived import AccountSums, say_sums, sum_buckets

    sums = AccountSums()
    async with open_session(settings, priced=False) as session:
        for place in dict.fromkeys(choice.parsed()):
            _check_unselected(place, choice)
            await sum_buckets(session, output, place.scheme, sums, refresh=refresh)
        say_sums(output, sums)
    return ExitCode.SOME_FAILED if sums.refused else ExitCode.DONE


_TIERED = "are Intelligent-Tiering"
_UNNAMED = "have no storage class in the server's listing"


@asynccontextmanager
async def _listed(
    session: Session, place: Location, choice: Choice, output: Output | None = None, of_set: Listing | None = None
) -> AsyncIterator[AsyncIterator[ListedPage]]:
    """What is at ``place``: as its pages come, or by way of the ledger where that knows more, or has to choose."""
    is_now = not (choice.from_inventory or choice.is_past or of_set)
    if is_now and choice.query == EVERYTHING and await session.listings.is_bare(place):
        rules = session.clouds[place.scheme].rules
        versions = choice.versions or place.version_id is not None
        async with session.listings.pages(place, versions=versions) as pages:
            yield as_they_come(pages, place.bucket, rules, session.clock.now())
    else:
        async with listing_view(session, place, choice, output, of_set) as view:
            yield from_ledger(view, place.bucket)


async def _is_there(session: Session, place: Location, choice: Choice) -> bool:
    """A named object that the selectors left out, or that another location has shown, is there."""
    async with _listed(session, place, replace(choice, query=EVERYTHING)) as pages:
        return any([place.version_id is None or place.version_id in page.version_ids async for page in pages])


def _tell_missing(output: Output, place: Location) -> None:
    error = ObjectNotFound("the object does not exist", "list its prefix; it may have been deleted")
    ref = ObjectRef(place.bucket, place.key or "", place.version_id)
    if output.as_json:
        output.line("missing", missing_fields(place.scheme, ref, error, doubted=False, asked=False))
    output.say(f"{place}: {error}")


async def _list_buckets(session: Session, output: Output, scheme: str) -> dict[str, None]:
    buckets = await session.buckets(scheme)
    for bucket in buckets:
        if output.as_json:
            output.line("bucket", bucket_fields(scheme, bucket))
        else:
            output.text(str(Location(scheme, bucket.name)))
    return dict.fromkeys(bucket.name for bucket in buckets)


async def du(
    settings: Settings, output: Output, choice: Choice, depth: int, split: Split | None, refresh: bool
) -> ExitCode:
    """Sum up what lies below each location, and below its prefixes down to ``depth``."""
    choice = choice.meant(settings)
    places = choice.parsed()
    output.summary({"locations": choice.typed()})
    if refresh and choice.from_inventory:
        raise UsageError(
            "--refresh lists anew, and --from-inventory is in place of a listing", "leave out one of them"
        )
    for place in places:
        if not place.bucket:
            raise UsageError(f"{place} names no bucket", f"write {place}BUCKET/...")
        if place.version_id is not None:
            raise UsageError(f"{place} is one version, and sums are of all below a location", "name its key")
    async with open_session(settings, priced=False) as session:
        total, prefixes, oldest = PrefixTotals("", {}), 0, None
        of_sets = await listings_of_sets(session, output, choice)
        for place, is_covered, of_set in [(one, covered, None) for one, covered in told_apart(places)] + of_sets:
            if of_set is not None:
                listing = of_set
            elif choice.from_inventory:
                found_there = await session.inventories.at(place, choice.from_inventory, versions=choice.versions)
                tell_of_inventory(session, output, found_there)
                listing = found_there.listing
            else:
                listing = await summing.flat_listing(session, place, versions=choice.versions, refresh=refresh)
            found = await summing.sums(session, listing, place, depth, split)
            _show(output, place, found, split)
            if not is_covered:
                total = total.plus(found[0].totals)
            prefixes += len(found) - 1
            ended = listing.ended_at or listing.started_at
            oldest = ended if oldest is None else min(oldest, ended)
        output.summary({**totals_fields(total), "prefixes": prefixes, "listed_at": oldest})
        _say(session, output, total, None if choice.from_inventory or of_sets else oldest)
    return ExitCode.DONE


def _show(output: Output, place: Location, found: list[Summed], split: Split | None) -> None:
    whole, *below = found
    if output.as_json:
        for one in (*below, whole):
            output.line("prefix", _fields(place, one, split))
        return
    output.head(f"{_AMOUNTS}  {split.upper():{_PART_CELLS}}  PREFIX" if split else f"{_AMOUNTS}  {_STATES}  PREFIX")
    for one in below:
        _rows(output, one, clean(one.totals.prefix[len(place.prefix) :]), split)
    if whole.direct is not None and whole.direct.objects and split is None:
        output.text(f"{_volume(whole.direct)}  {'':{len(_STATES)}}  (below no prefix)")
    _rows(output, whole, clean(str(place)), split)


def _fields(place: Location, one: Summed, split: Split | None) -> dict[str, object]:
    at = place if place.key is not None else place.below(one.totals.prefix)
    fields: dict[str, object] = {
        "scheme": place.scheme, "bucket": place.bucket, "location": str(at), "prefix": one.totals.prefix,
        "depth": one.depth, **totals_fields(one.totals),
    }  # fmt: skip
    if one.direct is not None:
        fields["direct"] = volume_fields(one.direct)
    if split:
        fields["by"] = {split: {name: volume_fields(volume) for name, volume in one.parts.items()}}
    return fields


def _rows(output: Output, one: Summed, name: str, split: Split | None) -> None:
    totals = one.totals
    if split is None:
        states = f"{_size(totals.archived):>8}  {_size(totals.restoring):>9}  {_size(totals.readable):>8}"
        output.text(f"{_volume(totals.whole)}  {states}  {name}")
        return
    for called, volume in one.parts.items() or [("", Volume())]:
        output.text(f"{_volume(volume)}  {fit(called, _PART_CELLS, prose=True)}  {name}")


def _volume(volume: Volume) -> str:
    return f"{volume.objects:>12,}  {words.sizes(volume.size_bytes, volume.unsized):>8}"


def _size(volume: Volume) -> str:
    return words.sizes(volume.size_bytes, volume.unsized) if volume.objects else "–"


def _say(session: Session, output: Output, total: PrefixTotals, listed_at: datetime | None) -> None:
    whole, unseen, gone = total.whole, total.unseen, total.gone
    if unseen.objects:
        output.say(
            f"{unseen.objects:,} ({words.sizes(unseen.size_bytes, unseen.unsized)}) are neither: only a look at each"
            " tells whether those are archived"
        )
    if gone.objects:
        output.say(f"{words.plural(gone.objects, 'object')} were deleted since they were listed, and are in no sum")
    if whole.unsized:
        output.say(f"of {words.plural(whole.unsized, 'object')} the size is not told (?), and in no sum")
    age = (session.clock.now() - listed_at).total_seconds() if listed_at is not None else 0.0
    if age >= words.MINUTE:
        output.say(f"as listed {words.ago(age)}; --refresh lists anew")
    amount = f"{words.plural(whole.objects, 'object')}, {words.sizes(whole.size_bytes, whole.unsized)}"
    output.say(f"{amount}: {_size(total.archived)} archived, {_size(total.readable)} readable")


async def export(settings: Settings, output: Output, name: str, query: Query) -> ExitCode:
    """A run's objects, by default as CSV: exact, and spelled out on a terminal."""
    from restoretui.session.export import export_chunks
    from restoretui.session.rows.jobs import windows

    form = output.form
    async with open_session(settings, priced=False) as session:
        run = await session.run_views.find_run(name)
        say_unheard(settings, output, [run])
        output.names_buckets = len(run.buckets) > 1
        view = await session.run_views.job_view(run.id, query)
        try:
            await view.wait()
            count = view.count
            if form.shape != "csv" or form.columns:
                async for rows in windows(view):
                    output.jobs(run.cloud.scheme, run, rows)
        finally:
            await view.aclose()
        if form.shape == "csv" and not form.columns:
            async for chunk in export_chunks(session.ledger, run, "csv", output.cell, query):
                output.raw(chunk)
        output.summary({"runs": [run.id], "objects": count, "file": output.file})
        output.words_at_end = f"run {run.id}: {words.plural(count, 'object')} written to {output.file}"
    return ExitCode.DONE
