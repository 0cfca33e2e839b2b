"""What a session's connections keep of the machine."""

import gc

from tests.conftest import StartSandbox
from tests.engine.conftest import OpenSession


async def test_a_further_connection_keeps_no_garbage_for_good(sandbox: StartSandbox, session_on: OpenSession) -> None:
    """The SDK's tables are kept from the collector, but once: whatever else is there at that moment is kept, too."""
    running = await sandbox(empty=True)
    await (await session_on(running)).clouds["s3"].provider()
    kept = gc.get_freeze_count()
    await (await session_on(running)).clouds["s3"].provider()
    assert gc.get_freeze_count() <= kept
