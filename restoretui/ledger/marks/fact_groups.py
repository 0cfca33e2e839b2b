"""Groups marked objects by the facts that decide what a restore would do: a million objects, a few dozen groups."""

import sqlite3
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from restoretui.core.model import Intent, IntentStage, ObjectFacts
from restoretui.core.rules.rules import EXPEDITED_TYPICAL_BYTES
from restoretui.ledger.marks.kinds import ONE_OF_KIND, added_up, counted, kind_args
from restoretui.ledger.marks.marked_places import FACTS, PLAIN, MarkedPlace
from restoretui.ledger.store.decoding import TIERS, Shape, decodes
from restoretui.ledger.store.unknown_values import saturated
from restoretui.ledger.views.fact_sql import INTENT_STEP

if TYPE_CHECKING:
    from restoretui.core.plan.tier_plan import FactGroup

_PLAIN = ", ".join(PLAIN)


MOST_KINDS = 500
"""Kinds of marks up to which each is judged by itself: copies may end in as many instants as there are."""


FactKey = tuple[str, str, int, int, int, str, int, int, int]
"""The values of ``FACTS`` in plain form."""


class MarkedGroup(Struct, frozen=True):
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


def group_facts(connection: sqlite3.Connection, place: MarkedPlace) -> list[MarkedGroup]:
    """The groups of one bucket; objects known to be gone are in none."""
    args = place.args
    rows = f"{_PLAIN}, 1, CASE WHEN size > 0 THEN size ELSE 0 END, size >= {EXPEDITED_TYPICAL_BYTES}, size < 0, as_of"
    kinds: list[tuple[Any, ...]] = []
    if not (place.has_looks or place.bucket_id or place.imported):
        # Marks whose own columns are equal have equal facts: only the few kinds there are of them are judged.
        kinds = added_up(connection, place)
    if kinds and len(kinds) <= MOST_KINDS:
        found = _judged(connection, replace(place, part=None), kinds)
    else:
        rows = f"SELECT {rows} FROM ({place.objects()}) WHERE NOT gone"
        found = counted(connection, "fact_group", FACTS, [(rows, args)])
    _SHAPE.check(found)
    return [MarkedGroup(row[:9], row[9], saturated(row[10]), *row[11:]) for row in found]


def _judged(
    connection: sqlite3.Connection, place: MarkedPlace, kinds: list[tuple[Any, ...]]
) -> list[tuple[Any, ...]]:
    """Kinds of marks, added up by the facts that they have."""
    added: dict[tuple[Any, ...], tuple[Any, ...]] = {}
    for kind in kinds:
        args = {**place.args, **kind_args(kind)}
        facts = connection.execute(
            f"SELECT {_PLAIN} FROM ({place.objects(source=ONE_OF_KIND)}) WHERE NOT gone", args
        ).fetchall()
        for key in facts:
            before = added.get(key, (0, 0, 0, 0, kind[-1]))
            sums = [a + b for a, b in zip(before[:4], kind[9:13], strict=True)]
            added[key] = (*sums, min(before[4], kind[-1]))
    return [(*key, *sums) for key, sums in added.items()]


# class archive looked restoring expiry tier days intent untold objects size large unsized as_of; -1: none


_SHAPE = Shape("a marked object", "ttiistiiiiriir")


def objects_with(
    connection: sqlite3.Connection, place: MarkedPlace, key: FactKey, limit: int
) -> list[tuple[str, str]]:
    """Keys and versions of some objects of one group, in key order."""
    wanted = dict(zip((f"fact{number}" for number in range(len(key))), key, strict=True))
    columns = f"({_PLAIN}) = ({', '.join(f':{name}' for name in wanted)})"
    return connection.execute(
        f"SELECT key, version_id FROM ({place.objects()}) WHERE NOT gone AND {columns}{place.in_order} LIMIT :limit",
        {**place.args, **wanted, "limit": limit},
    ).fetchall()
