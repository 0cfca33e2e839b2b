"""What a terminal answers amid the keys: taken out before anybody could take it for something that was typed.

The only question whose answer is an OSC sequence is that for the background's colour (OSC 11). A key that begins like
one (``alt+]``) is held until it is clear that nothing follows.
"""

import re
from collections.abc import Mapping

from msgspec import Struct

ASK_BACKGROUND = "\x1b]11;?\x1b\\"
WITHIN_S = 0.2
"""An answer that comes later is taken out, too, and counts for nothing: somebody has begun to read by then."""
# Patterns are compiled when something is read; that comes behind the first paint.
_ANSWER = r"\x1b\](\d{1,3});([^\x07\x1b]{0,200})(?:\x07|\x1b\\)"
_BEGUN = r"\x1b(?:\](?:\d{0,3}|\d{1,3};[^\x07\x1b]{0,200}\x1b?))?"
_COLOUR = r"(?i)rgba?:([0-9a-f]{1,4})/([0-9a-f]{1,4})/([0-9a-f]{1,4})(?:/[0-9a-f]{1,4})?"
_PLAIN = ("linux", "dumb", "vt", "ansi", "cons25", "wsvt", "sun", "eterm")
"""Beginnings of ``TERM`` of those that know no OSC; some would print it."""


class TerminalAnswer(Struct, frozen=True):
    """One that was taken out."""

    number: int
    """Of the sequence: 11 for the background."""
    text: str


class Answers:
    """Fed with what is read, in pieces of any size."""

    def __init__(self) -> None:
        self._held = ""

    def take_out(self, text: str, *, expecting: bool = False) -> tuple[str, list[TerminalAnswer]]:
        """What is left for the keys, and the answers that were amid it.

        ``expecting`` one, an escape at the end may be its beginning; else it is the key, which nobody waits for.
        """
        text, self._held = self._held + text, ""
        found = [TerminalAnswer(int(match[1]), match[2]) for match in re.finditer(_ANSWER, text)]
        text = re.sub(_ANSWER, "", text)
        begun = text.rfind("\x1b]")
        begun = len(text) - 1 if begun < 0 and expecting and text.endswith("\x1b") else begun
        if begun >= 0 and re.fullmatch(_BEGUN, text[begun:]):
            text, self._held = text[:begun], text[begun:]
        return text, found

    def rest(self) -> str:
        """Nothing followed for a while: what was held for it. An answer that stopped amid itself is no key either."""
        held, self._held = self._held, ""
        return "" if ";" in held else held


def is_light(told: str) -> bool | None:
    """The colour of an answer, ``rgb:ffff/ffff/ffff``, is light rather than dark; None when it is none.

    By relative luminance (WCAG 2): light is that on which black has the greater contrast.
    """
    match = re.fullmatch(_COLOUR, told.strip())
    if match is None:
        return None
    parts = [int(part, 16) / (16 ** len(part) - 1) for part in match.groups()[:3]]
    light = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    luminance = sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), light, strict=True))
    return bool((luminance + 0.05) ** 2 > 0.05 * 1.05)


def is_plain(term: str) -> bool:
    """It knows no OSC sequences at all: neither notices nor titles, nor questions about its colours."""
    return not term or term.startswith(_PLAIN)


def may_ask(env: Mapping[str, str]) -> bool:
    """The terminal may be asked for its background: neither consoles that would print it, nor GNU screen."""
    term = env.get("TERM", "")
    return not (is_plain(term) or term.startswith("screen") or env.get("STY"))


def said_background(env: Mapping[str, str]) -> bool | None:
    """What some terminals tell in ``COLORFGBG`` (``15;0``): whether the last colour is a light one."""
    last = env.get("COLORFGBG", "").rpartition(";")[2]
    return int(last) in (7, 15) if last.isdecimal() and len(last) <= 2 else None
