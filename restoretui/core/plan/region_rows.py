"""The compact file of Regions with a few known prices each, spread out into the tables of a prices file."""

from collections.abc import Mapping
from typing import Any

from restoretui.core.model import DEFAULT_SCHEME, Tier
from restoretui.core.plan.price_values import bad, money, only, section

COLUMNS = ("copy", "GLACIER", "DEEP_ARCHIVE", "egress", "list", "head", "GLACIER storage", "DEEP_ARCHIVE storage")
"""What each Region's row holds: by GB and month, by GB at the standard tier (twice), by GB, by 1,000 (twice),
and by GB and month (twice)."""


def spread(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document that ``read_price_book`` reads; ``UsageError`` for a row that is not of ``COLUMNS``."""
    only(document, {"date", "currency", "source", "columns", "regions"}, "a file of Regions")
    if tuple(document.get("columns", ())) != COLUMNS:
        raise bad(f"columns are not {', '.join(COLUMNS)}")
    about = {name: document[name] for name in ("date", "currency", "source") if name in document}
    rows = section("regions", document.get("regions"))
    return {"table": [about | _table(region, row) for region, row in rows.items()]}


def _table(region: str, row: object) -> dict[str, Any]:
    if not isinstance(row, list) or len(row) != len(COLUMNS):
        raise bad(f"regions.{region} has not {len(COLUMNS)} numbers")
    copy, glacier, deep, egress, lists, heads, at_glacier, at_deep = (
        money(f"regions.{region}", value) for value in row
    )
    free = {"per_gib": 0, "per_1000": 0}
    return {
        "scheme": DEFAULT_SCHEME,
        "regions": [region],
        "copy_per_gib_month": copy,
        "copy_free": ["ARCHIVE_ACCESS", "DEEP_ARCHIVE_ACCESS"],
        "egress_per_gib": egress,
        "list_per_1000": lists,
        "head_per_1000": heads,
        "archived": {"GLACIER": at_glacier, "DEEP_ARCHIVE": at_deep},
        "retrieval": {
            # Bulk of GLACIER retrieves for nothing everywhere, and so does Intelligent-Tiering (FACTS 3).
            "GLACIER": {Tier.STANDARD: {"per_gib": glacier}, Tier.BULK: {"per_gib": 0}},
            "DEEP_ARCHIVE": {Tier.STANDARD: {"per_gib": deep}},
            "ARCHIVE_ACCESS": {Tier.STANDARD: free, Tier.BULK: free},
            "DEEP_ARCHIVE_ACCESS": {Tier.STANDARD: free, Tier.BULK: free},
        },
    }
