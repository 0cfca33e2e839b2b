"""The commands without a screen: each is a thin thread through the session, told on ``Output``."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, Literal

import aiofiles

from restoretui.config import Settings
from restoretui.core.batch import NO_EXPEDITED, BatchOptions, jobs_of
from restoretui.core.errors import CloudError, ExitCode, GuardStopped, TimedOut, UsageError
from restoretui.core.location import Location, check_key, parse_location
from restoretui.core.model import ObjectRef, State, Tier
from restoretui.core.plan import RestorePlan, TierPlan
from restoretui.core.rules import Action
from restoretui.export import WINDOW, Form, each, export_chunks, write_export
from restoretui.jsonlines import instant
from restoretui.ledger.records import WAITING, JobRow, Query, Run, View
from restoretui.output import Output, cost_text
from restoretui.session import Session, open_session, why_nothing
from restoretui.tui import format as words

Engine = Literal["direct", "batch", "auto"]
NOT_SENT = frozenset({State.PLANNED, State.UNKNOWN})


@dataclass(frozen=True)
class Choice:
    """What a command is about: locations, and what of them."""

    locations: tuple[str, ...]
    query: Query = field(default_factory=Query)
    versions: bool = False
    keys_from: str | None = None
    version_id: str | None = None

    def parsed(self) -> list[Location]:
        """The locations; ``LocationError`` for the first that is none, ``UsageError`` when options clash."""
        places = [parse_location(text) for text in self.locations]
        if self.keys_from and (len(places) != 1 or places[0].key is not None or not places[0].bucket):
            raise UsageError("--keys-from needs exactly one location: the bucket, or a prefix, the keys are in")
        if self.version_id and (len(places) != 1 or places[0].key is None):
            raise UsageError("--version-id needs exactly one location that is a key")
        return places


async def ls(settings: Settings, output: Output, choice: Choice) -> ExitCode:
    """List objects with their state, from one listing."""
    places = choice.parsed()
    async with open_session(settings) as session:
        states: dict[str, int] = {}
        total = size = 0
        for place in places:
            if not place.bucket:
                await _list_buckets(session, output, place.scheme)
                continue
            async with listing_view(session, place, choice) as view:
                async for row in each(view):
                    output.object(place.scheme, row)
                    states[row.state] = states.get(row.state, 0) + 1
                    total += 1
                    size += row.size
        _summary(output, {"objects": total, "size": size, "states": states})
        if states.get(State.UNKNOWN):
            output.say(
                f"{states[State.UNKNOWN]:,} are Intelligent-Tiering: only a plan looks whether those are archived"
            )
        output.say(f"{words.plural(total, 'object')}, {words.size(size)}")
    return ExitCode.DONE


async def _list_buckets(session: Session, output: Output, scheme: str) -> None:
    for bucket in await session.buckets(scheme):
        location = str(Location(scheme, bucket.name))
        if output.as_json:
            created = instant(bucket.created.timestamp() if bucket.created else None)
            output.line("object", {"location": location, "bucket": bucket.name, "key": None,
                                   "region": bucket.region or None, "modified": created})  # fmt: skip
        else:
            output.text(location)


@asynccontextmanager
async def listing_view(session: Session, place: Location, choice: Choice) -> AsyncIterator[View[Any]]:
    """What is at ``place`` right now, of that what was chosen."""
    listing = await session.open_listing(place, recursive=True, versions=choice.versions, refresh=True)
    await session.listed(listing)
    view = await session.ledger.catalog.browse(listing.id, choice.query)
    try:
        await view.wait()
        yield view
    finally:
        await view.aclose()


# --- plan and restore --------------------------------------------------------------------------------------------


@asynccontextmanager
async def _selected(session: Session, output: Output, choice: Choice) -> AsyncIterator[tuple[int, list[str]]]:
    """A selection of the chosen objects, and a sentence for each that could not be seen."""
    places = choice.parsed()
    missing: list[str] = []

    def note(ref: ObjectRef, error: CloudError, scheme: str) -> None:
        missing.append(f"{scheme}://{ref.bucket}/{ref.key}: {error}")
        output.say(missing[-1])

    sel = await session.ledger.selections.create()
    try:
        for place in places:
            if not place.bucket:
                raise UsageError(f"{place} names no bucket", f"write {place}BUCKET/...")
            at_place = partial(note, scheme=place.scheme)
            if choice.keys_from:
                refs = [ObjectRef(place.bucket, key) for key in await read_keys(choice.keys_from, place.prefix)]
                await session.mark_keys(sel, refs, at_place, place.scheme)
            elif place.key is not None:
                ref = ObjectRef(place.bucket, place.key, choice.version_id)
                await session.mark_keys(sel, [ref], at_place, place.scheme)
            else:
                await session.mark_under(sel, place, versions=choice.versions, query=choice.query, refresh=True)
        await session.look_at_marks(sel)
        yield sel, missing
    finally:
        await session.ledger.selections.drop(sel)


async def read_keys(source: str, prefix: str) -> list[str]:
    """Keys, one a line, verbatim, from a file or ``-``; empty lines are skipped, ``prefix`` is put before each."""
    try:
        if source == "-":
            text = await asyncio.to_thread(sys.stdin.read)
        else:
            async with aiofiles.open(source, encoding="utf-8", newline="\n") as file:
                text = await file.read()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"the key list {source!r} cannot be read: {error}") from None
    lines = (line.removesuffix("\r") for line in text.split("\n"))
    return [check_key(prefix + line) for line in lines if line]


async def plan(
    settings: Settings, output: Output, choice: Choice, days: int, tier: Tier | None, engine: Engine = "direct"
) -> ExitCode:
    """What a restore would do and cost; sends nothing but looks."""
    async with open_session(settings) as session, _selected(session, output, choice) as (sel, missing):
        objects = refused = 0
        for direct in await _plans(session, sel, days):
            made = direct
            if engine == "batch":
                _check_has_jobs(direct)
                made = session.batch.plan(direct)
            _tell_plan(output, made, tier)
            chosen = [made.tiers[tier]] if tier else list(made.tiers.values())
            refused += min(entry.counts.get(Action.REFUSED, 0) for entry in chosen)
            objects += made.objects
        _summary(output, {"objects": objects, "days": days, "missing": len(missing), "requests": 0})
        return ExitCode.SOME_FAILED if missing or refused else ExitCode.DONE


async def _plans(session: Session, sel: int, days: int) -> list[RestorePlan]:
    """One plan for each cloud in which objects were chosen."""
    return [await session.plan(sel, days, scheme=scheme) for scheme in await session.schemes(sel) or ["s3"]]


def _tell_plan(output: Output, made: RestorePlan, tier: Tier | None) -> None:
    output.plan(made, tier)
    output.plan_note(made)


async def restore(
    settings: Settings,
    output: Output,
    choice: Choice,
    *,
    days: int,
    tier: Tier,
    max_cost: Decimal | None,
    confirm: Callable[[str], bool] | None,
    wait: bool,
    timeout: timedelta | None,
    engine: Engine = "direct",
    batch: Mapping[str, Any] | None = None,
) -> ExitCode:
    """Restore what was chosen. ``confirm`` asks the person; None means it was confirmed beforehand (--yes).

    ``batch`` holds the options of jobs, as the command line has them.
    """
    given = _batch_options(engine, tier, batch or {})
    async with open_session(settings) as session:
        if engine == "batch":
            session.batch.options(given)  # Before anything is listed: a role is missing, say.
        async with _selected(session, output, choice) as (sel, missing):
            asked: list[tuple[RestorePlan, BatchOptions | None]] = []
            for made in await _plans(session, sel, days):
                jobs = await _jobs_wanted(session, output, engine, made, tier, given)
                asked.append((made if jobs is None else session.batch.plan(made), jobs))
            limit = max_cost if max_cost is not None else settings.budget
            return await _confirmed(
                session, output, sel, missing, asked, tier, limit, confirm,
                wait=wait, timeout=timeout,
            )  # fmt: skip


def _batch_options(engine: Engine, tier: Tier, batch: Mapping[str, Any]) -> dict[str, Any]:
    from restoretui.batch_commands import given

    if engine == "direct" and any(value not in (None, ()) for value in batch.values()):
        raise UsageError("options of jobs mean nothing to --engine direct", "choose --engine batch or auto")
    if engine == "batch" and tier is Tier.EXPEDITED:
        raise UsageError(NO_EXPEDITED, "choose --tier standard or bulk, or --engine direct")
    return given(**batch) if batch else {}


async def _jobs_wanted(
    session: Session, output: Output, engine: Engine, made: RestorePlan, tier: Tier, given: Mapping[str, Any]
) -> BatchOptions | None:
    """How jobs are to be made; None for single requests."""
    if engine == "batch":
        _check_has_jobs(made)
    if engine == "direct" or made.scheme != "s3":
        return None
    if engine == "auto":
        choice = session.batch.choose(made, tier, given.get("role_arn"))
        output.say(f"engine: {choice.reason}")
        if not choice.batch:
            return None
    return session.batch.options(given)


def _check_has_jobs(made: RestorePlan) -> None:
    if made.scheme != "s3":
        raise UsageError(f"{made.scheme}:// has no jobs: they are of S3 alone", "choose --engine direct or auto")


async def _confirmed(
    session: Session,
    output: Output,
    sel: int,
    missing: Sequence[str],
    asked: Sequence[tuple[RestorePlan, BatchOptions | None]],
    tier: Tier,
    limit: Decimal | None,
    confirm: Callable[[str], bool] | None,
    *,
    wait: bool,
    timeout: timedelta | None,
) -> ExitCode:
    for made, jobs in asked:
        if jobs is not None:
            _tell_of_jobs(session, output, made.tiers[tier], jobs)
        _tell_plan(output, made, tier)
    sending = [
        (made, jobs)
        for made, jobs in asked
        if made.tiers[tier].requests or made.tiers[tier].counts.get(Action.ALREADY, 0)
    ]
    if not sending:
        return _nothing(output, [made for made, _ in asked], tier, len(missing))
    if limit is not None and len(sending) > 1:
        raise GuardStopped(
            "a cost limit holds for one cloud at a time, so nothing was sent", "restore s3:// and oss:// one by one"
        )
    if confirm is not None and not confirm(f"Restore {' and '.join(_offer(made, tier) for made, _ in sending)}?"):
        raise GuardStopped("not confirmed, so nothing was sent", "answer y, or give --yes")
    runs = [await session.confirm(sel, made, tier, max_cost=limit, batch=jobs) for made, jobs in sending]
    for run in runs:
        output.run(run)
    run_ids = [run.id for run in runs]
    session.start_engine(run_ids)
    return await follow(session, output, run_ids, wait=wait, timeout=timeout, missing=len(missing))


def _tell_of_jobs(session: Session, output: Output, chosen: TierPlan, jobs: BatchOptions) -> None:
    number = words.plural(len(jobs_of(chosen, session.rules)), "job")
    report = jobs.report and f"s3://{jobs.report.bucket}/{jobs.report.prefix}"
    output.say(f"through {number} of S3 Batch Operations, as {jobs.role_arn}, priority {jobs.priority};")
    output.say(f"completion report ({jobs.scope}): {report or 'below restoretui/reports/ in the bucket itself'}")


def _offer(made: RestorePlan, tier: Tier) -> str:
    chosen = made.tiers[tier]
    cost = cost_text(chosen.cost, made.prices.currency)
    return f"{words.plural(chosen.requests, 'object')} ({words.size(chosen.size_bytes)}) for about {cost}"


def _nothing(output: Output, plans: Sequence[RestorePlan], tier: Tier, missing: int) -> ExitCode:
    refused = 0
    for made in plans:
        counts = made.tiers[tier].counts
        refused += counts.get(Action.REFUSED, 0) + counts.get(Action.LOOK, 0)
        output.say(f"nothing to send: {why_nothing(made, tier)}")
    objects = sum(made.objects for made in plans)
    _summary(output, {"objects": objects, "requests": 0, "refused": refused, "missing": missing})
    return ExitCode.SOME_FAILED if refused or missing else ExitCode.DONE


# --- status, watch, export ---------------------------------------------------------------------------------------


async def status(settings: Settings, output: Output, name: str | None) -> ExitCode:
    """Runs, and the objects of one, after one look at the cloud."""
    async with open_session(settings) as session:
        runs = [await session.find_run(name)] if name else await session.ledger.runs.list()
        for run in runs:
            if run.is_open:
                try:
                    await session.look_now(run)
                except CloudError as error:
                    output.say(f"run {run.id} could not be refreshed: {error}")
        runs = [await session.ledger.runs.get(run.id) for run in runs]
        for run in runs:
            output.run(run)
        for run in runs:
            if name or output.as_json:
                async for row in _jobs(session, run):
                    output.job(run.cloud.scheme, run, row)
        if not runs:
            output.say("no runs yet: `restoretui restore` or the TUI starts one")
        _summary(output, _counts(runs))
        return await _verdict(session, runs) if name else ExitCode.DONE


async def watch(settings: Settings, output: Output, name: str | None, timeout: timedelta | None) -> ExitCode:
    """Pick up where things stand and follow until everything is settled."""
    async with open_session(settings) as session:
        runs = [await session.find_run(name)] if name else await session.ledger.runs.open_runs()
        if not runs:
            output.say("nothing is under way")
            _summary(output, _counts([]))
            return ExitCode.DONE
        session.start_engine([run.id for run in runs])
        return await follow(session, output, [run.id for run in runs], wait=True, timeout=timeout)


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
    _summary(output, _counts(runs) | {"missing": missing, "timed_out": timed_out})
    if timed_out:
        return ExitCode.TIMED_OUT
    verdict = await _verdict(session, runs)
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
                if batch.status and self._jobs.get(batch.id) != batch.status:
                    self._jobs[batch.id] = batch.status
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


async def _jobs(session: Session, run: Run) -> AsyncIterator[JobRow]:
    view = await session.job_view(run.id)
    try:
        await view.wait()
        async for row in each(view):
            yield row
    finally:
        await view.aclose()


def _counts(runs: Iterable[Run]) -> dict[str, Any]:
    runs = list(runs)
    counts: dict[str, int] = {}
    for run in runs:
        for state, number in run.counts.items():
            counts[state.value] = counts.get(state.value, 0) + number
    return {
        "runs": [run.id for run in runs],
        "objects": sum(run.objects for run in runs),
        "size": sum(run.size_bytes for run in runs),
        "counts": counts,
        **{state.value: counts.get(state.value, 0) for state in State if state not in (State.ONLINE, State.ARCHIVED)},
        "estimate": sum((run.estimate for run in runs), Decimal()),
        "list_calls": sum(run.list_calls for run in runs),
        "head_calls": sum(run.head_calls for run in runs),
    }


def _summary(output: Output, fields: dict[str, Any]) -> None:
    if output.as_json:
        output.line("summary", fields)
    elif "counts" in fields and fields["runs"]:
        states = ", ".join(f"{number:,} {state}" for state, number in fields["counts"].items() if number)
        output.say(f"{words.plural(fields['objects'], 'object')}: {states}")
    output.flush()


async def _verdict(session: Session, runs: Iterable[Run]) -> ExitCode:
    """Done, or failed; all failed for lack of permission is that."""
    failed = denied = 0
    refused = 0
    for run in runs:
        failed += run.counts.get(State.FAILED, 0) + run.counts.get(State.CANCELLED, 0)
        jobs = session.batch.ours(run.id)
        no_job = bool(jobs) and not any(batch.job_id for batch in jobs)
        if run.counts.get(State.FAILED) == run.objects or no_job:
            view = await session.job_view(run.id, Query(states=frozenset({State.FAILED})))
            denied += sum([row.code == "AccessDenied" async for row in each(view)])
            await view.aclose()
        if run.counts.get(State.SKIPPED):
            view = await session.job_view(run.id, Query(states=frozenset({State.SKIPPED})))
            refused += sum([row.action is Action.REFUSED async for row in each(view)])
            await view.aclose()
    if denied and denied == failed:
        return ExitCode.CREDENTIALS
    return ExitCode.SOME_FAILED if failed or refused else ExitCode.DONE


async def export(settings: Settings, output: Output, name: str, form: Form, target: str | None) -> ExitCode:
    """A run's objects as CSV or JSON lines, to a file or stdout."""
    async with open_session(settings) as session:
        run = await session.find_run(name)
        if target is None or target == "-":
            async for chunk in export_chunks(session.ledger, run, form):
                output.raw(chunk)
            output.flush()
            return ExitCode.DONE
        await write_export(session.ledger, run, form, Path(target))
        output.say(f"run {run.id}: {words.plural(run.objects, 'object')} written to {target}")
    return ExitCode.DONE
