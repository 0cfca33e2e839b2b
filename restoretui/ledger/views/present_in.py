"""What is in a view, counted by the words that a filter has for it."""

from collections import Counter
from collections.abc import Mapping
from sqlite3 import Connection

from restoretui.core.filter.completion import Counted, Present
from restoretui.ledger.store.unknown_values import saturated
from restoretui.ledger.views.row_order import Piece

COLUMNS = ("state", "storage_class", "tier", "code", "run", "objects", "size_bytes")
"""Of the query: one row for each combination of the first five, which may be NULL or empty."""
SUMS = "count(*), total({size}) FILTER (WHERE {size} > 0)"


def count_present(connection: Connection, query: Piece) -> Present:
    """Run the query, and add up what it tells by each of its columns."""
    objects: list[Counter[str]] = [Counter() for _ in range(5)]
    sizes: list[Counter[str]] = [Counter() for _ in range(5)]
    for *values, number, size in connection.execute(query.sql, dict(query.args)):
        for column, value in enumerate(values):
            if value not in (None, ""):
                objects[column][str(value)] += number
                sizes[column][str(value)] += saturated(size)

    def counted(column: int) -> Mapping[str, Counted]:
        return {value: Counted(number, sizes[column][value]) for value, number in objects[column].most_common()}

    states, classes, tiers, causes, runs = map(counted, range(5))
    return Present(states, classes, tiers, causes, runs)
