"""Pages of a listing that is kept already, as a cloud would answer them: flat, or a level at a time by delimiter.

An inventory is one flat listing of a whole bucket. What is opened in it is listed from here, with the requests that a
cloud would get, and none of them leaves. A level is found by search: what lies below a prefix is passed over at once.
"""

from typing import Any

from restoretui.core.errors import InvalidRequest, Unsupported
from restoretui.core.model import Page
from restoretui.core.rows import Rows
from restoretui.ledger.store.quick_reads import QuickReads
from restoretui.ledger.store.unknown_values import told_date, told_size
from restoretui.ledger.views.filter_sql import end_of_prefix
from restoretui.ledger.views.row_order import PLACE_BITS

LEVEL_PAGE = 100
"""Names of a level that one page has: each takes a search."""
_ROW = "id, key, version_id, size, modified, storage_class, in_progress, expiry, etag, is_latest"


class FlatPages:
    """Of one whole listing; read on the event loop, a page in a few milliseconds."""

    def __init__(self, quick: QuickReads, listing_id: int, bucket: str, *, versions: bool) -> None:
        self._quick = quick
        self._listing_id = listing_id
        self._bucket = bucket
        self._versions = versions
        self._segments = [
            ((number << PLACE_BITS) + 1, rows)
            for number, rows in quick.rows(
                "SELECT number, rows FROM segment WHERE listing_id = ? ORDER BY first_key, number", (listing_id,)
            )
        ]
        self._count = sum(rows for _, rows in self._segments)

    def position(self, key: str) -> int:
        """How many rows have a key below ``key``."""
        low, high = 0, self._count
        while low < high:
            middle = (low + high) // 2
            if self._key(middle) < key:
                low = middle + 1
            else:
                high = middle
        return low

    def key_at(self, position: int) -> str:
        """The key of a row; of the last one where there are not so many."""
        return self._key(min(position, self._count - 1)) if self._count else ""

    def rows_of(self, key: str) -> "list[tuple[int, str | None, int | None, int | None, str, str]]":
        """Id, version, size, date, class and ETag of each row of one key."""
        found = []
        at = self.position(key)
        while at < self._count and self._key(at) == key:
            row = self._quick.row(
                f"SELECT id, version_id, size, modified, storage_class, etag FROM l{self._listing_id} WHERE id = ?",
                (self._id(at),),
            )
            if row is not None:
                found.append((row[0], row[1] or None, told_size(row[2]), told_date(row[3]), row[4], row[5]))
            at += 1
        return found

    async def list_page(
        self,
        bucket: str,
        prefix: str = "",
        *,
        delimiter: str = "",
        start_after: str = "",
        token: str | None = None,
        versions: bool = False,
        max_keys: int = 1000,
    ) -> Page:
        """See ``Provider.list_page``; a token is a position."""
        if bucket != self._bucket or versions != self._versions:
            raise Unsupported(f"the inventory is not one of {bucket}")
        if token is not None:
            if not token.isdigit():
                raise InvalidRequest("that is not a token of an inventory")
            at = int(token)
        else:
            behind = start_after + "\0" if start_after else ""
            at = self.position(max(prefix, behind))
        return self._level(prefix, delimiter, at) if delimiter else self._flat(prefix, at, max_keys)

    def _flat(self, prefix: str, at: int, most: int) -> Page:
        stop = self.position(end_of_prefix(prefix)) if prefix else self._count
        rows = self._rows(at, min(at + most, stop))
        at += len(rows)
        return Page(rows, (), str(at) if at < stop and rows else None)

    def _level(self, prefix: str, delimiter: str, at: int) -> Page:
        stop = self.position(end_of_prefix(prefix)) if prefix else self._count
        found: list[Any] = []
        prefixes: list[str] = []
        while at < stop and len(found) + len(prefixes) < LEVEL_PAGE:
            key = self._key(at)
            end = key.find(delimiter, len(prefix))
            if end < 0:
                found += self._rows(at, at + 1)
                at += 1
            else:
                prefixes.append(key[: end + len(delimiter)])
                at = self.position(end_of_prefix(prefixes[-1]))
        return Page(Rows.of(found), prefixes, str(at) if at < stop else None)

    def _rows(self, start: int, stop: int) -> Rows:
        found: list[tuple[Any, ...]] = []
        for first_id, rows in self._segments:
            if start < rows and stop > 0:
                ends = first_id + max(start, 0), first_id + min(stop, rows) - 1
                found += self._quick.rows(
                    f"SELECT {_ROW} FROM l{self._listing_id} WHERE id BETWEEN ? AND ? ORDER BY id", ends
                )
            start, stop = start - rows, stop - rows
        if not found:
            return Rows.of(())
        _, keys, versions, sizes, dates, classes, running, ends_at, etags, latest = zip(*found, strict=True)
        return Rows(
            [
                keys, versions, list(map(told_size, sizes)), list(map(told_date, dates)), classes,
                [None if each is None else bool(each) for each in running], ends_at, etags, list(map(bool, latest)),
            ]
        )  # fmt: skip

    def _key(self, position: int) -> str:
        row = self._quick.row(f"SELECT key FROM l{self._listing_id} WHERE id = ?", (self._id(position),))
        return "" if row is None else str(row[0])

    def _id(self, position: int) -> int:
        for first_id, rows in self._segments:
            if position < rows:
                return int(first_id) + position
            position -= rows
        raise IndexError(position)
