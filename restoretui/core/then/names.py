"""File names made of keys, sanitised: a key as it is wherever that is safe, reversibly encoded where it is not.

Keys are chosen by strangers: they may hold ``..``, nothing between two slashes, control characters, marks that turn
the direction of text, or be longer than a name may be. ``%`` and two hexadecimal digits stand for one byte of UTF-8.
"""

import hashlib
import os
import re
import unicodedata
from urllib.parse import unquote_to_bytes

LONGEST_NAME = 200
"""Bytes of one name; file systems take 255, and a part file needs some more."""
NAME_LIST = "restoretui-names.csv"
"""In the folder of a download: what could not be called by its key."""
_OURS = ".restoretui-"
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\\\\%\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)
_UNSAFE_WINDOWS = re.compile(r'[<>:"|?*]')
_RESERVED = re.compile(r"(con|prn|aux|nul|com[1-9¹²³]|lpt[1-9¹²³])(\..*)?", re.IGNORECASE | re.DOTALL)


def safe_path(key: str, *, windows: bool = os.name == "nt") -> tuple[str, ...]:
    """The names of folders and, last, of the file. One that is empty in the key is ``%``."""
    return tuple(_safe_name(name, key, windows=windows) for name in key.split("/"))


def is_folder(key: str, size: int | None) -> bool:
    """Consoles and tools mark a folder by an empty object whose key ends in a slash."""
    return key.endswith("/") and not size


def apart(name: str, key: str) -> str:
    """Another name for what would be called like a neighbour: told apart by its key's hash."""
    mark = f"%~{hashlib.sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"
    return _shortened(name, LONGEST_NAME - len(mark)) + mark


def folded(path: str) -> str:
    """Equal for two paths that some file systems take for the same: letters' case and composition do not count."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())


def key_of(path: str) -> str | None:
    """The key that a path was made of; None where it was shortened or told apart: the list of names tells those."""
    if "%~" in path:
        return None
    names = ["" if name == "%" else name for name in path.split("/")]
    return unquote_to_bytes("/".join(names).encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")


def _safe_name(name: str, key: str, *, windows: bool) -> str:
    if not name:
        return "%"
    if name.strip(".") == "" and len(name) <= 2:
        return "%2E" * len(name)
    safe = _UNSAFE.sub(_encoded, name)
    if windows:
        safe = _UNSAFE_WINDOWS.sub(_encoded, safe)
        if safe[-1] in " .":
            safe = safe[:-1] + f"%{ord(safe[-1]):02X}"
        if _RESERVED.fullmatch(safe):
            safe = f"%{ord(safe[0]):02X}{safe[1:]}"
    if folded(safe).startswith(_OURS) or folded(safe) == NAME_LIST:
        safe = f"%{ord(safe[0]):02X}{safe[1:]}"
    return safe if len(safe.encode()) <= LONGEST_NAME else apart(safe, f"{name}\n{key}")


def _encoded(found: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in found[0].encode("utf-8", "surrogatepass"))


def _shortened(name: str, most: int) -> str:
    """The first ``most`` bytes of it, whole characters and whole codes only."""
    short = name.encode()[:most].decode("utf-8", "ignore")
    cut = short.rfind("%", -2) if len(short.encode()) < len(name.encode()) else -1
    return short[:cut] if cut >= 0 else short
