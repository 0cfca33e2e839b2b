"""What a command is about by the endpoint: one part each, since a session is about one cloud of a scheme."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from msgspec.structs import replace

from restoretui.commands.choosing.choice import Choice
from restoretui.config.settings import Settings
from restoretui.core.errors import UsageError
from restoretui.core.location import parse_location
from restoretui.session.session import Session


def parts_of(settings: Settings, choice: Choice) -> list[tuple[Settings, Choice]]:
    """Settings and what is chosen with them, in the order of the locations; nearly always one.

    ``UsageError`` for several where something else than locations says which objects are meant.
    """
    if not settings.beside:
        return [(settings, choice)]
    for said, given in (
        (choice.sets and choice.sets[0], choice.sets), ("--keys-from", choice.keys_from),
        ("--from-inventory", choice.from_inventory),
    ):  # fmt: skip
        if given:
            raise UsageError(
                f"the locations lead to several endpoints, and {said} names objects of one", "each in its own command"
            )
    texts: dict[int, list[str]] = {}
    for text in choice.locations:
        place = parse_location(text)
        at = (one for one, beside in enumerate(settings.beside, 1)
              if beside.scheme == place.scheme and place.bucket in beside.buckets)  # fmt: skip
        texts.setdefault(next(at, 0), []).append(text)
    own = [settings, *(replace(beside.settings, voice=settings.voice) for beside in settings.beside)]
    return [(own[at], replace(choice, locations=tuple(some))) for at, some in texts.items()]


@asynccontextmanager
async def open_beside(first: Session, settings: Settings) -> AsyncIterator[Session]:
    """A second session on the ledger of a first, whose runs that can pursue: a run remembers how it is reached."""
    session = Session(settings, first.ledger, await asyncio.to_thread(settings.prices), first.works)
    first.waiting.beside.append(session.waiting)
    try:
        yield session
    finally:
        first.waiting.beside.remove(session.waiting)
        await session.stop()
        await session.clouds.aclose()
