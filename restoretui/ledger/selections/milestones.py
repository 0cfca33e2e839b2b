"""Milestones: where one in some thousand single marks stands, so that no place is counted from the first of millions.

They are read once, in steps and off the event loop. From the nearest on it is a count of a few thousand, which does
not keep a key waiting; among two million marks one from the first on took a second.
"""

import time
from collections.abc import Iterator
from itertools import islice
from sqlite3 import Connection

from restoretui.ledger.marks.in_key_order import MarksInOrder
from restoretui.ledger.store.reader import ReaderThread
from restoretui.ledger.store.writer import Tx

EVERY = 5_000
"""Marks that are counted at most: 1 ms."""
STEP_S = 0.05
"""Seconds that others who read wait for one step."""
_AT_ONCE = 10

Milestone = tuple[int, tuple[str, str]]
"""How many marks stand before it, its key and its version."""


async def read_milestones(reader: ReaderThread, sel: int, place: int, high: str) -> list[Milestone]:
    """Those of all that is marked in one place, up to the key ``high``; as it is marked meanwhile."""
    rest: Iterator[Milestone] | None = None

    def step(connection: Connection) -> tuple[list[Milestone], bool]:
        nonlocal rest
        until, found = time.monotonic() + STEP_S, list[Milestone]()
        if rest is None:
            rest = MarksInOrder(Tx(connection), sel, place, "", high, whole=True).milestones(EVERY)
        while True:
            some = list(islice(rest, _AT_ONCE))
            found += some
            if len(some) < _AT_ONCE or time.monotonic() >= until:
                return found, len(some) < _AT_ONCE

    known, is_last = list[Milestone](), False
    while not is_last:
        some, is_last = await reader.run(step)
        known += some
    return known
