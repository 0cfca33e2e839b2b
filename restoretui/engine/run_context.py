"""What every loop of one pursued run needs: the run, the ledger, its channel's parts, and whether it may send.

A run over several accounts has a part for each, with the channel of that account: what ails the keys of one holds up
neither what is sent nor what is looked at with those of another.
"""

from collections.abc import Callable

from msgspec import Struct, field

from restoretui.core.clock import Clock
from restoretui.core.provider import Provider
from restoretui.engine.capacity import CapacityGates
from restoretui.engine.then_tools import ThenTools
from restoretui.engine.traffic.circuit_breaker import CircuitBreaker
from restoretui.engine.traffic.health import HealthBoard
from restoretui.engine.traffic.rate_limiter import RateLimiter
from restoretui.engine.traffic.retrying_reads import RetryingReads
from restoretui.ledger import Ledger
from restoretui.ledger.run_records import Run


class RunContext(Struct, frozen=True):
    """Made for one pursuit; the breaker, limiter and health board are shared with everybody on the connection."""

    run: Run
    ledger: Ledger
    provider: Provider
    clock: Clock
    breaker: CircuitBreaker
    limiter: RateLimiter
    health: HealthBoard
    concurrency: int = 128
    """Restore requests side by side."""
    may_send: bool = True
    """False in a read-only session, which only looks."""
    is_ours: Callable[[], bool] = lambda: True
    """Whether the run is still pursued here; nothing is sent while it is not."""
    capacity: CapacityGates = field(default_factory=CapacityGates)
    """Of the whole run; closed where requests at Expedited wait for a person's decision."""
    fail_fast: bool = False
    """Nothing more is sent once the cloud has refused one object for good."""
    tools: ThenTools = field(default_factory=ThenTools)
    """For what is done with objects once they can be read."""
    is_told: Callable[[str], bool] = lambda bucket: False
    """Events tell of restores in a bucket, so that it is polled sparsely."""
    bounded: bool = False
    """Reads end when patience does: for a look that a person waits for."""
    buckets: frozenset[str] | None = None
    """Those of the run that this part of it is about; None: all of them."""
    parts: "tuple[RunContext, ...]" = ()
    """The run by account, where there are several."""

    def of(self, bucket: str) -> "RunContext":
        """The part that is about the bucket."""
        return next((part for part in self.parts if bucket in (part.buckets or ())), self)

    def covers(self, bucket: str) -> bool:
        """The bucket is one of those that this is about."""
        return self.buckets is None or bucket in self.buckets

    def reads(self) -> RetryingReads:
        """Retrying reads for one loop, whose troubles are told apart from those of the others."""
        return RetryingReads(self.clock, self.breaker, self.health, bounded=self.bounded)
