"""What judging a selection took, and what an inventory spares of it."""

from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

from restoretui.core.model import ObjectRef
from restoretui.ledger import Ledger
from restoretui.ledger.marks.doubts import Doubt
from restoretui.ledger.records import CloudId


class LooksMade(NamedTuple):
    """Requests that judging a selection took."""

    pages: int = 0
    heads: int = 0

    def plus(self, pages: int, heads: int) -> "LooksMade":
        """With more of them."""
        return LooksMade(self.pages + pages, self.heads + heads)


async def not_in_use(
    ledger: Ledger, sel: int, cloud: CloudId, refs: Sequence[ObjectRef], after: ObjectRef | None
) -> Sequence[ObjectRef]:
    """Those of marked objects, the first behind ``after``, of which an inventory's tier column tells not enough."""
    told = False
    for bucket, some in groupby(refs, lambda ref: ref.bucket):
        looks = ledger.catalog.in_use(cloud, list(some))
        await ledger.catalog.observe(cloud, bucket, looks)
        told = told or bool(looks)
    if not told:
        return refs
    # What was marked by something newer than the inventory stays in doubt.
    known = set(refs)
    return [ref for ref in await ledger.selections.unlooked(sel, cloud, len(refs), Doubt.TIER, after) if ref in known]
