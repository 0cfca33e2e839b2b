"""Sets as files: what a line tells of each object, and files of others read back, or any list that names objects.

A file is CSV or JSON lines as ``--keys-from`` takes them. What it tells of an object beside its name is kept as told:
as old as it says, and of restores it says nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import Any, NamedTuple

from restoretui.core.model import DEFAULT_SCHEME, LARGEST_SIZE, UNTOLD_CLASS, Entry, ObjectRef, State
from restoretui.ledger.records import CloudId, Observation
from restoretui.session.jsonlines.line import instant, where
from restoretui.session.keys.entries import KeysFormat, ListedKey, NamedKeys
from restoretui.session.keys.formats import Reading
from restoretui.session.keys.key_list import read_named

_LONGEST_CLASS = 64


def object_fields(cloud: CloudId, bucket: str, entry: Entry, seen_at: float) -> dict[str, Any]:
    """An object of a set as a line tells of it."""
    return {
        **where(cloud.scheme, ObjectRef(bucket, entry.key, entry.version_id)), "state": State.UNKNOWN,
        "size": entry.size, "storage_class": entry.storage_class or None, "modified_at": instant(entry.modified),
        "etag": entry.etag or None, "seen_at": instant(seen_at) if seen_at else None,
    }  # fmt: skip


class ToldObject(NamedTuple):
    """One object of a file, and what that tells of it; what it does not tell is None or empty."""

    name: ListedKey
    size: int | None
    storage_class: str
    modified: int | None
    etag: str
    seen_at: float


class SetReading(Reading):
    """Reads a list as ``--keys-from`` does, and keeps what it tells besides."""

    def __init__(self, name: str, prefix: str = "") -> None:
        super().__init__(name, prefix)
        self.told: dict[int, ToldObject] = {}
        """By the number of its entry."""

    def _of_fields(self, number: int, fields: Mapping[str, Any]) -> ListedKey:
        entry = super()._of_fields(number, fields)
        self.told[len(self.entries)] = ToldObject(
            entry,
            _number(fields.get("size")),
            _text(fields.get("storageclass"))[:_LONGEST_CLASS],
            _second(fields.get("modifiedat")),
            _text(fields.get("etag")).strip('"'),
            float(_second(fields.get("seenat")) or 0),
        )
        return entry


class ReadSet(NamedTuple):
    """A file that was read."""

    named: NamedKeys
    told: Mapping[int, ToldObject]

    def objects(self) -> Iterator[ToldObject]:
        """All of them, in the file's order."""
        for number, entry in enumerate(self.named.entries):
            yield self.told.get(number) or ToldObject(entry, None, UNTOLD_CLASS, None, "", 0.0)


async def read_set(source: str, form: KeysFormat | None, bucket: str, prefix: str) -> ReadSet:
    """A file, or ``-``. ``bucket`` is where plain keys are, below ``prefix``; errors as ``read_named``."""
    readings: list[SetReading] = []

    def reading(name: str, prefix: str) -> Reading:
        readings.append(SetReading(name, prefix))
        return readings[-1]

    named = await read_named(source, form, prefix, has_bucket=bool(bucket), reading=reading)
    return ReadSet(named, readings[-1].told if readings else {})


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
        return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        return None
