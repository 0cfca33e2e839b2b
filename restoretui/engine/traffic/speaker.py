"""Says what a command waits for, so that none is silent: soon, again when the reason changes, and when it goes on.

One for each session without a screen, whatever the command: it looks at what everything else already notes.
"""

import logging
from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import contextmanager

from msgspec import Struct

from restoretui.core.clock import Clock

log = logging.getLogger(__name__)

LOOK_EVERY = 0.25
"""Machine seconds between two looks at what is waited for."""
TROUBLE_AFTER = 0.3
SILENCE_AFTER = 1.2
PROGRESS_AFTER = 2.0
"""Machine seconds until what holds everything up, mere silence, and mere work are worth a line: what is quick is no
news. Together with the program's own start they stay below three."""
AT_MOST_EVERY = 3.0
"""Machine seconds between two lines about the same, however often its reason changes."""
PROGRESS_EVERY = 30.0


class Wait(Struct, frozen=True):
    """One thing that is waited for now."""

    source: Hashable
    """Tells it from others."""
    reason: str
    """Why; said again when it becomes another."""
    note: str = ""
    """Said with it, and changing all the time: how long it will go on."""
    age: float | None = None
    """Machine seconds since it began; None: since it was first seen."""
    after: float = SILENCE_AFTER
    """How old it must be to be said."""
    goes_on: Callable[[], str] = lambda: ""
    """Asked once it is no longer there: what to say of its end, if anything."""
    every: float | None = None
    """Said again so often though it stays the same: progress."""


class Progress:
    """How many so far."""

    def __init__(self) -> None:
        self.number = 0

    def reach(self, number: int) -> None:
        """So many by now."""
        self.number = number

    def text(self, of_what: str) -> str:
        """That many ``of_what``; nothing while it stands at none, when others say what is waited for."""
        return f"{self.number:,} {of_what}" if self.number else ""


class Works:
    """What a session is about that can take its time, each with a text that says how far it is."""

    def __init__(self) -> None:
        self._now: dict[object, Callable[[], str]] = {}

    @contextmanager
    def telling(self, text: Callable[[], str]) -> Iterator[None]:
        """This is under way within the block; nothing is told of it while there is no text."""
        key = object()
        self._now[key] = text
        try:
            yield
        finally:
            del self._now[key]

    def waits(self) -> Iterator[Wait]:
        """All that is under way."""
        for key, text in self._now.items():
            if told := text():
                yield Wait(key, "under way", told, after=PROGRESS_AFTER, every=PROGRESS_EVERY)


class Speaker:
    """Looks, and says what is new."""

    def __init__(self, clock: Clock, say: Callable[[str], None], waits: Callable[[], Iterable[Wait]]) -> None:
        self._clock = clock
        self._say = say
        self._waits = waits
        self._seen: dict[Hashable, float] = {}
        self._said: dict[Hashable, tuple[Wait, float]] = {}

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._clock.pause(LOOK_EVERY)
            self.look()

    def look(self) -> None:
        """Say what there is to say now."""
        now = self._clock.monotonic()
        current = {wait.source: wait for wait in self._waits()}
        self._seen = {source: self._seen.get(source, now) for source in current}
        for source, wait in current.items():
            age = now - self._seen[source] if wait.age is None else wait.age
            # How far something is says nothing while it stands still, which is what the others say.
            stands = wait.every is not None and any(said.every is None for said, _ in self._said.values())
            if age >= wait.after and not stands and self._is_news(wait, now):
                self._said[source] = wait, now
                self._tell(wait.note if wait.every else f"{wait.reason}{wait.note}")
        for source in [source for source in self._said if source not in current]:
            wait, _ = self._said.pop(source)
            if text := wait.goes_on():
                self._tell(text)

    def _is_news(self, wait: Wait, now: float) -> bool:
        said, at = self._said.get(wait.source, (None, 0.0))
        if said is None:
            return True
        if wait.every is not None:
            return now - at >= wait.every
        return said.reason != wait.reason and now - at >= AT_MOST_EVERY

    def _tell(self, text: str) -> None:
        log.info("%s", text)
        self._say(text)
