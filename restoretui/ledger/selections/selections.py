"""The repository of selections: sets of marked objects that a plan is about.

Set 1 holds the marks on screen and survives restarts. Marks are kept by key, not by row, so that they outlive the
listing they were made in; an object is in a set once, however often it is added.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from sqlite3 import Connection
from typing import TYPE_CHECKING, Any

from restoretui.core.clock import Clock
from restoretui.core.errors import LedgerError, UsageError
from restoretui.core.model import ObjectFacts, ObjectRef
from restoretui.ledger.catalog.browse_view import BrowseView
from restoretui.ledger.catalog.observations import place_id, record_looks
from restoretui.ledger.marks import fact_groups, marking
from restoretui.ledger.marks.pending_marks import PendingMarks
from restoretui.ledger.records import CloudId, ObjectTally, Observation, Query, SelectionSummary
from restoretui.ledger.selections.history import History, Step, forget_sets, is_kept, live_of
from restoretui.ledger.store import change_feed
from restoretui.ledger.store.quick_reads import QuickReads
from restoretui.ledger.store.reader import ReaderThread
from restoretui.ledger.store.writer import Tx, Writer
from restoretui.ledger.views.row_order import Span
from restoretui.ledger.views.where_sql import names_only, where

_FORGOTTEN_S = 86_400.0
"""Sets that a command made and did not drop were left by a crash after a day."""

if TYPE_CHECKING:
    from restoretui.core.plan.lifecycle import ExpirationRule, Expiring
    from restoretui.core.plan.plan import FactGroup


class Selections:
    """Selections. What changes one is idempotent, but for toggling and inverting, and returns the new summary."""

    MARKS = 1
    """What is shown by who did not begin a set of its own: what earlier versions marked."""

    def __init__(
        self, writer: Writer, reader: ReaderThread, quick: QuickReads, clock: Clock, pending: PendingMarks
    ) -> None:
        self._writer = writer
        self._reader = reader
        self._quick = quick
        self._clock = clock
        self._pending = pending
        self._history: History | None = None
        self._forgotten: list[int] = []
        """Sets that nobody will ask for any more: they go with the next change."""

    @property
    def threads(self) -> tuple[Writer, ReaderThread, QuickReads]:
        """What reads and writes the sets, for who knows whose they are."""
        return self._writer, self._reader, self._quick

    # --- what is on screen

    @property
    def shown(self) -> int:
        """The set that holds the marks on screen; unmarking all, and undoing that, changes it."""
        return self._pending.shown

    def show(self, sel: int) -> None:
        """Have another set on screen, and remember from now on how to undo what is done to it."""
        self._pending.shown = sel
        self._history = History()

    @property
    def is_untouched(self) -> bool:
        """Nothing was done that could be undone or done again."""
        return self._history is None or not (self._history.done or self._history.undone)

    @property
    def can_undo(self) -> bool:
        """The marks were changed."""
        return self._history is not None and bool(self._history.done)

    @property
    def can_redo(self) -> bool:
        """A change was undone, and none was made since."""
        return self._history is not None and bool(self._history.undone)

    async def undo(self) -> SelectionSummary:
        """Take the last change of the marks back; ``UsageError`` when there is none."""
        history = self._history
        if history is None or not history.done:
            raise UsageError("there is no change of the marks to undo")
        step = history.done.pop()
        now = self._clock.now().timestamp()

        async def work() -> SelectionSummary:
            def back(tx: Tx) -> tuple[int, SelectionSummary]:
                added = History.undo(tx, step, now)
                return added, self._changed(tx, step.before, now)

            added, summary = await self._writer.do(back)
            self._pending.shown = step.before
            history.undone.append((step, added))
            return summary

        return await asyncio.shield(work())

    async def redo(self) -> SelectionSummary:
        """Make the change again that was undone last; ``UsageError`` when there is none."""
        history = self._history
        if history is None or not history.undone:
            raise UsageError("there is no change of the marks to do again")
        step, added = history.undone.pop()
        now = self._clock.now().timestamp()

        async def work() -> SelectionSummary:
            def forth(tx: Tx) -> SelectionSummary:
                History.redo(tx, step, added)
                return self._changed(tx, step.after, now)

            summary = await self._writer.do(forth)
            self._pending.shown = step.after
            history.done.append(step)
            return summary

        return await asyncio.shield(work())

    # --- sets

    async def create(self) -> int:
        """A new, empty set; to be dropped by who made it."""
        now = self._clock.now().timestamp()

        def insert(tx: Tx) -> int:
            old = tx.rows(
                "SELECT id FROM selection_set WHERE kind = 'work' AND created_at < ?", (now - _FORGOTTEN_S,)
            )
            for (forgotten,) in old:
                marking.clear(tx, forgotten)
                tx.run("DELETE FROM selection_set WHERE id = ?", (forgotten,))
            return tx.insert("INSERT INTO selection_set (created_at) VALUES (?)", (now,))

        return await self._writer.do(insert)

    async def drop(self, sel: int) -> None:
        """Forget the set; the marks on screen are only cleared."""

        def delete(tx: Tx) -> None:
            marking.clear(tx, sel)
            tx.run("DELETE FROM selection_set WHERE id = ? AND id <> 1", (sel,))

        await self._writer.do(delete)

    async def clear(self, sel: int) -> SelectionSummary:
        """Unmark everything."""
        with self._pending.everything(sel):
            if self._history is None:
                return await self._change(sel, marking.clear)
            return await asyncio.shield(self._put_aside(sel, self._history))

    async def _put_aside(self, sel: int, history: History) -> SelectionSummary:
        now = self._clock.now().timestamp()

        def aside(tx: Tx) -> tuple[SelectionSummary, Step | None]:
            live = live_of(tx, sel)
            if not is_kept(tx, live):
                marking.clear(tx, live)
                return self._changed(tx, live, now), None
            step = None
            if tx.row("SELECT 1 FROM selection_total WHERE sel = ? AND objects > 0", (live,)) is not None:
                step = History.put_aside(tx, live, now)
                tx.touch(change_feed.selection_topic(live))
            return self._changed(tx, live if step is None else step.after, now), step

        summary, step = await self._writer.do(aside)
        if step is not None:
            self._pending.shown = step.after
            self._forgotten += history.note(step)
        return summary

    # --- rows of a listing

    async def add_rows(self, sel: int, listing_id: int, ids: Collection[int]) -> SelectionSummary:
        """Mark objects of a listing by row id; ids of common prefixes are passed over."""
        with self._pending.rows(sel, listing_id, frozenset(ids), mark=True):
            return await self._change(
                sel, lambda tx, sel: marking.set_rows(tx, sel, listing_id, ids, lambda _marked: True)
            )

    async def toggle_rows(self, sel: int, listing_id: int, ids: Collection[int]) -> SelectionSummary:
        """Mark the unmarked ones, unmark the marked."""
        with self._pending.rows(sel, listing_id, frozenset(ids), mark=None):
            return await self._change(
                sel, lambda tx, sel: marking.set_rows(tx, sel, listing_id, ids, lambda marked: not marked)
            )

    # --- views

    async def add_range(self, sel: int, view: BrowseView, first: int, last: int) -> SelectionSummary:
        """Mark the objects between two positions of a view, both included."""
        first, last = min(first, last), max(first, last)
        with self._pending.positions(sel, view, range(first, last + 1), mark=True):
            async with view.in_use():
                return await self._add_span(sel, view, view.object_span(first, last))

    async def add_view(self, sel: int, view: BrowseView) -> SelectionSummary:
        """Mark every object of a view: all that match its filter."""
        async with self._all_of(sel, view, mark=True) as span:
            return await self._add_span(sel, view, span)

    async def invert_view(self, sel: int, view: BrowseView) -> SelectionSummary:
        """Unmark the marked objects of a view, mark the others."""
        async with self._all_of(sel, view, mark=None) as span:
            return await self._change(sel, lambda tx, sel: marking.invert_span(tx, sel, _place(view), span))

    @asynccontextmanager
    async def _all_of(self, sel: int, view: BrowseView, *, mark: bool | None) -> AsyncIterator[Span]:
        """The objects of a view, shown as being marked or unmarked, and there to work with."""
        if view.shows_every_object:
            pending = self._pending.rows(sel, view.listing_id, None, mark=mark)
        else:
            # What is still looked for will be in it; what a listing still finds will not.
            positions = range(view.count) if view.complete else None
            pending = self._pending.positions(sel, view, positions, mark=mark)
        with pending:
            async with view.in_use(whole=not view.shows_every_object):
                yield view.object_span()

    async def _add_span(self, sel: int, view: BrowseView, span: Span) -> SelectionSummary:
        def add(tx: Tx, sel: int) -> None:
            marking.add_span(tx, sel, _place(view), span)
            marking.recount(tx, sel, view.place_id)

        return await self._change(sel, add)

    # --- keys and prefixes

    async def add_observed(
        self, sel: int, cloud: CloudId, bucket: str, looks: Sequence[Observation]
    ) -> SelectionSummary:
        """Mark objects that were looked at one by one; the looks are recorded as well. Vanished ones are left out."""
        now = self._clock.now().timestamp()

        def add(tx: Tx, sel: int) -> None:
            record_looks(tx, cloud, bucket, looks, now)
            marking.add_looks(tx, sel, place_id(tx, cloud, bucket), looks)

        return await self._change(sel, add)

    async def add_selection(self, sel: int, other: int) -> SelectionSummary:
        """Mark what is marked in ``other``, too."""
        return await self._change(sel, lambda tx, sel: marking.add_selection(tx, sel, other))

    async def keep(self, sel: int, query: Query, prefix: str) -> int:
        """Unmark what ``query`` leaves out, as known now and as in a listing below ``prefix``; how many objects."""
        now = self._clock.now().timestamp()

        def remove(tx: Tx) -> int:
            tx.touch(change_feed.selection_topic(sel))
            return marking.keep(tx, sel, query, now, self._clock.wall(), prefix=prefix)

        return await self._writer.do(remove)

    async def matching(self, keys: Sequence[str], query: Query, prefix: str) -> list[str]:
        """Those of ``keys`` that ``query`` may let through, going by the key, as in a listing below ``prefix``."""
        if query.where is None:
            return list(keys)
        match = where(query.where, names_only("k.value", prefix=prefix, perhaps=True))
        sql = f"SELECT k.key FROM json_each(:keys) k WHERE {match.sql}"
        args = {"keys": json.dumps(list(keys)), **match.args}
        found = await self._reader.run(lambda connection: connection.execute(sql, args).fetchall())
        return [keys[int(number)] for (number,) in found]

    async def add_under(self, sel: int, listing_id: int) -> SelectionSummary:
        """Mark everything a listing holds: what lies under a marked prefix."""

        def add(tx: Tx, sel: int) -> None:
            place = marking.listing_place(tx, listing_id)
            marking.add_span(tx, sel, place, Span(f"l{listing_id} l", "1", "0", "l.id", {}))
            marking.recount(tx, sel, place.place_id)

        return await self._change(sel, add)

    async def remove_under(
        self, sel: int, cloud: CloudId, bucket: str, prefix: str, *, only_here: bool = False
    ) -> SelectionSummary:
        """Unmark every object whose key begins with ``prefix``; ``only_here``: of those, what no prefix below has."""

        def remove(tx: Tx, sel: int) -> None:
            marking.remove_prefix(tx, sel, place_id(tx, cloud, bucket), prefix, only_here=only_here)

        return await self._change(sel, remove)

    async def remove_refs(self, sel: int, cloud: CloudId, refs: Collection[ObjectRef]) -> SelectionSummary:
        """Unmark these objects."""

        def remove(tx: Tx, sel: int) -> None:
            for ref in refs:
                marking.remove_object(tx, sel, place_id(tx, cloud, ref.bucket), ref.key, ref.version_id)

        return await self._change(sel, remove)

    # --- what is in it

    async def summary(self, sel: int) -> SelectionSummary:
        """How much is marked, and where; quick whatever the size."""
        return _summary(self._quick.rows(_TOTALS, (sel,)))

    async def hidden(self, sel: int, view: BrowseView) -> int:
        """Marked objects that the view does not show."""
        async with view.in_use(whole=not view.shows_every_object):
            span = view.object_span()
            args = {**span.args, "sel": sel, "place": view.place_id}

            def count(connection: Connection) -> int:
                (marked,) = connection.execute(
                    "SELECT coalesce(sum(objects), 0) FROM selection_total WHERE sel = ?", (sel,)
                ).fetchone()
                if not marked:
                    return 0
                (seen,) = connection.execute(
                    f"SELECT count(*) FROM {span.source} WHERE {span.where} AND {marking.IS_MARKED}", args
                ).fetchone()
                return int(marked - seen)

            return await self._reader.run(count)

    async def unlooked(
        self,
        sel: int,
        cloud: CloudId,
        limit: int,
        doubt: fact_groups.Doubt = fact_groups.Doubt.TIER,
        after: ObjectRef | None = None,
    ) -> list[ObjectRef]:
        """Marked objects of which only a HEAD tells what is in ``doubt``, by bucket and key, behind ``after``.

        Whoever goes on behind the last of them sees each mark once, however many there are.
        """
        now = self._clock.now().timestamp()

        def find(connection: Connection) -> list[ObjectRef]:
            found: list[ObjectRef] = []
            for place in fact_groups.marked_places(connection, sel, now, self._clock.wall()):
                if place.cloud != cloud or (after is not None and place.bucket < after.bucket):
                    continue
                behind = "", ""
                if after is not None and place.bucket == after.bucket:
                    behind = after.key, after.version_id or ""
                rows = fact_groups.unlooked(connection, place, limit - len(found), doubt, behind)
                found += [ObjectRef(place.bucket, key, version or None) for key, version in rows]
                if len(found) >= limit:
                    break
            return found

        return await self._reader.run(find)

    async def facts(self, sel: int) -> dict[CloudId, list["FactGroup"]]:
        """The marked objects as a planner takes them, by cloud. Objects known to be gone are left out."""
        now = self._clock.now().timestamp()

        def group(connection: Connection) -> dict[CloudId, list["FactGroup"]]:
            groups: dict[CloudId, list[FactGroup]] = {}
            for place in fact_groups.marked_places(connection, sel, now, self._clock.wall()):
                groups.setdefault(place.cloud, []).extend(
                    found.planned(place.bucket) for found in fact_groups.group_facts(connection, place)
                )
            return groups

        return await self._reader.run(group)

    async def expiring(
        self,
        sel: int,
        cloud: CloudId,
        bucket: str,
        rule: "ExpirationRule | None",
        classes: Collection[str],
        end: datetime,
    ) -> "Expiring | None":
        """What the rule deletes of the marked current objects of these classes before ``end``; None for nothing.

        Without a rule, by what their HEADs told.
        """
        from restoretui.core.plan.lifecycle import Expiring

        until = end if rule is None else rule.written_by(end)
        if until is None:
            return None
        now = self._clock.now().timestamp()

        def find(connection: Connection) -> Expiring | None:
            for place in fact_groups.marked_places(connection, sel, now, self._clock.wall()):
                if (place.cloud, place.bucket) != (cloud, bucket):
                    continue
                if rule is None:
                    if told := fact_groups.told_to_lapse(connection, place, classes, end.timestamp()):
                        return Expiring(bucket, None, told[0], datetime.fromtimestamp(told[1], UTC))
                else:
                    found = fact_groups.written_until(connection, place, rule, classes, until.timestamp())
                    if found is not None:
                        count, first = found
                        return Expiring(bucket, rule, count, rule.due(datetime.fromtimestamp(first, UTC)))
            return None

        return await self._reader.run(find)

    async def revision(self, sel: int) -> int:
        """A number that grows whenever objects are marked or unmarked, by whichever process."""
        row = self._quick.row("SELECT revision FROM selection_set WHERE id = ?", (sel,))
        return 0 if row is None else int(row[0])

    async def sample(self, sel: int, cloud: CloudId, bucket: str, facts: ObjectFacts, limit: int) -> list[ObjectRef]:
        """Some of the objects behind one group of ``facts``, in key order."""
        now = self._clock.now().timestamp()

        def find(connection: Connection) -> list[ObjectRef]:
            for place in fact_groups.marked_places(connection, sel, now, self._clock.wall()):
                if (place.cloud, place.bucket) == (cloud, bucket):
                    rows = fact_groups.objects_with(connection, place, fact_groups.key_of(facts), limit)
                    return [ObjectRef(bucket, key, version or None) for key, version in rows]
            return []

        return await self._reader.run(find)

    async def refs(self, sel: int, cloud: CloudId, limit: int, *, unlistable: bool = False) -> list[ObjectRef]:
        """Some of the objects of one cloud; ``unlistable``: of those that no list of keys can hold."""
        from restoretui.ledger.selections.chosen_keys import read_refs

        def read(connection: Connection) -> list[ObjectRef]:
            found: list[ObjectRef] = []
            for place in self._places(connection, sel, cloud):
                found += read_refs(connection, place, limit - len(found), unlistable=unlistable)
            return found

        return await self._reader.run(read)

    async def write_keys(
        self, sel: int, cloud: CloudId, bucket: str, write: Callable[[Iterable[bytes]], None]
    ) -> None:
        """Hand the keys of a bucket that a list can hold to ``write``, as lines."""
        from restoretui.ledger.selections.chosen_keys import listed_keys

        def read(connection: Connection) -> None:
            for place in self._places(connection, sel, cloud):
                if place.bucket == bucket:
                    write(listed_keys(connection, place))

        await self._reader.run(read)

    def _places(self, connection: Connection, sel: int, cloud: CloudId) -> list[fact_groups.MarkedPlace]:
        now, wall = self._clock.now().timestamp(), self._clock.wall()
        places = fact_groups.marked_places(connection, sel, now, wall)
        return [place for place in places if place.cloud == cloud]

    async def _change(self, sel: int, change: Callable[[Tx, int], None]) -> SelectionSummary:
        """``change`` is given the set to change: where ``sel`` was put aside meanwhile, the one in its place."""
        now = self._clock.now().timestamp()
        history = self._history
        forgotten, self._forgotten = self._forgotten, []

        def work(tx: Tx) -> tuple[SelectionSummary, Step | None]:
            forget_sets(tx, forgotten)
            if tx.row("SELECT 1 FROM selection_set WHERE id = ?", (sel,)) is None:
                raise LedgerError("this selection was dropped")
            live = live_of(tx, sel)
            if history is None or not is_kept(tx, live):
                change(tx, live)
                return self._changed(tx, live, now), None
            before = _summary(tx.rows(_TOTALS, (live,)))
            step = History.begin(tx, live, now)
            change(tx, live)
            summary = self._changed(tx, live, now)
            if not History.end(tx, step) and before == summary:
                forget_sets(tx, [step.taken])  # It changed nothing: there is nothing to undo.
                return summary, None
            return summary, step

        summary, step = await self._writer.do(work)
        if history is not None and step is not None:
            self._forgotten += history.note(step)
        return summary

    @staticmethod
    def _changed(tx: Tx, sel: int, now: float) -> SelectionSummary:
        tx.run("UPDATE selection_set SET revision = revision + 1, changed_at = ? WHERE id = ?", (now, sel))
        tx.touch(change_feed.selection_topic(sel))
        return _summary(tx.rows(_TOTALS, (sel,)))


_TOTALS = (
    "SELECT p.scheme, p.endpoint, p.bucket, t.objects, t.size_bytes FROM selection_total t"
    " JOIN place p ON p.id = t.place_id WHERE t.sel = ? AND t.objects > 0 ORDER BY 1, 2, 3"
)


def _summary(rows: Sequence[tuple[Any, ...]]) -> SelectionSummary:
    by_bucket = {(CloudId(row[0], row[1]), row[2]): ObjectTally(row[3], row[4]) for row in rows}
    return SelectionSummary(
        objects=sum(tally.objects for tally in by_bucket.values()),
        size_bytes=sum(tally.size_bytes for tally in by_bucket.values()),
        by_bucket=by_bucket,
    )


def _place(view: BrowseView) -> marking.ListingPlace:
    return marking.ListingPlace(view.listing_id, view.place_id, view.listing.started_at.timestamp())
