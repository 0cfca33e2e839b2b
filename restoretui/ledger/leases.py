"""Leases: which of several processes on one ledger does a piece of work. They lapse unless renewed."""

from restoretui.core.clock import Clock
from restoretui.ledger.writer import Tx, Writer


class Leases:
    """By machine time, which the processes of one machine share."""

    def __init__(self, writer: Writer, clock: Clock) -> None:
        self._writer = writer
        self._clock = clock

    async def acquire(self, name: str, holder: str, ttl_s: float) -> bool:
        """Whether ``holder`` now has the lease: it was free, had lapsed, or was the holder's already."""

        def take(tx: Tx) -> bool:
            now = self._clock.wall()
            changed = tx.run(
                "INSERT INTO lease (name, holder, expires_at) VALUES (:name, :holder, :until)"
                " ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at"
                " WHERE holder = excluded.holder OR expires_at <= :now",
                {"name": name, "holder": holder, "until": now + ttl_s, "now": now},
            )
            return changed > 0

        return await self._writer.do(take)

    async def renew(self, name: str, holder: str, ttl_s: float) -> bool:
        """Prolong one's own lease; False if it is somebody else's by now."""
        return await self.acquire(name, holder, ttl_s)

    async def release(self, name: str, holder: str) -> None:
        """Give the lease up, if it is the holder's."""

        def free(tx: Tx) -> None:
            tx.run("DELETE FROM lease WHERE name = ? AND holder = ?", (name, holder))

        await self._writer.do(free)
