"""``restoretui undelete``: delete markers taken away, so that what lies right beneath them is current again."""

from collections import Counter
from typing import Any

from restoretui.commands.agreeing import Agreeing
from restoretui.commands.choosing.choice import Choice
from restoretui.commands.choosing.past_words import past_of, tell_of_past
from restoretui.commands.leaving import NOTHING_SENT
from restoretui.commands.output import Output
from restoretui.commands.summary import say_dry
from restoretui.config.settings import Settings
from restoretui.core.errors import ExitCode, UsageError
from restoretui.core.location import Location
from restoretui.core.model import ObjectRef
from restoretui.core.plan.offers import check_guards
from restoretui.engine.undeleter import Covered, Undeleted
from restoretui.session.jsonlines.line import where
from restoretui.session.rows.jobs import each
from restoretui.session.session import Session, open_session
from restoretui.wording import format as words
from restoretui.wording.safe import clean as cleaned_text

BATCH = 500


async def undelete(settings: Settings, output: Output, choice: Choice, agreeing: Agreeing) -> ExitCode:
    """Undelete what was chosen, once it is agreed to."""
    output.left = NOTHING_SENT
    choice = choice.without_sets().meant(settings)
    if not choice.is_past:
        raise UsageError(
            "what is to be there again is not said", "say --deleted-since INSTANT, or --as-of INSTANT, or both"
        )
    places = choice.parsed()
    async with open_session(settings) as session:
        if not agreeing.dry_run:
            session.check_may_send()
        found: list[tuple[Location, Covered]] = []
        standing = replaced = 0
        for place in places:
            if not place.bucket:
                raise UsageError(f"{place} names no bucket", f"write {place}BUCKET/...")
            covered, there, other = await _covered(session, output, choice, place)
            found += [(place, one) for one in covered]
            standing += there
            replaced += other
        if standing:
            output.say(f"{words.plural(standing, 'object')} of that {'is' if standing == 1 else 'are'} not deleted")
        if replaced:
            output.say(
                f"{words.plural(replaced, 'object')} left out: newer versions or several delete markers are in front,"
                " so that only a copy makes the old version current again"
            )
        fields: dict[str, object] = {
            "locations": list(map(str, places)),
            "objects": len(found),
            "not_deleted": standing,
            "replaced": replaced,
        }
        counts: Counter[str] = Counter()
        if found:
            size = words.sizes(sum(one.size or 0 for _, one in found), sum(one.size is None for _, one in found))
            about = f"{words.plural(len(found), 'object')} ({size})"
            offers = [session.spending.offer_undelete(len(found))]
            if agreeing.dry_run:
                check_guards(offers, agreeing.limits, agreeing.most_objects)
                for place, one in found:
                    _tell_dry(output, place, one)
                say_dry(output)
                output.summary(fields)
                return ExitCode.SOME_FAILED if replaced else ExitCode.DONE
            consent = await agreeing.asks(
                session,
                offers,
                f"Undelete {about}, by removing the delete marker of each? It is free.",
            )
            output.left = "the delete markers that were removed stay so; say it again for the others"
            for place in dict.fromkeys(place for place, _ in found):
                some = [one for of, one in found if of == place]

                def tell(done: Undeleted, place: Location = place) -> None:
                    counts[_tell(output, place, done)] += 1

                for at in range(0, len(some), BATCH):
                    await session.spending.undelete(consent, place.scheme, some[at : at + BATCH], tell)
                    output.flush()
        else:
            output.say("there is nothing to undelete")
        gone = {"undeleted": counts["undeleted"], "gone_already": counts["gone already"]}
        output.summary(fields | gone | {"failed": counts["failed"]})
        if counts and not output.as_json:
            output.say(", ".join(f"{number:,} {kind}" for kind, number in counts.items()))
        return ExitCode.SOME_FAILED if counts["failed"] or replaced else ExitCode.DONE


async def _covered(
    session: Session, output: Output, choice: Choice, place: Location
) -> tuple[list[Covered], int, int]:
    """Those that can be undeleted; how many are current as they are; of how many something newer is in front."""
    past = await past_of(session, place, choice.as_of, choice.deleted_since)
    tell_of_past(session, output, place, past)
    by_ref: dict[ObjectRef, Covered] = {one.ref: one for one in past.covered}
    covered: list[Covered] = []
    standing = replaced = 0
    view = await session.ledger.catalog.browse(past.listing.id, choice.query)
    try:
        await view.wait()
        async for row in each(view):
            if (one := by_ref.get(row.ref)) is not None:
                covered.append(one._replace(state=row.state))
            elif row.is_latest:
                standing += 1
            else:
                replaced += 1
    finally:
        await view.aclose()
    return covered, standing, replaced


def _tell_dry(output: Output, place: Location, covered: Covered) -> None:
    if output.as_json:
        output.line("object", _fields(place, covered) | {"reason": "would be undeleted"})
    else:
        output.text(f"{'would':12}  {words.size(covered.size):>8}  {cleaned_text(covered.ref.key)}")


def _tell(output: Output, place: Location, done: Undeleted) -> str:
    covered, problem = done.covered, done.problem
    kind = "failed" if problem else "undeleted" if done.removed else "gone already"
    if output.as_json:
        told: dict[str, str | None] = {"reason": str(problem) if problem else kind}
        if problem is not None:
            told |= {"code": problem.code or None, "request_id": problem.request_id or None}
        output.line("object", _fields(place, covered) | told)
    else:
        why = f"  {problem}" if problem else ""
        output.text(f"{kind:12}  {words.size(covered.size):>8}  {cleaned_text(covered.ref.key)}{why}")
    return kind


def _fields(place: Location, covered: Covered) -> dict[str, Any]:
    return {
        **where(place.scheme, covered.ref), "size": covered.size, "storage_class": covered.storage_class or None,
        "state": covered.state, "marker_id": covered.marker_id,
    }  # fmt: skip
