"""The real SDK, pointed at a sandbox."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import aioboto3
import pytest
from aiobotocore.config import AioConfig
from restoretui.sandbox import RunningSandbox

Connect = Callable[..., Awaitable[Any]]
ONCE = AioConfig(retries={"mode": "standard", "total_max_attempts": 1}, read_timeout=20)


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    """``await connect(running)`` gives an S3 client that sends each request once."""
    async with AsyncExitStack() as stack:
        session = aioboto3.Session()

        async def make(running: RunningSandbox, service: str = "s3", **changes: Any) -> Any:
            options: dict[str, Any] = {**running.client_options, "config": ONCE, **changes}
            return await stack.enter_async_context(session.client(service, **options))

        yield make
