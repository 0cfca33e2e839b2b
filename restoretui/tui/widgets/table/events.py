"""Messages of a live table: what the user did in it, and what it could not read."""

from typing import Any

from textual.message import Message
from textual.widget import Widget

from restoretui.core.errors import RestoreTuiError


class TableEvent(Message):
    """Something that happened in ``table``."""

    def __init__(self, table: Widget) -> None:
        self.table = table
        super().__init__()

    @property
    def control(self) -> Widget:
        return self.table


class Moved(TableEvent):
    """The cursor stands on another row, or its row moved."""


class RowEvent(TableEvent):
    """Something about ``row``, as it was when the key was pressed."""

    def __init__(self, table: Widget, row: Any) -> None:
        super().__init__(table)
        self.row = row


class Opened(RowEvent):
    """Enter, or a double click."""


class MarkToggled(RowEvent):
    """Its mark was asked to change."""


class RangeMarked(TableEvent):
    """All rows from ``first`` to ``last`` position, both included, shall be marked."""

    def __init__(self, table: Widget, first: int, last: int) -> None:
        super().__init__(table)
        self.first, self.last = first, last


class SortChosen(TableEvent):
    """A header was clicked."""

    def __init__(self, table: Widget, sort: str) -> None:
        super().__init__(table)
        self.sort = sort


class ReadFailed(TableEvent):
    """The view could not be read; the last rows stay on screen."""

    def __init__(self, table: Widget, error: RestoreTuiError) -> None:
        super().__init__(table)
        self.error = error
