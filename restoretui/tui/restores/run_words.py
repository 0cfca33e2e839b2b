"""The status of a run in words: its headline (overdue, restoring, …), progress, outlook and counts."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from restoretui.core.model import State
from restoretui.ledger.records import JobRow
from restoretui.ledger.run_records import Cause, Run
from restoretui.tui.restores.one_line import LinePiece, piece
from restoretui.tui.words import STATES, Part
from restoretui.wording import format as fmt
from restoretui.wording.safe import crop_end, width

OVER = (State.AVAILABLE, State.EXPIRED, State.FAILED, State.SKIPPED, State.CANCELLED)
"""States in which nothing more is awaited."""


class DueWindow(NamedTuple):
    """When the copies are typically there: from the first request's shortest to the last request's longest."""

    earliest: datetime
    latest: datetime


def due(run: Run) -> DueWindow | None:
    """None when nothing was requested, or it takes no time."""
    if run.window is None or run.first_requested_at is None:
        return None
    last = run.last_requested_at or run.first_requested_at
    return DueWindow(
        run.first_requested_at + timedelta(seconds=run.window[0]), last + timedelta(seconds=run.window[1])
    )


def due_of(run: Run, job: JobRow) -> DueWindow | None:
    """The same of one object: as long as its own class takes, and no later than the run."""
    whole = due(run)
    rule = run.cloud.rules.archive_named(job.archive or job.storage_class)
    if whole is None or rule is None or job.requested_at is None:
        return whole
    by_job = rule.batch_windows.get(job.tier) if run.by_jobs and job.tier is not None else None
    window = by_job or rule.window(job.tier)
    if window is None:
        return whole
    asked = datetime.fromtimestamp(job.requested_at, UTC)
    return DueWindow(min(whole.latest, asked + window.shortest), min(whole.latest, asked + window.longest))


def is_overdue(run: Run, now: datetime) -> bool:
    """Something is awaited past its typical time."""
    window = due(run)
    return run.is_open and window is not None and now > window.latest


def headline(run: Run, now: datetime, *, held: bool = False) -> tuple[str, str]:
    """The one word for a run, with its glyph, and its style. ``held``: a job of it waits for a person."""
    counts = run.counts
    if run.is_open:
        if is_overdue(run, now):
            return "▲ overdue", "warn"
        if held:
            return "▲ to confirm", "warn"
        for state, word in ((State.PLANNED, "sending"), (State.UNKNOWN, "checking")):
            if counts.get(state):
                return f"{STATES[state][0]} {word}", STATES[state][1]
        return f"{STATES[State.RESTORING][0]} restoring", "busy"
    if counts.get(State.FAILED):
        return f"✗ {counts[State.FAILED]:,} failed", "bad"
    for state in (State.AVAILABLE, State.EXPIRED, State.CANCELLED):
        if counts.get(state):
            return f"{STATES[state][0]} {state.value}", STATES[state][1]
    return "– nothing sent", "dim"


def progress(run: Run) -> tuple[int, int]:
    """Objects over and done with, and all that were to be sent."""
    skipped = run.counts.get(State.SKIPPED, 0)
    done = sum(run.counts.get(state, 0) for state in OVER) - skipped
    return done, max(0, run.objects - skipped)


def outlook(run: Run, now: datetime, expiry: int | None) -> tuple[str, str]:
    """When it will be there, or how long it lasts; in a few words."""
    if run.is_open:
        window = due(run)
        if window is None:
            return "", ""
        late = (now - window.latest).total_seconds()
        if late > 0:
            return f"overdue by {fmt.duration(late)}", "warn"
        soon = (window.earliest - now).total_seconds()
        until = (window.latest - now).total_seconds()
        return (
            f"in {fmt.duration(soon)} to {fmt.duration(until)}" if soon > 0 else f"within {fmt.duration(until)}"
        ), ""
    if expiry is not None and run.counts.get(State.AVAILABLE):
        if fmt.is_untold(expiry):
            return "until when is not told", "dim"
        left = expiry - now.timestamp()
        return (
            (f"expires in {fmt.duration(left)}", "warn" if left < fmt.DAY else "dim")
            if left > 0
            else ("expired", "dim")
        )
    return "", ""


def cause_pieces(causes: Sequence[Cause], cells: int) -> list[LinePiece]:
    """Why objects failed, for a line of so many cells: each cause with its number, as much of it as there is room."""
    if len(causes) == 1:
        return [piece(99, (f"✗ {causes[0].objects:,}: ", "bad"), _why(causes[0]))]
    whole = sum(width(_why(cause)) + len(f"{cause.objects:,}") + BETWEEN for cause in causes) <= cells
    shown = causes if whole else causes[: max(1, min(len(causes), cells // LEAST_CAUSE))]
    left = len(causes) - len(shown)
    more = f"and {fmt.plural(left, 'other cause')}" if left else ""
    share = (cells - len(more) - BETWEEN) // len(shown) - BETWEEN
    pieces = []
    for at, cause in enumerate(shown):
        number = f"{cause.objects:,} "
        why = _why(cause) if whole else crop_end(_why(cause), max(8, share - len(number)))
        pieces.append(piece(90 - at, ("" if at else "✗ ", "bad"), (number, "bad"), why))
    return [*pieces, piece(95, (more, "dim"))]


LEAST_CAUSE, BETWEEN = 26, 4
"""Of a line with several causes: what one of them needs, and what stands between two."""


def _why(cause: Cause) -> str:
    return cause.reason.removeprefix("not allowed: ").partition("; ")[0] or cause.code


def bar_parts(run: Run, cells: int) -> list[Part]:
    """A progress bar with its percentage, of exactly that width."""
    done, all_ = progress(run)
    part = done / all_ if all_ else 1.0
    filled, rest = fmt.bar(part, max(1, cells - 5))
    percent = 100 if part >= 1 else min(99, int(part * 100))
    style = "bad" if run.counts.get(State.FAILED) else "ok" if part >= 1 else "busy"
    return [(filled, style), (rest, "dim"), (f"{percent:>4}%", "dim")]
