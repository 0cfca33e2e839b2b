"""Groups marked objects by the facts that decide what a restore would do: a million objects, a few dozen groups."""

import sqlite3
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from restoretui.core.model import Intent, IntentStage, ObjectFacts
from restoretui.core.rules.rules import EXPEDITED_TYPICAL_BYTES, CloudRules
from restoretui.ledger.records import CloudId
from restoretui.ledger.store.decoding import TIERS, Shape, decodes
from restoretui.ledger.store.unknown_values import saturated
from restoretui.ledger.views import fact_sql
from restoretui.ledger.views.fact_sql import INTENT_STEP
from restoretui.ledger.views.filter_sql import end_of_prefix

if TYPE_CHECKING:
    from restoretui.core.plan.lifecycle import ExpirationRule
    from restoretui.core.plan.tier_plan import FactGroup

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
_PLAIN = ", ".join(PLAIN)

MOST_KINDS = 500
"""Kinds of marks up to which each is judged by itself: copies may end in as many instants as there are."""
LOOK_KEPT_S = 600
"""Seconds for which a look at an object of an inventory, or a set, is good."""

FactKey = tuple[str, str, int, int, int, str, int, int, int]
"""The values of ``FACTS`` in plain form."""


@dataclass(frozen=True, slots=True)
class PartOfPlace:
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


@dataclass(frozen=True, slots=True)
class MarkedPlace:
    """The part of a selection that lies in one bucket, and the ids it has in both files."""

    sel: int
    cloud: CloudId
    bucket: str
    place_id: int
    bucket_id: int
    """The ledger's; 0 if no run ever touched the bucket."""
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

    def objects(self, extra: str = "1 AS one", where: str = "1", source: str = "selection s") -> str:
        """A SELECT of every marked object's key, version, size and facts, as a plan is to judge them.

        One that a job of ours asked for counts as restoring, with the job's tier and days. One that a run only plans
        does not: its ``intent`` says so. ``where`` is of the marks alone, table alias ``s``.
        """
        inner = fact_sql.known(
            self.columns,
            source,
            f"s.sel = :sel AND s.place_id = :place AND {where}{self.part.where if self.part is not None else ''}",
            extra,
            looks=self.has_looks,
            jobs=bool(self.bucket_id),
            planning=True,
            intents=self.has_intents,
            tells=self.rules.lists_status,
        )
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
            f" told_at < :now - {LOOK_KEPT_S} AND NOT {ours} AND ({archived}) AS told_long_ago"
            f" FROM ({fact_sql.with_state(self.rules, inner)}) w"
        )


@dataclass(frozen=True, slots=True)
class MarkedGroup:
    """Objects of one bucket with equal facts."""

    key: FactKey
    objects: int
    size_bytes: int
    large_objects: int
    unsized: int
    """Of them, those whose size is not told."""
    seen_at: float | None = None
    """Of all looks that this rests on, the oldest."""

    def planned(self, bucket: str) -> "FactGroup":
        """The group as a plan of it is made of."""
        from restoretui.core.plan.tier_plan import FactGroup

        return FactGroup(
            bucket, self.facts, self.objects, self.size_bytes, self.large_objects, self.unsized, self.seen_at
        )

    @property
    @decodes("a marked object")
    def facts(self) -> ObjectFacts:
        """As the planner takes them."""
        storage_class, archive_status, looked, in_progress, expiry, tier, days, intent, untold = self.key
        return ObjectFacts(
            storage_class=storage_class,
            archive_status=archive_status or None,
            looked=bool(looked),
            in_progress=None if in_progress < 0 else bool(in_progress),
            expiry=None if expiry < 0 else datetime.fromtimestamp(expiry, UTC),
            tier=TIERS[tier],
            days=None if days < 0 else days,
            intent=Intent(IntentStage(intent // INTENT_STEP), intent % INTENT_STEP) if intent else None,
            untold=bool(untold),
        )


def key_of(known: ObjectFacts) -> FactKey:
    """The plain form of facts; the inverse of ``MarkedGroup.facts``."""
    return (
        known.storage_class,
        known.archive_status or "",
        int(known.looked),
        -1 if known.in_progress is None else int(known.in_progress),
        -1 if known.expiry is None else int(known.expiry.timestamp()),
        known.tier or "",
        -1 if known.days is None else known.days,
        0 if known.intent is None else known.intent.stage * INTENT_STEP + known.intent.run_id,
        int(known.untold),
    )


def marked_places(connection: sqlite3.Connection, sel: int, now: float, wall: float) -> list[MarkedPlace]:
    """Where the objects of a selection lie; ``now`` is cloud time, ``wall`` the machine's."""
    planned = fact_sql.names(fact_sql.INTENT_STATES)
    rows = connection.execute(
        "SELECT p.id, p.scheme, p.endpoint, p.bucket,"
        " (SELECT b.id FROM bucket b WHERE b.scheme = p.scheme AND b.endpoint = p.endpoint AND b.name = p.bucket),"
        " EXISTS (SELECT 1 FROM observation WHERE place_id = p.id),"
        f" EXISTS (SELECT 1 FROM run_count WHERE state IN ({planned}) AND jobs > 0), coalesce(p.imported, 0)"
        " FROM selection_total t JOIN place p ON p.id = t.place_id WHERE t.sel = ? AND t.objects > 0"
        " ORDER BY p.scheme, p.endpoint, p.bucket",
        (sel,),
    ).fetchall()
    return [
        MarkedPlace(
            sel, CloudId(row[1], row[2]), row[3], row[0], row[4] or 0, bool(row[5]), bool(row[6]), now, wall,
            imported=bool(row[7]),
        )
        for row in rows
    ]  # fmt: skip


def group_facts(connection: sqlite3.Connection, place: MarkedPlace) -> list[MarkedGroup]:
    """The groups of one bucket; objects known to be gone are in none."""
    args = place.args
    rows = f"{_PLAIN}, 1, CASE WHEN size > 0 THEN size ELSE 0 END, size >= {EXPEDITED_TYPICAL_BYTES}, size < 0, as_of"
    kinds: list[tuple[Any, ...]] = []
    if not (place.has_looks or place.bucket_id or place.imported):
        # Marks whose own columns are equal have equal facts: only the few kinds there are of them are judged.
        alike = (
            "SELECT s.storage_class, coalesce(s.archive_status, ''), s.looked, coalesce(s.in_progress, -1),"
            " coalesce(s.expiry, -1), coalesce(s.told_tier, ''), coalesce(s.told_days, -1), 0, 0, 1,"
            f" CASE WHEN s.size > 0 THEN s.size ELSE 0 END, s.size >= {EXPEDITED_TYPICAL_BYTES}, s.size < 0,"
            " s.seen_at"
            f" FROM selection s WHERE s.sel = :sel AND s.place_id = :place{place.part.where if place.part else ''}"
        )
        kinds = _counted(connection, "mark_kind", alike, args)
    if kinds and len(kinds) <= MOST_KINDS:
        found = _judged(connection, replace(place, part=None), kinds)
    else:
        found = _counted(connection, "fact_group", f"SELECT {rows} FROM ({place.objects()}) WHERE NOT gone", args)
    _SHAPE.check(found)
    return [MarkedGroup(row[:9], row[9], saturated(row[10]), *row[11:]) for row in found]


def _counted(connection: sqlite3.Connection, table: str, rows: str, args: dict[str, object]) -> list[tuple[Any, ...]]:
    """The ``rows``, of which each counts for one, added up by ``FACTS``.

    Counted into a small table by key, which takes half the time of GROUP BY: that would sort every row.
    """
    connection.execute(f"DROP TABLE IF EXISTS temp.{table}")
    connection.execute(
        f"CREATE TEMP TABLE {table} ({FACTS}, objects, size_bytes, large, unsized, as_of, PRIMARY KEY ({FACTS}))"
        " WITHOUT ROWID"
    )
    connection.execute(
        f"INSERT INTO temp.{table} {rows} ON CONFLICT DO UPDATE SET objects = objects + excluded.objects,"
        " size_bytes = size_bytes + excluded.size_bytes, large = large + excluded.large,"
        " unsized = unsized + excluded.unsized, as_of = min(as_of, excluded.as_of)",
        args,
    )
    found = connection.execute(f"SELECT * FROM temp.{table}").fetchall()
    connection.execute(f"DROP TABLE temp.{table}")
    return found


def _judged(
    connection: sqlite3.Connection, place: MarkedPlace, kinds: list[tuple[Any, ...]]
) -> list[tuple[Any, ...]]:
    """Kinds of marks, added up by the facts that they have."""
    added: dict[tuple[Any, ...], tuple[Any, ...]] = {}
    for kind in kinds:
        one = (
            "(SELECT :sel AS sel, :place AS place_id, '' AS key, '' AS version_id, 0 AS size, NULL AS modified,"
            " :seen AS seen_at, '' AS etag, NULL AS told_asked, :class AS storage_class,"
            " nullif(:archive, '') AS archive_status, :looked AS looked, nullif(:restoring, -1) AS in_progress,"
            " nullif(:expiry, -1) AS expiry, nullif(:tier, '') AS told_tier, nullif(:days, -1) AS told_days) s"
        )
        names = ("class", "archive", "looked", "restoring", "expiry", "tier", "days")
        args = {**place.args, **dict(zip(names, kind, strict=False)), "seen": kind[-1]}
        facts = connection.execute(
            f"SELECT {_PLAIN} FROM ({place.objects(source=one)}) WHERE NOT gone", args
        ).fetchall()
        for key in facts:
            before = added.get(key, (0, 0, 0, 0, kind[-1]))
            sums = [a + b for a, b in zip(before[:4], kind[9:13], strict=True)]
            added[key] = (*sums, min(before[4], kind[-1]))
    return [(*key, *sums) for key, sums in added.items()]


# class archive looked restoring expiry tier days intent untold objects size large unsized as_of; -1: none
_SHAPE = Shape("a marked object", "ttiistiiiiriir")


def written_until(
    connection: sqlite3.Connection, place: MarkedPlace, rule: "ExpirationRule", classes: Collection[str], until: float
) -> tuple[int, int] | None:
    """How many marked current objects the rule holds for that were written until then, and when the first was."""
    named = ", ".join(f":class{number}" for number in range(len(classes)))
    spared = "".join(
        f" AND substr(s.key, 1, length(:spared{number})) <> :spared{number}" for number in range(len(rule.spares))
    )
    row = connection.execute(
        "SELECT count(*), min(s.modified) FROM selection s WHERE s.sel = :sel AND s.place_id = :place"
        f" AND coalesce(s.version_id, '') = '' AND s.storage_class IN ({named}) AND s.modified <= :until"
        " AND substr(s.key, 1, length(:prefix)) = :prefix AND s.size > :larger AND s.size < :smaller"
        f"{spared}",
        {
            **{f"spared{number}": prefix for number, prefix in enumerate(rule.spares)},
            **{f"class{number}": name for number, name in enumerate(classes)},
            "sel": place.sel, "place": place.place_id, "until": until, "prefix": rule.prefix,
            "larger": rule.larger_than, "smaller": MOST_SIZE if rule.smaller_than is None else rule.smaller_than,
        },
    ).fetchone()  # fmt: skip
    return (int(row[0]), int(row[1])) if row[0] else None


def told_to_lapse(
    connection: sqlite3.Connection, place: MarkedPlace, classes: Collection[str], end: float
) -> tuple[int, int] | None:
    """How many marked objects a lifecycle rule deletes before ``end`` by what HEAD told, and when the first one."""
    named = ", ".join(f":class{number}" for number in range(len(classes)))
    row = connection.execute(
        "SELECT count(*), min(lapse) FROM (SELECT coalesce(o.lapses, s.lapses) AS lapse FROM selection s"
        " LEFT JOIN observation o ON o.place_id = :place AND o.key = s.key AND o.version_id = s.version_id"
        f" WHERE s.sel = :sel AND s.place_id = :place AND s.storage_class IN ({named})) WHERE lapse < :end",
        {
            **{f"class{number}": name for number, name in enumerate(classes)},
            "sel": place.sel, "place": place.place_id, "end": end,
        },
    ).fetchone()  # fmt: skip
    return (int(row[0]), int(row[1])) if row[0] else None


MOST_SIZE = 2**63 - 1
"""What SQLite can compare."""


def objects_with(
    connection: sqlite3.Connection, place: MarkedPlace, key: FactKey, limit: int
) -> list[tuple[str, str]]:
    """Keys and versions of some objects of one group, in key order."""
    wanted = dict(zip((f"fact{number}" for number in range(len(key))), key, strict=True))
    columns = f"({_PLAIN}) = ({', '.join(f':{name}' for name in wanted)})"
    return connection.execute(
        f"SELECT key, version_id FROM ({place.objects()}) WHERE NOT gone AND {columns} LIMIT :limit",
        {**place.args, **wanted, "limit": limit},
    ).fetchall()
