"""Some ends of the program at random instants; ``python tests/bench/kills.py`` gives it hundreds."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.bench.harness.kill_points import KINDS, THEN_KINDS, Kind
from tests.bench.kills import kill_many


@pytest.mark.timeout(180)
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
async def test_killed_and_started_again_nothing_is_lost_or_doubled(tmp_path: Path, kind: Kind) -> None:
    small = replace(kind, classes=kind.classes[:1])
    secured = KINDS.index(kind) % 2 == 1
    tally = await kill_many(
        tmp_path, 3, seed=4, objects=12, most_a_run=4, speed=60_000, kinds=[small], secured=secured
    )
    assert tally.kills >= 3
    assert bool(tally.tunnels) is secured
    assert tally.lost == []
    assert tally.doubled == []
    assert tally.differing == []
    assert tally.wrong == []


@pytest.mark.timeout(180)
@pytest.mark.parametrize("kind", THEN_KINDS, ids=lambda kind: kind.name)
async def test_killed_in_what_is_done_then_each_is_done_once(tmp_path: Path, kind: Kind) -> None:
    tally = await kill_many(tmp_path, 3, seed=7, objects=12, most_a_run=4, speed=60_000, kinds=[kind])
    assert tally.kills >= 3
    assert (tally.lost, tally.doubled, tally.differing, tally.wrong) == ([], [], [], [])
