"""Looks at many named objects by LIST pages where they lie dense, and says which of them only a HEAD can tell of.

A page shows up to 1,000 keys for the price of about a dozen HEADs (FACTS 1.7). How dense the next keys lie shows when
a page is asked for just before them: where it holds enough of them the next page is asked for, and where it does not,
HEADs are cheaper for ever more keys before another page is tried. Whatever a page does not show, or not all of, is
left to a HEAD: that an object is not there is never said by a page.
"""

from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from restoretui.core.clock import Clock
from restoretui.core.errors import CloudError
from restoretui.core.model import UNTOLD_CLASS, Entry, ObjectRef
from restoretui.core.provider import Provider
from restoretui.core.rows import Refs, Rows
from restoretui.core.rules.rules import CloudRules
from restoretui.engine.listing.lister import Read
from restoretui.engine.traffic.circuit_breaker import NO_ANSWER
from restoretui.engine.watching.looks import DENSE
from restoretui.engine.watching.sweep import common_directory, just_before

SPARSE_FIRST, SPARSE_MOST = 64, 1024
"""Keys left to HEADs after a page that held too few, the first time and at most, before another page is tried."""


class PagedRows:
    """What pages told of the objects that were looked for, by column."""

    def __init__(self) -> None:
        self._columns: list[list[Any]] = [[] for _ in Entry._fields]
        self.seen_at: list[float] = []
        """When each was seen, in cloud time."""

    @property
    def rows(self) -> Rows:
        """The rows they were told of in."""
        return Rows(self._columns)

    def add(self, rows: Rows, seen_at: float) -> None:
        """More of them, of one page."""
        for column, more in zip(self._columns, rows.columns, strict=True):
            column += more
        self.seen_at += [seen_at] * len(rows)


class KeyPages(Struct):
    """Of one bucket. What its pages cannot tell is found out once."""

    provider: Provider
    read: Read
    rules: CloudRules
    clock: Clock
    bucket: str
    requests: int = 0
    tells: bool = False
    """A page told of a restore."""
    useless: bool = False
    """Pages tell nothing of restores here."""

    async def look(self, refs: Refs) -> tuple[PagedRows, list[ObjectRef]]:
        """What pages tell of these objects, which are in key order and all with a version or all without.

        And those that are to be looked at by HEAD. Raises where no answer can be had at all.
        """
        keys = refs.keys
        seen = PagedRows()
        left: list[ObjectRef] = []
        at, skipped = 0, SPARSE_FIRST
        while len(refs) - at >= DENSE and self._is_of_use():
            page = await self._page(refs[at], keys[-1])
            if page is None:
                break
            rows, ends = page
            last = max(rows.keys) if rows else ""
            end = len(keys) if ends else bisect_right(keys, last, at)
            if end == at:
                # It does not reach the key it was asked for: delete markers stand before it, or the store takes no
                # start-after.
                self.useless = bool(rows)
                left.append(refs[at])
                at += 1
                continue
            found = self._match(refs[at:end], rows, left)
            if not self._is_of_use():
                break
            seen.add(found, self.clock.now().timestamp())
            at, dense = end, end - at >= DENSE
            if dense:
                skipped = SPARSE_FIRST
            else:
                left += refs[at : at + skipped]
                at, skipped = at + skipped, min(2 * skipped, SPARSE_MOST)
        return seen, [*left, *refs[at:]]

    def _is_of_use(self) -> bool:
        listed = self.provider.capabilities.restore_status_in_list and self.rules.lists_status is not False
        return listed and not self.useless

    async def _page(self, ref: ObjectRef, last: str) -> tuple[Rows, bool] | None:
        """The page that begins with the object, and whether nothing follows; None where it may not be had."""
        prefix, start_after = common_directory(ref.key, last), just_before(ref.key)
        self.requests += 1
        try:
            page = await self.read(
                lambda: self.provider.list_page(
                    self.bucket, prefix, start_after=start_after, versions=ref.version_id is not None
                )
            )
        except NO_ANSWER:
            raise
        except CloudError:
            self.useless = True  # A HEAD of each tells what is the matter.
            return None
        return Rows.of(page.entries), page.next_token is None

    def _match(self, refs: Refs, rows: Rows, left: list[ObjectRef]) -> Rows:
        """What the page tells of the objects it covers; those it says too little of are added to ``left``."""
        self.tells = self.tells or rows.in_progress.count(None) < len(rows)
        if self.rules.lists_status is None and not (self.tells or self.provider.capabilities.says_vendor):
            # Perhaps the store lists no restores, and there are copies that a request would shorten.
            self.useless = True
            return Rows.of(())
        places = self._places(refs, rows)
        if not isinstance(places, range):
            left += [ref for ref, place in zip(refs, places, strict=True) if place is None]
            return rows.those([place for place in places if place is not None])
        return rows.those(places)

    def _places(self, refs: Refs, rows: Rows) -> range | list[int | None]:
        """Which of the rows tells of each object; None where none does, or it says too little."""
        names: Sequence[object] = rows.keys
        wanted: Sequence[object] = refs.keys
        if refs.versions[0] is not None or rows.version_ids.count(None) < len(rows):
            names = list(zip(rows.keys, rows.version_ids, strict=True))
            wanted = list(zip(refs.keys, refs.versions, strict=True))
        unclear = {self.rules.tiered_class, UNTOLD_CLASS} & set(rows.classes)
        if not unclear and list(names[: len(wanted)]) == wanted:
            return range(len(wanted))  # Nothing else lies between them, as mostly where they lie dense.
        places = dict(zip(names, range(len(rows)), strict=True))
        found = [places.get(name) for name in wanted]
        if unclear:
            return [None if place is None or rows.classes[place] in unclear else place for place in found]
        return found
