"""``restoretui set diff``: in what two sets, inventories or places differ, or a set and what is there now."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, get_args

from restoretui.commands.choosing.choice import SET, Choice
from restoretui.commands.choosing.selected import is_doubt, selected
from restoretui.commands.output import Output
from restoretui.config.settings import Settings
from restoretui.core.errors import CloudError, ExitCode, UsageError
from restoretui.core.model import ObjectRef, State
from restoretui.ledger.records import EVERYTHING
from restoretui.ledger.selections.mark_sets import MarkSet
from restoretui.ledger.selections.set_contents import Differing, SetPart, Side
from restoretui.session.jsonlines.line import instant, where
from restoretui.session.session import Session, open_session
from restoretui.wording import format as words

_MARKS = {"missing": "-", "new": "+", "changed": "*"}
HEAD = f"  {'SIZE':>8}  {'CLASS':19}  KEY"


async def diff(
    settings: Settings, output: Output, operands: tuple[str, ...], inventories: tuple[str, ...]
) -> ExitCode:
    """What of the first is missing in the second, new there, or another object now; exit code 1 where they differ."""
    sides = _sides(operands, inventories)
    async with AsyncExitStack() as opened:
        session = await opened.enter_async_context(open_session(settings, priced=False))
        one = await opened.enter_async_context(_taken(session, output, settings, sides[0]))
        if len(sides) == 1:
            two, not_seen = await opened.enter_async_context(_now(session, one))
            return await _compared(session, output, one, two, not_seen)
        two = await opened.enter_async_context(_taken(session, output, settings, sides[1]))
        return await _compared(session, output, one, two, None)


def _sides(operands: Sequence[str], inventories: Sequence[str]) -> list[Choice]:
    """What is held against what; one alone is held against now."""
    if not 1 <= len(operands) <= 2 or len(inventories) > 2:
        raise UsageError("two things are held against each other, or one set against now", "name one or two")
    if len(operands) == 1 and len(inventories) == 2:
        operands = [operands[0], operands[0]]
    places = [operand for operand in operands if not operand.startswith(SET)]
    if len(inventories) > len(places):
        raise UsageError("--from-inventory says how a bucket is seen, and none is named for it", "name s3://BUCKET")
    if len(operands) == 1 and places:
        raise UsageError(
            f"{places[0]} alone is what is there now: what is it to be held against?",
            "name a set or another place, too, or two inventories of it: --from-inventory A --from-inventory B",
        )
    left = list(inventories)
    return [
        Choice((operand,), from_inventory=left.pop(0) if left and not operand.startswith(SET) else None)
        for operand in operands
    ]


@asynccontextmanager
async def _taken(session: Session, output: Output, settings: Settings, side: Choice) -> AsyncIterator[MarkSet]:
    """One side: a set as it is kept, or what is at a place, by a listing or an inventory."""
    side = side.meant(settings)
    if side.sets:
        one = session.sets.named(side.sets[0])
        await session.sets.reached(one)
        yield one
        return
    async with selected(session, output, side, judged=False) as chosen:
        await session.sets.hold(chosen.sel)
        summary = await session.ledger.selections.summary(chosen.sel)
        yield MarkSet(chosen.sel, "", summary.objects, summary.size_bytes, session.clock.now())


@asynccontextmanager
async def _now(session: Session, one: MarkSet) -> AsyncIterator[tuple[MarkSet, int]]:
    """The objects of a set as they are now, each looked at; and how many may not be."""
    selections = session.ledger.selections
    sel, not_seen = await selections.create(), 0
    try:
        for part in await session.sets.reached(one):
            async for refs in session.sets.refs(one, part):
                doubted: list[ObjectRef] = []

                def note(ref: ObjectRef, error: CloudError, doubted: list[ObjectRef] = doubted) -> None:
                    if is_doubt(error):
                        doubted.append(ref)

                await session.selecting.named(sel, refs, EVERYTHING, note, part.cloud.scheme)
                await session.selecting.unseen(sel, doubted, part.cloud.scheme)
                not_seen += len(doubted)
        summary = await selections.summary(sel)
        yield MarkSet(sel, "", summary.objects, summary.size_bytes, session.clock.now()), not_seen
    finally:
        await selections.drop(sel)


async def _compared(session: Session, output: Output, one: MarkSet, two: MarkSet, not_seen: int | None) -> ExitCode:
    """Print in what they differ; ``not_seen`` where the second is the first as it is now."""
    parts: dict[int, SetPart] = {}
    for side in (one, two):
        for part in await session.sets.parts(side):
            parts.setdefault(part.place_id, part)
    output.names_buckets = len(parts) > 1
    counts: dict[str, int] = {}
    for kind in get_args(Side):
        counts[kind] = 0
        for part in parts.values():
            async for some in session.sets.differing((one, two), part, kind):
                counts[kind] += len(some)
                for row in some:
                    _tell(output, part.cloud.scheme, kind, row)
    alike = one.objects - counts["missing"] - counts["changed"]
    output.summary({"objects": one.objects, **counts, "alike": alike, "not_seen": not_seen or 0})
    told = ", ".join(f"{counts[kind]:,} {kind}" for kind in counts)
    output.say(f"{told}; {alike:,} alike")
    if not_seen is not None:
        states = await _states(session, two)
        output.summary({state.value: number for state, number in states.items()})
        if states.get(State.AVAILABLE):
            output.say(f"{words.plural(states[State.AVAILABLE], 'restored copy', 'restored copies')} can be read now")
        if not_seen:
            output.say(f"{words.plural(not_seen, 'object')} may not be looked at, and may be there")
    return ExitCode.SOME_FAILED if any(counts.values()) else ExitCode.DONE


async def _states(session: Session, now: MarkSet) -> dict[State, int]:
    states: dict[State, int] = {}
    for cloud, groups in (await session.ledger.selections.facts(now.sel)).items():
        for group in groups:
            state = cloud.rules.state_of(group.facts, session.clock.now())
            states[state] = states.get(state, 0) + group.objects
    return states


def _tell(output: Output, scheme: str, kind: str, row: Differing) -> None:
    if output.as_json:
        output.line("object", _fields(scheme, kind, row))
        return
    output.head(HEAD)
    was = ""
    if kind == "changed":
        was = f"  (was {words.size(row.was[0])}, {row.was[1] or '?'})"
    name = output.key(scheme, row.ref)
    cells = f"{_MARKS[kind]} {words.size(row.size):>8}  {row.storage_class or '?':19}  "
    output.row(cells, f"{name}{was}")


def _fields(scheme: str, kind: str, row: Differing) -> dict[str, Any]:
    fields = {
        **where(scheme, row.ref), "state": State.UNKNOWN, "diff": kind, "size": row.size,
        "storage_class": row.storage_class or None, "modified_at": instant(row.modified),
    }  # fmt: skip
    if kind == "changed":
        fields |= {"was_size": row.was[0], "was_storage_class": row.was[1] or None}
    return fields
