"""The change feed, the audit trail, and leases."""

import asyncio
import sqlite3
import threading
from datetime import timedelta

import pytest

from restoretui.core.clock import ManualClock
from restoretui.core.errors import LedgerError
from restoretui.core.filter.tree import Word, in_states
from restoretui.core.model import ObjectRef, State, Tier
from restoretui.ledger import Ledger
from restoretui.ledger.records import Query
from restoretui.ledger.run_records import JobChange
from restoretui.ledger.store.change_feed import Changes
from tests.ledger.helpers import BUCKET, CLOUD, entry, keys, last_entry, now_of, started


async def test_each_subscriber_hears_everything_once() -> None:
    feed = Changes()
    with feed.subscribe() as one, feed.subscribe() as two:
        feed.publish("runs", "run:1")
        feed.publish("runs")
        assert await anext(one) == {"runs", "run:1"}
        feed.publish("activity")
        assert await anext(two) == {"runs", "run:1", "activity"}
        assert await anext(one) == {"activity"}
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(one), 0.01)
        feed.publish("last")
        assert await anext(one) == {"last"}
    assert not feed.has_subscribers
    feed.publish("to nobody")


async def test_leaving_the_block_ends_the_iteration() -> None:
    feed = Changes()
    heard: list[frozenset[str] | set[str]] = []

    async def listen() -> None:
        with feed.subscribe() as changed:
            ready.set()
            async for topics in changed:
                heard.append(topics)
                if "stop" in topics:
                    changed.__exit__(None, None, None)

    ready = asyncio.Event()
    listener = asyncio.create_task(listen())
    await ready.wait()
    feed.publish("stop")
    await listener
    assert heard == [{"stop"}]


async def test_no_wake_up_is_lost_between_threads() -> None:
    feed = Changes()
    count = 2000

    def publish() -> None:
        for number in range(count):
            feed.publish(f"topic:{number}")

    heard: set[str] = set()
    with feed.subscribe() as changed:
        threads = [threading.Thread(target=publish) for _ in range(3)]
        for thread in threads:
            thread.start()
        async for topics in changed:
            heard |= topics
            if len(heard) == count:
                break
        for thread in threads:
            thread.join()


def test_a_listener_whose_loop_died_is_forgotten() -> None:
    feed = Changes()

    async def leave() -> None:
        feed.subscribe()

    asyncio.run(leave())
    assert feed.has_subscribers
    feed.publish("runs")
    assert not feed.has_subscribers


async def test_the_trail_tells_of_objects_and_of_what_belongs_to_none(ledger: Ledger) -> None:
    run = await started(ledger, [entry("a", size=5)])
    (job,) = await ledger.runs.claim(run.id, 1)
    await ledger.runs.apply([JobChange(job.id, State.REQUESTED, now_of(ledger), "", "accepted", request_id="REQ")])
    await ledger.activity.add("credentials", "expired", run_id=run.id, code="ExpiredToken", request_id="R2")
    await ledger.activity.add("look", "opened", cloud=CLOUD, ref=ObjectRef(BUCKET, "b", "v1"))
    confirmed, request, expired, opened = await ledger.activity.since(0, 10)
    assert (confirmed.kind, confirmed.ref, confirmed.tier) == ("run", None, Tier.BULK)
    assert request._replace(id=0) == (
        *(0, now_of(ledger), "request", run.id, job.id, CLOUD, ObjectRef(BUCKET, "a")),
        *(State.PLANNED, State.REQUESTED, Tier.BULK, None, 5, "GLACIER", "accepted", "", "REQ"),
    )
    assert (expired.kind, expired.text, expired.code, expired.request_id, expired.job_id) == (
        "credentials",
        "expired",
        "ExpiredToken",
        "R2",
        None,
    )
    assert (opened.cloud, opened.ref, opened.run_id) == (CLOUD, ObjectRef(BUCKET, "b", "v1"), None)
    assert await last_entry(ledger) == 4
    assert [told.id for told in await ledger.activity.since(2, 1)] == [3]
    assert [told.id for told in await ledger.activity.since(0, 10, run.id)] == [1, 2, 3]


async def test_the_trail_cannot_be_changed(ledger: Ledger) -> None:
    await ledger.activity.add("network", "down")
    for statement in ("UPDATE activity SET text = 'up'", "DELETE FROM activity"):
        with pytest.raises(LedgerError, match="append-only"):
            await ledger._writer.do(lambda tx, statement=statement: tx.run(statement))  # type: ignore[misc]
    assert sqlite3.sqlite_version_info >= (3, 33)


async def test_a_view_of_the_trail_grows_at_the_top(ledger: Ledger) -> None:
    view = await ledger.activity.view()
    assert (view.count, view.rows(0, 5), view.row_id(0)) == (0, [], None)
    for number in range(5):
        await ledger.activity.add("network", f"line {number}")
    assert [told.text for told in view.rows(0, 2)] == ["line 4", "line 3"]
    assert [told.text for told in view.rows(3, 9)] == ["line 1", "line 0"]
    assert [view.position(told.id) for told in view.rows(0, 5)] == [0, 1, 2, 3, 4]
    assert view.row_id(4) == 1
    await ledger.activity.add("network", "line 5")
    assert (view.count, view.position(1), view.rows(0, 1)[0].text) == (6, 5, "line 5")


async def test_a_filtered_view_of_the_trail(ledger: Ledger) -> None:
    run = await started(ledger, [entry(key) for key in keys(3)])
    jobs = await ledger.runs.claim(run.id, 3)
    await ledger.runs.apply(
        [
            JobChange(job.id, State.FAILED, now_of(ledger), "no", code="Denied", request_id=f"R{job.id}")
            for job in jobs
        ]
    )
    await ledger.activity.add("network", "k00001 is elsewhere")

    async def texts(query: Query, run_id: int | None = None) -> list[tuple[str, str | None]]:
        view = await ledger.activity.view(query, run_id)
        rows = view.rows(0, 20)
        assert [view.position(row.id) for row in rows] == list(range(view.count))
        await view.aclose()
        return [(row.kind, row.ref.key if row.ref else None) for row in rows]

    assert await texts(Query(Word.of("K00001"))) == [("network", None), ("state", "k00001")]
    assert await texts(Query(Word.of(f"R{jobs[2].id}"))) == [("state", "k00002")]
    assert await texts(Query(in_states(State.FAILED))) == [("state", key) for key in keys(3)[::-1]]
    assert await texts(Query(Word.of("denied")), run.id) == [("state", key) for key in keys(3)[::-1]]
    assert len(await texts(Query(), run.id)) == 4
    assert await texts(Query(), 99) == []


async def test_a_lease_is_one_holders_until_it_lapses(ledger: Ledger, manual_clock: ManualClock) -> None:
    leases = ledger.leases
    assert await leases.acquire("run:1", "a", 10)
    assert await leases.acquire("run:1", "a", 10)
    assert not await leases.acquire("run:1", "b", 10)
    assert not await leases.renew("run:1", "b", 10)
    assert await leases.acquire("run:2", "b", 10)
    await manual_clock.advance(9)
    assert await leases.renew("run:1", "a", 10)
    await manual_clock.advance(9)
    assert not await leases.acquire("run:1", "b", 10)
    await manual_clock.advance(1)
    assert await leases.acquire("run:1", "b", 10)
    assert not await leases.renew("run:1", "a", 10)
    await leases.release("run:1", "a")
    assert not await leases.acquire("run:1", "a", 10)
    await leases.release("run:1", "b")
    assert await leases.acquire("run:1", "a", 10)


async def test_a_lease_further_ahead_than_it_is_long_is_void(ledger: Ledger, manual_clock: ManualClock) -> None:
    leases = ledger.leases
    assert await leases.acquire("run:1", "killed", 10)
    manual_clock.time -= timedelta(hours=1)
    assert not await leases.acquire("run:1", "careful", 10, void_ahead=False)
    assert await leases.acquire("run:1", "next", 10)
    assert not await leases.acquire("run:1", "third", 10), "by the clock as it is now it is a good one"
    assert await leases.acquire("run:2", "long", 5000)
    assert not await leases.acquire("run:2", "third", 10), "its own length counts, not that of whoever asks"


async def test_a_lease_that_somebody_else_had_meanwhile_is_not_prolonged(
    ledger: Ledger, manual_clock: ManualClock
) -> None:
    leases = ledger.leases
    assert await leases.acquire("run:1", "a", 10)
    await manual_clock.advance(11)
    assert await leases.renew("run:1", "a", 10), "lapsed, and nobody took it"
    await manual_clock.advance(11)
    assert await leases.acquire("run:1", "b", 10)
    manual_clock.time -= timedelta(hours=1)
    assert not await leases.renew("run:1", "a", 10), "void or not: what the other did with it is not known"
    await leases.release("run:1", "b")
    assert not await leases.renew("run:1", "a", 10)
