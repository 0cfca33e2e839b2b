"""Spelling suggestions (did you mean …): what is near a word that is none of those that could stand there."""

import re
from collections.abc import Iterable

import click

from restoretui.cli.help.narrow import Context

_NOT_ONE = re.compile(r"'(?P<word>.*)' is not one of ", re.DOTALL)
_WORD = re.compile(r"[A-Za-z][A-Za-z_-]*")


def near(word: str, known: Iterable[str]) -> str:
    """`` Did you mean 'ls'?`` with up to three; empty where nothing is near."""
    from difflib import get_close_matches  # only once something is wrong

    by_case = {name.lower(): name for name in known}
    found = [by_case[name] for name in get_close_matches(word.lower(), by_case, 3, 0.5)]
    found += [name for low, name in by_case.items() if word and low.startswith(word.lower()) and name not in found]
    if not found:
        return ""
    return f" Did you mean {' or '.join(repr(name) for name in found[:3])}?"


def with_suggestion(error: click.ClickException) -> click.ClickException:
    """The same, with what may have been meant by a value that is none of an option's choices."""
    if isinstance(error, click.BadParameter) and error.param is not None:
        kind = error.param.type
        wrong = _NOT_ONE.match(error.message)
        if isinstance(kind, click.Choice) and wrong:
            text = error.message + near(wrong["word"], map(str, kind.choices))
            return click.BadParameter(text, error.ctx, error.param, error.param_hint)
    return error


def check_first_word(word: str, commands: Iterable[str], ctx: click.Context) -> None:
    """``UsageError`` for a word that is no command and could be no location."""
    if _WORD.fullmatch(word):
        hint = near(word, commands) or " `restoretui --help` lists the commands."
        raise click.UsageError(f"{word!r} is neither a command nor a location.{hint}", ctx)


class OpenContext(Context):
    """Of the command that has no name: usage errors are about the program as it was called."""

    @property
    def command_path(self) -> str:
        """Without the hidden name."""
        return self.parent.command_path if self.parent is not None else super().command_path


class OpenCommand(click.Command):
    """The screens."""

    context_class = OpenContext
