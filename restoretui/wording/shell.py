"""Shell quoting: text as one word of a shell, since what is copied may be pasted where a line break would run it."""

import re

from restoretui.wording.safe import clean

_ACTS = re.compile(r"""^=|[\s"'`$\\|&;<>(){}\[\]*?!~#^]""")
"""What some shell does something about: quotes, splits, expands (zsh also ``=name``), redirects, remembers."""
_ESCAPES = {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_READ = re.compile(r"\\(?:([0-7]{1,3})|x([0-9A-Fa-f]{1,2})|(.))", re.DOTALL)
_NAMED = {"n": "\n", "r": "\r", "t": "\t", "e": "\x1b", "E": "\x1b", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}


def shell_word(text: str) -> str:
    """``text`` as it is where no shell or terminal acts on any of it, else quoted so that a shell makes it of that.

    What a terminal would obey or hide becomes ``$'...'`` with its UTF-8 bytes in octal: three digits, which bash, zsh
    and ksh all read alike, and POSIX 2024 too.
    """
    if clean(text) != text:
        return "$'" + "".join(_ESCAPES.get(part) or _spelled(part) for part in text) + "'"
    if text and not _ACTS.search(text):
        return text
    return "'" + text.replace("'", "'\\''") + "'"


def _spelled(character: str) -> str:
    if clean(character) == character:
        return character
    return "".join(f"\\{byte:03o}" for byte in character.encode("utf-8", "surrogatepass"))


def unquoted(text: str) -> str:
    """What ``shell_word`` was given; any other quoted word as a shell reads it; the rest as it is."""
    if len(text) >= 3 and text.startswith("$'") and text.endswith("'"):
        return _unescaped(text[2:-1])
    if len(text) >= 2 and text.startswith("'") and text.endswith("'"):
        inner = text[1:-1].replace("'\\''", "\0")
        return text if "'" in inner else inner.replace("\0", "'")
    return text


def _unescaped(text: str) -> str:
    def read(found: re.Match[str]) -> bytes:
        octal, hexadecimal, other = found.groups()
        if octal:
            return bytes([int(octal, 8) & 0xFF])
        if hexadecimal:
            return bytes([int(hexadecimal, 16)])
        return _NAMED.get(other, other).encode("utf-8", "surrogatepass")

    parts: list[bytes] = []
    at = 0
    for found in _READ.finditer(text):
        parts += [text[at : found.start()].encode("utf-8", "surrogatepass"), read(found)]
        at = found.end()
    parts.append(text[at:].encode("utf-8", "surrogatepass"))
    whole = b"".join(parts)
    try:
        return whole.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return whole.decode("utf-8", "replace")
