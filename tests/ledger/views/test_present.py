"""What there is to filter by is counted, whatever filter is in force."""

from typing import Any

from restoretui.core.filter.completion import Counted
from restoretui.core.filter.matcher import row_matches
from restoretui.core.filter.parser import parse_filter
from restoretui.core.model import State
from restoretui.ledger import Ledger
from restoretui.ledger.activity import CLASSES, filter_row
from restoretui.ledger.records import Query, View
from restoretui.ledger.run_records import JobChange
from tests.ledger.helpers import clock_of, entry, jobs_in, listed, now_of, started

ROWS = [entry("a", size=1), entry("b", "STANDARD", size=2), entry("c", "DEEP_ARCHIVE", size=4), entry("d", size=-1)]


async def test_of_a_listing(ledger: Ledger) -> None:
    listing = await listed(ledger, ROWS)
    for where in (None, parse_filter("zzz")):
        view = await ledger.catalog.browse(listing.id, Query(where))
        present = await view.present()
        assert present.states == {"archived": Counted(3, 5), "online": Counted(1, 2)}
        assert present.classes == {"GLACIER": Counted(2, 1), "DEEP_ARCHIVE": Counted(1, 4), "STANDARD": Counted(1, 2)}
        assert not present.tiers
        await view.aclose()


async def test_of_a_run_what_failed_and_why(ledger: Ledger) -> None:
    run = await started(ledger, ROWS)
    first, second, *_ = await jobs_in(ledger, run.id, {State.PLANNED})
    now = now_of(ledger)
    await ledger.runs.apply(
        [
            JobChange(first.id, State.FAILED, now, "no", code="AccessDenied"),
            JobChange(second.id, State.RESTORING, now),
        ]
    )
    listing = await listed(ledger, ROWS)
    views: list[View[Any]] = [
        await ledger.runs.view(run.id),
        await ledger.activity.view(),
        await ledger.catalog.browse(listing.id),
    ]
    for view in views:
        present = await view.present()
        assert present.states["failed"].objects == 1
        assert list(present.causes) == ["AccessDenied"]
        assert list(present.runs) == [str(run.id)]
    for text, keys in (
        ("failed:denied", ["a"]),
        ("failed=ACCESSDENIED", ["a"]),
        ("state:restoring tier:bulk", ["c"]),
        (f"run:{run.id} !state:failed,skipped,planned", ["c"]),
        ("changed<1h state:failed", ["a"]),
        ("changed>1h", []),
        ("is:overdue", []),
    ):
        tree = parse_filter(text)
        entries = (await ledger.activity.view()).rows(0, 99)
        found = (await ledger.activity.view(Query(tree))).rows(0, 99)
        assert found == [each for each in entries if row_matches(tree, filter_row(each), now, CLASSES)], text
        query = Query(parse_filter(text))
        jobs = await ledger.runs.view(run.id, query)
        assert [row.ref.key for row in jobs.rows(0, 9)] == keys, text
        rows = await ledger.catalog.browse(listing.id, query)
        assert [row.ref.key for row in rows.rows(0, 9)] == keys, text


async def test_what_takes_longer_than_its_run_does_is_overdue(ledger: Ledger) -> None:
    run = await started(ledger, ROWS)
    asked, *_ = await jobs_in(ledger, run.id, {State.PLANNED})
    now = now_of(ledger)
    await ledger.runs.apply([JobChange(asked.id, State.REQUESTED, now, outcome="accepted")])
    begun = await ledger.runs.view(run.id, Query(parse_filter("is:overdue")))
    assert begun.count == 0
    await clock_of(ledger).advance(30 * 86_400)
    listing = await listed(ledger, ROWS)
    query = Query(parse_filter("is:overdue"))
    assert run.window is not None
    for view in (await ledger.runs.view(run.id, query), await ledger.catalog.browse(listing.id, query)):
        assert [row.ref.key for row in view.rows(0, 9)] == [asked.ref.key]
    entries = (await ledger.activity.view(query)).rows(0, 9)
    assert {entry.ref.key for entry in entries if entry.ref is not None} == {asked.ref.key}
