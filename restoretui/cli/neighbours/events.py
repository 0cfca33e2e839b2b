"""``--events``, and ``restoretui events setup`` and ``remove``."""

from typing import Any

import click

from restoretui.cli.options import DRY_RUN, YES, common
from restoretui.cli.printing import printing
from restoretui.cli.running import headless, of_account, take_agreeing
from restoretui.commands.form import Form

EVENTS = click.option(
    "--events", multiple=True, metavar="sqs:URL|mns:URL",
    help="Hear of restores by this queue, and poll sparsely (OSS, told of by mns:, as ever). May be repeated.",
)  # fmt: skip
_SETTING_UP = "restoretui.commands.events.setting_up"


def add_events(cli: click.Group) -> None:
    """Add the commands."""

    @cli.group()
    def events() -> None:
        """Buckets that tell of restores by a queue (SQS)."""

    @events.command()
    @click.argument("location", metavar="LOCATION")
    @EVENTS
    @YES
    @DRY_RUN
    @printing
    @common
    def setup(location: str, form: Form, **flags: Any) -> None:
        """Show as a diff what makes a bucket send its restore events to a queue; write it once that is agreed to.

        The bucket's notification and the queue's policy are read, added to, written and read again.
        """
        agreed, (location,) = take_agreeing(flags), of_account((location,), flags)
        headless(flags, form, _SETTING_UP, "setup", location, agreed, removes=False)

    @events.command()
    @click.argument("location", metavar="LOCATION")
    @EVENTS
    @YES
    @DRY_RUN
    @printing
    @common
    def remove(location: str, form: Form, **flags: Any) -> None:
        """Take back exactly what setup has written; all else in both documents stays."""
        agreed, (location,) = take_agreeing(flags), of_account((location,), flags)
        headless(flags, form, _SETTING_UP, "setup", location, agreed, removes=True)
