"""One job of S3 Batch Operations as the screens see it, ours or another's: how it stands and what may be done."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from textual.content import Content

from restoretui.core.batch.jobs import JobInfo, Place, ReportScope
from restoretui.ledger.batches.records import BatchJob, Phase
from restoretui.tui.words import Part, said
from restoretui.wording import format as fmt

VANISHED = "Vanished"
STATUSES: dict[str, tuple[str, str]] = {
    "New": ("◌", "wait"), "Preparing": ("◌", "wait"), "Ready": ("◔", "wait"), "Suspended": ("▲", "warn"),
    "Pausing": ("◔", "wait"), "Paused": ("◔", "wait"), "Active": ("◑", "busy"), "Completing": ("◑", "busy"),
    "Complete": ("✓", "ok"), "Cancelling": ("⊘", "dim"), "Cancelled": ("⊘", "dim"), "Failing": ("✗", "bad"),
    "Failed": ("✗", "bad"), VANISHED: ("?", "warn"), "not made": ("✗", "bad"),
}  # fmt: skip
"""Glyph and style of each; the cloud's own words, and two of ours."""
JOBS_SHOWN = 3
"""In a run's details, where the table needs the room."""


class BatchRow(NamedTuple):
    """What the ledger knows of a job of ours (``batch``), and what the cloud tells of any (``info``)."""

    id: int
    batch: BatchJob | None
    info: JobInfo | None
    failures: tuple[tuple[str, str], ...] = ()
    """Codes and reasons of a job that failed as a whole."""

    @property
    def job_id(self) -> str:
        """Empty until the job is made."""
        return self.batch.job_id if self.batch is not None else self._known.job_id

    @property
    def _known(self) -> JobInfo:
        return self.info if self.info is not None else JobInfo("", "", "")

    @property
    def region(self) -> str | None:
        """Where it runs; None for the session's own."""
        return (self.batch.region if self.batch is not None else self._known.region) or None

    @property
    def status(self) -> str:
        """The cloud's word, or ours for a job that is not made yet."""
        batch = self.batch
        if batch is None:
            return self._known.status
        if batch.job_id:
            return batch.status or "New"
        if batch.phase is Phase.SETTLED:
            return "Cancelled" if batch.cancelled_at is not None else "not made"
        return "Preparing"

    @property
    def is_over(self) -> bool:
        """Its status will not change any more."""
        if self.batch is not None and self.batch.is_settled:
            return True
        return self.status in ("Complete", "Failed", "Cancelled", VANISHED)

    @property
    def total(self) -> int:
        """Objects it is about."""
        return (self.batch.total or self.batch.objects) if self.batch is not None else self._known.total

    @property
    def succeeded(self) -> int:
        """Objects that were asked for."""
        return self.batch.succeeded if self.batch is not None else self._known.succeeded

    @property
    def failed(self) -> int:
        """Objects whose request failed."""
        return self.batch.failed if self.batch is not None else self._known.failed

    @property
    def elapsed_s(self) -> int:
        """Seconds it was active."""
        return self.batch.elapsed_s if self.batch is not None else self._known.elapsed_s

    @property
    def priority(self) -> int:
        """Higher goes first."""
        return self.batch.options.priority if self.batch is not None else self._known.priority

    @property
    def created(self) -> datetime | None:
        """When it was made, or intended."""
        if self.batch is not None:
            return datetime.fromtimestamp(self.batch.planned_at, UTC)
        return self._known.created

    @property
    def problem(self) -> str:
        """Why it failed as a whole, in one sentence; empty when it did not."""
        if self.batch is not None and self.batch.problem:
            return self.batch.problem
        if self.failures:
            return "; ".join(": ".join(part for part in failure if part) for failure in self.failures)
        if self.status == VANISHED:
            return "the cloud no longer knows it: jobs are forgotten after 90 days"
        return ""

    @property
    def title(self) -> str:
        """Whose it is, and what it restores."""
        if self.batch is not None:
            return f"#{self.batch.run_id} {self.batch.bucket}"
        return self._known.description or self._known.job_id

    @property
    def has_report(self) -> bool:
        """There is a completion report to come, as far as is known."""
        if self.batch is not None:
            return self.batch.report_place is not None and self.batch.cleaned_at is None
        known = self._known
        return known.report is not None or (not known.role_arn and known.scope is ReportScope.NONE)

    @property
    def report_place(self) -> Place | None:
        """Where the completion report goes."""
        return self.batch.report_place if self.batch is not None else self._known.report

    # --- what may be done now

    def allows(self, action: str) -> bool:
        """Whether a key has any meaning for it now."""
        batch, made = self.batch, bool(self.job_id)
        live = made and not self.is_over and (batch is None or batch.cancelled_at is None)
        needed = {
            "confirm": live and self.status == "Suspended" and (batch is None or batch.confirmed_at is None),
            "cancel": live and self.status not in ("Cancelling", "Failing", "Completing"),
            "priority": live,
            "clone": made and self.status != VANISHED,
            "clean": batch is not None and batch.is_settled and batch.cleaned_at is None and batch.has_written,
            "retry": batch is not None and batch.is_settled,
            "export": made and self.is_over and self.has_report,
            "follow": made and batch is None,
            "show_run": batch is not None,
            "copy": made,
        }
        return needed.get(action, True)


def status_part(row: BatchRow) -> tuple[str, str]:
    """``◑ Active`` with its style."""
    glyph, style = STATUSES.get(row.status, ("◔", "wait"))
    return f"{glyph} {row.status}", style


def progress_parts(row: BatchRow, cells: int) -> list[Part]:
    """A progress bar with its percentage, of exactly that width."""
    done = row.succeeded + row.failed
    part = done / row.total if row.total else (1.0 if row.status == "Complete" else 0.0)
    filled, rest = fmt.bar(part, max(1, cells - 5))
    percent = 100 if part >= 1 else min(99, int(part * 100))
    style = "bad" if row.failed or row.status == "Failed" else "ok" if part >= 1 else "busy"
    return [(filled, style), (rest, "dim"), (f"{percent:>4}%", "dim")]


def job_lines(batches: Sequence[BatchJob], most: int) -> list[Content]:
    """The jobs of one run, in ``most`` lines: the unsettled ones first, and how many more there are."""
    rows = sorted((BatchRow(batch.id, batch, None) for batch in batches), key=lambda row: (row.is_over, row.id))
    if most == 1 and len(rows) > 1:
        return [_together(rows)]
    shown = min(JOBS_SHOWN, most - 1 if len(rows) > min(JOBS_SHOWN, most) else most)
    lines = []
    for row in rows[:shown]:
        parts: list[Part] = [
            ("job ", "dim"), status_part(row), (f" {row.succeeded:,} of {row.total:,} sent", "dim"),
            (f" · {row.failed:,} failed", "bad") if row.failed else "",
            (f" · {row.problem}", "bad") if row.problem else (f" · {row.job_id}", "dim") if row.job_id else "",
        ]  # fmt: skip
        lines.append(said(*parts))
    if len(rows) > shown:
        lines.append(said((f"and {fmt.plural(len(rows) - shown, 'more job')} on the Batch tab", "dim")))
    return lines


def _together(rows: Sequence[BatchRow]) -> Content:
    """Several jobs in one line: how many are in which state."""
    parts: list[Part] = [(f"{len(rows)} jobs:", "dim")]
    for word, style in dict.fromkeys(status_part(row) for row in rows):
        number = sum(status_part(row) == (word, style) for row in rows)
        parts += [f" {number} ", (word, style)]
    failed = sum(row.failed for row in rows)
    parts.append((f" · {sum(row.succeeded for row in rows):,} of {sum(row.total for row in rows):,} sent", "dim"))
    return said(*parts, (f" · {failed:,} failed", "bad") if failed else "")
