"""Where marked objects lie, and SQL for what is known of each, as a plan is to judge it."""

import sqlite3
from collections.abc import Sequence

from msgspec import Struct

from restoretui.core.rules.rules import CloudRules
from restoretui.ledger.marks.span_sql import SpanListing, source_of
from restoretui.ledger.marks.spans import span_listings
from restoretui.ledger.records import CloudId
from restoretui.ledger.store.writer import Tx
from restoretui.ledger.views import fact_sql
from restoretui.ledger.views.filter_sql import end_of_prefix

FACTS = "storage_class, archive_status, looked, in_progress, expiry, tier, days, intent, untold"
"""The columns that make a group."""


PLAIN = (
    "storage_class",
    "coalesce(archive_status, '')",
    "looked",
    "coalesce(in_progress, -1)",
    "coalesce(expiry, -1)",
    "coalesce(tier, '')",
    "coalesce(days, -1)",
    "intent",
    "untold",
)
"""The same as expressions that are never NULL, since NULLs are not equal to each other in a key."""


LOOK_KEPT_S = 600
"""Seconds for which a look at an object of an inventory, or a set, is good."""


class PartOfPlace(Struct, frozen=True):
    """Some of the marks of a bucket: those below a prefix, or of these only what lies in no prefix further below."""

    cloud: CloudId
    bucket: str
    prefix: str
    whole: bool = True

    @property
    def where(self) -> str:
        """SQL behind the condition of the place."""
        here = "" if self.whole else " AND instr(substr(s.key, length(:low) + 1), '/') = 0"
        return f" AND s.key >= :low AND s.key < :high{here}"


class MarkedPlace(Struct, frozen=True):
    """The part of a selection that lies in one bucket, and the ids it has in both files."""

    sel: int
    cloud: CloudId
    bucket: str
    place_id: int
    bucket_id: int
    """The ledger's; 0 if no run has anything to say of the bucket."""
    has_looks: bool
    has_intents: bool
    """Some run of the ledger has objects that it has not surely asked for."""
    now: float
    wall: float
    """Machine time, seconds since the epoch: by it, leases lapse."""
    part: "PartOfPlace | None" = None
    """Only this is looked at."""
    imported: bool = False
    """Some of it may be known from an inventory alone."""
    listings: Sequence[SpanListing] = ()
    """Of which something is marked by span."""
    has_singles: bool = True
    """Something is marked by itself."""

    @property
    def args(self) -> dict[str, object]:
        """What the queries below are bound to."""
        args: dict[str, object] = {
            "sel": self.sel, "place": self.place_id, "bucket": self.bucket_id, "now": self.now, "wall": self.wall,
        }  # fmt: skip
        if self.part is not None:
            args |= {"low": self.part.prefix, "high": end_of_prefix(self.part.prefix)}
        return args

    @property
    def columns(self) -> fact_sql.FactColumns:
        """What is known of a mark, in SQL."""
        return fact_sql.OF_SELECTION if self.imported else fact_sql.NEVER_SILENT

    @property
    def rules(self) -> CloudRules:
        """The cloud's tables."""
        return self.cloud.rules

    @property
    def source(self) -> str:
        """The marks in either form, as a table ``s``."""
        narrowed = " AND g.first_key < :high AND g.last_key >= :low" if self.part is not None else ""
        return source_of(self.listings, singles=self.has_singles, more=narrowed)

    @property
    def in_order(self) -> str:
        """ORDER BY for key order, where the source does not have that by itself."""
        return " ORDER BY key, version_id" if len(self.listings) + self.has_singles > 1 else ""

    def objects(self, extra: str = "1 AS one", where: str = "1", source: str = "", more: str = "") -> str:
        """A SELECT of every marked object's key, version, size and facts, as a plan is to judge them.

        One that a job of ours asked for counts as restoring, with the job's tier and days. One that a run only plans
        does not: its ``intent`` says so. ``where`` is of the marks alone, table alias ``s``. ``more``: columns of
        ``extra``, behind a comma.
        """
        inner = fact_sql.known(
            self.columns,
            source or self.source,
            f"s.sel = :sel AND s.place_id = :place AND {where}{self.part.where if self.part is not None else ''}",
            extra,
            fact_sql.Overlay(
                looks=self.has_looks, jobs=bool(self.bucket_id), planning=True, intents=self.has_intents,
                tells=self.rules.lists_status,
            ),
        )  # fmt: skip
        ours, archived = fact_sql.COUNTS_AS_RESTORING, fact_sql.is_archived(self.rules)
        before = f" WHEN in_progress = 0 AND expiry > :now THEN {fact_sql.DAYS_BEFORE}" if self.bucket_id else ""
        return (
            "SELECT key, version_id, size, storage_class, archive_status, looked, gone,"
            f" CASE WHEN {ours} THEN 1 ELSE in_progress END AS in_progress,"
            f" CASE WHEN {ours} THEN NULL ELSE expiry END AS expiry,"
            f" CASE WHEN {ours} THEN coalesce(job_tier, told_tier) WHEN in_progress THEN told_tier END AS tier,"
            f" CASE WHEN {ours} THEN coalesce(job_days, told_days) WHEN in_progress THEN told_days{before} END"
            " AS days,"
            f" CASE WHEN NOT {ours} AND in_progress THEN told_asked END AS asked_at, fact_etag, told,"
            " CASE WHEN told_at > 0 THEN told_at ELSE seen_at END AS as_of,"
            f" {ours} AS is_ours, state, intent, NOT told AND NOT {ours} AND ({archived}) AS untold,"
            f" told_at < :now - {LOOK_KEPT_S} AND NOT {ours} AND ({archived}) AS told_long_ago{more}"
            f" FROM ({fact_sql.with_state(self.rules, inner)}) w"
        )


def marked_places(connection: sqlite3.Connection, sel: int, now: float, wall: float) -> list[MarkedPlace]:
    """Where the objects of a selection lie; ``now`` is cloud time, ``wall`` the machine's."""
    planned = fact_sql.names(fact_sql.INTENT_STATES)
    rows = connection.execute(
        "SELECT p.id, p.scheme, p.endpoint, p.bucket,"
        " (SELECT b.id FROM bucket b WHERE b.scheme = p.scheme AND b.endpoint = p.endpoint AND b.name = p.bucket"
        f" AND {fact_sql.SPOKEN_OF}),"
        " EXISTS (SELECT 1 FROM observation WHERE place_id = p.id),"
        f" EXISTS (SELECT 1 FROM run_count WHERE state IN ({planned}) AND jobs > 0), coalesce(p.imported, 0)"
        " FROM selection_total t JOIN place p ON p.id = t.place_id WHERE t.sel = ? AND t.objects > 0"
        " ORDER BY p.scheme, p.endpoint, p.bucket",
        (sel,),
    ).fetchall()
    reads, single = Tx(connection), "SELECT 1 FROM selection WHERE sel = ? AND place_id = ? LIMIT 1"
    return [
        MarkedPlace(
            sel, CloudId(row[1], row[2]), row[3], row[0], row[4] or 0, bool(row[5]), bool(row[6]), now, wall,
            imported=bool(row[7]), listings=span_listings(reads, sel, row[0]),
            has_singles=reads.row(single, (sel, row[0])) is not None,
        )
        for row in rows
    ]  # fmt: skip
