"""What is left on the terminal when a defect ends the screens: where it was, and nothing that could be a secret.

Textual would print every frame's local variables, among them keys that sign requests, and names from outside as they
are.
"""

import traceback

from rich.text import Text
from textual.worker import WorkerFailed

from restoretui.wording.safe import clean


def crash_text(error: BaseException | None) -> Text:
    """The way to the defect, line by line, without values."""
    while isinstance(error, WorkerFailed):
        error = error.error
    lines = traceback.format_exception(error) if error is not None else ["an unknown defect"]
    told = [clean(line) for part in lines for line in part.rstrip("\n").split("\n")]
    told += ["", "restoretui met a defect and had to stop. What was confirmed is on disk: start it again to go on."]
    return Text("\n".join(told))
