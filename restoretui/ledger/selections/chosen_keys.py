"""What a selection holds, for a command line: few objects by name, many in a list of keys."""

from collections.abc import Iterator
from sqlite3 import Connection

from restoretui.core.model import ObjectRef
from restoretui.ledger.marks.marked_places import MarkedPlace
from restoretui.ledger.runs.run_commands import LISTABLE

_ROWS = 10_000


def read_refs(connection: Connection, place: MarkedPlace, limit: int, *, unlistable: bool) -> list[ObjectRef]:
    """Some objects of one bucket in key order; ``unlistable``: of those that no list can hold."""
    which = f"NOT ({LISTABLE.format('')})" if unlistable else "1"
    rows = connection.execute(
        f"SELECT key, version_id FROM ({place.objects()}) WHERE NOT gone AND {which}{place.in_order} LIMIT :limit",
        {**place.args, "limit": limit},
    ).fetchall()
    return [ObjectRef(place.bucket, key, version or None) for key, version in rows]


def listed_keys(connection: Connection, place: MarkedPlace) -> Iterator[bytes]:
    """The keys of one bucket that a list can hold, as lines."""
    cursor = connection.execute(
        f"SELECT key FROM ({place.objects()}) WHERE NOT gone AND {LISTABLE.format('')}{place.in_order}",
        place.args,
    )
    while rows := cursor.fetchmany(_ROWS):
        yield "".join(f"{key}\n" for (key,) in rows).encode("utf-8", "surrogatepass")
