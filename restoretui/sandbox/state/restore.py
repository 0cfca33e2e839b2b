"""How restores come about in time: no timers, everything is worked out from the instants of the request.

Sources: FACTS 1.4 (windows), 1.5 (speed upgrade, extension, expiry at midnight), 4.1 (OSS: expiry at an exact time).
"""

from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import NamedTuple

from restoretui.core.model import Tier
from restoretui.core.rules.oss import OSS
from restoretui.core.rules.rules import EXPEDITED_TYPICAL_BYTES, ArchiveRule
from restoretui.core.rules.s3 import S3

_DAY = 86400
EXPEDITED_BYTES_PER_SECOND = 300e6
"""What larger objects typically get at the Expedited tier (FACTS 1.4)."""


class Restore(NamedTuple):
    """One restore of one row; instants are seconds since the epoch."""

    asked: float
    ready: float
    """``inf``: it never ends."""
    until: float
    """``inf``: it stays restored (Intelligent-Tiering), or never will be."""
    tier: Tier
    days: int | None

    def in_progress(self, now: float) -> bool:
        """Asked for and not ready at ``now``, seconds since the epoch."""
        return now < self.ready

    def available(self, now: float) -> bool:
        """A copy can be read at ``now``, seconds since the epoch."""
        return self.ready <= now < self.until


class Manner(NamedTuple):
    """How a restore request comes, and what the store that is simulated makes of it."""

    by_job: bool = False
    """Sent by a job of S3 Batch Operations, which has windows of its own."""
    for_good: bool = False
    """It may lack days, and then has no end."""
    shortens: bool = True
    """A repeat may bring the end forward."""


ONE_BY_ONE = Manner()
BY_A_JOB = Manner(by_job=True)


def chance(*parts: object) -> float:
    """A number in [0, 1) that depends on ``parts`` only."""
    digest = blake2b(repr(parts).encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


def expiry(start: float, days: int) -> float:
    """The next midnight UTC after ``start`` plus ``days``."""
    try:
        return S3.expiry_of(datetime.fromtimestamp(start, UTC), days).timestamp()
    except OverflowError:
        # Days has no documented maximum (FACTS 1.1); the calendar has one.
        return datetime(9999, 12, 31, tzinfo=UTC).timestamp()


def duration(rule: ArchiveRule, tier: Tier, size: int, draw: float, *, by_job: bool = False) -> float:
    """How long a restore takes, in seconds: ``draw`` in [0, 1) places it inside the documented window.

    ``by_job``: asked for by S3 Batch Operations, whose Standard restores begin to arrive within minutes (FACTS 1.4).
    """
    window = ((by_job and rule.batch_windows) or rule.windows)[tier]
    seconds = (window.shortest + draw * (window.longest - window.shortest)) / timedelta(seconds=1)
    if tier is Tier.EXPEDITED and size > EXPEDITED_TYPICAL_BYTES:
        seconds += size / EXPEDITED_BYTES_PER_SECOND
    return seconds


def start(
    rule: ArchiveRule, tier: Tier, days: int | None, asked: float, ready: float, *, from_completion: bool = False
) -> Restore:
    """A restore asked for at ``asked`` that will be there at ``ready``.

    The period counts from the request, as the user guide's own example does. A short one may then be over
    before a slow restore is there; such a copy gets its days from completion, which the guide says elsewhere.
    One of OSS lasts exactly its days from completion.
    """
    until = float("inf")
    if rule.takes_days and days is not None and ready < float("inf"):
        exact = rule.archive in OSS.archives or not rule.takes_tier  # FACTS 4.1, 5
        until = ready + days * _DAY if exact else expiry(ready if from_completion else asked, days)
        if until <= ready:
            until = expiry(ready, days)
    return Restore(asked, ready, until, tier, days)
