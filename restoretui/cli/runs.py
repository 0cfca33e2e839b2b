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
    Size,
    agreeing,
    common,
    keys,
    past,
    selectors,
    take_lasting,
)
from restoretui.cli.printing import printing
from restoretui.cli.running import headless, take_agreeing
from restoretui.commands.form import Form

F = TypeVar("F", bound=Callable[..., Any])
ACTING = "restoretui.commands.acting"
WAIT = click.option("--wait", is_flag=True, help="Wait until the copies are available, and --then is done.")


def then_options(command: F) -> F:
    """Add the options that say what is done with each object once it can be read."""
    for option in reversed((
        click.option("--then", "then", metavar="STEP", multiple=True,
                     help="What to do with each object once it can be read: copy (in place) or copy:LOCATION keeps "
                     "it for good, download:DIR, exec:COMMAND; once all are done: presign:FILE, webhook:NAME, "
                     "notify:NAME. May "
                     "be repeated: done in that order."),
        click.option("--copy-class", metavar="CLASS", help="Storage class of copies. Default: STANDARD."),
        click.option("--copy-engine", "copy_engine", type=click.Choice(["direct", "batch"]),
                     help="batch: once all can be read, S3 Batch Operations copies what has at most 5 GB (by the "
                     "role of the config or RESTORETUI_BATCH_ROLE_ARN); the rest goes one by one, as all does else."),
        click.option("--bandwidth", type=Size(), metavar="BYTES",
                     help="Download no more than so much a second: 500K, 20M (1024s)."),
        click.option("--on", "on", metavar="EVENT=STEP", multiple=True,
                     help="Tell somebody of the run, once: EVENT is done, readable (its first object), failed or "
                     "expiring (its first copy ends soon), STEP webhook:NAME, notify:NAME or exec:COMMAND. May be "
                     "repeated; [[hooks]] in the config is for all runs."),
        click.option("--delete-archived", "delete_archived", type=click.IntRange(1), metavar="COUNT",
                     help="Remove the archived version of each copied object for good, once its copy is verified. "
                     "COUNT is how many go, as the plan says it: any other number stops it, and --yes does not "
                     "replace it."),
        click.option("--keep-until-done", "keep_until_done", type=click.IntRange(1, 365), metavar="N",
                     help="Extend copies that would end before that is done, once and by at most N days. The price "
                     "of doing so is in the plan's."),
    )):  # fmt: skip
        command = option(command)
    return command


def take_then(options: dict[str, Any]) -> dict[str, Any]:
    """What ``then_options`` parsed, taken out of ``options``."""
    from restoretui.core.then.said import ThenSaid

    return {"then": ThenSaid(*(options.pop(name) for name in ThenSaid._fields))}


def restoring(command: F) -> F:
    """Add all that is said of a restore beside its tier; ``plan`` takes the very same."""
    engine = click.option(
        "--engine", type=click.Choice(["direct", "batch", "auto"]), default="direct", show_default=True,
        help="One request for each object, S3 Batch Operations, or whichever is better.",
    )  # fmt: skip
    options: tuple[Callable[[F], F], ...] = (
        selectors, keys, FROM_INVENTORY, past, ASK_UNSEEN, engine, batch_options, CONFIRM, then_options, agreeing,
        FAIL_FAST, WAIT, WAIT_LIMIT,
    )  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


def take_restoring(options: dict[str, Any]) -> dict[str, Any]:
    """What ``lasting`` and ``restoring`` parsed, but what is chosen, taken out of ``options``."""
    names = ("engine", "wait", "timeout", "fail_fast")
    return {
        **take_lasting(options), **take_then(options),
        "batch": take_batch_options(options), "agreeing": take_agreeing(options),
        **{name: options.pop(name) for name in names},
    }  # fmt: skip


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
