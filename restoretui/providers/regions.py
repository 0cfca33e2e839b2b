"""A cache of where buckets live: asked for once a bucket, learned anew from redirects. Runs on the event loop."""

import asyncio
from collections.abc import Awaitable, Callable

from restoretui.core.errors import Unreachable
from restoretui.providers.wire.refusals import Refusal


class BucketRegions:
    """One connection's. ``find`` asks the cloud, and raises ``BucketNotFound`` or what else is in the way."""

    def __init__(self, home: Callable[[], str], find: Callable[[str], Awaitable[str]]) -> None:
        """``home``: where requests go that are about no bucket."""
        self._home = home
        self._find = find
        self._regions: dict[str, str] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    async def of(self, bucket: str) -> str:
        """The bucket's region; all who ask at the same time wait for one answer."""
        if not bucket:
            return self._home()
        if region := self._regions.get(bucket):
            return region
        async with self.lock(bucket):
            if bucket not in self._regions:
                self._regions[bucket] = await self._find(bucket)
        return self._regions[bucket]

    def told(self, bucket: str) -> str | None:
        """The bucket's region without asking; None until somebody did."""
        return self._regions.get(bucket)

    def lock(self, bucket: str) -> asyncio.Lock:
        """Held while one asks where the bucket is, or why it refuses."""
        return self._locks.setdefault(bucket, asyncio.Lock())

    def known(self, bucket: str) -> str:
        """As far as it is known, without asking: else where all others go."""
        return self._regions.get(bucket) or self._home()

    def learn(self, bucket: str, region: str) -> None:
        """An answer told it."""
        self._regions[bucket] = region

    def forget(self, bucket: str) -> None:
        """Ask anew when it is wanted next."""
        self._regions.pop(bucket, None)

    async def moved(self, bucket: str, named: str, asked: str) -> bool:
        """After a refusal of the region ``asked``: whether the bucket is elsewhere indeed.

        ``named`` is where the refusal sends us; empty: that has to be looked up again.
        """
        self.forget(bucket)
        if named:
            self.learn(bucket, named)
        return await self.of(bucket) != asked


def elsewhere(refusal: Refusal, region: str = "region") -> Unreachable:
    """A request that must not be repeated here met the wrong region, and so surely had no effect."""
    return Unreachable.of(
        refusal,
        f"bucket {refusal.bucket!r} answers from another {region}; nothing was done",
        "the next request goes there",
    )
