"""One line of the audit trail, or of a burst of it, in words that fit a line: what matters most is never cut."""

from datetime import datetime

from restoretui.core.location import Location
from restoretui.core.model import DEFAULT_SCHEME, ObjectRef, State
from restoretui.ledger.bursts import Burst
from restoretui.ledger.records import ActivityEntry, CloudId
from restoretui.tui.words import STATES, Part, state_word
from restoretui.wording import format as fmt
from restoretui.wording import going
from restoretui.wording.safe import clean, crop, crop_end, width

KINDS = {
    "run": "strong", "request": "wait", "state": "", "look": "dim", "throttle": "warn", "credentials": "bad",
    "network": "bad", "listing": "dim", "batch": "strong", "then": "ok", "undelete": "strong",
}  # fmt: skip
"""Style of each kind."""

HAPPENED = {
    State.PLANNED: "planned again", State.REQUESTED: "asked for", State.RESTORING: "began to restore",
    State.AVAILABLE: "became readable", State.EXPIRED: "expired", State.FAILED: "failed", State.SKIPPED: "skipped",
    State.CANCELLED: "given up", State.UNKNOWN: "without a sure answer",
}  # fmt: skip
"""What so many objects did."""
FOLDED, UNFOLDED = "+", "-"

NARROW = 80
"""Below this many cells only the new state and the place are shown: the entry before tells the rest."""
LEAST_KEY, LEAST_TEXT = 10, 16


def entry_parts(entry: ActivityEntry, *, key: bool = True) -> list[Part]:
    """What happened, to what, and what the cloud called it, however long that is."""
    parts = _state_parts(entry, wide=True)
    if key and entry.ref is not None:
        ref = entry.ref
        parts += [" ", str(Location(_scheme(entry.cloud), ref.bucket, key=ref.key, version_id=ref.version_id))]
    if entry.text:
        parts += ["  " if parts else "", (entry.text, KINDS.get(entry.kind, "") if not parts else "dim")]
    return parts + [("  " + text, style) for text, style in _details(entry)]


def fitted_entry(entry: ActivityEntry, cells: int) -> list[Part]:
    """The same in so many cells: a date is whole or not there, and of a place the key gives way, not the bucket."""
    wide = cells >= NARROW
    parts = _state_parts(entry, wide=wide)
    used = _cells(parts)
    if entry.ref is None:
        text: Part = (crop_end(entry.text, max(0, cells - used)), KINDS.get(entry.kind, "") if not parts else "dim")
        return [*parts, text, *_fitting(_details(entry), cells - used - width(text[0]))]
    scheme, ref = _scheme(entry.cloud), entry.ref
    least = width(clean(_bucket(scheme, ref, wide=wide))) + min(LEAST_KEY, width(clean(ref.key)))
    room = cells - used - 1 - least
    more = _details(entry)
    if entry.text and (wide or entry.to_state in (State.FAILED, State.SKIPPED)) and room >= LEAST_TEXT:
        more.insert(entry.expiry is not None, (crop_end(entry.text, room - 2), "dim"))
    after = _fitting(more, room)
    left = cells - used - 1 - _cells(after)
    return [*parts, " ", _place(scheme, ref, left, wide=wide), *after]


def burst_parts(burst: Burst, cells: int, now: datetime) -> list[Part]:
    """``+ 18,493 became readable  12-01 16:05 to 12-02 01:02 · 4.7 TiB · s3://acme``, in so many cells."""
    state, said = burst.key.to_state, burst.key.said
    glyph = UNFOLDED if burst.is_open else FOLDED
    style = STATES[state][1] if state is not None else KINDS.get(burst.kind, "")
    what = f"{STATES[state][0]} {burst.entries:,} {HAPPENED.get(state, state.value)}" if state is not None else ""
    what = what or f"{burst.entries:,} × {said or burst.kind}"
    what += f": {burst.key.code}" if burst.key.code else ""
    parts: list[Part] = [(f"{glyph} ", "prefix"), (crop_end(what, cells - 2), style)]
    first, last = (datetime.fromtimestamp(at, now.tzinfo) for at in (burst.first_at, burst.last_at))
    span = going.span(first, last, now)
    if _cells(parts) + 2 + len(span) > cells:  # the column before says when it ended
        span = f"from {fmt.short_instant(first, now)}"
    more: list[tuple[str, str]] = [(span, "")]
    if burst.bucket is not None:
        more.append((f"{_scheme(burst.cloud)}://{burst.bucket}", ""))
    if burst.size_bytes:
        more.append((fmt.size(burst.size_bytes), "dim"))
    return [*parts, *_fitting(more, cells - _cells(parts))]


def entry_line(entry: ActivityEntry) -> str:
    """All of it as plain text."""
    return "".join(part if isinstance(part, str) else part[0] for part in entry_parts(entry))


def _scheme(cloud: CloudId | None) -> str:
    return cloud.scheme if cloud is not None else DEFAULT_SCHEME


def _state_parts(entry: ActivityEntry, *, wide: bool) -> list[Part]:
    if entry.to_state is None:
        return []
    glyph, style = STATES[entry.to_state]
    parts: list[Part] = []
    if wide and entry.from_state is not None and entry.from_state is not entry.to_state:
        parts.append((f"{entry.from_state} → ", "dim"))
    parts.append((f"{glyph} {entry.to_state}" if wide else f"{state_word(entry.to_state):<11}", style))
    return parts


def _details(entry: ActivityEntry) -> list[tuple[str, str]]:
    """The most important first."""
    found: list[tuple[str, str]] = []
    if entry.expiry is not None:
        found.append((f"until {fmt.instant(entry.expiry)}", "dim"))
    if entry.code:
        found.append((entry.code, "warn"))
    if entry.tier is not None and entry.kind == "request":
        found.append((str(entry.tier), "dim"))
    if entry.request_id:
        found.append((f"request {entry.request_id}", "dim"))
    return found


def _fitting(parts: list[tuple[str, str]], cells: int) -> list[Part]:
    """Those that fit as a whole, each behind two blanks."""
    found: list[Part] = []
    for text, style in parts:
        wanted = width(clean(text)) + 2
        if wanted <= cells:
            found.append(("  " + text, style))
            cells -= wanted
    return found


def _place(scheme: str, ref: ObjectRef, cells: int, *, wide: bool) -> str:
    """Of a place that is too long the key gives way, and the bucket only where there is no room for even that."""
    if wide:
        whole = str(Location(scheme, ref.bucket, key=ref.key, version_id=ref.version_id))
        if width(clean(whole)) <= cells:
            return whole
    bucket = _bucket(scheme, ref, wide=wide)
    left = cells - width(clean(bucket))
    return bucket + crop(ref.key, left) if left > 0 else crop(bucket + ref.key, max(0, cells))


def _bucket(scheme: str, ref: ObjectRef, *, wide: bool) -> str:
    return f"{scheme}://{ref.bucket}/" if wide else f"{ref.bucket}/"


def _cells(parts: list[Part]) -> int:
    return sum(width(clean(part if isinstance(part, str) else part[0])) for part in parts)
