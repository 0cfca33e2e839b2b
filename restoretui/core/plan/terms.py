"""What a plan is made by besides objects, days and prices: how restoring is asked for, and what differs by bucket."""

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct, field

from restoretui.core.plan.pricing import PriceTable


class Terms(Struct, frozen=True):
    """How a restore is asked for, besides its days and tier; see ``RestorePlan``'s fields of the same names."""

    asks_unseen: bool = False
    shorten: bool = False
    until: datetime | None = None
    literal: str = ""


class BucketTerms(Struct, frozen=True):
    """What holds for single buckets; see ``RestorePlan``'s fields of the same names."""

    readable: Mapping[str, frozenset[str]] = field(default_factory=dict)
    tables: Mapping[str, PriceTable] = field(default_factory=dict)
    """In the currency of the plan's own table, which prices all other buckets."""


PLAINLY = Terms()
EVERYWHERE_ALIKE = BucketTerms()
