"""A defect ends the screens with one sentence; the way to it goes into the log, without values, which may be secrets.

Textual would print every frame's local variables, among them keys that sign requests, and names from outside as they
are; of a defect in the stylesheet or in a theme it would print pages.
"""

import contextlib
import os
import traceback
from datetime import UTC, datetime
from pathlib import Path

from textual.app import ScreenStackError
from textual.css.query import QueryError
from textual.dom import NoScreen
from textual.widget import MountError
from textual.worker import WorkerFailed

from restoretui.core.errors import RestoreTuiError
from restoretui.wording.safe import clean, crop_end

LOG = Path("restoretui").with_suffix(".log")
"""The one that ``--verbose`` writes, too."""
MESSAGE_CELLS = 200
PACKAGE = Path(__file__).parent.parent
GOES_ON = "what was confirmed is on disk: start restoretui again to go on"


class Defect(RestoreTuiError):
    """The program itself is wrong somewhere; exit code 1."""


def found_screens_gone(error: BaseException) -> bool:
    """What was under way on the screens, or in a worker of theirs, found them gone: no defect once they are left."""
    return isinstance(_cause(error), (MountError, QueryError, NoScreen, ScreenStackError))


def defect(error: BaseException, folder: Path | None) -> Defect:
    """What to say of ``error``; the way to it is added to the log in ``folder``, if one can be written there."""
    error = _cause(error)
    message = crop_end(" ".join(str(error).split()), MESSAGE_CELLS)
    told = f"{type(error).__name__}: {message}" if message else type(error).__name__
    log = _log(error, folder) if folder is not None else None
    hint = f"{GOES_ON}; the way to the defect is in {log}" if log is not None else GOES_ON
    return Defect(f"the screens met a defect and had to stop: {told} ({_place(error)})", hint)


def _cause(error: BaseException) -> BaseException:
    while isinstance(error, WorkerFailed):
        error = error.error
    return error


def _place(error: BaseException) -> str:
    """The last line of ours on the way to it."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if Path(frame.filename).is_relative_to(PACKAGE)]
    if not ours:
        return (
            "outside of restoretui" if not frames else f"{Path(frames[-1].filename).name}, line {frames[-1].lineno}"
        )
    return f"{Path(ours[-1].filename).relative_to(PACKAGE.parent)}, line {ours[-1].lineno}"


def way(error: BaseException) -> list[str]:
    """The way to it, line by line, without values of variables."""
    return [clean(line) for part in traceback.format_exception(error) for line in part.rstrip("\n").split("\n")]


def _log(error: BaseException, folder: Path) -> Path | None:
    """Where it was written; None where nothing can be."""
    path = folder / LOG
    text = "\n".join([f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}Z the screens met a defect", *way(error), ""])
    with contextlib.suppress(OSError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(path, "a", encoding="utf-8", opener=_private) as file:
            file.write(text)
        return path
    return None


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW, 0o600)
