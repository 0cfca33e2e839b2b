"""A table of any size without a ledger, a driver that keeps its bytes, and walks through the whole app."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import pytest
from textual.app import App, ComposeResult
from textual.drivers.headless_driver import HeadlessDriver
from textual.pilot import Pilot

from restoretui.config.settings import Settings
from restoretui.core.clock import ManualClock
from restoretui.core.filter.completion import Present
from restoretui.core.location import parse_location
from restoretui.sandbox import RunningSandbox
from restoretui.session.session import Session, open_session
from restoretui.tui.app import RestoreApp
from restoretui.tui.browse.pane import BrowsePane
from restoretui.tui.dialogs.dialog import Dialog
from restoretui.tui.terminal.control_filter import ControlFilter
from restoretui.tui.terminal.pacing import Pacer
from restoretui.tui.widgets.notice import Notice
from restoretui.tui.widgets.table import events as table_events
from restoretui.tui.widgets.table.columns import Column, cell
from restoretui.tui.widgets.table.live_table import LiveTable
from tests.conftest import StartSandbox
from tests.settling import has_acted
from tests.tui.quick_pilot import drawn, hasten

PATIENCE_S = 20.0
BRIEFLY = 60
"""Turns of the clock, in a wait, that take no time of the machine."""
SLOWER_S = 0.002
"""Of the machine, for each turn after those."""


@pytest.fixture(autouse=True)
def quick_pilot(monkeypatch: pytest.MonkeyPatch) -> None:
    hasten(monkeypatch)


class FakeRow(NamedTuple):
    id: int
    key: str
    state: str
    marked: bool = False


class FakeView:
    """``rows`` ids in an order, with states that can be changed; counts how often it is read."""

    complete = True

    def __init__(self, count: int, key: Callable[[int], str] = "prefix/key-{:07d}".format) -> None:
        self.order: range | list[int] = range(count)
        self.states: dict[int, str] = {}
        self.marks: set[int] = set()
        self.key = key
        self.rows_read = 0

    @property
    def count(self) -> int:
        return len(self.order)

    def row(self, row_id: int) -> FakeRow:
        return FakeRow(row_id, self.key(row_id), self.states.get(row_id, "archived"), row_id in self.marks)

    def rows(self, start: int, n: int) -> list[FakeRow]:
        chosen = self.order[start : start + n]
        self.rows_read += len(chosen)
        return [self.row(row_id) for row_id in chosen]

    def position(self, row_id: int) -> int | None:
        if isinstance(self.order, range):
            return row_id if row_id in self.order else None
        return self.order.index(row_id) if row_id in self.order else None

    def row_id(self, position: int) -> int | None:
        return self.order[position] if 0 <= position < len(self.order) else None

    async def wait(self) -> None: ...

    async def present(self) -> Present:
        return Present()

    async def aclose(self) -> None: ...


COLUMNS = [
    Column[FakeRow]("mark", "", 1, lambda row, n: cell("●" if row.marked else "", n, "mark"), keep=9),
    Column[FakeRow]("state", "State", 10, lambda row, n: cell(row.state, n, "busy"), keep=8, sort="state"),
    Column[FakeRow]("key", "Key", 16, lambda row, n: cell(row.key, n), keep=10, grows=True, sort="key"),
    Column[FakeRow](
        "size", "Size", 8, lambda row, n: cell(str(row.id), n, right=True), keep=5, right=True, sort="size"
    ),
    Column[FakeRow]("class", "Class", 12, lambda row, n: cell("GLACIER", n), keep=3),
    Column[FakeRow]("date", "Modified", 10, lambda row, n: cell("2020-01-01", n), keep=4),
]


class Tape(HeadlessDriver):
    """What would go to the terminal."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.written: list[str] = []
        self.probes = 0

    @property
    def is_headless(self) -> bool:
        return False

    def write(self, data: str) -> None:
        self.written.append(data)

    def take(self) -> str:
        text = "".join(self.written)
        self.written.clear()
        return text


class TableApp(App[None]):
    """One live table, and what happened in it."""

    ENABLE_COMMAND_PALETTE = False

    def __init__(self, view: FakeView) -> None:
        super().__init__(driver_class=Tape)
        self.pacer = Pacer(self.call_later, self.probe)
        self.table: LiveTable[FakeRow] = LiveTable(COLUMNS, self.pacer, marking=True, placeholder="nothing here")
        self.shown = view
        self.events: list[table_events.TableEvent] = []
        self.answers = True

    @property
    def tape(self) -> Tape:
        assert isinstance(self._driver, Tape)
        return self._driver

    def compose(self) -> ComposeResult:
        yield self.table

    def on_mount(self) -> None:
        self.table.set_view(self.shown)
        self.table.focus()

    def get_line_filters(self) -> list:  # type: ignore[type-arg]
        return [*super().get_line_filters(), self.scrub]

    scrub = ControlFilter()

    def probe(self) -> bool:
        self.tape.probes += 1
        if self.answers:
            self.call_after_refresh(self.pacer.answered)
        return True

    def line(self, y: int) -> str:
        """The text of one line on screen."""
        return "".join(segment.text for segment in self.table.render_line(y)).rstrip()

    def screen_text(self) -> list[str]:
        return [self.line(y) for y in range(self.table.size.height)]


for _event in (table_events.Opened, table_events.MarkToggled, table_events.RangeMarked, table_events.SortChosen):

    def _keep(self: TableApp, event: table_events.TableEvent) -> None:
        self.events.append(event)

    setattr(TableApp, _event.handler_name, _keep)


@pytest.fixture
def fake_view() -> type[FakeView]:
    return FakeView


class MakeTableApp(Protocol):
    """What the fixture ``table_app`` is."""

    def __call__(self, view: FakeView | None = None, count: int = 0) -> TableApp: ...


@pytest.fixture
def table_app() -> MakeTableApp:
    return lambda view=None, count=0: TableApp(view or FakeView(count))


class Walk:
    """A walk through the real app on a real session and a sandbox whose clock only the test turns."""

    def __init__(self, app: "RestoreApp", pilot: "Pilot[int]", sandbox: "RunningSandbox") -> None:
        self.app, self.pilot, self.sandbox = app, pilot, sandbox
        notice = app.main.query_one(Notice)
        self.told: list[str] = [notice.text] if notice.text else []
        """Everything the notice line ever said."""
        say = notice.tell

        def tell(level: Any, text: str, hint: str = "", **more: Any) -> None:
            self.told.append(text)
            say(level, text, hint, **more)

        notice.tell = tell  # type: ignore[method-assign]

    @property
    def clock(self) -> ManualClock:
        """The sandbox's, to turn."""
        clock = self.sandbox.clock
        assert isinstance(clock, ManualClock)
        return clock

    @property
    def session(self) -> Session:
        """The app's, which is open."""
        session = self.app.session
        assert session is not None
        return session

    async def until(self, true: Callable[[], object], rounds: int = 400) -> None:
        """Turn loop and clock, a little at a time, until something holds; the machine may take its time over each."""
        patience, turned = time.monotonic() + PATIENCE_S, 0
        while not true():
            rounds, turned = rounds - 1, turned + 1
            if rounds < 0 and time.monotonic() > patience:
                break
            if turned > BRIEFLY:
                # What is waited for hangs on a timer of the machine: hours must not go by in the cloud meanwhile.
                await asyncio.sleep(SLOWER_S)
            await self.clock.advance(0.3, settle=5)
            await drawn(self.app)
        else:
            return
        raise AssertionError(f"never came true; notice: {self.notice!r}\n" + "\n".join(self.lines()))

    async def press(self, *keys: str) -> None:
        """Each once what the last one did is on screen: a key is an answer only to what could be seen."""
        for key in keys:
            await self.pilot.press(key)
            await self.until(lambda: has_acted(self.app.key_queue))
            await drawn(self.app)

    async def reads(self) -> None:
        """Until the dialog on top has painted what it asks about: an earlier key is not taken for an answer."""
        await self.until(lambda: not isinstance(self.app.screen, Dialog) or self.app.screen.is_painted)

    async def confirm(self) -> None:
        """Enter twice, as somebody who has read what is asked: once to the button, once on it."""
        for _ in range(2):
            await self.reads()
            await self.press("enter")

    async def sees(self, *texts: str) -> None:
        """Until all of it is on screen."""
        await self.until(lambda: all(text in self.text for text in texts))

    async def hours(self, hours: float) -> None:
        """Let cloud time pass."""
        for _ in range(round(hours * 2)):
            await self.clock.advance(1800, settle=1)
            await drawn(self.app)

    def lines(self) -> list[str]:
        """What the terminal shows, line by line."""
        width, height = self.app.size
        strips = self.app.screen._compositor.render_strips()
        return ["".join(segment.text for segment in strip)[:width].rstrip() for strip in strips[:height]]

    @property
    def text(self) -> str:
        return "\n".join(self.lines())

    @property
    def notice(self) -> str:
        return self.app.main.query_one(Notice).text

    @property
    def tape(self) -> Tape:
        """What went to the terminal; only with ``taped=True``."""
        assert isinstance(self.app._driver, Tape)
        return self.app._driver

    @property
    def footer(self) -> str:
        return self.lines()[-1]

    def posts(self) -> int:
        """Restore requests the cloud was sent."""
        return self.sandbox.stats.requests.get("RestoreObject", 0)

    async def settled(self) -> None:
        """Until a listing is shown whole."""
        source = self.app.main.query_one(BrowsePane).source
        await self.until(lambda: source.listing is not None and source.listing.ended_at is not None)
        await self.pilot.pause()


class StartWalk(Protocol):
    """What the fixture ``walk`` is: ``settings`` are fields of ``Settings``."""

    def __call__(
        self,
        location: str | None = None,
        *,
        size: tuple[int, int] = (100, 30),
        world: dict[str, Any] | None = None,
        env: dict[str, str] | None = None,
        running: RunningSandbox | None = None,
        opens: bool = True,
        taped: bool = False,
        **settings: Any,
    ) -> AbstractAsyncContextManager[Walk]: ...


@pytest.fixture
def walk(sandbox: StartSandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StartWalk:
    """``async with walk("s3://bucket/prefix/") as on:``; keyword arguments go to the sandbox, or to ``Settings``."""

    @asynccontextmanager
    async def start(
        location: str | None = None,
        *,
        size: tuple[int, int] = (100, 30),
        world: dict[str, Any] | None = None,
        env: dict[str, str] | None = None,
        running: RunningSandbox | None = None,
        opens: bool = True,
        taped: bool = False,
        **settings: Any,
    ) -> AsyncIterator[Walk]:
        running = running or await sandbox(**(world or {}))
        for name, value in {**running.env, **(env or {})}.items():
            monkeypatch.setenv(name, value)
        values: dict[str, Any] = {"endpoint_url": running.url, "region": "us-east-1", **settings}
        chosen = Settings(state_dir=tmp_path / "state", config_dir=tmp_path, clock=running.clock, **values)
        place = parse_location(location) if location and not location.startswith("@") else location
        driver = Tape if taped else None
        app = RestoreApp(lambda: open_session(chosen), place, settings=chosen, driver_class=driver)
        async with app.run_test(size=size, headless=not taped) as pilot:
            on = Walk(app, pilot, running)
            if opens:
                await on.until(lambda: app.session is not None)
            yield on
            app._exit = True  # as for who leaves: what is still under way then finds its screen gone

    return start
