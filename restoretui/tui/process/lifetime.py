"""The session's lifetime: opened after the first paint, held open by a task of its own, closed whole."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from importlib import import_module
from typing import TYPE_CHECKING

from restoretui.core.errors import RestoreTuiError
from restoretui.tui.terminal.feed import Feed

if TYPE_CHECKING:
    from restoretui.session.session import Session

STANDS_ON = (
    "restoretui.session.session", "restoretui.ledger.activity", "restoretui.ledger.catalog.browse_view",
    "restoretui.ledger.catalog.catalog", "restoretui.ledger.catalog.totals", "restoretui.ledger.places",
    "restoretui.ledger.runs.runs", "restoretui.ledger.selections.mark_sets", "restoretui.session.selecting",
)  # fmt: skip
"""What the screens want of a session, a tenth of a second to import: not before the first paint, not in the loop."""

OpenSession = Callable[[], "AbstractAsyncContextManager[Session]"]


class Lifetime:
    """A task of its own, so that leaving the app closes the session whole, however the app is left."""

    def __init__(
        self,
        open_session: OpenSession,
        feed: Feed,
        closing: "Callable[[Session], object]",
        beside: Sequence[str] = (),
    ) -> None:
        """``closing`` is called when the session does nothing any more and can still be asked.

        ``beside``: modules that whoever hears of the session asks for at once, loaded with it.
        """
        self._modules = (*STANDS_ON, *beside)
        self._open_session = open_session
        self._feed = feed
        self._at_close = closing
        self._closing = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.session: Session | None = None
        """None until it is open, and once it is closed."""
        self.problem: RestoreTuiError | None = None
        """Why it could not be opened, or not be closed as it should."""
        self.defect: Exception | None = None
        """What nobody expected."""

    def begin(
        self,
        opened: Callable[[], object],
        failed: Callable[[RestoreTuiError], object],
        crashed: Callable[[BaseException | None], object],
    ) -> None:
        """Open the session; tells when it is, why it cannot be, and what nobody expected (None: all is well)."""
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._hold(opened, failed), name="session")
            self._task.add_done_callback(lambda task: None if task.cancelled() else crashed(task.exception()))

    async def _hold(self, opened: Callable[[], object], failed: Callable[[RestoreTuiError], object]) -> None:
        await asyncio.to_thread(lambda: [import_module(name) for name in self._modules])
        from restoretui.engine.traffic.waits import first_of  # loaded with it

        try:
            async with self._open_session() as session:
                self.session = session
                following = asyncio.create_task(self._feed.follow(session.ledger.changes), name="feed")
                session.start_engine()
                opened()
                try:
                    await first_of(self._closing.wait(), beside=[following])
                    if following.done():
                        following.result()  # Screens that hear of nothing any more would show what was.
                finally:
                    self.session = None
                    following.cancel()
                    await asyncio.gather(following, return_exceptions=True)
                await session.stop()
                self._at_close(session)
        except RestoreTuiError as error:
            self.problem = error
            failed(error)
        finally:
            self.session = None

    async def end(self) -> None:
        """Close the session; returns when everything is on disk."""
        self._closing.set()
        if self._task is None:
            return
        if self.session is None:
            self._task.cancel()  # Still opening: nothing to close but what its own clean-up closes.
        (ended,) = await asyncio.gather(self._task, return_exceptions=True)
        if isinstance(ended, Exception):
            self.defect = ended
