"""A report as a page: headings with facts, tables and lines to copy, before any form is given to them."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from restoretui.core.model import State
from restoretui.core.provider import Connection
from restoretui.ledger.run_records import Run
from restoretui.session.report.report import MOST_BUCKETS, RunReport
from restoretui.wording import format as words
from restoretui.wording import going
from restoretui.wording.command_line import command_line

MOST_CAUSES = 50
READERS = {
    "aws": "archived objects below the prefix that were not restored fail with 403, and the rest is copied",
    "rclone": "it looks at no class; do not let it set modification times: --no-update-modtime",
    "s5cmd": "cp, not sync: that skips archived classes",
}
"""What to mind where a tool reads all below a prefix."""


class Table(Struct, frozen=True):
    """Rows of cells below their heads."""

    heads: Sequence[str]
    rows: Sequence[Sequence[str]]


class Lines(Struct, frozen=True):
    """Lines to be copied, with what they are and what to mind."""

    title: str
    text: str
    remark: str = ""


class Section(Struct, frozen=True):
    """A heading and what stands below it: facts with their names first."""

    title: str
    facts: Sequence[tuple[str, str]] = ()
    tables: Sequence[Table] = ()
    lines: Sequence[Lines] = ()
    remark: str = ""


class ReportPage(Struct, frozen=True):
    """All of it; its texts are as they came, whoever writes them out cleans and escapes them."""

    title: str
    lead: str
    sections: Sequence[Section]


def page_of(report: RunReport) -> ReportPage:
    """The page of a run; parts of which nothing is known are left out."""
    run = report.run
    sections = [_what(report), _when(report), _money(report), _outcome(report), *_reading(report)]
    if report.commands:
        lines = [Lines("", command_line(command)) for command in report.commands]
        sections.append(Section("How it was asked for", lines=lines))
    return ReportPage(
        f"Restore run {run.id}" + (f": {run.ticket}" if run.ticket else ""),
        f"{headline(report)}. As of {words.stamp(report.as_of)}; written {words.stamp(report.made_at)}.",
        [_facts(section) for section in sections],
    )


def headline(report: RunReport) -> str:
    """How it stands, in a sentence without its point."""
    run = report.run
    told = [f"{count:,} {state}" for state in State if (count := run.counts.get(state, 0))]
    stands = "Under way" if run.is_open else "Then-steps under way" if run.then_open else "Over"
    if not run.is_open and not run.then_open and report.readable:
        stands = "Can be read"
    return f"{stands}: {', '.join(told) or 'no objects'}"


def _what(report: RunReport) -> Section:
    run = report.run
    classes = [
        (name or "not told", f"{volume.objects:,}", words.sizes(volume.size_bytes, volume.unsized))
        for name, volume in report.sums.classes.items()
    ]
    where = [str(place) for place in report.places[:MOST_BUCKETS]]
    more = len(report.places) - len(where)
    return Section(
        "What, and for whom",
        [
            ("Requester", run.requester), ("Ticket", run.ticket), ("Note", run.note),
            ("Where", ", ".join(where) + (f" and {more:,} more" if more > 0 else "")),
            ("Objects", f"{run.objects:,}"),
            ("Size", words.size(run.told_bytes)),
            ("Asked", f"{run.purpose} at {run.tier} for {words.plural(run.days, 'day')}"),
            ("Way", "S3 Batch Operations" if run.by_jobs else "one request for each object"),
            ("Profile", _profiles(run)),
            ("Region", ", ".join(run.regions) or str(run.connection.get("region") or "")),
            ("Endpoint", str(run.connection.get("endpoint_url") or "")),
        ],
        [Table(("Storage class", "Objects", "Size"), classes)] if classes else (),
    )  # fmt: skip


def _profiles(run: Run) -> str:
    """As whom it was asked for; of several, which bucket as whom."""
    reached = Connection.from_mapping(run.connection)
    if not reached.buckets:
        return reached.profile or ""
    return ", ".join(f"{reached.of(bucket).profile or 'none'} for {bucket}" for bucket in run.buckets)


def _when(report: RunReport) -> Section:
    run, sums, goes = report.run, report.sums, report.goes
    took = sums.took
    length = ""
    if took is not None:
        least, median, most = (words.duration(seconds) for seconds in took[1:])
        length = f"{least} to {most}, half of them within {median} (of {words.plural(took.objects, 'object')})"
    eta = f"{going.eta(goes)} {words.zone(goes.now)}" if run.is_open and going.eta(goes) else ""
    return Section(
        "When",
        [
            ("Confirmed", words.stamp(run.created_at)),
            ("Requests sent", _span(run.first_requested_at, run.last_requested_at)),
            ("Copies came", _span(goes.arrivals.first_at, goes.arrivals.last_at) if goes.arrivals else ""),
            ("Expected", eta),
            ("Over", words.stamp(run.ended_at) if run.ended_at else ""),
            ("Request to copy", length),
            ("Can be read until", _span(sums.first_end, sums.last_end)),
        ],
    )


def _money(report: RunReport) -> Section:
    run, copies = report.run, report.goes.copies
    estimate = words.about(run.estimate, run.currency, run.unpriced)
    looks = f"{words.plural(run.list_calls, 'LIST request')}, {words.plural(run.head_calls, 'HEAD request')}"
    looks += f": {words.money(report.looks_cost, run.currency)}" if report.looks_cost else ""
    return Section(
        "Cost",
        [
            ("Estimate agreed to", "unknown" if run.unpriced and not run.estimate else estimate),
            ("Copies", going.copies(copies, run.currency).removeprefix("copies cost ") if copies else ""),
            ("Watching it", looks),
        ],
        remark="An estimate by list prices; the bill is the cloud's.",
    )


def _outcome(report: RunReport) -> Section:
    run = report.run
    states = [
        (state.value, f"{count:,}", words.size(run.bytes_by_state.get(state, 0)))
        for state in State
        if (count := run.counts.get(state, 0))
    ]
    tables = [Table(("State", "Objects", "Size"), states)] if states else []
    if report.causes:
        told = [(f"{one.objects:,}", one.code, one.reason) for one in report.causes[:MOST_CAUSES]]
        left = len(report.causes) - MOST_CAUSES
        told += [(f"and {left:,} more causes", "", "")] if left > 0 else []
        tables.append(Table(("Not restored", "Code", "Why"), told))
    if run.then:
        steps = [
            (one.step.said, f"{one.done:,} of {one.total:,}", f"{one.failed:,}" if one.failed else "")
            for one in run.then
        ]
        tables.append(Table(("Afterwards", "Done", "Failed"), steps))
    if report.then_causes:
        why = [(f"{one.objects:,}", str(one.step), one.code, one.reason) for one in report.then_causes[:MOST_CAUSES]]
        tables.append(Table(("Not done", "Step", "Code", "Why"), why))
    return Section("What came of it", tables=tables)


def _reading(report: RunReport) -> list[Section]:
    run = report.run
    if not report.readable:
        what = "Nothing of it is there yet." if run.is_open else "Nothing of it can be read now."
        return [Section("How to read it now", remark=what)]
    until = _span(report.sums.first_end, report.sums.last_end)
    several = len(report.places) > 1
    lines = []
    for one in report.readings:
        title = f"{one.tool}, {one.place}" if several else one.tool
        text = one.code.rstrip("\n") if one.command is None else command_line(one.command)
        is_tree = one.place.key is None
        lines.append(Lines(title, text, READERS.get(one.tool, "") if is_tree and one.command else ""))
    keys = command_line(report.keys) + " | jq -r 'select(.type == \"object\").key' > keys.txt"
    lines.append(Lines("the keys that can be read, exactly", keys, "for rclone --files-from-raw, s5cmd run, xargs"))
    remark = f"{words.plural(report.readable, 'object')} can be read" + (f", until {until}." if until else ".")
    return [Section("How to read it now", lines=lines, remark=remark)]


def _span(first: datetime | float | None, last: datetime | float | None) -> str:
    """``2026-01-15 12:00 UTC`` or both ends; empty where nothing is known."""
    if first is None:
        return ""
    begin, end = words.stamp(first), words.stamp(first if last is None else last)
    return begin if begin == end else f"{begin} to {end}"


def _facts(section: Section) -> Section:
    """Without facts of which nothing is known."""
    facts = [(name, value) for name, value in section.facts if value]
    return Section(section.title, facts, section.tables, section.lines, section.remark)
