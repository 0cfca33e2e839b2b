"""Commands that help to find one's way: ``doctor``, ``config show``, ``completion``, ``man``."""

from typing import Any

import click

from restoretui.cli.options import common
from restoretui.cli.printing import printing
from restoretui.cli.running import headless, of_account
from restoretui.commands.form import Form

AIDS = "restoretui.commands.aids"


def add_aids(cli: click.Group) -> None:
    """Add the commands."""

    @cli.command()
    @click.argument("locations", nargs=-1, metavar="[LOCATION]...")
    @printing
    @common
    def doctor(locations: tuple[str, ...], form: Form, **flags: Any) -> None:
        """What may stand in the way, and what helps: credentials, clock, Region, endpoint, permissions, ledger.

        All of it by looks; no restore is ever asked for.
        """
        locations = of_account(locations, flags)
        headless(flags, form, f"{AIDS}.doctor", "doctor", locations, only_shows=True)

    @cli.command()
    @click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
    def completion(shell: str) -> None:
        """Print what makes a shell complete commands, options, runs, jobs, profiles, stores and files."""
        from restoretui.cli.help.completing import script

        click.echo(script(cli, shell))

    @cli.command()
    def man() -> None:
        """Print the manual page, as roff."""
        from restoretui.cli.help.man import man_page

        click.echo(man_page(cli), nl=False)

    @cli.group()
    def config() -> None:
        """The settings: flags, environment, config file, defaults."""

    @config.command()
    @click.option("--all", "everything", is_flag=True, help="Settings that nobody set, too, with their defaults.")
    @printing
    @common
    def show(everything: bool, form: Form, **flags: Any) -> None:
        """What is set, and where each value comes from. Credentials are not among it."""
        headless(flags, form, f"{AIDS}.config", "show", everything=everything, only_shows=True)
