"""Whose marks are whose: each session marks in a set of its own; what an ended one left is there to be taken over.

A set can be saved by a name; it stays until it is dropped or saved anew.
"""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from sqlite3 import Connection
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from restoretui.core.clock import Clock
from restoretui.core.errors import LedgerError, UsageError
from restoretui.core.model import ObjectRef
from restoretui.ledger.catalog.retention import in_steps
from restoretui.ledger.marks.fact_groups import group_facts
from restoretui.ledger.marks.marked_places import PartOfPlace, marked_places
from restoretui.ledger.marks.span_changes import in_rows
from restoretui.ledger.records import CloudId, SelectionSummary
from restoretui.ledger.selections.history import forget_sets, forget_some, new_set
from restoretui.ledger.selections.marks_view import MarksView, by_bucket, by_prefix
from restoretui.ledger.selections.selections import Selections
from restoretui.ledger.selections.set_contents import SetContents
from restoretui.ledger.store import change_feed
from restoretui.ledger.store.reader import ReaderThread
from restoretui.ledger.store.state_folder import is_alive
from restoretui.ledger.store.writer import Tx
from restoretui.ledger.views.filter_sql import end_of_prefix

if TYPE_CHECKING:
    from restoretui.core.plan.tier_plan import FactGroup

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_WITH_TOTALS = (
    "SELECT s.id, s.name, s.owner, s.changed_at, coalesce(sum(t.objects), 0), coalesce(total(t.size_bytes), 0)"
    " FROM selection_set s LEFT JOIN selection_total t ON t.sel = s.id WHERE s.kind = ? GROUP BY s.id"
)


class MarkSet(NamedTuple):
    """A set of marks that is not on screen."""

    sel: int
    name: str
    """Empty for what a session left."""
    objects: int
    size_bytes: int
    at: datetime
    """When it was last changed."""


def set_name(text: str) -> str:
    """The name of a set, as it was typed, with or without the ``@``; ``UsageError`` for what cannot be one."""
    name = text.strip().removeprefix("@")
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{text.strip()!r} cannot be the name of a set",
            "write up to 64 letters, digits, dots, dashes and underscores",
        )
    return name


class MarkSets:
    """The sets of one ledger, as one process sees them."""

    def __init__(
        self, selections: Selections, glancer: ReaderThread, clock: Clock, folder: Path, process: str
    ) -> None:
        """``process`` is what this process is called by ``state_folder.is_alive``."""
        self._selections = selections
        self._writer, self._reader, self._quick = selections.threads
        self._glancer = glancer
        """Never busy for long: what somebody waits for is not behind a plan of ten million."""
        self._clock = clock
        self._folder = folder
        self._process = process
        self.inside = SetContents(self._reader)
        """What is in each."""

    @property
    def shown(self) -> int:
        """The set that holds the marks on screen."""
        return self._selections.shown

    async def begin(self) -> None:
        """Mark in a set of this session's own from now on, and remember how to undo it."""
        now = self._now()
        own = await self._writer.do(lambda tx: new_set(tx, "marks", now, owner=self._process))
        self._selections.show(own)

    async def tidy(self) -> None:
        """Clear away what ended sessions can no longer undo, and their empty sets; in steps."""

        def find(tx: Tx) -> list[int]:
            rows = tx.rows(
                "SELECT id, owner FROM selection_set s WHERE id <> 1 AND (kind IN ('undo', 'held')"
                " OR (kind = 'marks'"
                " AND NOT EXISTS (SELECT 1 FROM selection_total WHERE sel = s.id AND objects > 0)))"
            )
            return [sel for sel, owner in rows if not self._lives(owner)]

        for sel in await self._writer.do(find):
            await self._forget(sel)

    # --- what is in them

    async def by_bucket(self, like: MarksView | None = None) -> MarksView:
        """What is marked on screen, by bucket: soon. Folded as ``like``, an older picture, is."""
        return await by_bucket(self._glancer, self._quick, self.shown, like)

    async def by_prefix(self, like: MarksView | None = None, told: Callable[[int], None] | None = None) -> MarksView:
        """The same by bucket and prefix; ``told`` hears how many objects have been counted, of very many often."""
        return await by_prefix(self._glancer, self._quick, self.shown, like, told)

    async def facts_of(self, part: PartOfPlace) -> list["FactGroup"]:
        """A part of what is marked on screen, as a planner takes it."""
        sel, now, wall = self.shown, self._now(), self._clock.wall()
        some = part if part.prefix or not part.whole else None

        def group(connection: Connection) -> list["FactGroup"]:
            return [
                found.planned(place.bucket)
                for place in marked_places(connection, sel, now, wall)
                if (place.cloud, place.bucket) == (part.cloud, part.bucket)
                for found in group_facts(connection, replace(place, part=some))
            ]

        return await self._reader.run(group)

    # --- what ended sessions left

    async def left(self) -> list[MarkSet]:
        """Marks of sessions that have ended, the newest first."""
        shown = self.shown

        def find(connection: Connection) -> list[MarkSet]:
            rows = connection.execute(_WITH_TOTALS, ("marks",)).fetchall()
            return [_mark_set(row) for row in rows if row[4] and row[0] != shown and not self._lives(row[2])]

        return sorted(await self._glancer.run(find), key=lambda one: one.at, reverse=True)

    async def keep(self, sel: int) -> SelectionSummary:
        """Take over what a session left: with what is marked here already."""
        own, untouched = self.shown, self._selections.is_untouched

        def take(tx: Tx) -> bool:
            row = tx.row("SELECT owner FROM selection_set WHERE id = ? AND kind = 'marks'", (sel,))
            if row is None or self._lives(row[0]):
                raise LedgerError("these marks are no longer left: another session has taken them, or dropped them")
            marked = tx.row("SELECT 1 FROM selection_total WHERE sel = ? AND objects > 0", (own,)) is not None
            takes_its_place = untouched and not marked
            tx.run(
                "UPDATE selection_set SET owner = ?, kind = ? WHERE id = ?",
                (self._process, "marks" if takes_its_place else "undo", sel),
            )
            if takes_its_place:
                tx.run("UPDATE selection_set SET kind = 'undo' WHERE id = ?", (own,))
            tx.touch(change_feed.selection_topic(sel))
            return takes_its_place

        if await self._writer.do(take):
            self._selections.show(sel)
            await self._forget(own)
            return await self._selections.summary(sel)
        summary = await self._selections.add_selection(self.shown, sel)
        await self._forget(sel)
        return summary

    async def drop(self, sel: int) -> None:
        """Forget marks that were left, or a saved set."""
        if sel != self.shown:
            await self._forget(sel)

    # --- sets with a name

    def saved(self) -> list[MarkSet]:
        """By name."""
        return sorted(
            (_mark_set(row) for row in self._quick.rows(_WITH_TOTALS, ("saved",))), key=lambda one: one.name
        )

    async def save(self, name: str) -> MarkSet:
        """Keep what is marked now under a name; what had that name before is replaced."""
        name, now, sel = set_name(name), self._now(), self.shown
        if not (await self._selections.summary(sel)).objects:
            raise UsageError("nothing is marked that could be saved")

        def work(tx: Tx) -> None:
            forget_sets(tx, [row[0] for row in tx.rows("SELECT id FROM selection_set WHERE name = ?", (name,))])
            new_set(tx, "saved", now, name=name)

        await self._writer.do(work)
        await self._selections.add_selection(self.named(name).sel, sel)
        return self.named(name)

    async def keep_as(self, name: str, sel: int, *, replace: bool = False) -> MarkSet:
        """Keep a set that a command made under a name; ``UsageError`` where one has it and is not to be replaced."""
        name, now = set_name(name), self._now()

        def work(tx: Tx) -> list[int]:
            old = [int(row[0]) for row in tx.rows("SELECT id FROM selection_set WHERE name = ?", (name,))]
            if old and not replace:
                raise UsageError(f"there is a set @{name} already", "choose another name, or say --replace")
            for one in old:
                tx.run("UPDATE selection_set SET kind = 'undo', owner = '', name = '' WHERE id = ?", (one,))
            in_rows(tx, sel)  # It is to last longer than any listing.
            tx.run(
                "UPDATE selection_set SET kind = 'saved', name = ?, changed_at = ? WHERE id = ? AND kind = 'work'",
                (name, now, sel),
            )
            tx.touch(change_feed.selection_topic(sel))
            return old

        for one in await self._writer.do(work):
            await self._forget(one)
        return self.named(name)

    async def hold(self, sel: int) -> None:
        """Keep a set that a command made as it is: no newer listing changes what it tells of its objects."""
        owner = self._process

        def write(tx: Tx) -> None:
            in_rows(tx, sel)
            tx.run("UPDATE selection_set SET kind = 'held', owner = ? WHERE id = ?", (owner, sel))

        await self._writer.do(write)

    def named(self, name: str) -> MarkSet:
        """The set of that name; ``UsageError`` if there is none."""
        name = set_name(name)
        sets = {one.name: one for one in self.saved()}
        if name not in sets:
            known = ", ".join(f"@{other}" for other in sets)
            raise UsageError(
                f"no set is called @{name}",
                f"saved are {known}" if known else "restoretui set save NAME LOCATION makes one, and M saves marks",
            )
        return sets[name]

    async def refs(self, sel: int, cloud: CloudId, bucket: str, prefix: str) -> Sequence[ObjectRef]:
        """The objects of a set that lie below a prefix, in key order."""
        sql = (
            "SELECT s.key, s.version_id FROM place p JOIN selection s ON s.sel = :sel AND s.place_id = p.id"
            " WHERE p.scheme = :scheme AND p.endpoint = :endpoint AND p.bucket = :bucket AND s.key >= :low"
            " AND s.key < :high ORDER BY s.key, s.version_id"
        )
        args = {
            "sel": sel, "scheme": cloud.scheme, "endpoint": cloud.endpoint, "bucket": bucket,
            "low": prefix, "high": end_of_prefix(prefix),
        }  # fmt: skip
        rows = await self._reader.run(lambda connection: connection.execute(sql, args).fetchall())
        return [ObjectRef(bucket, key, version or None) for key, version in rows]

    # ---

    def _lives(self, owner: str) -> bool:
        return owner == self._process or (bool(owner) and is_alive(self._folder, owner))

    async def _forget(self, sel: int) -> None:
        """Its marks go some at a time; what is left of it is no longer anybody's."""

        def undo(tx: Tx) -> None:
            tx.run("UPDATE selection_set SET kind = 'undo', owner = '', name = '' WHERE id = ? AND id <> 1", (sel,))
            tx.touch(change_feed.selection_topic(sel))

        await self._writer.do(undo)
        await in_steps(self._writer, lambda tx, rows: forget_some(tx, sel, rows))

    def _now(self) -> float:
        return self._clock.now().timestamp()


def _mark_set(row: tuple[int, str, str, float, int, float]) -> MarkSet:
    sel, name, _, at, objects, size = row
    return MarkSet(sel, name, objects, int(size), datetime.fromtimestamp(at, UTC))
