"""Formats sizes, instants, durations and money for people, in few and steady cells."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING

from restoretui.core.model import END_UNTOLD

if TYPE_CHECKING:
    from restoretui.core.measured import Measured
    from restoretui.core.plan.lifecycle import Expiring
    from restoretui.core.plan.pricing import Cost
    from restoretui.core.rules.rules import RestoreWindow

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")
MINUTE, HOUR, DAY = 60, 3600, 86400


_END_UNTOLD = END_UNTOLD.timestamp()
UNTOLD = "?"
"""For what a store does not tell."""


@lru_cache(8192)
def size(size_bytes: int | None) -> str:
    """Binary units, at most 8 cells: ``0 B``, ``1.5 KiB``, ``1023 GiB``; ``?`` for None, which is not told."""
    if size_bytes is None:
        return UNTOLD
    value, unit = size_bytes / 1, 0
    while value >= 1023.5 and unit < len(_UNITS) - 1:
        value, unit = value / 1024, unit + 1
    if unit == 0:
        return f"{size_bytes} B"
    return f"{value:.1f} {_UNITS[unit]}" if value < 99.95 else f"{value:.0f} {_UNITS[unit]}"


_MANY = [
    (1 << 10 * unit, f"%{7 - len(name)}.1f {name}", f"%{7 - len(name)}.0f {name}")
    for unit, name in enumerate(_UNITS[:6])
]


def sizes_of(sizes: Sequence[int | None]) -> list[str]:
    """``size`` of each of many, at the right of 8 cells."""
    made = []
    for own in sizes:
        if own is None or not 1024 <= own < 1 << 50:
            made.append(f"{size(own):>8}")
            continue
        one, short, long = _MANY[(own.bit_length() - 1) // 10]
        value = own / one
        if value < 99.95:
            made.append(short % value)
        elif value < 1023.5:
            made.append(long % value)
        else:
            made.append(f"{size(own):>8}")
    return made


def sizes(size_bytes: int, unsized: int) -> str:
    """Of several objects: ``1.5 KiB``, ``1.5 KiB+?`` when the size of some is not told, ``?`` when that of all is."""
    if not unsized:
        return size(size_bytes)
    return f"{size(size_bytes)}+?" if size_bytes else UNTOLD


def count(number: int) -> str:
    """With thousands separated: ``1,204``."""
    return f"{number:,}"


def compact(number: int) -> str:
    """At most 4 cells up to a billion: ``1204``, ``12k``, ``1.2M``."""
    for limit, divisor, unit in ((9_999, 1, ""), (999_499, 1_000, "k"), (999_499_999, 1_000_000, "M")):
        if number <= limit:
            value = number / divisor
            return f"{value:.1f}{unit}" if unit == "M" and value < 10 else f"{value:.0f}{unit}"
    return f"{number / 1e9:.0f}G"


def plural(number: int, one: str, many: str = "") -> str:
    """``1 object``, ``1,204 objects``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def day(epoch: float | None) -> str:
    """The date of an instant, UTC: ``2026-01-15``; ``?`` for None, which is not told."""
    if epoch is None:
        return UNTOLD
    if _zone[0] is UTC:
        return _date(epoch // 86_400)
    return _shown(epoch).isoformat()[:10]


def days_of(instants: Sequence[int | None]) -> list[str]:
    """``day`` of each of many, in 10 cells."""
    return [f"{day(at):10}" for at in instants]


@lru_cache(8192)
def _date(days: float) -> str:
    return _moment(days * 86_400).isoformat()[:10]  # strftime has years of three digits


def of_before(seen: datetime) -> str:
    """That a plan rests on what was seen some time ago."""
    return f"as of {stamp(seen)}: what has changed of its objects since is not in it"


def is_untold(end: datetime | float) -> bool:
    """A copy can be read, but not until when."""
    return end == (END_UNTOLD if isinstance(end, datetime) else _END_UNTOLD)


_zone: list[tzinfo | None] = [UTC]


_FIRST = datetime.min.replace(tzinfo=UTC).timestamp()
_LAST = _END_UNTOLD


def show_local() -> None:
    """From now on, times are those of the machine's own zone. Everywhere else they are UTC."""
    _zone[0] = None


def instant(at: datetime | float) -> str:
    """``2026-01-15 12:00`` UTC; ``unknown`` for an end that is not told."""
    if is_untold(at):
        return "unknown"
    return _shown(at).isoformat(" ")[:16]


def stamp(at: datetime | float) -> str:
    """``2026-01-15 12:00 UTC``, with its zone."""
    return instant(at) if is_untold(at) else f"{instant(at)} {zone(at)}"


def zone(at: datetime | float) -> str:
    """What the clock is called by which ``instant`` tells that moment: ``UTC``, or as here."""
    return f"{_shown(at):%Z}"


def _moment(epoch: float) -> datetime:
    """Within the calendar, whatever a ledger may hold."""
    return datetime.fromtimestamp(min(max(epoch, _FIRST), _LAST), UTC)


def _shown(at: datetime | float) -> datetime:
    """As it is told to people; what no calendar of the zone holds, in UTC."""
    moment = at if isinstance(at, datetime) else _moment(at)
    try:
        return moment.astimezone(_zone[0])
    except (OverflowError, ValueError, OSError):  # A few hours from the first or last instant that there is.
        return moment


def short_instant(at: datetime | float, now: datetime) -> str:
    """``01-15 12:00`` UTC, with the year only when it is another."""
    text = instant(at)
    return text[5:] if text[:4] == instant(now)[:4] else text


def time_of_day(at: datetime | float) -> str:
    """``12:00:05`` UTC."""
    return _shown(at).strftime("%H:%M:%S")


def duration(seconds: float) -> str:
    """Coarse on purpose, so that a countdown repaints seldom: ``<1m``, ``12m``, ``3h05``, ``2d 4h``, ``41d``."""
    left = int(abs(seconds))
    if left < MINUTE:
        text = "<1m"
    elif left < HOUR:
        text = f"{left // MINUTE}m"
    elif left < DAY:
        text = f"{left // HOUR}h{left % HOUR // MINUTE:02d}"
    elif left < 10 * DAY:
        text = f"{left // DAY}d {left % DAY // HOUR}h"
    else:
        text = f"{left // DAY}d"
    return text


def ago(seconds: float) -> str:
    """``just now``, ``12m ago``."""
    return "just now" if seconds < MINUTE else f"{duration(seconds)} ago"


def span(window: "RestoreWindow") -> str:
    """A typical time as the documentation gives it: ``1–5 min``, ``3–5 h``, ``within 12 h``."""
    return str(window)


def seen_here(tier: str, archive: str, seen: "Measured") -> str:
    """What was seen beside what is documented: ``here bulk of GLACIER took 5h40 to 9h (9 in 10 of 412 restores)``.

    From the 5th percentile to the 95th.
    """
    shortest, longest = (duration(time.total_seconds()) for time in (seen.shortest, seen.longest))
    took = shortest if shortest == longest else f"{shortest} to {longest}"
    return f"here {tier} of {archive} took {took} (9 in 10 of {seen.restores:,} restores)"


def at_quota(longest: timedelta) -> str:
    """What a cloud's documented quota makes of a restore: ``at the documented quota about 14 days``."""
    hours = longest / timedelta(hours=1)
    amount = f"{round(hours / 24):,} days" if hours >= 3 * 24 else f"{max(1, round(hours)):,} hours"
    return f"at the documented quota about {amount}"


def money(amount: Decimal, currency: str = "USD") -> str:
    """``$12.04``; below a cent but not nothing: ``<$0.01``; other currencies by name."""
    sign = "$" if currency == "USD" else f"{currency} "
    if Decimal(0) < amount < Decimal("0.01"):
        return f"<{sign}0.01"
    return f"{sign}{amount:,.2f}"


def estimate(cost: "Cost", requests: int, currency: str) -> str:
    """``$12.04``; ``$12.04+?`` where the ``requests`` cost more than is known, ``unknown`` where none is priced."""
    if cost.unknown and cost.unknown >= requests:
        return "unknown"
    return money(cost.total, currency) + ("+?" if cost.unpriced else "")


def about(amount: Decimal, currency: str, unpriced: int) -> str:
    """``about $12.04``; ``at least $12.04`` where some of it has no known price; ``<$0.01`` speaks for itself."""
    text = money(amount, currency)
    if unpriced:
        return "at least " + (money(Decimal(0), currency) if text.startswith("<") else text)
    return text if text.startswith("<") else f"about {text}"


def stay(first: Decimal, over_90_days: Decimal | None, currency: str) -> str:
    """What it costs that something came back for good: the part that is in the total, and the rest beside it."""
    later = "" if over_90_days is None else f"; {money(over_90_days, currency)} over 90 days if nobody reads it"
    return f"{money(first, currency)} of it for 30 days in Frequent Access{later}"


def expires(one: "Expiring") -> str:
    """What a lifecycle rule does to objects of a plan."""
    rule = one.rule
    verb = "may expire" if rule and rule.by_tags else "expires" if one.objects == 1 else "expire"
    tags = " (it goes by tags, which are not known)" if rule and rule.by_tags else ""
    when = "on" if one.objects == 1 or (rule and rule.days is None) else "from"
    which = f"lifecycle rule {rule.name or 'without a name'}" if rule else "a lifecycle rule"
    return (
        f"{plural(one.objects, 'object')} {verb} by {which}{tags} {when} {one.first:%Y-%m-%d}, before the copy would"
    )


def too_many_expedited(requests: int) -> str:
    """Why so many requests at Expedited may not be served."""
    return f"Expedited is meant for some hundreds of objects: of {count(requests)} many may find no capacity"


def capacity(units: int, region: str) -> str:
    """What provisioned capacity serves of Expedited: three requests in 5 minutes and 150 MB/s a unit (FACTS 1.4)."""
    if not units:
        return f"no provisioned capacity is owned in {region}"
    return (
        f"{plural(units, 'unit')} of provisioned capacity in {region}: Expedited takes at least {3 * units:,}"
        f" requests in 5 minutes, and up to {150 * units:,} MB/s"
    )


def why_unpriced(unpriced: int, fees_unknown: int) -> str:
    """What it is that is not known: ``the request fees of 12 objects are not known, nor any price of 3 others``."""
    unknown = unpriced - fees_unknown
    if not fees_unknown:
        return f"the price of {plural(unknown, 'object')} is not known"
    fees = "request fee of 1 object is" if fees_unknown == 1 else f"request fees of {fees_unknown:,} objects are"
    more = f", nor the price of {plural(unknown, 'other')}" if unknown else ""
    return f"the {fees} not known{more}"


def bar(part: float, cells: int) -> tuple[str, str]:
    """A progress bar of exactly ``cells`` cells, its done and its open half; never full before it is done."""
    halves = int(max(0.0, min(1.0, part)) * cells * 2)
    if part > 0 and halves == 0:
        halves = 1
    full, rest = divmod(halves, 2)
    done = "━" * full + ("╸" if rest else "")
    return done, "─" * (cells - len(done))
