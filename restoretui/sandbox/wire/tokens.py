"""The continuation tokens of listings: as opaque to a client as the real ones."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error

from restoretui.sandbox.state.listing import After
from restoretui.sandbox.state.refusals import invalid_argument


def token_of(after: After) -> str:
    """What a page hands out for the next to begin there."""
    return urlsafe_b64encode(("g" if after.group else "k").encode() + after.key.encode()).decode()


def read_token(token: str) -> After:
    """Where that page begins; ``ErrorAnswer`` for what was never handed out."""
    try:
        text = urlsafe_b64decode(token).decode()
    except (Base64Error, ValueError):
        text = ""
    if text[:1] not in ("g", "k"):
        raise invalid_argument("The continuation token provided is incorrect", "continuation-token", token)
    return After(text[1:], text[0] == "g")
