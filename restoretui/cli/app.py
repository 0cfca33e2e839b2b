"""The commands as the shell sees them: each parses its options and hands them to the function that does the work."""

import io
import os
import sys
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from restoretui import __version__
from restoretui.cli import signals, streams
from restoretui.cli.aids import add_aids
from restoretui.cli.batch import add_batch
from restoretui.cli.finding import add_finding
from restoretui.cli.help import COMPLETION
from restoretui.cli.help.about import FIELDS_HELP, HELP, WIDTH
from restoretui.cli.help.examples import add_examples
from restoretui.cli.help.near import OpenCommand
from restoretui.cli.help.root import OPEN, Group
from restoretui.cli.ledger import add_ledger
from restoretui.cli.neighbours.events import EVENTS, add_events
from restoretui.cli.neighbours.warm import add_warm
from restoretui.cli.options import (
    DRY_RUN,
    FAIL_FAST,
    FROM_INVENTORY,
    LOCATIONS,
    SINCE,
    SOME_LOCATIONS,
    SPEED,
    TIER,
    VERSION_ID,
    WAIT_LIMIT,
    WHERE,
    Instant,
    Number,
    common,
    guarded,
    keys,
    lasting,
    matching,
    past,
    selectors,
)
from restoretui.cli.prices import add_prices
from restoretui.cli.printing import printing, printing_csv, wants_json
from restoretui.cli.running import (
    BY_ENDPOINT,
    check_terminal,
    choice_of,
    finish,
    headless,
    open_screens,
    query_of,
    say_notices,
    take_agreeing,
)
from restoretui.cli.runs import add_runs, restoring, take_restoring
from restoretui.commands.form import Form
from restoretui.core.bounds import Bounds
from restoretui.core.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from restoretui.commands.acting.said import RestoreSaid
    from restoretui.commands.choosing.choice import Choice
    from restoretui.commands.output import Output


@click.group(
    cls=Group, help=HELP,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": WIDTH, "show_default": True},
)  # fmt: skip
@click.version_option(__version__, "-V", "--version", prog_name="restoretui")
def cli() -> None:
    """The command line's root; what it says of itself is ``HELP``, since Click's marks are no docstring's."""


@cli.command(OPEN, hidden=True, cls=OpenCommand)
@click.argument("location", required=False)
@EVENTS
@common
def open_(location: str | None, **flags: Any) -> None:
    """The screens."""
    open_screens(location, flags)


@cli.command()
@click.option("--objects", type=click.IntRange(1), help="Size of the first bucket. Default: 2000.")
@click.option("--speed", type=Number(Bounds(0.001, 1_000_000)), metavar="NUMBER",
              help="Cloud seconds a second. Default: 60, and 3600 once a restore is under way.")  # fmt: skip
@click.option("--seed", type=int, default=1, show_default=True, help="Which world.")
@click.option("--scenario", metavar="NAME|FILE", help="Faults to inject; an unknown name lists those there are.")
@click.option("--now", type=Instant(), help="What time it is there: 2026-12-01T12:00Z, or now. Default: a fixed day.")
def demo(objects: int | None, speed: float | None, seed: int, scenario: str | None, now: datetime | None) -> None:
    """The screens on a sandbox cloud: no account, nothing outside a temporary folder."""

    def go() -> int:
        check_terminal()
        from restoretui.demo import run_demo

        signals.as_usual()
        return run_demo(objects=objects, speed=speed, seed=seed, scenario=scenario, now=now)

    finish(go)


@cli.command()
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="0, the default, takes a free one.")
@click.option("--objects", type=click.IntRange(1), help="Size of the first bucket. Default: 2000.")
@SPEED
@click.option("--seed", type=int, default=1, show_default=True, help="Which world.")
@click.option("--scenario", metavar="NAME|FILE", help="Faults to inject; an unknown name lists those there are.")
@click.option("--now", type=Instant(), help="What time it is there: 2026-12-01T12:00Z, or now. Default: a fixed day.")
@click.option("--inventories", is_flag=True, help="A bucket with an S3 Inventory of each bucket, of last midnight.")
@click.option("--while-stdin", is_flag=True, hidden=True)
def sandbox(
    port: int,
    objects: int | None,
    speed: float,
    seed: int,
    scenario: str | None,
    now: datetime | None,
    inventories: bool,
    while_stdin: bool,
) -> None:
    """Serve a simulated archive cloud on 127.0.0.1 until interrupted."""

    def go() -> int:
        import asyncio

        from restoretui.demo import serve_sandbox

        say_notices()
        serving = serve_sandbox(
            port=port,
            objects=objects,
            speed=speed,
            seed=seed,
            scenario=scenario,
            now=now,
            inventories=inventories,
            while_stdin=while_stdin,
        )
        return asyncio.run(serving)

    finish(go)


@cli.command(epilog=FIELDS_HELP)
@LOCATIONS
@selectors
@VERSION_ID
@FROM_INVENTORY
@past
@click.option("--archived", is_flag=True,
              help="Of s3://: what is archived in each bucket, by its newest inventory or flat listing.")  # fmt: skip
@click.option("--refresh", is_flag=True, help="With --archived: list every bucket anew.")
@printing
@common
def ls(locations: tuple[str, ...], archived: bool, refresh: bool, form: Form, **options: Any) -> None:
    """List objects with their class and state."""
    choice, flags = choice_of(locations, options)
    headless(
        flags | BY_ENDPOINT, form,
        "restoretui.commands.looking", "ls", choice, archived=archived, refresh=refresh, only_shows=True,
    )  # fmt: skip


@cli.command(epilog=FIELDS_HELP)
@LOCATIONS
@click.option("--depth", type=click.IntRange(0, 16), default=1, show_default=True,
              help="Prefixes down to so many levels below each location; 0: only itself.")  # fmt: skip
@click.option("--by", "split", type=click.Choice(["class", "state", "age", "year"]),
              help="Split each sum by storage class, state, or when the objects were written.")  # fmt: skip
@click.option("--versions", is_flag=True, help="Every version, not only the current one.")
@click.option("--refresh", is_flag=True, help="List anew, also where a listing of the last ten minutes is at hand.")
@FROM_INVENTORY
@printing
@common
def du(locations: tuple[str, ...], depth: int, split: str | None, refresh: bool, form: Form, **options: Any) -> None:
    """What lies below each prefix: objects, size, and how much of it is archived, restoring, readable."""
    nothing_left_out = {"matches": (), "states": (), "classes": ()}
    choice, flags = choice_of(locations, {**options, **nothing_left_out})
    headless(
        flags, form,
        "restoretui.commands.looking", "du", choice, depth=depth, split=split, refresh=refresh, only_shows=True,
    )  # fmt: skip


@cli.command()
@SOME_LOCATIONS
@lasting
@click.option("--tier", type=TIER, help="Only this tier; all of them without.")
@restoring
@printing
@common
def plan(locations: tuple[str, ...], tier: str | None, form: Form, **options: Any) -> None:
    """What a restore would do, take and cost; sends nothing. Takes every option of restore."""
    said = take_restoring(options, tier)
    choice, flags = choice_of(locations, options, told_elsewhere=said.names_manifest)
    _plan(flags, form, choice, said)


def _plan(flags: dict[str, Any], form: Form, choice: "Choice", said: "RestoreSaid") -> None:
    """Only show what a restore that was said so would do."""
    headless(_several(flags, said), form, _module(said, "planning"), "plan", choice, said, only_shows=True)


@cli.command(epilog=FIELDS_HELP)
@SOME_LOCATIONS
@lasting
@click.option("--tier", type=TIER, help="How fast, and so how dear; needed, unless --restore-request says it.")
@restoring
@printing
@common
def restore(locations: tuple[str, ...], tier: str | None, form: Form, **options: Any) -> None:
    """Restore objects: plan, confirm, send, and with --wait watch them arrive."""
    said = take_restoring(options, tier, needs_tier=True)
    choice, flags = choice_of(locations, options, told_elsewhere=said.names_manifest)
    if said.meant.agreeing.dry_run:
        return _plan(flags, form, choice, said)
    return headless(_several(flags, said), form, _module(said, "restoring"), "restore", choice, said)


def _several(flags: dict[str, Any], said: "RestoreSaid") -> dict[str, Any]:
    """Flags of what may be about several endpoints; a manifest is of one."""
    return flags if said.names_manifest else flags | BY_ENDPOINT


def _module(said: "RestoreSaid", usual: str) -> str:
    """What does it: objects are chosen, or a manifest that exists names them."""
    return f"restoretui.commands.{'manifest' if said.names_manifest else usual}"


@cli.command()
@click.argument("locations", nargs=-1, metavar="LOCATION...|RUN")
@matching
@keys
@guarded
@printing
@common
def clean(locations: tuple[str, ...], form: Form, **options: Any) -> None:
    """End restored copies early, to stop paying for them (OSS: ColdArchive and DeepColdArchive)."""
    agreed = take_agreeing(options)
    choice, flags = choice_of(locations, options)
    headless(flags, form, "restoretui.commands.cleaning", "clean", choice, agreed)


@cli.command(epilog=FIELDS_HELP)
@click.argument("run", required=False)
@WHERE
@SINCE
@printing
@common
def status(run: str | None, since: datetime | timedelta | None, form: Form, **flags: Any) -> None:
    """Runs and their objects, after one look at the cloud."""
    query = query_of(flags)
    headless(flags, form, "restoretui.commands.following", "status", run, query, since, only_shows=True)


@cli.command()
@click.argument("run", required=False)
@WAIT_LIMIT
@FAIL_FAST
@DRY_RUN
@click.option("--until-next", is_flag=True,
              help="Do what is due, say when to come back, and end; exit code 3: not done yet.")  # fmt: skip
@WHERE
@SINCE
@EVENTS
@printing
@common
def watch(
    run: str | None,
    timeout: timedelta | None,
    fail_fast: bool,
    dry_run: bool,
    until_next: bool,
    since: datetime | timedelta | None,
    form: Form,
    **flags: Any,
) -> None:
    """Pick up where things stand and follow until everything is settled."""
    from restoretui.commands.telling import WatchSaid

    said = WatchSaid(timeout, query_of(flags), since, fail_fast, dry_run, until_next)
    headless(flags, form, "restoretui.commands.following", "watch", run, said)


@cli.command()
@click.argument("run")
@WHERE
@printing_csv
@common
def export(run: str, form: Form, **flags: Any) -> None:
    """A run's objects, with what became of each."""
    query = query_of(flags)
    headless(flags, form, "restoretui.commands.looking", "export", run, query, only_shows=True)


@cli.command()
def schema() -> None:
    """The JSON Schema of the lines that --json prints."""

    def go() -> int:
        import json

        from restoretui.commands.output import Output
        from restoretui.session.jsonlines.schema import schema as made

        streams.stop_unread()
        Output().raw(json.dumps(made(), indent=2) + "\n")
        return ExitCode.DONE

    finish(go)


add_runs(cli)
add_batch(cli)
add_finding(cli)
add_events(cli)
add_warm(cli)
add_ledger(cli)
add_prices(cli)
add_aids(cli)
add_examples(cli)


def run() -> None:
    """Do what the command line says."""
    if COMPLETION in os.environ:
        from restoretui.cli.help.completing import add_completion

        add_completion(cli)
    output = None
    if (form := wants_json(sys.argv[1:])) is not None:
        from restoretui.commands.output import Output

        output = Output(form, command=OPEN)
    finish(lambda: _run(output), output)


def _run(output: "Output | None") -> int:
    """A command ends the process by itself; what is left is Click's own: help, versions, completion, usage errors.

    ``output`` where what is wrong with the command line is to be said in JSON as well.
    """
    try:
        code = cli.main(prog_name="restoretui", standalone_mode=False)
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.Abort:
        return ExitCode.INTERRUPTED
    except click.ClickException as error:
        from restoretui.cli.help.near import with_suggestion
        from restoretui.wording.safe import clean

        error = with_suggestion(error)
        if output is not None:
            _tell_program(error, output)
        words = io.StringIO()
        error.show(words)
        for line in words.getvalue().splitlines():
            sys.stderr.write(clean(line) + "\n")
        return UsageError.exit_code
    return code if isinstance(code, int) else ExitCode.DONE


def _tell_program(error: click.ClickException, output: "Output") -> None:
    from restoretui.session.jsonlines.summaries import SUMMARIES

    context = error.ctx if isinstance(error, click.UsageError) else None
    said = "" if context is None else context.command_path.partition(" ")[2]
    if said in SUMMARIES:  # A group, or what prints other lines, ends as the whole program does.
        output.command = said
    hint = f"restoretui {said} --help" if said else "restoretui --help"
    output.line("error", {"reason": error.format_message(), "hint": hint, "exit_code": int(UsageError.exit_code)})
