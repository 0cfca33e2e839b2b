"""A secret that stands in a file which the config names."""

from pathlib import Path

from restoretui.core.blocking import told_of_pipe
from restoretui.core.errors import UsageError

LONGEST = 1 << 16
"""Bytes: no key or URL has more, and a device has no end."""


def read_secret(named: str, home: Path, what: str) -> str:
    """What stands in it, without the space around; ``UsageError`` says why ``what`` cannot be read from it."""
    path = Path(named).expanduser()
    path = path if path.is_absolute() else home / path
    try:
        with told_of_pipe(path, what), path.open("rb") as file:
            data = file.read(LONGEST + 1)
        if len(data) <= LONGEST:
            return data.decode("utf-8").strip()
        reason = f"it is longer than {LONGEST:,} bytes"
    except OSError as error:
        reason = error.strerror or str(error)
    except ValueError:
        reason = "it is no text"
    raise UsageError(f"{what} cannot be read from {path}: {reason}") from None
