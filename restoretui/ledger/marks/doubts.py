"""What of marked objects only a HEAD can tell, and which those are."""

import sqlite3
from collections.abc import Collection
from enum import StrEnum

from restoretui.core.model import UNTOLD_CLASS, State
from restoretui.ledger.marks.fact_groups import MarkedPlace


class Doubt(StrEnum):
    """Why a HEAD has to tell of an object what its listing does not."""

    CLASS = "storage class"
    """The listing says none, and what that means at this endpoint is not known (FACTS 5)."""
    TIER = "archive tier"
    """Inside Intelligent-Tiering (``CloudRules.needs_look``): without it there is no verdict."""
    RESTORED = "restored"
    """The listing tells of no restores: there may be a copy, which another request could shorten (FACTS 1.5)."""
    FOREIGN = "somebody else's restore"
    """It restores by nobody's request that we know: its tier and days are in its headers, where they are told."""


def unlooked(
    connection: sqlite3.Connection,
    place: MarkedPlace,
    limit: int,
    doubt: Doubt = Doubt.TIER,
    after: tuple[str, str] = ("", ""),
) -> list[tuple[str, str]]:
    """Keys and versions of objects that only a HEAD can judge, in key order, behind ``after``."""
    args = {**place.args, "tiered": place.rules.tiered_class or "", "limit": limit}
    if doubt is Doubt.CLASS:
        if place.rules.lists_class and not place.imported:
            return []
        where = f"storage_class = '{UNTOLD_CLASS}' AND state = '{State.UNKNOWN}'"
    elif doubt is Doubt.TIER:
        if place.rules.tiered_class is None:
            return []
        where = (
            "storage_class = :tiered AND NOT looked AND coalesce(archive_status, '') = '' AND in_progress IS NOT 1"
        )
    elif doubt is Doubt.RESTORED:
        if place.rules.lists_status and not place.imported:
            return []
        # What an inventory lists nothing newer tells of: a look at it is good for as long as a listing would be.
        old = "OR told_long_ago" if place.imported else ""
        where = f"(untold {old}) AND storage_class <> :tiered"
    else:
        where = "in_progress = 1 AND NOT is_ours AND NOT looked"
    behind = "(s.key, s.version_id) > (:after_key, :after_version)"
    if not (place.has_looks or place.bucket_id):
        # Nothing else is known than what stands in the marks: most are passed over by one column.
        behind += {
            Doubt.CLASS: f" AND s.storage_class = '{UNTOLD_CLASS}'",
            Doubt.TIER: " AND s.storage_class = :tiered",
            Doubt.RESTORED: " AND s.storage_class <> :tiered",
            Doubt.FOREIGN: " AND s.in_progress = 1",
        }[doubt]
    behind = place.objects(where=behind)
    return connection.execute(
        f"SELECT key, version_id FROM ({behind}) WHERE NOT gone AND {where} ORDER BY key, version_id LIMIT :limit",
        {**args, "after_key": after[0], "after_version": after[1]},
    ).fetchall()


def named_classes(connection: sqlite3.Connection, place: MarkedPlace) -> Collection[str]:
    """The storage classes that listings named of marked objects."""
    rows = connection.execute(
        "SELECT DISTINCT storage_class FROM selection WHERE sel = :sel AND place_id = :place AND NOT looked"
        f" AND storage_class <> '{UNTOLD_CLASS}'",
        {"sel": place.sel, "place": place.place_id},
    )
    return {name for (name,) in rows}


NAME_CLASS = (
    "UPDATE selection SET storage_class = :name WHERE sel = :sel AND place_id IN"
    " (SELECT id FROM place WHERE scheme = :scheme AND endpoint = :endpoint)"
    f" AND storage_class = '{UNTOLD_CLASS}' AND NOT looked"
)
"""Marks without a class are of one from now on."""
