"""Publish and subscribe: topics say which parts of the ledger are stale. The facts are re-read from the ledger."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterable
from types import TracebackType
from typing import Self

RUNS = "runs"
"""The list of runs, their counts or their ends."""
ACTIVITY = "activity"
"""The audit trail has grown."""
CATALOG = "catalog"
"""Objects were looked at, or listings came and went."""
TOTALS = "totals"
"""What lies below prefixes was counted anew."""
BATCHES = "batches"
"""The jobs of S3 Batch Operations that are ours."""
LEDGER = "ledger"
"""``Ledger.problem`` changed."""


def listing_topic(listing_id: int) -> str:
    """Rows arrived in that listing, or it ended."""
    return f"listing:{listing_id}"


def selection_topic(selection_id: int) -> str:
    """Marks came or went."""
    return f"selection:{selection_id}"


def run_topic(run_id: int) -> str:
    """Jobs of that run changed."""
    return f"run:{run_id}"


def view_topic(view_id: int) -> str:
    """That view now has more rows, or all of them."""
    return f"view:{view_id}"


class Subscription:
    """One subscriber's set of unread topics, as an asynchronous iterator; unsubscribed when the ``with`` block ends.

    Topics coalesce: however often one is published between two turns of the iterator, it comes once. No wake-up is
    lost.
    """

    def __init__(self, feed: "Changes") -> None:
        self._feed = feed
        self._loop = asyncio.get_running_loop()
        self._lock = threading.Lock()
        self._event = asyncio.Event()
        self._topics: set[str] = set()
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._feed.forget(self)
        self._closed = True
        self._event.set()

    def __aiter__(self) -> AsyncIterator[frozenset[str]]:
        return self

    async def __anext__(self) -> frozenset[str]:
        while not self._closed:
            await self._event.wait()
            # Cleared before the topics are taken: whatever comes in between wakes us once more.
            self._event.clear()
            with self._lock:
                topics, self._topics = frozenset(self._topics), set()
            if topics and not self._closed:
                return topics
        raise StopAsyncIteration

    def tell(self, topics: Iterable[str]) -> None:
        """Add ``topics`` from any thread."""
        with self._lock:
            silent = not self._topics
            self._topics.update(topics)
        if silent:
            try:
                self._loop.call_soon_threadsafe(self._event.set)
            except RuntimeError:
                # The listener's loop has ended without leaving the block: nobody is left to tell.
                self._feed.forget(self)


class Changes:
    """The feed: publish from any thread; subscribers each live on a loop, and topics coalesce for them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._subscriptions: frozenset[Subscription] = frozenset()

    def subscribe(self) -> Subscription:
        """Listen from now on. To be used as ``with`` block and asynchronous iterator in a running loop."""
        subscription = Subscription(self)
        with self._lock:
            self._subscriptions |= {subscription}
        return subscription

    def forget(self, subscription: Subscription) -> None:
        """Unsubscribe."""
        with self._lock:
            self._subscriptions -= {subscription}

    @property
    def has_subscribers(self) -> bool:
        """Whether anybody listens; if not, other processes' commits need not be looked for."""
        return bool(self._subscriptions)

    def publish(self, *topics: str) -> None:
        """Tell every subscriber."""
        if topics:
            for subscription in self._subscriptions:
                subscription.tell(topics)
