"""How each form of a list is read: from numbered lines to entries."""

import csv
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import unquote, unquote_plus

from restoretui.core.batch.report_keys import is_surely_raw
from restoretui.core.errors import LocationError, UsageError
from restoretui.core.location import MAX_KEY_BYTES, check_key, parse_location
from restoretui.core.model import DEFAULT_SCHEME
from restoretui.core.rules.clouds import CLOUDS, cloud_with_jobs
from restoretui.session.keys.entries import KeysFormat, ListedKey
from restoretui.session.keys.lines import BadLines, Numbered, decoded

LONGEST_LINE = 1 << 16
"""Bytes of a line of JSON or CSV."""
MOST_LINES = 10_000_000
"""Of a list that is held in memory: some 150 bytes each. A list may have no end."""
REPORT_HEADINGS = ("Bucket", "Key", "VersionId", "TaskStatus", "ErrorCode", "HTTPStatusCode", "ResultMessage")
"""Of a completion report, whose CSV has none of its own (FACTS 2.3)."""
_NO_OBJECTS = frozenset(
    ("missing", "bucket", "prefix", "plan", "run", "job", "check", "entry", "prices", "setting", "summary")
)
"""Our lines that name no object, or one that is not there."""
_LINE = f"{LONGEST_LINE:,} bytes that a line may have"
_AS_UNICODE = "name one object in each"


class Reading:
    """One list as it is read."""

    hands_on = False
    """What is read is kept by somebody else."""

    def __init__(self, name: str, prefix: str = "", *, failed_only: bool = False) -> None:
        """``failed_only``: of a completion report, only tasks that failed are meant."""
        self.bad = BadLines(name)
        self._failed_only = failed_only
        self.entries: list[ListedKey] = []
        self.notes: list[str] = []
        self._name = name
        self._prefix = prefix

    def read(self, form: KeysFormat, lines: Numbered, *, keeps_returns: bool = False) -> None:
        """Read it whole; ``UsageError`` names the lines that are no objects. ``keeps_returns``: CR ends no line."""
        if not self.hands_on or form in (KeysFormat.MANIFEST, KeysFormat.REPORT):
            lines = self._bounded(lines)
        match form:
            case KeysFormat.PLAIN:
                for number, line in lines:
                    self._try(number, line if keeps_returns else line.removesuffix(b"\r"), self._plain)
            case KeysFormat.URI:
                for number, line in lines:
                    self._try(number, line.removesuffix(b"\r"), self._uri)
            case KeysFormat.JSONL:
                for number, line in lines:
                    self._try(number, line.strip(), self._json)
            case KeysFormat.CSV | KeysFormat.MANIFEST | KeysFormat.REPORT:
                self._rows(form, lines)
        self.bad.check()

    def _bounded(self, lines: Numbered) -> Numbered:
        for number, line in lines:
            if number > MOST_LINES:
                raise UsageError(
                    f"{self._name} has more than {MOST_LINES:,} lines, which are not held in memory",
                    "`restoretui set import NAME FILE` takes any number of keys, locations, JSON lines or CSV; write"
                    " @NAME then",
                )
            yield number, line

    def _try(self, number: int, line: bytes, parse: Callable[[int, bytes], None]) -> None:
        if not line:
            return
        try:
            parse(number, line)
        except LocationError as error:
            self.bad.note(number, self.bad.that(number, error))
        except UsageError as error:
            self.bad.note(number, error)

    # --- a line each

    def _plain(self, number: int, line: bytes) -> None:
        text = decoded(self.bad, number, line, MAX_KEY_BYTES, f"{MAX_KEY_BYTES:,} bytes of the longest key")
        self.entries.append(ListedKey("", "", check_key(self._prefix + text)))

    def _uri(self, number: int, line: bytes) -> None:
        text = decoded(self.bad, number, line, 8 * MAX_KEY_BYTES, f"{8 * MAX_KEY_BYTES:,} bytes of a location")
        self.entries.append(self._located(number, text))

    def _located(self, number: int, text: str) -> ListedKey:
        place = parse_location(text)
        if place.key is None:
            hint = "a key that ends in / or * is written with ?versionId= behind"
            raise self.bad.of(number, f"is no single object: {text!r}", hint)
        return ListedKey(place.scheme, place.bucket, place.key, place.version_id)

    def _json(self, number: int, line: bytes) -> None:
        text = decoded(self.bad, number, line, LONGEST_LINE, _LINE)
        try:
            said = json.loads(text)
        except (ValueError, RecursionError):
            said = None
        if not isinstance(said, dict):
            raise self.bad.of(number, "is no JSON object", "write one a line (JSON lines), or name another format")
        kind = said.get("type")
        if kind == "error":
            why = said.get("reason") or "it does not say which"
            self.notes.append(f"line {number:,} of {self._name} tells of an error, so it may not be whole: {why}")
            return
        if kind in _NO_OBJECTS or (kind == "change" and "key" not in said):
            return
        self.entries.append(self._of_fields(number, {_plain_name(name): value for name, value in said.items()}))

    def _of_fields(self, number: int, fields: Mapping[str, Any]) -> ListedKey:
        location = fields.get("location") or fields.get("uri")
        if isinstance(location, str) and location:
            return self._located(number, location)
        key, bucket, version = fields.get("key"), fields.get("bucket"), fields.get("versionid")
        if not isinstance(key, str) or not key:
            raise self.bad.of(number, "names no key", "each needs a location, or a key and its bucket")
        if bucket and not isinstance(bucket, str):
            raise self.bad.of(number, f"names no bucket: {bucket!r}", _AS_UNICODE)
        if version and not isinstance(version, str):
            raise self.bad.of(number, f"names no version: {version!r}", _AS_UNICODE)
        return ListedKey("", _checked_bucket(bucket) if bucket else "", check_key(key), version or None)

    # --- rows

    def _rows(self, form: KeysFormat, lines: Numbered) -> None:
        counted = _Counted(self.bad, lines)
        rows = csv.reader(counted, strict=True)
        headings: list[str] | None = None
        raw: list[tuple[int, list[str]]] = []
        while True:
            try:
                row = next(rows, None)
            except csv.Error as error:
                self.bad.note(counted.number, self.bad.of(counted.number, f"is no CSV: {error}", "see RFC 4180"))
                break
            except UsageError as error:
                self.bad.note(counted.number, error)
                break
            if row is None:
                break
            if not row:
                continue
            if form is not KeysFormat.CSV:
                if tuple(row) != REPORT_HEADINGS:
                    raw.append((counted.number, row))
            elif headings is None:
                headings = [_plain_name(name) for name in row]
                if not {"location", "uri", "key"} & set(headings):
                    raise self.bad.of(
                        counted.number, "has no heading called location or key", "begin with a line of headings"
                    )
            else:
                fields = dict(zip(headings, row, strict=False))
                self._entry(counted.number, lambda number, of=fields: self._of_fields(number, of))  # type: ignore[misc]
        if self._failed_only and form is KeysFormat.REPORT:
            told, raw = raw, [one for one in raw if len(one[1]) != len(REPORT_HEADINGS) or one[1][3] == "failed"]
            if told and not raw:
                raise UsageError(f"{self._name} tells of no task that failed", "there is nothing in it to mark")
        if raw:
            decode = _decoder([row[1] for _, row in raw if len(row) > 1], report=form is KeysFormat.REPORT)
            for number, row in raw:
                self._entry(number, lambda number, of=row: self._of_row(number, of, form, decode))  # type: ignore[misc]

    def _entry(self, number: int, make: Callable[[int], ListedKey]) -> None:
        try:
            self.entries.append(make(number))
        except LocationError as error:
            self.bad.note(number, self.bad.that(number, error))
        except UsageError as error:
            self.bad.note(number, error)

    def _of_row(self, number: int, row: Sequence[str], form: KeysFormat, decode: Callable[[str], str]) -> ListedKey:
        fits = len(row) == len(REPORT_HEADINGS) if form is KeysFormat.REPORT else len(row) in (2, 3)
        if not fits or not row[1]:
            what = (
                "a task of a completion report" if form is KeysFormat.REPORT else "bucket, key and perhaps version id"
            )
            raise self.bad.of(number, f"is not {what}: it has {len(row)} fields", "see --keys-format")
        bucket, key, version = (*row[:3], "", "")[:3]
        try:
            return ListedKey(
                cloud_with_jobs().scheme, _checked_bucket(bucket), check_key(decode(key)), version or None
            )
        except UnicodeDecodeError:
            raise self.bad.of(number, f"has a key that is not UTF-8: {key!r}", "URL-encode its UTF-8 bytes") from None


class _Counted:
    """Lines for the reader of CSV, which counts only those it was given whole."""

    def __init__(self, bad: BadLines, lines: Numbered) -> None:
        self._bad = bad
        self._lines = lines
        self.number = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        self.number, line = next(self._lines)
        return decoded(self._bad, self.number, line, LONGEST_LINE, _LINE) + "\n"


def _plain_name(name: object) -> str:
    return "".join(letter for letter in str(name).lower() if letter.isalnum())


@lru_cache(4096)
def _checked_bucket(bucket: str) -> str:
    """``LocationError`` for what can be no bucket's name."""
    if not bucket or parse_location(f"{DEFAULT_SCHEME}://{bucket}").bucket != bucket:
        raise LocationError(f"{bucket!r} cannot be a bucket's name")
    return bucket


def _decoder(keys: Sequence[str], *, report: bool) -> Callable[[str], str]:
    """How the keys of a file are to be decoded: all of them alike.

    As HTML forms do, with a plus for a space, unless a space is written otherwise; a report may write keys as they
    are (FACTS 2.3).
    """
    if report and any(is_surely_raw(key) for key in keys):
        return str
    if any("%20" in key for key in keys):
        return lambda key: unquote(key, errors="strict")
    return lambda key: unquote_plus(key, errors="strict")


def guess_in(first: bytes, bucket: str) -> KeysFormat | None:
    """The same where plain keys are those of ``bucket``: what names it, or other locations, is no list of keys."""
    text = first.decode("utf-8", "replace").strip()
    fields = next(csv.reader([text]), [])
    if len(fields) == len(REPORT_HEADINGS) and (fields[3] in ("succeeded", "failed") or fields[3] == "TaskStatus"):
        return KeysFormat.REPORT
    if len(fields) in (2, 3) and fields[0] == bucket:
        return KeysFormat.MANIFEST
    if text.startswith(tuple(f"{scheme}://" for scheme in CLOUDS)):
        return KeysFormat.URI
    return guess(first, has_bucket=True)


def guess(first: bytes, *, has_bucket: bool) -> KeysFormat | None:
    """The form of a list by its first line, where that can be no key; None where it may be one.

    Where no bucket was named (``has_bucket``) the list must name them, so that no line of it is a bare key.
    """
    text = first.decode("utf-8", "replace").strip()
    if text.startswith("{") and text.endswith("}") and '"' in text:
        try:
            said = json.loads(text)
        except (ValueError, RecursionError):
            said = None
        if isinstance(said, dict) and {"type", "location"} & set(said) and (not has_bucket or "type" in said):
            return KeysFormat.JSONL
    if text.startswith("location,") and "key" in text.split(","):
        return KeysFormat.CSV
    if has_bucket:
        return None
    if text.startswith(tuple(f"{scheme}://" for scheme in CLOUDS)):
        return KeysFormat.URI
    fields = next(csv.reader([text]), [])
    if {"location", "uri", "key"} & {_plain_name(name) for name in fields} and tuple(fields) != REPORT_HEADINGS:
        return KeysFormat.CSV
    if len(fields) == len(REPORT_HEADINGS):
        return KeysFormat.REPORT
    return KeysFormat.MANIFEST if len(fields) in (2, 3) else None
