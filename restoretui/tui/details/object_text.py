"""One object: what the ledger knows of it, what we did to it, and what restoring it would take and cost."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from msgspec import Struct
from textual.content import Content

from restoretui.core.model import ObjectFacts, ObjectRef, State, Tier
from restoretui.core.rules.verdicts import Action
from restoretui.ledger.records import BrowseRow, JobRow, PastJob
from restoretui.tui.details.action_words import ACTIONS
from restoretui.tui.details.fact import fact, headed, line, wrapped
from restoretui.tui.words import STATES, state_word
from restoretui.wording import format as fmt

if TYPE_CHECKING:
    from restoretui.core.plan.plan import RestorePlan


class KnownObject(Struct, frozen=True):
    """As a row tells it; instants in seconds since the epoch, UTC."""

    ref: ObjectRef
    state: State
    storage_class: str
    archive: str | None
    size: int | None
    modified: int | None = None
    expiry: int | None = None
    tier: Tier | None = None
    days: int | None = None
    """Of the restore under way, where we asked for it."""
    run_id: int | None = None
    etag: str = ""
    version: str = ""
    """Which of its key's versions it is, in words."""
    problem: str = ""
    gone: bool = False

    @property
    def facts(self) -> ObjectFacts:
        """What decides about a restore."""
        ends = datetime.fromtimestamp(self.expiry, UTC) if self.expiry and self.state is State.AVAILABLE else None
        going = self.state in (State.REQUESTED, State.RESTORING)
        seen = self.state is not State.UNKNOWN
        return ObjectFacts(
            self.storage_class, self.archive, looked=seen, in_progress=going if going or ends else None,
            expiry=ends, tier=self.tier if going else None, days=self.days if going else None,
        )  # fmt: skip


def of_browse_row(row: BrowseRow, past: Sequence[PastJob]) -> KnownObject:
    """An object of a listing, and what we did to it, the newest first."""
    version = "deleted" if row.deleted else "latest" if row.is_latest else ""
    if row.number:
        version = f"#{row.number}" + (f", {version}" if version else "")
    return KnownObject(
        row.ref, row.state, row.storage_class, row.archive_status, row.size, row.modified, row.expiry, row.tier,
        run_id=row.run_id, etag=row.etag, version=version if row.ref.version_id else "", gone=row.gone,
        days=past[0].job.days if past and past[0].run_id == row.run_id else None,
    )  # fmt: skip


def of_job(row: JobRow) -> KnownObject:
    """An object of a run."""
    archive = row.archive if row.archive != row.storage_class else None
    problem = " ".join(part for part in (row.code, row.message or row.reason, row.request_id) if part)
    failed = row.state in (State.FAILED, State.SKIPPED, State.UNKNOWN, State.CANCELLED)
    return KnownObject(
        row.ref, row.state, row.storage_class, archive, row.size, expiry=row.expiry, tier=row.tier, days=row.days,
        problem=problem if failed else "",
    )  # fmt: skip


def object_lines(
    known: KnownObject, past: Sequence[PastJob], plan: "RestorePlan | None", now: datetime, width: int
) -> list[Content]:
    """Nothing of it was asked of the cloud for this."""
    named = _class_name(known)
    size = "not told" if known.size is None else f"{fmt.size(known.size)} ({known.size:,} B)"
    modified = "" if known.modified is None else f"{fmt.instant(known.modified)} UTC"
    run = "" if known.run_id is None else f"#{known.run_id}" + (f" at {known.tier}" if known.tier else "")
    state = ("✗ gone", "bad") if known.gone else (state_word(known.state), STATES[known.state][1])
    return [
        *(line(width, (part, "strong")) for part in wrapped(known.ref.key, width)),
        Content(""),
        *fact("state", state[0], width, state[1]),
        *fact("why", known.problem, width, "bad" if known.state is State.FAILED else "dim"),
        *fact("restore", *_restore(known, now, width)),
        *fact("our run", run, width, "busy"),
        *fact("class", named, width),
        *fact("size", size, width),
        *fact("modified", modified, width),
        *fact("version", known.version, width),
        *fact("id", known.ref.version_id or "", width, "dim"),
        *fact("etag", known.etag, width, "dim"),
        *headed("What we did, newest first (UTC)", [each for job in past for each in past_lines(job, now, width)]),
        *tier_lines(plan, width),
    ]


def _class_name(known: KnownObject) -> str:
    return f"{known.storage_class}, {known.archive}" if known.archive else known.storage_class


def _restore(known: KnownObject, now: datetime, width: int) -> tuple[str, int, str]:
    """What the header of that name says, as far as a listing or a look told it."""
    if known.state in (State.REQUESTED, State.RESTORING):
        return "in progress", width, "busy"
    if known.state is not State.AVAILABLE:
        return "no copy" if known.state is State.ARCHIVED else "", width, "dim"
    if known.expiry is None:
        return "● readable, without an end", width, "ok"
    if fmt.is_untold(known.expiry):
        return "● readable, until a date that is not told", width, "ok"
    left = known.expiry - now.timestamp()
    style = "warn" if left < fmt.DAY else "ok"
    return f"● until {fmt.short_instant(known.expiry, now)} UTC, {fmt.duration(left)}", width, style


def past_lines(job: PastJob, now: datetime, width: int) -> list[Content]:
    """What was asked for in one run, and what became of it."""
    row = job.job
    asked = row.requested_at or row.attempt_at
    parts = [(f"#{job.run_id} ", "dim"), (f"{row.tier} " if row.tier else "", "")]
    if asked is not None:
        parts.append((f"{fmt.short_instant(asked, now)} ", "dim"))
    took = f" in {fmt.duration(row.available_at - asked)}" if row.available_at is not None and asked else ""
    ends = ""
    if row.state is State.AVAILABLE and row.expiry is not None and not fmt.is_untold(row.expiry):
        ends = f", until {fmt.short_instant(row.expiry, now)}"
    lines = [line(width, *parts, (state_word(row.state), STATES[row.state][1]), (took + ends, "dim"))]
    if row.state is State.FAILED:
        lines.append(line(width, (f"   {row.code} {row.message or row.reason}", "bad")))
    for label, told in (("charged to the", row.charged), ("results at", row.output_path)):
        if told:
            lines.append(line(width, (f"   {label} {told}", "dim")))
    return lines


def tier_lines(plan: "RestorePlan | None", width: int, what: str = "Restoring it") -> list[Content]:
    """For each tier how long it takes and what it costs; why nothing is to be restored, where that is so."""
    if plan is None:
        return []
    lines, reasons = [], []
    for tier, chosen in plan.tiers.items():
        if not chosen.requests:
            reasons += [one.verdict.reason for one in chosen.lines]
            continue
        looks = chosen.counts.get(Action.LOOK)
        cost = "price not known" if chosen.cost.unknown >= chosen.requests else fmt.estimate(
            chosen.cost, chosen.requests, plan.prices.currency
        ) + ("+?" if looks and not chosen.cost.unpriced else "")  # fmt: skip
        what_else = next((str(one.verdict.action) for one in chosen.sending), "at once")
        window = fmt.span(chosen.window) if chosen.window is not None else what_else
        part = "" if chosen.requests == plan.objects else f" ({chosen.requests:,})"
        lines.append(line(width, f"{tier:<10} ", f"{window:<13} ", (f"{cost}{part}", "ok")))
    if lines:
        return headed(f"{what}, for {fmt.plural(plan.days, 'day')}", lines)
    why = next(iter(dict.fromkeys(reasons)), "")
    action = plan.tiers[Tier.STANDARD].lines[0].verdict.action if plan.tiers[Tier.STANDARD].lines else None
    glyph, style = ACTIONS[action] if action is not None else ("", "dim")
    return headed(what, fact(glyph, why, width, style)) if why else []
