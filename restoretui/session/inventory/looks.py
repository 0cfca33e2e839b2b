"""Looks at chosen objects that an inventory alone tells of: by pages of a listing, or by HEADs, whichever is cheaper.

A page tells of a thousand neighbours, and costs as much as some HEADs. How many of a thousand neighbours are chosen
is known before anything is asked: the inventory has the bucket in order. What a page no longer shows is looked at by
HEAD, since the bucket has moved on since.
"""

import asyncio
from bisect import bisect_right
from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

from restoretui.core.clock import Clock
from restoretui.core.model import ObjectRef
from restoretui.core.rows import Rows
from restoretui.engine.traffic.retrying_reads import all_of
from restoretui.engine.watching.observations import observed
from restoretui.engine.watching.sweep import just_before
from restoretui.ledger import Ledger
from restoretui.ledger.catalog.flat_pages import FlatPages
from restoretui.ledger.records import Observation
from restoretui.session.clouds import CloudAccess

PAGE = 1000
PAGE_IN_HEADS = 12.5
"""What a page costs, in HEADs: 0.005 and 0.0004 USD a thousand on S3 in us-east-1, and alike elsewhere."""
PAGES_AT_ONCE = 32


class Ways(NamedTuple):
    """How objects are to be looked at."""

    pages: list[list[ObjectRef]]
    """Neighbours, each list within one page."""
    heads: list[ObjectRef]


class PagesSeen(NamedTuple):
    """What pages showed."""

    found: list[Observation]
    left: list[ObjectRef]
    """Not on them: a HEAD is to tell."""
    pages: int


async def look_by_pages(
    ledger: Ledger, cloud: CloudAccess, refs: Sequence[ObjectRef], clock: Clock
) -> tuple[list[ObjectRef], int]:
    """Look at those, in key order, for which pages are cheaper; the others, and how many pages it took."""
    left: list[ObjectRef] = []
    pages = 0
    if not (await cloud.provider()).capabilities.restore_status_in_list or cloud.rules.lists_status is False:
        return list(refs), 0
    for bucket, of_bucket in groupby(refs, lambda ref: ref.bucket):
        some = list(of_bucket)
        flat = ledger.catalog.inventory_pages(cloud.ledger_cloud, bucket, versions=bool(some[0].version_id))
        if flat is None:
            left += some
            continue
        ways = await cheapest_ways(flat, some)
        seen = await _read_pages(cloud, ways, clock)
        await ledger.catalog.observe(cloud.ledger_cloud, bucket, seen.found)
        pages += seen.pages
        left += sorted([*ways.heads, *seen.left])
    return left, pages


async def cheapest_ways(flat: FlatPages, refs: Sequence[ObjectRef]) -> Ways:
    """For objects of one bucket in key order."""
    ways, keys, at = Ways([], []), [ref.key for ref in refs], 0
    while at < len(refs):
        end = bisect_right(keys, flat.key_at(flat.position(keys[at]) + PAGE - 1), at)
        end = max(end, at + 1)
        if end - at > PAGE_IN_HEADS:
            ways.pages.append(list(refs[at:end]))
        else:
            ways.heads.extend(refs[at:end])
        at = end
        await asyncio.sleep(0)  # Each is some dozen reads: keys are answered in between.
    return ways


async def _read_pages(cloud: CloudAccess, ways: Ways, clock: Clock) -> PagesSeen:
    """Read the pages, some at a time."""
    room = asyncio.Semaphore(PAGES_AT_ONCE)

    async def one(refs: list[ObjectRef]) -> PagesSeen:
        async with room:
            return await _look(cloud, refs, clock)

    seen = await all_of([one(refs) for refs in ways.pages])
    return PagesSeen(
        [look for each in seen for look in each.found],
        [ref for each in seen for ref in each.left],
        sum(each.pages for each in seen),
    )


async def _look(cloud: CloudAccess, refs: Sequence[ObjectRef], clock: Clock) -> PagesSeen:
    provider = await cloud.provider()
    found: list[Observation] = []
    left: list[ObjectRef] = []
    at = pages = 0
    while at < len(refs):
        first = refs[at]
        page = await cloud.of(first.bucket).read(
            lambda first=first: provider.list_page(  # type: ignore[misc]
                first.bucket, start_after=just_before(first.key), versions=first.version_id is not None
            )
        )
        pages += 1
        rows, seen_at = Rows.of(page.entries), clock.now().timestamp()
        last = max(rows.keys) if rows else ""
        end = at
        while end < len(refs) and (page.next_token is None or refs[end].key <= last):
            end += 1
        listed = {(entry.key, entry.version_id): entry for entry in rows}
        for ref in refs[at : max(end, at + 1)]:
            entry = listed.get((ref.key, ref.version_id))
            if entry is None:
                left.append(ref)
            else:
                found.append(observed(entry, seen_at))
        at = max(end, at + 1)
    return PagesSeen(found, left, pages)
