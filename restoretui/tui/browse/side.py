"""What the pane beside the tables of Browse tells of: an object, a prefix, or a bucket."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from textual.content import Content

from restoretui.core.location import Location
from restoretui.core.model import ObjectFacts, ObjectRef
from restoretui.core.plan.tier_plan import FactGroup
from restoretui.ledger.records import BrowseRow
from restoretui.ledger.volumes import ARCHIVED, PrefixTotals
from restoretui.session import summing
from restoretui.tui.browse.home import HomeRow
from restoretui.tui.details.fact import fact, line, wrapped
from restoretui.tui.details.object_text import object_lines, of_browse_row
from restoretui.tui.details.prefix_text import prefix_lines
from restoretui.tui.details.run_text import run_lines
from restoretui.wording import format as fmt

if TYPE_CHECKING:
    from restoretui.session.session import Session


class RowTeller(NamedTuple):
    """Tells from what is in the ledger alone."""

    session: "Session"
    place: Location
    versions: bool
    days_for: Callable[[str], int]
    """Days that prices are reckoned with, by scheme."""
    sums_key: str
    """What sums up prefixes."""

    def of_row(self, row: BrowseRow, width: int) -> Sequence[Content]:
        """An object or a prefix of a listing."""
        if row.is_prefix:
            return self.of_prefix(self.place.below(row.ref.key), row.ref.key, width)
        scheme, session = self.place.scheme, self.session
        refs = [row.ref]
        if row.is_latest and row.ref.version_id:
            refs.append(ObjectRef(row.ref.bucket, row.ref.key))
        past = session.ledger.runs.of_object(session.cloud_of(scheme), refs)
        known = of_browse_row(row, past)
        group = FactGroup(row.ref.bucket, known.facts, 1, row.size or 0, unsized=int(row.size is None))
        plan = None if row.gone else session.glance(scheme, [group], self.days_for(scheme))
        return object_lines(known, past, plan, session.clock.now(), width)

    def of_home(self, row: HomeRow, width: int) -> Sequence[Content]:
        """Something to come back to: a run, marks that were left, or a place."""
        session, now = self.session, self.session.clock.now()
        if row.place is not None:
            return self.of_prefix(row.place, row.name, width)
        run = next((run for run in session.ledger.runs.peek_all() if run.id == row.run_id), None)
        if run is not None:
            return run_lines(run, "", (), session.looks_cost(run), now, width)
        title = [line(width, (part, "strong")) for part in wrapped(row.name, width)]
        at = "" if row.left is None else f"{fmt.short_instant(row.left.at, now)} UTC"
        does = "shows them" if row.left is not None and row.left.name else "goes on with them"
        return [*title, Content(""), *fact("changed", at, width), *fact("enter", does, width)]

    def of_prefix(self, place: Location, name: str, width: int) -> Sequence[Content]:
        """A prefix, or a bucket."""
        session = self.session
        listing = summing.covering(session, place, versions=self.versions)
        totals = None if listing is None else session.ledger.totals.of(listing, place.prefix)
        plan = None
        if totals is not None and totals.archived.objects:
            plan = session.glance(place.scheme, _archived(place.bucket, totals), self.days_for(place.scheme))
        return prefix_lines(name, totals, listing, plan, self.sums_key, session.clock.now(), width)


def _archived(bucket: str, totals: PrefixTotals) -> list[FactGroup]:
    """What is archived, by class: as a restore of all of it would find it."""
    return [
        FactGroup(bucket, ObjectFacts(name, looked=True), volume.objects, volume.size_bytes, unsized=volume.unsized)
        for (name, state), volume in totals.groups.items()
        if state in ARCHIVED
    ]
