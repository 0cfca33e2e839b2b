"""``restoretui ls s3:// --archived``: what is archived in each bucket of the account, by what is known of it."""

from datetime import datetime

from msgspec import Struct, field

from restoretui.commands.output import Output
from restoretui.core.errors import CloudError, UsageError
from restoretui.core.location import Location
from restoretui.core.model import Bucket
from restoretui.ledger.records import Listing
from restoretui.ledger.volumes import PrefixTotals
from restoretui.session import summing
from restoretui.session.jsonlines.objects import bucket_fields
from restoretui.session.jsonlines.sums import volume_fields
from restoretui.session.session import Session
from restoretui.wording import format as words
from restoretui.wording.safe import clean

_HEAD = f"{'ARCHIVED':>8}  {'SIZE':>8}  {'OBJECTS':>12}  {'AS OF':16}  BUCKET"


class AccountSums(Struct):
    """What all buckets add up to, of those that are known."""

    buckets: list[str] = field(default_factory=list)
    totals: PrefixTotals = field(default_factory=lambda: PrefixTotals("", {}))
    unknown: int = 0
    refused: int = 0
    """Buckets that may not be listed."""


def check_archived(places: list[Location], *, archived: bool, refresh: bool) -> None:
    """``UsageError`` where the options cannot be meant."""
    if refresh and not archived:
        raise UsageError("--refresh goes with --archived: ls lists objects anew in any case", "leave it out")
    named = next((place for place in places if place.bucket), None)
    if archived and named is not None:
        raise UsageError(
            f"--archived sums up the buckets of an account, and {named} is in one",
            f"write {named.scheme}://, or: restoretui du {named}",
        )


async def sum_buckets(session: Session, output: Output, scheme: str, sums: AccountSums, *, refresh: bool) -> None:
    """Each bucket by its newest inventory or flat listing, however old; ``refresh`` lists each of them anew."""
    await session.ledger.totals.settle()
    for bucket in await session.buckets(scheme):
        place, why = Location(scheme, bucket.name), ""
        listing: Listing | None = None
        try:
            listing = await _listing(session, place, refresh=refresh)
        except CloudError as error:
            why = str(error)
            sums.refused += 1
        if listing is not None and refresh:
            await session.ledger.totals.settle()
        totals = session.ledger.totals.of(listing) if listing is not None else None
        sums.buckets.append(bucket.name)
        if totals is None:
            sums.unknown += not why
        else:
            sums.totals = sums.totals.plus(totals)
        _tell(output, place, bucket, totals, listing.started_at if listing is not None else None, why)


async def _listing(session: Session, place: Location, *, refresh: bool) -> Listing | None:
    if refresh:
        return await summing.flat_listing(session, place, refresh=True)
    return summing.covering(session, place)


def _tell(
    output: Output, place: Location, bucket: Bucket, totals: PrefixTotals | None, as_of: datetime | None, why: str
) -> None:
    if output.as_json:
        told = bucket_fields(place.scheme, bucket) | ({"reason": why} if why else {})
        if totals is not None:
            told |= {**volume_fields(totals.whole), "archived": volume_fields(totals.archived), "as_of": as_of}
        output.line("bucket", told)
        return
    output.head(_HEAD)
    if totals is None or as_of is None:
        output.text(f"{'?':>8}  {'?':>8}  {'?':>12}  {'':16}  {place}{f'  ({clean(why)})' if why else ''}")
        return
    archived, whole = totals.archived, totals.whole
    output.text(
        f"{words.sizes(archived.size_bytes, archived.unsized):>8}  {words.sizes(whole.size_bytes, whole.unsized):>8}"
        f"  {whole.objects:>12,}  {as_of:%Y-%m-%d %H:%M}  {place}"
    )


def say_sums(output: Output, sums: AccountSums) -> None:
    """The sum of all, and what is not in it."""
    archived, whole = sums.totals.archived, sums.totals.whole
    output.summary(
        {
            "buckets": sums.buckets, "objects": whole.objects, "size": whole.size_bytes, "unsized": whole.unsized,
            "archived": archived.objects, "missing": sums.refused,
        }
    )  # fmt: skip
    of = words.plural(len(sums.buckets), "bucket")
    output.say(f"{of}: {words.sizes(archived.size_bytes, archived.unsized)} archived, in all that is known")
    if sums.totals.unseen.objects:
        output.say(
            f"{sums.totals.unseen.objects:,} are neither: only a look at each tells whether those are archived"
        )
    if sums.unknown:
        output.say(
            f"of {words.plural(sums.unknown, 'bucket')} nothing is known (?): import an inventory, or say --refresh,"
            " which lists every object of every bucket"
        )
