"""Rows of a CSV manifest that somebody else wrote, held to what a job takes (FACTS 2.2): one bucket, alike rows."""

import csv
from io import StringIO
from urllib.parse import unquote_plus

from restoretui.core.batch.jobs import ManifestRow
from restoretui.core.errors import LocationError, UsageError
from restoretui.core.location import check_key

FIELDS = ("Bucket", "Key", "VersionId")
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
        return [self._row(row) for row in rows]

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
