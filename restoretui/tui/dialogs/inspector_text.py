"""Everything known of one object, as lines of a width."""

import textwrap
from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct, field
from textual.content import Content

from restoretui.core.model import ObjectDetail, ObjectRef, State
from restoretui.ledger.records import ActivityEntry, BrowseRow, PastJob
from restoretui.tui.activity_words import entry_parts
from restoretui.tui.words import STATES, class_word, said, state_word
from restoretui.wording import format as fmt
from restoretui.wording.safe import clean

LABEL_CELLS = 20


class Known(Struct):
    """What the inspector has learned so far."""

    ref: ObjectRef
    location: str
    row: BrowseRow | None = None
    detail: ObjectDetail | None = None
    history: list[ActivityEntry] = field(default_factory=list)
    past: Sequence[PastJob] = ()
    """Our last restores of it, the newest first."""
    problem: str = ""


def lines(known: Known, now: datetime, width: int) -> list[Content]:
    """The whole text, wrapped."""
    text = [said((part, "strong")) for part in _wrap(known.location, width)]
    if not known.ref.key.isascii():
        text += _fact("in ASCII", ascii(known.ref.key)[1:-1], width)
    text.append(Content(""))
    if known.row is not None:
        text += _of_row(known.row, width)
    if known.detail is not None:
        if known.row is None:
            text += _fact("storage class", known.detail.storage_class, width)
        text += _of_head(known.detail, now, width)
    elif known.problem:
        text += _fact("problem", known.problem, width, "bad")
    else:
        text += _fact("", "asking for the rest …", width, "dim")
    for job in known.past:
        if job.job.charged:
            text += _fact("charged", f"to the {job.job.charged}, as the cloud said (run #{job.run_id})", width)
        if job.job.output_path:
            text += _fact("results", f"{job.job.output_path} (run #{job.run_id})", width, "ok")
    if known.history:
        text += [Content(""), said(("What we did, newest first (UTC)", "strong"))]
        for entry in known.history:
            line = said((f"{fmt.instant(entry.at)}  ", "dim"), *entry_parts(entry, key=False))
            text.append(line.truncate(width, ellipsis=True))
    if known.detail is not None and known.detail.headers:
        text += [Content(""), said(("Headers", "strong"))]
        for name, value in known.detail.headers:
            text += _fact(name.lower(), value, width)
    return text


def _of_row(row: BrowseRow, width: int) -> list[Content]:
    text = _fact("state", state_word(row.state), width, STATES[row.state][1])
    if row.run_id is not None:
        text += _fact("our run", f"#{row.run_id}" + (f" at {row.tier}" if row.tier else ""), width, "busy")
    return text + _fact("storage class", class_word(row), width)


def _of_head(detail: ObjectDetail, now: datetime, width: int) -> list[Content]:
    text = _fact("restore", *_restore(detail, now, width))
    if detail.archive_status:
        text += _fact("archived in", detail.archive_status, width, "cold")
    size = "not told" if detail.size is None else f"{fmt.size(detail.size)} ({detail.size:,} bytes)"
    text += _fact("size", size, width)
    if detail.modified is not None:
        text += _fact("modified", f"{fmt.instant(detail.modified)} UTC", width)
    if detail.lifecycle_expiry:
        text += _fact("lifecycle", f"will delete it: {detail.lifecycle_expiry}", width, "warn")
    if detail.version_id:
        text += _fact("version", detail.version_id, width)
    return text + _fact("etag", detail.etag, width)


def _restore(detail: ObjectDetail, now: datetime, width: int) -> tuple[str, int, str]:
    status = detail.restore
    if status is None:
        return "no copy, and none asked for", width, "dim"
    if status.in_progress:
        return state_word(State.RESTORING), width, "busy"
    if status.expiry is None:
        return "● readable, without an end", width, "ok"
    if fmt.is_untold(status.expiry):
        return "● readable, until a date that cannot be read", width, "ok"
    left = (status.expiry - now).total_seconds()
    until = f"until {fmt.instant(status.expiry)} UTC"
    if left <= 0:
        return f"over since {until}", width, "dim"
    return f"● readable {until}, for another {fmt.duration(left)}", width, "ok"


def _fact(label: str, value: str, width: int, style: str = "") -> list[Content]:
    first, *more = _wrap(value, max(16, width - LABEL_CELLS)) or [""]
    label = clean(label)
    start = f"{label:<{LABEL_CELLS - 1}} " if len(label) < LABEL_CELLS else f"{label} "
    return [said((start, "dim"), (first, style)), *(said(" " * LABEL_CELLS, (part, style)) for part in more)]


def _wrap(text: str, width: int) -> list[str]:
    return textwrap.wrap(clean(text), width, break_on_hyphens=False, drop_whitespace=False, replace_whitespace=False)
