"""The command line (DESIGN 7): parses, calls the session's functions, maps errors to exit codes.

Nothing heavy is imported at the top: ``--help`` and ``--version`` must be instant.
"""

import asyncio
import contextlib
import errno
import gc
import os
import re
import signal
import sys
from collections.abc import Callable, Coroutine, Sequence
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, TypeVar

import click

from restoretui import __version__
from restoretui.batch_cli import add_batch, batch_options, take_batch_options
from restoretui.core.errors import ExitCode, RestoreTuiError, UsageError
from restoretui.core.model import State, Tier

if TYPE_CHECKING:
    from restoretui.config import Settings
    from restoretui.headless import Choice
    from restoretui.output import Output

F = TypeVar("F", bound=Callable[..., Any])

OPEN = "open"
"""The command behind a bare ``restoretui [LOCATION]``; not shown among the others."""


class Group(click.Group):
    """Takes a location, or nothing, where a command's name could stand; common options may come before the name."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the command first."""
        if args[:1] and args[0] in ("--help", "-h", "--version"):
            return super().parse_args(ctx, args)
        at = 0
        while at < len(args) and args[at].startswith("-") and args[at] != "-":
            at += 2 if args[at] in _TAKES_VALUE else 1
        if at < len(args) and args[at] in self.commands:
            # Of a group, its command comes along.
            end = at + (2 if isinstance(self.commands[args[at]], click.Group) else 1)
            args = [*args[at:end], *args[:at], *args[end:]]
        else:
            args = [OPEN, *args]
        return super().parse_args(ctx, args)

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Both ways to call it."""
        formatter.write_usage("restoretui", "[LOCATION] [OPTIONS]            the screens")
        formatter.write_usage("restoretui", "COMMAND [ARGS]...               one job, no screen")


_COMMON: Sequence[Callable[[F], F]] = (
    click.option("--profile", help="Profile of the AWS config and credentials files."),
    click.option("--region", help="Region to sign for when a bucket does not tell its own."),
    click.option("--endpoint-url", help="An S3-compatible store, or a sandbox."),
    click.option("--path-style/--virtual-host-style", default=None, help="How to write a bucket into the URL."),
    click.option("--requester-pays", is_flag=True, help="Agree to pay for requests on requester-pays buckets."),
    click.option("--expected-bucket-owner", metavar="ACCOUNT", help="Refuse buckets of any other account."),
    click.option("--read-only", is_flag=True, help="Look and watch, never send a restore request."),
    click.option("--state-dir", metavar="DIR", help="Where the ledger lives."),
    click.option("--config", metavar="PATH", help="Config file, or the folder it is in."),
    click.option("--verbose", "-v", is_flag=True, help="Write a log of what is done to the state folder."),
)
_TAKES_VALUE = {"--profile", "--region", "--endpoint-url", "--expected-bucket-owner", "--state-dir", "--config"}
_COMMON_NAMES = (
    "profile", "region", "endpoint_url", "path_style", "requester_pays", "expected_bucket_owner", "read_only",
    "state_dir", "config", "verbose",
)  # fmt: skip


def common(command: F) -> F:
    """Add the options every command takes."""
    for option in reversed(_COMMON):
        command = option(command)
    return command


def selectors(command: F) -> F:
    """Add the options that choose among the objects at a location."""
    for option in reversed((
        click.option("--state", "states", multiple=True, type=click.Choice([state.value for state in State]),
                     help="Only objects in this state; may be repeated."),
        click.option("--storage-class", "classes", multiple=True, metavar="CLASS",
                     help="Only this storage class; may be repeated."),
        click.option("--match", metavar="GLOB", default="", help="Only keys that match, or contain, this."),
        click.option("--versions", is_flag=True, help="Every version, not only the current one."),
    )):  # fmt: skip
        command = option(command)
    return command


def keys(command: F) -> F:
    """Add the options that name objects one by one."""
    for option in reversed((
        click.option("--keys-from", metavar="FILE", help="Keys, one a line, verbatim; - reads stdin."),
        click.option("--version-id", metavar="ID", help="That version of the one key."),
    )):  # fmt: skip
        command = option(command)
    return command


class Duration(click.ParamType[timedelta]):
    """``90``, ``90s``, ``15m``, ``6h``, ``2d``, ``1h30m``."""

    name = "DURATION"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Seconds when no unit is given."""
        if isinstance(value, timedelta):
            return value
        text = value if value[-1:].isalpha() else f"{value}s"
        if not re.fullmatch(r"(\d+(\.\d+)?[smhd])+", text):
            self.fail(f"{value!r} is not a duration: write 90s, 15m, 6h, 2d or 1h30m", param, ctx)
        units = {"s": 1, "m": 60, "h": 3600, "d": 86400}
        parts = re.findall(r"(\d+(?:\.\d+)?)([smhd])", text)
        return timedelta(seconds=sum(float(number) * units[unit] for number, unit in parts))


class Money(click.ParamType[Decimal]):
    """An amount in the price table's currency."""

    name = "USD"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Decimal:
        """Not negative."""
        try:
            money = Decimal(str(value).removeprefix("$"))
        except InvalidOperation:
            money = Decimal(-1)
        if not money.is_finite() or money < 0:
            self.fail(f"{value!r} is not an amount of money", param, ctx)
        return money


TIER = click.Choice([tier.value for tier in Tier], case_sensitive=False)
DAYS = click.option("--days", required=True, type=int, metavar="N", help="How long the restored copy shall last.")
JSON = click.option("--json", "as_json", is_flag=True, help="JSON lines on stdout.")
WAIT_LIMIT = click.option("--timeout", type=Duration(), help="Give up waiting after this (exit code 3).")
LOCATIONS = click.argument("locations", nargs=-1, required=True, metavar="LOCATION...")


HELP = """See, plan, send and watch restores of archived objects.

\b
LOCATION is s3://bucket, s3://bucket/prefix/ (all below), s3://bucket/key (that object),
s3://bucket/part* (keys that begin so); oss:// alike. Without one, the screens begin with the buckets.

\b
Exit codes: 0 done · 1 some failed or were refused · 2 usage · 3 timed out · 4 credentials or
permission · 5 stopped by a guard · 130 interrupted
"""


@click.group(cls=Group, help=HELP, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="restoretui")
def cli() -> None:
    """The command line's root; what it says of itself is ``HELP``, since Click's marks are no docstring's."""


@cli.command(OPEN, hidden=True)
@click.argument("location", required=False)
@common
def open_(location: str | None, **flags: Any) -> None:
    """The screens."""

    def go() -> int:
        from restoretui.core.location import parse_location
        from restoretui.tui.app import run_app

        place = parse_location(location) if location else None
        return run_app(_settings(flags), place)

    _finish(go)


@cli.command()
@click.option("--objects", type=click.IntRange(1), help="Size of the first bucket.")
@click.option("--speed", type=click.FloatRange(0.001), default=3600.0, show_default=True,
              help="Cloud seconds a second: 3600 is an hour a second.")  # fmt: skip
@click.option("--seed", type=int, default=1, show_default=True, help="Which world.")
@click.option("--scenario", metavar="NAME|FILE", help="Faults to inject; an unknown name lists those there are.")
def demo(objects: int | None, speed: float, seed: int, scenario: str | None) -> None:
    """The screens on a sandbox cloud: no account, nothing outside a temporary folder."""

    def go() -> int:
        from restoretui.demo import run_demo

        return run_demo(objects=objects, speed=speed, seed=seed, scenario=scenario)

    _finish(go)


@cli.command()
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="0, the default, takes a free one.")
@click.option("--objects", type=click.IntRange(1), help="Size of the first bucket.")
@click.option("--speed", type=click.FloatRange(0.001), default=3600.0, show_default=True,
              help="Cloud seconds a second: 3600 is an hour a second.")  # fmt: skip
@click.option("--seed", type=int, default=1, show_default=True, help="Which world.")
@click.option("--scenario", metavar="NAME|FILE", help="Faults to inject; an unknown name lists those there are.")
@click.option("--while-stdin", is_flag=True, hidden=True)
def sandbox(port: int, objects: int | None, speed: float, seed: int, scenario: str | None, while_stdin: bool) -> None:
    """Serve a simulated archive cloud on 127.0.0.1 until interrupted."""

    def go() -> int:
        from restoretui.demo import serve_sandbox

        serving = serve_sandbox(
            port=port, objects=objects, speed=speed, seed=seed, scenario=scenario, while_stdin=while_stdin
        )
        return asyncio.run(serving)

    _finish(go)


@cli.command()
@LOCATIONS
@selectors
@JSON
@common
def ls(locations: tuple[str, ...], as_json: bool, **options: Any) -> None:
    """List objects with their class and state."""
    choice, flags = _choice(locations, options)
    _headless(flags, as_json, lambda settings, output: _commands().ls(settings, output, choice))


@cli.command()
@LOCATIONS
@DAYS
@click.option("--tier", type=TIER, help="Only this tier; all of them without.")
@selectors
@keys
@click.option("--engine", type=click.Choice(["direct", "batch"]), default="direct", show_default=True,
              help="What it would take through single requests, or through S3 Batch Operations.")  # fmt: skip
@JSON
@common
def plan(locations: tuple[str, ...], days: int, tier: str | None, engine: str, as_json: bool, **options: Any) -> None:
    """What a restore would do, take and cost; sends nothing."""
    choice, flags = _choice(locations, options)
    wanted = Tier(tier) if tier else None
    _headless(
        flags, as_json, lambda settings, output: _commands().plan(settings, output, choice, days, wanted, engine)
    )


@cli.command()
@LOCATIONS
@DAYS
@click.option("--tier", type=TIER, required=True, help="How fast, and so how dear.")
@selectors
@keys
@click.option("--engine", type=click.Choice(["direct", "batch", "auto"]), default="direct", show_default=True,
              help="One request for each object, S3 Batch Operations, or whichever is better.")  # fmt: skip
@batch_options
@click.option("--max-cost", type=Money(), help="Send nothing when the estimate is above this (exit code 5).")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--wait", is_flag=True, help="Wait until the copies are available.")
@WAIT_LIMIT
@JSON
@common
def restore(
    locations: tuple[str, ...],
    days: int,
    tier: str,
    engine: str,
    max_cost: Decimal | None,
    yes: bool,
    wait: bool,
    timeout: timedelta | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Restore objects: plan, confirm, send, and with --wait watch them arrive."""
    batch = take_batch_options(options)
    choice, flags = _choice(locations, options)
    _headless(
        flags,
        as_json,
        lambda settings, output: _commands().restore(
            settings, output, choice, days=days, tier=Tier(tier), max_cost=max_cost,
            confirm=None if yes else _ask, wait=wait, timeout=timeout, engine=engine, batch=batch,
        ),
    )  # fmt: skip


@cli.command()
@click.argument("locations", nargs=-1, required=True, metavar="LOCATION...|RUN")
@click.option("--storage-class", "classes", multiple=True, metavar="CLASS",
              help="Only this storage class; may be repeated.")  # fmt: skip
@click.option("--match", metavar="GLOB", default="", help="Only keys that match, or contain, this.")
@click.option("--versions", is_flag=True, help="Every version, not only the current one.")
@click.option("--version-id", metavar="ID", help="That version of the one key.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@JSON
@common
def clean(locations: tuple[str, ...], yes: bool, as_json: bool, **options: Any) -> None:
    """End restored copies early, to stop paying for them (OSS: ColdArchive and DeepColdArchive)."""
    choice, flags = _choice(locations, {**options, "states": (), "keys_from": None})

    def go(settings: "Settings", output: "Output") -> Coroutine[Any, Any, ExitCode]:
        from restoretui.cleaning import clean as clean_copies

        return clean_copies(settings, output, choice, None if yes else _ask)

    _headless(flags, as_json, go)


@cli.command()
@click.argument("run", required=False)
@JSON
@common
def status(run: str | None, as_json: bool, **flags: Any) -> None:
    """Runs and their objects, after one look at the cloud."""
    _headless(flags, as_json, lambda settings, output: _commands().status(settings, output, run))


@cli.command()
@click.argument("run", required=False)
@WAIT_LIMIT
@JSON
@common
def watch(run: str | None, timeout: timedelta | None, as_json: bool, **flags: Any) -> None:
    """Pick up where things stand and follow until everything is settled."""
    _headless(flags, as_json, lambda settings, output: _commands().watch(settings, output, run, timeout))


@cli.command()
@click.argument("run")
@click.option("--format", "form", type=click.Choice(["csv", "json"]), default="csv", show_default=True)
@click.option("-o", "--output", "target", metavar="FILE", help="Default: stdout.")
@common
def export(run: str, form: str, target: str | None, **flags: Any) -> None:
    """A run's objects, with what became of each."""
    _headless(flags, False, lambda settings, output: _commands().export(settings, output, run, form, target))


# --- what they share ---------------------------------------------------------------------------------------------


def _commands() -> Any:
    from restoretui import headless

    return headless


def _choice(locations: tuple[str, ...], options: dict[str, Any]) -> "tuple[Choice, dict[str, Any]]":
    from restoretui.headless import Choice
    from restoretui.ledger.records import Query

    flags = {name: options.pop(name) for name in _COMMON_NAMES}
    query = Query(
        text=options.pop("match"),
        states=frozenset(State(state) for state in options.pop("states")),
        storage_classes=frozenset(options.pop("classes")),
    )
    return Choice(locations=locations, query=query, **options), flags


def _settings(flags: dict[str, Any]) -> "Settings":
    from restoretui.config import load_settings
    from restoretui.log import start_log

    verbose = flags.pop("verbose", False)
    settings = load_settings(flags)
    if verbose:
        start_log(settings.state_dir)
    return settings


def _ask(question: str) -> bool:
    """Ask the person at the terminal; without one there is nobody to say yes."""
    if not sys.stdin.isatty():
        return False
    sys.stderr.write(f"{question} [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _headless(
    flags: dict[str, Any], as_json: bool, command: "Callable[[Settings, Output], Coroutine[Any, Any, ExitCode]]"
) -> None:
    from restoretui.output import Output

    output = Output(as_json)
    _finish(lambda: asyncio.run(_until_told(command(_settings(flags), output))), output)


add_batch(cli, common, WAIT_LIMIT, _headless)


async def _until_told(command: Coroutine[Any, Any, ExitCode]) -> ExitCode:
    """Run ``command``; a hang-up or a request to end closes everything properly first."""
    task = asyncio.ensure_future(command)
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(sign, task.cancel)
    return await task


def _finish(go: Callable[[], int], output: "Output | None" = None) -> None:
    """Exit with what ``go`` returns; errors become one sentence and their exit code."""
    try:
        code = go()
    except RestoreTuiError as error:
        if output is None:
            from restoretui.output import Output as Plain

            output = Plain(False)
        output.error(error)
        code = error.exit_code
    except (KeyboardInterrupt, asyncio.CancelledError):
        # A second Ctrl-C must not spoil the exit code, and the terminal itself may be gone.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        with contextlib.suppress(OSError):
            click.echo("restoretui: interrupted; what was sent goes on, `restoretui watch` picks it up", err=True)
        code = ExitCode.INTERRUPTED
    except BrokenPipeError:
        # Whoever read us has enough; Python must not complain while it flushes stdout at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = ExitCode.DONE
    except OSError as error:
        if error.errno != errno.EIO:
            raise
        # The terminal is gone: the line dropped. Nothing can be said, and nothing is lost.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        code = ExitCode.INTERRUPTED
    sys.exit(int(code))


def main() -> None:
    """The console script."""
    # Rows by the million are made and kept; the collector's usual thresholds would walk them ten times over.
    gc.set_threshold(20_000, 50, 100)
    try:
        cli.main(prog_name="restoretui", standalone_mode=False)
    except click.exceptions.Exit as done:
        sys.exit(done.exit_code)
    except click.Abort:
        sys.exit(int(ExitCode.INTERRUPTED))
    except click.ClickException as error:
        error.show()
        sys.exit(int(UsageError.exit_code))
