"""``restoretui report``."""

from typing import Any

from restoretui.commands.output import Output
from restoretui.commands.report.pages import headline, page_of
from restoretui.config.settings import Settings
from restoretui.core.errors import ExitCode
from restoretui.session.jsonlines.line import end_of, known
from restoretui.session.jsonlines.runs import cause_fields, progress_fields, run_fields
from restoretui.session.jsonlines.sums import volume_fields
from restoretui.session.report.report import RunReport, ToolReading, report_of
from restoretui.session.session import open_session
from restoretui.wording.command_line import command_line, command_lines


async def report(settings: Settings, output: Output, name: str, page: str | None) -> ExitCode:
    """A run for whoever it is handed to, from the ledger alone: a ``page`` (md, html), or fields where that is None.

    Quiet about how it is written; with ``-o`` it says where.
    """
    async with open_session(settings) as session:
        run = await session.run_views.find_run(name)
        made = await report_of(session, run)
    if page == "html":
        from restoretui.commands.report.html import html

        output.raw(html(page_of(made)))
    elif page is not None:
        from restoretui.commands.report.markdown import markdown

        output.raw(markdown(page_of(made)))
    else:
        output.line("report", report_fields(made))
    output.summary({"runs": [run.id], "file": output.file})
    output.words_at_end = f"run {run.id}: {headline(made).lower()}; report written to {output.file}"
    return ExitCode.DONE


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
