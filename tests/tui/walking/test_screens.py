"""Whatever is pressed, and whatever the cloud and another session do meanwhile: what must hold of the screens holds.

A few short walks, the same every time. ``tests/bench/screens_walk.py`` takes long ones, others every time.
"""

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from tests.tui.walking.machine import ScreensMachine, as_settings


@pytest.mark.timeout(900)  # for shrinking; a walk takes two seconds
def test_short_walks_through_the_screens() -> None:
    run_state_machine_as_test(ScreensMachine, settings=settings(as_settings(5, 16), derandomize=True))
    assert ScreensMachine.totals["steps"] > 50
