"""What the operating system would not give, in words a person can act on; wherever it was asked for."""

import codecs
import errno
import os

from restoretui.core.errors import UsageError

NO_FILES = (errno.EMFILE, errno.ENFILE)


def refused_by_system(error: OSError) -> UsageError:
    """One sentence for any ``OSError``, and the next step."""
    where = f" ({error.filename})" if error.filename else ""
    if error.errno in NO_FILES:
        return no_more_files(where)
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return UsageError(f"the disk is full{where}", "free some space; everything confirmed before is still there")
    return UsageError(f"the system refused: {error.strerror or error}{where}", "see to that, and try again")


def no_more_files(where: str = "") -> UsageError:
    """The limit of open files is reached."""
    return UsageError(
        f"the system allows no more open files{where}", "raise the limit, with `ulimit -n 1024`, and try again"
    )


ROOM = 8
"""Files that opening one of SQLite's databases takes, with its log, its index and those that are checked first."""


def is_out_of_files() -> bool:
    """Not even ``ROOM`` more can be opened right now, though whoever tried was told something else.

    He has closed by now what he had opened, so that one would not tell.
    """
    opened: list[int] = []
    try:
        for _ in range(ROOM):
            opened.append(os.open(os.devnull, os.O_RDONLY))
    except OSError as error:
        return error.errno in NO_FILES
    finally:
        for descriptor in opened:
            os.close(descriptor)
    return False


def free_bytes(folder: str | os.PathLike[str]) -> int:
    """Room for files of ours on the disk of that folder; ``OSError`` where nothing tells."""
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize


_MARKS = ((codecs.BOM_UTF8, "UTF-8"), (codecs.BOM_UTF16_LE, "UTF-16"), (codecs.BOM_UTF16_BE, "UTF-16"))
WITHOUT_MARK = "save it as UTF-8 without a byte order mark"


def byte_order_mark(start: bytes) -> str:
    """The encoding that a file's first bytes announce, as Notepad and PowerShell write it; empty for none."""
    return next((name for mark, name in _MARKS if start.startswith(mark)), "")
