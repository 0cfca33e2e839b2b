"""Leases: which of several processes on one ledger does a piece of work; each lapses unless renewed in time."""

from typing import NamedTuple

from restoretui.core.clock import Clock
from restoretui.ledger.store.writer import Tx, Writer

NOBODY = ""
"""Holds the lease of a run between its confirmation and the first pursuit; whoever wants it takes it."""
HANDOVER_S = 10.0
"""Machine seconds for which a run just confirmed counts as pursued: it is about to be."""


def of_run(run_id: int) -> str:
    """The name of the lease that whoever pursues a run holds."""
    return f"run:{run_id}"


def is_pursued(run_id: str) -> str:
    """SQL: whether somebody pursues the run of this expression, at the machine time ``:wall``."""
    return f"EXISTS (SELECT 1 FROM lease WHERE name = 'run:' || {run_id} AND expires_at > :wall)"


def hand_over(tx: Tx, run_id: int, wall: float) -> None:
    """Keep a new run from being taken over until somebody pursues it."""
    tx.run(
        "INSERT OR REPLACE INTO lease (name, holder, expires_at, lasts_s) VALUES (?, ?, ?, ?)",
        (of_run(run_id), NOBODY, wall + HANDOVER_S, HANDOVER_S),
    )


class Lease(NamedTuple):
    """Its holder, and its end in seconds since the epoch by the clock it was written with."""

    holder: str
    expires_at: float


class Leases:
    """Leases kept in the ledger, by machine time, which the processes of one machine share.

    While one process writes for long, no other can renew: what lapsed meanwhile has not lapsed before its holder had
    a moment to renew it (``WriteLock.standstill``).

    A lease that ends further ahead than it is long was written before the clock was set back, or by a clock that is
    ahead: its end says nothing.
    """

    def __init__(self, writer: Writer, clock: Clock) -> None:
        self._writer = writer
        self._clock = clock

    async def acquire(self, name: str, holder: str, ttl_s: float, *, void_ahead: bool = True) -> bool:
        """Whether ``holder`` now has the lease: it was free, had lapsed, or was the holder's already.

        ``void_ahead``: one that ends further ahead than it is long counts as lapsed.
        """

        def take(tx: Tx) -> bool:
            now, still = self._clock.wall(), self._writer.lock.standstill
            changed = tx.run(
                "INSERT INTO lease (name, holder, expires_at, lasts_s) VALUES (:name, :holder, :until, :ttl)"
                " ON CONFLICT (name) DO UPDATE"
                " SET holder = excluded.holder, expires_at = excluded.expires_at, lasts_s = excluded.lasts_s"
                f" WHERE holder IN (excluded.holder, '{NOBODY}') OR expires_at <= :now - :still"
                " OR (:void AND expires_at > :now + lasts_s)",
                {"name": name, "holder": holder, "until": now + ttl_s, "ttl": ttl_s, "now": now, "still": still,
                 "void": void_ahead},
            )  # fmt: skip
            return changed > 0

        return await self._writer.do(take)

    async def renew(self, name: str, holder: str, ttl_s: float) -> bool:
        """Renew one's own lease for ``ttl_s`` seconds.

        False if it is somebody else's by now, or was: then it has to be acquired anew.
        """

        def prolong(tx: Tx) -> bool:
            until = self._clock.wall() + ttl_s
            changed = tx.run(
                "UPDATE lease SET expires_at = ?, lasts_s = ? WHERE name = ? AND holder = ?",
                (until, ttl_s, name, holder),
            )
            return changed > 0

        return await self._writer.do(prolong)

    async def find(self, name: str) -> Lease | None:
        """The lease as it stands, lapsed or not."""

        def look(tx: Tx) -> Lease | None:
            row = tx.row("SELECT holder, expires_at FROM lease WHERE name = ?", (name,))
            return None if row is None else Lease(*row)

        return await self._writer.do(look)

    async def release(self, name: str, holder: str) -> None:
        """Give the lease up, if it is the holder's."""

        def free(tx: Tx) -> None:
            tx.run("DELETE FROM lease WHERE name = ? AND holder = ?", (name, holder))

        await self._writer.do(free)
