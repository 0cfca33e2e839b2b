"""Following runs to their end: ``restoretui status`` and ``watch``, and the second half of ``restore``."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from restoretui.commands.leaving import held_of, tell_unsent, unsent_of, what_goes_on
from restoretui.commands.output import Output, Seen
from restoretui.commands.summary import (
    causes_of,
    counts_of,
    summarise,
    tell_causes,
    tell_ends,
    tell_shortfalls,
    tell_then_causes,
    verdict_on,
)
from restoretui.commands.telling import EVERY_CHANGE, Since, Teller, WantedChanges, WatchSaid, since_when
from restoretui.commands.unheard import say_unheard
from restoretui.config.settings import Settings
from restoretui.core.errors import (
    AccountRefused,
    CloudError,
    ExitCode,
    LedgerError,
    RestoreTuiError,
    TimedOut,
    UsageError,
)
from restoretui.core.model import State
from restoretui.engine.capacity import MOST_IN_A_ROW
from restoretui.engine.traffic.waits import TimeLimit
from restoretui.ledger.records import EVERYTHING, JobRow, Query
from restoretui.ledger.run_records import WAITING, Run
from restoretui.session.jsonlines.runs import cause_fields
from restoretui.session.rows.jobs import windows
from restoretui.session.session import Session, open_session
from restoretui.wording import format as words
from restoretui.wording.command_line import command_lines

TOGETHER = 1.5
"""Seconds for which runs that are looked at quickly wait for each other, so that they come in their order."""
PRESS_EVERY = 0.3
"""Machine seconds between two looks whether something was sent."""
NOT_SENT = frozenset({State.PLANNED, State.UNKNOWN})


async def status(
    settings: Settings,
    output: Output,
    name: str | None,
    query: Query = EVERYTHING,
    since: Since | None = None,
) -> ExitCode:
    """The runs, or one run and its objects, after one look at the cloud.

    All are looked at together, and each is told once: after its look, or as the ledger has it where the look failed.
    Then the exit code is that of what stood in the way. ``query`` chooses among the objects of the one, and ``since``
    those that changed since then, or the runs that were made.
    """
    if query.where is not None and not name:
        raise UsageError("--where chooses among objects, and runs are listed", "name a run")
    output.row_kinds = ("object",) if name else ("run",)
    async with open_session(settings) as session:
        runs = [await session.run_views.find_run(name)] if name else await session.ledger.runs.list()
        begin = since_when(since, session)
        if not name and begin is not None:
            runs = [run for run in runs if run.created_at.timestamp() >= begin]
        say_unheard(settings, output, runs)
        problems = await _look_at_all(session, output, runs, closely=name is not None)
        runs = [await session.ledger.runs.get(run.id) for run in runs]
        for run in runs if name else ():
            output.names_buckets = len(run.buckets) > 1
            async for rows in _jobs(session, run, query):
                changed = rows if begin is None else [row for row in rows if row.changed_at >= begin]
                output.jobs(run.cloud.scheme, run, changed)
        if not runs and since is not None:
            output.say("no run was made since then")
        elif not runs:
            output.say("no runs yet: `restoretui restore` or the TUI starts one")
        for error, run_ids in problems:
            names = f"run {run_ids[0]}" if len(run_ids) == 1 else f"runs {', '.join(map(str, run_ids))}"
            if any(run.id in run_ids and run.profiles for run in runs):
                names = f"some of {names}"  # Each account of a run is looked at by itself.
            output.error(with_text(error, f"{names} could not be looked at: {error}"))
        causes = await causes_of(session, runs) if name else []
        tell_causes(output, causes)
        then_causes = await tell_then_causes(session, output, runs if name else ())
        for run in runs if name else ():
            await tell_ends(session, output, run)
        less = await tell_shortfalls(session, output, runs)
        fields = counts_of(session, runs) | {"not_looked_at": sum(len(ids) for _, ids in problems)} | less
        fields |= {"causes": [cause_fields(cause) for cause in causes], "then_causes": then_causes}
        summarise(output, fields, runs)
        if problems:
            codes = {error.exit_code for error, _ in problems}
            return codes.pop() if len(codes) == 1 else ExitCode.SOME_FAILED
        return verdict_on(runs, causes, less) if name else ExitCode.DONE


async def _command_of(session: Session, run: Run) -> str:
    """How to type it again; empty where no command was kept."""
    return command_lines((await session.saying.of_run(run)).commands)


async def _look_at_all(
    session: Session, output: Output, runs: Sequence[Run], *, closely: bool
) -> list[tuple[RestoreTuiError, list[int]]]:
    """Look at every run that can change, all at once, and tell each: in order, but for those that keep us waiting.

    Why looks failed, each reason with the runs it holds for.
    """
    problems: dict[tuple[type, str], tuple[RestoreTuiError, list[int]]] = {}
    looks = {run.id: asyncio.create_task(session.look_now(run)) for run in runs if run.can_change}
    told: set[int] = set()

    async def tell(run_id: int) -> None:
        told.add(run_id)
        look = looks.get(run_id)
        error = look.exception() if look is not None else None
        if error is not None:
            if not isinstance(error, RestoreTuiError) or isinstance(error, LedgerError):
                raise error
            problems.setdefault((type(error), str(error)), (error, []))[1].append(run_id)
        run = await session.ledger.runs.get(run_id)
        seen = Seen(session.ledger.runs.as_of(run), looked=look is not None and error is None)
        goes = await session.run_views.progress(run) if closely else None
        command = await _command_of(session, run) if closely else None
        output.run(run, session.looks_cost(run), seen, goes, command)

    try:
        pending = set(looks.values())
        if pending:
            _, pending = await asyncio.wait(pending, timeout=TOGETHER)
        while True:
            for run in runs:
                if run.id not in told and (run.id not in looks or looks[run.id].done()):
                    await tell(run.id)
            output.flush()
            if not pending:
                return list(problems.values())
            _, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for look in looks.values():
            look.cancel()
        await asyncio.gather(*looks.values(), return_exceptions=True)


async def watch(settings: Settings, output: Output, name: str | None, said: WatchSaid) -> ExitCode:
    """Pick up where things stand and follow until all is settled: one run, or all of them."""
    for option, chooses in (("--where", said.query.where), ("--since", said.since)):
        if chooses is not None and not output.as_json:
            raise UsageError(f"{option} chooses among the changes that --json tells", "give --json, or leave it out")
    async with open_session(settings) as session:
        if not said.dry_run:
            await session.then.look_at_ends()
        runs = [await session.run_views.find_run(name)] if name else await session.ledger.runs.open_runs()
        say_unheard(settings, output, runs)
        if not runs:
            output.say("nothing is under way")
            return ExitCode.DONE
        run_ids = [run.id for run in runs]
        for run in runs:
            await tell_ends(session, output, run)
        if said.dry_run:
            return tell_unsent(session, output, runs)
        wanted = WantedChanges(said.query, since_when(said.since, session), session.clock.now().timestamp())
        output.names_buckets = len({bucket for run in runs for bucket in run.buckets}) > 1
        session.start_engine(run_ids, fail_fast=said.fail_fast)
        if said.until_next:
            from restoretui.commands.acting.coming_back import come_back

            if (code := await come_back(session, output, run_ids, said.timeout)) is not None:
                return code
        return await follow(
            session, output, run_ids, wait=True, timeout=said.timeout, wanted=wanted, fail_fast=said.fail_fast
        )


@asynccontextmanager
async def time_to_wait(session: Session, timeout: timedelta | None) -> AsyncIterator[TimeLimit]:
    """``--timeout`` before anything was sent: holds whatever is waited for. What is left of it is for ``follow``."""

    def over() -> TimedOut:
        return TimedOut("the time to wait is over; nothing was sent", "give a longer --timeout, or none")

    limit = TimeLimit(session.clock, None if timeout is None else timeout.total_seconds(), over)
    session.waiting.time_left = lambda: limit.left
    async with limit:
        yield limit


def left_of(limit: TimeLimit) -> timedelta | None:
    """What is left to wait; from now on it does not run here any more."""
    limit.lift()
    return None if limit.left is None else timedelta(seconds=limit.left)


async def _jobs(session: Session, run: Run, query: Query) -> AsyncIterator[Sequence[JobRow]]:
    view = await session.run_views.job_view(run.id, query)
    try:
        await view.wait()
        async for rows in windows(view):
            yield rows
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
    wanted: WantedChanges = EVERY_CHANGE,
    fail_fast: bool = False,
) -> ExitCode:
    """Tell what becomes of some runs until all is asked for or, with ``wait``, available; the exit code.

    Patience ends while nothing of them was sent. Once something was, there is no end to it. With ``fail_fast`` what
    is unsent is given up once an object fails.
    """
    awaited = WAITING if wait else NOT_SENT

    def done(run: Run) -> bool:
        # What waits for somebody's decision is not waited for: nobody is asked here.
        left = awaited - {State.PLANNED} if run.id in session.out_of_capacity else awaited
        if wait and run.then_open:
            return False
        return not any(run.counts.get(state) for state in left) or (not wait and bool(held_of(session, run)))

    begun = [await session.ledger.runs.get(run_id) for run_id in run_ids]
    output.left = what_goes_on(session, begun)
    teller = Teller(session, output, run_ids, awaited, wanted)
    telling = asyncio.create_task(teller.run())
    waiting = asyncio.create_task(session.wait_for(run_ids, done))
    pressing = asyncio.create_task(_give_up_unsent(session, run_ids))
    shut_out = asyncio.create_task(_until_shut_out(session, run_ids))
    tasks: list[asyncio.Task[Any]] = [waiting, telling, pressing, shut_out]
    if fail_fast:
        from restoretui.commands.acting.fail_fast import give_up_at_failure

        tasks.append(asyncio.create_task(give_up_at_failure(session, output, begun)))
    # The time a person gives is the machine's, also where the cloud's clock runs faster.
    seconds = None if timeout is None else timeout.total_seconds()
    if seconds is not None:
        end = session.clock.monotonic() + seconds
        session.waiting.time_left = lambda: max(0.0, end - session.clock.monotonic())
    try:
        await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            if task.done() and task is not shut_out:
                task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        runs = await teller.finish()
        output.left = what_goes_on(session, runs)
    # What came to its end has ended, also where more is planned since: an extension waits for its copy, say.
    ended = (not waiting.cancelled()) or all(done(run) for run in runs)
    refused = None if ended or shut_out.cancelled() else shut_out.result()
    timed_out = refused is None and not ended
    if timed_out:
        unsent = unsent_of(session, runs)
        goes_on = output.left if unsent else "the restores go on"
        hint = "" if unsent else "`restoretui watch` picks them up"
        output.error(TimedOut(f"the time to wait is over; {goes_on}", hint))
    if refused is not None:
        output.error(with_text(refused, f"stopped: {refused}", f"{refused.hint}; {output.left}"))
    held = [job_id for run in runs for job_id in held_of(session, run)]
    causes = await causes_of(session, runs)
    less = await tell_shortfalls(session, output, runs)
    fields = {"timed_out": timed_out, "to_confirm": held} | less
    fields["causes"] = [cause_fields(cause) for cause in causes]
    summarise(output, counts_of(session, runs) | fields, runs)
    tell_causes(output, causes)
    output.summary({"then_causes": await tell_then_causes(session, output, runs)})
    for job_id in held:
        output.say(f"job {job_id} is made and waits: `restoretui batch confirm {job_id}` lets it run")
    short_runs = [run for run in runs if run.id in session.out_of_capacity and run.counts.get(State.PLANNED)]
    for run in short_runs:
        output.say(
            f"run {run.id}: {MOST_IN_A_ROW} requests in a row found no Expedited capacity, so the other "
            f"{words.plural(run.counts[State.PLANNED], 'object')} stay planned: `restoretui watch {run.id}` tries "
            "again, and the same restore with --tier standard asks for all of them in its place"
        )
    for run in runs:
        if short := await session.run_views.short_of_capacity(run):
            output.say(
                f"{words.plural(short, 'object')} found no Expedited capacity: the same restore with --tier standard "
                "asks for those alone"
            )
    if timed_out:
        return ExitCode.TIMED_OUT
    if refused is not None:
        return refused.exit_code
    verdict = verdict_on(runs, causes, less)
    return ExitCode.SOME_FAILED if missing or (short_runs and verdict is ExitCode.DONE) else verdict


async def _until_shut_out(session: Session, run_ids: Sequence[int]) -> AccountRefused:
    """The refusal of the account as a whole, once one is met: what is unsent stays planned, nobody waits for it."""
    while True:
        runs = [await session.ledger.runs.get(run_id) for run_id in run_ids]
        if (error := await session.waiting.why_shut_out(runs)) is not None:
            return error
        await session.clock.pause(PRESS_EVERY)


async def _give_up_unsent(session: Session, run_ids: Sequence[int]) -> None:
    """Raises when patience is over before anything of these runs was sent; waits for ever once something was."""
    session.waiting.is_pressed = True
    try:
        while True:
            runs = [await session.ledger.runs.get(run_id) for run_id in run_ids]
            if any(_is_sent(session, run) for run in runs):
                break
            if (error := session.waiting.why_not_sent(runs)) is not None:
                names = ", ".join(str(run.id) for run in runs)
                hint = f"run {names} is confirmed and waits: `restoretui watch` sends it"
                raise with_text(error, f"nothing was sent yet: {error}", f"{error.hint}; {hint}")
            await session.clock.pause(PRESS_EVERY)
    finally:
        session.waiting.is_pressed = False
    await asyncio.Event().wait()


def _is_sent(session: Session, run: Run) -> bool:
    """Something left, or may have left, for this run."""
    states = {state for state, number in run.counts.items() if number}
    return bool(states - {State.PLANNED, State.SKIPPED}) or any(
        batch.sent_at is not None for batch in session.batch.ours(run.id)
    )


def with_text(error: RestoreTuiError, text: str, hint: str = "") -> RestoreTuiError:
    """The same error in other words."""
    if not isinstance(error, CloudError):
        return type(error)(text, hint or error.hint)
    return type(error).of(
        error,
        text,
        hint or error.hint,
    )
