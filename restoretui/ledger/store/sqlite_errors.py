"""Translates SQLite's result codes into ``LedgerError``s a person can act on."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from restoretui.core.errors import LedgerBusy, LedgerDamaged, LedgerError
from restoretui.core.os_errors import free_bytes, is_out_of_files, no_more_files

# Primary result codes (sqlite.org/rescode.html); extended codes keep them in the low byte.
_BUSY, _LOCKED, _READONLY, _IOERR, _CORRUPT, _FULL, _CANTOPEN, _NOTADB = 5, 6, 8, 10, 11, 13, 14, 26
_SHORT_READ = 522
"""SQLITE_IOERR_SHORT_READ: the file ends where a page should be."""
_OF_CIRCUMSTANCE = frozenset({_BUSY, _LOCKED, _READONLY, _IOERR, _FULL, _CANTOPEN})
_TOO_LITTLE = 65_536
"""Bytes left on a disk that count as none: the shared index of a write-ahead log takes half of that."""


_OF_DAMAGE = re.compile(
    r"no such (table|column|index)|could not decode to utf-8|has no column named|already exists|duplicate column"
    r"|malformed|datatype mismatch|recorded, \d+ expected|unsupported file format",
    re.IGNORECASE,
)
"""What SQLite says, as if a statement were wrong, when the schema or a row is not what this program wrote."""
_LISTING_GONE = re.compile(r"no such table: (catalog\.)?[hlprt][0-9]+$")
"""What SQLite says when a listing was pruned between two statements."""


UNREADABLE = (sqlite3.DatabaseError, UnicodeDecodeError)
"""What reading a damaged file may raise: Python's module cannot spell out an error that names a damaged name."""


def primary_code(error: sqlite3.Error) -> int:
    """The low byte of SQLite's result code; 0 for errors of the Python module itself."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def is_busy(error: sqlite3.Error) -> bool:
    """Another process has the file."""
    return primary_code(error) in (_BUSY, _LOCKED)


def is_of_circumstance(error: sqlite3.Error) -> bool:
    """What surrounds the file is in the way: another process, the folder's rights, the disk. It may be well."""
    return primary_code(error) in _OF_CIRCUMSTANCE and not is_damage(error)


def is_damage(error: sqlite3.Error | UnicodeDecodeError) -> bool:
    """The file itself is not what it should be."""
    if isinstance(error, UnicodeDecodeError):
        return True
    if primary_code(error) in (_CORRUPT, _NOTADB) or getattr(error, "sqlite_errorcode", 0) == _SHORT_READ:
        return True
    text = str(error)
    return primary_code(error) not in _OF_CIRCUMSTANCE and bool(
        _OF_DAMAGE.search(text) and not _LISTING_GONE.match(text)
    )


def explain(error: sqlite3.Error, folder: Path) -> LedgerError:
    """One clear sentence and the next step for what went wrong with the files in ``folder``."""
    code = primary_code(error)
    if code == _FULL or (code == _IOERR and _is_full(folder)):
        # Where SQLite cannot even lay out its shared index, it calls that an I/O error.
        return LedgerError(
            f"the disk is full: {folder} cannot take what happened",
            "free some space; everything confirmed before is still there",
        )
    if code in (_BUSY, _LOCKED):
        return LedgerBusy(
            f"another process kept the ledger in {folder} to itself, so this was not written",
            "wait for it, end it, or choose another --state-dir",
        )
    if code == _READONLY:
        return LedgerError(
            f"the ledger in {folder} cannot be written",
            "make the folder and its files writable, or choose another --state-dir",
        )
    if code == _CANTOPEN and is_out_of_files():
        short = no_more_files()
        return LedgerError(str(short), short.hint)
    if code == _CANTOPEN:
        return LedgerError(
            f"the ledger in {folder} cannot be opened",
            "check the folder's permissions, or choose another --state-dir",
        )
    if code == _IOERR and not is_damage(error):
        return LedgerError(
            f"the disk failed while the ledger in {folder} was used ({error})",
            "check the disk; everything confirmed before is still there",
        )
    if _LISTING_GONE.match(str(error)):
        return listing_replaced()
    if is_damage(error):
        return _damage(folder, _spelled(error))
    return LedgerError(
        f"the ledger in {folder} cannot be used: {_spelled(error)}",
        "`restoretui ledger check` says whether it is damaged; if it is not, report this",
    )


def listing_replaced() -> LedgerError:
    """A listing is not there any more: pruned, perhaps by another process."""
    return LedgerError("this listing was replaced by a newer one", "refresh")


def _damage(folder: Path, how: str) -> LedgerDamaged:
    return LedgerDamaged(
        f"the ledger in {folder} is damaged ({how})",
        "`restoretui ledger check` says which file, and what to do; nothing was replaced",
    )


def _spelled(error: sqlite3.Error) -> str:
    """SQLite's words, which may hold what it read from a damaged file."""
    return ascii(str(error))[1:-1][:200]


def _is_full(folder: Path) -> bool:
    try:
        return free_bytes(folder) < _TOO_LITTLE
    except OSError:
        return False


@contextmanager
def explained(folder: Path) -> Iterator[None]:
    """Turn SQLite's errors inside the block into ``LedgerError``."""
    try:
        yield
    except sqlite3.Error as error:
        raise explain(error, folder) from error
    except UnicodeDecodeError as error:
        raise _damage(folder, "text in it is no Unicode") from error
    except UnicodeEncodeError as error:
        raise LedgerError(
            f"{error.object!r} is not valid Unicode, so the ledger cannot keep it", "leave that name out"
        ) from error
