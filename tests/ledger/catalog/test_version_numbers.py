"""Which version of its key each row of a listing of versions is, and which keys are deleted."""

from hypothesis import given, settings
from hypothesis import strategies as st

from restoretui.core.model import Entry
from restoretui.ledger import Ledger
from restoretui.ledger.catalog.version_numbers import FURTHEST
from restoretui.ledger.records import Query, SortKey
from tests.ledger.helpers import entry, ledger_for_examples, listed

COUNTS = st.lists(st.tuples(st.integers(1, 4), st.booleans()), min_size=1, max_size=8)


def versions(key: str, number: int, *, deleted: bool) -> list[Entry]:
    """The one stored last first; behind a delete marker, none is the latest."""
    return [
        entry(key, version_id=f"{number - at}")._replace(is_latest=at == 0 and not deleted) for at in range(number)
    ]


def test_numbers_are_those_of_the_key_whatever_the_order() -> None:
    with ledger_for_examples() as (runner, ledger):

        @given(counts=COUNTS, sort=st.sampled_from(["key", "size", "modified"]), descending=st.booleans())
        @settings(max_examples=30)
        def check(counts: list[tuple[int, bool]], sort: SortKey, *, descending: bool) -> None:
            runner.run(agree(ledger, counts, Query(sort=sort, descending=descending)))

        check()


async def agree(ledger: Ledger, counts: list[tuple[int, bool]], query: Query) -> None:
    told = {f"k{at}": (number, deleted) for at, (number, deleted) in enumerate(counts)}
    entries = [one for key, (number, deleted) in told.items() for one in versions(key, number, deleted=deleted)]
    listing = await listed(ledger, entries, versions=True)
    view = await ledger.catalog.browse(listing.id, query)
    await view.wait()
    for start in range(view.count):
        for row in view.rows(start, 3):
            number, deleted = told[row.ref.key]
            assert (row.number, row.deleted) == (number - int(row.ref.version_id or 0) + 1, deleted)
    await view.aclose()


def test_of_a_key_with_very_many_versions_only_the_newest_are_numbered() -> None:
    entries = [*versions("a", 1, deleted=False), *versions("b", FURTHEST + 30, deleted=True)]
    with ledger_for_examples() as (runner, ledger):

        async def check() -> None:
            listing = await listed(ledger, entries, versions=True)
            view = await ledger.catalog.browse(listing.id)
            rows = view.rows(0, view.count)
            assert [row.number for row in rows[:4]] == [1, 1, 2, 3]
            assert [row.deleted for row in rows[:3]] == [False, True, True]
            assert {row.number for row in rows[-20:]} == {0}
            await view.aclose()
            plain = await ledger.catalog.browse((await listed(ledger, [entry("a"), entry("b")])).id)
            assert [row.number for row in plain.rows(0, 2)] == [0, 0], "they are no versions"
            await plain.aclose()

        runner.run(check())
