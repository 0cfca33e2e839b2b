"""``restoretui clean``: restored copies ended before their days are over, to stop paying for them."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from restoretui.commands.agreeing import Agreeing
from restoretui.commands.choosing.choice import Choice
from restoretui.commands.choosing.selected import listed_at, listing_view
from restoretui.commands.leaving import NOTHING_SENT
from restoretui.commands.output import Output
from restoretui.commands.summary import say_dry
from restoretui.config.settings import Settings
from restoretui.core.errors import CloudError, ExitCode, ObjectNotFound, UsageError
from restoretui.core.filter.tree import all_of, in_states
from restoretui.core.location import Location
from restoretui.core.model import ObjectRef, State
from restoretui.core.plan.offers import Consent, check_guards
from restoretui.engine.cleaner import Cleaned
from restoretui.ledger.records import Query
from restoretui.ledger.run_records import Run
from restoretui.ledger.selections.mark_sets import MarkSet
from restoretui.ledger.selections.set_contents import START
from restoretui.session.jsonlines.line import where
from restoretui.session.rows.jobs import each
from restoretui.session.session import Session, open_session
from restoretui.wording import format as words
from restoretui.wording.safe import clean as cleaned_text

BATCH, PAGE = 500, 4096


class Copy(NamedTuple):
    """One restored copy that was chosen."""

    scheme: str
    ref: ObjectRef
    storage_class: str
    size: int | None
    run: int | None = None


async def clean(settings: Settings, output: Output, choice: Choice, agreeing: Agreeing) -> ExitCode:
    """End the copies at locations, or those of a run, once that is agreed to."""
    output.left = NOTHING_SENT
    named_run = len(choice.locations) == 1 and not choice.sets and "://" not in choice.locations[0]
    if named_run and (choice.versions or choice.version_id is not None):
        raise UsageError("the copies of a run are those of its own versions", "leave out --versions and --version-id")
    if named_run and choice.keys_from:
        raise UsageError("the copies of a run are those of its own objects", "leave out --keys-from")
    if not named_run:
        choice = choice.meant(settings)
        output.summary({"locations": choice.typed()})
    async with open_session(settings) as session:
        run = await session.run_views.find_run(choice.locations[0]) if named_run else None
        if run is not None:
            choice = choice.in_clouds([run.cloud.rules])
        else:
            choice = await choice.with_keys(session, output, settings)
        copies_there = _copies_of(session, run, choice) if run else _copies(session, output, choice)
        found = [copy async for copy in copies_there]
        copies = [copy for copy in found if _can_end(session, copy)]
        if left := Counter(copy.storage_class for copy in found if not _can_end(session, copy)):
            for storage_class, count in left.items():
                output.say(f"{words.plural(count, 'copy', 'copies')} of {storage_class} can only be waited for")
        if not copies:
            output.say("there is no restored copy to end")
            _summary(output, Counter(), len(found))
            return ExitCode.DONE
        known = [copy.size for copy in copies if copy.size is not None]
        size = words.sizes(sum(known), len(copies) - len(known))
        about = f"{words.plural(len(copies), 'restored copy', 'restored copies')} ({size})"
        output.say(f"{about} can be ended now")
        offers = [session.spending.offer_clean(len(copies), sum(known))]
        if agreeing.dry_run:
            check_guards(offers, agreeing.limits, agreeing.most_objects)
            for copy in copies:
                _tell_dry(output, copy)
            say_dry(output)
            _summary(output, Counter(), len(found))
            return ExitCode.DONE
        consent = await agreeing.asks(
            session, offers, f"End {about} now? To read the objects again they must be restored, and paid for, again."
        )
        counts: Counter[str] = Counter()
        output.left = "the copies that were ended are over, the others stay; say it again to end those"
        for start in range(0, len(copies), BATCH):
            await _end(session, output, consent, copies[start : start + BATCH], counts, run)
        _summary(output, counts, len(found))
        return ExitCode.SOME_FAILED if counts["failed"] else ExitCode.DONE


def _can_end(session: Session, copy: Copy) -> bool:
    rule = session.cloud_of(copy.scheme).rules.archive_named(copy.storage_class)
    return rule is not None and rule.cleanable


async def _copies_of(session: Session, run: Run, choice: Choice) -> AsyncIterator[Copy]:
    view = await session.run_views.job_view(run.id, _restored(choice))
    try:
        await view.wait()
        async for job in each(view):
            yield Copy(run.cloud.scheme, job.ref, job.storage_class, job.size, run.id)
    finally:
        await view.aclose()


async def _copies(session: Session, output: Output, choice: Choice) -> AsyncIterator[Copy]:
    if choice.named is not None:
        places = choice.parsed()
        listed, _ = listed_at(output, choice, places)
        alone = replace(choice, keys_from=None, named=None)
        for place, refs in zip(places, listed, strict=True):
            async for copy in _copies_named(session, place.scheme, refs, alone):
                yield copy
        return
    for place in choice.parsed():
        if not place.bucket:
            raise UsageError(f"{place} names no bucket", f"write {place}BUCKET/...")
        async for copy in _copies_at(session, place, choice):
            yield copy
    for name in choice.sets:
        async for copy in _copies_in(session, name, choice):
            yield copy


async def _copies_in(session: Session, name: str, choice: Choice) -> AsyncIterator[Copy]:
    """Copies of a set's objects, each looked at."""
    of = session.sets.named(name)
    plain = replace(choice, locations=())
    for part in await session.sets.reached(of):
        async for refs in session.sets.refs(of, part):
            async for copy in _copies_named(session, part.cloud.scheme, refs, plain):
                yield copy


async def _copies_at(session: Session, place: Location, choice: Choice) -> AsyncIterator[Copy]:
    if place.key is not None:
        ref = ObjectRef(place.bucket, place.key, place.version_id)
        async for copy in _copies_named(session, place.scheme, [ref], choice):
            yield copy
        return
    async with listing_view(session, place, replace(choice, query=_restored(choice))) as view:
        async for row in each(view):
            yield Copy(place.scheme, row.ref, row.storage_class, row.size, row.run_id)


def _restored(choice: Choice) -> Query:
    return replace(choice.query, where=all_of([in_states(State.AVAILABLE), choice.query.where]))


async def _copies_named(
    session: Session, scheme: str, refs: Sequence[ObjectRef], choice: Choice
) -> AsyncIterator[Copy]:
    """Copies of these objects that are meant, all looked at together; raises for one that cannot be seen."""

    def missing(_ref: ObjectRef, error: CloudError) -> None:
        raise error

    selections = session.ledger.selections
    sel = await selections.create()
    try:
        await session.selecting.named(sel, refs, _restored(choice), missing, scheme, versions=choice.versions)
        seen = MarkSet(sel, "", 0, 0, session.clock.now())
        for part in await session.sets.parts(seen):
            after = START
            while rows := await session.sets.page(seen, part, after, PAGE):
                for row in rows:
                    ref = ObjectRef(part.bucket, row.key, row.version_id)
                    yield Copy(scheme, ref, row.storage_class, row.size)
                after = rows.keys[-1], rows.version_ids[-1] or ""
    finally:
        await selections.drop(sel)


async def _end(
    session: Session, output: Output, consent: Consent, copies: list[Copy], counts: Counter[str], run: Run | None
) -> None:
    of = {(copy.scheme, copy.ref): copy for copy in copies}
    for scheme, bucket in sorted({(copy.scheme, copy.ref.bucket) for copy in copies}):
        refs = [copy.ref for copy in copies if (copy.scheme, copy.ref.bucket) == (scheme, bucket)]

        def tell(done: Cleaned, scheme: str = scheme) -> None:
            counts[_tell(output, of[scheme, done.ref], done)] += 1

        await session.spending.clean(consent, scheme, refs, tell, run)
        output.flush()


def _tell(output: Output, copy: Copy, done: Cleaned) -> str:
    problem = done.problem if not isinstance(done.problem, ObjectNotFound) else None
    kind = "failed" if problem else "ended" if done.ended else "nothing to end"
    reason = str(problem) if problem else "ended early" if done.ended else "there is no copy to end"
    if output.as_json:
        output.line(
            "object",
            {
                **where(copy.scheme, copy.ref), "size": copy.size, "storage_class": copy.storage_class or None,
                "state": done.state, "run": copy.run, "reason": reason,
                "code": (problem.code or None) if problem else None,
                "request_id": (problem.request_id or None) if problem else None,
            },
        )  # fmt: skip
    else:
        output.text(f"{kind:14}  {words.size(copy.size):>8}  {cleaned_text(copy.ref.key)}")
    return kind


def _tell_dry(output: Output, copy: Copy) -> None:
    if output.as_json:
        output.line(
            "object",
            {
                **where(copy.scheme, copy.ref), "size": copy.size, "storage_class": copy.storage_class or None,
                "state": State.AVAILABLE, "run": copy.run, "reason": "would be ended early",
            },
        )  # fmt: skip
    else:
        output.text(f"{'would end':14}  {words.size(copy.size):>8}  {cleaned_text(copy.ref.key)}")


def _summary(output: Output, counts: Counter[str], found: int) -> None:
    if counts and not output.as_json:
        output.say(", ".join(f"{number:,} {kind}" for kind, number in counts.items()))
    fields = {"copies": found, "ended": counts["ended"], "nothing_to_end": counts["nothing to end"]}
    output.summary(fields | {"failed": counts["failed"]})
