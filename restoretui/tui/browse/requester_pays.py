"""Requester pays: a bucket that refused is opened again, once somebody has agreed to pay for its requests."""

from restoretui.tui.browse.listing_board import ListingBoard

QUESTION = (
    "Whoever asks pays for this bucket: requests, retrievals and what is downloaded are billed to the account of"
    " these credentials, not to the bucket's owner. For this session; your own buckets cost what they always do."
)


async def pay_for_bucket(board: ListingBoard) -> None:
    """Ask, agree for the rest of the session, and list what is there."""
    from restoretui.tui.dialogs.prompts import Confirm

    where = f"{board.location.scheme}://{board.location.bucket}"
    if await board.shell.push_screen_wait(Confirm(f"Pay for {where}", QUESTION, "I pay")):
        board.session.agree_to_pay(board.location.scheme)
        board.go(board.location)
