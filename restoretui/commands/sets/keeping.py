"""``restoretui set save``, ``import``, ``export`` and ``drop``: what is remembered under a name, and handed on."""

from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager

from restoretui.commands.choosing.choice import Choice
from restoretui.commands.choosing.selected import Selected, selected
from restoretui.commands.output import Output
from restoretui.commands.sets.showing import sums_of
from restoretui.commands.summary import say_dry
from restoretui.config.settings import Settings
from restoretui.core.errors import ExitCode, GuardStopped, UsageError
from restoretui.core.location import parse_location
from restoretui.ledger.selections.mark_sets import set_name
from restoretui.ledger.selections.set_contents import START, Place
from restoretui.session.keys.entries import KeysFormat, how_far
from restoretui.session.rows.jobs import windows
from restoretui.session.session import Session, open_session
from restoretui.session.sets.sets import PAGE
from restoretui.wording import format as words


async def save(
    settings: Settings,
    output: Output,
    name: str,
    choice: Choice,
    run: str | None = None,
    *,
    replace: bool = False,
    dry_run: bool = False,
) -> ExitCode:
    """Keep what is chosen, or the objects of a run, under a name. Sends nothing but looks."""
    name = set_name(name)
    if run is not None and (choice.locations or choice.keys_from):
        raise UsageError("--run says which objects are meant, and locations or --keys-from others", "leave out one")
    if run is None:
        choice = choice.meant(settings)
    async with open_session(settings, priced=False) as session:
        _check_free(session, name, replace=replace)
        if run is None:
            choice = await choice.with_keys(session, output, settings)
            choosing = selected(session, output, choice, judged=False)
        else:
            choosing = _of_run(session, choice, run)
        async with choosing as chosen:
            summary = await session.ledger.selections.summary(chosen.sel)
            about = f"{words.plural(summary.objects, 'object')}, {words.size(summary.size_bytes)}"
            if not summary.objects:
                raise UsageError(f"nothing is there to be saved as @{name}", "choose other objects")
            fields = {"objects": summary.objects, "size": summary.size_bytes, "missing": chosen.missing}
            output.summary(fields | {"sets": [name], "left_out": chosen.left_out})
            if dry_run:
                output.say(f"@{name} would have {about}")
                say_dry(output)
            else:
                await session.sets.keep(name, chosen.sel, replace=replace)
                chosen.sel = await session.ledger.selections.create()  # The other is nobody's work any more.
                output.say(f"@{name}: {about}")
            return ExitCode.SOME_FAILED if chosen.missing else ExitCode.DONE


@asynccontextmanager
async def _of_run(session: Session, choice: Choice, name: str) -> AsyncIterator[Selected]:
    run = await session.run_views.find_run(name)
    if run.cloud != session.cloud_of(run.cloud.scheme):
        raise UsageError(
            f"run {run.id} is of a store that these settings do not reach", "say --endpoint-url as when it was made"
        )
    choice = choice.in_clouds([run.cloud.rules])
    chosen = Selected(await session.ledger.selections.create())
    view = await session.run_views.job_view(run.id, choice.query)
    try:
        await view.wait()
        async for rows in windows(view):
            await session.selecting.jobs(chosen.sel, rows, run.cloud.scheme)
        yield chosen
    finally:
        await view.aclose()
        await session.ledger.selections.drop(chosen.sel)


def _check_free(session: Session, name: str, *, replace: bool) -> None:
    """Before anything is listed."""
    if not replace and any(one.name == name for one in session.sets.saved()):
        raise UsageError(f"there is a set @{name} already", "choose another name, or say --replace")


async def import_(
    settings: Settings,
    output: Output,
    name: str,
    source: str,
    location: str | None,
    keys_format: str | None,
    *,
    replace: bool,
    dry_run: bool,
) -> ExitCode:
    """Read a set from a file: as it tells of its objects, without a look at any."""
    from restoretui.session.sets.files import SetFile, by_bucket

    name = set_name(name)
    place = parse_location(location) if location else None
    if place is not None and (not place.bucket or place.key is not None):
        raise UsageError(f"{place} is no bucket or prefix", "name the bucket that the keys are in")
    form = KeysFormat(keys_format) if keys_format else None
    async with open_session(settings, priced=False) as session:
        _check_free(session, name, replace=replace)
        bucket, scheme, prefix = (place.bucket, place.scheme, place.prefix) if place is not None else ("", "", "")
        file = SetFile(source, form, bucket, prefix)
        selections = session.ledger.selections
        sel, count = await selections.create(), [0]
        try:
            with session.works.telling(lambda: how_far(source, count[0], "object")):
                async with aclosing(file.objects()) as objects:
                    async for some in objects:
                        for of, there, told in by_bucket(some, scheme, bucket):
                            await session.sets.add_told(sel, of, there, told)
                        count[0] += len(some)
            for note in file.notes:
                output.say(note)
            if not count[0]:
                raise UsageError(f"{source} names no object", "is it whole?")
            summary = await selections.summary(sel)
            output.summary({"sets": [name], "objects": summary.objects, "size": summary.size_bytes})
            about = f"{words.plural(summary.objects, 'object')}, {words.size(summary.size_bytes)}"
            if dry_run:
                output.say(f"@{name} would have {about}")
                say_dry(output)
                return ExitCode.DONE
            await session.sets.keep(name, sel, replace=replace)
            output.say(f"@{name}: {about}, as the file tells; nothing was looked at")
            return ExitCode.DONE
        finally:
            if not any(one.sel == sel for one in session.sets.saved()):
                await selections.drop(sel)


async def export(settings: Settings, output: Output, name: str) -> ExitCode:
    """A set as a file that ``import`` reads, here or on another machine."""
    from restoretui.session.sets.files import COLUMNS, csv_text, object_fields

    is_plain = output.form.shape == "csv" and not output.form.columns
    async with open_session(settings, priced=False) as session:
        one = session.sets.named(name)
        if is_plain:
            output.raw(",".join(COLUMNS) + "\r\n")
        for part in await session.sets.parts(one):
            after: Place = START
            while rows := await session.sets.page(one, part, after, PAGE):
                if is_plain:
                    output.raw(csv_text(part.cloud, part.bucket, rows, part.as_of, output.cell))
                for entry in () if is_plain else rows:
                    output.line("object", object_fields(part.cloud, part.bucket, entry, part.as_of))
                last = rows[len(rows) - 1]
                after = last.key, last.version_id or ""
        output.summary({**sums_of(one), "file": output.file})
        output.words_at_end = f"@{one.name}: {words.plural(one.objects, 'object')} written to {output.file}"
    return ExitCode.DONE


async def drop(
    settings: Settings, output: Output, name: str, confirm: Callable[[str], bool] | None, *, dry_run: bool
) -> ExitCode:
    """Forget a set. ``confirm`` asks; None: it was said."""
    async with open_session(settings, priced=False) as session:
        one = session.sets.named(name)
        output.summary(sums_of(one))
        about = f"@{one.name}, {words.plural(one.objects, 'object')}"
        if dry_run:
            output.say(f"{about}, would be forgotten; the objects stay as they are")
            say_dry(output)
            return ExitCode.DONE
        if confirm is not None and not confirm(f"Forget the set {about}? The objects stay as they are."):
            raise GuardStopped("not confirmed, so nothing was dropped", "answer y, or give --yes")
        await session.sets.drop(one)
        output.say(f"{about}, is forgotten; the objects stay as they are")
    return ExitCode.DONE
