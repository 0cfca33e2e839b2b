"""The only writer of stdout: rows for people, lines of fields for programs. Words for people go to stderr."""

import io
import os
import sys
from collections.abc import Mapping
from typing import IO, TYPE_CHECKING, Any, cast

from restoretui.commands.form import DRY_ROWS, ROWS, TABLE, Form
from restoretui.core.errors import CloudError, RestoreTuiError, UsageError
from restoretui.core.location import Location
from restoretui.core.model import ObjectRef
from restoretui.session.jsonlines.errors import error_fields
from restoretui.session.jsonlines.summaries import SUMMARIES
from restoretui.session.whole_files import WholeFile, opened
from restoretui.wording.safe import clean, crop, crop_end

if TYPE_CHECKING:
    from restoretui.commands.output.sinks import Sink


_FORMULA = frozenset("=+-@\t\r")
"""What a cell begins with that spreadsheets take for a formula, even one in quotes."""


class Streams:
    """Where one command's output goes, in its ``form``; what it says of things is in ``Output``."""

    def __init__(
        self, form: Form = TABLE, out: IO[str] | None = None, err: IO[str] | None = None, command: str = ""
    ) -> None:
        self.form = form
        self.command = command
        """As it was typed: ``ls``, ``batch show``."""
        self.row_kinds: tuple[str, ...] = ROWS.get(command, ())
        """Which lines are rows of a table or CSV: those of the first kind that comes; none: the summary alone."""
        self.names_buckets = False
        """Objects of several buckets stand in one table, so each says which it is in."""
        self._sums: dict[str, Any] = {}
        self._is_begun = self._is_over = self._is_raw = False
        self._out = out or sys.stdout
        self._err = err or sys.stderr
        self._is_terminal = self._out.isatty()
        self._file: WholeFile | None = None
        self._sink: Sink | None = None
        self._headed = ""
        self._formulas = 0
        self.left = ""
        """What an interruption leaves behind, in words; nothing for a command that sends nothing."""
        self.is_broken = False
        """An error or a signal ended it: what it printed is not whole."""
        self.words_at_end = ""
        """Said once a file that was to be written is in its place."""
        self.is_exact = form.shape == "csv"
        """Stdout holds text in a form of its own, which a sentence would spoil."""

    @property
    def as_json(self) -> bool:
        """Rows are told as lines of fields; what becomes of those is the form's affair."""
        return self.form.by_lines

    @property
    def room(self) -> int | None:
        """Cells of a line; None where nothing has to fit."""
        if not self._is_terminal or self.form.shape == "wide":
            return None
        from shutil import get_terminal_size  # for terminals alone

        return max(20, get_terminal_size().columns)

    @property
    def file(self) -> str | None:
        """Where the file lies that is written to, from the root on; None for stdout."""
        return None if self._file is None else os.path.abspath(self._file.named)  # noqa: PTH100  asks no disk

    # --- for people --------------------------------------------------------------------------------------------

    def say(self, text: str) -> None:
        """One line on stderr, unless nothing is to be said."""
        if not self.form.quiet:
            self.tell(text)

    def tell(self, text: str) -> None:
        """One line on stderr, in any case."""
        print(clean(text), file=self._err, flush=True)

    def error(self, error: RestoreTuiError) -> None:
        """What went wrong and what to do next, on stderr; with JSON also as a line on stdout."""
        if self.form.is_json:
            self.line("error", error_fields(error))
        details = ""
        if isinstance(error, CloudError) and (error.code or error.request_id):
            code = "" if error.code in str(error) else error.code
            known = [code, f"request id {error.request_id}" if error.request_id else ""]
            told = ", ".join(part for part in known if part)
            details = f" ({told})" if told else ""
        self.tell(f"restoretui: {error}{details}")
        if error.hint:
            self.tell(f"  {error.hint}")

    def text(self, line: str) -> None:
        """One line of a table, within the terminal's width; its cells are cleaned where they are made."""
        if self._is_terminal:
            room = self.room
            line = clean(line) if room is None else crop_end(line, room)
        self._write(line + "\n")

    def row(self, cells: str, name: str) -> None:
        """A row whose last cell is a name: on a terminal too narrow for it, its middle gives way."""
        room = self.room
        if room is not None and len(cells) + 8 < room:
            name = crop(name, room - len(cells))
        self.text(cells + clean(name))

    def key(self, scheme: str, ref: ObjectRef) -> str:
        """An object's name in a table: its location where there are several buckets."""
        if self.names_buckets:
            return str(Location(scheme, ref.bucket, key=ref.key, version_id=ref.version_id))
        return f"{ref.key}  {ref.version_id}" if ref.version_id else ref.key

    def flush(self) -> None:
        """Push out what is buffered."""
        if self._sink is not None:
            self._sink.flush()
        self._out.flush()

    def head(self, line: str) -> None:
        """The heading of a table, once."""
        if self._headed != line:
            self._headed = line
            self.text(line)

    # --- for programs ------------------------------------------------------------------------------------------

    def is_dry_run(self) -> None:
        """Nothing comes of it, so that its rows may be others; said before it begins."""
        self.row_kinds = DRY_ROWS.get(self.command, self.row_kinds)

    def begin(self) -> None:
        """From here on it ends with a summary, whatever becomes of it; a file to write to is opened."""
        self._is_begun = not self.is_exact or self.form.target is None
        if self.form.columns:
            from restoretui.commands.output.sinks import check_columns

            check_columns(self.command, self.form.columns, self.row_kinds)
        if self.form.target is not None:
            target = self.form.target
            self._file = opened(target, lambda: self.say(f"waiting for somebody to read {clean(target)}"))
            if self._file is not None:
                self._is_terminal = self._file.is_terminal
        self._is_begun = True  # Only now: what was to be CSV in a file leaves stdout empty if that cannot be opened.

    def line(self, kind: str, fields: Mapping[str, Any]) -> None:
        """One line of fields; not the summary, which comes last by itself."""
        self._is_begun = True
        self._lines().line(kind, fields)

    def _lines(self) -> "Sink":
        if self._sink is None:
            from restoretui.commands.output import sinks

            if self.form.shape == "jsonl":
                self._sink = sinks.LineSink(self._print)
            elif self.form.shape == "json":
                self._sink = sinks.ArraySink(self._print)
            elif self.form.shape == "csv":
                self._sink = sinks.CsvRows(self.form, (self.command, self.row_kinds), self._exact, self.cell)
            else:
                self._sink = sinks.TableRows(
                    self.form, (self.command, self.row_kinds), lambda line: self.text(line[:-1])
                )
        return self._sink

    def summary(self, fields: Mapping[str, Any]) -> None:
        """What the last line of all is to say, for programs only; the rest of it is 0 or empty."""
        self._sums |= fields
        self.flush()

    def end(self, code: int) -> None:
        """Write the summary, once, and put a file in its place: whole, or as JSON with the error in it."""
        if not self._is_begun or self._is_over:
            return
        self._is_over = True
        if self.form.is_json or (self.form.by_lines and not self._is_raw):
            told = {"command": self.command, "exit_code": int(code)}
            lines = self._lines()
            lines.line("summary", told | dict(SUMMARIES.get(self.command, {})) | self._sums)
            lines.end()
        if self._file is not None:
            kept = self.form.is_json or not self.is_broken
            if self._file.close(kept=kept) and self.words_at_end:
                self.say(self.words_at_end)
        if self._formulas:
            cells = "1 cell begins" if self._formulas == 1 else f"{self._formulas:,} cells begin"
            self.say(f"{cells} as a formula does (= + - @): a spreadsheet has to import its column as text")

    def cell(self, value: str) -> str:
        """A value of CSV: as it is, and spelled out where it would go to a terminal."""
        if self._is_terminal:
            return clean(value)
        if value[:1] in _FORMULA:
            self._formulas += 1
        return value

    def raw(self, text: str) -> None:
        """Exactly this, in UTF-8 whatever the locale; on a terminal the same lines with nothing in them that acts."""
        self.is_exact = self._is_raw = True
        self._exact(text)

    def check_takes_bytes(self, what: str) -> None:
        """``UsageError`` where somebody would see it: ``what`` is no text."""
        if self._is_terminal:
            raise UsageError(f"{what} is no text that a terminal shows", "name a file: -o FILE")

    def raw_bytes(self, data: bytes) -> None:
        """Exactly this, which is no text."""
        self.is_exact = self._is_raw = True
        if self._file is not None:
            self._file.put_bytes(data)
        else:
            self._out.flush()
            cast("io.TextIOWrapper", self._out).buffer.write(data)

    def _exact(self, text: str) -> None:
        if self._is_terminal:
            for line in text.splitlines(keepends=True):
                self._write(clean(line.rstrip("\r\n")) + ("\n" if line.endswith("\n") else ""))
        elif self._file is None and isinstance(self._out, io.TextIOWrapper):
            self._out.flush()
            self._out.buffer.write(text.encode("utf-8", "backslashreplace"))
        else:
            self._write(text)

    def _print(self, text: str) -> None:
        """JSON is ASCII; on a terminal there is nothing in it that acts."""
        self._write(text)

    def _write(self, text: str) -> None:
        if self._file is not None:
            self._file.put(text)
        else:
            self._out.write(text)
