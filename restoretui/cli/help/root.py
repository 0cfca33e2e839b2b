"""How the command line's words are read: a location where a command could stand, options before commands."""

from typing import TYPE_CHECKING

import click

from restoretui.cli.help.near import check_first_word
from restoretui.cli.options import TAKES_VALUE
from restoretui.cli.printing import TAKES_VALUE as OF_PRINTING

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

OPEN = "open"
"""The command behind a bare ``restoretui [LOCATION]``; not shown among the others."""


class Group(click.Group):
    """Takes a location, or nothing, where a command's name could stand; common options may come before the name.

    Of a group's command they may come between, too: ``batch --region X ls``.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the command first."""
        if args[:1] and args[0] in ("--help", "-h", "--version", "-V"):
            return super().parse_args(ctx, args)
        at = _behind_options(args, 0)
        if at < len(args) and args[at] in self.commands:
            names, before, end = [args[at]], args[:at], at + 1
            group = self.commands[args[at]]
            if isinstance(group, click.Group):  # its command comes along
                at = _behind_options(args, end)
                if at < len(args) and args[at] in group.commands:
                    names, before, end = [*names, args[at]], [*before, *args[end:at]], at + 1
            args = [*names, *before, *args[end:]]
        elif at < len(args) and not ctx.resilient_parsing and not self.commands.get(args[at]):
            check_first_word(args[at], (name for name in self.commands if name != OPEN), ctx)
            args = [OPEN, *args]
        elif args or not ctx.resilient_parsing:  # else the shell asks which commands there are
            args = [OPEN, *args]
        return super().parse_args(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        """Commands, options that may come before them, and what the screens may be opened at."""
        from restoretui.cli.help.completing import first_words, locations

        return [*first_words(self, self.commands[OPEN], incomplete), *locations(ctx, incomplete)]

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Both ways to call it."""
        formatter.write_usage("restoretui", "[LOCATION] [OPTIONS]            the screens")
        formatter.write_usage("restoretui", "COMMAND [ARGS]...               one job, no screen")


def _behind_options(args: list[str], at: int) -> int:
    """Where, from ``at`` on, the first word stands that is no option, nor the value of a common one."""
    while at < len(args) and args[at].startswith("-") and args[at] != "-":
        at += 2 if args[at] in TAKES_VALUE | OF_PRINTING else 1
    return at
