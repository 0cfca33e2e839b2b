"""What lifecycle rules delete of what is marked, and when."""

import sqlite3
from collections.abc import Collection
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from restoretui.core.plan.lifecycle import ExpirationRule

from restoretui.ledger.marks.marked_places import MarkedPlace

MOST_SIZE = 2**63 - 1
"""What SQLite can compare."""


def written_until(
    connection: sqlite3.Connection, place: MarkedPlace, rule: "ExpirationRule", classes: Collection[str], until: float
) -> tuple[int, int] | None:
    """How many marked current objects the rule holds for that were written until then, and when the first was."""
    named = ", ".join(f":class{number}" for number in range(len(classes)))
    spared = "".join(
        f" AND substr(s.key, 1, length(:spared{number})) <> :spared{number}" for number in range(len(rule.spares))
    )
    row = connection.execute(
        f"SELECT count(*), min(s.modified) FROM {place.source} WHERE s.sel = :sel AND s.place_id = :place"
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
        f"SELECT count(*), min(lapse) FROM (SELECT coalesce(o.lapses, s.lapses) AS lapse FROM {place.source}"
        " LEFT JOIN observation o ON o.place_id = :place AND o.key = s.key AND o.version_id = s.version_id"
        f" WHERE s.sel = :sel AND s.place_id = :place AND s.storage_class IN ({named})) WHERE lapse < :end",
        {
            **{f"class{number}": name for number, name in enumerate(classes)},
            "sel": place.sel, "place": place.place_id, "end": end,
        },
    ).fetchone()  # fmt: skip
    return (int(row[0]), int(row[1])) if row[0] else None
