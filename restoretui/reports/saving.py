"""A report in the form that was said, or that a file's name says, and how it is written to a file."""

import asyncio
import csv
import io
from pathlib import Path

from restoretui.core.errors import UsageError
from restoretui.reports.fields import report_fields, row_of
from restoretui.reports.forms import BINARY, COLUMNS, ENDINGS
from restoretui.reports.pages import page_of
from restoretui.session.jsonlines.line import cell_text, json_line
from restoretui.session.output_files import open_target
from restoretui.session.report.report import RunReport


async def save(made: RunReport, target: Path) -> None:
    """Write it to ``target`` (``targets.open_target``) in the form its name says; ``UsageError`` for none."""
    form = ENDINGS.get(target.suffix.lower().removeprefix("."))
    if form is None:
        raise UsageError(
            f"{target.name} does not say in which form",
            f"let it end in .{', .'.join(dict.fromkeys(ENDINGS.values()))}",
        )
    data = await asyncio.to_thread(_bytes_of, made, form)
    async with open_target(target) as file:
        if file.is_terminal:
            raise UsageError(f"{target} is a terminal", "choose a file")
        await file.write_bytes(data)


def _bytes_of(made: RunReport, form: str) -> bytes:
    if form == BINARY:
        return parquet(made)
    return text_of(made, form).encode("utf-8", "backslashreplace")


def text_of(made: RunReport, form: str) -> str:
    """As Markdown, one HTML file, CSV with one row, or a JSON line."""
    match form:
        case "html":
            from restoretui.reports.html import html

            return html(page_of(made))
        case "csv":
            row, buffer = row_of(made), io.StringIO()
            csv.writer(buffer, lineterminator="\r\n").writerows([COLUMNS, [cell_text(row[name]) for name in COLUMNS]])
            return buffer.getvalue()
        case "json" | "jsonl":
            return json_line("report", report_fields(made)) + "\n"
    from restoretui.reports.markdown import markdown

    return markdown(page_of(made))


def parquet(made: RunReport) -> bytes:
    """One row, its columns those of the CSV with types of their own. Blocks; ``UsageError`` without the library."""
    from restoretui.reports.parquet import parquet_of

    return parquet_of(row_of(made))
