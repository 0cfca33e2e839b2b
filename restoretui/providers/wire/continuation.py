"""Pagination that ends, whatever a server says of where to go on."""

from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

from restoretui.core.errors import MalformedAnswer

T = TypeVar("T")

MOST_PAGES = 10_000
"""Of a list that is no bucket's: ten million buckets or jobs."""


class Tokens:
    """The continuation tokens of one list. None may come twice: it would lead over the same pages for ever."""

    def __init__(self, operation: str, most: int = MOST_PAGES) -> None:
        self._operation = operation
        self._most = most
        self._seen: set[str] = set()

    def next(self, told: object) -> str:
        """Where to go on, empty at the end; ``MalformedAnswer`` for a token that came before, or one too many."""
        token = str(told or "")
        if not token:
            return ""
        if token in self._seen:
            raise self._refused("names a place to go on that it named before")
        self._seen.add(token)
        if len(self._seen) >= self._most:
            raise self._refused(f"goes on after {self._most:,} pages")
        return token

    def _refused(self, why: str) -> MalformedAnswer:
        return MalformedAnswer(
            f"the answer to {self._operation} cannot be read: it {why}", "is it the right endpoint?",
            operation=self._operation,
        )  # fmt: skip


async def all_of(operation: str, ask: Callable[[str], Awaitable[tuple[Iterable[T], object]]]) -> list[T]:
    """The rows of all pages of a list: ``ask`` takes a token, empty for the first, and gives rows and a token."""
    rows: list[T] = []
    tokens, token = Tokens(operation), ""
    while True:
        more, told = await ask(token)
        rows += more
        token = tokens.next(told)
        if not token:
            return rows
