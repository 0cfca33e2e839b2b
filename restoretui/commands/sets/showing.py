"""``restoretui set ls`` and ``show``: which sets there are, and what is in one."""

from collections.abc import Mapping
from typing import Any

from restoretui.commands.output import Output
from restoretui.config.settings import Settings
from restoretui.core.errors import ExitCode
from restoretui.core.location import Location
from restoretui.ledger.selections.mark_sets import MarkSet
from restoretui.session.jsonlines.line import instant
from restoretui.session.session import open_session
from restoretui.wording import format as words
from restoretui.wording.safe import clean

HEAD = f"{'OBJECTS':>12}  {'SIZE':>8}  {'CHANGED':16}  SET"
_PARTS = f"{'OBJECTS':>12}  {'SIZE':>8}  {'CLASS':19}  {'SEEN':16}  BUCKET"


def set_fields(one: MarkSet) -> dict[str, Any]:
    """A set as a whole."""
    return {"set": one.name, "objects": one.objects, "size": one.size_bytes, "changed_at": one.at}


def sums_of(one: MarkSet) -> Mapping[str, Any]:
    """The same as a summary's fields."""
    return {"sets": [one.name], "objects": one.objects, "size": one.size_bytes}


async def ls(settings: Settings, output: Output) -> ExitCode:
    """All sets."""
    async with open_session(settings, priced=False) as session:
        sets = session.sets.saved()
        for one in sets:
            if output.as_json:
                output.line("set", set_fields(one))
            else:
                output.head(HEAD)
                output.text(
                    f"{one.objects:>12,}  {words.size(one.size_bytes):>8}  {words.stamp(one.at):16}  @{one.name}"
                )
        output.summary({"sets": [one.name for one in sets], "objects": sum(one.objects for one in sets)})
        output.summary({"size": sum(one.size_bytes for one in sets)})
        hint = "" if sets else ": restoretui set save NAME LOCATION makes one, and M in the screens saves marks"
        output.say(words.plural(len(sets), "set") + hint)
    return ExitCode.DONE


async def show(settings: Settings, output: Output, name: str) -> ExitCode:
    """What of a set lies where, by storage class."""
    async with open_session(settings, priced=False) as session:
        one = session.sets.named(name)
        for part in await session.sets.parts(one):
            place = Location(part.cloud.scheme, part.bucket)
            for storage_class, objects, size in await session.sets.classes(one, part):
                if output.as_json:
                    output.line(
                        "set",
                        {
                            "set": one.name, "objects": objects, "size": size, "scheme": part.cloud.scheme,
                            "bucket": part.bucket, "location": str(place), "storage_class": storage_class or None,
                            "names_versions": part.versions, "as_of": instant(part.as_of) if part.as_of else None,
                        },
                    )  # fmt: skip
                    continue
                output.head(_PARTS)
                seen = words.instant(part.as_of) if part.as_of else "never"
                versions = "  (versions)" if part.versions else ""
                output.text(
                    f"{objects:>12,}  {words.size(size):>8}  {clean(storage_class or '?'):19}  {seen:16}"
                    f"  {place}{versions}"
                )
        output.summary(sums_of(one))
        output.say(f"@{one.name}: {words.plural(one.objects, 'object')}, {words.size(one.size_bytes)}")
    return ExitCode.DONE
