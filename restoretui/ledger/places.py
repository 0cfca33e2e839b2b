"""Where somebody has been, and what was bookmarked: kept with the ledger, since it is no cache."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple, get_args

from restoretui.core.location import Location
from restoretui.ledger.records import SortKey

if TYPE_CHECKING:  # the screens know how places are shown before any of it is read
    from restoretui.core.clock import Clock
    from restoretui.ledger.store.quick_reads import QuickReads
    from restoretui.ledger.store.writer import Tx, Writer

MOST_VISITED = 200
"""Places that are remembered, beside the bookmarks."""


class Visited(NamedTuple):
    """A bucket, or a prefix in it."""

    place: Location
    at: datetime
    """When it was last gone to."""
    is_bookmarked: bool
    profile: str = ""
    """As whom it was reached then; empty for no profile."""

    @property
    def as_said(self) -> str:
        """As it is typed to be reached so again."""
        return str(self.place).replace("://", f"+{self.profile}://", 1) if self.profile else str(self.place)


class PlaceLook(NamedTuple):
    """How a place is shown."""

    flat: bool = False
    """All keys below, not prefix by prefix."""
    sort: SortKey = "key"
    descending: bool = False


class Places:
    """The repository of both."""

    def __init__(self, writer: "Writer", quick: "QuickReads", clock: "Clock") -> None:
        self._writer = writer
        self._quick = quick
        self._clock = clock

    async def visit(self, place: Location, look: PlaceLook | None = None, profile: str = "") -> None:
        """Somebody is there now, as ``profile``, and has it shown in that way; None leaves that as it was."""

        def note(tx: "Tx") -> None:
            self._visit(tx, place, profile)
            if look is not None:
                tx.run(
                    "UPDATE visited SET flat = ?, sort = ?, descending = ?"
                    " WHERE scheme = ? AND bucket = ? AND prefix = ?",
                    (*look, place.scheme, place.bucket, place.prefix),
                )

        await self._writer.do(note)

    def look(self, place: Location) -> PlaceLook | None:
        """How it was shown last, in whichever session; None where that is not known."""
        row = self._quick.row(
            "SELECT flat, sort, descending FROM visited WHERE scheme = ? AND bucket = ? AND prefix = ?",
            (place.scheme, place.bucket, place.prefix),
        )
        if row is None or row[1] not in get_args(SortKey):  # A later version may know other orders.
            return None
        return PlaceLook(bool(row[0]), row[1], bool(row[2]))

    async def bookmark(self, place: Location, profile: str = "") -> bool:
        """Bookmark it, as it is reached as ``profile``, or no longer; tells whether it is one now."""

        def turn(tx: "Tx") -> bool:
            self._visit(tx, place, profile)
            tx.run(
                "UPDATE visited SET bookmarked = NOT bookmarked WHERE scheme = ? AND bucket = ? AND prefix = ?",
                (place.scheme, place.bucket, place.prefix),
            )
            row = tx.row(
                "SELECT bookmarked FROM visited WHERE scheme = ? AND bucket = ? AND prefix = ?",
                (place.scheme, place.bucket, place.prefix),
            )
            return bool(row and row[0])

        return await self._writer.do(turn)

    def visited(self) -> Sequence[Visited]:
        """Bookmarks first, then where somebody was, the latest first."""
        rows = self._quick.rows(
            "SELECT scheme, bucket, prefix, at, bookmarked, profile FROM visited ORDER BY bookmarked DESC, at DESC"
        )
        return [
            Visited(Location(scheme, bucket, prefix), datetime.fromtimestamp(at, UTC), bool(bookmarked), profile)
            for scheme, bucket, prefix, at, bookmarked, profile in rows
        ]

    def _visit(self, tx: "Tx", place: Location, profile: str) -> None:
        tx.run(
            "INSERT INTO visited (scheme, bucket, prefix, at, profile) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (scheme, bucket, prefix) DO UPDATE SET at = excluded.at, profile = excluded.profile",
            (place.scheme, place.bucket, place.prefix, self._clock.now().timestamp(), profile),
        )
        tx.run(
            "DELETE FROM visited WHERE NOT bookmarked AND at < (SELECT min(at) FROM (SELECT at FROM visited"
            " WHERE NOT bookmarked ORDER BY at DESC LIMIT ?))",
            (MOST_VISITED,),
        )
