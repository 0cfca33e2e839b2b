"""A ledger on a clock the test turns."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from restoretui.core.clock import ManualClock
from restoretui.ledger import Ledger


@pytest.fixture
async def ledger(state_dir: Path, manual_clock: ManualClock) -> AsyncIterator[Ledger]:
    """Open in a folder of its own until the test ends."""
    opened = await Ledger.open(state_dir, manual_clock)
    yield opened
    await opened.aclose()
