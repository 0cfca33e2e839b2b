"""Lists of keys that copied commands name (``--keys-from``): files of ours beside the ledger, private, swept in time.

One that a run's command names is made when somebody asks for it and goes with the run; the others, of dialogs that
were looked at, go after ``KEPT_S``.
"""

import contextlib
import os
from collections.abc import Collection, Iterable
from pathlib import Path

from restoretui.core.errors import LedgerError

FOLDER = "key-lists"
KEPT_S = 30 * 86_400.0
"""How long a list stays that no run names; machine time."""


class KeyLists:
    """The folder of these lists."""

    def __init__(self, state_folder: Path) -> None:
        self._folder = state_folder / FOLDER

    def new(self, ending: str = "keys") -> Path:
        """A path that nothing has; nothing is written yet."""
        return self._folder / f"{os.urandom(6).hex()}.{ending}"

    def is_ours(self, path: Path) -> bool:
        """It lies in the folder."""
        return path.parent == self._folder

    def write(self, path: Path, pieces: Iterable[bytes]) -> None:
        """Write a list whole, for its owner only; run it in a thread. ``LedgerError`` where that cannot be done."""
        part = path.with_name(f"{path.name}.part-{os.urandom(4).hex()}")
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.writelines(pieces)
            part.replace(path)
        except OSError as error:
            why = error.strerror or str(error)
            raise LedgerError(
                f"the list of keys cannot be written to {path}: {why}", "free some space there"
            ) from error
        finally:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)

    def sweep(self, named: Collection[str], now: float) -> None:
        """Remove the lists that no run names and that are old; ``now`` is the machine's time. Run it in a thread."""
        with contextlib.suppress(OSError):
            for path in list(self._folder.iterdir()):
                if path.name not in named and now - path.stat().st_mtime >= KEPT_S:
                    path.unlink(missing_ok=True)

    def remove(self, names: Iterable[str]) -> None:
        """Remove these; run it in a thread."""
        for name in names:
            with contextlib.suppress(OSError):
                (self._folder / Path(name).name).unlink(missing_ok=True)
