"""Rows of a CSV inventory as columns of entries: by column all of it, since most of it stays in C that way."""

import csv
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from io import StringIO
from itertools import compress
from typing import Any, NamedTuple
from urllib.parse import unquote, unquote_plus

from msgspec import Struct

from restoretui.core.errors import InventoryUnreadable, UsageError
from restoretui.core.inventory.columns import FREQUENT, InventoryColumn
from restoretui.core.inventory.manifest import Inventory, KeyWriting
from restoretui.core.location import MAX_KEY_BYTES
from restoretui.core.model import CALENDAR, LARGEST_SIZE, UNTOLD_CLASS
from restoretui.core.rows import Rows

NULL_VERSION = "null"
"""How a cloud calls the version that an inventory leaves empty."""
UNNAMED = "STANDARD"
"""What a listing means that names no class."""


class WantedRows(NamedTuple):
    """What of an inventory is taken."""

    versions: bool = False
    """Every version, not only the current ones."""
    prefix: str = ""


class PlusIsBlank(Exception):
    """Keys with a plus were read as they are, and it turns out that a plus stands for a blank: read them anew."""


class PlusSign(Struct):
    """What a plus in the keys of an inventory is: who writes a plus itself as ``%2B`` writes a blank so.

    S3's documents say it, OSS's do not (FACTS 8.2): there it is itself until some key shows better.
    """

    is_blank: bool
    was_met: bool = False
    """Some key had one, which was taken as it is."""

    def seen(self, keys: str) -> None:
        """Learn from keys, before they are decoded; ``PlusIsBlank`` where others were decoded wrongly by now."""
        if self.is_blank:
            return
        if "%2B" in keys or "%2b" in keys:
            if self.was_met:
                raise PlusIsBlank
            self.is_blank = True
        else:
            self.was_met = self.was_met or "+" in keys


class InventoryRows:
    """Turns blocks of lines into rows."""

    def __init__(self, inventory: Inventory, wanted: WantedRows, name: str, plus: PlusSign | None = None) -> None:
        """``name`` is what the file is called in errors; ``plus`` what its inventory's other files have shown."""
        self._inventory = inventory
        self._wanted = wanted
        self._name = name
        self._at = {column: place for place, column in enumerate(inventory.columns) if column is not None}
        self._plus = plus or PlusSign(inventory.keys is KeyWriting.FORM)
        self.seen = 0
        """Rows so far, taken or not."""

    def read(self, block: str) -> Rows:
        """Those rows of a block that are wanted."""
        columns = self._columns(block)
        if not columns:
            return Rows.of(())
        keys, pick = columns[self._at[InventoryColumn.KEY]], self._pick(columns)
        names = self._names(keys if pick is None else list(compress(keys, pick)))

        def column(which: InventoryColumn) -> Sequence[str]:
            values = columns[self._at[which]]
            return values if pick is None else list(compress(values, pick))

        count = len(names)
        nothing: list[Any] = [None] * count
        has = self._at
        versions: list[Any] = nothing
        if self._wanted.versions and InventoryColumn.VERSION in has:
            versions = [text or NULL_VERSION for text in column(InventoryColumn.VERSION)]
        latest = [True] * count
        if self._wanted.versions and InventoryColumn.LATEST in has:
            told = column(InventoryColumn.LATEST)
            yes = _written(told, "true")
            latest = [text in yes for text in told]
        rows = Rows(
            [
                names,
                versions,
                self._sizes(column(InventoryColumn.SIZE)) if InventoryColumn.SIZE in has else nothing,
                self._dates(column(InventoryColumn.MODIFIED)) if InventoryColumn.MODIFIED in has else nothing,
                _named(column(InventoryColumn.CLASS)) if InventoryColumn.CLASS in has else [UNTOLD_CLASS] * count,
                nothing,
                frequent(column(InventoryColumn.TIER)) if InventoryColumn.TIER in has else nothing,
                [text.strip('"') for text in column(InventoryColumn.ETAG)]
                if InventoryColumn.ETAG in has
                else [""] * count,
                latest,
            ]
        )
        return rows if not self._wanted.prefix else self._below(rows)

    def _columns(self, block: str) -> Sequence[Sequence[str]]:
        columns: Sequence[Sequence[str]] | None = self._plain(block)
        if columns is None:
            columns = self._any(block)
        count = len(columns[0]) if columns else 0
        if count and InventoryColumn.BUCKET in self._at:
            self._check_bucket(columns[self._at[InventoryColumn.BUCKET]])
        self.seen += count
        return columns

    def _plain(self, block: str) -> list[list[str]] | None:
        """As clouds write it, all of it in quotes and no quote within: cut up at once, in a third of the time.

        None where it may be anything else. That rows are as long as the schema shows in the column of the bucket,
        which is the same in all.
        """
        width, bucket = len(self._inventory.columns), self._at.get(InventoryColumn.BUCKET)
        if bucket is None or not block.startswith('"') or not block.endswith('"\n'):
            return None
        cells = block[1:-2].replace('"\n"', '","').split('","')
        if len(cells) % width or block.count('"') != 2 * len(cells):
            return None
        if cells[bucket::width].count(self._inventory.bucket) != len(cells) // width:
            return None
        return [cells[place::width] for place in range(width)]

    def _any(self, block: str) -> Sequence[Sequence[str]]:
        try:
            rows = [row for row in csv.reader(StringIO(block, newline="")) if row]
        except csv.Error as error:
            raise self._unreadable(f"behind row {self.seen:,} something is no CSV ({error})") from None
        width = len(self._inventory.columns)
        if set(map(len, rows)) - {width}:
            number, row = next((at, row) for at, row in enumerate(rows, self.seen + 1) if len(row) != width)
            raise self._unreadable(f"row {number:,} has {len(row):,} columns, and its schema {width}")
        return list(zip(*rows, strict=True))

    def _check_bucket(self, buckets: Iterable[str]) -> None:
        if others := set(buckets) - {self._inventory.bucket}:
            raise UsageError(
                f"{self._name} holds objects of {min(others)[:80]!r}, and not of {self._inventory.bucket!r}",
                "name the inventory of that bucket",
            )

    def _pick(self, columns: Sequence[Sequence[str]]) -> list[bool] | None:
        """Which rows are wanted: no delete markers, and only current ones unless every version is; None: all are."""
        pick: list[bool] | None = None
        if InventoryColumn.MARKER in self._at:
            markers = columns[self._at[InventoryColumn.MARKER]]
            if yes := _written(markers, "true"):
                pick = [text not in yes for text in markers]
        if InventoryColumn.LATEST in self._at and not self._wanted.versions:
            latest = columns[self._at[InventoryColumn.LATEST]]
            if no := _written(latest, "false"):
                current = [text not in no for text in latest]
                pick = current if pick is None else [a and b for a, b in zip(pick, current, strict=True)]
        return pick

    def _names(self, keys: Sequence[str]) -> list[str]:
        every = "".join(keys)
        self._plus.seen(every)
        sign = "+" if self._plus.is_blank else "%"
        names = list(keys)
        if "%" in every or sign in every:
            decode: Callable[[str], str] = unquote_plus if self._plus.is_blank else unquote
            try:
                names = [
                    decode(key, errors="strict") if "%" in key or sign in key else key  # type: ignore[call-arg]
                    for key in keys
                ]
            except UnicodeDecodeError:
                raise self._unreadable("a key in it is not UTF-8") from None
        if "" in names or any(len(key) > MAX_KEY_BYTES for key in names):
            raise self._unreadable("it holds what cannot be a key: an empty one, or one beyond 1,024 bytes")
        return names

    def _sizes(self, texts: Sequence[str]) -> list[int | None]:
        try:
            sizes: list[int | None] = list(map(int, texts))
        except ValueError:
            try:
                sizes = [int(text) if text else None for text in texts]
            except ValueError:
                raise self._unreadable("a size in it is no number") from None
        if sizes and (min(size or 0 for size in sizes) < 0 or max(size or 0 for size in sizes) > LARGEST_SIZE):
            return [size if size is not None and 0 <= size <= LARGEST_SIZE else None for size in sizes]
        return sizes

    def _dates(self, texts: Sequence[str]) -> list[int | None]:
        try:
            if "".join(texts).count("Z") == len(texts):  # else some of them may name no time zone
                found = list(map(int, map(datetime.timestamp, map(datetime.fromisoformat, texts))))
                if not found or (min(found) in CALENDAR and max(found) in CALENDAR):
                    return found  # type: ignore[return-value]  # of a list of numbers
        except (ValueError, OverflowError):
            pass
        return [_date(text) for text in texts]

    def _below(self, rows: Rows) -> Rows:
        prefix = self._wanted.prefix
        pick = [key.startswith(prefix) for key in rows.keys]
        return rows if all(pick) else Rows([list(compress(column, pick)) for column in rows.columns])

    def _unreadable(self, why: str) -> InventoryUnreadable:
        return InventoryUnreadable(f"{self._name} cannot be read: {why}", "fetch it again, or take another inventory")


def frequent(tiers: Sequence[str | None]) -> list[int | None]:
    """Which rows are surely no archive's, by the tier they were in; in the column for when copies end."""
    if not any(tiers):
        return [None] * len(tiers)
    return [1 if tier and tier.upper() in FREQUENT else None for tier in tiers]


def _written(values: Sequence[str], word: str) -> set[str]:
    """The spellings of ``word`` among them: ``true``, ``True``."""
    return {text for text in set(values) if text.lower() == word}


def _date(text: str) -> int | None:
    try:
        instant = datetime.fromisoformat(text)
        second = int((instant if instant.tzinfo else instant.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        return None
    return second if second in CALENDAR else None


def _named(classes: Sequence[str]) -> Sequence[str]:
    return [text or UNNAMED for text in classes] if "" in classes else classes
