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
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from restoretui.core.clock import Clock
from restoretui.core.errors import CloudError, ObjectNotFound
from restoretui.core.location import MAX_KEY_BYTES
from restoretui.core.model import Entry, Look, ObjectDetail, ObjectFacts, ObjectRef, Page, State
from restoretui.core.provider import Provider
from restoretui.core.rows import Rows
from restoretui.core.rules import CloudRules
from restoretui.engine.reads import Reader
from restoretui.ledger.records import Job, Observation

HEADS_AT_ONCE = 64


@dataclass(slots=True)
class Habits:
    """What earlier rounds taught about a bucket; forgotten at exit."""

    lonely: set[ObjectRef] = field(default_factory=set)
    """Keys that were alone in their page."""
    listing_denied: bool = False
    status_listed: bool = False
    """A page carried a restore status, so a key without one has none."""
    status_unlisted: bool = False
    """Pages carry no restore status though HEAD knows of one (compatible stores, FACTS 5)."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What a round saw of one job's object: facts (perhaps that it is gone), or a refusal that concerns it alone."""

    job: Job
    look: Look
    seen: Observation | None = None
    problem: CloudError | None = None


@dataclass(frozen=True, slots=True)
class Sweeper:
    """Looks at jobs of one bucket; ``count`` is told of every request as (LIST calls, HEAD calls)."""

    provider: Provider
    rules: CloudRules
    clock: Clock
    read: Reader
    count: Callable[[int, int], None]
    habits: Habits = field(default_factory=Habits)

    async def sweep(self, jobs: Sequence[Job]) -> AsyncIterator[list[Sight]]:
        """What became of ``jobs``: one bucket, key order, all with version ids or all without."""
        heads: list[Job] = []
        at = 0
        while at < len(jobs):
            if self._wants_head(jobs[at]):
                heads.append(jobs[at])
                at += 1
            else:
                try:
                    page = await self._page(jobs, at)
                except CloudError:
                    # Denied, or not understood here. HEAD tells of each object alone what is the matter.
                    self.habits.listing_denied = True
                    continue
                covered, sights, unseen = self._match(jobs, at, page)
                at += covered
                heads.extend(unseen)
                if sights:
                    yield sights
            while len(heads) >= HEADS_AT_ONCE:
                yield await self._look(heads[:HEADS_AT_ONCE])
                del heads[:HEADS_AT_ONCE]
        if heads:
            yield await self._look(heads)

    def _wants_head(self, job: Job) -> bool:
        habits = self.habits
        if not self.provider.capabilities.restore_status_in_list:
            return True
        return habits.listing_denied or habits.status_unlisted or job.ref in habits.lonely

    async def _page(self, jobs: Sequence[Job], at: int) -> Page:
        ref = jobs[at].ref
        prefix = _common_directory(ref.key, jobs[-1].ref.key)
        page = await self.read(
            lambda: self.provider.list_page(
                ref.bucket, prefix, start_after=just_before(ref.key), versions=ref.version_id is not None
            )
        )
        self.count(1, 0)
        return page

    def _match(self, jobs: Sequence[Job], at: int, page: Page) -> tuple[int, list[Sight], list[Job]]:
        """How many jobs the page covers, what it tells of them, and which still need a HEAD."""
        now = self.clock.now()
        seen_at = now.timestamp()
        rows = Rows.of(page.entries)
        places = dict(zip(zip(rows.keys, rows.version_ids, strict=True), range(len(rows)), strict=True))
        in_progress = rows.in_progress
        last = rows.keys[-1] if rows else ""
        sights: list[Sight] = []
        unseen: list[Job] = []
        covered = 0
        if not self.habits.status_listed:
            self.habits.status_listed = in_progress.count(None) < len(rows)
        for job in jobs[at:] if page.next_token is None else _up_to(jobs, at, last):
            covered += 1
            _, key, version_id = job.ref
            place = places.get((key, version_id))
            if place is not None and in_progress[place] and job.state is State.RESTORING:
                continue  # Nothing new, of nearly all objects in nearly all rounds.
            entry = None if place is None else rows[place]
            if entry is not None and self._tells(job, entry, now):
                sights.append(Sight(job, Look.LIST, observed(entry, seen_at)))
            else:
                unseen.append(job)
        if covered == 0:  # The page does not even reach the key it was asked for: this server cannot be swept.
            self.habits.status_unlisted = True
            return 1, [], [jobs[at]]
        if covered == 1:
            self.habits.lonely.add(jobs[at].ref)
        return covered, sights, unseen

    def _tells(self, job: Job, entry: Entry, now: datetime) -> bool:
        """Whether the listing alone settles what to think of the object."""
        if entry.in_progress is not None:
            return True
        if entry.storage_class == self.rules.tiered_class:
            return False
        # No status: there is no restore, or this server lists none. A copy whose date has passed is surely gone.
        past = job.state is State.AVAILABLE and job.expiry is not None and job.expiry <= now.timestamp()
        return past or self.habits.status_listed

    async def _look(self, jobs: Sequence[Job]) -> list[Sight]:
        return await asyncio.gather(*(self._head(job) for job in jobs))

    async def _head(self, job: Job) -> Sight:
        try:
            detail = await self.read(lambda: self.provider.head_object(job.ref))
        except ObjectNotFound:
            gone = Observation(
                job.ref.key, job.ref.version_id, job.storage_class, job.size, None, None, True, None, None,
                self.clock.now().timestamp(), gone=True,
            )  # fmt: skip
            return Sight(job, Look.HEAD, gone)
        except CloudError as error:
            return Sight(job, Look.HEAD, problem=error)
        finally:
            self.count(0, 1)
        listed = self.habits.status_listed or job.storage_class == self.rules.tiered_class
        if detail.restore is not None and not listed and not self._wants_head(job):
            self.habits.status_unlisted = True
        return Sight(job, Look.HEAD, looked_at(detail, job.ref.version_id, self.clock.now().timestamp()))


def _up_to(jobs: Sequence[Job], at: int, last: str) -> Sequence[Job]:
    end = at
    while end < len(jobs) and jobs[end].ref.key <= last:
        end += 1
    return jobs[at:end]


def _common_directory(first: str, last: str) -> str:
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


def observed(entry: Entry, seen_at: float) -> Observation:
    """A listing's row as an observation."""
    return Observation(
        entry.key, entry.version_id, entry.storage_class, entry.size, entry.modified, None, False,
        entry.in_progress, entry.expiry, seen_at,
    )  # fmt: skip


def looked_at(detail: ObjectDetail, version_id: str | None, seen_at: float) -> Observation:
    """A HEAD's answer as an observation of the version that was asked for."""
    restore = detail.restore
    return Observation(
        detail.ref.key, version_id, detail.storage_class, detail.size,
        int(detail.modified.timestamp()) if detail.modified else None, detail.archive_status, True,
        restore.in_progress if restore else None,
        int(restore.expiry.timestamp()) if restore and restore.expiry else None, seen_at,
    )  # fmt: skip


def facts_of(seen: Observation) -> ObjectFacts:
    """An observation's words for ``core.rules``."""
    return ObjectFacts(
        seen.storage_class,
        seen.archive_status,
        seen.looked,
        seen.in_progress,
        None if seen.expiry is None else datetime.fromtimestamp(seen.expiry, UTC),
    )
