"""A run as a page to hand over, to be read here, saved to a file or copied into a ticket."""

import asyncio
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path

from textual.app import ComposeResult
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from restoretui.reports.pages import Lines, ReportPage, Section, Table, page_of
from restoretui.reports.saving import save, text_of
from restoretui.session.report.report import RunReport
from restoretui.tui.dialogs.dialog import Dialog, Middle
from restoretui.tui.dialogs.prompts import TextPrompt
from restoretui.tui.keys import READING, REPORT
from restoretui.tui.words import said
from restoretui.wording.safe import clean, width

NAME_CELLS = 18
"""Of the names of facts; their values stand beside them, and go on below where they are long."""
LEAST_VALUE = 24
GAP = "  "


class ReportBox(Dialog[None], inherit_bindings=False):
    """What ``restoretui report`` prints, laid out for the terminal."""

    BINDINGS = [*READING.bindings(), *REPORT.bindings()]  # noqa: RUF012  Textual declares it so
    FITS_ITSELF = True

    def __init__(self, made: RunReport) -> None:
        super().__init__("Report")
        self._made = made
        self._page = page_of(made)

    def body(self) -> ComposeResult:
        with Middle(can_focus=True) as self._scroll:
            self._text = Static("", markup=False, id="report-text")
            yield self._text

    def giving(self) -> Sequence[Widget]:
        return [self._scroll]

    def on_mount(self) -> None:
        self._say()

    def on_resize(self) -> None:
        self._say()

    def _say(self) -> None:
        room = max(LEAST_VALUE, (self._scroll.size.width or self.app.size.width - 4) - 1)
        self._text.update(Content("\n").join(page_lines(self._page, room)))
        self.fit_soon()

    def action_save_report(self) -> None:
        """Asks for a name, whose ending chooses the format; the directory is the one restoretui was started in."""
        self.attempt(self._save, "save")

    async def _save(self) -> None:
        run_id = self._made.run.id
        question = f"Write the report of run {run_id} to (.md, .html, .csv, .json or .parquet)"
        name = await self.shell.push_screen_wait(TextPrompt("Save", question, f"restoretui-run-{run_id}.html"))
        if not name:
            return
        target = Path(name).expanduser()  # noqa: ASYNC240  reads a variable, not the disk
        await save(self._made, target)
        self.no_complaint()
        where = await asyncio.to_thread(target.absolute)
        self.shell.say("done", f"report of run {run_id} written to {where}")
        self.dismiss(None)

    def action_copy_report(self) -> None:
        self.attempt(self._copy, "copy")

    async def _copy(self) -> None:
        why_not = self.shell.copy_lines(await asyncio.to_thread(text_of, self._made, "md"))
        if why_not:
            self.shell.say("warning", "the report is not copied", why_not)
        else:
            self.shell.say("done", f"copied the report of run {self._made.run.id} as Markdown")
        self.dismiss(None)


def page_lines(page: ReportPage, room: int) -> Iterator[Content]:
    """The page in lines of so many cells; what is to be copied is not cut, but wrapped by whoever shows it."""
    yield said((page.title, "strong"))
    yield from _wrapped(page.lead, room, "")
    for section in page.sections:
        yield said()
        yield said((section.title, "prefix"))
        yield from _section(section, room)


def _section(section: Section, room: int) -> Iterator[Content]:
    for name, value in section.facts:
        yield from _fact(name, value, room)
    for number, table in enumerate(section.tables):
        if number or section.facts:
            yield said()
        yield from _table(table, room)
    yield from _wrapped(section.remark, room, "dim")
    for lines in section.lines:
        yield from _lines(lines, room)


def _fact(name: str, value: str, room: int) -> Iterator[Content]:
    start = f"{name:<{NAME_CELLS}}{GAP}"
    if room - len(start) < LEAST_VALUE:
        yield said((name, "dim"))
        yield from (said("  ", text) for text in textwrap.wrap(clean(value), room - 2))
        return
    first, *rest = textwrap.wrap(clean(value), room - len(start)) or [""]
    yield said((start, "dim"), first)
    yield from (said(" " * len(start), text) for text in rest)


def _table(table: Table, room: int) -> Iterator[Content]:
    rows = [[clean(cell) for cell in row] for row in table.rows]
    cells = [max(width(row[at]) for row in [list(table.heads), *rows]) for at in range(len(table.heads))]
    # What is long stands last or first, and is wrapped there; numbers are never broken.
    longest = max(range(len(cells)), key=lambda at: cells[at])
    others = sum(cells) - cells[longest] + len(GAP) * (len(cells) - 1)
    cells[longest] = max(8, min(cells[longest], room - others))
    yield said((_row(table.heads, cells), "dim"))
    for row in rows:
        parts = textwrap.wrap(row[longest], cells[longest]) or [""]
        yield said(_row([*row[:longest], parts[0], *row[longest + 1 :]], cells))
        for part in parts[1:]:
            yield said(_row([part if at == longest else "" for at in range(len(cells))], cells))


def _row(row: Sequence[str], cells: Sequence[int]) -> str:
    return GAP.join(text + " " * (room - width(text)) for text, room in zip(row, cells, strict=True)).rstrip()


def _lines(lines: Lines, room: int) -> Iterator[Content]:
    if lines.title:
        yield said((lines.title, "strong"))
    yield from _wrapped(lines.remark, room, "dim")
    yield from (said("  ", line) for line in lines.text.split("\n"))


def _wrapped(text: str, room: int, style: str) -> Iterator[Content]:
    yield from (said((line, style)) for line in textwrap.wrap(clean(text), room))
