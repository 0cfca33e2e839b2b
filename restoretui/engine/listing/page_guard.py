"""Checks the pages of one stream: what comes twice is dropped, what is out of order sorted, a loop is an error.

Clouds list in the order of the keys' UTF-8 bytes, and each page behind the one before. Stores do otherwise (FACTS 5):
they begin a page with the last key of the one before, sort by UTF-16, by folder or not at all, or answer the same
page for ever. So a page that goes plainly forward costs a comparison a key, and only another one is looked at in
earnest.
"""

from collections.abc import Sequence
from operator import le, lt

from restoretui.core.errors import MalformedAnswer
from restoretui.core.model import Page
from restoretui.core.rows import Rows
from restoretui.engine.traffic.listing_traits import ListingTraits

_REPEATS = "the server lists keys it has listed before: it ignores where to go on"
_FOLDER = "/"
"""In the place of a version id: no store has such a one."""
MOST_STALE = 2
"""Pages in a row that bring nothing new, which is fair where delete markers fill them up."""
_NARROWER = "try a narrower prefix"


class PageGuard:
    """One stream's. Python compares strings by code point, which is the order of their UTF-8 bytes."""

    def __init__(self, traits: ListingTraits, after: str = "", versions: bool = False) -> None:
        self._traits = traits
        self._follows = le if versions else lt  # A key's versions may go on over the page's end.
        self.last = after
        """The highest key so far, or where the stream began."""
        self.is_over = False
        """The page repeats what came before, as the store had said it would: that was the end."""
        self.jumped = False
        """The page holds keys from before the end of the one before it."""
        self._before = Rows.of(())
        self._folders: frozenset[str] = frozenset()
        self._told_end = False
        self._stale = 0
        self._firsts: set[tuple[str, str | None]] = set()
        self._tokens: set[str] = set()

    @property
    def last_two(self) -> tuple[str, str] | None:
        """The last two different keys of the page before, the lower first; None where it had fewer."""
        keys = self._before.keys
        lower = next((key for key in reversed(keys) if key != keys[-1]), None)
        return None if lower is None else (lower, keys[-1])

    def check(self, page: Page) -> tuple[Rows, Sequence[str]]:
        """Its rows in key order and its common prefixes, without what the page before had.

        Raises ``MalformedAnswer`` when the server leads over the same pages again and again.
        """
        rows, prefixes = Rows.of(page.entries), page.prefixes
        keys, follows = rows.keys, self._follows
        self.jumped = False
        if keys and keys[0] > self.last and all(map(follows, keys, keys[1:])):
            self._firsts.clear()
            self._tokens.clear()
            fresh = rows
        else:
            fresh = self._fresh(rows) if keys else rows
        if self._folders:
            prefixes = [prefix for prefix in prefixes if prefix not in self._folders]
        if fresh or prefixes:
            self._stale = 0
        elif (keys or page.prefixes) and page.next_token is not None:
            self._stale += 1
            if self._stale > MOST_STALE or self._told_end:
                self._repeated()
        if page.next_token in self._tokens and not self.is_over:
            raise MalformedAnswer("the server repeats its continuation token", _NARROWER)
        if page.next_token:
            self._tokens.add(page.next_token)
        if page.prefixes and not keys:
            first = page.prefixes[0], _FOLDER
            if first in self._firsts and prefixes:
                self._repeated()
            self._firsts.add(first)
        if keys:
            self._firsts.add((keys[0], rows.version_ids[0]))
            self._before = rows
            self.last = max(self.last, fresh.keys[-1]) if fresh else self.last
        elif page.told_end and not prefixes:
            self.is_over = True
        self._folders = frozenset(page.prefixes)
        self._told_end = page.told_end
        return fresh, prefixes

    def _repeated(self) -> None:
        if not self._told_end:
            raise MalformedAnswer(_REPEATS, _NARROWER)
        self.is_over = True

    def _fresh(self, rows: Rows) -> Rows:
        """The rows of an unusual page that the one before did not have."""
        pairs = list(zip(rows.keys, rows.version_ids, strict=True))
        known = set(zip(self._before.keys, self._before.version_ids, strict=True))
        if pairs[0] in self._firsts and pairs[0] not in known:
            self._repeated()
            return Rows.of(())
        fresh = []
        for pair, entry in zip(pairs, rows, strict=True):
            if pair not in known:
                known.add(pair)
                fresh.append(entry)
        keys = [entry.key for entry in fresh]
        in_order = all(map(self._follows, keys, keys[1:]))
        if not keys or (in_order and self._follows(self.last, keys[0])):
            return Rows.of(fresh)
        self.jumped = min(keys) <= self.last
        self._traits.ordered = False
        # Stable: the versions of a key stay as the server has them, newest first.
        return Rows.of(sorted(fresh, key=lambda entry: entry.key))
