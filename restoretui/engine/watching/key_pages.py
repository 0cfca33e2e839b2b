"""Looks at many named objects by LIST pages where they lie dense, and says which of them only a HEAD can tell of.

A page shows up to 1,000 keys for the price of about a dozen HEADs (FACTS 1.7). How dense the next keys lie shows when
a page is asked for just before them: where it holds enough of them the next page is asked for, and where it does not,
HEADs are cheaper for ever more keys before another page is tried. Whatever a page does not show, or not all of, is
left to a HEAD: that an object is not there is never said by a page.
"""

from bisect import bisect_right
from collections.abc import Sequence

from msgspec import Struct

from restoretui.core.clock import Clock
from restoretui.core.errors import CloudError
from restoretui.core.model import UNTOLD_CLASS, ObjectRef
from restoretui.core.provider import Provider
from restoretui.core.rows import Rows
from restoretui.core.rules.rules import CloudRules
from restoretui.engine.listing.lister import Read
from restoretui.engine.traffic.circuit_breaker import NO_ANSWER
from restoretui.engine.watching.looks import DENSE
from restoretui.engine.watching.observations import observed
from restoretui.engine.watching.sweep import common_directory, just_before
from restoretui.ledger.records import Observation

SPARSE_FIRST, SPARSE_MOST = 64, 1024
"""Keys left to HEADs after a page that held too few, the first time and at most, before another page is tried."""


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

    async def look(self, refs: Sequence[ObjectRef]) -> tuple[list[Observation], list[ObjectRef]]:
        """What pages tell of these objects, which are in key order and all with a version or all without.

        And those that are to be looked at by HEAD. Raises where no answer can be had at all.
        """
        keys = [ref.key for ref in refs]
        seen: list[Observation] = []
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
            seen += found
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

    def _match(self, refs: Sequence[ObjectRef], rows: Rows, left: list[ObjectRef]) -> list[Observation]:
        """What the page tells of the objects it covers; those it says too little of are added to ``left``."""
        self.tells = self.tells or rows.in_progress.count(None) < len(rows)
        if self.rules.lists_status is None and not (self.tells or self.provider.capabilities.says_vendor):
            # Perhaps the store lists no restores, and there are copies that a request would shorten.
            self.useless = True
            return []
        places = dict(zip(zip(rows.keys, rows.version_ids, strict=True), range(len(rows)), strict=True))
        seen_at = self.clock.now().timestamp()
        seen = []
        for ref in refs:
            place = places.get((ref.key, ref.version_id))
            entry = None if place is None else rows[place]
            if entry is None or entry.storage_class in (self.rules.tiered_class, UNTOLD_CLASS):
                left.append(ref)
            else:
                seen.append(observed(entry, seen_at))
        return seen
