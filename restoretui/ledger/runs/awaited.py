"""The objects a status round looks at, as columns: a million of them are compared, few are read whole.

A row of its own for each would cost a turn of the interpreter's lock each; here SQLite strings up thousands at a
time, without the lock.
"""

from collections.abc import Collection
from sqlite3 import Connection
from typing import NamedTuple

from restoretui.core.model import State
from restoretui.ledger.records import CloudId
from restoretui.ledger.store.decoding import decodes
from restoretui.ledger.store.schema import LIVE
from restoretui.ledger.views.fact_sql import names

_BLOCK = 5000
_END = "\n"
"""Parts the texts of a column; where a key holds it, rows are read one by one."""
RESTORING_STILL = "r"


class Awaited(NamedTuple):
    """Jobs of one run on one bucket, in key order; four columns of the same length."""

    keys: list[str]
    versions: list[str]
    """Empty for none."""
    ids: list[int]
    expected: list[str]
    """What a look would show if there is no news: ``RESTORING_STILL``, the seconds at which the copy ends, or
    empty, which is always news."""

    @property
    def last(self) -> tuple[str, str]:
        """Key and version id of the last row."""
        return self.keys[-1], self.versions[-1]


@decodes("an object of a run")
def read_awaited(
    connection: Connection,
    run_id: int,
    cloud: CloudId,
    bucket: str,
    *,
    versions: bool,
    states: Collection[State],
    after: tuple[str, str] | None,
    limit: int,
) -> Awaited:
    """Jobs of the run in these states, from behind ``after`` (key and version id)."""
    found = Awaited([], [], [], [])
    place = connection.execute(
        "SELECT b.id, r.first_job, r.first_job + r.objects - 1 FROM bucket b, run r"
        " WHERE b.scheme = ? AND b.endpoint = ? AND b.name = ? AND r.id = ?",
        (*cloud, bucket, run_id),
    ).fetchone()
    if place is None or not states:
        return found
    # The expiry is the one column that the index does not hold.
    copies = " WHEN 'available' THEN coalesce(expiry, '')" if State.AVAILABLE in states else ""
    expected = f"CASE state WHEN 'restoring' THEN '{RESTORING_STILL}'{copies} ELSE '' END"
    chosen = (
        f"SELECT key, version_id, id, {expected} AS expected"
        f" FROM job WHERE bucket_id = :bucket AND version_id {'<>' if versions else '='} '' AND {LIVE}"
        f" AND state IN ({names(states)}) AND +id BETWEEN :first AND :last"
        " AND (key, version_id) > (:key, :version) ORDER BY key, version_id, id LIMIT :limit"
    )
    args: dict[str, object] = {"bucket": place[0], "first": place[1], "last": place[2]}
    while len(found.keys) < limit:
        args["key"], args["version"] = after or ("", "")
        args["limit"] = wanted = min(_BLOCK, limit - len(found.keys))
        block = _block(connection, chosen, args)
        found.keys.extend(block.keys)
        found.versions.extend(block.versions)
        found.ids.extend(block.ids)
        found.expected.extend(block.expected)
        if len(block.keys) < wanted:
            break
        after = block.last
    return found


def _block(connection: Connection, chosen: str, args: dict[str, object]) -> Awaited:
    columns = ", ".join(f"group_concat({name}, char(10))" for name in ("key", "version_id", "id", "expected"))
    count, *texts = connection.execute(f"SELECT count(*), {columns} FROM ({chosen})", args).fetchone()
    if not count:
        return Awaited([], [], [], [])
    keys, versions, ids, expected = (text.split(_END) for text in texts)
    if len(keys) != count or len(versions) != count:
        rows = connection.execute(chosen, args).fetchall()
        return Awaited(*map(list, zip(*rows, strict=True)))._replace(expected=[str(row[3]) for row in rows])
    return Awaited(keys, versions, list(map(int, ids)), expected)
