"""One status round over the tracked objects of a bucket, as cheaply as the cloud allows.

One LIST page with restore status answers for up to 1,000 keys (FACTS 1.7), so the sweep walks the tracked keys in
key order: a page is asked for from just before the next tracked key, every tracked key it covers is settled by it,
and the walk goes on at the first key beyond. That needs as few pages as any cover of the keys by pages, and never
more than one request per key. A key found alone in its page costs a HEAD from then on: one request either way, and
a twelfth of the price.

HEAD also answers where LIST cannot: for Intelligent-Tiering (no listing tells whether those are archived), for keys
whose restore status a page did not show, and where listing is denied.
"""

import asyncio
from bisect import bisect_right
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import datetime
from functools import partial
from math import inf
from typing import cast

from msgspec import Struct, field

from restoretui.core.clock import Clock
from restoretui.core.errors import CloudError, ObjectNotFound
from restoretui.core.location import MAX_KEY_BYTES
from restoretui.core.model import UNTOLD_CLASS, Entry, Look, Page, State
from restoretui.core.provider import ListsRestores, Provider
from restoretui.core.rows import Rows
from restoretui.core.rules.rules import CloudRules
from restoretui.engine.traffic.circuit_breaker import NO_ANSWER
from restoretui.engine.traffic.retrying_reads import RetryingReads, all_of
from restoretui.engine.watching.observations import looked_at, observed
from restoretui.ledger.records import Observation
from restoretui.ledger.run_records import RestoreJob
from restoretui.ledger.runs.watch_queries import RESTORING_STILL, AwaitedColumns

HEADS_AT_ONCE = 64
VISIBLE_WITHIN = 120.0
"""After a request was accepted, the seconds for which a look may still show no trace of it."""


class Habits(Struct):
    """What earlier rounds taught about a bucket; forgotten at exit."""

    lonely: set[tuple[str, str]] = field(default_factory=set)
    """Keys, with their version ids, that were alone in their page."""
    listing_denied: bool = False
    status_listed: bool = False
    """A page carried a restore status, so a key without one has none."""
    status_unlisted: bool = False
    """Pages carry no restore status though HEAD knows of one (compatible stores, FACTS 5)."""
    page_s: float = inf
    """How long the quickest page of this round took to come, machine time."""


class Sight(Struct, frozen=True):
    """What a round saw of one job's object: facts (perhaps that it is gone), or a refusal that concerns it alone."""

    job: RestoreJob
    look: Look
    seen: Observation | None = None
    problem: CloudError | None = None
    as_of: float = inf
    """When it was asked for, in cloud time: nothing that was sent since then can be in it. ``inf``: just now."""


class Sweeper(Struct, frozen=True):
    """Looks at jobs of one bucket; ``count`` is told of every request as (LIST calls, HEAD calls)."""

    provider: Provider
    rules: CloudRules
    clock: Clock
    read: RetryingReads
    count: Callable[[int, int], None]
    whole: Callable[[Sequence[int]], Awaitable[Sequence[RestoreJob]]]
    """Jobs by their ids: only those of which there may be news are read whole."""
    habits: Habits = field(default_factory=Habits)

    async def sweep(self, bucket: str, some: AwaitedColumns) -> AsyncIterator[list[Sight]]:
        """What became of ``some`` objects, all with version ids or all without; where there is no news, nothing."""
        heads: list[int] = []
        # Where all is being restored as far as is known, nothing matters of what still is.
        only_restores = self.provider.capabilities.lists_restores and set(some.expected) == {RESTORING_STILL}
        at = 0
        while at < len(some.keys):
            if self._wants_head(some.keys[at], some.versions[at]):
                heads.append(some.ids[at])
                at += 1
            else:
                asked_at = self.clock.now().timestamp()
                try:
                    page = await self._page(bucket, some, at, only_restores=only_restores)
                except NO_ANSWER:
                    raise
                except CloudError:
                    # Denied, or not understood here. HEAD tells of each object alone what is the matter.
                    self.habits.listing_denied = True
                    continue
                await asyncio.sleep(0)  # To read a page took a while already: keys are answered in between.
                end, news = self._match(some, at, page)
                at = end
                sights, unseen = await self._told(news, asked_at)
                heads.extend(unseen)
                if sights:
                    yield sights
            while len(heads) >= HEADS_AT_ONCE:
                yield await self.look(heads[:HEADS_AT_ONCE])
                del heads[:HEADS_AT_ONCE]
        if heads:
            yield await self.look(heads)

    def _wants_head(self, key: str, version: str) -> bool:
        habits = self.habits
        if not self.provider.capabilities.restore_status_in_list:
            return True
        return habits.listing_denied or habits.status_unlisted or (key, version) in habits.lonely

    async def _page(self, bucket: str, some: AwaitedColumns, at: int, *, only_restores: bool) -> Page:
        key = some.keys[at]
        prefix = common_directory(key, some.keys[-1])
        versions = bool(some.versions[at])
        ask: Callable[[], Awaitable[Page]] = partial(
            self.provider.list_page, bucket, prefix, start_after=just_before(key), versions=versions
        )
        if only_restores and not versions:
            ask = partial(
                cast("ListsRestores", self.provider).restores_page, bucket, prefix, start_after=just_before(key)
            )
        asked_at = self.clock.monotonic()
        page = await self.read(ask)
        self.habits.page_s = min(self.habits.page_s, self.clock.monotonic() - asked_at)
        self.count(1, 0)
        return page

    def _match(self, some: AwaitedColumns, at: int, page: Page) -> tuple[int, dict[int, Entry | None]]:
        """Where the page's part of ``some`` ends, and by id those that it has news of, or does not show."""
        rows = Rows.of(page.entries)
        in_progress, expiries = rows.in_progress, rows.expiries
        if not self.habits.status_listed:
            self.habits.status_listed = in_progress.count(None) < len(rows)
        last = max(rows.keys) if rows else ""  # What a store in another order leaves out is looked at by HEAD.
        # Keys are in the order of their UTF-8 bytes, which is that of their characters.
        end = len(some.keys) if page.next_token is None else bisect_right(some.keys, last, at)
        if end == at:
            # The page does not even reach the key it was asked for. Where it holds keys, this server cannot be swept;
            # without any, delete markers stand before this one key.
            self.habits.status_unlisted = self.habits.status_unlisted or bool(rows)
            self.habits.lonely.add((some.keys[at], some.versions[at]))
            return at + 1, {some.ids[at]: None}
        if end == at + 1:
            self.habits.lonely.add((some.keys[at], some.versions[at]))
        if _nothing_new(some, at, end, rows):
            return end, {}
        places = dict(zip(zip(rows.keys, rows.version_ids, strict=True), range(len(rows)), strict=True))
        news: dict[int, Entry | None] = {}
        now = self.clock.now().timestamp()
        for key, version, job_id, expected in zip(
            some.keys[at:end], some.versions[at:end], some.ids[at:end], some.expected[at:end], strict=True
        ):
            place = places.get((key, version or None))
            if place is None:
                news[job_id] = None
            elif in_progress[place]:
                if expected != RESTORING_STILL:
                    news[job_id] = rows[place]
            elif in_progress[place] is None or expected != str(expiries[place]) or (expiries[place] or 0) <= now:
                news[job_id] = rows[place]
        return end, news

    async def _told(self, news: dict[int, Entry | None], asked_at: float) -> tuple[list[Sight], list[int]]:
        """What a page tells of the objects it has news of, and the ids of those it says too little of."""
        if not news:
            return [], []
        now = self.clock.now()
        seen_at = now.timestamp()
        sights: list[Sight] = []
        unseen: list[int] = []
        for job in await self.whole(list(news)):
            entry = news[job.id]
            if entry is not None and self._tells(job, entry, now) and not _is_verdict(job, entry, now):
                sights.append(Sight(job, Look.LIST, observed(entry, seen_at), as_of=asked_at))
            else:
                unseen.append(job.id)
        return sights, unseen

    def _tells(self, job: RestoreJob, entry: Entry, now: datetime) -> bool:
        """Whether the listing alone settles what to think of the object."""
        if entry.in_progress is not None:
            return True
        if entry.storage_class in (self.rules.tiered_class, UNTOLD_CLASS):
            return False
        # No status: there is no restore, or this server lists none. A copy whose date has passed is surely gone.
        past = job.state is State.AVAILABLE and job.expiry is not None and job.expiry <= now.timestamp()
        return past or self.habits.status_listed

    async def look(self, ids: Sequence[int]) -> list[Sight]:
        """One HEAD each; few at a time."""
        return await all_of([self._head(job) for job in await self.whole(ids)])

    async def _head(self, job: RestoreJob) -> Sight:
        asked_at = self.clock.now().timestamp()
        try:
            detail = await self.read(lambda: self.provider.head_object(job.ref))
        except ObjectNotFound:
            gone = Observation(
                job.ref.key, job.ref.version_id, job.storage_class, job.size, None, None, True, None, None,
                self.clock.now().timestamp(), gone=True,
            )  # fmt: skip
            return Sight(job, Look.HEAD, gone, as_of=asked_at)
        except NO_ANSWER:
            raise
        except CloudError as error:
            return Sight(job, Look.HEAD, problem=error, as_of=asked_at)
        finally:
            self.count(0, 1)
        listed = self.habits.status_listed or job.storage_class == self.rules.tiered_class
        if detail.restore is not None and not listed and not self._wants_head(job.ref.key, job.ref.version_id or ""):
            self.habits.status_unlisted = True
        seen = looked_at(detail, job.ref.version_id, self.clock.now().timestamp())
        return Sight(job, Look.HEAD, seen, as_of=asked_at)


def _is_verdict(job: RestoreJob, entry: Entry, now: datetime) -> bool:
    """A row without a status would end the job for good: that is not believed of one row, one HEAD decides."""
    if entry.in_progress is not None:
        return False
    if job.state is State.AVAILABLE:
        return job.expiry is None or job.expiry > now.timestamp()
    asked = job.requested_at
    return job.state in (State.REQUESTED, State.RESTORING) and not (
        asked is not None and now.timestamp() - asked < VISIBLE_WITHIN
    )


def _nothing_new(some: AwaitedColumns, at: int, end: int, rows: Rows) -> bool:
    """The page shows just these objects, all still restoring: nearly every page of nearly every round."""
    number = end - at
    return (
        not some.versions[at]
        and some.expected[at:end].count(RESTORING_STILL) == number
        and list(rows.in_progress[:number]).count(True) == number
        and list(rows.keys[:number]) == some.keys[at:end]
    )


def common_directory(first: str, last: str) -> str:
    """The prefix that both keys lie below, to its last slash."""
    length = 0
    for a, b in zip(first, last, strict=False):
        if a != b:
            break
        length += 1
    return first[: first.rfind("/", 0, length) + 1]


def just_before(key: str) -> str:
    """A string that sorts, by UTF-8 bytes, before ``key`` and after nearly everything that does."""
    head, last = key[:-1], ord(key[-1])
    before = 0xD7FF if 0xD800 <= last - 1 < 0xE000 else last - 1
    if before <= 0:
        return head
    start = f"{head}{chr(before)}"
    return start if len(start.encode()) > MAX_KEY_BYTES - 4 else start + "\U0010ffff"
