"""A session on a sandbox with a clock the test turns."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, Protocol

import pytest

from restoretui.config.settings import Settings
from restoretui.sandbox import RunningSandbox
from restoretui.session.session import Session, open_session


class OpenSession(Protocol):
    """What the fixture ``session_on`` is: ``settings`` are fields of ``Settings``."""

    async def __call__(self, running: RunningSandbox, **settings: Any) -> Session: ...


@pytest.fixture
async def session_on(state_dir: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[OpenSession]:
    """``session = await session_on(running)``: open until the test ends, or ``await session.aclose()``."""
    opened: list[tuple[AbstractAsyncContextManager[Session], Session]] = []

    async def start(running: RunningSandbox, **settings: Any) -> Session:
        for name, value in running.env.items():
            monkeypatch.setenv(name, value)
        wanted: dict[str, Any] = {
            "state_dir": state_dir,
            "endpoint_url": running.url,
            "clock": running.clock,
        } | settings
        manager = open_session(Settings(**wanted))
        session = await manager.__aenter__()
        opened.append((manager, session))
        return session

    yield start
    for manager, session in opened:
        if not session.is_closed:
            await manager.__aexit__(None, None, None)
