"""The ``prices`` group of the command line: which prices are known, and reading them anew."""

from typing import Any

import click

from restoretui.cli.options import DRY_RUN, common, common_but
from restoretui.cli.printing import printing
from restoretui.cli.running import headless
from restoretui.commands.form import Form

PRICES = "restoretui.commands.prices"


class _ShowsByItself(click.Group):
    """Without a command's name it is ``show`` that is meant."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the command first."""
        known = args and (args[0] in self.commands or args[0] in ("--help", "-h"))
        return super().parse_args(ctx, args if known or ctx.resilient_parsing else ["show", *args])


def add_prices(cli: click.Group) -> None:
    """Add the group."""

    @cli.group(cls=_ShowsByItself)
    def prices() -> None:
        """Which prices are known, of which Region and date; and reading them from AWS's own list."""

    @prices.command()
    @printing
    @common
    def show(form: Form, **flags: Any) -> None:
        """Every Region with a price: their date, where they come from, and what is not known."""
        headless(flags, form, f"{PRICES}.showing", "show", only_shows=True)

    @prices.command()
    @click.option(
        "--region", "regions", multiple=True, metavar="REGION",
        help="Whose prices; may be repeated; all: every Region of AWS's list. Default: the Region that is set.",
    )  # fmt: skip
    @click.option(
        "--from", "files", multiple=True, metavar="FILE",
        help="An offer file on disk in place of the network: AmazonS3, AmazonS3GlacierDeepArchive and "
        "AWSDataTransfer of a Region; may be repeated.",
    )  # fmt: skip
    @DRY_RUN
    @printing
    @common_but("region")
    def update(
        regions: tuple[str, ...], files: tuple[str, ...], dry_run: bool, form: Form, **flags: Any
    ) -> None:  # fmt: skip
        """Read prices from AWS's price list, without credentials, into prices-updated.toml beside the config."""
        headless(flags, form, f"{PRICES}.updating", "update", regions, files, dry_run=dry_run)
