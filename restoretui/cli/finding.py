"""Commands that find what to restore."""

from typing import Any

import click

from restoretui.cli.options import FIELDS_HELP, LOCATIONS, WHERE, common, guarded, past
from restoretui.cli.printing import printing
from restoretui.cli.running import choice_of, headless, query_of, take_agreeing
from restoretui.commands.form import Form

IMPORT_HELP = "The inventory: its manifest.json, or the folder with its dates (the newest whole one)."
FINDING = "restoretui.commands.finding"


def add_finding(cli: click.Group) -> None:
    """Add them."""

    @cli.command("import", epilog=FIELDS_HELP)
    @click.argument("location", metavar="LOCATION")
    @click.option("--from-inventory", "named", required=True, metavar="LOCATION|FILE", help=IMPORT_HELP)
    @click.option("--versions", is_flag=True, help="Every version, not only the current ones.")
    @WHERE
    @printing
    @common
    def import_(location: str, named: str, versions: bool, form: Form, **flags: Any) -> None:
        """Read a bucket's inventory in place of listing it.

        What does not match --where is never written.
        """
        query = query_of(flags)
        headless(
            flags, form, f"{FINDING}.inventory", "import_", location, named, query, versions=versions
        )  # fmt: skip

    @cli.command(epilog=FIELDS_HELP)
    @LOCATIONS
    @past
    @WHERE
    @guarded
    @printing
    @common
    def undelete(locations: tuple[str, ...], form: Form, **options: Any) -> None:
        """Undo deletes: take delete markers away.

        Nothing is restored or copied by that.
        """
        agreed = take_agreeing(options)
        choice, flags = choice_of(locations, options)
        headless(flags, form, f"{FINDING}.undeleting", "undelete", choice, agreed)
