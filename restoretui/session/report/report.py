"""A run as it is handed over: what was asked for by whom, what came of it, and how it is read now.

Made of the ledger alone, so that it can be had where the cloud is out of reach; it says as of when it holds.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from msgspec import Struct

from restoretui.core.filter.tree import in_states
from restoretui.core.location import Location
from restoretui.core.model import ObjectRef, State
from restoretui.core.progress import RunProgress
from restoretui.core.provider import Connection
from restoretui.core.rules.cloud_commands import CloudCommands, Reached
from restoretui.core.rules.commands import ShellCommand
from restoretui.ledger.records import Query
from restoretui.ledger.run_records import Cause, Run
from restoretui.ledger.run_sums import RunSums
from restoretui.ledger.then_records import ThenCause
from restoretui.session.rows.common_prefix import common_prefix
from restoretui.session.session import Session

MOST_BUCKETS = 5
"""For which it is told how to read them; for more, that it is the same for each."""
READABLE = in_states(State.AVAILABLE)


class ToolReading(Struct, frozen=True):
    """How a tool reads what is there now: a command, or a few lines of code."""

    tool: str
    place: Location
    command: ShellCommand | None = None
    code: str = ""


class RunReport(Struct, frozen=True):
    """All that a page tells."""

    run: Run
    made_at: datetime
    as_of: datetime
    """When the objects were last looked at as a whole."""
    places: Sequence[Location]
    """Where the objects lie: what they have in common, or their buckets."""
    goes: RunProgress
    sums: RunSums
    causes: Sequence[Cause]
    then_causes: Sequence[ThenCause]
    looks_cost: Decimal | None
    readings: Sequence[ToolReading]
    """None where nothing of it can be read now."""
    commands: Sequence[ShellCommand]
    """How it was asked for; none where that was not kept."""
    keys: ShellCommand
    """Prints the objects that can be read now, exactly those."""

    @property
    def readable(self) -> int:
        """Objects of the run whose copies are there."""
        return self.sums.readable


async def report_of(session: Session, run: Run) -> RunReport:
    """Read what a report of the run tells; ``LedgerError`` for what cannot be read."""
    scheme, ledger = run.cloud.scheme, session.ledger
    places, now = await _places(session, run, Query()), session.clock.now()
    sums = await ledger.runs.sums(run.id, now.timestamp())
    readings: list[ToolReading] = []
    if sums.readable:
        tools = session.saying.tools(scheme)
        connection = Connection.from_mapping(run.connection)
        region = run.regions[0] if len(run.regions) == 1 else connection.region or ""
        for place in (await _places(session, run, Query(READABLE)))[:MOST_BUCKETS] if tools else ():
            readings += _readings(tools, Reached(connection.of(place.bucket), region), place) if tools else []
    return RunReport(
        run=run,
        made_at=now,
        as_of=ledger.runs.as_of(run),
        places=places,
        goes=await session.run_views.progress(run),
        sums=sums,
        causes=await session.run_views.causes(run),
        then_causes=await session.run_views.then_causes(run),
        looks_cost=session.looks_cost(run),
        readings=readings,
        commands=ledger.runs.commands(run.id),
        keys=ShellCommand(("restoretui", "export", str(run.id), "--where", "state:available", "--json")),
    )


async def _places(session: Session, run: Run, query: Query) -> list[Location]:
    """What all these objects of the run have in common; where that is nothing, the buckets of the run."""
    view = await session.run_views.job_view(run.id, query)
    try:
        common = await common_prefix(view, run.cloud.scheme)
    finally:
        await view.aclose()
    return [Location(run.cloud.scheme, bucket) for bucket in run.buckets] if common is None else [common]


def _readings(tools: CloudCommands, at: Reached, place: Location) -> list[ToolReading]:
    """By each tool that is known, with what makes it read objects whose class says that they are archived."""
    ref = None if place.key is None else ObjectRef(place.bucket, place.key, place.version_id)
    found = [
        ToolReading(tool, place, command) for tool, command in tools.downloads(at, ref, place.bucket, place.prefix)
    ]
    code = [ToolReading(tool, place, code=text) for tool, text in tools.code(at, ref, place.bucket, place.prefix)]
    return [*found, *code]
