"""The real SDK, pointed at a sandbox."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import datetime, time, timedelta
from typing import Any, Protocol

import pytest
from aioboto3.session import Session
from aiobotocore.config import AioConfig

from restoretui.sandbox import RunningSandbox


class Connect(Protocol):
    """What the fixture ``connect`` is. The SDK's clients have no types."""

    async def __call__(self, running: RunningSandbox, service: str = "s3", **changes: Any) -> Any: ...


SandboxAndClient = tuple[RunningSandbox, Any]
"""A sandbox, and an S3 client of it."""
ONCE = AioConfig(retries={"mode": "standard", "total_max_attempts": 1}, read_timeout=20)


def next_midnight(moment: datetime) -> datetime:
    """When what ends at ``moment`` ends indeed: the next midnight UTC (FACTS 1.5)."""
    begun = datetime.combine(moment.date(), time(), moment.tzinfo)
    return begun if begun == moment else begun + timedelta(days=1)


# One for all tests: reading the service's model takes longer than most of them.
_SESSION = Session()


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    """``await connect(running)`` gives an S3 client that sends each request once."""
    async with AsyncExitStack() as stack:

        async def make(running: RunningSandbox, service: str = "s3", **changes: Any) -> Any:
            options: dict[str, Any] = {**running.client_options, "config": ONCE, **changes}
            return await stack.enter_async_context(_SESSION.client(service, **options))

        yield make
