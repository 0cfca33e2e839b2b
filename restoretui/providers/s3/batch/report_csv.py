"""A streaming parser of completion reports (FACTS 2.3): quirks of their layout are told by the content."""

import csv
import json
from codecs import getincrementaldecoder
from typing import NamedTuple

from restoretui.core.batch.jobs import ReportRow
from restoretui.providers.wire.refusals import Caller, Refusal, reason_of

COLUMNS = 7
LONGEST_ROW = 1 << 16
"""Characters: a key of 1,024 bytes, url-encoded and quoted, and a message of the service."""
MANIFEST_NAMES = ("manifest.json", "report.json")
"""The guide's sample has the one, the API's text the other."""


class Foreign(ValueError):
    """Not a completion report as we know them; the text is one sentence."""


class ResultFile(NamedTuple):
    """One file of results, as the report's manifest names it."""

    bucket: str
    key: str
    md5: str


def read_manifest(content: bytes) -> list[ResultFile]:
    """The files that ``manifest.json`` names."""
    try:
        results = json.loads(content)["Results"]
        return [ResultFile(str(it["Bucket"]), str(it["Key"]), str(it.get("MD5Checksum", ""))) for it in results]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise Foreign(
            "the completion report's manifest cannot be read: it is half-written or of another layout"
        ) from None


class RowReader:
    """Turns a file's bytes, in any pieces, into rows."""

    def __init__(self) -> None:
        self._decoder = getincrementaldecoder("utf-8")()
        self._text = ""
        self._number = 0

    def feed(self, piece: bytes, *, final: bool = False) -> list[ReportRow]:
        """The rows that are complete by now."""
        try:
            text = self._text + self._decoder.decode(piece, final)
        except UnicodeDecodeError:
            raise Foreign("the completion report is not UTF-8") from None
        end = len(text) if final else _last_line_end(text)
        whole, self._text = text[:end], text[end:]
        if len(self._text) > LONGEST_ROW:
            raise Foreign(f"a row of the completion report is longer than {LONGEST_ROW:,} characters")
        if not whole:
            return []
        try:
            return [self._row(fields) for fields in csv.reader(_lines(whole), strict=True) if fields]
        except csv.Error as error:
            raise Foreign(f"the completion report breaks off or is no CSV: {error}") from None

    def _row(self, fields: list[str]) -> ReportRow:
        self._number += 1
        if len(fields) != COLUMNS:
            raise Foreign(
                f"row {self._number} of the completion report has {len(fields)} columns instead of {COLUMNS}: "
                "it is half-written or of another layout"
            )
        bucket, key, version_id, outcome, first, second, message = fields
        if outcome not in ("succeeded", "failed"):
            raise Foreign(f"row {self._number} of the completion report has the unknown task status {outcome[:40]!r}")
        # The schema names the error's code first and the HTTP status second; rows have been seen both ways.
        status, code = (first, second) if first.isdecimal() or not second.isdecimal() else (second, first)
        number = int(status) if status.isdecimal() and len(status) <= 3 else 0
        succeeded = outcome == "succeeded"
        found = None if succeeded else reason_of(Refusal("RestoreObject", number, code, message), Caller())
        return ReportRow(bucket, key, version_id or None, succeeded, number, code, message, str(found or ""))


def _last_line_end(text: str) -> int:
    """Behind the last line feed that ends a record and does not stand in a quoted message."""
    end = text.rfind("\n") + 1
    is_quoted = text.count('"', 0, end) % 2
    # A row is no longer than that: what lies further back cannot be the end of the last one.
    least = max(0, len(text) - LONGEST_ROW - 1)
    while is_quoted and end > least:
        before = text.rfind("\n", 0, end - 1) + 1
        is_quoted ^= text.count('"', before, end) % 2
        end = before
    return 0 if is_quoted else end


def _lines(text: str) -> list[str]:
    # Keys may hold other characters that Python takes for line ends.
    return [line + "\n" for line in text.removesuffix("\n").split("\n")]
