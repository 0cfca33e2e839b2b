"""A cache of buckets' regions, with a lock for each bucket: requests that come together look its region up once."""

import asyncio
from collections.abc import Awaitable, Callable


class BucketRegions:
    """The regions of buckets, for one event loop; looked up when first needed, corrected by redirects."""

    def __init__(self, home: str, find: Callable[[str], Awaitable[str]]) -> None:
        """``home`` is where requests go that are about no bucket; ``find`` asks the cloud."""
        self._home = home
        self._find = find
        self._known: dict[str, str] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    async def of(self, bucket: str) -> str:
        """Where the bucket lives. Raises what ``find`` raises, ``BucketNotFound`` above all; that is not cached."""
        if not bucket:
            return self._home
        if region := self._known.get(bucket):
            return region
        async with self.lock(bucket):
            if bucket not in self._known:
                self._known[bucket] = await self._find(bucket)
        return self._known[bucket]

    def known(self, bucket: str) -> str:
        """Where it lives as far as is known without asking; else ``home``."""
        return self._known.get(bucket, self._home)

    def learn(self, bucket: str, region: str) -> None:
        """A listing of buckets or a redirect named its region."""
        self._known[bucket] = region

    def forget(self, bucket: str) -> None:
        """Look it up again before the next request."""
        self._known.pop(bucket, None)

    def lock(self, bucket: str) -> asyncio.Lock:
        """What a bucket is asked about under, one question at a time."""
        return self._locks.setdefault(bucket, asyncio.Lock())
