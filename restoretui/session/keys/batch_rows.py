"""Rows of manifests and completion reports of S3 Batch Operations: how keys are written shows once all were read."""

from array import array
from collections.abc import Callable, Sequence
from urllib.parse import unquote, unquote_plus

from restoretui.core.batch.report_keys import is_surely_raw
from restoretui.core.errors import LocationError, UsageError
from restoretui.core.location import MAX_KEY_BYTES, check_bucket, check_key
from restoretui.core.rules.clouds import cloud_with_jobs
from restoretui.session.keys.entries import Entries
from restoretui.session.keys.lines import BadLines

REPORT_HEADINGS = ("Bucket", "Key", "VersionId", "TaskStatus", "ErrorCode", "HTTPStatusCode", "ResultMessage")
"""Of a completion report, whose CSV has none of its own (FACTS 2.3)."""
_AT_ONCE = 1000
"""Keys that are decoded together."""


class BatchRows:
    """Takes rows one by one, and gives the objects they name."""

    def __init__(self, bad: BadLines, *, report: bool, failed_only: bool) -> None:
        """``failed_only``: of a completion report, only tasks that failed are meant."""
        self._bad = bad
        self._report = report
        self._widths = (len(REPORT_HEADINGS),) if report else (2, 3)
        self._failed_only = report and failed_only
        self._numbers = array("Q")
        self._buckets: list[str] = []
        self._written: list[str] = []
        self._versions: list[str | None] = []
        self.are_all_done = False
        """There were tasks, and none of them failed."""

    def add(self, number: int, row: Sequence[str]) -> None:
        """One more; ``UsageError`` for what is no task, ``LocationError`` for what is no bucket."""
        if row[0] == REPORT_HEADINGS[0] and tuple(row) == REPORT_HEADINGS:
            return
        if len(row) not in self._widths or not row[1]:
            what = "a task of a completion report" if self._report else "bucket, key and perhaps version id"
            raise self._bad.of(number, f"is not {what}: it has {len(row)} fields", "see --keys-format")
        if self._failed_only and row[3] != "failed":
            self.are_all_done = not self._written
            return
        self._numbers.append(number)
        self._buckets.append(check_bucket(row[0]))
        self._written.append(row[1])
        self._versions.append(row[2] or None if len(row) > 2 else None)
        self.are_all_done = False

    def into(self, entries: Entries) -> None:
        """Add the objects; rows whose keys can be none are noted as bad."""
        decode, scheme = _decoder(self._written, report=self._report), cloud_with_jobs().scheme
        for start in range(0, len(self._written), _AT_ONCE):
            part = slice(start, start + _AT_ONCE)
            keys = _together(self._written[part], decode)
            if keys is not None:
                entries.add(scheme, self._buckets[part], keys, self._versions[part])
                continue
            for at in range(*part.indices(len(self._written))):
                try:
                    key = self._key(at, decode)
                except LocationError as error:
                    self._bad.note(self._numbers[at], self._bad.that(self._numbers[at], error))
                except UsageError as error:
                    self._bad.note(self._numbers[at], error)
                else:
                    entries.add(scheme, [self._buckets[at]], [key], [self._versions[at]])

    def _key(self, at: int, decode: Callable[[str], str]) -> str:
        try:
            return check_key(decode(self._written[at]))
        except UnicodeDecodeError:
            what = f"has a key that is not UTF-8: {self._written[at]!r}"
            raise self._bad.of(self._numbers[at], what, "URL-encode its UTF-8 bytes") from None


def _together(written: Sequence[str], decode: Callable[[str], str]) -> list[str] | None:
    """The same keys decoded; None where that is to be done one by one, since something may be the matter with one."""
    try:
        text = decode("\n".join(written))
    except UnicodeDecodeError:
        return None
    keys = text.split("\n")
    if len(keys) != len(written):
        return None  # A key holds a line end of its own.
    longest = max(map(len, keys)) * (1 if text.isascii() else 4)
    return keys if longest <= MAX_KEY_BYTES else None


def _decoder(keys: Sequence[str], *, report: bool) -> Callable[[str], str]:
    """How the keys of a file are to be decoded: all of them alike.

    As HTML forms do, with a plus for a space, unless a space is written otherwise; a report may write keys as they
    are (FACTS 2.3).
    """
    if report and any(map(is_surely_raw, keys)):
        return str
    if any("%20" in key for key in keys):
        return lambda key: unquote(key, errors="strict")
    return lambda key: unquote_plus(key, errors="strict")
