"""Lines on their way out: as JSON lines, as one JSON array, as rows of CSV or of a table."""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from restoretui.commands.form import CSV, WIDE, Form
from restoretui.core.errors import UsageError
from restoretui.session.jsonlines.line import cell_of, cell_text, json_line, line_of, plain
from restoretui.wording import format as words
from restoretui.wording.safe import clean, width

Write = Callable[[str], None]
"""Takes a line, or several, each with its end."""
GATHERED = 256
"""Rows of a table whose widths are looked at before the first is printed; later ones may be wider."""


class Sink(Protocol):
    """Takes lines of fields."""

    def line(self, kind: str, fields: Mapping[str, Any]) -> None:
        """One line of a command; raises what its stream raises: ``ReaderGone``, ``OutputLost``."""
        ...

    def flush(self) -> None:
        """Nothing is kept back any more."""

    def end(self) -> None:
        """There was no more."""


class LineSink:
    """One a line."""

    def __init__(self, write: Write) -> None:
        self._write = write

    def line(self, kind: str, fields: Mapping[str, Any]) -> None:
        self._write(json_line(kind, fields) + "\n")

    def flush(self) -> None:
        """Nothing is kept back: each line is written as it comes."""

    def end(self) -> None:
        pass


class ArraySink:
    """All of them in one document."""

    def __init__(self, write: Write) -> None:
        self._write = write
        self._before = "[\n"

    def line(self, kind: str, fields: Mapping[str, Any]) -> None:
        self._write(self._before + json_line(kind, fields))
        self._before = ",\n"

    def flush(self) -> None:
        pass

    def end(self) -> None:
        self._write("[]\n" if self._before.startswith("[") else "\n]\n")


class RowSink:
    """Of the lines, those that are a command's rows, by their columns."""

    def __init__(
        self, of: tuple[str, Sequence[str]], columns: Sequence[str], usual: Mapping[str, Sequence[str]]
    ) -> None:
        """``of``: the command, and which kinds of its lines are rows."""
        self._command, self._kinds = of
        self._asked = columns
        self._usual = usual
        self._kind: str | None = None
        self.columns: Sequence[str] = ()

    def line(self, kind: str, fields: Mapping[str, Any]) -> None:
        """A row of another kind than the first one is none."""
        if self._kind is None and (kind in self._kinds or (kind == "summary" and not self._kinds)):
            self._begin(kind, fields)
        if kind == self._kind:
            line = plain(line_of(kind, fields))
            self.row([cell_of(line, name) for name in self.columns])

    def _begin(self, kind: str, fields: Mapping[str, Any]) -> None:
        self._kind = kind
        own = self._usual.get(f"{self._command} {kind}") or self._usual.get(kind) or _scalars(fields)
        self.columns = self._checked(kind) if self._asked else own
        self.begin()

    def end(self) -> None:
        """Without a row there are names all the same."""
        if self._kind is None and self._kinds:
            self._begin(self._kinds[0], {})
        self.flush()

    def flush(self) -> None:
        """Nothing is kept back any more."""

    def _checked(self, kind: str) -> Sequence[str]:
        check_columns(self._command, self._asked, [kind])
        return self._asked

    def begin(self) -> None:
        """The columns are known."""

    def row(self, values: Sequence[Any]) -> None:
        """One of them."""
        raise NotImplementedError


class CsvRows(RowSink):
    """RFC 4180, its first line the names. What is not known is empty, a list has spaces between."""

    def __init__(self, form: Form, of: tuple[str, Sequence[str]], write: Write, cell: Callable[[str], str]) -> None:
        super().__init__(of, form.columns, CSV)
        self._write = write
        self._cell = cell
        self._buffer = io.StringIO()
        self._table = csv.writer(self._buffer, lineterminator="\r\n")

    def begin(self) -> None:
        """Writes the header."""
        self.row(self.columns)

    def row(self, values: Sequence[Any]) -> None:
        """Buffered: about 64 Ki characters are written at a time, the rest by ``flush``."""
        self._table.writerow([self._cell(cell_text(value)) for value in values])
        if self._buffer.tell() > 1 << 16:
            self.flush()

    def flush(self) -> None:
        self._write(self._buffer.getvalue())
        self._buffer.seek(0)
        self._buffer.truncate()


class TableRows(RowSink):
    """For people: sizes, counts and times as they read them."""

    def __init__(self, form: Form, of: tuple[str, Sequence[str]], write: Write) -> None:
        super().__init__(of, form.columns, WIDE)
        self._write = write
        self._kept: list[Sequence[str]] = []
        self._widths: list[int] = []

    def row(self, values: Sequence[Any]) -> None:
        """Buffered until ``GATHERED`` rows are there, from which the columns' widths are taken."""
        self._kept.append([_shown(name, value) for name, value in zip(self.columns, values, strict=True)])
        if len(self._kept) >= GATHERED:
            self.flush()

    def flush(self) -> None:
        if not self._kept:
            return
        if not self._widths:
            heads = [name.upper().replace("_", " ").replace(".", " ") for name in self.columns]
            self._kept.insert(0, heads)
            self._widths = [max(width(row[at]) for row in self._kept) for at in range(len(heads))]
        for row in self._kept:
            self._write(self._line(row) + "\n")
        self._kept.clear()

    def _line(self, row: Sequence[str]) -> str:
        cells = []
        for name, text, cells_wide in zip(self.columns, row, self._widths, strict=True):
            padding = " " * (cells_wide - width(text))
            cells.append(padding + text if _is_number(name) else text + padding)
        return "  ".join(cells).rstrip()


def check_columns(command: str, names: Sequence[str], kinds: Sequence[str]) -> None:
    """``UsageError`` for a name that no row of the command can have."""
    from restoretui.session.jsonlines.kinds import words_of

    kinds = kinds or ("summary",)
    known = list(dict.fromkeys(word for kind in kinds for word in words_of(command, kind)))
    for name in names:
        if name.partition(".")[0] not in known:
            raise UsageError(f"there is no column {name!r} in rows of {command}", f"there are {', '.join(known)}")


def _scalars(fields: Mapping[str, Any]) -> list[str]:
    return [name for name, value in fields.items() if not isinstance(value, list | dict)]


def _shown(name: str, value: Any) -> str:
    last = name.rpartition(".")[2]
    if value is None:
        return ""
    if last == "size" or last.endswith("_bytes"):
        return words.size(value)
    if isinstance(value, str) and value.endswith("Z") and (last.endswith("_at") or last in _INSTANTS):
        return words.instant(datetime.fromisoformat(value))
    if isinstance(value, int) and not isinstance(value, bool) and last not in _IDS:
        return f"{value:,}"
    return clean(cell_text(value))


_INSTANTS = ("at", "as_of", "expiry", "expiry_not_before")
_IDS = ("run", "http_status", "exit_code", "priority", "schema")


def _is_number(name: str) -> bool:
    from restoretui.session.jsonlines.words import WORDS

    term = WORDS.get(name.rpartition(".")[2])
    return term is not None and term.shape.get("type") in ("integer", "number")
