"""URLs of webhooks said on a command line: only such as hold no secret, since others can read a command line."""

import re
from urllib.parse import unquote, urlsplit

from restoretui.core.errors import UsageError

_PIECE = re.compile(r"[A-Za-z0-9]+")
_LONGEST_WORD = 23
"""Letters of a piece; no word of a path is longer."""
_LONGEST_ID = 11
"""Characters of a piece with a digit in it: of a date, a version, a name of a host."""
_LONGEST_NAME = 19
"""Characters of a whole segment with a digit in it, so that a token with dashes is one as well."""
_HINT = 'put it into the config, [webhooks.NAME] url = "…", and write webhook:NAME'


def check_bare_url(text: str, said: str) -> str:
    """``text`` itself, a plain http or https URL; ``UsageError`` where it is none, or may hold a secret: unsaid.

    ``said``: the option it was said by.
    """
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        parts, host = urlsplit(""), None
    if (
        parts.scheme not in ("http", "https")
        or not host
        or not text.isascii()
        or not text.isprintable()
        or " " in text
    ):
        raise UsageError(f"{said} names a webhook of the config, or a plain http or https URL", _HINT)
    if why := _secret_in(text):
        raise UsageError(
            f"{said}: its URL may hold a secret ({why}), which belongs into no command and no ledger", _HINT
        )
    return text


def _secret_in(url: str) -> str:
    """Why it may hold one, in a few words; empty where it does not."""
    parts = urlsplit(url)
    if "@" in parts.netloc:
        return "a user or password"
    if "?" in url:
        return "a query"
    if "#" in url:
        return "a fragment"
    segments = unquote(parts.path).split("/")
    if any(map(_is_token, segments)) or any(map(_has_token, (parts.hostname or "").split("."))):
        return "a part of it looks like a token"
    return ""


def _is_token(segment: str) -> bool:
    return _has_token(segment) or (len(segment) > _LONGEST_NAME and any(map(str.isdigit, segment)))


def _has_token(text: str) -> bool:
    pieces = _PIECE.findall(text)
    return any(len(piece) > (_LONGEST_WORD if piece.isalpha() else _LONGEST_ID) for piece in pieces)
