"""The columns of the list of runs, and of the objects of one run."""

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from restoretui.core.model import State
from restoretui.ledger.records import JobRow
from restoretui.ledger.run_records import Run
from restoretui.tui.restores.folded_jobs import ShownJob, SkippedRow
from restoretui.tui.restores.run_words import DueWindow, bar_parts, headline, outlook, progress
from restoretui.tui.widgets.table.columns import Column, Spans, cell, glyph_cell
from restoretui.tui.widgets.table.shared_folder import SharedFolder
from restoretui.tui.words import STATE_CELLS, STATES, class_text, state_word
from restoretui.wording import format as fmt


class RunRow(NamedTuple):
    """A run in the list."""

    id: int
    run: Run
    expiry: int | None
    """When its first copy ends."""
    title: str
    """Where it restores, or its note."""
    held: bool = False
    """A job of it waits to be confirmed."""


def run_columns(now: Callable[[], datetime]) -> list[Column[RunRow]]:
    """Newest run first."""

    def state(row: RunRow, cells: int) -> Spans:
        word, style = headline(row.run, now(), held=row.held)
        return glyph_cell(word, cells, style)

    def bar(row: RunRow, cells: int) -> Spans:
        return tuple(part if isinstance(part, tuple) else (part, "") for part in bar_parts(row.run, cells))

    def done(row: RunRow, cells: int) -> Spans:
        finished, all_ = progress(row.run)
        return cell(f"{fmt.compact(finished)}/{fmt.compact(all_)}", cells, right=True)

    def when(row: RunRow, cells: int) -> Spans:
        text, style = outlook(row.run, now(), row.expiry)
        return cell(text, cells, style)

    def failures(row: RunRow) -> str:
        number = row.run.counts.get(State.FAILED, 0)
        return f"{number:,} ✗" if number else ""

    def failed(row: RunRow, cells: int) -> Spans:
        return cell(failures(row), cells, "bad", right=True)

    return [
        Column("state", "State", 12, state, keep=99, least=1, pinned=True),
        Column("bar", "Progress", 11, bar, keep=95),
        Column("done", "Done", 9, done, keep=80, right=True),
        Column("when", "ETA, expires", 18, when, keep=90),
        Column("failed", "Failed", 7, failed, keep=35, right=True, value=failures),
        Column("tier", "Tier", 9, lambda row, n: cell(row.run.tier, n, "dim"), keep=70),
        Column("title", "Where", 18, lambda row, n: cell(row.title, n), keep=88, grows=True),
        Column(
            "size", "Size", 8, lambda row, n: cell(fmt.size(row.run.told_bytes), n, right=True), keep=50, right=True
        ),
        Column(
            "days", "Days", 4, lambda row, n: cell(str(row.run.days or ""), n, "dim", right=True), keep=30, right=True
        ),
        Column("started", "Started", 16, lambda row, n: cell(fmt.instant(row.run.created_at), n, "dim"), keep=40),
        Column("run", "Run", 4, lambda row, n: cell(f"#{row.id}", n, "dim"), keep=75),
    ]


def job_columns(
    name: Callable[[JobRow], str], now: Callable[[], datetime], window: Callable[[JobRow], DueWindow | None]
) -> list[Column[ShownJob]]:
    """Objects of one run, each by its ``name``, and the line in place of those that were skipped.

    One column says what matters of each: why it failed, when it is due, when it expires.
    """

    def state(row: JobRow, cells: int) -> Spans:
        return glyph_cell(state_word(row.state), cells, STATES[row.state][1])

    def note(row: JobRow, cells: int) -> Spans:
        text, style = _note(row, now(), window(row), cells)
        return cell(text, cells, style, prose=True)

    def size(row: JobRow, cells: int) -> Spans:
        return cell(fmt.size(row.size), cells, right=True)

    def changed(row: JobRow, cells: int) -> Spans:
        return cell(fmt.instant(row.changed_at), cells, "dim")

    def took(row: JobRow) -> str:
        if row.requested_at is None:
            return ""
        end = row.available_at if row.available_at is not None else now().timestamp()
        if row.state in (State.FAILED, State.CANCELLED, State.SKIPPED):
            end = row.changed_at
        return fmt.duration(end - row.requested_at)

    def elapsed(row: JobRow, cells: int) -> Spans:
        return cell(took(row), cells, "dim", right=True)

    def tier_of(row: JobRow) -> str:
        return row.tier or ""

    def storage_class(row: JobRow, cells: int) -> Spans:
        return cell(class_text(row.storage_class, cells), cells, "dim")

    def then(row: JobRow, cells: int) -> Spans:
        style = "bad" if " failed" in row.then else "ok" if row.then.endswith("done") else "wait"
        return cell(row.then, cells, style, prose=True)

    shared = SharedFolder()

    def key(row: JobRow, cells: int) -> Spans:
        return cell(shared.strip(name(row)), cells)

    return [
        Column(
            "state", "State", STATE_CELLS, _or(state, _fold_state), keep=99, sort="state", least=1, pinned=True
        ),
        Column(
            "key", "Key", 22, _or(key, _fold_key), keep=100, grows=True, most=64, sort="key", value=_said(name),
            shared=shared, least=22,
        ),
        Column("note", "ETA, until, cause", 20, _or(note, _fold_why), keep=95, grows=True, most=56, least=17),
        Column(
            "then", "Then", 12, _or(then), keep=80, grows=True, most=40, value=_said(lambda row: row.then), least=9
        ),
        Column("size", "Size", 8, _or(size), keep=60, right=True, sort="size"),
        Column("tier", "Tier", 9, _or(lambda row, n: cell(tier_of(row), n, "dim")), keep=50, value=_said(tier_of)),
        Column("elapsed", "Elapsed", 7, _or(elapsed), keep=70, right=True, value=_said(took)),
        Column("class", "Class", 15, _or(storage_class), keep=40, sort="storage_class", least=8),
        Column("changed", "Changed", 16, _or(changed), keep=30, sort="modified"),
    ]  # fmt: skip


def _or(
    of_job: Callable[[JobRow, int], Spans], of_skipped: Callable[[SkippedRow, int], Spans] | None = None
) -> Callable[[ShownJob, int], Spans]:
    """One cell of an object, or of the line in place of the skipped ones."""

    def render(row: ShownJob, cells: int) -> Spans:
        if isinstance(row, SkippedRow):
            return cell("", cells) if of_skipped is None else of_skipped(row, cells)
        return of_job(row, cells)

    return render


def _said(of_job: Callable[[JobRow], str]) -> Callable[[ShownJob], str]:
    """What a column says of an object; the other line asks for no room."""
    return lambda row: "" if isinstance(row, SkippedRow) else of_job(row)


def _fold_state(row: SkippedRow, cells: int) -> Spans:
    return cell(f"{STATES[State.SKIPPED][0]} {fmt.compact(row.objects)}", cells, "dim", right=False)


def _fold_key(row: SkippedRow, cells: int) -> Spans:
    return cell(f"skipped: {row.key} unfolds", cells, "dim", prose=True)


def _fold_why(row: SkippedRow, cells: int) -> Spans:
    return cell(row.why, cells, "dim", prose=True)


def _note(row: JobRow, now: datetime, window: DueWindow | None, cells: int) -> tuple[str, str]:
    if row.state is State.FAILED:
        return f"{row.code}: {row.reason or row.message}" if row.code else row.reason or row.message, "bad"
    if row.state in (State.SKIPPED, State.CANCELLED, State.UNKNOWN):
        return row.reason, "dim"
    if row.state is State.AVAILABLE:
        if row.output_path:
            return f"results at {row.output_path}", "dim"
        if row.expiry is None:
            return "without an end", "dim"
        if fmt.is_untold(row.expiry):
            return "until when is not told", "dim"
        left = row.expiry - now.timestamp()
        until, lasts = f"until {fmt.short_instant(row.expiry, now)}", f", {fmt.duration(left)}"
        return until + (lasts if len(until + lasts) <= cells else ""), "warn" if left < fmt.DAY else "dim"
    if row.state is State.EXPIRED:
        # A copy that was ended early was gone before its date.
        return f"ended {fmt.short_instant(min(row.expiry, row.changed_at), now)}" if row.expiry else "", "dim"
    if row.state is State.PLANNED:
        return "not sent yet", "dim"
    if row.adopted:
        return "asked for elsewhere, watched by us", "dim"
    if window is None or row.requested_at is None:
        return "", ""
    late = (now - window.latest).total_seconds()
    if late > 0:
        return f"overdue by {fmt.duration(late)}", "warn"
    by = f"by {fmt.short_instant(window.latest, now)}"
    return f"typically {by}" if cells >= len(f"typically {by}") else by, "dim"
