"""How many requests it took to look at what is chosen."""

from typing import NamedTuple


class LooksMade(NamedTuple):
    """Requests that judging a selection took."""

    pages: int = 0
    heads: int = 0

    def plus(self, pages: int, heads: int) -> "LooksMade":
        """With more of them."""
        return LooksMade(self.pages + pages, self.heads + heads)
