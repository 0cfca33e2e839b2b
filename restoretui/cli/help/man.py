"""The manual page, made of the command line itself: roff as ``man -l`` renders it."""

import re
from collections.abc import Iterator

import click

from restoretui import __version__
from restoretui.cli.help.about import FIELDS_HELP
from restoretui.cli.help.examples import EXAMPLES, leaves
from restoretui.cli.help.narrow import folded
from restoretui.core.rules.clouds import CLOUDS

_FILES = (
    ("config.toml", "Settings: in the platform's config folder (~/.config/restoretui), or where --config says."),
    ("ledger.db", "What was intended, and what became of it: in the state folder (~/.local/state/restoretui)."),
    ("catalog.db", "What was listed and marked; it may be deleted, and is made anew."),
    ("prices.toml", "Prices of your own, beside the config."),
)
_OWN_VARIABLES = (
    ("RESTORETUI_CONFIG", "The config file, or the folder it is in."),
    ("RESTORETUI_STATE_DIR", "Where the ledger lives."),
    ("RESTORETUI_BATCH_ROLE_ARN", "The role that S3 Batch Operations acts as."),
    ("RESTORETUI_PRICES_URL", "A mirror of AWS's price list, for prices update."),
    ("RESTORETUI_HTTP", "sdk: have the SDK carry every request."),
    ("NO_COLOR", "Screens without colour."),
)
_SETTINGS = {
    "profile": "The profile whose keys are taken, for",
    "region": "The Region to sign for when a bucket does not tell its own, of",
    "endpoint_url": "Where to reach, in place of the Region's own endpoint,",
    "endpoint": "Where to reach, in place of the Region's own endpoint,",
    "cname": "true: the endpoint is a custom domain that stands for one bucket of",
    "store": "Which S3-compatible store it is (--store), for",
}
"""What a variable of a cloud says, by its setting."""
_CODES = (
    ("0", "All that was asked for is done: requested, or with --wait available."),
    ("1", "Some objects failed, were refused, or could not be found."),
    ("2", "Usage or configuration."),
    ("3", "Timed out waiting; the restores go on."),
    ("4", "Credentials or permission."),
    ("5", "Stopped by a guard: over --max-cost or --max-objects, --read-only, not confirmed."),
    ("130", "Interrupted."),
)

_ROOM = 70
"""Cells of a line that is not filled: 80, less what `man` leaves at both sides."""


def man_page(cli: click.Group) -> str:
    """The page as roff, for section 1."""
    return "\n".join(_lines(cli)) + "\n"


def _lines(cli: click.Group) -> Iterator[str]:
    yield f'.TH RESTORETUI 1 "" "restoretui {roff(__version__)}" "User Commands"'
    yield ".ad l"  # no gaps between words, and no hyphens of ours in names
    yield ".nh"
    yield '.SH "NAME"'
    yield r"restoretui \- restore archived objects of S3, S3 Batch Operations, Alibaba OSS and compatible stores"
    yield '.SH "SYNOPSIS"'
    yield r".B restoretui"
    yield r"[\fILOCATION\fR] [\fIOPTION\fR]..."
    yield ".br"
    yield r".B restoretui"
    yield r"\fICOMMAND\fR [\fIARGUMENT\fR]... [\fIOPTION\fR]..."
    yield '.SH "DESCRIPTION"'
    yield from _text(cli.help or "")
    yield '.SH "COMMANDS"'
    common = _common(cli)
    for name, command in leaves(cli):
        if command.hidden:
            continue
        context = click.Context(command, info_name=f"restoretui {name}")
        yield f'.SS "restoretui {roff(name)} {roff(" ".join(command.collect_usage_pieces(context)))}"'
        yield from _text(command.help or "")
        yield from _options(command, context, but=common)
        yield from _examples(name)
    yield '.SH "COMMON OPTIONS"'
    opened = cli.commands["open"]
    yield from _options(opened, click.Context(opened, info_name="restoretui"), but=frozenset())
    yield '.SH "FILTERS"'
    yield from _text(FIELDS_HELP)
    yield '.SH "EXIT STATUS"'
    yield from _terms(_CODES)
    yield '.SH "ENVIRONMENT"'
    clouds = {
        variable: f"{_SETTINGS.get(name.removeprefix('oss_'), name.replace('_', ' '))} {kind.name}."
        for kind in CLOUDS.values()
        for name, variables in kind.environment.items()
        for variable in variables
    }
    yield from _terms(tuple(sorted({**clouds, **dict(_OWN_VARIABLES)}.items())))
    yield '.SH "FILES"'
    yield from _terms(_FILES)
    yield '.SH "EXAMPLES"'
    yield from _examples("")
    yield '.SH "SEE ALSO"'
    yield r"\fBaws\fR(1), \fBrclone\fR(1)"


def _common(cli: click.Group) -> frozenset[str]:
    return frozenset(param.name or "" for param in cli.commands["open"].params if isinstance(param, click.Option))


def _options(command: click.Command, context: click.Context, *, but: frozenset[str]) -> Iterator[str]:
    for param in command.params:
        if isinstance(param, click.Option) and param.name not in but and not param.hidden:
            record = param.get_help_record(context)
            if record is not None:
                yield ".TP"
                yield rf"\fB{roff(record[0])}\fR"
                yield _guarded(roff(record[1].replace("; see below.", "; see FILTERS.")))


def _terms(pairs: tuple[tuple[str, str], ...]) -> Iterator[str]:
    for term, meaning in pairs:
        yield ".TP"
        yield rf"\fB{roff(term)}\fR"
        yield _guarded(roff(meaning))


def _examples(name: str) -> Iterator[str]:
    lines = EXAMPLES.get(name, ())
    if lines:
        if name:
            yield ".PP"
        yield "Examples:"
        yield ".nf"
        yield ".RS 2"
        yield from (_guarded(roff(part[2:])) for line in lines for part in folded(f"  {line}", _ROOM))
        yield ".RE"
        yield ".fi"


def _text(text: str) -> Iterator[str]:
    """Paragraphs of a help; those behind a backspace keep their lines."""
    for number, paragraph in enumerate(re.split(r"\n\s*\n", text.strip("\n "))):
        lines = paragraph.split("\n")
        if number:
            yield ".PP"
        if lines[0].strip() == "\b":
            yield ".nf"
            yield from (_guarded(roff(part)) for line in lines[1:] for part in folded(line, _ROOM))
            yield ".fi"
        else:
            yield _guarded(roff(" ".join(line.strip() for line in lines)))


def roff(text: str) -> str:
    """Text as roff takes it: nothing in it is a request or an escape."""
    text = text.replace("\\", r"\e").replace("-", r"\-").replace("'", r"\(aq").replace('"', r"\(dq")
    return re.sub(r"[^\x00-\x7f]", lambda found: rf"\[u{ord(found[0]):04X}]", text)


def _guarded(line: str) -> str:
    return rf"\&{line}" if line.startswith((".", "'")) else line
