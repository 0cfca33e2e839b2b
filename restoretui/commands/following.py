"""Following runs to their end: ``restoretui status`` and ``watch``, and the second half of ``restore``."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

from restoretui.commands.output import Output
from restoretui.commands.summary import counts_of, summarise, verdict_on
from restoretui.commands.unheard import say_unheard
from restoretui.config import Settings
from restoretui.core.errors import CloudError, ExitCode, TimedOut
from restoretui.core.model import State
from restoretui.export import WINDOW, each
from restoretui.ledger.records import WAITING, JobRow, Run
from restoretui.session import Session, open_session
from restoretui.wording import format as words

NOT_SENT = frozenset({State.PLANNED, State.UNKNOWN})


async def status(settings: Settings, output: Output, name: str | None) -> ExitCode:
    """Runs, and the objects of one, after one look at the cloud."""
    async with open_session(settings) as session:
        runs = [await session.find_run(name)] if name else await session.ledger.runs.list()
        say_unheard(settings, output, runs)
        for run in runs:
            if run.is_open:
                try:
                    await session.look_now(run)
                except CloudError as error:
                    output.say(f"run {run.id} could not be refreshed: {error}")
        runs = [await session.ledger.runs.get(run.id) for run in runs]
        for run in runs:
            output.run(run, session.looks_cost(run))
        for run in runs:
            if name or output.as_json:
                async for row in _jobs(session, run):
                    output.job(run.cloud.scheme, run, row)
        if not runs:
            output.say("no runs yet: `restoretui restore` or the TUI starts one")
        summarise(output, counts_of(session, runs))
        return await verdict_on(session, runs) if name else ExitCode.DONE


async def watch(settings: Settings, output: Output, name: str | None, timeout: timedelta | None) -> ExitCode:
    """Pick up where things stand and follow until everything is settled."""
    async with open_session(settings) as session:
        runs = [await session.find_run(name)] if name else await session.ledger.runs.open_runs()
        say_unheard(settings, output, runs)
        if not runs:
            output.say("nothing is under way")
            summarise(output, counts_of(session, []))
            return ExitCode.DONE
        session.start_engine([run.id for run in runs])
        return await follow(session, output, [run.id for run in runs], wait=True, timeout=timeout)


async def _jobs(session: Session, run: Run) -> AsyncIterator[JobRow]:
    view = await session.job_view(run.id)
    try:
        await view.wait()
        async for row in each(view):
            yield row
    finally:
        await view.aclose()


async def follow(
    session: Session,
    output: Output,
    run_ids: Sequence[int],
    *,
    wait: bool,
    timeout: timedelta | None,
    missing: int = 0,
) -> ExitCode:
    """Tell what becomes of some runs until all is asked for or, with ``wait``, available; the exit code."""
    awaited = WAITING if wait else NOT_SENT

    def done(run: Run) -> bool:
        return not any(run.counts.get(state) for state in awaited)

    teller = Teller(session, output, run_ids, awaited)
    telling = asyncio.create_task(teller.run())
    waiting = asyncio.create_task(session.wait_for(run_ids, done))
    try:
        # The time a person gives is the machine's, also where the cloud's clock runs faster.
        seconds = None if timeout is None else timeout.total_seconds()
        await asyncio.wait({waiting, telling}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for task in (waiting, telling):
            if task.done():
                task.result()
    finally:
        for task in (waiting, telling):
            task.cancel()
        await asyncio.gather(waiting, telling, return_exceptions=True)
        runs = await teller.finish()
    timed_out = not all(done(run) for run in runs)
    if timed_out:
        output.error(TimedOut("the time to wait is over; the restores go on", "`restoretui watch` picks them up"))
    summarise(output, counts_of(session, runs) | {"missing": missing, "timed_out": timed_out})
    for run in runs:
        if short := await session.short_of_capacity(run):
            output.say(
                f"{words.plural(short, 'object')} found no Expedited capacity: the same restore with --tier standard "
                "asks for those alone"
            )
    if timed_out:
        return ExitCode.TIMED_OUT
    verdict = await verdict_on(session, runs)
    return ExitCode.SOME_FAILED if missing and verdict is ExitCode.DONE else verdict


class Teller:
    """Says what happens to some runs while it happens: JSON lines for programs, a progress bar for people."""

    def __init__(self, session: Session, output: Output, run_ids: Sequence[int], awaited: frozenset[State]) -> None:
        self._session = session
        self._output = output
        self._run_ids = run_ids
        self._bar = output.progress(awaited)
        self._last: int | None = None
        self._paused = ""
        self._jobs: dict[int, str] = {}

    async def run(self) -> None:
        """Until cancelled."""
        with self._bar, self._session.ledger.changes.subscribe() as changed:
            await self._tell()
            async for topics in changed:
                if topics & {"activity", "runs", "health", "batches"}:
                    await self._tell()

    async def finish(self) -> list[Run]:
        """Say what is left to say; the runs as they are now."""
        await self._tell()
        return [await self._session.ledger.runs.get(run_id) for run_id in self._run_ids]

    async def _tell(self) -> None:
        health = self._session.health
        paused = f"paused: {health.text} {health.hint}".strip() if health.level == "paused" else ""
        if paused and paused != self._paused:
            self._output.say(paused)
        self._paused = paused
        self._tell_jobs()
        if self._output.as_json:
            await self._tell_changes()
        else:
            self._bar.update([await self._session.ledger.runs.get(run_id) for run_id in self._run_ids])

    def _tell_jobs(self) -> None:
        for run_id in self._run_ids:
            for batch in self._session.batch.ours(run_id):
                known = f"{batch.status} {batch.problem}"
                if batch.status and self._jobs.get(batch.id) != known:
                    self._jobs[batch.id] = known
                    self._output.batch_state(batch)

    async def _tell_changes(self) -> None:
        log = self._session.ledger.activity
        if self._last is None:
            self._last = 0
        while entries := await log.since(self._last, WINDOW, self._run_ids[0] if len(self._run_ids) == 1 else None):
            self._last = entries[-1].id
            for entry in entries:
                if entry.run_id in self._run_ids and entry.to_state is not None:
                    cloud = entry.cloud or self._session.cloud
                    self._output.change(cloud.scheme, entry)
            self._output.flush()
