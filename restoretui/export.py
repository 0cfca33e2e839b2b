"""A run's objects, with what became of each, as CSV or JSON lines."""

import asyncio
import csv
import io
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Literal

import aiofiles

from restoretui.core.errors import UsageError
from restoretui.jsonlines import job_fields, json_line
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
    """Write to ``target``, readable by its owner only; an older file there stays until the new one is whole."""
    part = target.with_name(target.name + ".part")
    try:
        async with aiofiles.open(part, "w", encoding="utf-8", newline="", opener=_private) as file:
            async for chunk in export_chunks(ledger, run, form):
                await file.write(chunk)
        await asyncio.to_thread(part.replace, target)
    except OSError as error:
        raise UsageError(f"{target} cannot be written: {error.strerror}", "choose another file") from None


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
