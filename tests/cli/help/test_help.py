"""Every command says what it takes, in 80 columns, with examples; and what was meant where a word is wrong."""

import re
import shlex

import click
import pytest
from click.testing import CliRunner

from restoretui.cli.app import cli
from restoretui.cli.help.examples import EXAMPLES, SHORT, leaves
from restoretui.cli.help.narrow import folded
from restoretui.cli.help.root import OPEN
from tests.cli.conftest import Run

COMMANDS = {"": cli, **dict(leaves(cli))}
GROUPS = {name: command for name, command in cli.commands.items() if isinstance(command, click.Group)}


def help_of(name: str) -> str:
    words = [] if name == OPEN else name.split()
    line = ["s3://bucket", "--help"] if name == OPEN else [*words, "--help"]
    return CliRunner(env={"COLUMNS": "200"}).invoke(cli, line, prog_name="restoretui").output


@pytest.mark.parametrize("name", [*COMMANDS, *GROUPS])
def test_help_fits_eighty_columns(name: str) -> None:
    text = help_of(name)
    assert "Usage: restoretui" in text
    assert max(map(len, text.splitlines())) <= 80
    assert f"restoretui {OPEN}" not in text, "a command without a name"
    if name == OPEN:
        return
    narrow = CliRunner().invoke(cli, [*name.split(), "--help"], terminal_width=60).output
    assert len(narrow.split()) >= len(text.split()) * 0.9
    too_long = [line for line in narrow.splitlines() if len(line) > 60 and len(line.split()) > 1]
    assert not too_long, "only what is one word is longer than the terminal is wide"
    assert not re.search(r"\w\.\.\.$", narrow.partition("\nCommands:\n")[2], re.MULTILINE), "nothing is cut"


def test_folded_examples_can_be_copied() -> None:
    for name, lines in EXAMPLES.items():
        for line in lines:
            parts = list(folded(f"  {line}", 50))
            joined = "\n".join(parts).replace(" \\\n", " ")
            assert shlex.split(joined, comments=True) == shlex.split(line, comments=True), (name, joined)


@pytest.mark.parametrize("name", [*COMMANDS, *GROUPS])
def test_every_command_has_examples_that_it_understands(name: str) -> None:
    assert EXAMPLES[name], name
    text = help_of(name)
    for line in EXAMPLES[name]:
        assert line in text
    for line in EXAMPLES[name]:
        words = shlex.split(re.sub(r" (\|.*|> .*)$", "", line), comments=True)
        if not words or words[0] != "restoretui" or len(words) == 1 or "://" in words[1]:
            continue
        command: click.Command = cli
        rest = words[1:]
        context = click.Context(cli, info_name="restoretui")
        while isinstance(command, click.Group) and rest:
            found = command.get_command(context, rest[0])
            if found is None:
                break
            command, rest = found, rest[1:]
        if not isinstance(command, click.Group):
            # JOB stands for an id, which is longer.
            command.make_context("x", ["JOB-1" if word == "JOB" else word for word in rest], parent=context)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_says_what_it_is(name: str) -> None:
    for param in COMMANDS[name].params:
        if isinstance(param, click.Option) and not param.hidden:
            assert param.help, (name, param.opts)
            if not param.is_flag:
                assert param.metavar or param.type.name != "text" or name, (name, param.opts)


def test_every_command_has_one_line_that_is_not_cut() -> None:
    for name in ["", *GROUPS]:
        listed = help_of(name).partition("\nCommands:\n")[2].partition("\n\n")[0]
        assert listed, name
        assert not re.search(r"\.\.\.$", listed, re.MULTILINE), (name, listed)
    assert set(SHORT) <= {*COMMANDS, *GROUPS}


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("lss s3://bucket", "'lss' is neither a command nor a location. Did you mean 'ls'?"),
        ("restor", "Did you mean 'restore'"),
        ("nonsense", "`restoretui --help` lists the commands."),
        ("batch shw JOB", "Did you mean 'show'?"),
        ("plan s3://b --days 1 --tire bulk", "'--tier'"),
        ("plan s3://b --days 1 --tier blk", "Did you mean 'bulk'?"),
        ("ls s3://b --state archive", "Did you mean 'archived'"),
        ("plan s3://b --days 1 --engine bach", "Did you mean 'batch'?"),
    ],
)
def test_what_was_meant_is_offered(run: Run, line: str, says: str) -> None:
    ran = run(None, *line.split())
    assert ran.code == 2
    assert says in ran.err


def test_usage_errors_of_the_screens_name_no_hidden_command(run: Run) -> None:
    ran = run(None, "--bogus")
    assert (ran.code, f"restoretui {OPEN}" in ran.err) == (2, False)
    assert "Try 'restoretui --help'" in ran.err
    assert run(None, "-V").out == run(None, "--version").out
