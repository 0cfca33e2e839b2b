"""What is in a set of marks, read in key order some at a time; and in what two sets differ."""

from sqlite3 import Connection
from typing import Any, Literal, NamedTuple

from restoretui.core.model import ObjectRef
from restoretui.core.rows import Rows
from restoretui.ledger.records import CloudId
from restoretui.ledger.store.reader import ReaderThread
from restoretui.ledger.store.unknown_values import saturated, told_date, told_size

Place = tuple[str, str]
"""A key and a version, the latter empty where none is named: behind which to go on."""
START: Place = ("", "")
Side = Literal["missing", "new", "changed"]

_BEHIND = "s.sel = :sel AND s.place_id = :place AND (s.key, s.version_id) > (:key, :version)"
_OTHER = "o.sel = :other AND o.place_id = s.place_id AND o.key = s.key AND o.version_id = s.version_id"
_DIFFERS = (
    "(s.size <> o.size AND s.size >= 0 AND o.size >= 0) OR (s.etag <> o.etag AND s.etag <> '' AND o.etag <> '')"
    " OR (s.storage_class <> o.storage_class AND s.storage_class <> '' AND o.storage_class <> '')"
)


class SetPart(NamedTuple):
    """What of a set lies in one bucket: its current objects, or its named versions."""

    cloud: CloudId
    bucket: str
    versions: bool
    objects: int
    size_bytes: int
    as_of: float
    """The oldest look that any of it rests on; 0 where nothing is known of any."""
    place_id: int


class Differing(NamedTuple):
    """An object in which two sets differ."""

    ref: ObjectRef
    size: int | None
    """As the set has it that it is in; of a changed one, the second set."""
    storage_class: str
    modified: int | None
    was: tuple[int | None, str]
    """Of a changed one: size and class in the first set."""


class SetContents:
    """Reads sets, and changes none."""

    def __init__(self, reader: ReaderThread) -> None:
        self._reader = reader

    async def parts(self, sel: int) -> list[SetPart]:
        """By cloud and bucket; one pass over the set."""

        def read(connection: Connection) -> list[SetPart]:
            rows = connection.execute(
                "SELECT p.scheme, p.endpoint, p.bucket, s.version_id <> '' AS named, count(*),"
                " total(CASE WHEN s.size > 0 THEN s.size ELSE 0 END),"
                " coalesce(min(CASE WHEN s.seen_at > 0 THEN s.seen_at END), 0), p.id"
                " FROM selection s JOIN place p ON p.id = s.place_id WHERE s.sel = ?"
                " GROUP BY p.id, named ORDER BY 1, 2, 3, 4",
                (sel,),
            )
            return [
                SetPart(CloudId(row[0], row[1]), row[2], bool(row[3]), row[4], saturated(row[5]), row[6], row[7])
                for row in rows
            ]

        return await self._reader.run(read)

    async def classes(self, sel: int, part: SetPart) -> list[tuple[str, int, int]]:
        """Of one part: storage classes, with objects and bytes, the largest first."""

        def read(connection: Connection) -> list[tuple[str, int, int]]:
            rows = connection.execute(
                "SELECT storage_class, count(*), total(CASE WHEN size > 0 THEN size ELSE 0 END) FROM selection"
                " WHERE sel = ? AND place_id = ? AND (version_id <> '') = ? GROUP BY 1 ORDER BY 3 DESC, 1",
                (sel, part.place_id, part.versions),
            )
            return [(name, count, saturated(size)) for name, count, size in rows]

        return await self._reader.run(read)

    async def page(self, sel: int, part: SetPart, after: Place, limit: int) -> Rows:
        """Some of a part behind ``after``, as a listing would have shown them."""

        def read(connection: Connection) -> Rows:
            rows = connection.execute(
                "SELECT s.key, s.version_id, s.size, s.modified, s.storage_class, s.in_progress, s.expiry, s.etag"
                f" FROM selection s WHERE {_BEHIND} AND (s.version_id <> '') = :versions"
                " ORDER BY s.key, s.version_id LIMIT :limit",
                {**_behind(sel, part.place_id, after), "versions": part.versions, "limit": limit},
            ).fetchall()
            if not rows:
                return Rows.of(())
            keys, versions, sizes, dates, classes, progress, ends, etags = map(list, zip(*rows, strict=True))
            return Rows(
                [
                    keys,
                    [version or None for version in versions],
                    [told_size(size) for size in sizes],
                    [None if date is None else told_date(date) for date in dates],
                    classes,
                    [None if status is None else bool(status) for status in progress],
                    ends,
                    etags,
                    [True] * len(keys),
                ]
            )

        return await self._reader.run(read)

    async def refs(self, sel: int, part: SetPart, after: Place, limit: int) -> list[ObjectRef]:
        """The same by name alone."""

        def read(connection: Connection) -> list[ObjectRef]:
            rows = connection.execute(
                f"SELECT s.key, s.version_id FROM selection s WHERE {_BEHIND} AND (s.version_id <> '') = :versions"
                " ORDER BY s.key, s.version_id LIMIT :limit",
                {**_behind(sel, part.place_id, after), "versions": part.versions, "limit": limit},
            )
            return [ObjectRef(part.bucket, key, version or None) for key, version in rows]

        return await self._reader.run(read)

    async def differing(
        self, sel: int, other: int, part: SetPart, side: Side, after: Place, limit: int
    ) -> list[Differing]:
        """What of a bucket is in one set alone, or in both and not alike; some behind ``after``.

        ``missing`` is in ``sel`` alone, ``new`` in ``other`` alone.
        """
        one, two = (other, sel) if side == "new" else (sel, other)
        if side == "changed":
            told, source = "o.size, o.storage_class, o.modified, s.size, s.storage_class", "JOIN selection o ON"
            rest = f"{_OTHER} WHERE {_BEHIND} AND ({_DIFFERS})"
        else:
            told, source = "s.size, s.storage_class, s.modified, s.size, s.storage_class", ""
            rest = f"WHERE {_BEHIND} AND NOT EXISTS (SELECT 1 FROM selection o WHERE {_OTHER})"

        def read(connection: Connection) -> list[Differing]:
            rows = connection.execute(
                f"SELECT s.key, s.version_id, {told} FROM selection s {source} {rest}"
                " ORDER BY s.key, s.version_id LIMIT :limit",
                {**_behind(one, part.place_id, after), "other": two, "limit": limit},
            )
            return [_differing(part.bucket, row) for row in rows]

        return await self._reader.run(read)


def _behind(sel: int, place: int, after: Place) -> dict[str, Any]:
    return {"sel": sel, "place": place, "key": after[0], "version": after[1]}


def _differing(bucket: str, row: tuple[Any, ...]) -> Differing:
    key, version, size, storage_class, modified, was_size, was_class = row
    return Differing(
        ObjectRef(bucket, key, version or None),
        told_size(size),
        storage_class,
        None if modified is None else told_date(modified),
        (told_size(was_size), was_class),
    )
