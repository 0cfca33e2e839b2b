"""A table of any size without a ledger, and a driver that keeps the bytes it would have written."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest
from restoretui.tui.pacing import Pacer
from restoretui.tui.scrub import Scrub
from restoretui.tui.widgets import table_events
from restoretui.tui.widgets.columns import Column, cell
from restoretui.tui.widgets.live_table import LiveTable
from restoretui.tui.widgets.row_styles import COMPONENTS
from textual.app import App, ComposeResult
from textual.drivers.headless_driver import HeadlessDriver


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

    CSS = "LiveTable { " + "".join(f"& .{name} {{ color: $foreground; }} " for name in sorted(COMPONENTS)) + "}"
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

    scrub = Scrub()

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


@pytest.fixture
def table_app() -> Iterator[Callable[..., TableApp]]:
    yield lambda view=None, count=0: TableApp(view or FakeView(count))
