"""Copies are kept until what shall be done with them is done: extended once, as agreed to, and no longer."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from restoretui.core.errors import GuardStopped
from restoretui.core.model import State, Tier
from restoretui.core.plan.money import Amount
from restoretui.core.plan.offers import offer_of
from restoretui.core.rules.oss import OSS
from restoretui.core.rules.s3 import S3
from restoretui.core.then.keeping import KEPT, days_to_keep, is_due_at
from restoretui.core.then.said import read_steps, words_of
from restoretui.core.then.steps import ThenStep
from restoretui.engine.then import commands, runner
from restoretui.ledger.records import JobRow
from tests.conftest import StartSandbox
from tests.engine.clock_control import TurnedClock, turn
from tests.engine.conftest import OpenSession
from tests.engine.test_pursuit import choose
from tests.engine.then.doing import GLACIER, planned, tasks

EXPIRY = datetime(2026, 3, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_as_many_days_are_asked_for_as_end_it_no_later_than_agreed() -> None:
    glacier, archive, cold = S3.archives["GLACIER"], OSS.archives["Archive"], OSS.archives["ColdArchive"]
    for hours in (1, 23, 25, 40):
        now = EXPIRY - hours * HOUR
        days = days_to_keep(S3, glacier, EXPIRY, now, 3)
        assert S3.expiry_of(now, days) == EXPIRY + timedelta(days=3)
    assert days_to_keep(S3, glacier, EXPIRY + HOUR, EXPIRY - HOUR, 1) == 1
    # Sent behind midnight it would last a day longer than agreed to: another look, behind it, will do.
    assert days_to_keep(S3, glacier, EXPIRY, EXPIRY - timedelta(days=1, seconds=1), 2) == 2
    assert S3.expiry_of(EXPIRY - timedelta(days=1, seconds=-1), 2) == EXPIRY + timedelta(days=2)
    assert days_to_keep(S3, glacier, EXPIRY + HOUR, EXPIRY + HOUR / 2, 1) == 0  # Any midnight after is too late.
    assert days_to_keep(OSS, cold, EXPIRY, EXPIRY - HOUR, 9) == 9  # It adds days.
    assert days_to_keep(OSS, archive, EXPIRY, EXPIRY - HOUR, 9) == 7
    assert is_due_at(100_000.0, None, 86_400) == 13_600.0
    assert is_due_at(100_000.0, 20_000.0, 86_400) == 60_000.0
    (step,) = read_steps(["copy"], keep_days=3)
    assert words_of([step]) == ["--then", "copy", "--keep-until-done", "3"]
    assert ThenStep.from_mapping(step.kind, step.target, step.to_mapping()) == step


async def test_a_copy_whose_step_is_not_done_is_extended_once_and_another_is_not(
    sandbox: StartSandbox, session_on: OpenSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "MOST_TRIES", 10**6)
    monkeypatch.setattr(commands, "AGAIN_S", 6 * 3600.0)
    running = await sandbox(empty=True, clock=TurnedClock())
    running.cloud.add_bucket("cold")
    for key in ("quick", "slow"):
        running.cloud.put("cold", key, size=1 << 30, **GLACIER)
    session = await session_on(running)
    sel = await choose(session, "s3://cold")
    bare = await session.plan(sel, 3)
    slow = f"exec:sh -c '[ $RESTORETUI_KEY = quick ] || [ -e {tmp_path}/go ] || exit 75'"
    plan = await session.then.planned(bare, read_steps([slow], keep_days=2))
    # Two days of Standard for each GiB, and the fee of one request at its tier.
    more = plan.tiers[Tier.STANDARD].cost.total - bare.tiers[Tier.STANDARD].cost.total
    assert round(float(more), 6) == round(2 * (0.023 * 2 / 30 + 0.05 / 1000), 6)
    limit = bare.tiers[Tier.STANDARD].cost.total + more / 2
    with pytest.raises(GuardStopped, match="more than"):
        await session.spending.agree([offer_of(plan, Tier.STANDARD)], limits=[Amount(limit)])
    run = await planned(session, [slow], days=3, keep_days=2)
    session.start_engine()
    ledger = session.ledger

    async def there() -> bool:
        return (await ledger.runs.get(run.id)).counts == {State.AVAILABLE: 2}

    await turn(session.clock, there)
    ends = {copy.job_id: copy.expiry for copy in await ledger.then.ending(run.id)}
    (first,) = set(ends.values())

    def asked() -> dict[str, list[int]]:
        return {entry["key"]: entry["statuses"] for entry in running.control.restores()}

    await turn(session.clock, lambda: len(asked()["slow"]) == 2, step=1800)
    assert first - 86_400 <= session.clock.now().timestamp() < first - 80_000
    assert asked() == {"quick": [202], "slow": [202, 200]}

    rows: dict[str, JobRow] = {}

    async def is_longer() -> bool:
        view = await session.run_views.job_view(run.id)
        rows.update({row.ref.key: row for row in view.rows(0, 2)})
        await view.aclose()
        return (rows["slow"].expiry or 0) > first

    # However long that takes on a busy machine: the other copy may have ended by then.
    await turn(session.clock, is_longer)
    # At the stroke of midnight, when this clock may stand still, a day counts for less than just behind it.
    assert rows["slow"].expiry in (first + 86_400, first + 2 * 86_400)
    assert rows["quick"].expiry == first
    trail = [entry.text for entry in await ledger.activity.since(0, 50)]
    assert trail.count(KEPT) == 1
    (tmp_path / "go").touch()
    at = session.clock.now()
    await turn(session.clock, lambda: session.clock.now() > at + timedelta(days=4), step=7200)
    assert (await tasks(session, run))["exec", "slow"].state.value in ("done", "failed")
    assert asked() == {"quick": [202], "slow": [202, 200]}
