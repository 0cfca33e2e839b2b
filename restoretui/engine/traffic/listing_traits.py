"""What an endpoint's listings have shown of themselves: kept per connection, so that it is found out once."""

from msgspec import Struct, field

from restoretui.core.model import Page
from restoretui.core.rows import Rows

MOST_TRIALS = 2
"""Trials of start-after that may fail, since the key they were about may be deleted in between."""


class ListingTraits(Struct):
    """Found out by looking at the pages themselves. Clouds that promise the order of their keys begin as proven."""

    known: bool = False
    """The cloud documents order and start-after (AWS S3, OSS): nothing has to be shown."""
    ordered: bool = True
    """Every page so far was in the order of the keys' UTF-8 bytes, and behind the one before it."""
    unnamed: str = ""
    """The class that a listing means where it names none, as HEADs of some such objects showed; else not known."""
    _proven: set[bool] = field(default_factory=set)
    _failed: dict[bool, int] = field(default_factory=dict)

    def starts_after(self, *, versions: bool) -> bool | None:
        """Whether a listing begins behind the key it is told to; None where that is not known yet.

        Versions are listed by another request, and so are known by themselves.
        """
        if self._failed.get(versions, 0) >= MOST_TRIALS:
            return False
        return True if self.known or versions in self._proven else None

    def tried(self, *, versions: bool, worked: bool) -> None:
        """A page that was asked for by start-after began where it was told, or elsewhere."""
        if worked:
            self._proven.add(versions)
        else:
            self._failed[versions] = self._failed.get(versions, 0) + 1

    def classed(self, page: Page) -> Page:
        """The page with what its silence means, where that is known."""
        if not self.unnamed or not page.entries:
            return page
        return page._replace(entries=Rows.of(page.entries).classed(self.unnamed))

    def distrust(self, *, versions: bool) -> None:
        """A page did not begin where it was told, although that had seemed to work."""
        self._failed[versions] = MOST_TRIALS

    def takes_ranges(self, *, versions: bool) -> bool:
        """Ranges side by side hold every key once: that takes the order of keys, and start-after."""
        return self.ordered and self.starts_after(versions=versions) is True
