"""``restoretui ledger``: the local state itself, its size, its past, copies of it, its soundness. Asks no cloud."""

import asyncio
import contextlib
import sqlite3
import stat
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from msgspec.structs import replace

from restoretui.commands.output import Output
from restoretui.commands.summary import say_dry
from restoretui.config.settings import Settings
from restoretui.core.errors import ExitCode, GuardStopped, LedgerError, UsageError
from restoretui.core.model import State
from restoretui.engine.traffic.speaker import Works
from restoretui.ledger import Ledger
from restoretui.ledger.records import CatalogBounds
from restoretui.ledger.run_records import Run
from restoretui.ledger.store.connections import patiently
from restoretui.ledger.upkeep.pruning import REASONS, Findings, ranges
from restoretui.session.export import write_export
from restoretui.session.jsonlines.line import instant, named
from restoretui.session.jsonlines.objects import trail_line
from restoretui.session.output_files import write_whole
from restoretui.session.rows.jobs import WINDOW
from restoretui.session.waiting import bare_ledger, telling
from restoretui.wording import format as words

T = TypeVar("T")
LEDGER = "ledger.db"


async def info(settings: Settings, output: Output) -> ExitCode:
    """How large the ledger is, and of what."""
    if not _exists(settings, output):
        return ExitCode.DONE
    async with _opened(settings, output) as ledger:
        vitals = await ledger.vitals()
        runs = await ledger.runs.list()
    states = _runs_by_state(runs)
    output.summary(
        {
            "folder": str(ledger.folder),
            "files": [{"file": str(path), "size": size} for path, size in vitals.files.items()],
            "sizes": dict(vitals.parts), "sizes_measured": vitals.measured, "ledger_schema": vitals.schema,
            "catalog_schema": vitals.catalog_schema, "gives_back": vitals.gives_back,
            "runs": [run.id for run in runs], "runs_by_state": {named(name): n for name, n in states.items()},
            "objects": vitals.objects, **vitals.by_state, "entries": vitals.entries, "listings": vitals.listings,
            "oldest_run_at": instant(vitals.oldest_run), "oldest_listing_at": instant(vitals.oldest_listing),
        }
    )  # fmt: skip
    if output.as_json:
        return ExitCode.DONE
    for path, size in vitals.files.items():
        output.text(f"{words.size(size):>10}  {path}")
    about = "" if vitals.measured else "about "
    for part, size in sorted(vitals.parts.items(), key=lambda entry: -entry[1]):
        output.text(f"{about + words.size(size):>14}  {part}")
    output.text(f"schema {vitals.schema}, of listings {vitals.catalog_schema}")
    counts = ", ".join(f"{number:,} {state}" for state, number in states.items())
    oldest = f", the oldest of {words.instant(vitals.oldest_run)}" if vitals.oldest_run is not None else ""
    output.text(f"{words.plural(vitals.runs, 'run')}{f' ({counts})' if counts else ''}{oldest}")
    counts = ", ".join(f"{number:,} {state}" for state, number in vitals.by_state.items())
    output.text(f"{words.plural(vitals.objects, 'object')} of runs{f' ({counts})' if counts else ''}")
    output.text(f"{words.plural(vitals.entries, 'entry', 'entries')} in the trail")
    oldest = f", the oldest of {words.instant(vitals.oldest_listing)}" if vitals.oldest_listing is not None else ""
    output.text(f"{words.plural(vitals.listings, 'listing')}{oldest}")
    if not vitals.gives_back:
        output.say("its files are of an older kind that keeps freed room: `restoretui ledger vacuum` changes that")
    return ExitCode.DONE


async def prune(
    settings: Settings,
    output: Output,
    older_than: timedelta | None,
    keep: int | None,
    folder: str | None,
    confirm: Callable[[str], bool] | None,
    *,
    listings: bool,
    dry_run: bool = False,
) -> ExitCode:
    """Remove runs that are over, and old listings, after saying what goes. ``confirm`` asks; None: it was said."""
    of_runs = older_than is not None or keep is not None
    if not of_runs and not listings:
        raise UsageError(
            "say what is to go: --older-than DURATION or --keep N for runs, --listings for what was listed",
            "for example: restoretui ledger prune --older-than 90d",
        )
    if folder is not None and not of_runs:
        raise UsageError("--export writes the runs that go, and none are to go", "add --older-than, or leave it out")
    if not _exists(settings, output):
        return ExitCode.DONE
    age_s = older_than.total_seconds() if older_than is not None else 0.0
    async with _opened(settings, output) as ledger:
        await ledger.pruner.finish()
        found = await ledger.pruner.find(age_s, keep or 0) if of_runs else Findings([], {})
        await _tell(ledger, output, found, of_runs=of_runs)
        if dry_run:
            return await _only_told(ledger, output, found, listings=listings)
        if found.runs and confirm is not None and not confirm(_question(found)):
            raise GuardStopped("not confirmed, so nothing was removed", "answer y, or give --yes")
        if found.runs and folder is not None:
            await _export(ledger, output, [run.run_id for run in found.runs], _home(folder))
        removed = await ledger.pruner.remove([run.run_id for run in found.runs]) if found.runs else []
        freed = await ledger.give_back() if removed else 0
        bounds = _bounds(settings)
        if listings and older_than is not None:
            bounds = replace(bounds, age_s=min(age_s, bounds.age_s))
        dropped = await ledger.catalog.tidy(bounds) if listings else None
        gives_back = (await ledger.vitals()).gives_back
    objects = sum(run.objects for run in found.runs if run.run_id in removed)
    output.summary(
        {
            "runs": removed, "objects": objects, "exported_to": folder,
            "staying": {named(reason): count for reason, count in found.staying.items()},
            "listings": dropped.listings if dropped else 0,
            "freed_bytes": freed + (dropped.size_bytes if dropped else 0),
        }
    )  # fmt: skip
    if removed:
        noun = "run" if len(removed) == 1 else "runs"
        output.say(f"removed {noun} {ranges(removed)}: {words.plural(objects, 'object')}")
    if dropped:
        output.say(f"removed {words.plural(dropped.listings, 'listing')}")
    if (removed or (dropped and dropped.listings)) and not gives_back:
        output.say("the room they took is used again; `restoretui ledger vacuum` gives it back to the disk")
    return ExitCode.DONE


async def _only_told(ledger: Ledger, output: Output, found: Findings, *, listings: bool) -> ExitCode:
    """The end of a dry run: what goes was told, and stays."""
    if listings:
        number = (await ledger.vitals()).listings
        output.say(
            f"of {words.plural(number, 'listing')} those that are old, or beyond the room kept for them, would go"
        )
    fields: dict[str, Any] = {"staying": {named(reason): count for reason, count in found.staying.items()}}
    output.summary(fields | {"would_go": [run.run_id for run in found.runs]})
    say_dry(output)
    return ExitCode.DONE


async def vacuum(settings: Settings, output: Output, *, dry_run: bool = False) -> ExitCode:
    """Give freed room back to the disk."""
    from restoretui.ledger.upkeep.vacuuming import vacuum as shrink

    if not _exists(settings, output):
        return ExitCode.DONE
    if dry_run:
        async with _opened(settings, output) as ledger:
            vitals = await ledger.vitals()
        free = vitals.parts.get("free", 0)
        files = [
            {"file": str(path), "before_bytes": size, "after_bytes": size} for path, size in vitals.files.items()
        ]
        output.summary({"files": files, "free_bytes": free})
        output.say(f"about {words.size(free)} are free, and would be given back to the disk")
        say_dry(output)
        return ExitCode.DONE
    done = await asyncio.to_thread(shrink, settings.state_dir.expanduser().absolute())
    files = [{"file": str(one.file), "before_bytes": one.before, "after_bytes": one.after} for one in done]
    output.summary({"files": files, "freed_bytes": sum(one.before - one.after for one in done)})
    for one in done:
        output.say(f"{one.file}: {words.size(one.before)} before, {words.size(one.after)} now")
    return ExitCode.DONE


async def backup(settings: Settings, output: Output, target: str) -> ExitCode:
    """A copy of the ledger at this moment, whoever writes meanwhile."""
    if not _exists(settings, output):
        raise LedgerError("there is no ledger to copy", f"it would be {settings.state_dir / LEDGER}")
    folder = settings.state_dir.expanduser().absolute()
    copying = partial(_copy, folder, Path(target))
    path, size = await _in_thread(settings, "copying the ledger", copying)
    output.summary({"file": str(path), "size": size})
    output.say(f"{words.size(size)} copied to {path}")
    output.say(
        f"to restore it: end every restoretui, delete {LEDGER}-wal and {LEDGER}-shm in {folder}, and copy it to"
        f" {folder / LEDGER}"
    )
    return ExitCode.DONE


async def check(settings: Settings, output: Output) -> ExitCode:
    """Read all of the ledger; exit code 1 when anything is not as it was written."""
    from restoretui.ledger.store.sqlite_errors import explained
    from restoretui.ledger.upkeep.integrity_check import check_folder

    if not _exists(settings, output):
        return ExitCode.DONE
    folder = settings.state_dir.expanduser().absolute()

    def look() -> Any:
        with explained(folder):
            return check_folder(folder)

    checked = await _in_thread(settings, "reading all of the ledger", look)
    damaged = {finding.file for finding in checked.findings}
    for finding in checked.findings:
        if output.as_json:
            output.line("check", {"file": finding.file, "what": finding.what, "ok": False, "reason": finding.problem})
        else:
            output.text(f"{finding.file}  {finding.what}: {finding.problem}")
    for name in checked.files:
        if name not in damaged:
            if output.as_json:
                output.line("check", {"file": name, "what": "all of it", "ok": True})
            else:
                output.text(f"{name}  as it was written")
    output.summary({"files": [{"file": name} for name in checked.files], "problems": len(checked.findings)})
    if not damaged:
        return ExitCode.DONE
    output.say(f"restoretui: {words.plural(len(checked.findings), 'problem')} in {' and '.join(sorted(damaged))}")
    if LEDGER in damaged:
        copies = [copy.name for copy in sorted(folder.glob(f"{LEDGER}.schema-*")) if copy.is_file()]
        offer = f"{', '.join(copies)} is one made before an upgrade; " if copies else ""
        output.say(
            f"  put back a copy made by `restoretui ledger backup` ({offer}delete {LEDGER}-wal and {LEDGER}-shm"
            f" first), or start anew with: mv {folder / LEDGER} {folder / LEDGER}.damaged"
        )
    if "catalog.db" in damaged:
        output.say(f"  what was listed and marked is only a cache, to be made anew: rm {folder / 'catalog.db'}*")
    return ExitCode.SOME_FAILED


# --- what they share -----------------------------------------------------------------------------------------------


def _exists(settings: Settings, output: Output) -> bool:
    path = settings.state_dir.expanduser().absolute() / LEDGER
    if path.exists():
        return True
    output.say(f"there is no ledger yet: it would be {path}")
    output.summary({"folder": str(path.parent)})
    return False


@contextlib.asynccontextmanager
async def _opened(settings: Settings, output: Output) -> AsyncIterator[Ledger]:
    async with bare_ledger(settings) as ledger:
        if ledger.note:
            output.say(ledger.note)
        yield ledger


async def _in_thread(settings: Settings, doing: str, work: Callable[[], T]) -> T:
    """What reads the files by itself, once no other process has them to itself; tells what it is at."""
    works, is_wanted = Works(), True
    with works.telling(lambda: doing):
        async with telling(settings, works.waits):
            try:
                return await asyncio.to_thread(patiently, work, may_wait=lambda: is_wanted)
            finally:
                is_wanted = False


def _bounds(settings: Settings) -> CatalogBounds:
    return CatalogBounds(
        size_bytes=int(settings.listings_max_gib * (1 << 30)), age_s=settings.listings_max_days * 86_400.0
    )


def _runs_by_state(runs: Sequence[Run]) -> dict[str, int]:
    """Each run by the state that says most of it: what is still awaited before what is over."""
    states: dict[str, int] = {}
    for run in runs:
        state = "under way" if run.is_open else "copies last" if run.counts.get(State.AVAILABLE) else "over"
        states[state] = states.get(state, 0) + 1
    return states


def _home(name: str) -> Path:
    return Path(name).expanduser()


def _copy(folder: Path, target: Path) -> tuple[Path, int]:
    from restoretui.ledger.store.backups import copy_whole
    from restoretui.ledger.store.connections import connect
    from restoretui.ledger.store.sqlite_errors import explained

    path = target.expanduser().resolve()
    _check_target(folder, path)
    with explained(folder), contextlib.closing(connect(folder / LEDGER, "ro")) as ledger:
        copy_whole(ledger, path)
    return path, path.stat().st_size


def _check_target(folder: Path, path: Path) -> None:
    if path.parent == folder.resolve() and path.name.startswith(("ledger.db", "catalog.db")):
        raise UsageError(f"{path} is the ledger's own place", "choose another file, best on another disk")
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        if not path.parent.is_dir():
            raise UsageError(f"there is no folder {path.parent}", "make it, or choose another file") from None
        return
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}", "choose another file") from None
    if not stat.S_ISREG(mode):
        raise UsageError(f"{path} is no plain file", "choose another file")
    if not _is_our_copy(path):
        raise UsageError(f"{path} exists and is no copy of a ledger", "choose another file, or delete it first")


def _is_our_copy(path: Path) -> bool:
    """An earlier copy may be replaced, and an empty file; nothing else is."""
    from restoretui.ledger.store.schema import APPLICATION_ID

    if not path.stat().st_size:
        return True
    with contextlib.suppress(sqlite3.DatabaseError), contextlib.closing(sqlite3.connect(path)) as database:
        return bool(database.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID)
    return False


async def _tell(ledger: Ledger, output: Output, found: Findings, *, of_runs: bool) -> None:
    """Say what would go, and why the rest stays."""
    if found.runs and not output.as_json:
        output.text("  RUN  ENDED                OBJECTS     ENTRIES      ABOUT")
    for run in found.runs:
        if output.as_json:
            output.run(await ledger.runs.get(run.run_id), None)
        else:
            output.text(
                f"{run.run_id:>5}  {words.instant(run.ended_at)}  {run.objects:>10,}  {run.entries:>10,}"
                f"  {words.size(run.size_bytes):>9}"
            )
    for reason, count in found.staying.items():
        output.say(f"{words.plural(count, 'run stays', 'runs stay')}: {REASONS[reason]}")
    if of_runs and not found.runs:
        output.say("no run is to go")
    output.flush()


def _question(found: Findings) -> str:
    objects = sum(run.objects for run in found.runs)
    entries = sum(run.entries for run in found.runs)
    size = sum(run.size_bytes for run in found.runs)
    return (
        f"Remove {words.plural(len(found.runs), 'run')} for good: {words.plural(objects, 'object')},"
        f" {words.plural(entries, 'entry', 'entries')} of the trail, about {words.size(size)}?"
    )


async def _export(ledger: Ledger, output: Output, run_ids: Sequence[int], folder: Path) -> None:
    """Each run's objects and its part of the trail, as JSON lines; nothing is removed unless all is written."""
    try:
        await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{folder} cannot be made: {error.strerror}", "choose another folder") from None
    for run_id in run_ids:
        run = await ledger.runs.get(run_id)
        await write_export(ledger, run, "json", folder / f"run-{run_id}.jsonl")
        await write_whole(folder / f"run-{run_id}-trail.jsonl", _trail(ledger, run))
    where = await asyncio.to_thread(folder.absolute)
    output.say(f"{words.plural(len(run_ids), 'run')} written to {where}")


async def _trail(ledger: Ledger, run: Run) -> AsyncIterator[str]:
    last = 0
    while entries := await ledger.activity.since(last, WINDOW, run.id):
        last = entries[-1].id
        scheme = run.cloud.scheme
        yield "".join(trail_line(scheme, entry, run.profiles) + "\n" for entry in entries)
