"""A file of TOML, read whole or refused with its name."""

from pathlib import Path
from typing import Any

from restoretui.core.errors import UsageError


def read_toml(path: Path) -> dict[str, Any]:
    """What it says; ``UsageError`` names the file and why it cannot be read."""
    import tomllib  # not before the first paint, unless there is a file

    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:  # Also of numbers too long, and of brackets in thousands.
        raise UsageError(f"{path} is not valid TOML: {error}") from None
