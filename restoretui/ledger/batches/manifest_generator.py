"""S3's manifest generator, for a job whose objects are all there is of their classes below a prefix (FACTS 2.2).

The generator filters by prefix and class, and by nothing that changes while a restore is planned. So it may only be
used where leaving it to S3 names just the objects that were chosen, which the newest whole listing tells.
"""

from collections.abc import Iterator
from os.path import commonprefix
from typing import NamedTuple

from restoretui.core.batch.jobs import Generator
from restoretui.core.errors import UsageError
from restoretui.ledger.store.writer import Tx
from restoretui.ledger.views.filter_sql import end_of_prefix

HINT = "have the manifest written (--manifest written)"


class _Listing(NamedTuple):
    id: int
    prefix: str


def find_generator(tx: Tx, batch_id: int) -> Generator:
    """The generator's filter; ``UsageError`` where it would not find just the objects of this job."""
    batch = tx.row(
        "SELECT b.name, t.versions, t.objects, p.id FROM batch t JOIN bucket b ON b.id = t.bucket_id"
        " LEFT JOIN place p ON p.scheme = b.scheme AND p.endpoint = b.endpoint AND p.bucket = b.name WHERE t.id = ?",
        (batch_id,),
    )
    if batch is None:
        raise AssertionError(f"batch {batch_id} is being made")
    bucket, versions, objects, place_id = batch
    if versions:
        raise UsageError("S3 cannot generate a manifest of named versions", HINT)
    first, last = tx.row("SELECT min(key), max(key) FROM job WHERE batch_id = ?", (batch_id,)) or ("", "")
    classes = tuple(
        str(row[0])
        for row in tx.rows(
            "SELECT DISTINCT n.storage_class FROM job j JOIN line n ON n.id = j.line_id WHERE j.batch_id = ?"
            " ORDER BY 1",
            (batch_id,),
        )
    )
    common = commonprefix([str(first), str(last)])  # noqa: RUF071 - keys are no paths
    listing = _newest_whole(tx, place_id, common)
    if listing is None:
        raise UsageError(
            f"s3://{bucket}/{common} was not listed as a whole, so nobody knows what S3 would find there", HINT
        )
    others = 0
    for prefix in _prefixes(common, listing.prefix):
        others = _count(tx, listing.id, prefix, classes) - int(objects)
        if not others:
            return Generator(str(bucket), prefix, classes)
    raise UsageError(
        "a generated manifest would name objects that are not to be asked for: "
        f"{others:,} more of class {' or '.join(classes)} below s3://{bucket}/{common}",
        HINT,
    )


def _prefixes(common: str, listed: str) -> Iterator[str]:
    """The folder first, as a person would name it; what comes last is the narrowest."""
    folder = common[: common.rfind("/") + 1]
    for prefix in dict.fromkeys((folder, common)):
        # CreateJob's document is XML, which has no way to write control characters.
        if prefix.startswith(listed) and prefix.isprintable():
            yield prefix


def _newest_whole(tx: Tx, place_id: int | None, prefix: str) -> _Listing | None:
    rows = tx.rows(
        "SELECT id, prefix FROM listing WHERE place_id = ? AND NOT versions AND NOT single AND ended_at IS NOT NULL"
        " AND error = '' AND resume_token IS NULL AND (recursive OR prefixes = 0)"
        " AND substr(?, 1, length(prefix)) = prefix"
        " ORDER BY started_at DESC, id DESC LIMIT 1",
        (place_id, prefix),
    )
    return _Listing(*rows[0]) if rows else None


def _count(tx: Tx, listing_id: int, prefix: str, classes: tuple[str, ...]) -> int:
    marks = ", ".join("?" * len(classes))
    row = tx.row(
        f"SELECT count(*) FROM l{listing_id} WHERE storage_class IN ({marks}) AND key >= ? AND key < ?",
        (*classes, prefix, end_of_prefix(prefix)),
    )
    return int(row[0]) if row else 0
