"""Rows of a CSV manifest that somebody else wrote, held to what a job takes (FACTS 2.2): one bucket, alike rows."""

import csv
from io import StringIO
from itertools import repeat
from urllib.parse import unquote_plus

from restoretui.core.batch.jobs import ManifestRow
from restoretui.core.errors import LocationError, UsageError
from restoretui.core.location import MAX_KEY_BYTES, check_key

FIELDS = ("Bucket", "Key", "VersionId")
_MOST_UTF8 = 4
"""Bytes of a character."""
_HINT = "a manifest has a bucket, a key and perhaps a version id in each row, and no headings"


class ManifestRows:
    """Turns blocks of whole lines into rows."""

    def __init__(self, name: str, *, skips_headings: bool) -> None:
        """``name`` is what the manifest is called in errors; headings are no matter where we write it anew."""
        self._name = name
        self._skips_headings = skips_headings
        self._width = 0
        self.bucket = ""
        self.seen = 0
        """Rows so far, and so the number of the last one."""
        self.named = 0
        """Of them, those with a version id."""

    @property
    def fields(self) -> tuple[str, ...]:
        """The columns as CreateJob is told of them; a third one that is always empty is none."""
        if self._width < len(FIELDS):
            return FIELDS[: self._width]
        return FIELDS if self.named else (*FIELDS[:2], "Ignore")

    def read(self, block: str) -> list[ManifestRow]:
        """The rows of some lines; ``UsageError`` names the first that no job could take."""
        try:
            rows = [row for row in csv.reader(StringIO(block, newline=""), strict=True) if row]
        except csv.Error as error:
            raise self._bad(f"behind row {self.seen:,} of {self._name} stands no CSV: {error}") from None
        if rows and not self.seen and [cell.strip().lower() for cell in rows[0][:2]] == ["bucket", "key"]:
            if not self._skips_headings:
                raise self._bad(f"{self._name} begins with headings, which a job takes for an object")
            rows = rows[1:]
        return self._alike(rows) or [self._row(row) for row in rows]

    def _alike(self, rows: list[list[str]]) -> list[ManifestRow]:
        """All of them at once, where nothing is wrong with any; empty where each is to be looked at."""
        if not rows or (self.seen and {self._width} != {*map(len, rows)}) or len({*map(len, rows)}) > 1:
            return []
        width, columns = len(rows[0]), list(zip(*rows, strict=True))
        if width not in (2, len(FIELDS)) or {self.bucket or columns[0][0]} != {*columns[0]}:
            return []
        versions = columns[2] if width == len(FIELDS) else ("",) * len(rows)
        named = len(versions) - versions.count("")
        if named not in (0, len(rows)) or (self.seen and bool(named) != bool(self.named)):
            return []
        written = "\n".join(columns[1])
        try:
            keys = unquote_plus(written, errors="strict").split("\n")
        except UnicodeDecodeError:
            return []
        # A line feed within one of them, encoded or not, makes more of them.
        if len(keys) != len(rows) or "" in keys or max(map(len, keys)) * _MOST_UTF8 > MAX_KEY_BYTES:
            return []
        self._width, self.bucket = width, columns[0][0]
        self.seen += len(rows)
        self.named += named
        return list(map(ManifestRow, columns[0], keys, versions if named else repeat(None)))

    def _row(self, row: list[str]) -> ManifestRow:
        self.seen += 1
        self._width = self._width or len(row)
        where = f"row {self.seen:,} of {self._name}"
        if len(row) not in (2, len(FIELDS)):
            raise self._bad(
                f"{where} has {len(row)} {'column' if len(row) == 1 else 'columns'}, where two or three are meant"
            )
        if len(row) != self._width:
            raise self._bad(f"{where} has {len(row)} columns, and those before have {self._width}")
        self.bucket = self.bucket or row[0]
        if row[0] != self.bucket:
            raise self._bad(f"{where} is in the bucket {row[0][:80]!r}, and those before are in {self.bucket!r}")
        version = row[2] if len(row) == len(FIELDS) else ""
        if bool(version) != bool(self.named) and self.seen > 1:
            which = "has a version id, and those before have none" if version else "has no version id, unlike others"
            raise self._bad(f"{where} {which}")
        self.named += bool(version)
        if not row[1]:
            raise self._bad(f"{where} names no key")
        try:
            return ManifestRow(row[0], check_key(unquote_plus(row[1], errors="strict")), version or None)
        except (UnicodeDecodeError, LocationError) as error:
            why = error if isinstance(error, LocationError) else "it is not UTF-8"
            raise self._bad(f"{where} names no key: {why}") from None

    @staticmethod
    def _bad(what: str) -> UsageError:
        return UsageError(what, _HINT)
