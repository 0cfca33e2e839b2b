"""A run's objects, with what became of each, as CSV or JSON lines; a job's completion report as CSV."""

import asyncio
import csv
import io
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

import aiofiles

from restoretui.core.batch import ReportRow
from restoretui.core.errors import UsageError
from restoretui.core.model import ObjectRef, State
from restoretui.jsonlines import job_fields, json_line, where
from restoretui.ledger import Ledger
from restoretui.ledger.records import Query, Run, View

Form = Literal["csv", "json"]
WINDOW = 1000
"""Rows read from the ledger at a time."""
CHUNK = 1 << 16
_COLUMNS = (
    "location", "key", "version_id", "size", "storage_class", "state", "expiry", "tier", "run", "reason", "code",
    "request_id", "action", "requested_at", "available_at", "changed_at",
)  # fmt: skip

_REPORT_COLUMNS = ("location", "key", "version_id", "state", "http_status", "code", "reason")


async def each(view: View[Any]) -> AsyncIterator[Any]:
    """Every row of a view, a window at a time, leaving the loop free in between."""
    at = 0
    while rows := view.rows(at, WINDOW):
        for row in rows:
            yield row
        at += len(rows)
        await asyncio.sleep(0)


async def export_chunks(ledger: Ledger, run: Run, form: Form) -> AsyncIterator[str]:
    """The run's objects as text, some rows at a time."""
    buffer = io.StringIO()
    table = csv.DictWriter(buffer, _COLUMNS, extrasaction="ignore", lineterminator="\r\n")
    if form == "csv":
        table.writeheader()
    view = await ledger.runs.view(run.id, Query())
    try:
        await view.wait()
        async for row in each(view):
            fields = job_fields(run.cloud.scheme, run, row)
            if form == "csv":
                table.writerow(fields)
            else:
                buffer.write(json_line("object", fields) + "\n")
            if buffer.tell() > CHUNK:
                yield buffer.getvalue()
                buffer.seek(0)
                buffer.truncate()
    finally:
        await view.aclose()
    yield buffer.getvalue()


async def write_export(ledger: Ledger, run: Run, form: Form, target: Path) -> None:
    """Write the run's objects to ``target`` (``write_whole``)."""
    await write_whole(target, export_chunks(ledger, run, form))


async def write_report(parts: AsyncIterator[Sequence[ReportRow]], target: Path) -> int:
    """Write a completion report to ``target`` (``write_whole``) as it comes; how many tasks it has."""
    tasks = 0

    async def chunks() -> AsyncIterator[str]:
        nonlocal tasks
        buffer = io.StringIO()
        table = csv.DictWriter(buffer, _REPORT_COLUMNS, extrasaction="ignore", lineterminator="\r\n")
        table.writeheader()
        async for rows in parts:
            tasks += len(rows)
            table.writerows(
                {
                    **where("s3", ObjectRef(row.bucket, row.key, row.version_id)),
                    "state": State.REQUESTED if row.succeeded else State.FAILED, "http_status": row.status,
                    "code": row.code, "reason": row.message,
                }
                for row in rows
            )  # fmt: skip
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
        yield buffer.getvalue()

    await write_whole(target, chunks())
    return tasks


async def write_whole(target: Path, chunks: AsyncIterator[str]) -> None:
    """Write to ``target``, readable by its owner only; an older file there stays until the new one is whole."""
    part = target.with_name(target.name + ".part")
    try:
        async with aiofiles.open(part, "w", encoding="utf-8", newline="", opener=_private) as file:
            async for chunk in chunks:
                await file.write(chunk)
        await asyncio.to_thread(part.replace, target)
    except OSError as error:
        raise UsageError(f"{target} cannot be written: {error.strerror}", "choose another file") from None
    finally:
        # Gone already when all went well; half a file is of no use to anybody.
        with suppress(OSError):
            await asyncio.to_thread(part.unlink, missing_ok=True)


def _private(path: str, flags: int) -> int:
    # What a killed process left there, or what somebody else put there, is not written through.
    with suppress(FileNotFoundError):
        Path(path).unlink()
    return os.open(path, flags | os.O_EXCL | os.O_NOFOLLOW, 0o600)
