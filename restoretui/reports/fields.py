"""A report as fields: a line of JSON, and the row that spreadsheets and data frames get."""

from typing import Any

from restoretui.reports.forms import COLUMNS
from restoretui.session.jsonlines.line import cell_of, end_of, known, line_of, plain
from restoretui.session.jsonlines.runs import cause_fields, progress_fields, run_fields
from restoretui.session.jsonlines.sums import volume_fields
from restoretui.session.report.report import RunReport, ToolReading
from restoretui.wording.command_line import command_line, command_lines


def row_of(made: RunReport) -> dict[str, Any]:
    """``COLUMNS`` of a report; None where a value is not known."""
    line = plain(line_of("report", report_fields(made)))
    return {name: cell_of(line, name) for name in COLUMNS}


def report_fields(made: RunReport) -> dict[str, Any]:
    """The line of a report: a run's, and what is known besides."""
    sums = made.sums
    took = None
    if sums.took is not None:
        took = {"objects": sums.took.objects, "least": sums.took.least, "median": sums.took.median}
        took |= {"most": sums.took.most}
    return {
        **run_fields(made.run, made.looks_cost),
        "as_of": made.as_of, "made_at": made.made_at,
        "locations": [str(place) for place in made.places],
        "classes": {name or "not told": volume_fields(volume) for name, volume in sums.classes.items()},
        "progress": known(progress_fields(made.goes)),
        "took_seconds": took,
        "first_end_at": end_of(sums.first_end), "last_end_at": end_of(sums.last_end),
        "causes": [cause_fields(cause) for cause in made.causes],
        "reading": [_reading(one) for one in made.readings],
        "command_line": command_lines(made.commands) or None,
    }  # fmt: skip


def _reading(one: ToolReading) -> dict[str, str]:
    text = one.code if one.command is None else command_line(one.command)
    return {"tool": one.tool, "location": str(one.place), "text": text}
