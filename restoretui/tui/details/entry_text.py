"""One entry of the audit trail, or a burst of them: what happened, when, and all that was done to its object."""

from collections.abc import Sequence
from datetime import datetime

from textual.content import Content

from restoretui.ledger.bursts import Burst
from restoretui.ledger.records import ActivityEntry, PastJob
from restoretui.ledger.run_records import Run
from restoretui.tui.details.fact import fact, headed, line, wrapped
from restoretui.tui.details.object_text import past_lines
from restoretui.tui.details.run_text import run_lines
from restoretui.tui.words import STATES, state_word
from restoretui.wording import format as fmt


def entry_lines(entry: ActivityEntry, past: Sequence[PastJob], now: datetime, width: int) -> list[Content]:
    """``past`` is what was done to its object, the newest first."""
    state = entry.to_state
    before = "" if entry.from_state is None else f"{state_word(entry.from_state)} → "
    title = entry.ref.key if entry.ref is not None else f"{entry.kind}: {entry.text}"
    ends = "" if entry.expiry is None or fmt.is_untold(entry.expiry) else f"{fmt.instant(entry.expiry)} UTC"
    return [
        *(line(width, (part, "strong")) for part in wrapped(title, width)),
        Content(""),
        *fact("when", f"{fmt.instant(entry.at)} UTC", width),
        *fact("state", f"{before}{state_word(state)}" if state is not None else "", width,
              STATES[state][1] if state is not None else ""),
        *fact("until", ends, width, "ok"),
        *fact("bucket", "" if entry.ref is None else entry.ref.bucket, width),
        *fact("our run", _run(entry), width, "busy"),
        *fact("class", entry.storage_class, width),
        *fact("size", "" if entry.size is None else fmt.size(entry.size), width),
        *fact("said", entry.text if entry.ref is not None else "", width, "dim"),
        *fact("code", entry.code, width, "bad"),
        *fact("request", entry.request_id, width, "dim"),
        *headed("What we did, newest first (UTC)", [each for job in past for each in past_lines(job, now, width)]),
    ]  # fmt: skip


def burst_lines(burst: Burst, run: Run | None, now: datetime, width: int) -> list[Content]:
    """What happened so often, and how the run stands that it was of."""
    span = fmt.instant(burst.first_at)
    if burst.last_at != burst.first_at:
        span += f" – {fmt.short_instant(burst.last_at, now)}"
    return [
        line(width, (f"{fmt.plural(burst.entries, 'entry', 'entries')} alike", "strong")),
        Content(""),
        *fact("when", f"{span} UTC", width),
        *fact("size", fmt.size(burst.size_bytes) if burst.size_bytes else "", width),
        *fact("bucket", burst.bucket or "", width),
        *([Content(""), *run_lines(run, "", (), None, now, width)] if run is not None else []),
    ]


def _run(entry: ActivityEntry) -> str:
    if entry.run_id is None:
        return ""
    return f"#{entry.run_id}" + (f" at {entry.tier}" if entry.tier is not None else "")
