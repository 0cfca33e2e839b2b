"""``restoretui doctor``: what may stand in the way, each with its cure; nothing is changed, nothing restored."""

import asyncio
import locale
import os
import platform
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from msgspec.structs import replace

from restoretui import __version__
from restoretui.commands.output import Output
from restoretui.config.settings import Settings
from restoretui.core.errors import ExitCode, LedgerError, RestoreTuiError, UsageError
from restoretui.core.location import Location, parse_location
from restoretui.core.model import DEFAULT_SCHEME
from restoretui.session.doctor.cloud_checks import CloudDoctor
from restoretui.session.doctor.diagnosis import Diagnosis, Standing, fine, refused, unknown
from restoretui.session.doctor.run_checks import look_at_runs
from restoretui.session.jsonlines.line import named
from restoretui.session.session import Session, open_session
from restoretui.wording import format as words

LEAST_FREE = 1 << 30
"""Bytes on the disk of the ledger below which it is said: a million listed objects take a tenth of it."""
SMALLEST = (60, 15)
"""Columns and lines that the screens need."""


async def doctor(settings: Settings, output: Output, locations: Sequence[str]) -> ExitCode:
    """Look at terminal, config, ledger and every cloud that is set up or named, and say what is wrong and what helps.

    Exit code 1 when something is broken, 4 when all that is wrong is a permission or credentials; what much goes
    without counts for neither.
    """
    places = [parse_location(text) for text in locations]
    for place in places:
        if not place.bucket:
            raise UsageError(f"{place} names no bucket", f"write {place}BUCKET, or no location at all")
    output.summary({"locations": list(map(str, places))})
    told = _Told(output)
    for finding in (*_program(), _config(settings)):
        told.tell(finding)
    try:
        await asyncio.to_thread(settings.prices)
    except UsageError as error:
        told.tell(refused("prices", error))
    async with AsyncExitStack() as opened:
        try:
            session = await opened.enter_async_context(open_session(settings, priced=False))
            told.tell(await _ledger(session))
        except LedgerError as error:
            told.tell(refused("ledger", error))
            # What is wrong with the clouds is told all the same; the session needs some ledger.
            folder = Path(opened.enter_context(TemporaryDirectory(prefix="restoretui-")))
            session = await opened.enter_async_context(
                open_session(replace(settings, state_dir=folder), priced=False)
            )
        for scheme in _schemes(settings, places):
            cloud = session.clouds[scheme]
            async for finding in CloudDoctor(session, cloud).look([one for one in places if one.scheme == scheme]):
                told.tell(finding)
        async for finding in look_at_runs(session):
            told.tell(finding)
    if not places:
        output.say(f"name a bucket to see what may be done in it: restoretui doctor {DEFAULT_SCHEME}://BUCKET")
    return told.sum_up()


class _Told:
    """Prints findings as they come, and counts them."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._counts = dict.fromkeys(Standing, 0)
        self._wrong: list[Diagnosis] = []

    def tell(self, finding: Diagnosis) -> None:
        """A line, and its cure below it."""
        self._counts[finding.verdict] += 1
        bad = finding.verdict in (Standing.DENIED, Standing.BROKEN)
        if bad and not finding.is_optional:
            self._wrong.append(finding)
        if self._output.as_json:
            is_ok = None if finding.verdict is Standing.UNKNOWN else finding.verdict is Standing.OK
            fields = {
                "what": finding.check, "ok": is_ok, "verdict": named(finding.verdict), "reason": finding.detail,
                "hint": finding.cure or None, "optional": finding.is_optional,
            }  # fmt: skip
            self._output.line("check", fields)
        else:
            optional = " (optional)" if bad and finding.is_optional else ""
            self._output.text(f"{finding.verdict:15}  {finding.check}{optional}: {finding.detail}")
            if finding.cure:
                self._output.text(f"{'':15}    {finding.cure}")
        if self._output.form.is_json or not self._output.as_json:  # else the columns are as wide as what comes
            self._output.flush()

    def sum_up(self) -> ExitCode:
        """The last line, and the exit code."""
        verdicts = {named(verdict): number for verdict, number in self._counts.items()}
        self._output.summary({"checks": sum(verdicts.values()), "verdicts": verdicts})
        told = ", ".join(f"{number:,} {verdict}" for verdict, number in self._counts.items() if number)
        self._output.say(told)
        if not self._wrong:
            return ExitCode.DONE
        denied = all(finding.verdict is Standing.DENIED for finding in self._wrong)
        return ExitCode.CREDENTIALS if denied else ExitCode.SOME_FAILED


def _schemes(settings: Settings, places: Sequence[Location]) -> list[str]:
    """The clouds that are named; without a location those that are set up, the usual one in any case."""
    named = list(dict.fromkeys(place.scheme for place in places))
    return named or settings.shown_clouds(DEFAULT_SCHEME)


def _program() -> Iterator[Diagnosis]:
    yield fine("program", f"restoretui {__version__}, Python {platform.python_version()}, {platform.platform()}")
    encoding = sys.stdout.encoding or locale.getencoding()
    if encoding.lower().replace("-", "") == "utf8":
        yield fine("encoding", encoding)
    else:
        cure = "export LC_ALL=C.UTF-8; until then what it lacks is spelled out"
        yield Diagnosis("encoding", Standing.BROKEN, f"{encoding}, which lacks many characters of keys", cure, True)
    if not (os.isatty(0) and os.isatty(2)):
        yield unknown("terminal", "stdin or stderr is none, so only commands work here", "the screens need one")
        return
    size = shutil.get_terminal_size()
    term = os.environ.get("TERM", "")
    colours = "without colour (NO_COLOR)" if os.environ.get("NO_COLOR") else "in colour"
    told = f"{term or 'TERM is not set'}, {size.columns} × {size.lines}, {colours}"
    if size.columns < SMALLEST[0] or size.lines < SMALLEST[1]:
        yield Diagnosis("terminal", Standing.BROKEN, told, f"the screens need {SMALLEST[0]} × {SMALLEST[1]}", True)
    elif term in ("", "dumb"):
        yield Diagnosis("terminal", Standing.BROKEN, told, "export TERM as what it is: xterm-256color", True)
    else:
        yield fine("terminal", told)


def _config(settings: Settings) -> Diagnosis:
    file = settings.config_file or settings.config_dir / "config.toml"
    source = settings.sources.get("config_file", "")
    set_here = [name for name, source in settings.sources.items() if source == str(file)]
    if not file.exists():
        if source and os.environ.get(source.removeprefix("$")) == str(file):
            cure = f"write it, or set {source} to the one that is meant"
            return Diagnosis("config", Standing.BROKEN, f"there is no {file}, which {source} names", cure, True)
        return fine("config", f"there is no {file}, and none is needed")
    return fine("config", f"{file}: {words.plural(len(set_here), 'setting')}; `restoretui config show` tells each")


async def _ledger(session: Session) -> Diagnosis:
    folder = session.settings.state_dir.expanduser().absolute()
    try:
        free = (await asyncio.to_thread(shutil.disk_usage, folder)).free
    except OSError as error:
        return refused("ledger", RestoreTuiError(f"{folder}: {error.strerror}"))
    told = f"{folder}: {words.plural(len(session.ledger.runs.peek_all()), 'run')}, {words.size(free)} free"
    if not await asyncio.to_thread(_is_writable, folder):
        return Diagnosis("ledger", Standing.BROKEN, told, "it cannot be written: see its owner and mode")
    if free < LEAST_FREE:
        return Diagnosis("ledger", Standing.BROKEN, told, "make room, or name another folder by --state-dir")
    return fine("ledger", f"{told}; `restoretui ledger check` reads all of it")


def _is_writable(folder: Path) -> bool:
    return os.access(folder, os.W_OK | os.X_OK)
