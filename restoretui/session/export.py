"""A run's objects, with what became of each, as CSV or JSON lines; a job's completion report as CSV."""

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from restoretui.core.errors import UsageError
from restoretui.core.model import ObjectRef, State
from restoretui.core.rules.clouds import cloud_with_jobs
from restoretui.ledger import Ledger
from restoretui.ledger.records import EVERYTHING, Query, View
from restoretui.ledger.run_records import Run
from restoretui.session.jsonlines.line import json_line, where
from restoretui.session.jsonlines.objects import job_fields

if TYPE_CHECKING:
    from restoretui.core.batch.jobs import ReportRow
    from restoretui.session.targets import Target

Form = Literal["csv", "json"]
WINDOW = 1000
"""Rows read from the ledger at a time."""
CHUNK = 1 << 16
_COLUMNS = (
    "location", "bucket", "key", "version_id", "size", "storage_class", "state", "expiry", "tier", "run", "reason",
    "code", "request_id", "action", "requested_at", "available_at", "changed_at",
)  # fmt: skip

REPORT_COLUMNS = ("location", "key", "version_id", "state", "http_status", "code", "reason")


async def each(view: View[Any]) -> AsyncIterator[Any]:
    """Every row of a view, a window at a time, leaving the loop free in between."""
    at = 0
    while rows := view.rows(at, WINDOW):
        for row in rows:
            yield row
        at += len(rows)
        await asyncio.sleep(0)


async def export_chunks(
    ledger: Ledger, run: Run, form: Form, spelled: Callable[[str], str] | None = None, query: Query = EVERYTHING
) -> AsyncIterator[str]:
    """The run's objects that ``query`` lets through, as text, some rows at a time.

    Exact, unless ``spelled`` makes each cell fit to be seen.
    """
    buffer = io.StringIO()
    table = csv.DictWriter(buffer, _COLUMNS, extrasaction="ignore", lineterminator="\r\n")
    if form == "csv":
        table.writeheader()
    view = await ledger.runs.view(run.id, query)
    try:
        await view.wait()
        async for row in each(view):
            fields = job_fields(run.cloud.scheme, run, row)
            if form == "csv":
                table.writerow(_spelled(fields, spelled))
            else:
                buffer.write(json_line("object", fields) + "\n")
            if buffer.tell() > CHUNK:
                yield buffer.getvalue()
                buffer.seek(0)
                buffer.truncate()
    finally:
        await view.aclose()
    yield buffer.getvalue()


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
    """Write those objects to ``target`` (``targets.open_target``); ``spelled`` is for one that is a terminal."""
    from restoretui.session.targets import open_target

    async with open_target(target) as file:
        _check_terminal(file, target, spelled)
        async for chunk in export_chunks(ledger, run, form, spelled if file.is_terminal else None, query):
            await file.write(chunk.replace("\r\n", "\n") if file.is_terminal else chunk)


def _check_terminal(file: "Target", target: Path, spelled: Callable[[str], str] | None) -> None:
    """``UsageError`` for a terminal on which nobody would spell out what acts there; it may have screens on it."""
    if file.is_terminal and spelled is None:
        raise UsageError(f"{target} is a terminal", "choose a file")


async def write_report(parts: AsyncIterator[Sequence["ReportRow"]], target: Path) -> int:
    """Write a completion report to ``target`` (``targets.open_target``) as it comes; how many tasks it has."""
    from restoretui.session.targets import open_target

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
