"""The log that ``--verbose`` writes: what was done, never a header, a signature or a credential."""

import logging
from pathlib import Path


def start_log(folder: Path) -> None:
    """Write this package's own log records to ``restoretui.log`` in ``folder``; the SDK's are left out on purpose."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / "restoretui.log"
    path.touch(mode=0o600)
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logger = logging.getLogger("restoretui")
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
