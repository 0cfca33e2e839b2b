"""A file of TOML, read whole or refused with its name."""

from pathlib import Path
from typing import Any

from restoretui.core.blocking import told_of_pipe
from restoretui.core.errors import UsageError
from restoretui.core.os_errors import WITHOUT_MARK, byte_order_mark

LONGEST = 4 << 20
"""Bytes. All prices of all Regions are a tenth of it."""


def read_toml(path: Path) -> dict[str, Any]:
    """What it says; ``UsageError`` names the file and why it cannot be read."""
    import tomllib  # not before the first paint, unless there is a file

    try:
        with told_of_pipe(path, "settings"), path.open("rb") as file:
            content = file.read(LONGEST + 1)
        if len(content) > LONGEST:
            raise UsageError(f"{path} cannot be read: it is longer than {LONGEST:,} bytes, as no such file is")
        if mark := byte_order_mark(content):
            raise UsageError(
                f"{path} cannot be read: line 1: the file begins with a byte order mark ({mark})", WITHOUT_MARK
            )
        return tomllib.loads(content.decode())
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:  # Also of numbers too long, and of brackets in thousands.
        raise UsageError(f"{path} is not valid TOML: {error}") from None
