"""What keys begin with: the longest prefix, up to a slash, of all that were seen; rows need not repeat it."""

import os
from collections.abc import Callable


class SharedFolder:
    """Becomes shorter as other keys are seen, never longer, so that what is on screen does not jump about."""

    def __init__(self, known: Callable[[], str] = str) -> None:
        """``known`` is the part of it that is said elsewhere on screen."""
        self._known = known
        self._folder: str | None = None

    def forget(self) -> None:
        """Other keys are shown."""
        self._folder = None

    @property
    def text(self) -> str:
        """Empty, or ends in a slash."""
        return self._folder or ""

    @property
    def news(self) -> str:
        """Without what is said elsewhere."""
        return self.text.removeprefix(self._known())

    def add(self, key: str) -> bool:
        """A key was seen; tells whether it changes anything."""
        folder = key[: key.rfind("/", 0, max(0, len(key) - 1)) + 1]
        if self._folder is not None:
            if key.startswith(self._folder) and len(key) > len(self._folder):
                return False
            folder = os.path.commonprefix([self._folder, folder])  # noqa: RUF071  keys are no paths
            folder = folder[: folder.rfind("/") + 1]
        changed, self._folder = folder != self.text, folder
        return changed

    def strip(self, key: str) -> str:
        """The key without it."""
        return key.removeprefix(self.text) or key
