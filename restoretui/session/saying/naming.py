"""How an object is named outside of this program, how tools read it once it is restored, and a link that reads it."""

from datetime import datetime, timedelta
from typing import NamedTuple, cast

from restoretui.core.clock import Clock
from restoretui.core.errors import UsageError
from restoretui.core.location import Location
from restoretui.core.model import ObjectFacts, ObjectRef, State, Tier
from restoretui.core.provider import Presigns
from restoretui.core.rules.cloud_commands import CloudCommands, Reached
from restoretui.core.rules.commands import ShellCommand
from restoretui.core.saying.chosen import Chosen
from restoretui.core.saying.own_commands import Wish, restore_command
from restoretui.session.clouds import Clouds
from restoretui.session.saying.commands import Said, Saying
from restoretui.session.selecting import Selecting

LONGEST_LINK = timedelta(days=7)
READABLE = frozenset({State.ONLINE, State.AVAILABLE})


class Link(NamedTuple):
    """A presigned link. A secret, which is neither kept nor shown."""

    url: str
    ends: datetime
    """Of the cloud's time: with the credentials, the copy, or the seven days there are at most."""
    why: str
    """What ends it, in words."""


class Copying:
    """Part of a session, as ``session.copying``."""

    def __init__(self, clock: Clock, clouds: Clouds, selecting: Selecting, saying: Saying) -> None:
        self._clock = clock
        self._clouds = clouds
        self._selecting = selecting
        self._saying = saying

    async def arn(self, place: Location) -> str:
        """As policies name it; ``UsageError`` where that is not known."""
        tools, at = await self._tools(place)
        return tools.arn(at, place.bucket, _key(place))

    async def url(self, place: Location) -> str:
        """Where it lies; whoever asks there without a signature is refused unless it is public."""
        tools, at = await self._tools(place)
        return tools.url(at, place.bucket, _key(place), place.version_id)

    async def downloads(self, place: Location) -> list[Said]:
        """How tools are made to read it although its class says that it is archived (FACTS 7.1)."""
        tools, at = await self._tools(place)
        ref = _ref(place)
        return [Said(name, [command]) for name, command in tools.downloads(at, ref, place.bucket, place.prefix)]

    def line(self, place: Location, days: int, *, readable: bool) -> ShellCommand:
        """Our own command: a restore of it, or where there is nothing to restore a look at it."""
        reach = self._saying.reach(place.scheme)
        if not place.bucket or readable:
            return reach.command(["ls", str(place)])
        return restore_command(reach, Chosen((str(place),)), Wish(Tier.STANDARD, days))

    async def link(self, place: Location) -> Link:
        """A link that reads the object, for as long as it can; ``UsageError`` for what cannot be read now."""
        ref = _ref(place)
        if ref is None:
            raise UsageError("a link reads one object", "choose one")
        cloud = self._clouds[place.scheme]
        provider = await cloud.provider()
        if not provider.capabilities.presigns:
            raise UsageError("links of this cloud are not known here", "copy the URL instead")
        detail = await self._selecting.inspect(ref, place.scheme)
        status = detail.restore
        facts = ObjectFacts(
            detail.storage_class, detail.archive_status, looked=True,
            in_progress=None if status is None else status.in_progress,
            expiry=None if status is None else status.expiry,
        )  # fmt: skip
        now = self._clock.now()
        state = cloud.rules.state_of(facts, now)
        if state not in READABLE:
            raise UsageError(f"it is {state}, so a link would be refused", "restore it first")
        longest, why = LONGEST_LINK, "seven days, the longest there is"
        if state is State.AVAILABLE and facts.expiry is not None and facts.expiry - now < longest:
            longest, why = facts.expiry - now, "with the restored copy"
        made = await cast("Presigns", provider).presigned_get(ref, longest.total_seconds())
        if made.seconds < int(longest.total_seconds()):
            why = "with the credentials"
        return Link(made.url, now + timedelta(seconds=made.seconds), why)

    async def _tools(self, place: Location) -> tuple[CloudCommands, Reached]:
        tools = self._saying.tools(place.scheme)
        if tools is None or not place.bucket:
            raise UsageError("this has no such name", "choose a bucket, or what is in one")
        return tools, await self._saying.at(place.bucket, place.scheme)


def _key(place: Location) -> str:
    return place.prefix if place.key is None else place.key


def _ref(place: Location) -> ObjectRef | None:
    return None if place.key is None else ObjectRef(place.bucket, place.key, place.version_id)
