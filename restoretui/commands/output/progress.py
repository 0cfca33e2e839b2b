"""How far it is, on stderr: a live bar on a terminal, a line now and then elsewhere."""

from collections.abc import Sequence
from typing import IO, Any, Self

from restoretui.core.model import State
from restoretui.ledger.run_records import Run


class ProgressBar:
    """How many objects have left the awaited states: a live bar on a terminal, a line now and then elsewhere."""

    def __init__(self, err: IO[str], awaited: frozenset[State], *, silent: bool) -> None:
        self._err = err
        self._awaited = awaited
        self._silent = silent
        self._live: Any = None
        self._task: Any = None
        self._told = ""

    def __enter__(self) -> Self:
        if not self._silent and self._err.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

            self._live = Progress(
                BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}", markup=False),
                TimeElapsedColumn(), console=Console(file=self._err), transient=True,
            )  # fmt: skip
            self._task = self._live.add_task("", total=None)
            self._live.start()
        return self

    def __exit__(self, *exc: object) -> None:
        if self._live is not None:
            self._live.stop()

    def update(self, runs: Sequence[Run]) -> None:
        """Show where ``runs`` are now."""
        total = sum(run.objects for run in runs)
        left = sum(run.counts.get(state, 0) for run in runs for state in self._awaited)
        counts: dict[State, int] = {}
        for run in runs:
            for state, number in run.counts.items():
                counts[state] = counts.get(state, 0) + number
        text = ", ".join(f"{number:,} {state}" for state, number in counts.items() if number)
        text += "".join(f"; then {one.told}" for run in runs for one in run.then if one.is_news)
        if self._live is not None:
            self._live.update(self._task, total=total, completed=total - left, description=text)
        elif not self._silent and text != self._told:
            self._told = text
            print(text, file=self._err, flush=True)
