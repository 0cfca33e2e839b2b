"""The columns of the list of jobs, and of the failed tasks of one job."""

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from restoretui.core.batch.jobs import ReportRow
from restoretui.tui.job_row import BatchRow, progress_parts, status_part
from restoretui.tui.widgets.table.columns import Column, Spans, cell, glyph_cell
from restoretui.wording import format as fmt


class FailedTask(NamedTuple):
    """A row of a completion report."""

    id: int
    row: ReportRow


def batch_columns(now: Callable[[], datetime]) -> list[Column[BatchRow]]:
    """Newest job first."""

    def status(row: BatchRow, cells: int) -> Spans:
        text, style = status_part(row)
        return glyph_cell(text, cells, style)

    def bar(row: BatchRow, cells: int) -> Spans:
        return tuple(part if isinstance(part, tuple) else (part, "") for part in progress_parts(row, cells))

    def title(row: BatchRow, cells: int) -> Spans:
        if row.problem:
            return cell(row.problem, cells, "bad", prose=True)
        return cell(row.title, cells, "" if row.batch is not None else "dim", prose=True)

    def made(row: BatchRow, cells: int) -> Spans:
        return cell(fmt.short_instant(row.created, now()) if row.created is not None else "", cells, "dim")

    def number(count: int, cells: int, style: str = "") -> Spans:
        return cell(fmt.compact(count) if count else "", cells, style, right=True)

    def took(row: BatchRow, cells: int) -> Spans:
        return cell(fmt.duration(row.elapsed_s) if row.elapsed_s else "", cells, "dim", right=True)

    def priority(row: BatchRow, cells: int) -> Spans:
        return cell(str(row.priority), cells, "dim", right=True)

    return [
        Column("status", "Status", 12, status, keep=99, least=1, pinned=True),
        Column("bar", "Progress", 11, bar, keep=95),
        Column("sent", "Sent", 5, lambda row, n: number(row.succeeded, n), keep=85, right=True),
        Column("failed", "Failed", 6, lambda row, n: number(row.failed, n, "bad"), keep=88, right=True),
        Column("total", "Of", 5, lambda row, n: number(row.total, n, "dim"), keep=60, right=True),
        Column("took", "Elapsed", 7, took, keep=70, right=True),
        Column("priority", "Prio", 5, priority, keep=65, right=True),
        Column("title", "Run and bucket", 20, title, keep=90, grows=True),
        Column("region", "Region", 14, lambda row, n: cell(row.region or "", n, "dim"), keep=87),
        Column("made", "Made", 16, made, keep=50),
        Column("job", "Job", 36, lambda row, n: cell(row.job_id, n, "dim"), keep=40),
    ]  # fmt: skip


def task_columns(own_bucket: Callable[[], str]) -> list[Column[FailedTask]]:
    """Failed tasks; the bucket only where it is not the job's own."""

    def key(task: FailedTask, cells: int) -> Spans:
        row = task.row
        return cell(row.key if row.bucket == own_bucket() else f"{row.bucket}/{row.key}", cells)

    def code(task: FailedTask, cells: int) -> Spans:
        return cell(f"✗ {task.row.code or task.row.status}", cells, "bad")

    return [
        Column("code", "Failed with", 24, code, keep=99),
        Column("key", "Key", 22, key, keep=100, grows=True),
        Column("message", "Message", 30, lambda task, n: cell(task.row.message, n, "dim", prose=True), keep=80),
        Column("version", "Version", 12, lambda task, n: cell(task.row.version_id or "", n, "dim"), keep=20),
    ]
