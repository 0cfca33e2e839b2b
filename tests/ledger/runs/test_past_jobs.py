"""What was asked of one object, for the pane beside a table: the newest first, and never by a scan."""

from restoretui.core.model import ObjectRef, State, Tier
from restoretui.ledger import Ledger
from restoretui.ledger.run_records import JobChange
from restoretui.ledger.runs import job_view
from tests.ledger.helpers import BUCKET, CLOUD, ELSEWHERE, entry, now_of, started


async def test_of_one_object_the_newest_first(ledger: Ledger) -> None:
    first = await started(ledger, [entry("a"), entry("b")], Tier.BULK)
    (job, other) = await ledger.runs.claim(first.id, 10)
    await ledger.runs.apply(
        [
            JobChange(job.id, State.FAILED, now_of(ledger), code="SlowDown", message="too much"),
            JobChange(other.id, State.FAILED, now_of(ledger), code="SlowDown", message="too much"),
        ]
    )
    second = await started(ledger, [entry("a")], Tier.STANDARD)
    found = ledger.runs.of_object(CLOUD, [ObjectRef(BUCKET, "a")])
    assert [(past.run_id, past.job.tier, past.job.state) for past in found] == [
        (second.id, Tier.STANDARD, State.PLANNED),
        (first.id, Tier.BULK, State.FAILED),
    ]
    assert found[1].job.code == "SlowDown"
    assert len(ledger.runs.of_object(CLOUD, [ObjectRef(BUCKET, "a")], 1)) == 1
    assert ledger.runs.of_object(CLOUD, [ObjectRef(BUCKET, "c")]) == []
    assert ledger.runs.of_object(ELSEWHERE, [ObjectRef(BUCKET, "a")]) == []
    assert ledger.runs.of_object(CLOUD, [ObjectRef(BUCKET, "a", "version")]) == []


async def test_it_is_found_by_an_index(ledger: Ledger) -> None:
    await started(ledger, [entry("a")])
    sql = job_view.OF_OBJECT.format(versions="?")
    plan = ledger.runs._quick.rows(f"EXPLAIN QUERY PLAN {sql}", (*CLOUD, BUCKET, "a", "", 5))
    steps = " / ".join(str(row[3]) for row in plan)
    assert "job_object" in steps, steps
    assert "SCAN" not in steps, steps
