"""One line of the audit trail, in words."""

from restoretui.core.location import Location
from restoretui.core.model import DEFAULT_SCHEME, State
from restoretui.ledger.records import ActivityEntry
from restoretui.tui.words import STATES, Part, state_word
from restoretui.wording import format as fmt

KINDS = {
    "run": "strong", "request": "wait", "state": "", "look": "dim", "throttle": "warn", "credentials": "bad",
    "network": "bad", "listing": "dim", "batch": "strong",
}  # fmt: skip
"""Style of each kind."""


NARROW = 80
"""Below this many cells only the new state and the key are shown: the entry before tells the rest."""


def entry_parts(entry: ActivityEntry, *, key: bool = True, cells: int = 1000) -> list[Part]:
    """What happened, to what, and what the cloud called it, for so many cells."""
    parts: list[Part] = []
    wide = cells >= NARROW
    if entry.to_state is not None:
        glyph, style = STATES[entry.to_state]
        if wide and entry.from_state is not None and entry.from_state is not entry.to_state:
            parts.append((f"{entry.from_state} → ", "dim"))
        parts.append((f"{glyph} {entry.to_state}" if wide else f"{state_word(entry.to_state):<11}", style))
    if key and entry.ref is not None:
        scheme = entry.cloud.scheme if entry.cloud is not None else DEFAULT_SCHEME
        ref = entry.ref
        where = Location(scheme, ref.bucket, key=ref.key, version_id=ref.version_id)
        parts += [" ", str(where) if wide else ref.key]
    if entry.text and (wide or entry.ref is None or entry.to_state in (State.FAILED, State.SKIPPED)):
        parts += ["  " if parts else "", (entry.text, KINDS.get(entry.kind, "") if not parts else "dim")]
    if entry.tier is not None and entry.kind == "request":
        parts.append((f"  {entry.tier}", "dim"))
    if entry.expiry is not None:
        parts.append((f"  until {fmt.instant(entry.expiry)}", "dim"))
    if entry.code:
        parts.append((f"  {entry.code}", "warn"))
    if entry.request_id:
        parts.append((f"  request {entry.request_id}", "dim"))
    return parts


def entry_line(entry: ActivityEntry) -> str:
    """The same as plain text."""
    return "".join(part if isinstance(part, str) else part[0] for part in entry_parts(entry))
