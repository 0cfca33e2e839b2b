"""Ending copies early: whatever is seen on the way is kept, and where nothing answers it stops."""

from pathlib import Path
from typing import Any

import pytest

from restoretui.core.clock import ManualClock
from restoretui.core.errors import Unreachable
from restoretui.core.model import ObjectDetail, ObjectRef, RestoreStatus, State
from restoretui.engine.cleaner import Cleaned, Cleaner
from restoretui.engine.traffic.circuit_breaker import CircuitBreaker
from restoretui.engine.traffic.health import HealthBoard
from restoretui.engine.traffic.rate_limiter import RateLimiter
from restoretui.engine.traffic.retrying_reads import RetryingReads
from restoretui.engine.traffic.watchdog import Watchdog
from restoretui.ledger import Ledger
from restoretui.ledger.records import Query
from tests.ledger.helpers import BUCKET, CLOUD, entry, keys, listed


class NothingToEnd:
    """No copy to end anywhere: the restores are still under way."""

    def __init__(self) -> None:
        self.asked = 0
        self.is_away = False

    async def clean_restored_object(self, ref: ObjectRef) -> bool:
        self.asked += 1
        if self.is_away:
            raise Unreachable("no connection")
        return False

    async def head_object(self, ref: ObjectRef) -> ObjectDetail:
        return ObjectDetail(ref, 10, None, "GLACIER", RestoreStatus(in_progress=True))


def cleaner(ledger: Ledger, cloud: Any, clock: ManualClock, patience: float) -> Cleaner:
    breaker = CircuitBreaker(clock, Watchdog(clock, patience))
    read = RetryingReads(clock, breaker, HealthBoard(lambda: None), bounded=True)
    return Cleaner(ledger, CLOUD, cloud, clock, read, RateLimiter(1000.0, clock))


async def test_what_was_seen_is_kept_though_no_copy_was_over(state_dir: Path, manual_clock: ManualClock) -> None:
    async with await Ledger.open(state_dir, manual_clock) as ledger:
        listing = await listed(ledger, [entry(key) for key in keys(2)])
        await manual_clock.advance(60)
        told: list[Cleaned] = []
        refs = [ObjectRef(BUCKET, key) for key in keys(1)]
        await cleaner(ledger, NothingToEnd(), manual_clock, 45.0).clean(refs, told.append)
        assert [(done.is_over, done.state) for done in told] == [(False, State.RESTORING)]
        view = await ledger.catalog.browse(listing.id, Query())
        await view.wait()
        assert [row.state for row in view.rows(0, 10)] == [State.RESTORING, State.ARCHIVED]
        await view.aclose()


async def test_where_nothing_answers_it_ends_and_does_not_ask_for_each(
    state_dir: Path, manual_clock: ManualClock
) -> None:
    cloud = NothingToEnd()
    cloud.is_away = True
    async with await Ledger.open(state_dir, manual_clock) as ledger:
        told: list[Cleaned] = []
        refs = [ObjectRef(BUCKET, key) for key in keys(300)]
        with pytest.raises(Unreachable):
            await cleaner(ledger, cloud, manual_clock, 0.0).clean(refs, told.append)
    assert told == []
    assert cloud.asked <= 32
