"""What only a HEAD can judge is met once each, at the same pace from the first mark to the last."""

from sqlite3 import Connection

import pytest

from restoretui.core.model import ObjectRef
from restoretui.ledger import Ledger
from restoretui.ledger.marks import marked_places
from restoretui.ledger.marks.doubts import Doubt, unlooked
from restoretui.ledger.records import ObjectTally
from tests.ledger.helpers import ELSEWHERE, entry, keys, listed, look, now_of

MARKS = 1
OBJECTS = 4_000


async def walked(ledger: Ledger, size: int) -> list[ObjectRef]:
    """All that are met by whoever goes on behind the last of each batch."""
    met: list[ObjectRef] = []
    while batch := await ledger.selections.unlooked(MARKS, ELSEWHERE, size, Doubt.RESTORED, met[-1] if met else None):
        met += batch
    return met


@pytest.mark.parametrize("size", [1, 3, 100])
async def test_each_is_met_once_though_nothing_can_be_told_of_it(ledger: Ledger, size: int) -> None:
    for bucket in ("b", "a", "a-1"):
        versions = [entry(key, version_id=version) for key in ("k", "ké", "😀") for version in ("2", "1")]
        listing = await listed(ledger, versions, bucket=bucket, cloud=ELSEWHERE, versions=True)
        await ledger.selections.add_under(MARKS, listing.id)
    met = await walked(ledger, size)
    wanted = [ObjectRef(b, k, v) for b in ("a", "a-1", "b") for k in ("k", "ké", "😀") for v in ("1", "2")]
    assert met == wanted, "every version, by bucket and key"


async def test_the_last_batch_takes_no_more_steps_than_the_first(ledger: Ledger) -> None:
    listing = await listed(ledger, [entry(key) for key in keys(OBJECTS)], cloud=ELSEWHERE)
    await ledger.selections.add_under(MARKS, listing.id)
    now = now_of(ledger)
    looks = [look(key, now + 1, looked=True) for key in keys(OBJECTS - 200)]
    await ledger.catalog.observe(ELSEWHERE, listing.scope.bucket, looks)

    def steps(connection: Connection, after: str) -> int:
        """Of SQLite's machine, by the hundred."""
        count = 0

        def one() -> None:
            nonlocal count
            count += 1

        (place,) = marked_places.marked_places(connection, MARKS, now, 0)
        connection.set_progress_handler(one, 100)
        try:
            unlooked(connection, place, 100, Doubt.RESTORED, (after, ""))
        finally:
            connection.set_progress_handler(None, 100)
        return count

    whole, last = [
        await ledger._reader.run(lambda connection, at=at: steps(connection, at))  # type: ignore[misc]
        for at in ("", keys(OBJECTS)[-200])
    ]
    assert last * 5 < whole, "what was judged before is not read again"


async def test_marks_by_key_keep_their_totals_whatever_is_named_again(ledger: Ledger) -> None:
    now = now_of(ledger)

    async def add(*sizes: tuple[str, int | None], at: float = now) -> ObjectTally:
        looks = [look(key, at, size=size) for key, size in sizes]
        summary = await ledger.selections.add_observed(MARKS, ELSEWHERE, "b", looks)
        return ObjectTally(summary.objects, summary.size_bytes)

    assert await add(("a", 5), ("b", 7), ("a", 5)) == ObjectTally(2, 12)
    assert await add(("b", 70), at=now - 1) == ObjectTally(2, 12), "an older look changes nothing"
    assert await add(("b", 70), ("c", None), at=now + 1) == ObjectTally(3, 75)
    assert await add(("b", None), at=now + 2) == ObjectTally(3, 5)
    assert await add(*((key, 1) for key in keys(1_200))) == ObjectTally(1_203, 1_205)
    await ledger.selections.add_observed(MARKS, ELSEWHERE, "b", [look("d", now, gone=True)])
    assert (await ledger.selections.summary(MARKS)).objects == 1_203
