"""The header of one run: how it goes, in as many lines as the screen can spare, none of which wraps.

Where there are few lines, the first say what one opens a run for: what it waits for, what failed and why. All that
time alone changes is told to the minute.
"""

from collections.abc import Sequence
from typing import NamedTuple

from textual.content import Content

from restoretui.core.model import State
from restoretui.core.progress import RunProgress
from restoretui.ledger.batches.records import BatchJob
from restoretui.ledger.run_records import Cause, Run
from restoretui.tui.job_row import job_lines
from restoretui.tui.restores.one_line import LinePiece, one_line, piece
from restoretui.tui.restores.run_words import cause_pieces, headline
from restoretui.tui.words import STATES, Part
from restoretui.wording import format as fmt
from restoretui.wording import going

SMALL, LINES_SMALL, LINES = 20, 3, 5
"""Below so many lines of screen the header takes three of them, else five and one more for each six above 24."""
NARROW = 70
BAR_TINY, BAR_LEAST, BAR_MOST, CURVE_LEAST, CURVE_MOST = 4, 8, 100, 8, 60
GAP = "  "


class HeaderFacts(NamedTuple):
    """All that the header is about."""

    run: Run
    goes: RunProgress
    causes: Sequence[Cause]
    batches: Sequence[BatchJob]


def lines_for(height: int) -> int:
    """How many lines the header may take on a screen of that height."""
    return LINES_SMALL if height < SMALL else LINES + max(0, height - 24) // 6


def header(told: HeaderFacts, cells: int, lines: int) -> list[Content]:
    """At most so many lines of at most so many cells."""
    if lines <= LINES_SMALL:
        small = [_title_with_bar(told, cells), _counts(told.run, cells), *_causes(told, cells, 1)]
        return [*small, *_arrivals(told, cells), *_jobs(told, cells, 1)][:lines]
    fixed = [_title(told, cells), _bar(told, cells)]
    arrivals, counts = _arrivals(told, cells), [_counts(told.run, cells)]
    left = lines - len(fixed) - len(counts)
    causes = _causes(told, cells, max(1, left - 1))
    jobs = _jobs(told, cells, max(1, left - len(causes) - 1) if left > len(causes) else 0)
    arrivals = arrivals[: max(0, left - len(causes) - len(jobs))]
    return [*fixed, *arrivals, *counts, *causes, *jobs][:lines]


def _title(told: HeaderFacts, cells: int) -> Content:
    run = told.run
    money = fmt.about(run.estimate, run.currency, run.unpriced)
    if run.unpriced and not run.estimate:
        money = "unknown price"
    return one_line(
        cells,
        [
            _name(told),
            LinePiece(60, [[(f"{run.purpose} ", "dim"), run.tier], [run.tier]]),
            *([piece(72, fmt.plural(run.days, "day"))] if run.days else []),
            piece(70, fmt.plural(run.objects, "object")),
            piece(55, fmt.size(run.told_bytes)),
            piece(75, money),
            piece(50, (run.ticket, "strong")) if run.ticket else LinePiece(0, []),
        ],
    )


def _name(told: HeaderFacts) -> LinePiece:
    held = any(batch.is_held for batch in told.batches)
    word, style = headline(told.run, told.goes.now, held=held)
    return piece(99, (f"Run #{told.run.id} ", "strong"), (word, style))


def _when(told: HeaderFacts) -> LinePiece:
    """Overdue, still being sent, or when it is typically there."""
    goes = told.goes
    late = going.late(goes)
    if late:
        short = f"{goes.awaited:,} late"
        return LinePiece(95, [[(late, "warn")], [(short, "warn")]], GAP)
    if goes.sending is not None and goes.sending.per_second:
        return piece(95, (going.rate_and_end(goes.sending, goes.now), "wait"), before=GAP)
    if not told.run.is_open or not going.eta(goes):
        return LinePiece(0, [])
    latest = going.span(goes.due_at, goes.due_at, goes.now) if goes.due_at else ""
    return LinePiece(95, [[("ETA ", "dim"), going.eta(goes)], [("ETA ", "dim"), latest]], GAP)


def _bar(told: HeaderFacts, cells: int) -> Content:
    """Objects done as the bar, time as the mark on it; then both in numbers, and when it ends."""
    goes = told.goes
    short = going.back(goes).removesuffix(" back")
    pieces = [
        piece(90, *_percent(told), before=""),
        LinePiece(80, [[going.back(goes)], [short]], GAP) if goes.asked_bytes else LinePiece(0, []),
        LinePiece(60, _window(told), GAP),
        _when(told),
    ]
    return _beside_bar(told, cells, pieces)


def _title_with_bar(told: HeaderFacts, cells: int) -> Content:
    """Both in one line, for small screens."""
    name = one_line(cells, [_name(told)])
    beside = [piece(90, *_percent(told), before=""), _when(told)]
    left = cells - name.cell_length - len(GAP)
    return Content.assemble(name, GAP, _beside_bar(told, left, beside)) if left >= BAR_LEAST else name


def _beside_bar(told: HeaderFacts, cells: int, pieces: Sequence[LinePiece]) -> Content:
    # The share in numbers is worth more than the length of the bar.
    lengths = (one_line(max(1, cells - least), pieces) for least in (BAR_LEAST, BAR_TINY, 0))
    text = next((text for text in lengths if "%" in text.plain), Content(""))
    room = min(BAR_MOST, cells - text.cell_length)
    if room < BAR_TINY:
        return text
    return Content.assemble(one_line(room, [piece(0, *bar_with_time(told.run, told.goes, room))]), text)


def bar_with_time(run: Run, goes: RunProgress, cells: int) -> list[Part]:
    """A bar of exactly that width with two marks: how much is done, and where in the typical time now is."""
    filled, rest = fmt.bar(goes.done_part, cells)
    style = "bad" if run.counts.get(State.FAILED) else "ok" if goes.done_part >= 1 else "busy"
    if goes.time_part is None or not run.is_open:
        return [(filled, style), (rest, "dim")]
    at = min(cells - 1, int(goes.time_part * cells))
    mark: Part = (TIME, "warn" if goes.late else "strong")
    if at < len(filled):
        return [(filled[:at], style), mark, (filled[at + 1 :], style), (rest, "dim")]
    at -= len(filled)
    return [(filled, style), (rest[:at], "dim"), mark, (rest[at + 1 :], "dim")]


TIME = "┃"
"""Now, on the bar."""


def _percent(told: HeaderFacts) -> list[Part]:
    part = told.goes.done_part
    percent = 100 if part >= 1 else min(99, int(part * 100))
    return [(f"{percent:>4}%", "")]


def _window(told: HeaderFacts) -> list[Sequence[Part]]:
    passed = going.in_window(told.goes)
    if not passed or not told.run.is_open:
        return []
    mark: Part = (f"{TIME} ", "warn" if told.goes.late else "strong")
    return [[mark, ("time ", "dim"), passed], [mark, passed]]


def _arrivals(told: HeaderFacts, cells: int) -> list[Content]:
    """The curve of arrivals, and what the copies cost."""
    goes, currency = told.goes, told.run.currency
    pieces: list[LinePiece] = []
    if goes.arrivals is not None:
        came = going.arrived(goes.arrivals, goes.now)
        pieces.append(LinePiece(80, [[came], [came.partition(" came ")[2]]], GAP))
    if goes.copies is not None:
        cost = going.copies(goes.copies, currency)
        pieces.append(LinePiece(90, [[cost], [cost.replace(" cost", "").replace(" so far", "")]]))
    if not pieces:
        return []
    if goes.arrivals is None:
        return [one_line(cells, pieces)]
    text = one_line(cells - CURVE_LEAST - len(GAP), pieces)
    curve = goes.arrivals.curve(max(1, min(CURVE_MOST, cells - text.cell_length - len(GAP))))
    return [one_line(cells, [piece(99, (going.sparkline(curve), "ok"))]) + Content(GAP) + text]


def _counts(run: Run, cells: int) -> Content:
    """Every state with its number of objects; where there is little room, by their shapes alone."""
    pieces = []
    for rank, (state, (glyph, style)) in enumerate(STATES.items()):
        if number := run.counts.get(state, 0):
            keep = 99 if state is State.FAILED else 50 - rank
            whole: list[Part] = [(f"{glyph} {number:,} {state.value}", style)]
            pieces.append(LinePiece(keep, [whole, [(f"{glyph} {number:,}", style)]], "   "))
    for step in run.then:
        if not step.is_news:
            continue
        style = "bad" if step.failed else "ok" if step.total and step.done == step.total else "wait"
        short = f"{step.name} {step.done:,}/{step.total:,}"
        pieces.append(
            LinePiece(30 if step.step.waits else 90, [[(f"then {step.told}", style)], [(short, style)]], "   ")
        )
    return one_line(cells, pieces)


def _causes(told: HeaderFacts, cells: int, lines: int) -> list[Content]:
    """Each cause with its number of objects: a line each where there is room, else all in one."""
    causes = told.causes
    if not causes:
        return []
    if len(causes) > lines:
        return [one_line(cells, cause_pieces(causes, cells))]
    return [one_line(cells, cause_pieces([cause], cells)) for cause in causes]


def _jobs(told: HeaderFacts, cells: int, lines: int) -> list[Content]:
    """Jobs of S3 Batch Operations."""
    return [line.truncate(cells, ellipsis=True) for line in job_lines(told.batches, lines)] if lines else []
