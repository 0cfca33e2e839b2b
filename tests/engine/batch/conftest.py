"""A sandbox in which jobs can be made."""

import pytest

from restoretui.sandbox import RunningSandbox
from tests.conftest import StartSandbox
from tests.engine.clock_control import TurnedClock


@pytest.fixture
async def running(sandbox: StartSandbox) -> RunningSandbox:
    running = await sandbox(empty=True, clock=TurnedClock())
    running.cloud.add_bucket("cold")
    for number in range(30):
        running.cloud.put("cold", f"g/{number:03d} ü", size=10, storage_class="GLACIER")
        running.cloud.put("cold", f"d/{number:03d}", size=10, storage_class="DEEP_ARCHIVE")
    return running
