"""The columns of an inventory, by the names that clouds and formats give them: never by position (FACTS 8.1, 8.2)."""

from enum import StrEnum


class InventoryColumn(StrEnum):
    """What is read of a row."""

    BUCKET = "bucket"
    KEY = "key"
    VERSION = "versionid"
    LATEST = "islatest"
    MARKER = "isdeletemarker"
    SIZE = "size"
    MODIFIED = "lastmodifieddate"
    ETAG = "etag"
    CLASS = "storageclass"
    TIER = "intelligenttieringaccesstier"


FREQUENT = frozenset({"FREQUENT", "FREQUENT_ACCESS"})
"""How the tier of objects in use is written, as far as readers report it (FACTS 8.1): another spelling tells nothing.

Who was in it had been used within 30 days, and is archived after 90 without use at the earliest (FACTS 1.5).
"""
FREQUENT_FOR_S = 60 * 86_400.0
"""Seconds after an inventory for which such an object cannot have been archived."""


_BY_NAME = {column.value: column for column in InventoryColumn}


def column_named(name: str) -> InventoryColumn | None:
    """``LastModifiedDate`` and ``last_modified_date`` are one; None for a column that nobody reads."""
    return _BY_NAME.get(name.strip().replace("_", "").lower())
