"""How a run goes, in words and blocks: the same for the screens and the commands. ``format`` shows the instants."""

from collections.abc import Sequence
from datetime import datetime

from restoretui.core.progress import Arrivals, CopiesCost, RunProgress, Sending
from restoretui.wording import format as fmt

BLOCKS = "▁▂▃▄▅▆▇█"


def sparkline(numbers: Sequence[int]) -> str:
    """One block a number, as high as its share of the largest; the least can be seen, and nothing is blank."""
    most = max(numbers, default=0)
    return "".join(BLOCKS[max(0, -(-number * len(BLOCKS) // most) - 1)] if number else " " for number in numbers)


def rate(per_second: float) -> str:
    """``212 a second``, ``2.5 a second``, ``12 a minute``."""
    if per_second >= 9.95:
        return f"{per_second:,.0f} a second"
    return f"{per_second:.1f} a second" if per_second >= 0.95 else f"{max(1, round(per_second * 60))} a minute"


def span(first: datetime, last: datetime, now: datetime) -> str:
    """``12-01 16:05 to 12-02 01:02``; the date is said once where it is the same, a moment as one instant."""
    begin, end = fmt.short_instant(first, now), fmt.short_instant(last, now)
    return begin if begin == end else f"{begin} to {end.removeprefix(begin[:-5])}"


def sending(left: Sending, now: datetime) -> str:
    """``10,285 to send, 212 a second, all sent by 13:12``."""
    text = f"{left.unsent:,} to send"
    return text if left.ends_at is None else f"{text}, {rate_and_end(left, now)}"


def rate_and_end(left: Sending, now: datetime) -> str:
    """``212 a second, all sent by 13:12``; without an end where there is no rate."""
    if left.ends_at is None:
        return rate(left.per_second)
    end = fmt.short_instant(left.ends_at, now)
    return f"{rate(left.per_second)}, all sent by {end.removeprefix(fmt.short_instant(now, now)[:-5])}"


def back(goes: RunProgress) -> str:
    """``612 GiB of 10.0 TiB back``."""
    return f"{fmt.size(goes.back_bytes)} of {fmt.size(goes.asked_bytes)} back"


def arrived(arrivals: Arrivals, now: datetime) -> str:
    """``8,011 came 16:05 to 01:02``."""
    return f"{arrivals.objects:,} came {span(arrivals.first_at, arrivals.last_at, now)}"


def copies(cost: CopiesCost, currency: str) -> str:
    """``copies cost $2.10 so far, $5.48 a day``."""
    least = "" if cost.is_whole else "at least "
    return f"copies cost {least}{fmt.money(cost.so_far, currency)} so far, {fmt.money(cost.a_day, currency)} a day"


def late(goes: RunProgress) -> str:
    """``12 objects overdue by 3h05``; empty while nothing is."""
    if goes.late is None or not goes.awaited:
        return ""
    return f"{fmt.plural(goes.awaited, 'object')} overdue by {fmt.duration(goes.late.total_seconds())}"


def in_window(goes: RunProgress) -> str:
    """``6h05 of 12h00``: how much of the time it typically takes has passed."""
    if goes.elapsed is None or goes.whole is None:
        return ""
    return f"{fmt.duration(goes.elapsed.total_seconds())} of {fmt.duration(goes.whole.total_seconds())}"


def eta(goes: RunProgress) -> str:
    """``12-01 16:02 to 12-02 04:12``: when the copies are typically there; empty where that is not known."""
    if goes.opens_at is None or goes.due_at is None:
        return ""
    return span(goes.opens_at, goes.due_at, goes.now)


def progress_lines(goes: RunProgress, currency: str) -> list[str]:
    """All of it, a sentence a line, for ``restoretui status RUN``."""
    lines, now = [], goes.now
    if goes.sending is not None:
        lines.append(sending(goes.sending, now))
    if late(goes):
        lines.append(late(goes))
    elif (goes.awaited or goes.sending) and eta(goes):
        passed = in_window(goes)
        lines.append(f"ETA {eta(goes)} {fmt.zone(goes.now)}" + (f" ({passed} passed)" if passed else ""))
    came = f"; {arrived(goes.arrivals, now)} {fmt.zone(now)}" if goes.arrivals else ""
    if goes.objects:
        amount = f", {back(goes)}" if goes.asked_bytes else ""  # Of a followed job no size is told.
        lines.append(f"{goes.done:,} of {fmt.plural(goes.objects, 'object')} done{amount}{came}")
    if goes.arrivals is not None:
        curve = goes.arrivals.curve(24)
        if len(curve) > 1:
            lines.append(f"arrivals {sparkline(curve)}")
    if goes.copies is not None:
        lines.append(copies(goes.copies, currency))
    return lines
