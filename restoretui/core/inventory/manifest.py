"""The ``manifest.json`` of an inventory, of S3 (FACTS 8.1) and of clouds that write theirs alike (8.2)."""

import json
import re
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, NamedTuple

from msgspec import Struct

from restoretui.core.errors import InventoryUnreadable, UsageError
from restoretui.core.inventory.columns import InventoryColumn, column_named
from restoretui.core.location import MAX_KEY_BYTES

MANIFEST, CHECKSUM = "manifest.json", "manifest.checksum"
DATED = re.compile(r"(\d{4}-\d\d-\d\dT\d\d-\d\dZ)")
"""How the folder of one inventory is called: when its scan began."""
LARGEST_MANIFEST = 64 << 20
"""Bytes that are believed of one: it names each file in 200 bytes, and a billion keys are some thousand files."""
_MD5 = re.compile(r"[0-9a-fA-F]{32}")
_EARLIEST, _LATEST = 1_000_000_000, 253_402_300_799
_SECONDS_BELOW = 100_000_000_000
"""S3 writes the instant in milliseconds and OSS in seconds: no second is that large before the year 5138."""


class Format(StrEnum):
    """How the rows are kept."""

    CSV = "CSV"
    ORC = "ORC"
    PARQUET = "Parquet"


class KeyWriting(StrEnum):
    """How keys are written in CSV; elsewhere they are as they are."""

    FORM = "as in a form"
    """A blank is ``+``, and a plus ``%2B``."""
    URL = "percent-encoded"


class InventoryFile(NamedTuple):
    """One file of rows, below the bucket that the inventory was written to."""

    key: str
    size: int | None
    md5: str
    """In lower case; empty where none that is whole is told."""


class Inventory(Struct, frozen=True):
    """What one manifest says."""

    bucket: str
    """Whose objects are listed."""
    written_to: str
    """The bucket with the files."""
    made_at: datetime
    format: Format
    columns: tuple[InventoryColumn | None, ...]
    """By position; None for one that nobody here reads."""
    files: tuple[InventoryFile, ...]
    keys: KeyWriting = KeyWriting.FORM

    @property
    def has_versions(self) -> bool:
        """Every version is listed, not only the current ones."""
        return InventoryColumn.VERSION in self.columns


def read_manifest(data: bytes, name: str, *, needs_class: bool = True) -> Inventory:
    """Read one; ``name`` is where it is from, for errors.

    ``InventoryUnreadable`` where it is none, ``UsageError`` where what is needed was left out of the inventory.
    """
    try:
        told = _object(json.loads(data), "it")
        columns = _columns(told)
        found = Inventory(
            bucket=_text(told, "sourceBucket"),
            written_to=_text(told, "destinationBucket").rpartition(":")[2],
            made_at=_instant(told["creationTimestamp"]),
            format=Format(_text(told, "fileFormat")),
            columns=columns,
            files=_files(told["files"]),
            keys=KeyWriting.FORM if _text(told, "version") == "2016-11-30" else KeyWriting.URL,
        )
    except (ValueError, KeyError, TypeError, RecursionError, OverflowError) as error:
        why = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
        why = "it is nested too deeply" if isinstance(error, RecursionError) else why
        raise InventoryUnreadable(
            f"{name} is no manifest of an inventory: {why[:200]}", "name the manifest.json that the cloud wrote"
        ) from None
    for column, called in ((InventoryColumn.KEY, "Key"), (InventoryColumn.CLASS, "StorageClass")):
        if column not in columns and (needs_class or column is not InventoryColumn.CLASS):
            raise UsageError(
                f"the inventory {name} has no column {called}: what is archived cannot be told by it",
                f"add {called} to the bucket's inventory configuration; the next one has it",
            )
    return found


def _text(told: Any, name: str) -> str:
    value = told[name]
    if not isinstance(value, str):
        raise TypeError(f"its {name} is no text")
    return value


def _instant(value: object) -> datetime:
    number = float(str(value))
    number = number if number < _SECONDS_BELOW else number / 1000
    if not _EARLIEST <= number <= _LATEST:
        raise ValueError(f"its creationTimestamp {str(value)[:40]!r} is no instant")
    return datetime.fromtimestamp(number, UTC)


def _object(told: Any, what: str) -> dict[str, Any]:
    if not isinstance(told, dict):
        raise TypeError(f"{what} is no JSON object")
    return told


def _files(told: Any) -> tuple[InventoryFile, ...]:
    if not isinstance(told, list):
        raise TypeError("its files are no list")
    files = tuple(map(_file, told))
    keys: set[str] = set()
    for file in files:
        if file.key in keys:
            raise ValueError(f"it names the file {file.key[:80]!r} twice")
        keys.add(file.key)
    return files


def _file(one: Any) -> InventoryFile:
    key, size = _object(one, "one of its files")["key"], one.get("size")
    if not isinstance(key, str) or not key:
        raise TypeError("a file has no key")
    if not key.isprintable() or len(key.encode()) > MAX_KEY_BYTES:
        raise ValueError(f"it names a file {key[:80]!r}, as no cloud would call it")
    told = str(one.get("MD5checksum", ""))
    md5 = told.lower() if _MD5.fullmatch(told) else ""
    return InventoryFile(key, size if isinstance(size, int) and size >= 0 else None, md5)


def _columns(told: Any) -> tuple[InventoryColumn | None, ...]:
    schema = _text(told, "fileSchema")
    is_csv = told["fileFormat"] == Format.CSV
    columns = tuple(map(column_named, schema.split(","))) if is_csv else _columns_of_types(schema)
    for column in InventoryColumn:
        if columns.count(column) > 1:
            raise ValueError(f"its fileSchema names the column {column.value} twice")
    return columns


_MEMBER = re.compile(r"(?:^|[{;,<])\s*(?:(?:required|optional)\s+\w+\s+)?(\w+)\s*(?=[;:(])")


def _columns_of_types(schema: str) -> tuple[InventoryColumn | None, ...]:
    """Of ``message s3.inventory {required binary bucket (UTF8); …}`` and ``struct<bucket:string,…>``."""
    return tuple(column_named(name) for name in _MEMBER.findall(schema))
