"""A whole restore in bad weather of each kind; ``python tests/bench/faults.py`` has more of it."""

from pathlib import Path

import pytest

from restoretui.core.model import State
from tests.bench.faults import CASES, brave

OBJECTS = 30
BY_NAME = {case.name: case for case in CASES}


@pytest.mark.parametrize(
    ("name", "failed"),
    [
        ("slow-down", set()),
        ("server-errors", set()),
        ("half the answers lost", set()),
        ("bad-xml", set()),
        ("clock-skew for 2 h", set()),
        ("expired-credentials", set()),
        ("connection refused for 1 h", set()),
        ("looking denied for 6 h", set()),
        ("somebody else restores too", set()),
        ("copies expire", set()),
        ("access-denied", {"AccessDenied"}),
        ("no-expedited", {"GlacierExpeditedRetrievalNotAvailable"}),
        ("cancelled-restores", {"RestoreVanished"}),
        ("vanishing-objects", {"NoSuchKey", "RestoreVanished", "ClassChanged"}),
        ("drops + bad-xml + errors", set()),
    ],
)
async def test_nothing_is_lost_or_doubled(name: str, failed: set[str], state_dir: Path) -> None:
    outcome = await brave(BY_NAME[name], state_dir, OBJECTS)
    assert outcome.lost == []
    assert outcome.doubled == []
    assert set(outcome.failed) <= failed
    assert bool(outcome.failed) == bool(failed)
    assert all(outcome.reasons), "each failure has its sentence"
    if name == "access-denied":
        assert any("s3:RestoreObject" in reason for reason in outcome.reasons), "the missing IAM action is named"
        assert outcome.counts[State.AVAILABLE] > OBJECTS / 2, "the rest goes on"
    # Without Expedited capacity the rest waits for a person's decision, which the banner goes on to ask for.
    levels = ("paused",) if name == "no-expedited" else ("ok", "busy")
    assert outcome.level in levels, "the trouble is over, and so is its banner"
