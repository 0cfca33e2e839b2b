"""In which form a command prints: the options of all that print rows, spelled alike."""

import functools
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from restoretui.cli.options import shared
from restoretui.commands.form import SHAPES, Form, Shape

F = TypeVar("F", bound=Callable[..., Any])


class Columns(click.ParamType[tuple[str, ...]]):
    """Names with commas between; a point leads into one."""

    name = "NAMES"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        """At least one."""
        if isinstance(value, tuple):
            return value
        names = tuple(name.strip() for name in str(value).split(","))
        if not all(names):
            self.fail(f"{value!r} is no list of names: write state,size,key", param, ctx)
        return names


_OPTIONS: Sequence[Callable[[F], F]] = (
    shared("--format", "shape", type=click.Choice(SHAPES), show_default="table",
           help="A table; a wide one, uncut; JSON lines; one JSON array of them; CSV."),
    shared("--json", "as_json", is_flag=True, help="The same as --format jsonl."),
    shared("--columns", type=Columns(), help="Of a table or CSV: state,size,key; `restoretui schema` has all."),
    shared("--output", "-o", "printed_to", metavar="FILE",
           help="Write there once it is whole; default: stdout."),
    shared("--quiet", "-q", is_flag=True, help="Say nothing but errors."),
    shared("--no-progress", is_flag=True, help="Do not show how far it is."),
    shared("--local", is_flag=True, help="Tell people times in this machine's zone; default: UTC."),
)  # fmt: skip
TAKES_VALUE = {"--format", "--columns", "--output", "-o"}


def printing(command: F, usual: Shape = "table") -> F:
    """Add them; the command gets what they said as ``form``. ``usual`` is the shape where none is said."""

    @functools.wraps(command)
    def take(*args: Any, shape: Shape | None, as_json: bool, **options: Any) -> Any:
        if as_json and shape not in (None, "jsonl"):
            raise click.UsageError(f"--json is --format jsonl, and --format {shape} is another: leave one out.")
        form = Form(
            shape=shape or ("jsonl" if as_json else usual),
            columns=options.pop("columns") or (),
            quiet=options.pop("quiet"),
            progress=not options.pop("no_progress"),
            local=options.pop("local"),
            target=options.pop("printed_to"),
        )
        if form.columns and form.is_json:
            raise click.UsageError("--columns are those of tables and CSV, and JSON has all: leave one out.")
        if form.local and form.shape in ("jsonl", "json", "csv"):
            raise click.UsageError(f"--local is about tables, and {form.shape} is UTC: leave one out.")
        return command(*args, form=form, **options)

    made: Any = take
    for option in reversed(_OPTIONS):
        made = option(made)
    return made  # type: ignore[no-any-return]


def printing_csv(command: F) -> F:
    """The same for what is exported."""
    return printing(command, "csv")


def wants_json(args: Sequence[str]) -> Form | None:
    """Whoever asked for JSON is told in JSON what is wrong with a command line, also where it cannot be parsed."""
    before = list(args[: args.index("--")] if "--" in args else args)
    if "--json" in before or "--format=jsonl" in before:
        return Form("jsonl")
    if "--format=json" in before:
        return Form("json")
    said = before[before.index("--format") + 1 :][:1] if "--format" in before else []
    return Form("jsonl" if said == ["jsonl"] else "json") if said in (["jsonl"], ["json"]) else None
