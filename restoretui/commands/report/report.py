"""``restoretui report``."""

import asyncio

from restoretui.commands.output import Output
from restoretui.config.settings import Settings
from restoretui.core.errors import ExitCode
from restoretui.reports.fields import report_fields
from restoretui.reports.forms import BINARY, PAGES
from restoretui.reports.pages import headline
from restoretui.reports.saving import parquet, text_of
from restoretui.session.report.report import report_of
from restoretui.session.session import open_session


async def report(settings: Settings, output: Output, name: str, form: str | None) -> ExitCode:
    """A run for whoever it is handed to, from the ledger alone: a page, Parquet, or fields where the form is None.

    Quiet about how it is written; with ``-o`` it says where.
    """
    if form == BINARY:
        output.check_takes_bytes("Parquet")
    async with open_session(settings) as session:
        run = await session.run_views.find_run(name)
        made = await report_of(session, run)
    if form == BINARY:
        output.raw_bytes(await asyncio.to_thread(parquet, made))
    elif form in PAGES:
        output.raw(text_of(made, form))
    else:
        output.line("report", report_fields(made))
    output.summary({"runs": [run.id], "file": output.file})
    output.words_at_end = f"run {run.id}: {headline(made).lower()}; report written to {output.file}"
    return ExitCode.DONE
