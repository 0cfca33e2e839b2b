"""What a request for a page of a listing says, whatever the cloud calls it, and what of the page is kept."""

from collections.abc import Mapping

from msgspec import Struct

from restoretui.core.errors import InvalidRequest
from restoretui.core.model import Page
from restoretui.providers.wire.listings.listing_frame import split_token


class PageRequest(Struct, frozen=True):
    """A page of the objects below ``prefix``, or of their versions: the next one, or that behind a key."""

    prefix: str = ""
    delimiter: str = ""
    start_after: str = ""
    """For versions, every version of that key is skipped."""
    token: str | None = None
    versions: bool = False

    @property
    def operation(self) -> str:
        """What both clouds call it."""
        return "ListObjectVersions" if self.versions else "ListObjectsV2"

    @property
    def fields(self) -> Mapping[str, str]:
        """Its parameters by S3's names in a URL; those that say nothing are left out."""
        if self.versions:
            key, version = _markers(self.token) if self.token else (self.start_after, "")
            place = {"key-marker": key, "version-id-marker": version}
        else:
            place = {"continuation-token": self.token or "", "start-after": "" if self.token else self.start_after}
        named = {"prefix": self.prefix, "delimiter": self.delimiter, **place}
        return {name: value for name, value in named.items() if value}

    def kept(self, page: Page) -> Page:
        """Without the versions of the key it begins behind: whether they belong to what follows is nowhere said."""
        if not self.versions or not self.start_after or self.token:
            return page
        return page._replace(entries=[entry for entry in page.entries if entry.key != self.start_after])


def _markers(token: str) -> tuple[str, str]:
    try:
        return split_token(token)
    except ValueError:
        raise InvalidRequest("that is not a token of a versions listing", "list again from the start") from None
