"""What keys do to the place shown: it is shown as it was at an instant, or opened with the requester paying."""

from collections.abc import Sequence
from datetime import datetime

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Input, Static

from restoretui.core.errors import UsageError
from restoretui.core.location import Location
from restoretui.core.past.when import read_when
from restoretui.session.past.past import PastListing
from restoretui.tui.browse.home import HomeRow
from restoretui.tui.browse.listing_board import ListingBoard
from restoretui.tui.dialogs.dialog import Dialog
from restoretui.tui.words import said
from restoretui.wording import format as fmt


class TimePrompt(Dialog[str]):
    """Answers with what was typed; tells what nobody can know of what is shown by now."""

    def __init__(self, value: str, remarks: Sequence[str]) -> None:
        super().__init__("As of when")
        self._value = value
        self._remarks = remarks

    def body(self) -> ComposeResult:
        question = (
            "the newest version of each key then: 5m, 7d, 2026-12-01 or 2026-12-01T12:00Z (UTC); empty: as it is now"
        )
        lines = [said((question, "dim")), *(said((remark, "warn")) for remark in self._remarks)]
        yield Static(Content("\n").join(lines), markup=False)

    def foot(self) -> ComposeResult:
        field = Input(self._value, compact=True, select_on_focus=True)
        field.cursor_blink = False
        yield field

    @on(Input.Changed)
    def _typing(self) -> None:
        self.no_complaint()

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        self.attempt(lambda: self._read(event.value), "time")

    async def _read(self, text: str) -> None:
        if text.strip():
            read_when(text, self.session.clock.now())
        self.dismiss(text.strip())


async def choose_time(board: ListingBoard) -> None:
    """Have an instant chosen, and show the place as it was then."""
    session, told = board.session, board.past
    text = await board.shell.push_screen_wait(TimePrompt("", remarks(told, session.clock.now()) if told else ()))
    if text:
        await look_back(board, read_when(text, session.clock.now()))
    elif text is not None and told is not None:
        scope = told.listing.scope
        session.listings.by_cloud(scope.cloud, scope.bucket)
        board.past = None
        board.go(board.location)


async def look_again(board: ListingBoard) -> None:
    """Read the history once more, as of the same instant."""
    if board.past is not None and board.past.listing.origin is not None:
        await look_back(board, board.past.listing.origin.as_of)


async def look_back(board: ListingBoard, moment: datetime) -> None:
    """Read the history of all below the place, and let it stand in for what is there now."""
    session = board.session
    with board.asking():
        found = await session.past.at(board.location, moment, markers=True)
    board.past = found
    board.source.versions = True
    board.show_columns()
    session.listings.by_inventory(found.listing)
    if told := remarks(found, session.clock.now()):
        more = f" (and {len(told) - 1} more: {board.shell.key_for('time')} lists them)" if len(told) > 1 else ""
        board.shell.say("warning", f"{told[0]}{more}")
    board.go(board.location)


def remarks(found: PastListing, now: datetime) -> list[str]:
    """What cannot be told, key by key, and what may be gone without a trace."""
    told = [f"{key}: {why}" for key, why in found.amiss]
    if (more := found.counts.total() - len(found.amiss)) > 0:
        told.append(f"… and {fmt.plural(more, 'key')} more of which nobody can tell")
    before = found.no_trace_before(now)
    if before is not None and found.listing.origin is not None and found.listing.origin.as_of < now:
        told.append(f"a lifecycle rule removes old versions: what was before {before:%Y-%m-%d} may be gone")
    return told


QUESTION = (
    "Whoever asks pays for this bucket: requests, retrievals and what is downloaded are billed to the account of"
    " these credentials, not to the bucket's owner. For this session; your own buckets cost what they always do."
)


async def bookmark(board: ListingBoard) -> None:
    """The place shown, or the bucket under the cursor; as whoever reaches it."""
    place, row = board.location, board.buckets.row
    profile = ""
    if not place.bucket and row is not None:
        known = row.place if isinstance(row, HomeRow) else Location(row.scheme, row.name)
        place, profile = known or place, row.profile if isinstance(row, HomeRow) else ""
    if not place.bucket:
        raise UsageError("this is no place that could be bookmarked", "choose a bucket")
    if place.key is not None:
        place = place.parent
    profile = profile or board.session.settings.profile_of(place.scheme, place.bucket)
    is_one = await board.session.ledger.places.bookmark(place, profile)
    board.shell.say("done", f"{place} is {'a bookmark' if is_one else 'no bookmark any more'}", "")


async def pay_for_bucket(board: ListingBoard) -> None:
    """Ask, agree for the rest of the session, and list what is there."""
    from restoretui.tui.dialogs.prompts import Confirm

    where = f"{board.location.scheme}://{board.location.bucket}"
    if await board.shell.push_screen_wait(Confirm(f"Pay for {where}", QUESTION, "I pay")):
        board.session.agree_to_pay(board.location.scheme)
        board.go(board.location)
