"""Sets as files: what a line tells of each object, and files of others read back, or any list that names objects.

A file is CSV or JSON lines as ``--keys-from`` takes them. What it tells of an object beside its name is kept as told:
as old as it says, and of restores it says nothing.
"""

import asyncio
import csv
import io
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from itertools import groupby
from queue import Empty, Full, Queue
from threading import Event
from typing import Any, NamedTuple

from restoretui.core.blocking import beside
from restoretui.core.errors import UsageError
from restoretui.core.model import CALENDAR, DEFAULT_SCHEME, LARGEST_SIZE, UNTOLD_CLASS, Entry, ObjectRef, State
from restoretui.ledger.records import CloudId, Observation
from restoretui.session.jsonlines.line import instant, where
from restoretui.session.keys.entries import KeysFormat, ListedKey, ListedKeys
from restoretui.session.keys.formats import Reading
from restoretui.session.keys.key_list import read_named
from restoretui.session.keys.lines import Pieces

AT_ONCE = 20_000
"""Objects of a file that are held in memory at a time, some times over."""
_AHEAD = 2
_GLANCE_S = 0.2
"""Machine seconds after which a thread notices that the other is gone."""
_LONGEST_CLASS = 64
COLUMNS = (
    "location", "bucket", "key", "version_id", "size", "storage_class", "modified_at", "etag", "seen_at",
)  # fmt: skip
"""Of a file in CSV."""


def object_fields(cloud: CloudId, bucket: str, entry: Entry, seen_at: float) -> dict[str, Any]:
    """An object of a set as a line tells of it."""
    return {
        **where(cloud.scheme, ObjectRef(bucket, entry.key, entry.version_id)), "state": State.UNKNOWN,
        "size": entry.size, "storage_class": entry.storage_class or None, "modified_at": instant(entry.modified),
        "etag": entry.etag or None, "seen_at": instant(seen_at) if seen_at else None,
    }  # fmt: skip


def csv_text(cloud: CloudId, bucket: str, rows: Iterable[Entry], seen_at: float, cell: Callable[[str], str]) -> str:
    """Objects of a set as lines of CSV; each text goes through ``cell``."""
    buffer = io.StringIO()
    table = csv.writer(buffer, lineterminator="\r\n")
    for entry in rows:
        fields = object_fields(cloud, bucket, entry, seen_at)
        values = [fields[name] for name in COLUMNS]
        table.writerow([cell(value) if isinstance(value, str) else value for value in values])
    return buffer.getvalue()


class ToldObject(NamedTuple):
    """One object of a file, and what that tells of it; what it does not tell is None or empty."""

    name: ListedKey
    size: int | None
    storage_class: str
    modified: int | None
    etag: str
    seen_at: float


class _Entries(ListedKeys):
    """Takes entries as they are read, and keeps none."""

    def __init__(self, take: Callable[[ListedKey], None]) -> None:
        super().__init__()
        self._take = take

    def append(self, entry: ListedKey) -> None:
        self._take(entry)

    def add(self, scheme: str, buckets: Sequence[str], keys: Sequence[str], versions: Sequence[str | None]) -> None:
        for bucket, key, version_id in zip(buckets, keys, versions, strict=True):
            self._take(ListedKey(scheme, bucket, key, version_id))


class SetReading(Reading):
    """Reads a list as ``--keys-from`` does, and hands on what it tells besides, some objects at a time."""

    hands_on = True

    def __init__(self, name: str, prefix: str, put: Callable[[list[ToldObject]], None]) -> None:
        super().__init__(name, prefix)
        self._put = put
        self._some: list[ToldObject] = []
        self._told: ToldObject | None = None
        self.entries = _Entries(self._entry_read)

    def read(self, form: KeysFormat, pieces: Pieces, *, keeps_returns: bool = False) -> None:
        """As a list is read; the last of it is handed on, too."""
        super().read(form, pieces, keeps_returns=keeps_returns)
        self._put(self._some)

    def _entry_read(self, entry: ListedKey) -> None:
        self._some.append(self._told or ToldObject(entry, None, UNTOLD_CLASS, None, "", 0.0))
        self._told = None
        if len(self._some) >= AT_ONCE:
            self._put(self._some)
            self._some = []

    def _of_fields(self, number: int, fields: Mapping[str, Any]) -> ListedKey:
        self._told = None
        entry = super()._of_fields(number, fields)
        self._told = ToldObject(
            entry,
            _number(fields.get("size")),
            _text(fields.get("storageclass"))[:_LONGEST_CLASS],
            _second(fields.get("modifiedat")),
            _text(fields.get("etag")).strip('"'),
            float(_second(fields.get("seenat")) or 0),
        )
        return entry


class SetFile:
    """A file as it is read: in a thread, which is never far ahead of who takes its objects."""

    def __init__(self, source: str, form: KeysFormat | None, bucket: str, prefix: str) -> None:
        """``bucket`` is where plain keys are, below ``prefix``."""
        self._source, self._form, self._bucket, self._prefix = source, form, bucket, prefix
        self._ready: Queue[list[ToldObject]] = Queue(_AHEAD)
        self._is_over = Event()
        self.notes: Sequence[str] = ()
        """What a person should know of it, once it is read."""

    async def objects(self) -> AsyncGenerator[list[ToldObject], None]:
        """All of them in the file's order, some at a time; errors as ``read_named``."""
        reading = asyncio.ensure_future(
            read_named(
                self._source, self._form, self._prefix, has_bucket=bool(self._bucket),
                reading=lambda name, prefix: SetReading(name, prefix, self._put),
            )
        )  # fmt: skip
        try:
            while not (reading.done() and self._ready.empty()):
                some = await beside(self._next, "restoretui-set")
                if some:
                    self._check_buckets(some)
                    yield some
            self.notes = (await reading).notes
        finally:
            self._is_over.set()
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

    def _check_buckets(self, some: Sequence[ToldObject]) -> None:
        nowhere = next((one.name for one in some if not (one.name.bucket or self._bucket)), None)
        if nowhere is not None:
            raise UsageError(f"{self._source} does not say which bucket {nowhere.key[:80]!r} is in", "say --bucket")

    def _put(self, some: list[ToldObject]) -> None:
        while not self._is_over.is_set():
            with suppress(Full):
                self._ready.put(some, timeout=_GLANCE_S)
                return
        raise UsageError("the rest of the file is not wanted any more")

    def _next(self) -> list[ToldObject]:
        try:
            return self._ready.get(timeout=_GLANCE_S)
        except Empty:
            return []


def by_bucket(told: Sequence[ToldObject], scheme: str, bucket: str) -> Iterator[tuple[str, str, list[Observation]]]:
    """Scheme, bucket, and what is told of the objects there; ``scheme`` and ``bucket`` where the file says none."""

    def place(one: ToldObject) -> tuple[str, str]:
        return one.name.scheme or scheme or DEFAULT_SCHEME, one.name.bucket or bucket

    for (of, there), some in groupby(sorted(told, key=place), place):
        yield of, there, [
            Observation(
                one.name.key, one.name.version_id, one.storage_class, one.size, one.modified, None, False, None, None,
                one.seen_at, etag=one.etag,
            )
            for one in some
        ]  # fmt: skip


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _number(value: object) -> int | None:
    try:
        number = int(value) if isinstance(value, int | str) and not isinstance(value, bool) else -1
    except ValueError:
        return None
    return number if 0 <= number <= LARGEST_SIZE else None


def _second(value: object) -> int | None:
    try:
        moment = datetime.fromisoformat(_text(value))
        second = int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        return None
    return second if second in CALENDAR else None
