"""What the pane beside the list of jobs tells of one of them."""

from collections.abc import Mapping
from datetime import datetime

from textual.content import Content

from restoretui.tui.details.fact import fact, headed, line, wrapped
from restoretui.tui.job_row import STATUSES, BatchRow
from restoretui.wording import format as fmt


def job_lines(row: BatchRow, tags: Mapping[str, str] | None, now: datetime, width: int) -> list[Content]:
    """From what the ledger has and the cloud told last; nothing is asked for it."""
    glyph, style = STATUSES.get(row.status, ("", ""))
    batch, info = row.batch, row.info
    role = batch.options.role_arn if batch is not None else info.role_arn if info is not None else ""
    ended = batch.ended_at if batch is not None else info.ended if info is not None else None
    place = row.report_place
    problem = [line(width, (part, "bad")) for part in wrapped(row.problem, width)] if row.problem else []
    return [
        *(line(width, (part, "strong")) for part in wrapped(row.job_id or "not made yet", width)),
        Content(""),
        *fact("status", f"{glyph} {row.status}".strip(), width, style),
        *fact("why", info.reason if info is not None else "", width, "dim"),
        *fact("waits", "to be confirmed or cancelled" if row.allows("confirm") else "", width, "warn"),
        *fact("sent", f"{row.succeeded:,} of {row.total:,}", width),
        *fact("failed", f"{row.failed:,}" if row.failed else "", width, "bad"),
        *fact("active", fmt.duration(row.elapsed_s) if row.elapsed_s else "", width),
        *fact("priority", str(row.priority), width),
        *fact("our run", "" if batch is None else f"#{batch.run_id}", width, "busy"),
        *fact("bucket", "" if batch is None else batch.bucket, width),
        *fact("size", "" if batch is None else fmt.size(batch.told_bytes), width),
        *fact("made", "" if row.created is None else f"{fmt.short_instant(row.created, now)} UTC", width),
        *fact("ended", "" if ended is None else f"{fmt.short_instant(ended, now)} UTC", width),
        *fact("region", row.region or "", width),
        *fact("role", role, width),
        *fact("report", "" if place is None else f"s3://{place.bucket}/{place.prefix}", width, "dim"),
        *headed("What went wrong", problem),
        *headed("Tags", [each for name, value in (tags or {}).items() for each in fact(name, value, width)]),
    ]
