"""How each form of a list is read: from numbered lines to entries."""

import csv
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any, TypeVar

from restoretui.core.errors import LocationError, UsageError
from restoretui.core.location import MAX_KEY_BYTES, check_bucket, check_key, parse_location
from restoretui.core.rows import Repeated
from restoretui.core.rules.clouds import CLOUDS
from restoretui.session.keys.batch_rows import REPORT_HEADINGS, BatchRows
from restoretui.session.keys.entries import Entries, KeysFormat, ListedKey, ListedKeys, PlainKeys
from restoretui.session.keys.lines import BadLines, Pieces, decoded, numbered

T = TypeVar("T", bytes, list[str])

LONGEST_LINE = 1 << 16
"""Bytes of a line of JSON or CSV."""
MOST_LINES = 10_000_000
"""Of a list that is held in memory: some 150 bytes each, a tenth of it of plain keys. A list may have no end."""
_LONGEST_NAME = 64
_NO_OBJECTS = frozenset(
    ("missing", "bucket", "prefix", "plan", "run", "job", "check", "entry", "prices", "setting", "summary")
)
"""Our lines that name no object, or one that is not there."""
_LINE = f"{LONGEST_LINE:,} bytes that a line may have"
_KEY, _LOCATION = f"{MAX_KEY_BYTES:,} bytes of the longest key", f"{8 * MAX_KEY_BYTES:,} bytes of a location"
_AS_UNICODE = "name one object in each"


class Reading:
    """One list as it is read."""

    hands_on = False
    """What is read is kept by somebody else."""

    def __init__(self, name: str, prefix: str = "", *, failed_only: bool = False) -> None:
        """``failed_only``: of a completion report, only tasks that failed are meant."""
        self.bad = BadLines(name)
        self._failed_only = failed_only
        self.entries: Entries = ListedKeys()
        self.notes: list[str] = []
        self._name = name
        self._prefix = prefix
        self._longest_plain = MAX_KEY_BYTES - len(prefix.encode())

    def read(self, form: KeysFormat, pieces: Pieces, *, keeps_returns: bool = False) -> None:
        """Read it whole; ``UsageError`` names the lines that are no objects. ``keeps_returns``: CR ends no line."""
        if not self.hands_on or form in (KeysFormat.MANIFEST, KeysFormat.REPORT):
            pieces = self._bounded(pieces)
        match form:
            case KeysFormat.PLAIN:
                if not self.hands_on:
                    self.entries = PlainKeys()
                for number, lines in pieces:
                    self._plain_lines(number, lines, keeps_returns=keeps_returns)
            case KeysFormat.URI:
                for number, line in numbered(pieces):
                    self._try(number, line.removesuffix(b"\r"), self._uri)
            case KeysFormat.JSONL:
                for number, line in numbered(pieces):
                    self._try(number, line.strip(), self._json)
            case KeysFormat.CSV | KeysFormat.MANIFEST | KeysFormat.REPORT:
                self._rows(form, pieces)
        self.bad.check()

    def _bounded(self, pieces: Pieces) -> Pieces:
        for number, lines in pieces:
            if number + len(lines) - 1 > MOST_LINES:
                raise UsageError(
                    f"{self._name} has more than {MOST_LINES:,} lines, which are not held in memory",
                    "`restoretui set import NAME FILE` takes any number of keys, locations, JSON lines or CSV; write"
                    " @NAME then",
                )
            yield number, lines

    def _try(self, number: int, line: T, parse: Callable[[int, T], None]) -> None:
        if not line:
            return
        try:
            parse(number, line)
        except LocationError as error:
            self.bad.note(number, self.bad.that(number, error))
        except UsageError as error:
            self.bad.note(number, error)

    # --- a line each

    def _plain_lines(self, number: int, lines: Sequence[bytes], *, keeps_returns: bool) -> None:
        """Many at once, where nothing is the matter with any of them, else one by one."""
        if not keeps_returns:
            lines = [line.removesuffix(b"\r") for line in lines]
        if max(map(len, lines), default=0) <= self._longest_plain:
            with suppress(UnicodeDecodeError):
                keys = [self._prefix + line.decode() for line in lines if line]
                self.entries.add("", Repeated("", len(keys)), keys, Repeated(None, len(keys)))
                return
        for at, line in enumerate(lines, number):
            self._try(at, line, self._plain)

    def _plain(self, number: int, line: bytes) -> None:
        text = decoded(self.bad, number, line, MAX_KEY_BYTES, _KEY)
        self.entries.append(ListedKey("", "", check_key(self._prefix + text)))

    def _uri(self, number: int, line: bytes) -> None:
        text = decoded(self.bad, number, line, 8 * MAX_KEY_BYTES, _LOCATION)
        self.entries.append(self._located(number, text))

    def _located(self, number: int, text: str) -> ListedKey:
        place = parse_location(text)
        if place.key is None:
            hint = "a key that ends in / or * is written with ?versionId= behind"
            raise self.bad.of(number, f"is no single object: {text!r}", hint)
        return ListedKey(place.scheme, place.bucket, place.key, place.version_id)

    def _json(self, number: int, line: bytes) -> None:
        text = decoded(self.bad, number, line, LONGEST_LINE, _LINE).removesuffix(",")
        if text in ("[", "]"):
            return  # One array of such lines, as --format json prints it.
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
        return ListedKey("", check_bucket(bucket) if bucket else "", check_key(key), version or None)

    # --- rows

    def _rows(self, form: KeysFormat, pieces: Pieces) -> None:
        texts, headings = _Texts(self.bad, pieces), list[str]()
        batch = BatchRows(self.bad, report=form is KeysFormat.REPORT, failed_only=self._failed_only)

        def under_headings(number: int, row: Sequence[str]) -> None:
            self.entries.append(self._of_fields(number, dict(zip(headings, row, strict=False))))

        rows = csv.reader(texts, strict=True)
        while True:
            try:
                row = next(rows, None)
            except csv.Error as error:
                self.bad.note(texts.number, self.bad.of(texts.number, f"is no CSV: {error}", "see RFC 4180"))
                break
            except UsageError as error:
                self.bad.note(texts.number, error)
                break
            if row is None:
                break
            if form is not KeysFormat.CSV:
                self._try(texts.number, row, batch.add)
            elif headings:
                self._try(texts.number, row, under_headings)
            else:
                headings += map(_plain_name, row)
                if row and not {"location", "uri", "key"} & set(headings):
                    raise self.bad.of(
                        texts.number, "has no heading called location or key", "begin with a line of headings"
                    )
        if batch.are_all_done:
            self.bad.check()
            raise UsageError(f"{self._name} tells of no task that failed", "there is nothing in it to mark")
        batch.into(self.entries)


class _Texts:
    """Lines for the reader of CSV, which counts only those it was given whole."""

    def __init__(self, bad: BadLines, pieces: Pieces) -> None:
        self._bad = bad
        self._pieces = pieces
        self.number = 0

    def __iter__(self) -> Iterator[str]:
        for number, lines in self._pieces:
            for at, line in enumerate(lines, number):
                self.number = at
                yield decoded(self._bad, at, line, LONGEST_LINE, _LINE) + "\n"


def _plain_name(name: str) -> str:
    return _short_plain_name(name) if len(name) <= _LONGEST_NAME else ""


@lru_cache(1024)
def _short_plain_name(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())


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


def first_entry(lines: Sequence[bytes]) -> bytes:
    """The line that tells of a list's form: that behind a bracket, where it is one array of lines."""
    if len(lines) > 1 and lines[0].strip() == b"[":
        return lines[1].rstrip().removesuffix(b",")
    return lines[0]


def _names_an_object(said: Mapping[str, Any]) -> bool:
    names = {_plain_name(name) for name in said}
    return bool({"location", "uri"} & names) or {"bucket", "key"} <= names


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
        if isinstance(said, dict) and ("type" in said or (not has_bucket and _names_an_object(said))):
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
