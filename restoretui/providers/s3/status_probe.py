"""A probe of whether an endpoint's listings include RestoreStatus, which some stores leave out (FACTS 5).

AWS lists it. The result is ``capabilities.restore_status_in_list``.
"""

from datetime import timedelta

from restoretui.core.clock import Clock
from restoretui.core.model import ObjectDetail, Page
from restoretui.core.rows import Rows

_MARGIN = timedelta(minutes=1)
_UNDOCUMENTED = "INTELLIGENT_TIERING"
"""Whether AWS itself lists the status of this class is not known, so it proves nothing (FACTS 1.7)."""


class StatusProbe:
    """A passive probe: compares what HEAD said with what a later listing says, at no request of its own."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._seen: ObjectDetail | None = None
        self.listings_tell: bool | None = None
        """None until there is proof either way. A listing that does tell settles it for good."""

    def head(self, detail: ObjectDetail) -> None:
        """Take in a HEAD's answer."""
        if not self.listings_tell and self._is_restored(detail):
            self._seen = detail

    def page(self, bucket: str, page: Page) -> None:
        """Take in a page of a listing that asked for restore status."""
        if self.listings_tell:
            return
        seen = self._seen
        in_progress = Rows.of(page.entries).in_progress
        if in_progress.count(None) < len(in_progress):
            self.listings_tell = True
        elif seen and seen.ref.bucket == bucket and self._is_restored(seen) and _shows(page, seen):
            self.listings_tell = False

    def _is_restored(self, detail: ObjectDetail) -> bool:
        """Restoring, or restored for long enough that a listing made now must say so."""
        if detail.restore is None or detail.storage_class == _UNDOCUMENTED:
            return False
        expiry = detail.restore.expiry
        return detail.restore.in_progress or expiry is None or expiry > self._clock.now() + _MARGIN


def _shows(page: Page, seen: ObjectDetail) -> bool:
    """The page holds the very object HEAD showed, not another version or a later upload under its key."""
    modified = int(seen.modified.timestamp()) if seen.modified else None
    same = seen.ref.key, seen.ref.version_id, seen.etag, modified
    return any((entry.key, entry.version_id, entry.etag, entry.modified) == same for entry in page.entries)
