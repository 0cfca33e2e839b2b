"""Some ends of the program at random instants; ``python tests/bench/kills.py`` gives it hundreds."""

from pathlib import Path

from tests.bench.kills import kill_many


async def test_killed_and_started_again_nothing_is_lost_or_doubled(tmp_path: Path) -> None:
    tally = await kill_many(tmp_path, 8, seed=4, objects=30, most_a_run=12, speed=60_000)
    assert tally.kills >= 8
    assert tally.lost == []
    assert tally.doubled == []
    assert tally.differing == []
    assert tally.wrong == []
