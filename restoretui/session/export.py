"""A run's objects, with what became of each, as CSV or JSON lines; a job's completion report as CSV."""

import csv
import io
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from restoretui.core.errors import UsageError
from restoretui.core.model import ObjectRef, State
from restoretui.core.rules.clouds import cloud_with_jobs
from restoretui.ledger import Ledger
from restoretui.ledger.records import EVERYTHING, Query
from restoretui.ledger.run_records import Run
from restoretui.session.jsonlines.line import where
from restoretui.session.jsonlines.objects import job_fields
from restoretui.session.rows.jobs import JobLines, windows

if TYPE_CHECKING:
    from restoretui.core.batch.jobs import ReportRow
    from restoretui.session.output_files import Target

Form = Literal["csv", "json"]
_COLUMNS = (
    "location", "bucket", "key", "version_id", "size", "storage_class", "state", "expiry", "tier", "run", "reason",
    "code", "request_id", "action", "requested_at", "available_at", "changed_at",
)  # fmt: skip

REPORT_COLUMNS = ("location", "key", "version_id", "state", "http_status", "code", "reason")


async def export_chunks(
    ledger: Ledger, run: Run, form: Form, spelled: Callable[[str], str] | None = None, query: Query = EVERYTHING
) -> AsyncIterator[str]:
    """The run's objects that ``query`` lets through, as text, some rows at a time.

    Exact, unless ``spelled`` makes each cell fit to be seen.
    """
    view = await ledger.runs.view(run.id, query)
    try:
        await view.wait()
        if form == "json":
            lines = JobLines(run.cloud.scheme, run)
            async for rows in windows(view):
                yield "\n".join((*lines(rows), ""))
            return
        buffer = io.StringIO()
        table = csv.writer(buffer, lineterminator="\r\n")
        table.writerow(_COLUMNS)
        async for rows in windows(view):
            for row in rows:
                fields = _spelled(job_fields(run.cloud.scheme, run, row), spelled)
                table.writerow([fields[name] for name in _COLUMNS])
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
        yield buffer.getvalue()
    finally:
        await view.aclose()


def _spelled(fields: dict[str, Any], spelled: Callable[[str], str] | None) -> dict[str, Any]:
    if spelled is None:
        return fields
    return {name: spelled(value) if isinstance(value, str) else value for name, value in fields.items()}


async def write_export(
    ledger: Ledger,
    run: Run,
    form: Form,
    target: Path,
    spelled: Callable[[str], str] | None = None,
    query: Query = EVERYTHING,
) -> None:
    """Write those objects to ``target`` (``output_files.open_target``); ``spelled`` is for one that is a terminal."""
    from restoretui.session.output_files import open_target

    async with open_target(target) as file:
        _check_terminal(file, target, spelled)
        async for chunk in export_chunks(ledger, run, form, spelled if file.is_terminal else None, query):
            await file.write(chunk.replace("\r\n", "\n") if file.is_terminal else chunk)


def _check_terminal(file: "Target", target: Path, spelled: Callable[[str], str] | None) -> None:
    """``UsageError`` for a terminal on which nobody would spell out what acts there; it may have screens on it."""
    if file.is_terminal and spelled is None:
        raise UsageError(f"{target} is a terminal", "choose a file")


async def write_report(parts: AsyncIterator[Sequence["ReportRow"]], target: Path) -> int:
    """Write a completion report to ``target`` (``output_files.open_target``) as it comes; how many tasks it has."""
    from restoretui.session.output_files import open_target

    tasks = 0
    buffer = io.StringIO()
    table = csv.DictWriter(buffer, REPORT_COLUMNS, extrasaction="ignore", lineterminator="\r\n")
    table.writeheader()
    async with open_target(target) as file:
        _check_terminal(file, target, None)
        async for rows in parts:
            tasks += len(rows)
            table.writerows(
                {
                    **where(cloud_with_jobs().scheme, ObjectRef(row.bucket, row.key, row.version_id)),
                    "state": State.REQUESTED if row.succeeded else State.FAILED, "http_status": row.status,
                    "code": row.code, "reason": row.message,
                }
                for row in rows
            )  # fmt: skip
            await file.write(buffer.getvalue())
            buffer.seek(0)
            buffer.truncate()
        await file.write(buffer.getvalue())
    return tasks
