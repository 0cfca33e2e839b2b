"""What is in a set of marked objects: how much, where, which of them, and what a planner must know of them."""

import json
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import UTC, datetime
from sqlite3 import Connection
from typing import TYPE_CHECKING, Any

from restoretui.core.clock import Clock
from restoretui.core.filter.edits import ticked
from restoretui.core.filter.tree import fields_of
from restoretui.core.model import UNTOLD_CLASS, ObjectFacts, ObjectRef, State
from restoretui.ledger.catalog.browse_view import BrowseView
from restoretui.ledger.marks import doubts, fact_groups, lapsing, marked_places, marking
from restoretui.ledger.marks.span_sql import IS_SINGLE, is_marked
from restoretui.ledger.marks.spans import listings_of_spans, objects_in_spans
from restoretui.ledger.records import CloudId, Listing, ObjectTally, Query, SelectionSummary
from restoretui.ledger.store.quick_reads import QuickReads
from restoretui.ledger.store.reader import ReaderThread
from restoretui.ledger.store.writer import Tx
from restoretui.ledger.views.where_sql import names_only, where

if TYPE_CHECKING:
    from restoretui.core.plan.lifecycle import ExpirationRule, Expiring
    from restoretui.core.plan.tier_plan import FactGroup

TOTALS = (
    "SELECT p.scheme, p.endpoint, p.bucket, t.objects, t.size_bytes FROM selection_total t"
    " JOIN place p ON p.id = t.place_id WHERE t.sel = ? AND t.objects > 0 ORDER BY 1, 2, 3"
)
"""What is marked in a set, by bucket."""


class MarkedObjects:
    """Reads sets of marks, and changes none."""

    def __init__(self, reader: ReaderThread, quick: QuickReads, clock: Clock) -> None:
        self._reader = reader
        self._quick = quick
        self._clock = clock
        self._hidden: tuple[tuple[int, ...], int] | None = None
        """What ``hidden`` found last, and of what."""

    async def summary(self, sel: int) -> SelectionSummary:
        """How much is marked, and where; quick whatever the size."""
        return summary_of(self._quick.rows(TOTALS, (sel,)))

    async def hidden(self, sel: int, view: BrowseView) -> int:
        """Marked objects that the view does not show; counted again once either has changed."""
        async with view.in_use(whole=not view.shows_every_object):
            now = self._state(sel, view)
            if now is not None and self._hidden is not None and self._hidden[0] == now:
                return self._hidden[1]
            span = view.object_span()
            args = {**span.args, "sel": sel, "place": view.place_id}

            def count(connection: Connection) -> int:
                (marked,) = connection.execute(
                    "SELECT coalesce(sum(objects), 0) FROM selection_total WHERE sel = ?", (sel,)
                ).fetchone()
                if not marked:
                    return 0
                others = listings_of_spans(Tx(connection), sel, view.place_id)
                is_shown, seen = is_marked(view.listing_id, others), 0
                if span == marking.whole_listing(view.listing_id) and others in ([], [view.listing_id]):
                    # All of it is shown: what spans mark of it need not be counted.
                    is_shown, seen = IS_SINGLE, objects_in_spans(Tx(connection), sel, view.place_id)
                    single = "SELECT 1 FROM selection WHERE sel = :sel AND place_id = :place LIMIT 1"
                    if connection.execute(single, args).fetchone() is None:
                        return int(marked - seen)
                (more,) = connection.execute(
                    f"SELECT count(*) FROM {span.source} WHERE {span.where} AND {is_shown}", args
                ).fetchone()
                return int(marked - seen - more)

            found = await self._reader.run(count)
            if now is not None and self._state(sel, view) == now:
                self._hidden = now, found
            return found

    def _state(self, sel: int, view: BrowseView) -> tuple[int, ...] | None:
        """What is marked, and what is shown; None while more is to come."""
        row = self._quick.row("SELECT revision FROM selection_set WHERE id = ?", (sel,))
        return (sel, row[0], view.view_id, view.count) if row is not None and view.complete else None

    async def unlooked(
        self,
        sel: int,
        cloud: CloudId,
        limit: int,
        doubt: doubts.Doubt = doubts.Doubt.TIER,
        after: ObjectRef | None = None,
    ) -> list[ObjectRef]:
        """Marked objects of which only a HEAD tells what is in ``doubt``, by bucket and key, behind ``after``.

        Whoever goes on behind the last of them sees each mark once, however many there are.
        """
        now = self._clock.now().timestamp()

        def find(connection: Connection) -> list[ObjectRef]:
            found: list[ObjectRef] = []
            for place in marked_places.marked_places(connection, sel, now, self._clock.wall()):
                if place.cloud != cloud or (after is not None and place.bucket < after.bucket):
                    continue
                behind = "", ""
                if after is not None and place.bucket == after.bucket:
                    behind = after.key, after.version_id or ""
                rows = doubts.unlooked(connection, place, limit - len(found), doubt, behind)
                found += [ObjectRef(place.bucket, key, version or None) for key, version in rows]
                if len(found) >= limit:
                    break
            return found

        return await self._reader.run(find)

    async def unsure_of(self, listing: Listing, query: Query) -> frozenset[str]:
        """What the query asks for and the listing does not tell of each object: ``class`` and ``state``, or one.

        Of an object without a class, unless the server means something by its silence; and of a class that is
        archived or not by a tier within, which a HEAD alone tells. Who asks for unknown states, too, means those.
        """
        asked, rules, kinds = fields_of(query.where), listing.scope.cloud.rules, dict[str, frozenset[str]]()
        if not rules.lists_class:
            kinds[UNTOLD_CLASS] = asked & {"class", "state"}
        if rules.tiered_class and not ticked(query.where, "state", [State.UNKNOWN]):
            kinds[rules.tiered_class] = asked & {"state"}

        def find(connection: Connection) -> frozenset[str]:
            sql = f"SELECT 1 FROM l{listing.id} WHERE storage_class = ? LIMIT 1"
            there = [kind for kind, fields in kinds.items() if fields and connection.execute(sql, (kind,)).fetchone()]
            return frozenset[str]().union(*(kinds[kind] for kind in there))

        return await self._reader.run(find)

    async def named_classes(self, sel: int, cloud: CloudId) -> set[str]:
        """The storage classes that listings of the cloud named of marked objects."""

        def find(connection: Connection) -> set[str]:
            places = self._places(connection, sel, cloud)
            return {name for place in places for name in doubts.named_classes(connection, place)}

        return await self._reader.run(find)

    async def facts(self, sel: int) -> dict[CloudId, list["FactGroup"]]:
        """The marked objects as a planner takes them, by cloud. Objects known to be gone are left out."""
        now = self._clock.now().timestamp()

        def group(connection: Connection) -> dict[CloudId, list["FactGroup"]]:
            groups: dict[CloudId, list[FactGroup]] = {}
            for place in marked_places.marked_places(connection, sel, now, self._clock.wall()):
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
            for place in marked_places.marked_places(connection, sel, now, self._clock.wall()):
                if (place.cloud, place.bucket) != (cloud, bucket):
                    continue
                if rule is None:
                    if told := lapsing.told_to_lapse(connection, place, classes, end.timestamp()):
                        return Expiring(bucket, None, told[0], datetime.fromtimestamp(told[1], UTC))
                else:
                    found = lapsing.written_until(connection, place, rule, classes, until.timestamp())
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
            for place in marked_places.marked_places(connection, sel, now, self._clock.wall()):
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

    def _places(self, connection: Connection, sel: int, cloud: CloudId) -> list[marked_places.MarkedPlace]:
        now, wall = self._clock.now().timestamp(), self._clock.wall()
        places = marked_places.marked_places(connection, sel, now, wall)
        return [place for place in places if place.cloud == cloud]

    async def matching(self, keys: Sequence[str], query: Query, prefix: str) -> list[str]:
        """Those of ``keys`` that ``query`` may let through, going by the key, as in a listing below ``prefix``."""
        if query.where is None:
            return list(keys)
        match = where(query.where, names_only("k.value", prefix=prefix, perhaps=True))
        sql = f"SELECT k.key FROM json_each(:keys) k WHERE {match.sql}"
        args = {"keys": json.dumps(list(keys)), **match.args}
        found = await self._reader.run(lambda connection: connection.execute(sql, args).fetchall())
        return [keys[int(number)] for (number,) in found]


def summary_of(rows: Sequence[tuple[Any, ...]]) -> SelectionSummary:
    """What ``TOTALS`` found, added up."""
    by_bucket = {(CloudId(row[0], row[1]), row[2]): ObjectTally(row[3], row[4]) for row in rows}
    return SelectionSummary(
        objects=sum(tally.objects for tally in by_bucket.values()),
        size_bytes=sum(tally.size_bytes for tally in by_bucket.values()),
        by_bucket=by_bucket,
    )
