"""All that is known of one job, in lines of text."""

from collections.abc import Sequence
from datetime import datetime

from textual.content import Content

from restoretui.core.batch import ReportScope
from restoretui.ledger.batch_records import Batch
from restoretui.tui.screens.batch_rows import BatchRow, progress_parts, status_part
from restoretui.tui.words import Part, said
from restoretui.wording import format as fmt

DOT: Part = (" · ", "dim")
JOBS_SHOWN = 3
"""In a run's details, where the table needs the room."""


def batch_facts(row: BatchRow, now: datetime) -> list[Content]:
    """From the headline down to what went wrong."""
    name = f"Job {row.job_id} " if row.job_id else "Job not made yet "
    title: list[Part] = [(name, "strong"), status_part(row), "  ", *progress_parts(row, 24)]
    counts: list[Part] = [
        f"{row.succeeded:,} of {row.total:,}", (" sent", "dim"), DOT,
        (f"{row.failed:,} failed", "bad" if row.failed else "dim"), DOT,
        ("active for ", "dim"), fmt.duration(row.elapsed_s) if row.elapsed_s else "0s", DOT,
        ("priority ", "dim"), str(row.priority),
    ]  # fmt: skip
    lines = [said(*title), said(*counts), said(*_what(row)), said(*_when(row, now))]
    role = row.batch.options.role_arn if row.batch is not None else row.info.role_arn if row.info is not None else ""
    if role:
        lines.append(said(("role ", "dim"), role))
    lines += [said(*parts) for parts in _files(row)]
    if row.problem:
        lines.append(said(("✗ ", "bad"), (row.problem, "bad")))
    if row.info is not None and row.info.reason:
        lines.append(said(("status changed because ", "dim"), row.info.reason))
    if row.status == "Suspended" and row.allows("confirm"):
        lines.append(said(("▲ waits until it is confirmed: y lets it run, X cancels it", "warn")))
    return lines


def _what(row: BatchRow) -> list[Part]:
    batch, info = row.batch, row.info
    if batch is not None:
        days = fmt.plural(batch.days, "day") if batch.days is not None else "Intelligent-Tiering, for good"
        return [
            (f"run #{batch.run_id}", "strong"), (" in ", "dim"), f"s3://{batch.bucket}", DOT,
            fmt.plural(batch.objects, "object"), DOT, fmt.size(batch.size_bytes), DOT, days,
        ]  # fmt: skip
    parts: list[Part] = [("not made from this ledger", "dim")]
    if info is not None:
        if info.tier is not None:
            parts += [DOT, info.tier]
        if info.days is not None:
            parts += [DOT, fmt.plural(info.days, "day")]
        if info.description:
            parts += [DOT, info.description]
    return parts


def _when(row: BatchRow, now: datetime) -> list[Part]:
    parts: list[Part] = []
    if row.created is not None:
        parts += [("made ", "dim"), fmt.short_instant(row.created, now)]
    ended = row.info.ended if row.info is not None else None
    if row.batch is not None and row.batch.ended_at is not None:
        parts += [(" · ended ", "dim"), fmt.short_instant(row.batch.ended_at, now)]
    elif ended is not None:
        parts += [(" · ended ", "dim"), fmt.short_instant(ended, now)]
    parts.append((" UTC", "dim"))
    if row.region:
        parts += [(" · region ", "dim"), row.region]
    return parts


def _files(row: BatchRow) -> list[list[Part]]:
    batch, place = row.batch, row.report_place
    if batch is not None:
        manifest = f"s3://{batch.manifest_bucket}/{batch.manifest_key}" if batch.manifest_key else "not written yet"
        scope = batch.options.scope
    else:
        manifest = row.info.manifest if row.info is not None else ""
        scope = row.info.scope if row.info is not None else ReportScope.NONE
    lines: list[list[Part]] = [[("manifest ", "dim"), manifest]] if manifest else []
    if place is not None:
        which = "all tasks" if scope is ReportScope.ALL else "failed tasks"
        lines.append([("report ", "dim"), f"s3://{place.bucket}/{place.prefix}", (f" of {which}", "dim")])
    if batch is not None and batch.cleaned_at is not None:
        lines.append([("manifest and report were deleted", "dim")])
    return lines


def job_lines(batches: Sequence[Batch]) -> list[Content]:
    """The jobs of one run, a line each; of many the unsettled ones first, and how many more there are."""
    rows = sorted((BatchRow(batch.id, batch, None) for batch in batches), key=lambda row: (row.is_over, row.id))
    lines = []
    for row in rows[:JOBS_SHOWN]:
        parts: list[Part] = [
            ("job ", "dim"), status_part(row), (f" {row.succeeded:,} of {row.total:,} sent", "dim"),
            (f" · {row.failed:,} failed", "bad") if row.failed else "",
            (f" · {row.problem}", "bad") if row.problem else (f" · {row.job_id}", "dim") if row.job_id else "",
        ]  # fmt: skip
        lines.append(said(*parts))
    if len(rows) > JOBS_SHOWN:
        lines.append(said((f"and {fmt.plural(len(rows) - JOBS_SHOWN, 'more job')} on the Batch tab", "dim")))
    return lines
