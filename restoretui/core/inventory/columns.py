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


_BY_NAME = {column.value: column for column in InventoryColumn}


def column_named(name: str) -> InventoryColumn | None:
    """``LastModifiedDate`` and ``last_modified_date`` are one; None for a column that nobody reads."""
    return _BY_NAME.get(name.strip().replace("_", "").lower())
