"""The JSON lines of a run's objects, a window at a time."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from restoretui.core.model import ObjectRef
from restoretui.ledger.records import JobRow, View
from restoretui.ledger.run_records import Run
from restoretui.session.jsonlines.line import json_line
from restoretui.session.jsonlines.objects import job_fields
from restoretui.session.rows.alike import IDS, SIZES, RowLines, ends, instants

WINDOW = 1000
"""Rows read from the ledger at a time."""


_SLOTS = {
    "size": SIZES,
    "expiry": instants(0),
    "requested_at": instants(1),
    "available_at": instants(2),
    "changed_at": instants(3),
    "request_id": IDS,
}


class JobLines:
    """Of one run."""

    def __init__(self, scheme: str, run: Run) -> None:
        def make(kind: tuple[Any, ...], values: Mapping[str, Any]) -> str:
            bucket, state, storage_class, action, reason, tier, code, then, charged, path = kind
            row = JobRow(
                0, ObjectRef(bucket, values["key"], values["version_id"]), values["size"], state, storage_class, None,
                action, reason, tier, None, None, values["requested_at"], values["available_at"],
                values["changed_at"], values["expiry"], code, "", values["request_id"] or "", False, then,
                charged, path,
            )  # fmt: skip
            return json_line("object", job_fields(scheme, run, row))

        self._lines = RowLines(make, _SLOTS)

    def __call__(self, rows: Sequence[JobRow]) -> list[str]:
        """One line a row."""
        kinds = [
            (
                row.ref.bucket,
                row.state,
                row.storage_class,
                row.action,
                row.reason,
                row.tier,
                row.code,
                row.then,
                row.charged,
                row.output_path,
            )
            for row in rows
        ]
        values = {name: [getattr(row, name) for row in rows] for name in _SLOTS}
        values["expiry"] = list(ends(values["expiry"]))
        values["request_id"] = [own or None for own in values["request_id"]]
        keys, version_ids = [row.ref.key for row in rows], [row.ref.version_id for row in rows]
        return self._lines.lines(kinds, keys, version_ids, values)


async def windows(view: View[Any]) -> AsyncIterator[Sequence[Any]]:
    """Every row of a view, some at a time, leaving the loop free in between."""
    at = 0
    while rows := view.rows(at, WINDOW):
        yield rows
        at += len(rows)
        await asyncio.sleep(0)


async def each(view: View[Any]) -> AsyncIterator[Any]:
    """The same one by one."""
    async for rows in windows(view):
        for row in rows:
            yield row
