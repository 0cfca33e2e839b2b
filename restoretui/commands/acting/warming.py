"""``restoretui warm``: somebody else's program wants objects readable, and hears in its own way how far that is."""

import json
from collections.abc import Sequence

from restoretui.commands.acting.said import RestoreSaid
from restoretui.commands.choosing.choice import Choice
from restoretui.commands.form import Form
from restoretui.commands.output import Output
from restoretui.commands.output.progress import ProgressBar
from restoretui.commands.restoring import restore
from restoretui.config.settings import Settings
from restoretui.core.errors import ExitCode, UsageError
from restoretui.core.location import Location, parse_location
from restoretui.core.model import State
from restoretui.ledger.run_records import Run

MOST_KEYS = 10_000
"""In one call; a list of arguments is hardly longer."""


class WarmOutput(Output):
    """Stdout has the protocol's lines alone; all words go to stderr, where the calling program lets them through."""

    def __init__(self, total: int, quiet: bool, *, tells: bool) -> None:
        """``tells``: rustic's lines are wanted."""
        super().__init__(Form(quiet=quiet), command="warm")
        self._total = total
        self._warm = -1 if tells else total

    def warm(self, number: int) -> None:
        """So many of the objects can be read: rustic's line (``pack-progress``), never fewer than before."""
        number = min(self._total, number)
        if number > self._warm:
            self._warm = number
            super()._write(json.dumps({"type": "pack-progress", "warm": number}) + "\n")
            self.flush()

    def text(self, line: str) -> None:
        """No rows: they would be logged as if they meant something."""

    def _write(self, text: str) -> None:
        """Whatever else is printed is for people who are not here."""

    def progress(self, awaited: frozenset[State]) -> ProgressBar:
        """In place of a bar, the protocol's lines."""
        return _PackProgress(self, awaited)


class _PackProgress(ProgressBar):
    def __init__(self, output: WarmOutput, awaited: frozenset[State]) -> None:
        super().__init__(output._err, awaited, silent=True)  # noqa: SLF001 - the stream is shared, as by its base
        self._output = output

    def update(self, runs: Sequence[Run]) -> None:
        """What needs no restore is warm as well."""
        warm = (State.AVAILABLE, State.SKIPPED)
        self._output.warm(sum(run.counts.get(state, 0) for run in runs for state in warm))


async def warm(
    settings: Settings,
    output: Output,
    location: str,
    keys: Sequence[str],
    said: RestoreSaid,
    *,
    protocol: str,
) -> ExitCode:
    """Restore these keys below ``location`` and wait until they can be read, telling how many can."""
    place = parse_location(location)
    if not place.bucket or place.key is not None or (place.prefix and not place.prefix.endswith("/")):
        raise UsageError(f"{location} is not where keys lie", "name a bucket, or a prefix that ends in a slash")
    if not keys or len(keys) > MOST_KEYS:
        raise UsageError(f"warm takes 1 to {MOST_KEYS:,} keys, and {len(keys):,} are given", "write -- KEY…")
    named = list(dict.fromkeys(f"{place.prefix}{key}" for key in keys))
    if said.meant.agreeing.dry_run:
        from restoretui.commands.planning import plan

        return await plan(settings, output, choice_of(place, named), said)
    told = WarmOutput(len(named), output.form.quiet, tells=protocol == "rustic")
    choice = choice_of(place, named)
    code = await restore(settings, told, choice, said)
    output.left = told.left
    if code is ExitCode.DONE:
        told.warm(len(named))
    return code


def choice_of(place: Location, keys: Sequence[str]) -> Choice:
    """Each key as a location of its own: none of its characters means anything."""
    return Choice(tuple(str(place.object(key)) for key in keys))
