"""The key queue: keys are acted on one after the other, each on the screen that the one before it has made.

Textual passes a key to whatever has the focus when it arrives, and acts on it some turns of the loop later. On a
slow line, where keys arrive in bursts, ``/abc`` would open the filter and then mark *all* instead of typing an ``a``.
And a key pressed while another listing or view is on its way must act on that view, not on the one just left.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from textual import events

PATIENCE_S = 2.0
"""Longest time keys wait for something to be shown; after that they act on what there is."""
_QUIET_TURNS = 3
_MOST_TURNS = 200

Release = Callable[[], None]


class KeyQueue:
    """Keys pressed and not acted on yet, with what was on screen then. Lives in the event loop."""

    def __init__(
        self,
        deliver: Callable[[events.Key], Awaitable[None]],
        is_busy: Callable[[], bool],
        on_screen: Callable[[], object] = lambda: None,
    ) -> None:
        """``deliver`` gives a key to the screen; ``is_busy``: it still has messages to handle.

        ``on_screen`` names what a person can see and decide about at the moment.
        """
        self._deliver = deliver
        self._is_busy = is_busy
        self._on_screen = on_screen
        self._keys: asyncio.Queue[tuple[events.Key, object]] = asyncio.Queue()
        self.seen: object = None
        """What was on screen when the key that is acted on now was pressed."""
        self._holds: dict[object, object] = {}
        """Whose each is."""
        self._free = asyncio.Event()
        self._free.set()
        self._acting = False

    def put(self, key: events.Key) -> None:
        """A key was pressed. Escape does not wait for what it interrupts, but keeps its place in line."""
        if key.key == "escape" and self._keys.empty():
            self.let_go()
        self._keys.put_nowait((key, self._on_screen()))

    def let_go(self) -> None:
        """Whatever keys waited for is here, or wanted no more."""
        self._holds.clear()
        self._free.set()

    @property
    def is_held(self) -> bool:
        """Something is about to be shown that keys wait for."""
        return bool(self._holds)

    def hold(self, whose: object = None) -> Release:
        """Let keys wait until the function returned is called: something else is about to be shown."""
        token = object()
        self._holds[token] = whose
        self._free.clear()
        release = partial(self._release, token)
        asyncio.get_running_loop().call_later(PATIENCE_S, release)
        return release

    def give_up(self, whose: object) -> None:
        """What they were to show is not to come: it may never even have begun, and so cannot release anything."""
        for token in [token for token, owner in self._holds.items() if owner == whose]:
            self._release(token)

    def _release(self, token: object) -> None:
        self._holds.pop(token, None)
        if not self._holds:
            self._free.set()

    async def run(self) -> None:
        """Act on keys for ever."""
        quiet = True
        while True:
            key, seen = await self._keys.get()
            self._acting = True
            await self._free.wait()
            # Where the key before is still being handled, neither decides anything.
            self.seen = seen if quiet else None
            await self._deliver(key)
            quiet = await self._until_quiet()
            self._acting = False

    async def _until_quiet(self) -> bool:
        """Until the key, and what it set off at once, has been handled; False when that takes too long."""
        quiet = 0
        for _ in range(_MOST_TURNS):
            await asyncio.sleep(0)
            quiet = 0 if self._is_busy() else quiet + 1
            if quiet == _QUIET_TURNS:
                return True
        return False
