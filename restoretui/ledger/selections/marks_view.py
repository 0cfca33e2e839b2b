"""Everything that is marked, by bucket and prefix, as a table reads it: headings with sums, and the objects below.

By bucket is known soon; by prefix is added up once, in steps (``mark_runs``). Of the objects only the rows on screen
are read, by their place in the order of keys from the nearest that is known on (``milestones``), so that ten million
of them cost no more than a screenful.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec import Struct, field

from restoretui.core.model import ObjectRef
from restoretui.ledger.marks.in_key_order import MarksInOrder
from restoretui.ledger.marks.spans import Reads
from restoretui.ledger.records import CloudId
from restoretui.ledger.selections import milestones
from restoretui.ledger.selections.mark_runs import MarkRun, MarkRuns
from restoretui.ledger.store.decoding import Shape, decodes
from restoretui.ledger.store.quick_reads import QuickReads
from restoretui.ledger.store.reader import ReaderThread
from restoretui.ledger.store.unknown_values import saturated, told_date, told_size
from restoretui.ledger.views.filter_sql import end_of_prefix

if TYPE_CHECKING:
    from restoretui.core.filter.completion import Present

MOST_GROUPS = 20_000
"""Prefixes beyond which there is one group a bucket."""


GroupName = tuple[int, str, bool]
"""Place, prefix, and whether objects stand below it."""


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
    def name(self) -> GroupName:
        """What tells it from all others."""
        return self.place, self.prefix, self.lists

    @property
    def rows(self) -> int:
        """The heading, and what stands below it."""
        return 1 + (self.objects if self.lists and not self.is_folded else 0)

    def marks(self, reads: Reads, sel: int) -> MarksInOrder:
        """Those of a set that stand below its heading."""
        return MarksInOrder(reads, sel, self.place, self.prefix, end_of_prefix(self.prefix), self.whole)


class RowIds:
    """The ids of rows, of one picture of the marks and those after it."""

    def __init__(self) -> None:
        self.named: list[tuple[GroupName | int, tuple[str, str] | None]] = []
        """Of each id: a heading's name, or an object's place with its key and version."""
        self._ids: dict[object, int] = {}

    def of(self, where: GroupName | int, named: tuple[str, str] | None) -> int:
        """The id of what is called so."""
        found = self._ids.setdefault((where, named), len(self.named))
        if found == len(self.named):
            self.named.append((where, named))
        return found


class MarksView:
    """See ``records.View``. A picture of the groups at one moment; the objects are read as they are."""

    complete = True

    def __init__(
        self, quick: QuickReads, sel: int, groups: Sequence[MarkGroup], like: "MarksView | None", *, added_up: bool
    ) -> None:
        """``like`` is an older picture: what was folded there is, and rows have the ids that they had."""
        self.sel = sel
        self.groups = groups
        self.added_up = added_up
        """Otherwise there may be more to tell than of each bucket the whole."""
        self._quick = quick
        self.ids: RowIds = RowIds() if like is None else like.ids
        self._numbers = {group.name: number for number, group in enumerate(groups)}
        gone = set(() if like is None else like.folded)
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
    def folded(self) -> list[GroupName]:
        """The groups of which only the heading is shown."""
        return [group.name for group in self.groups if group.is_folded]

    def fold(self, row: MarkRow) -> None:
        """Show or hide the objects below a heading; of a bucket those of all its groups."""
        there = self._group(row.id)
        if there is None:
            return
        some = [there] if there.lists else [group for group in self.groups if group.place == there.place]
        hide = not all(group.is_folded for group in some)
        for group in some:
            group.is_folded = hide
        self._place()

    def _group(self, row_id: int) -> MarkGroup | None:
        """The group that a row stands in, or is the heading of."""
        of, named = self.ids.named[row_id]
        if isinstance(of, int):
            folder = "" if named is None else named[0][: named[0].rfind("/") + 1]
            number = self._numbers.get((of, folder, True), self._numbers.get((of, "", True)))
        else:
            place, prefix, lists = of
            number = self._numbers.get(of, self._numbers.get((place, prefix, not lists)))
        return None if number is None else self.groups[number]

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
            self.ids.of(group.name, None), group.cloud, group.bucket, group.prefix, None, group.objects,
            group.size_bytes, "", None, group.whole, group.is_top, group.is_folded,
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
                self.ids.of(group.place, (row[0], row[1])), group.cloud, group.bucket, group.prefix,
                ObjectRef(group.bucket, row[0], row[1] or None), 1, told_size(row[2]), row[3],
                None if row[4] == -1 else told_date(row[4]), group.whole,
            )
            for row in rows
        ]  # fmt: skip

    def position(self, row_id: int) -> int | None:
        """Where the row with that id stands; None when it is folded away or no longer marked."""
        group = self._group(row_id) if 0 <= row_id < len(self.ids.named) else None
        return None if group is None else self._position(group, self.ids.named[row_id][1])

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
        start = self._starts[self._numbers[group.name]]
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

    async def measure(self, reader: ReaderThread) -> None:
        """Have it known where some of very many marks stand: no key waits for a count of those before its row."""
        for group in self.groups:
            if group.whole and group.lists and group.objects > milestones.EVERY:
                found = await milestones.read_milestones(reader, self.sel, group.place, end_of_prefix(""))
                group.known = sorted({*found, *group.known})

    def left(self, row: MarkRow) -> None:
        """One of its objects was unmarked: the rows behind it move up before all is added up again."""
        group, named = self._group(row.id), self.ids.named[row.id][1]
        if group is None or named is None or not group.objects:
            return
        for one in self.groups:
            if one is group or (one.place == group.place and not one.lists):
                one.objects -= 1
                one.size_bytes -= row.size or 0
        group.known = [(at - (key > named), key) for at, key in group.known if key != named]
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


_PLACES = (
    "SELECT t.place_id, p.scheme, p.endpoint, p.bucket, t.objects, t.size_bytes FROM selection_total t"
    " JOIN place p ON p.id = t.place_id WHERE t.sel = ? AND t.objects > 0 ORDER BY 2, 3, 4"
)


async def by_bucket(
    reader: ReaderThread, quick: QuickReads, sel: int, like: MarksView | None = None, *, added_up: bool = False
) -> MarksView:
    """What is marked, bucket by bucket: soon, however much that is."""
    view = MarksView(quick, sel, [_bucket(row) for row in quick.rows(_PLACES, (sel,))], like, added_up=added_up)
    await view.measure(reader)
    return view


def _bucket(row: tuple[Any, ...], *, lists: bool = True) -> MarkGroup:
    place, scheme, endpoint, bucket, objects, size_bytes = row
    cloud = CloudId(scheme, endpoint)
    return MarkGroup(place, cloud, bucket, "", objects, size_bytes, whole=True, is_top=True, lists=lists)


async def by_prefix(
    reader: ReaderThread,
    quick: QuickReads,
    sel: int,
    like: MarksView | None = None,
    told: Callable[[int], None] | None = None,
) -> MarksView:
    """Add up what is marked, bucket by bucket and prefix by prefix; ``told`` hears how many objects are counted."""
    while True:
        buckets = {row[0]: row for row in quick.rows(_PLACES, (sel,))}
        folders: dict[int, dict[str, MarkGroup]] = {place: {} for place in buckets}
        runs, objects, is_last = MarkRuns(sel, list(folders)), 0, False
        while not is_last:
            step = await reader.run(runs.step)
            is_last = step.is_last
            for run in step.runs:
                objects += run.objects
                _add(folders[run.place], run, buckets[run.place])
            if sum(map(len, folders.values())) > MOST_GROUPS:
                return await by_bucket(reader, quick, sel, like, added_up=True)
            if told is not None:
                told(objects)
        if step.is_true:
            groups = [group for place, row in buckets.items() for group in _groups(row, folders[place])]
            return MarksView(quick, sel, groups, like, added_up=True)


def _add(folders: dict[str, MarkGroup], run: MarkRun, bucket: tuple[Any, ...]) -> None:
    group = folders.get(run.folder)
    if group is None:
        group = folders[run.folder] = _bucket(bucket)
        group.prefix, group.objects, group.size_bytes, group.whole = run.folder, 0, 0, False
    group.known.append((group.objects, (run.first_key, "")))
    group.objects += run.objects
    group.size_bytes += run.size_bytes


def _groups(bucket: tuple[Any, ...], folders: dict[str, MarkGroup]) -> list[MarkGroup]:
    """The heading of a bucket, unless there is one prefix alone, and those of its prefixes."""
    within = [folders[folder] for folder in sorted(folders)]
    for group in within:
        group.size_bytes, group.is_top = saturated(group.size_bytes), len(within) == 1
    return within if len(within) == 1 else [_bucket(bucket, lists=False), *within]
