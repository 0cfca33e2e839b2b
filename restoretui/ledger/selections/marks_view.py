"""Everything that is marked, by bucket and prefix, as a table reads it: headings with sums, and the objects below.

The headings are added up once, in one pass; of the objects only the rows on screen are read, by their place in the
order of keys, so that a million of them cost no more than a screenful.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from sqlite3 import Connection
from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct, field

from restoretui.core.model import ObjectRef
from restoretui.ledger.marks.in_key_order import MarksInOrder
from restoretui.ledger.marks.spans import Reads
from restoretui.ledger.records import CloudId
from restoretui.ledger.store.decoding import Shape, decodes
from restoretui.ledger.store.quick_reads import QuickReads
from restoretui.ledger.store.reader import ReaderThread
from restoretui.ledger.store.unknown_values import OF_KNOWN, saturated, told_date, told_size
from restoretui.ledger.totals.counting import FOLDER
from restoretui.ledger.views.filter_sql import end_of_prefix

if TYPE_CHECKING:
    from restoretui.core.filter.completion import Present

MOST_GROUPS = 20_000
"""Prefixes beyond which there is one group a bucket."""


class MarkRow(NamedTuple):
    """A heading (a bucket, or a prefix in it), or an object."""

    id: int
    cloud: CloudId
    bucket: str
    prefix: str
    """Of a heading: what its objects' keys begin with."""
    ref: ObjectRef | None
    """None for a heading."""
    objects: int
    size: int | None
    storage_class: str
    modified: int | None
    whole: bool
    """A heading of all below its prefix; otherwise of the objects that lie in no prefix further below."""
    is_top: bool = False
    """A heading that none stands above."""
    is_folded: bool = False


class MarkGroup(Struct, eq=False):
    """The marks of one bucket, or those of them that lie at one prefix."""

    place: int
    cloud: CloudId
    bucket: str
    prefix: str
    objects: int
    size_bytes: int
    whole: bool
    is_top: bool = False
    lists: bool = True
    """Its objects stand below it; otherwise the groups behind it do."""
    is_folded: bool = False
    known: list[tuple[int, tuple[str, str]]] = field(default_factory=list)
    """Key and version at some offsets, from which reading goes on."""

    @property
    def name(self) -> tuple[int, str, bool]:
        """What tells it from all others."""
        return self.place, self.prefix, self.lists

    @property
    def rows(self) -> int:
        """The heading, and what stands below it."""
        return 1 + (self.objects if self.lists and not self.is_folded else 0)

    def marks(self, reads: Reads, sel: int) -> MarksInOrder:
        """Those of a set that stand below its heading."""
        return MarksInOrder(reads, sel, self.place, self.prefix, end_of_prefix(self.prefix), self.whole)


class MarksView:
    """See ``records.View``. A picture of the groups at one moment; the objects are read as they are."""

    complete = True

    def __init__(self, quick: QuickReads, sel: int, groups: Sequence[MarkGroup], folded: Iterable[object]) -> None:
        self.sel = sel
        self.groups = groups
        self._quick = quick
        self._ids: dict[object, int] = {}
        self._named: list[tuple[MarkGroup, tuple[str, str] | None]] = []
        gone = set(folded)
        for group in groups:
            group.is_folded = group.name in gone
        self._place()

    def _place(self) -> None:
        self._starts: list[int] = []
        at = 0
        for group in self.groups:
            self._starts.append(at)
            at += group.rows
        self.count = at

    @property
    def folded(self) -> list[tuple[int, str, bool]]:
        """The groups of which only the heading is shown."""
        return [group.name for group in self.groups if group.is_folded]

    def fold(self, row: MarkRow) -> None:
        """Show or hide the objects below a heading; of a bucket those of all its groups."""
        there = self._named[row.id][0]
        some = [there] if there.lists else [group for group in self.groups if group.place == there.place]
        hide = not all(group.is_folded for group in some)
        for group in some:
            group.is_folded = hide
        self._place()

    def rows(self, start: int, n: int) -> list[MarkRow]:
        """Headings of places and, unless folded, their objects, at most ``n`` rows from position ``start``."""
        found: list[MarkRow] = []
        at = bisect_right(self._starts, start) - 1
        while at >= 0 and at < len(self.groups) and len(found) < n:
            group, offset = self.groups[at], start + len(found) - self._starts[at]
            if offset == 0:
                found.append(self._heading(group))
                offset = 1
            if group.rows > offset and len(found) < n:
                found += self._objects(group, offset - 1, min(n - len(found), group.rows - offset))
            if start + len(found) < self._starts[at] + group.rows:
                break  # Marks have gone since the groups were added up.
            at += 1
        return found

    def _heading(self, group: MarkGroup) -> MarkRow:
        return MarkRow(
            self._id(group, None), group.cloud, group.bucket, group.prefix, None, group.objects, group.size_bytes, "",
            None, group.whole, group.is_top, group.is_folded,
        )  # fmt: skip

    @decodes("a mark")
    def _objects(self, group: MarkGroup, offset: int, n: int) -> list[MarkRow]:
        at = bisect_right(group.known, offset, key=lambda pair: pair[0]) - 1
        begun, after = group.known[at] if at >= 0 else (0, ("", ""))
        rows = group.marks(self._quick, self.sel).some(after, offset - begun, n)
        _SHAPE.check(rows)
        if rows and (at < 0 or group.known[at][0] != offset):
            group.known.insert(at + 1, (offset, (rows[0][0], rows[0][1])))
        return [
            MarkRow(
                self._id(group, (row[0], row[1])), group.cloud, group.bucket, group.prefix,
                ObjectRef(group.bucket, row[0], row[1] or None), 1, told_size(row[2]), row[3],
                None if row[4] == -1 else told_date(row[4]), group.whole,
            )
            for row in rows
        ]  # fmt: skip

    def _id(self, group: MarkGroup, named: tuple[str, str] | None) -> int:
        found = self._ids.setdefault((group.name, named), len(self._named))
        if found == len(self._named):
            self._named.append((group, named))
        return found

    def position(self, row_id: int) -> int | None:
        """Where the row with that id stands; None when it is folded away or no longer marked."""
        if not 0 <= row_id < len(self._named):
            return None
        group, named = self._named[row_id]
        return self._position(group, named)

    def find(self, cloud: CloudId, ref: ObjectRef) -> int | None:
        """Where an object stands."""
        named = (ref.key, ref.version_id or "")
        for group in self.groups:
            if (
                (group.cloud, group.bucket) == (cloud, ref.bucket)
                and group.lists
                and ref.key.startswith(group.prefix)
            ):
                found = self._position(group, named)
                if found is not None:
                    return found
        return None

    def first_object(self) -> int:
        """Where the first object stands; the first row if all are folded away."""
        rows = zip(self._starts, self.groups, strict=True)
        return next((start + 1 for start, group in rows if group.rows > 1), 0)

    def _position(self, group: MarkGroup, named: tuple[str, str] | None) -> int | None:
        start = self._starts[self.groups.index(group)]
        if named is None:
            return start
        if group.rows == 1:
            return None
        marks = group.marks(self._quick, self.sel)
        found = marks.some(named, 0, 1)
        if not found or found[0][:2] != named:
            return None
        # From the nearest row that is known, not from the first.
        at = bisect_left([known for _, known in group.known], named)
        offset, after = 0, ("", "")
        if at and group.known[at - 1][1] <= named:
            offset, after = group.known[at - 1]
        return start + 1 + offset + marks.count(after, named)

    def row_id(self, position: int) -> int | None:
        """The id at that position, which is this view's own and given by the first read; None past the end."""
        rows = self.rows(position, 1)
        return rows[0].id if rows else None

    def left(self, row: MarkRow) -> None:
        """One of its objects was unmarked: the rows behind it move up before all is added up again."""
        group, named = self._named[row.id]
        if named is None or not group.objects:
            return
        for one in self.groups:
            if one is group or (one.place == group.place and not one.lists):
                one.objects -= 1
                one.size_bytes -= row.size or 0
        group.known = [pair for pair in group.known if pair[1] < named]
        self._place()

    async def wait(self) -> None:
        """It is always complete."""

    async def present(self) -> "Present":
        """It has no filter."""
        from restoretui.core.filter.completion import Present

        return Present()

    async def aclose(self) -> None:
        """There is nothing to forget."""


# key version size class modified
_SHAPE = Shape("a mark", "ttiti")


async def marks_view(reader: ReaderThread, quick: QuickReads, sel: int, folded: Iterable[object] = ()) -> MarksView:
    """Add up what is marked, bucket by bucket and prefix by prefix."""

    def read(connection: Connection) -> list[MarkGroup]:
        sums = f"count(*), coalesce(total(size) {OF_KNOWN}, 0)"
        spanned = "SELECT DISTINCT listing_id FROM selection_span WHERE sel = ?"
        parts = ["SELECT place_id, key, size FROM selection WHERE sel = :sel"]
        parts += [
            f"SELECT g.place_id, l.key, l.size FROM selection_span g CROSS JOIN l{listing} l"
            f" ON l.id BETWEEN g.first_id AND g.last_id WHERE g.sel = :sel AND g.listing_id = {listing}"
            for (listing,) in connection.execute(spanned, (sel,)).fetchall()
        ]
        source = f"FROM ({' UNION ALL '.join(parts)})"
        places = {row[0]: row for row in connection.execute("SELECT id, scheme, endpoint, bucket FROM place")}
        folders = connection.execute(
            f"SELECT place_id, {FOLDER.format(key='key')} AS folder, {sums} {source} GROUP BY 1, 2 LIMIT :most",
            {"sel": sel, "most": MOST_GROUPS + 1},
        ).fetchall()
        if len(folders) > MOST_GROUPS:
            folders = []
        buckets = connection.execute(f"SELECT place_id, '', {sums} {source} GROUP BY 1", {"sel": sel}).fetchall()
        found: list[MarkGroup] = []
        for place, _, objects, size in sorted(buckets, key=lambda row: places[row[0]][1:]):
            _, scheme, endpoint, bucket = places[place]
            within = [row for row in folders if row[0] == place]
            cloud = CloudId(scheme, endpoint)
            if len(within) != 1:
                found.append(
                    MarkGroup(
                        place, cloud, bucket, "", objects, saturated(size), whole=True, is_top=True, lists=not within
                    )
                )
            found += [
                MarkGroup(place, cloud, bucket, folder, count, saturated(size), whole=False, is_top=len(within) == 1)
                for _, folder, count, size in within
            ]
        return found

    return MarksView(quick, sel, await reader.run(read), folded)
