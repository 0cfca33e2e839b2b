"""The empty state of Browse: what stands where there is no row, and nothing went wrong."""

from collections.abc import Callable

from msgspec import Struct

from restoretui.ledger.records import Listing
from restoretui.tui.words import OPENING

LISTING, READING = "listing …", "reading …"
NOTHING = "nothing is here: {parent} goes up, {refresh} lists again"
NO_MATCH = "nothing matches the filter: {clear} shows everything again"
NO_GLOB = (
    "nothing matches the filter: a glob is of the whole key, * before it looks anywhere; {clear} shows everything"
)
STOPPED = "the listing was stopped before anything was found: {refresh} lists again"
NO_BUCKETS = "no buckets, or none that this account may list: {go} goes to one by its name"
NO_MATCH_HERE = "nothing matches the filter at this level: {flat} looks at all keys below; {clear} shows everything"
NO_MATCH_YET = "nothing so far …"


class Emptiness(Struct, frozen=True):
    """All that decides which of the sentences it is."""

    is_open: bool
    """The session is."""
    shows_buckets: bool
    is_asking: bool
    """Something to show has been asked for, and has not come yet."""
    was_stopped: bool
    """It was given up before it began."""
    listing: Listing | None
    is_filtered: bool
    is_searching: bool
    """What the filter matches is not known to the end."""
    is_anchored: bool = False
    """It looks at the beginning of keys."""

    def words(self, key_for: Callable[[str], str]) -> str:
        """The sentence, with the keys that lead on, which ``key_for`` names by their ids."""
        keys = {name: key_for(name) for name in ("parent", "refresh", "clear", "go", "flat")}
        return self._sentence().format(**keys)

    def _sentence(self) -> str:
        if not self.is_open:
            return OPENING
        if self.was_stopped and not self.is_asking:
            return STOPPED
        if self.shows_buckets:
            return LISTING if self.is_asking else NO_MATCH if self.is_filtered else NO_BUCKETS
        return LISTING if self.listing is None else self._of_listing(self.listing)

    def _of_listing(self, listing: Listing) -> str:
        has_rows = bool(listing.objects or listing.prefixes)
        if listing.ended_at is None or (self.is_asking and not has_rows):
            return NO_MATCH_YET if self.is_filtered and has_rows else LISTING
        if not has_rows:
            return STOPPED if listing.error else NOTHING
        if not self.is_filtered:
            return READING  # They are on their way from the ledger.
        if self.is_searching:
            return NO_MATCH_YET
        if listing.prefixes:
            return NO_MATCH_HERE
        return NO_GLOB if self.is_anchored else NO_MATCH
