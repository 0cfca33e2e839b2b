"""What is summed up as jobs change: when requests went out and copies came and went, and how long restores took."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from restoretui.core.clock import ManualClock
from restoretui.core.measured import ENOUGH
from restoretui.core.model import State, Tier
from restoretui.core.plan.pricing import PriceTable, RetrievalPrice
from restoretui.core.progress import FlowKind
from restoretui.ledger import Ledger
from restoretui.ledger.records import CloudId, Query
from restoretui.ledger.run_records import JobChange, Run
from restoretui.ledger.runs.create_run import ConfirmedPlan
from tests.ledger.helpers import CLOUD, entry, jobs_in, keys, listed, now_of, planned, started

KINDS = (FlowKind.ARRIVED, FlowKind.ENDED, FlowKind.REQUESTED)


async def apply(
    ledger: Ledger,
    run: Run,
    state: State,
    *,
    expiry: int | None = None,
    some: int = 10**9,
    looked_before: float | None = None,
) -> None:
    jobs = (await jobs_in(ledger, run.id))[:some]
    outcome = "accepted" if state is State.REQUESTED else ""
    await ledger.runs.apply(
        [
            JobChange(job.id, state, now_of(ledger), "", outcome, expiry=expiry, looked_before=looked_before)
            for job in jobs
        ]
    )


async def sums(ledger: Ledger, run: Run) -> dict[FlowKind, list[tuple[int, int, int]]]:
    """Minutes since the first, objects, bytes."""
    flows = await ledger.runs.flows(run.id)
    first = min(flow.minute for flow in flows)
    return {
        kind: [(flow.minute - first, flow.objects, flow.size_bytes) for flow in flows if flow.kind is kind]
        for kind in KINDS
    }


async def test_requests_arrivals_and_ends_are_summed_by_the_minute(ledger: Ledger, manual_clock: ManualClock) -> None:
    run = await started(ledger, [entry(key, size=5) for key in keys(4)])
    await ledger.runs.claim(run.id, 10)
    await apply(ledger, run, State.REQUESTED)
    await manual_clock.advance(600)
    await apply(ledger, run, State.AVAILABLE, some=1)
    await manual_clock.advance(60)
    end = int(now_of(ledger)) + 3600
    await apply(ledger, run, State.AVAILABLE, expiry=end)
    await apply(ledger, run, State.AVAILABLE, expiry=end)
    await manual_clock.advance(86_400)
    await apply(ledger, run, State.EXPIRED)
    assert await sums(ledger, run) == {
        FlowKind.REQUESTED: [(0, 4, 20)],
        FlowKind.ARRIVED: [(10, 1, 5), (11, 3, 15)],
        FlowKind.ENDED: [(71, 4, 20)],  # at their date, whenever that was found out
    }


async def test_a_request_sent_again_and_a_copy_that_came_back_count_again(
    ledger: Ledger, manual_clock: ManualClock
) -> None:
    run = await started(ledger, [entry("a", size=5)])
    await ledger.runs.claim(run.id, 10)
    await apply(ledger, run, State.REQUESTED)
    await apply(ledger, run, State.FAILED)
    await ledger.runs.reset_failed(run.id)
    await ledger.runs.claim(run.id, 10)
    await manual_clock.advance(60)
    for state in (State.REQUESTED, State.AVAILABLE, State.EXPIRED, State.AVAILABLE):
        await apply(ledger, run, state)
        await manual_clock.advance(60)
    found = await sums(ledger, run)
    assert [len(found[kind]) for kind in KINDS] == [2, 1, 2]


async def test_what_was_readable_before_has_not_arrived(ledger: Ledger) -> None:
    later = int(now_of(ledger)) + 10**6
    run = await started(ledger, [entry("a", in_progress=False, expiry=later), entry("b")])
    await apply(ledger, run, State.EXPIRED, some=1)
    assert await ledger.runs.flows(run.id) == []


async def test_copies_have_the_price_of_the_confirmed_plan(ledger: Ledger) -> None:
    listing = await listed(ledger, [entry("a", size=1 << 30), entry("b", "DEEP_ARCHIVE", size=1 << 30)])
    sel = await ledger.selections.create()
    await ledger.selections.add_under(sel, listing.id)
    retrieval = {("GLACIER", Tier.BULK): RetrievalPrice(Decimal(0), Decimal(0))}
    prices = PriceTable("s3", ("us-east-1",), "2026-01-01", "USD", retrieval, Decimal("0.023"))
    plan = replace(await planned(ledger, sel), prices=prices)
    run = await ledger.runs.confirm(sel, ConfirmedPlan(CLOUD, plan, Tier.BULK, {}))
    await ledger.runs.claim(run.id, 10)
    for state in (State.REQUESTED, State.AVAILABLE):
        await apply(ledger, run, state)
    came = [flow for flow in await ledger.runs.flows(run.id) if flow.kind is FlowKind.ARRIVED]
    rates = sorted(str(flow.copy_rate) for flow in came)
    assert rates == ["0.023", "None"], "of what the table does not name it is not known"


async def restored(ledger: Ledger, clock: ManualClock, number: int, *, took: int, looked_before: int | None) -> Run:
    run = await started(ledger, [entry(key) for key in keys(number)])
    await ledger.runs.claim(run.id, number)
    await apply(ledger, run, State.REQUESTED)
    await clock.advance(took)
    now = now_of(ledger)
    before = None if looked_before is None else now - looked_before
    await apply(ledger, run, State.AVAILABLE, expiry=int(now) + 3600, looked_before=before)
    return run


async def test_times_are_kept_by_cloud_archive_and_tier(ledger: Ledger, manual_clock: ManualClock) -> None:
    await restored(ledger, manual_clock, ENOUGH - 1, took=36_000, looked_before=300)
    assert await ledger.runs.measured(CLOUD) == {}
    await restored(ledger, manual_clock, 1, took=40_000, looked_before=300)
    seen = await ledger.runs.measured(CLOUD)
    assert set(seen) == {("GLACIER", Tier.BULK)}
    one = seen["GLACIER", Tier.BULK]
    assert (one.restores, one.shortest.total_seconds(), one.longest.total_seconds()) == (ENOUGH, 36_000, 36_900)
    assert await ledger.runs.measured(CloudId("s3", "http://127.0.0.1:9")) == {}, "another cloud's are its own"


@pytest.mark.parametrize("looked_before", [None, 30_000])
async def test_what_came_while_nobody_looked_is_not_counted(
    ledger: Ledger, manual_clock: ManualClock, looked_before: int | None
) -> None:
    await restored(ledger, manual_clock, ENOUGH, took=36_000, looked_before=looked_before)
    assert await ledger.runs.measured(CLOUD) == {}


async def test_times_outlive_their_runs(ledger: Ledger, manual_clock: ManualClock) -> None:
    run = await restored(ledger, manual_clock, ENOUGH, took=36_000, looked_before=60)
    await manual_clock.advance(10**6)
    await apply(ledger, run, State.EXPIRED)
    assert await ledger.pruner.remove([run.id]) == [run.id]
    assert await ledger.runs.flows(run.id) == []
    assert len(await ledger.runs.measured(CLOUD)) == 1


async def test_what_needs_attention_comes_first(ledger: Ledger) -> None:
    ended = int(now_of(ledger)) + 10**6
    entries = [entry(key) for key in keys(6)] + [entry("online", "STANDARD"), entry("z", in_progress=True)]
    run = await started(ledger, [*entries, entry("zz", in_progress=False, expiry=ended)])
    jobs = {job.ref.key: job for job in await jobs_in(ledger, run.id)}
    changes = {"k00001": State.AVAILABLE, "k00003": State.FAILED, "k00004": State.UNKNOWN}
    await ledger.runs.apply([JobChange(jobs[key].id, state, now_of(ledger)) for key, state in changes.items()])
    query = Query(sort="attention")

    async def shown(query: Query) -> list[str]:
        view = await ledger.runs.view(run.id, query)
        await view.wait()
        rows = view.rows(0, 20)
        assert [view.position(row.id) for row in rows] == list(range(view.count))
        await view.aclose()
        return [row.ref.key for row in rows]

    order = ["k00003", "k00004", "z", "k00001", "zz", "k00000", "k00002", "k00005", "online"]
    assert await shown(query) == order
    without = replace(query, leaves_out=frozenset({State.SKIPPED}))
    assert await shown(without) == order[:-1]
    assert [number for _, number in await ledger.runs.skips(run.id)] == [1]
