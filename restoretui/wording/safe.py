"""Sanitises untrusted text for one line of a terminal (no escape sequences), and fits it to a width in cells.

Keys, bucket names, error messages and headers come from outside and may hold anything Unicode has. No Textual or
Rich call strips ESC, with or without markup, so every such string passes ``clean`` or ``fit`` before it
reaches a widget, a title, an OSC sequence or stdout. What could move the cursor, hide, or disguise itself as
something else becomes a visible mark; readable text of any script stays as it is.
"""

import re
import unicodedata
from functools import lru_cache

ELLIPSIS = "…"
MAX_COMBINING = 3
"""Zero-width marks one base character may carry: Vietnamese and Thai need two, a tower of them covers other rows."""

_CACHED_LENGTH = 2048  # longer ones (whole error pages) would only push the keys out of the cache


def _default_ignorable() -> frozenset[int]:
    """Unicode's Default_Ignorable_Code_Point, blank letters, and what terminals measure differently."""
    ranges = [
        (0x00AD, 0x00AD),  # soft hyphen
        (0x034F, 0x034F),  # combining grapheme joiner
        (0x061C, 0x061C),  # Arabic letter mark
        (0x115F, 0x1160),  # Hangul fillers
        (0x17B4, 0x17B5),  # invisible Khmer vowels
        (0x180B, 0x180F),  # Mongolian variation selectors and vowel separator
        (0x200B, 0x200F),  # zero-width space and joiners, direction marks
        (0x2028, 0x202E),  # line and paragraph separators, bidi embeddings and overrides
        (0x2060, 0x206F),  # word joiner, bidi isolates, invisible operators
        (0x2800, 0x2800),  # blank Braille pattern
        (0x3164, 0x3164),  # Hangul filler
        (0xFE00, 0xFE0F),  # variation selectors: terminals disagree on the width they give
        (0xFEFF, 0xFEFF),  # byte order mark
        (0xFFA0, 0xFFA0),  # half-width Hangul filler
        (0xFFF0, 0xFFFC),  # interlinear annotation, object replacement
        (0x1BCA0, 0x1BCA3),  # shorthand format controls
        (0x1D159, 0x1D159),  # null notehead
        (0x1D173, 0x1D17A),  # musical format controls
        (0x1F1E6, 0x1F1FF),  # regional indicators: a pair is one flag or two letters
        (0x1F3FB, 0x1F3FF),  # skin tones: alone two cells, after a person none
        (0xE0000, 0xE0FFF),  # tags and more variation selectors
    ]
    return frozenset(point for first, last in ranges for point in range(first, last + 1))


_IGNORABLE = _default_ignorable()


def _spelled(point: int) -> str:
    """A character by its number, as Python would write it in a string."""
    if point < 0x20:
        return chr(0x2400 + point)  # control pictures: ESC is shown as ␛
    if point == 0x7F:
        return "\u2421"
    if point < 0x100:
        return f"\\x{point:02x}"
    return f"\\u{point:04x}" if point < 0x10000 else f"\\U{point:08x}"


@lru_cache(4096)
def _cells(character: str) -> int:
    """By Rich's tables, which are loaded when the first text beyond ASCII is shown."""
    from rich.cells import get_character_cell_size

    return get_character_cell_size(character)


def _clean(text: str) -> str:
    shown: list[str] = []
    room = 0  # combining marks that the last character can still carry
    for character in text:
        point = ord(character)
        if point in _IGNORABLE or not character.isprintable():
            shown.append(_spelled(point))
            room = 0
        elif _cells(character) == 0:
            if room > 0 and unicodedata.category(character) in ("Mn", "Me", "Mc", "Lo"):
                shown.append(character)
                room -= 1
            else:
                shown.append(_spelled(point))
                room = 0
        else:
            shown.append(character)
            room = 0 if character == " " else MAX_COMBINING
    return "".join(shown)


_cached_clean = lru_cache(8192)(_clean)


def clean(text: str) -> str:
    """``text`` with every control, invisible, bidi, joining and surrogate character spelled out visibly.

    Printable ASCII and readable text of any script pass untouched. The result holds no newline, has at least one
    cell for every character that was not a combining mark, and ``clean(clean(t)) == clean(t)``.
    """
    if text.isascii() and text.isprintable():
        return text
    return _cached_clean(text) if len(text) <= _CACHED_LENGTH else _clean(text)


def width(text: str) -> int:
    """Cells that cleaned ``text`` takes."""
    return len(text) if text.isascii() else sum(map(_cells, text))


def _head(text: str, cells: int) -> str:
    """The longest start of ``text`` that fits in ``cells``, combining marks kept with their base."""
    used = 0
    for index, character in enumerate(text):
        used += _cells(character)
        if used > cells:
            return text[:index]
    return text


def _tail(text: str, cells: int) -> str:
    """The longest end of ``text`` that fits in ``cells`` and does not begin with a combining mark."""
    used = 0
    start = len(text)
    for index in range(len(text) - 1, -1, -1):
        size = _cells(text[index])
        used += size
        if used > cells:
            break
        if size:
            start = index
    return text[start:]


def crop(text: str, cells: int) -> str:
    """Cleaned ``text`` in at most ``cells`` cells: the middle gives way, since keys differ at their end."""
    text = clean(text)
    if width(text) <= cells:
        return text
    if cells < 8:
        return crop_end(text, cells)
    head = _head(text, cells // 3)
    return head + ELLIPSIS + _tail(text, cells - 1 - width(head))


def crop_end(text: str, cells: int) -> str:
    """Cleaned ``text`` in at most ``cells`` cells, its end cut off: for sentences, which are read from the start."""
    text = clean(text)
    if width(text) <= cells:
        return text
    return _head(text, cells - 1) + ELLIPSIS if cells > 0 else ""


def _fit(text: str, cells: int, right: bool, prose: bool) -> str:
    text = crop_end(text, cells) if prose else crop(text, cells)
    padding = " " * (cells - width(text))
    return padding + text if right else text + padding


_cached_fit = lru_cache(16384)(_fit)


def fit(text: str, cells: int, *, right: bool = False, prose: bool = False) -> str:
    """Cleaned ``text`` cropped and padded to exactly ``cells`` cells; ``prose`` loses its end, a key its middle."""
    fitting = _cached_fit if len(text) <= _CACHED_LENGTH else _fit
    return fitting(text, cells, right, prose)


def file_name(*words: object) -> str:
    """A file's name offered for these words; some come from the cloud, and must name nothing but a file here."""
    return "-".join(_NO_PATH.sub("_", str(word))[:80] for word in ("restoretui", *words))


_NO_PATH = re.compile(r"[^A-Za-z0-9]")
