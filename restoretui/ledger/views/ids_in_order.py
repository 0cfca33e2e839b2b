"""The rows of a view in the order of their ids: in ranges without a gap where those are few, or some at a time."""

from bisect import bisect_left
from collections.abc import Sequence
from functools import partial
from sqlite3 import Connection
from typing import NamedTuple

from restoretui.ledger.views.row_order import PLACE_BITS, Span

MOST_RANGES = 2_000
"""More of them take longer to look through, whenever a screenful is shown, than single rows would."""
ROWS_A_RANGE = 20
"""With fewer in each, on average, they are no shorter than the rows themselves."""
_ALLOWED = 100
"""So many may be as short as they like before that is judged."""

IdRange = tuple[int, int]
"""The first and the last id, both included."""


class IdsInOrder(NamedTuple):
    """A table of (pos, id): positions from 1 on, and the ids of each segment's rows side by side, rising."""

    table: str
    rows: int

    def some(self, listing: str, start: int, stop: int) -> Span:
        """Those from one place to another (not included), counted from 0, as rows ``l`` of the table ``listing``."""
        source = f"{self.table} v CROSS JOIN {listing} l ON l.id = v.id"
        return Span(source, "v.pos BETWEEN :first AND :last", "0", "v.pos", {"first": start + 1, "last": stop})

    def outer(self, connection: Connection, start: int, stop: int) -> list[int]:
        """Of those places, the first and the last id in each segment: keys rise from one to the other."""
        found: list[int] = []
        at = start + 1
        while at <= stop:
            first = self._id_at(connection, at)

            def is_elsewhere(position: int, segment: int = first >> PLACE_BITS) -> bool:
                return self._id_at(connection, position) >> PLACE_BITS != segment

            beyond = bisect_left(range(stop + 1), True, at, key=is_elsewhere)
            found += [first, self._id_at(connection, beyond - 1)]
            at = beyond
        return found

    def ranges(self, connection: Connection) -> Sequence[IdRange] | None:
        """All of them as ranges; None where those would be many, or short.

        Each is found by halving: as long as ids rise by one a row, nothing is missing in between.
        """
        id_at = partial(self._id_at, connection)
        found: list[IdRange] = []
        at = 1
        while at <= self.rows:
            first, low, ahead = id_at(at), at, 1
            while low + ahead <= self.rows and id_at(low + ahead) - first == low + ahead - at:
                low, ahead = low + ahead, 2 * ahead
            high = min(low + ahead, self.rows + 1)
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if id_at(middle) - first == middle - at else (low, middle)
            found.append((first, first + low - at))
            at = low + 1
            if len(found) > MOST_RANGES or (len(found) > _ALLOWED and at < ROWS_A_RANGE * len(found)):
                return None
        return found if self.rows >= ROWS_A_RANGE * len(found) else None

    def _id_at(self, connection: Connection, position: int) -> int:
        sql = f"SELECT id FROM {self.table} WHERE pos = ?"
        return int(connection.execute(sql, (position,)).fetchone()[0])
