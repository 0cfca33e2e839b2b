"""Watches restores that make no copy: their results appear at an output location (API RestoreObject, SELECT).

Where that is, the answer said. Until something lies there, nothing else can be seen of such a restore: the object
itself stays as it was, so a look at it would say that nobody ever asked.
"""

import asyncio
from collections.abc import Collection, Mapping
from functools import partial

from restoretui.core.literal.literal import Literal
from restoretui.core.location import parse_location
from restoretui.core.model import State
from restoretui.engine.run_context import RunContext
from restoretui.engine.traffic.waits import first_of
from restoretui.ledger.run_records import JobChange
from restoretui.ledger.views.answers import Awaited

SOONEST, LATEST = 30.0, 900.0
"""Cloud seconds between two looks."""
QUICKEST = 0.3
"""Machine seconds between two rounds, however fast the cloud's clock runs."""
ONE_DAY = 86_400.0
_UNSURE = "whether it was asked for cannot be seen, as such a restore leaves no trace there: retry asks once more"
_DESCRIPTION = "job.txt"


class OutputWatcher:
    """In the place of a ``Watcher``, for a run whose requests name an output location."""

    def __init__(self, context: RunContext) -> None:
        self._run = context.run
        self._ledger = context.ledger
        self._provider = context.provider
        self._clock = context.clock
        self._read = context.reads()
        self._output = Literal.of_text(context.run.literal).output
        self._health = context.health
        self._stirred = asyncio.Event()

    def stir(self) -> None:
        """Something was sent or decided: do not wait for the next look."""
        self._stirred.set()

    async def watch(self) -> None:
        """Round after round, until results of all that was asked for are there."""
        rest = SOONEST
        while True:
            self._stirred.clear()
            waiting = await self.look_now()
            run = await self._ledger.runs.get(self._run.id)
            if not run.is_open and not run.counts.get(State.AVAILABLE):
                return
            rest = min(rest * 1.5, LATEST) if waiting else ONE_DAY
            await first_of(self._clock.sleep(rest), self._stirred.wait())
            await self._clock.pause(QUICKEST)

    async def look_now(self) -> int:
        """One listing of where results are awaited; of how many requests they are awaited still."""
        jobs = await self._ledger.runs.awaited_outputs(self._run.id)
        changes = [self._change(job, State.FAILED, _UNSURE, "NoAnswer") for job in jobs if job.state is State.UNKNOWN]
        awaited = {output_place(self._output, job.output_path): job for job in jobs if job.state is not State.UNKNOWN}
        if awaited:
            found, pages = await self._found(awaited)
            changes += [self._told(awaited[place], place, names) for place, names in found.items()]
            self._health.looked(pages, 0)
            await self._ledger.runs.calls(self._run.id, pages, 0)
        await self._ledger.runs.apply(changes)
        await self._ledger.runs.looked(self._run.id, self._clock.now().timestamp())
        return len(jobs) - len(changes)

    async def _found(self, awaited: Mapping[str, Awaited]) -> tuple[dict[str, set[str]], int]:
        """By place, how what is written there is called; and how many pages of a listing told that."""
        place, found, token, pages = parse_location(self._output), dict[str, set[str]](), None, 0
        prefix = place.key or place.prefix
        while True:
            ask = partial(self._provider.list_page, place.bucket, prefix, token=token)
            page = await self._read(ask)
            pages += 1
            for entry in page.entries:
                folder, _, name = entry.key.rpartition("/")
                while name != _DESCRIPTION:
                    if (at := f"s3://{place.bucket}/{folder}") in awaited:
                        found.setdefault(at, set()).add(name)
                        break
                    if not folder:
                        break
                    folder = folder.rpartition("/")[0]
            token = page.next_token
            if token is None:
                return found, pages

    def _told(self, job: Awaited, place: str, names: Collection[str]) -> JobChange:
        # How they are called is documented nowhere any more; what describes the request itself comes at once.
        if all("error" in name for name in names):
            return self._change(job, State.FAILED, f"it ended with errors: see {place}", "SelectFailed")
        return self._change(job, State.AVAILABLE, f"its results are at {place}")

    def _change(self, job: Awaited, state: State, reason: str, code: str = "") -> JobChange:
        return JobChange(job.job_id, state, self._clock.now().timestamp(), reason=reason, code=code)


def output_place(output: str, path: str) -> str:
    """Where the results of one request are: as the answer said it, within the location that was asked for."""
    if "://" not in path:
        place = parse_location(output)
        path = f"{place.scheme}://{place.bucket}/{path.lstrip('/') or place.key or place.prefix}"
    return path.rstrip("/")
