"""Commands that find what to restore, and remember it: ``import``, ``undelete`` and the ``set`` group."""

from typing import Any

import click

from restoretui.cli.asking import ask
from restoretui.cli.help.about import FIELDS_HELP
from restoretui.cli.options import (
    DRY_RUN,
    FROM_INVENTORY,
    KEYS_FORMAT,
    LOCATIONS,
    SOME_LOCATIONS,
    WHERE,
    YES,
    common,
    guarded,
    keys,
    past,
    selectors,
)
from restoretui.cli.printing import printing, printing_csv
from restoretui.cli.running import choice_of, headless, of_account, query_of, take_agreeing, with_inventory
from restoretui.commands.form import Form

IMPORT_HELP = "The inventory: its manifest.json, or the folder with its dates (the newest whole one)."
FINDING = "restoretui.commands.finding"
SETS = "restoretui.commands.sets"
REPLACE = click.option("--replace", is_flag=True, help="Replace the set that has that name.")


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
        (location,), found = with_inventory((location,), named, flags)
        headless(
            flags, form, f"{FINDING}.inventory", "import_", location, found, query, versions=versions
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

    _add_sets(cli)


def _add_sets(cli: click.Group) -> None:
    """Add the group."""

    @cli.group("set")
    def sets() -> None:
        """Sets of objects with a name, which stand as @NAME wherever a location does."""

    @sets.command("ls")
    @printing
    @common
    def ls(form: Form, **flags: Any) -> None:
        """The sets there are."""
        headless(flags, form, f"{SETS}.showing", "ls", only_shows=True)

    @sets.command()
    @click.argument("name")
    @printing
    @common
    def show(name: str, form: Form, **flags: Any) -> None:
        """What of a set lies where, by storage class; `ls @NAME` shows each object."""
        headless(flags, form, f"{SETS}.showing", "show", name, only_shows=True)

    @sets.command(epilog=FIELDS_HELP)
    @click.argument("name")
    @SOME_LOCATIONS
    @click.option("--run", metavar="RUN", help="The objects of this run.")
    @selectors
    @keys
    @FROM_INVENTORY
    @past
    @REPLACE
    @DRY_RUN
    @printing
    @common
    def save(
        name: str, locations: tuple[str, ...], run: str | None, replace: bool, dry_run: bool, form: Form,
        **options: Any,
    ) -> None:  # fmt: skip
        """Keep what is chosen under a name: objects at locations, of other sets, lists, inventories or a run."""
        choice, flags = choice_of(locations, options, told_elsewhere=run is not None)
        headless(flags, form, f"{SETS}.keeping", "save", name, choice, run, replace=replace, dry_run=dry_run)

    @sets.command()
    @click.argument("name")
    @printing_csv
    @common
    def export(name: str, form: Form, **flags: Any) -> None:
        """A set as a file for others."""
        headless(flags, form, f"{SETS}.keeping", "export", name, only_shows=True)

    @sets.command("import")
    @click.argument("name")
    @click.argument("source", metavar="FILE")
    @click.option("--bucket", "location", metavar="LOCATION", help="Where keys are that name no bucket.")
    @KEYS_FORMAT
    @REPLACE
    @DRY_RUN
    @printing
    @common
    def import_(
        name: str, source: str, location: str | None, keys_format: str | None, replace: bool, dry_run: bool,
        form: Form, **flags: Any,
    ) -> None:  # fmt: skip
        """Read a set from a file that `set export` wrote, or any list that names objects; - is stdin."""
        location = of_account((location,), flags)[0] if location else None
        headless(
            flags, form, f"{SETS}.keeping", "import_", name, source, location, keys_format,
            replace=replace, dry_run=dry_run,
        )  # fmt: skip

    @sets.command()
    @click.argument("operands", nargs=-1, required=True, metavar="@NAME|LOCATION [@NAME|LOCATION]")
    @click.option(
        "--from-inventory", "inventories", multiple=True, metavar="LOCATION|FILE",
        help="See the place by this inventory; said twice, two of them are held against each other.",
    )  # fmt: skip
    @printing
    @common
    def diff(operands: tuple[str, ...], inventories: tuple[str, ...], form: Form, **flags: Any) -> None:
        """What of the first is missing in the second, new there, or changed; a set alone is held against now.

        Exit code 1 where they differ.
        """
        operands = of_account(operands, flags)
        headless(flags, form, f"{SETS}.differing", "diff", operands, inventories, only_shows=True)

    @sets.command()
    @click.argument("name")
    @YES
    @DRY_RUN
    @printing
    @common
    def drop(name: str, yes: bool, dry_run: bool, form: Form, **flags: Any) -> None:
        """Forget a set; the objects stay as they are."""
        confirm = None if yes else ask
        headless(flags, form, f"{SETS}.keeping", "drop", name, confirm, dry_run=dry_run)
