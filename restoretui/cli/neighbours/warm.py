"""``restoretui warm``: for programs that call one of ours to make objects readable."""

from datetime import timedelta
from typing import Any

import click

from restoretui.cli.neighbours.events import EVENTS
from restoretui.cli.options import TIER, WAIT_LIMIT, agreeing, common
from restoretui.cli.running import headless, of_account, take_agreeing
from restoretui.commands.form import Form
from restoretui.core.model import Tier


def add_warm(cli: click.Group) -> None:
    """Add the command."""

    @cli.command()
    @click.argument("location", metavar="LOCATION")
    @click.argument("keys", nargs=-1, required=True, metavar="KEY...")
    @click.option(
        "--protocol",
        type=click.Choice(["rustic", "none"]),
        required=True,
        help="Whose lines to print: rustic's, or none.",
    )
    @click.option("--days", type=click.IntRange(1), default=7, show_default=True, help="How long copies shall last.")
    @click.option("--tier", type=TIER, default="bulk", show_default=True, help="How fast, and so how dear.")
    @agreeing
    @WAIT_LIMIT
    @EVENTS
    @click.option("--quiet", "-q", is_flag=True, help="Say nothing but errors.")
    @common
    def warm(
        location: str,
        keys: tuple[str, ...],
        protocol: str,
        days: int,
        tier: str,
        timeout: timedelta | None,
        quiet: bool,
        **options: Any,
    ) -> None:
        """Make objects readable for a program that waits for it, and tell it how far that is.

        KEYs are names below LOCATION, as they are. Ends with 0 once all can be read.
        """
        from restoretui.commands.acting.said import RestoreSaid
        from restoretui.commands.agreeing import Meant

        agreed, (location,) = take_agreeing(options), of_account((location,), options)
        said = RestoreSaid(Meant(agreed, wait=True, timeout=timeout), days, Tier(tier))
        headless(
            options, Form(quiet=quiet), "restoretui.commands.acting.warming", "warm", location, keys, said,
            protocol=protocol,
        )  # fmt: skip
