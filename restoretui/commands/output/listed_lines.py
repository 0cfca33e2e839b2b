"""The lines of ``ls``: of a table or of JSON, a page at a time."""

from collections.abc import Mapping, Sequence
from typing import Any

from restoretui.core.model import MARKER_CLASS, ObjectRef
from restoretui.ledger.records import BrowseRow
from restoretui.session.rows.listed import ListedPage, row_of
from restoretui.wording import format as words
from restoretui.wording.safe import clean, fit

_DELETED = "deleted"
HEAD = "STATE       CLASS                    SIZE  MODIFIED    EXPIRY            KEY"


class JsonLines:
    """JSON lines of one bucket's objects."""

    def __init__(self, scheme: str, bucket: str) -> None:
        from restoretui.session.jsonlines.objects import marker_line, row_line
        from restoretui.session.rows.alike import SIZES, RowLines, ends, instants

        def make(kind: tuple[object, ...], values: Mapping[str, Any]) -> str:
            ref = ObjectRef(bucket, values["key"], values["version_id"])
            row = row_of(kind, ref, values["size"], values["modified"], values["expiry"])
            return marker_line(scheme, row) if kind[1] == MARKER_CLASS else row_line(scheme, row)

        self._ends = ends
        self._lines = RowLines(make, {"size": SIZES, "modified": instants(0), "expiry": instants(1)})

    def __call__(self, page: ListedPage) -> list[str]:
        """One line a row."""
        values = {"size": page.sizes, "modified": page.modified, "expiry": self._ends(page.expiries)}
        return self._lines.lines(page.kinds, page.keys, page.version_ids, values)


def table_line(row: BrowseRow) -> str:
    """A row of the table."""
    version = f"  {clean(row.ref.version_id)}" if row.ref.version_id else ""
    expiry = words.instant(row.expiry) if row.expiry else ""
    state = _DELETED if row.storage_class == MARKER_CLASS else row.state
    return (
        f"{fit(state, 10)}  {fit(row.storage_class, 19)}  {words.size(row.size):>8}"
        f"  {words.day(row.modified):10}  {expiry:16}  {clean(row.ref.key)}{version}"
    )


class TableLines:
    """Lines of the table."""

    def __call__(self, page: ListedPage) -> list[str]:
        """One line a row; ``table_line`` of each, made from fewer pieces."""
        if any(page.version_ids) or any(page.expiries):
            return [table_line(page.row(at)) for at in range(len(page.keys))]
        keys: Sequence[str] = page.keys
        joined = "".join(keys)
        if not (joined.isascii() and joined.isprintable()):
            keys = list(map(clean, keys))
        first = page.kinds[0] if page.kinds else None
        rows = zip(words.sizes_of(page.sizes), words.days_of(page.modified), keys, strict=True)
        if page.kinds.count(first) == len(page.kinds):
            head = self._head(first) if first else ""
            return [f"{head}{size}  {day}                    {key}" for size, day, key in rows]
        heads = {kind: self._head(kind) for kind in set(page.kinds)}
        return [
            f"{heads[kind]}{size}  {day}                    {key}"
            for kind, (size, day, key) in zip(page.kinds, rows, strict=True)
        ]

    @staticmethod
    def _head(kind: tuple[object, ...]) -> str:
        return f"{fit(str(kind[0]), 10)}  {fit(str(kind[1]), 19)}  "
