"""Days of cloud time with faults; ``python tests/bench/soak.py`` gives it a hundred thousand objects."""

from pathlib import Path

from tests.bench.soak import soak


async def test_days_of_bad_weather_lose_and_double_nothing(state_dir: Path) -> None:
    figures = await soak(state_dir, objects=300, days=1.0, minutes=2.0)
    assert figures["intents"] >= 300
    assert figures["lost"] == 0
    assert figures["doubled"] == 0
    assert figures["ledger and cloud differ"] == 0
