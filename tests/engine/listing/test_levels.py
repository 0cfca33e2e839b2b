"""One level of a bucket: pages of prefixes alone, or of nothing, go on; what comes twice is shown once."""

import asyncio
from collections.abc import Sequence

import pytest

from restoretui.core.errors import MalformedAnswer
from restoretui.core.model import GOES_ON, Entry, Page
from restoretui.engine.listing.lister import Left, Lister, Source
from restoretui.ledger.records import CloudId, Scope
from tests.engine.listing.test_lister import read

Names = Sequence[Sequence[str]]
"""Pages; what ends in a slash is a prefix."""


class Level:
    """Pages as a store has them, by token; by start-after, all names behind it, on one page."""

    def __init__(self, pages: Names, tokens: Sequence[str | None] | None = None) -> None:
        self.pages = pages
        self.tokens = tokens or [*map(str, range(1, len(pages))), None]
        self.requests = 0

    async def list_page(
        self, bucket: str, prefix: str = "", *, token: str | None = None, start_after: str = "", **_: object
    ) -> Page:
        self.requests += 1
        if self.requests > 50:
            raise AssertionError("an endless listing")
        if start_after:
            names, token = [name for page in self.pages for name in page if name > start_after], None
            return self._page(names, None)
        at = int(token or 0)
        return self._page(self.pages[at], self.tokens[at])

    def _page(self, names: Sequence[str], token: str | None) -> Page:
        entries = [Entry(name, None, 1, 0, "GLACIER") for name in names if not name.endswith("/")]
        return Page(entries, [name for name in names if name.endswith("/")], token)


class Shown:
    """A sink."""

    def __init__(self) -> None:
        self.keys: list[str] = []
        self.prefixes: list[str] = []

    async def put(self, page: Page, segment: int, left: Left) -> None:
        self.keys += [entry.key for entry in page.entries]
        self.prefixes += page.prefixes

    async def restart(self) -> None:
        raise AssertionError("a level begins once")


def listed(level: Level, *, versions: bool = False) -> tuple[list[str], list[str]]:
    shown, scope = Shown(), Scope(CloudId("s3"), "b", recursive=False, versions=versions)
    lister = Lister(Source(level, read), scope, shown, 8, lambda: 0.0)  # type: ignore[arg-type]
    asyncio.run(lister.list_all())
    return shown.keys, shown.prefixes


@pytest.mark.parametrize("versions", [False, True])
def test_pages_of_prefixes_or_of_nothing_go_on(versions: bool) -> None:
    level = Level([["a/", "b/"], [], [], ["c/"], ["d", "e"], [], ["f"]])
    assert listed(level, versions=versions) == (["d", "e", "f"], ["a/", "b/", "c/"])


def test_what_the_page_before_had_is_shown_once() -> None:
    assert listed(Level([["a/", "b/", "c"], ["b/", "c", "d/"], ["d/", "e"]])) == (["c", "e"], ["a/", "b/", "d/"])


def test_without_a_token_it_goes_on_behind_all_below_the_last_prefix() -> None:
    assert listed(Level([["a", "b/"], ["c/", "d"]], [GOES_ON, None])) == (["a", "d"], ["b/", "c/"])


@pytest.mark.parametrize(
    "level",
    [
        Level([["a/", "b/"], ["a/", "b/"]], ["1", "1"]),
        Level([["a/"], ["b/"]], ["1", "0"]),
        Level([["a", "b"], ["a", "b"]], ["1", "0"]),
    ],
)
def test_a_loop_is_an_error(level: Level) -> None:
    with pytest.raises(MalformedAnswer):
        listed(level)
