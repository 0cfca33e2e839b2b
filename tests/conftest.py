"""Fixtures that every part of the suite may use."""

import asyncio
import gc
import os
import signal
import sys
import tempfile
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Protocol

import pytest
from blockbuster import blockbuster_ctx
from hypothesis import HealthCheck, settings

from restoretui.core.clock import EPOCH, Clock, ManualClock
from restoretui.sandbox import RunningSandbox, SandboxOptions, serve
from tests.cli import forkserver

if os.environ.pop("PYTHONDONTWRITEBYTECODE", ""):
    # Else each worker, and each of hundreds of programs that are started, would compile everything anew.
    os.environ.setdefault("PYTHONPYCACHEPREFIX", f"{tempfile.gettempdir()}/restoretui-bytecode-{os.getuid()}")

# A slow machine is no counter-example.
settings.register_profile("restoretui", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("restoretui")


LENGTHY = (
    "test_soak.py", "test_kills.py", "e2e/", "cli/clouds/test_oss.py", "cli/spending/test_selectors.py",
    "test_crashes.py", "cli/",
)  # fmt: skip
"""In this order."""


# A worker holds hundreds of thousands of objects for good: walking them took a twentieth of the time.
gc.set_threshold(20_000, 10, 10)


def pytest_collection_finish() -> None:
    gc.collect()
    gc.freeze()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The lengthy first: a long one begun last would be waited for by all.

    They mostly wait, and the others compute. So where several run at a time, each given an equal piece of the list,
    half of them begin with the lengthy and half with the others; whoever is done takes from the ends of the rest.
    """

    def rank(item: pytest.Item) -> int:
        return next((at for at, part in enumerate(LENGTHY) if f"/{part}" in item.path.as_posix()), len(LENGTHY))

    workers = int(getattr(config, "workerinput", {}).get("workercount", 1))
    half, piece = max(1, workers // 2), -(-len(items) // workers)
    lengthy = sorted((item for item in items if rank(item) < len(LENGTHY)), key=rank)
    others = deque(item for item in items if rank(item) == len(LENGTHY))
    ordered: list[pytest.Item] = []
    for at in range(workers):
        mine = lengthy[at::half] if at < half else []
        ordered += mine
        ordered += [others.popleft() for _ in range(min(len(others), piece - len(mine)))]
    items[:] = [*ordered, *others]


DAYS = {
    "the epoch": (EPOCH, "UTC"),
    "a day on": (EPOCH + timedelta(days=1), "UTC"),
    "33 days on": (EPOCH + timedelta(days=33), "UTC"),
    "29 February": (datetime(2028, 2, 29, 12, tzinfo=UTC), "UTC"),
    "31 December": (datetime(2026, 12, 31, 23, 30, tzinfo=UTC), "UTC"),
    "Kiritimati": (EPOCH, "Pacific/Kiritimati"),
    "Los Angeles": (EPOCH, "America/Los_Angeles"),
}
"""When tests marked ``dated`` take place: the time in the world, and the time zone of the machine."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--every-day", action="store_true", help="every test that has a sandbox is a dated one")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test marked ``dated`` passes on whatever day and in whatever time zone it is run."""
    if "epoch" not in metafunc.fixturenames:
        return
    if metafunc.config.getoption("every_day") or metafunc.definition.get_closest_marker("dated"):
        metafunc.parametrize("epoch", DAYS.values(), ids=DAYS, indirect=True)


@pytest.fixture
def epoch(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[datetime]:
    """When worlds begin that this test serves. Always the same day, but for tests marked ``dated``."""
    now, zone = getattr(request, "param", (EPOCH, None))
    with monkeypatch.context() as patch:
        if zone:
            patch.setenv("TZ", zone)
            time.tzset()
        yield now
    time.tzset()


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Whatever works in the screens must work so; the commands' own loops are met by the tests of commands."""
    return {"eager": eager_loop} if sys.version_info >= (3, 12) else {"plain": asyncio.new_event_loop}


def eager_loop() -> asyncio.AbstractEventLoop:
    """A loop whose tasks begin where they are made, as Textual has it from Python 3.12 on."""
    loop = asyncio.new_event_loop()
    loop.set_task_factory(asyncio.eager_task_factory)  # type: ignore[attr-defined, unused-ignore]
    return loop


class StartSandbox(Protocol):
    """What the fixture ``sandbox`` is."""

    async def __call__(
        self,
        *,
        empty: bool = False,
        objects: int | None = 200,
        seed: int = 1,
        scenario: str | Path | None = None,
        clock: Clock | None = None,
    ) -> RunningSandbox: ...


_COUNT = count()


@pytest.fixture(scope="session", autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An empty home folder: no test sees the developer's credentials, config or ledger, nor do its subprocesses."""
    folder = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith(("AWS_", "OSS_", "RESTORETUI_", "XDG_")):
                patch.delenv(name)
        patch.setenv("HOME", str(folder))
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        yield folder


@pytest.fixture(scope="session", autouse=True)
def programs_may_lose_their_terminal() -> None:
    """Also where the tests were begun by ``nohup``, whose word all that is started would keep, too."""
    if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN:
        signal.signal(signal.SIGHUP, lambda *_: None)  # we stay; no other program inherits a handler


@pytest.fixture(scope="session", autouse=True)
def no_process_stands_by_any_more() -> Iterator[None]:
    """After the last test."""
    yield
    forkserver.close()


@pytest.fixture(autouse=True)
def state_dir(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The state folder of this test alone; not there until something makes it."""
    folder = home / f"state-{next(_COUNT)}"
    monkeypatch.setenv("RESTORETUI_STATE_DIR", str(folder))
    return folder


@pytest.fixture(autouse=True)
def never_blocking() -> Iterator[None]:
    """Whatever of ours would block an event loop raises ``BlockingError``: files, sleeps, sockets, SQLite.

    Let through: the loop that the SDK's set-up has to itself in a thread, and the ledger's reads of visible rows,
    which are quick by design.
    """
    with blockbuster_ctx("restoretui") as guard:
        for function in guard.functions.values():
            function.can_block_in("restoretui/core/blocking.py", "run")
            function.can_block_in("restoretui/ledger/store/quick_reads.py", {"rows", "close"})
            function.can_block_in("tests/bench/kills.py", "rows")  # It strikes while a request is being answered.
        yield


@pytest.fixture
def manual_clock() -> ManualClock:
    """A clock that stands still until the test turns it: ``await manual_clock.advance(seconds)``."""
    return ManualClock()


@pytest.fixture
async def sandbox(epoch: datetime) -> AsyncIterator[StartSandbox]:
    """Start simulated clouds in this event loop: ``running = await sandbox(empty=True)``.

    The clock is a ``ManualClock`` from ``epoch`` on unless another is given; ``await running.advance(seconds)``
    turns it. By default the small seeded world is served; with ``empty=True`` use ``running.cloud.add_bucket`` and
    ``.put``.
    Whatever was started is stopped after the test.
    """
    started: list[RunningSandbox] = []

    async def start(
        *,
        empty: bool = False,
        objects: int | None = 200,
        seed: int = 1,
        scenario: str | Path | None = None,
        clock: Clock | None = None,
    ) -> RunningSandbox:
        options = SandboxOptions(objects=objects, seed=seed, scenario=scenario, empty=empty)
        running = await serve(options, clock=clock or ManualClock(epoch))
        started.append(running)
        return running

    yield start
    for running in started:
        await running.aclose()
