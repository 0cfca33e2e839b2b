"""What is done to runs: ``retry`` and ``cancel``; and the options that a restore and its plan share."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

import click

from restoretui.cli.batch import CONFIRM, batch_options, take_batch_options
from restoretui.cli.options import (
    ASK_UNSEEN,
    DRY_RUN,
    FAIL_FAST,
    FROM_INVENTORY,
    WAIT_LIMIT,
    agreeing,
    common,
    keys,
    past,
    selectors,
    take_lasting,
    take_then,
    then_options,
)
from restoretui.cli.printing import printing
from restoretui.cli.running import headless, take_agreeing
from restoretui.commands.form import Form
from restoretui.core.literal.literal import CHECKSUMS
from restoretui.core.model import Tier

F = TypeVar("F", bound=Callable[..., Any])
ACTING = "restoretui.commands.acting"
WAIT = click.option("--wait", is_flag=True, help="Wait until the copies are available, and --then is done.")


def literally(command: F) -> F:
    """Add the options that say a restore request as the cloud's API takes it."""
    for option in reversed((
        click.option("--restore-request", metavar="FILE|JSON",
                     help="In place of --days and --tier: what aws s3api restore-object --restore-request takes (any "
                     "member, SELECT too). Sent as it is; what becomes of it is not judged here, nor priced."),
        click.option("--checksum-algorithm", type=click.Choice(CHECKSUMS, case_sensitive=False),
                     help="Send that checksum of each restore request along."),
        click.option("--content-md5", is_flag=True, help="Send the MD5 of each restore request along."),
    )):  # fmt: skip
        command = option(command)
    return command


def take_tier(tier: str | None, said: dict[str, Any]) -> Tier | None:
    """The tier of a restore: said, unless its request is said literally."""
    if (tier is None) is bool(said["literal"].request):
        return Tier(tier) if tier else None
    if tier is not None:
        raise click.UsageError("--restore-request says the tier itself: leave --tier out.")
    context = click.get_current_context()
    raise click.MissingParameter(ctx=context, param=next(one for one in context.command.params if one.name == "tier"))


def restoring(command: F) -> F:
    """Add all that is said of a restore beside its tier; ``plan`` takes the very same."""
    engine = click.option(
        "--engine", type=click.Choice(["direct", "batch", "auto"]), default="direct", show_default=True,
        help="One request for each object, S3 Batch Operations, or whichever is better.",
    )  # fmt: skip
    options: tuple[Callable[[F], F], ...] = (
        selectors, keys, FROM_INVENTORY, past, ASK_UNSEEN, literally, engine, batch_options, CONFIRM, then_options,
        agreeing, FAIL_FAST, WAIT, WAIT_LIMIT,
    )  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


def take_restoring(options: dict[str, Any]) -> dict[str, Any]:
    """What ``lasting`` and ``restoring`` parsed, but what is chosen, taken out of ``options``."""
    from restoretui.commands.acting.literal import LiteralSaid

    names = ("engine", "wait", "timeout", "fail_fast")
    literal = LiteralSaid(*(options.pop(name) for name in ("restore_request", "checksum_algorithm", "content_md5")))
    return {
        **take_lasting(options, said_literally=literal.request is not None), **take_then(options),
        "literal": literal,
        "batch": take_batch_options(options), "agreeing": take_agreeing(options),
        **{name: options.pop(name) for name in names},
    }  # fmt: skip


def names_manifest(said: dict[str, Any]) -> bool:
    """A manifest that exists says which objects are meant."""
    return said["batch"]["manifest"] not in (None, "written", "generated")


def add_runs(cli: click.Group) -> None:
    """Add the commands."""

    @cli.command()
    @click.argument("run")
    @agreeing
    @FAIL_FAST
    @WAIT
    @WAIT_LIMIT
    @printing
    @common
    def retry(run: str, fail_fast: bool, wait: bool, timeout: timedelta | None, form: Form, **options: Any) -> None:
        """Ask for the failed objects of a run once more, one request each."""
        agreed = take_agreeing(options)
        headless(
            options, form,
            f"{ACTING}.retrying", "retry", run, agreed, wait=wait, timeout=timeout, fail_fast=fail_fast,
        )  # fmt: skip

    @cli.command()
    @click.argument("run")
    @DRY_RUN
    @WAIT_LIMIT
    @printing
    @common
    def cancel(run: str, dry_run: bool, timeout: timedelta | None, form: Form, **flags: Any) -> None:
        """Give up what of a run was not sent yet; what was sent cannot be called back."""
        headless(flags, form, f"{ACTING}.cancelling", "cancel", run, dry_run=dry_run, timeout=timeout)
