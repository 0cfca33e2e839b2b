"""Rows of Parquet and ORC inventories as columns of entries: keys are as they are, and values have types."""

from collections.abc import Mapping, Sequence
from itertools import compress
from typing import Any

from restoretui.core.errors import InventoryUnreadable, UsageError
from restoretui.core.inventory.columns import InventoryColumn
from restoretui.core.inventory.csv_rows import NULL_VERSION, UNNAMED, WantedRows, frequent
from restoretui.core.inventory.manifest import Inventory
from restoretui.core.location import MAX_KEY_BYTES
from restoretui.core.model import CALENDAR, LARGEST_SIZE
from restoretui.core.rows import Rows

Columns = Mapping[InventoryColumn, Sequence[Any]]
"""Some rows by column, all of one length: text, whole numbers (dates in seconds since the epoch), truth; None where a
value is not told."""


class TypedRows:
    """Turns columns of a file into rows, as ``InventoryRows`` does with lines."""

    def __init__(self, inventory: Inventory, wanted: WantedRows, name: str) -> None:
        """``name`` is what the file is called in errors."""
        self._inventory = inventory
        self._wanted = wanted
        self._name = name
        self.seen = 0
        """Rows so far, taken or not."""

    def read(self, columns: Columns) -> Rows:
        """Those rows that are wanted."""
        self.seen += len(columns[InventoryColumn.KEY])
        self._check_bucket(columns.get(InventoryColumn.BUCKET, ()))
        pick = self._pick(columns)
        if not any(pick):
            return Rows.of(())

        def column(which: InventoryColumn, missing: Any = None) -> list[Any]:
            values = columns.get(which)
            return [missing] * sum(pick) if values is None else list(compress(values, pick))

        nothing: list[Any] = [None] * sum(pick)
        versions, latest = nothing, [True] * len(nothing)
        if self._wanted.versions:
            versions = [version or NULL_VERSION for version in column(InventoryColumn.VERSION)]
            latest = [value is not False for value in column(InventoryColumn.LATEST)]
        sizes = column(InventoryColumn.SIZE)
        return Rows(
            [
                column(InventoryColumn.KEY),
                versions,
                [size if size is not None and 0 <= size <= LARGEST_SIZE else None for size in sizes],
                [at if at is not None and at in CALENDAR else None for at in column(InventoryColumn.MODIFIED)],
                [name or UNNAMED for name in column(InventoryColumn.CLASS)],
                nothing,
                frequent(column(InventoryColumn.TIER)),
                [(etag or "").strip('"') for etag in column(InventoryColumn.ETAG)],
                latest,
            ]
        )

    def _pick(self, columns: Columns) -> list[bool]:
        """No delete markers, only current ones unless every version is wanted, and what lies below the prefix."""
        keys = columns[InventoryColumn.KEY]
        if any(not isinstance(key, str) or not key or len(key) > MAX_KEY_BYTES for key in keys):
            raise InventoryUnreadable(
                f"{self._name} cannot be read: it holds what cannot be a key", "take another inventory"
            )
        prefix = self._wanted.prefix
        pick = [key.startswith(prefix) for key in keys]
        if markers := columns.get(InventoryColumn.MARKER):
            pick = [kept and marker is not True for kept, marker in zip(pick, markers, strict=True)]
        if not self._wanted.versions and (latest := columns.get(InventoryColumn.LATEST)):
            pick = [kept and is_latest is not False for kept, is_latest in zip(pick, latest, strict=True)]
        return pick

    def _check_bucket(self, buckets: Sequence[Any]) -> None:
        if others := set(buckets) - {self._inventory.bucket, None}:
            raise UsageError(
                f"{self._name} holds objects of {str(min(others, key=str))[:80]!r}, and not of"
                f" {self._inventory.bucket!r}",
                "name the inventory of that bucket",
            )
