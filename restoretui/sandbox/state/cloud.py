"""The state core, a simulation of one account's buckets on a virtual clock. Wire adapters translate; this decides."""

import heapq
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple, Protocol

from restoretui.core.clock import Clock, ManualClock
from restoretui.core.model import State, Tier
from restoretui.sandbox.state.bucket import DAY, AskLog, BucketState, Expiration, Extra, describe, made_tag, real_etag
from restoretui.sandbox.state.conditions import Conditions, Fate
from restoretui.sandbox.state.kinds import KINDS, MARKER, RULES, TIERING, kind_number
from restoretui.sandbox.state.notifications import Notifier
from restoretui.sandbox.state.queues import Queues
from restoretui.sandbox.state.refusals import (
    ErrorAnswer,
    already_active,
    already_restoring,
    invalid_argument,
    malformed_xml,
    marker_not_allowed,
    no_expedited_capacity,
    no_such_bucket,
    restore_not_allowed,
    tier_not_supported,
)
from restoretui.sandbox.state.restore import ONE_BY_ONE, Manner, Restore, chance, duration, expiry, start
from restoretui.sandbox.state.selects import SelectRequest
from restoretui.sandbox.state.table import Row

ACCOUNT = "123456789012"
"""The caller's account."""
CALLER_ARN = f"arn:aws:iam::{ACCOUNT}:user/sandbox"
OTHER_ACCOUNT = "210987654321"
"""Owns the requester-pays bucket of the seeded world."""


class _Event(NamedTuple):
    at: float
    number: int
    bucket: str
    tag: int
    key: str
    action: str


class Background(Protocol):
    """What goes on in the cloud by itself, worked out whenever somebody looks: the jobs of S3 Batch Operations."""

    due: float
    """When something happens next; ``inf``: nothing will."""

    def catch_up(self, now: float) -> None:
        """Let everything due by ``now`` happen."""
        ...


class Cloud:
    """Everything the simulated account holds."""

    def __init__(self, clock: Clock, seed: int = 1) -> None:
        self.clock = clock
        self.seed = seed
        self.account = ACCOUNT
        self.conditions = Conditions()
        self.capacity_units = 0
        """Of provisioned capacity that the account owns."""
        self.buckets: dict[str, BucketState] = {}
        self.background: Background | None = None
        self.queues = Queues()
        self.notifier = Notifier(self.queues, self.buckets.get, lambda kind: describe(kind).storage_class)
        self.selects: list[SelectRequest] = []
        """Restores of type SELECT that were taken."""
        self._skew = 0.0
        self._events: list[_Event] = []
        self._numbers = 0
        self._lifecycle_due = float("inf")

    # --- time

    def now(self) -> float:
        """The virtual time in seconds since the epoch, after everything due by then has happened."""
        now = self.clock.now().timestamp() + self._skew
        if self._events and self._events[0].at <= now:
            self._happen(now)
        if self._lifecycle_due <= now:
            self._run_lifecycle(now)
        for select in self.selects:
            if not select.is_written and select.ready <= now:
                self._write_results(select)
        if self.background is not None and self.background.due <= now:
            self.background.catch_up(now)
        if self.notifier.due <= now:
            self.notifier.catch_up(now)
        return now

    async def advance(self, seconds: float) -> None:
        """Move virtual time forward; a clock that tests turn is turned."""
        if isinstance(self.clock, ManualClock):
            await self.clock.advance(seconds)
        else:
            self._skew += seconds

    @property
    def skew(self) -> float:
        """Seconds that ``advance`` added to a clock which runs by itself."""
        return self._skew

    # --- buckets and objects, in process

    def add_bucket(
        self,
        name: str,
        *,
        region: str = "us-east-1",
        scheme: str = "s3",
        versioning: bool = False,
        requester_pays: bool = False,
        object_lock: bool = False,
        owner: str = ACCOUNT,
        created: datetime | None = None,
    ) -> BucketState:
        """A new, empty bucket."""
        bucket = BucketState(
            name,
            region=region,
            scheme=scheme,
            created=created.timestamp() if created else self.now(),
            owner=owner,
            versioning="Enabled" if versioning else "",
            requester_pays=requester_pays,
            object_lock=object_lock,
            seed=self.seed,
        )
        self.buckets[name] = bucket
        return bucket

    def expire(self, bucket: str, rules: Sequence[Expiration]) -> None:
        """Give the bucket these lifecycle rules: what is due goes at the next look at the time."""
        self.bucket(bucket).expirations = tuple(rules)
        self._lifecycle_due = 0.0

    def bucket(self, name: str, scheme: str | None = None) -> BucketState:
        """The bucket, or the refusal the service would answer; with ``scheme``, of that cloud only."""
        bucket = self.buckets.get(name)
        if bucket is None or scheme not in (None, bucket.scheme):
            raise no_such_bucket(name)
        return bucket

    def put(
        self,
        bucket: str,
        key: str,
        body: bytes | None = None,
        *,
        size: int = 0,
        storage_class: str = "STANDARD",
        archive_status: str | None = None,
        modified: datetime | None = None,
    ) -> str | None:
        """Store one object: real ``body``, or ``size`` bytes that are generated when read. Returns its version id."""
        kind = kind_number(storage_class, archive_status)
        at = modified.timestamp() if modified else self.now()
        target = self.bucket(bucket)
        extra = None
        if body is not None:
            size = len(body)
            extra = Extra((body,), real_etag(body))
        return target.write(key, size, kind, at, extra).version_id

    def delete(self, bucket: str, key: str, version_id: str | None = None) -> None:
        """Delete as DELETE does: a delete marker where versioning is on and no version is named."""
        self.bucket(bucket).erase(key, version_id, self.now())

    def state(self, bucket: str, key: str, version_id: str | None = None) -> State | None:
        """Where an object really stands: online, archived, restoring or available; None when it is not there."""
        now = self.now()
        target = self.bucket(bucket)
        try:
            _, row = target.find(key, version_id)
        except ErrorAnswer:
            return None
        if row.kind & MARKER == MARKER:
            return None
        if RULES[target.kind_of(row, now)] is None:
            return State.ONLINE
        restore = target.restore_of(row.tag, now)
        if restore is None:
            return State.ARCHIVED
        return State.RESTORING if restore.in_progress(now) else State.AVAILABLE

    def restore_of(self, bucket: str, key: str, version_id: str | None = None) -> Restore | None:
        """The restore of an object as the cloud knows it, tier and instants included."""
        target = self.bucket(bucket)
        _, row = target.find(key, version_id)
        return target.restore_of(row.tag, self.now())

    # --- RestoreObject

    def restore(
        self,
        bucket: str,
        key: str,
        version_id: str | None = None,
        *,
        days: int | None = None,
        tier: Tier = Tier.STANDARD,
        at: float | None = None,
        manner: Manner = ONE_BY_ONE,
    ) -> int:
        """Judge one restore request (FACTS 1.1, 1.2, 1.5): 202 or 200, or an ``ErrorAnswer``.

        ``at`` is when it came (default: now).
        """
        now = self.now() if at is None else at
        target = self.bucket(bucket)
        row = self._restorable(target, key, version_id)
        status = 0
        try:
            status = self._judge(target, row, days, tier, now, manner)
        except ErrorAnswer as no:
            status = no.status
            raise
        finally:
            asked = target.asks.get(row.tag) or AskLog(row.key, target.version_id(row))
            target.asks[row.tag] = asked.and_then(status, days, tier)
        return status

    def select(
        self,
        bucket: str,
        key: str,
        version_id: str | None,
        tier: Tier,
        output: tuple[str, str],
        members: Mapping[str, Any],
    ) -> str:
        """Take a query of an archived object: where, in the other bucket, its results will be; or ``ErrorAnswer``."""
        now = self.now()
        target = self.bucket(bucket)
        row = self._restorable(target, key, version_id)
        rule = RULES[target.kind_of(row, now)]
        self.bucket(output[0], "s3")
        if rule is None:
            raise restore_not_allowed(KINDS[target.kind_of(row, now)].storage_class)
        if tier not in rule.windows:
            raise tier_not_supported()
        number = len(self.selects)
        path = f"{output[1].rstrip('/')}/{made_tag(self.seed, 'select', number, row.tag):016x}".lstrip("/")
        lasts = duration(rule, tier, row.size, chance(self.seed, bucket, row.tag, tier))
        self.selects.append(SelectRequest(bucket, key, target.version_id(row), members, output[0], path, now + lasts))
        asked = target.asks.get(row.tag) or AskLog(row.key, target.version_id(row))
        target.asks[row.tag] = asked.and_then(202, None, tier)
        self.put(output[0], f"{path}/job.txt", str(members).encode())
        return path

    def _write_results(self, select: SelectRequest) -> None:
        select.is_written = True
        if bucket := self.buckets.get(select.output_bucket):
            for name, body in (("results/part-0.csv", b"1,2\n"), ("result_manifest.txt", b"results/part-0.csv\n")):
                extra = Extra((body,), real_etag(body))
                bucket.write(f"{select.path}/{name}", len(body), kind_number("STANDARD", None), select.ready, extra)

    def begin_restore(
        self,
        bucket: BucketState,
        row: Row,
        tier: Tier,
        days: int | None,
        asked: float,
        draw: float | None = None,
        *,
        by_job: bool = False,
    ) -> Restore:
        """Start a restore without asking the rules; ``draw`` in [0, 1) fixes where in its window it ends."""
        rule = RULES[bucket.kind_of(row, asked)]
        if rule is None:
            raise ValueError(f"{row.key!r} is not archived")
        if draw is None:
            draw = chance(self.seed, bucket.name, row.tag, tier)
        lasts = duration(rule, tier, row.size, draw, by_job=by_job) * self.conditions.slowness(
            bucket.name, row.key, asked
        )
        late = self.conditions.counts_from_completion(bucket.name, row.key, asked)
        restore = start(rule, tier, days, asked, asked + lasts, from_completion=late)
        bucket.restores[row.tag] = restore
        fate = self.conditions.fate(bucket.name, row.key, asked)
        if fate is not None:
            self._schedule(bucket, row, restore, fate)
        return restore

    def _restorable(self, bucket: BucketState, key: str, version_id: str | None) -> Row:
        newest = bucket.newest(key)
        if version_id is None and newest is not None and newest.kind & MARKER == MARKER:
            raise marker_not_allowed("POST", bucket.version_id(newest))
        _, row = bucket.find(key, version_id)
        if row.kind & MARKER == MARKER:
            raise marker_not_allowed("POST", version_id)
        return row

    def _judge(self, bucket: BucketState, row: Row, days: int | None, tier: Tier, now: float, manner: Manner) -> int:
        kind = bucket.kind_of(row, now)
        if kind >= TIERING and days is not None:
            raise invalid_argument(
                "INTELLIGENT_TIERING objects are not subject to restore expiry. Do not specify Days in the request."
            )
        rule = RULES[kind]
        if rule is None:
            raise already_active() if kind == TIERING else restore_not_allowed(KINDS[kind].storage_class)
        if rule.takes_days and not manner.for_good:
            if days is None:
                raise malformed_xml()
            if days < 1:
                raise invalid_argument("restoration days should be at least 1", "Days", str(days))
        if tier not in rule.windows:
            raise tier_not_supported()
        running = bucket.restore_of(row.tag, now)
        if running is not None and running.available(now):
            until = expiry(now, days or 1)
            bucket.restores[row.tag] = running._replace(
                until=until if manner.shortens else max(until, running.until), days=days
            )
            return 200
        if running is not None and not (tier.faster_than(running.tier) and days == running.days):
            raise already_restoring()
        if tier is Tier.EXPEDITED and not self.conditions.expedited(bucket.name, row.key, now):
            raise no_expedited_capacity()
        faster = self.begin_restore(bucket, row, tier, days, now, by_job=manner.by_job)
        if running is not None:
            # Speeding up never makes it later, and the period stays as first asked for.
            ready = min(running.ready, faster.ready)
            late = self.conditions.counts_from_completion(bucket.name, row.key, running.asked)
            bucket.restores[row.tag] = start(rule, tier, days, running.asked, ready, from_completion=late)
        self.notifier.begun(bucket, row, bucket.restores[row.tag], now)
        return 202

    # --- what happens by itself

    def _run_lifecycle(self, now: float) -> None:
        for bucket in self.buckets.values():
            if not bucket.expirations:
                continue
            previous = None
            due = []
            for row in bucket.rows():
                current, previous = row.key != previous, row.key
                found = bucket.expiration_of(row)
                if current and row.kind & MARKER != MARKER and found is not None and found[1] <= now:
                    due.append(row.key)
            for key in due:
                bucket.erase(key, None, now)
        # Expiration acts at midnights only, so one sweep of the (small) buckets that have rules will do for a day.
        self._lifecycle_due = now // DAY * DAY + DAY

    def _schedule(self, bucket: BucketState, row: Row, restore: Restore, fate: Fate) -> None:
        ends = restore.ready if restore.ready < float("inf") else restore.asked + 3600
        at = restore.asked + fate.moment * (ends - restore.asked)
        self._numbers += 1
        heapq.heappush(self._events, _Event(at, self._numbers, bucket.name, row.tag, row.key, fate.action))

    def _happen(self, now: float) -> None:
        while self._events and self._events[0].at <= now:
            event = heapq.heappop(self._events)
            bucket = self.buckets.get(event.bucket)
            restore = bucket.restores.get(event.tag) if bucket else None
            if bucket is None or restore is None or not restore.in_progress(event.at):
                continue
            if event.action == "cancel":
                del bucket.restores[event.tag]
                continue
            for spot, row in bucket.table.versions(event.key):
                if row.tag == event.tag:
                    if event.action == "overwrite":
                        bucket.write(event.key, row.size + 1, row.kind, event.at)
                    elif bucket.versioning:
                        bucket.erase(event.key, None, event.at)
                    else:
                        bucket.forget(spot, row)
                    break


def instant(seconds: float) -> datetime:
    """The aware UTC datetime of an epoch instant."""
    return datetime.fromtimestamp(seconds, UTC)
