"""The ledger's change feed as the screens hear it: coalesced, and told together when a frame may be painted."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from restoretui.core.errors import RestoreTuiError
from restoretui.tui.terminal.pacing import Pacer

if TYPE_CHECKING:
    from restoretui.ledger.store.change_feed import Changes

Listener = Callable[[frozenset[str]], bool]
"""Told what changed; tells whether it repainted anything."""


class Feed:
    """One for the app. A change carries no facts: listeners read them from the ledger again."""

    def __init__(self, pacer: Pacer, failed: Callable[[RestoreTuiError], object] = lambda _error: None) -> None:
        """``failed`` hears what a listener could not read; the others are told all the same."""
        self._pacer = pacer
        self._failed = failed
        self._listeners: list[Listener] = []
        self._topics: set[str] = set()

    def listen(self, listener: Listener) -> None:
        """Tell ``listener`` from now on."""
        self._listeners.append(listener)

    def forget(self, listener: Listener) -> None:
        """Tell it no more."""
        if listener in self._listeners:
            self._listeners.remove(listener)

    async def follow(self, changes: "Changes") -> None:
        """Hear the ledger until cancelled."""
        with changes.subscribe() as topics:
            async for changed in topics:
                self.push(changed)

    def push(self, topics: frozenset[str]) -> None:
        """These changed; may be called at any rate."""
        self._topics |= topics
        self._pacer.request(self._tell)

    def _tell(self) -> bool:
        topics, self._topics = frozenset(self._topics), set()
        painted = False
        for listener in tuple(self._listeners):
            try:
                painted = listener(topics) or painted
            except RestoreTuiError as error:
                self._failed(error)
        return painted
