"""The ``ledger`` group of the command line: the local state itself."""

from datetime import timedelta
from typing import Any

import click

from restoretui.cli.asking import ask
from restoretui.cli.options import DRY_RUN, YES, Duration, common
from restoretui.cli.printing import printing
from restoretui.cli.running import headless
from restoretui.commands.form import Form

LEDGER = "restoretui.commands.ledger"


def add_ledger(cli: click.Group) -> None:
    """Add the group."""

    @cli.group()
    def ledger() -> None:
        """The local state: how large it is, what may go, copies of it, and whether it is sound."""

    def plain(name: str, about: str) -> None:
        @ledger.command(name, help=about)
        @printing
        @common
        def command(form: Form, **flags: Any) -> None:
            headless(flags, form, LEDGER, name, only_shows=True)

    plain("info", "How large the ledger is, and of what.")
    plain("check", "Read all of it, and name what is damaged; exit code 1 when anything is.")

    @ledger.command()
    @DRY_RUN
    @printing
    @common
    def vacuum(dry_run: bool, form: Form, **flags: Any) -> None:
        """Give freed room back to the disk."""
        headless(flags, form, LEDGER, "vacuum", dry_run=dry_run)

    @ledger.command()
    @click.argument("copy", metavar="FILE")
    @printing
    @common
    def backup(copy: str, form: Form, **flags: Any) -> None:
        """A copy of the ledger, whole and checked, while others go on."""
        headless(flags, form, LEDGER, "backup", copy)

    @ledger.command()
    @click.option("--older-than", type=Duration(), help="Runs that were over so long ago: 90d.")
    @click.option("--keep", type=click.IntRange(0), metavar="N", help="Keep the newest N runs whatever their age.")
    @click.option("--listings", is_flag=True, help="Old listings, too.")
    @click.option("--export", "folder", metavar="DIR", help="Write what goes to files there first.")
    @YES
    @DRY_RUN
    @printing
    @common
    def prune(
        older_than: timedelta | None,
        keep: int | None,
        listings: bool,
        folder: str | None,
        yes: bool,
        dry_run: bool,
        form: Form,
        **flags: Any,
    ) -> None:
        """Remove runs that are over, with their objects and entries; one line in the trail says so."""
        confirm = None if yes else ask
        headless(flags, form, LEDGER, "prune", older_than, keep, folder, confirm, listings=listings, dry_run=dry_run)
