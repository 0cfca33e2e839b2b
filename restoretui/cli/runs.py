"""What is done to runs: ``retry`` and ``cancel``; and the options that a restore and its plan share."""

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import click

from restoretui.cli.batch import CONFIRM, batch_options, take_batch_options
from restoretui.cli.neighbours.events import EVENTS
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
from restoretui.commands.form import Form, Shape
from restoretui.core.bounds import KEEP_DAYS
from restoretui.core.literal import CHECKSUMS
from restoretui.core.model import Tier
from restoretui.core.saying.on_behalf import OnBehalf
from restoretui.reports.forms import BINARY, ENDINGS, PAGES

if TYPE_CHECKING:
    from restoretui.commands.acting.said import RestoreSaid

F = TypeVar("F", bound=Callable[..., Any])
ACTING = "restoretui.commands.acting"


def _behalf(command: F) -> F:
    """Add what is said for whoever a run is handed to."""
    for option in reversed((
        click.option("--requester", metavar="TEXT", help="Who asks for it, for whoever reads the run or its report."),
        click.option("--ticket", metavar="TEXT", help="Under which ticket."),
        click.option("--note", metavar="TEXT", help="What else is to be known of it."),
    )):  # fmt: skip
        command = option(command)
    return command


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
                     help="batch: once all can be read, S3 Batch Operations copies what has at most 5 GB, as "
                     "--role-arn or the role of the config; the rest goes one by one, as all does else."),
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
        click.option("--keep-until-done", "keep_until_done", type=click.IntRange(1, int(KEEP_DAYS.most)), metavar="N",
                     help="Extend copies that would end before that is done, once and by at most N days. The price "
                     "of doing so is in the plan's."),
    )):  # fmt: skip
        command = option(command)
    return command


def literally(command: F) -> F:
    """Add the options that say a restore request as the cloud's API takes it."""
    for option in reversed((
        click.option("--restore-request", metavar="FILE|JSON",
                     help="In place of --days and --tier: what aws s3api restore-object --restore-request takes (any "
                     "member, SELECT too); - reads stdin. Sent as it is; what becomes of it is not judged here, nor "
                     "priced."),
        click.option("--checksum-algorithm", type=click.Choice(CHECKSUMS, case_sensitive=False),
                     help="Send that checksum of each restore request along."),
        click.option("--content-md5", is_flag=True, help="Send the MD5 of each restore request along."),
    )):  # fmt: skip
        command = option(command)
    return command


def take_then(options: dict[str, Any]) -> dict[str, Any]:
    """What ``then_options`` parsed, taken out of ``options``."""
    from restoretui.core.then.said import ThenSaid

    return {"then": ThenSaid(*(options.pop(name, None) for name in ThenSaid._fields))}


def check_tier(tier: str | None, *, said_literally: bool) -> None:
    """The tier of a restore is said, unless its request is said literally."""
    if (tier is None) is said_literally:
        return
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
        _behalf, agreeing, FAIL_FAST, WAIT, WAIT_LIMIT, EVENTS,
    )  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


def take_restoring(options: dict[str, Any], tier: str | None, *, needs_tier: bool = False) -> "RestoreSaid":
    """What ``lasting`` and ``restoring`` parsed, but what is chosen, taken out of ``options``."""
    from restoretui.commands.acting.literal import LiteralSaid
    from restoretui.commands.acting.said import RestoreSaid
    from restoretui.commands.agreeing import Meant

    behalf = OnBehalf(*(options.pop(name) or "" for name in OnBehalf._fields))
    then, batch = take_then(options), take_batch_options(options)
    if then["then"].copy_engine == "batch":
        # Jobs that copy act as the same role as those that restore; of the other options they have the config's.
        then = {"then": then["then"]._replace(copy_role=batch["role_arn"])}
        batch = batch | ({"role_arn": None} if options["engine"] == "direct" else {})
    literal = LiteralSaid(*(options.pop(name) for name in ("restore_request", "checksum_algorithm", "content_md5")))
    if needs_tier or (tier and literal.request):
        check_tier(tier, said_literally=bool(literal.request))
    meant = Meant(take_agreeing(options), *(options.pop(name) for name in ("wait", "timeout", "fail_fast")))
    return RestoreSaid(
        meant, tier=Tier(tier) if tier else None, engine=options.pop("engine"), batch=batch, behalf=behalf,
        literal=literal, **take_lasting(options, said_literally=literal.request is not None), **then,
    )  # fmt: skip


def _page_of(shape: str | None, target: str | None) -> str:
    """The form that was said, or else the one that the file's name says; Markdown where nothing does."""
    if shape is not None:
        return shape
    ending = (target or "").lower().rpartition(".")[2]
    return ENDINGS.get(ending, "md")


def add_runs(cli: click.Group) -> None:
    """Add the commands."""

    @cli.command()
    @click.argument("run")
    @click.option(
        "--format",
        "shape",
        type=click.Choice(list(dict.fromkeys(ENDINGS.values()))),
        help="Markdown, the usual; one HTML file; CSV or Parquet with one row; JSON. By the name of FILE, too.",
    )
    @click.option("--json", "as_json", is_flag=True, help="The same as --format jsonl.")
    @click.option("--output", "-o", "target", metavar="FILE", help="Write there once it is whole; default: stdout.")
    @click.option("--quiet", "-q", is_flag=True, help="Say nothing but errors.")
    @common
    def report(run: str, shape: str | None, as_json: bool, target: str | None, quiet: bool, **flags: Any) -> None:
        """A run for whoever it is handed to: what, for whom, when, at what cost, what failed, how to read it now."""
        if as_json and shape not in (None, "jsonl"):
            raise click.UsageError(f"--json is --format jsonl, and --format {shape} is another: leave one out.")
        page = _page_of("jsonl" if as_json else shape, target)
        shapes: dict[str, Shape] = {"csv": "csv", "json": "json", "jsonl": "jsonl"}
        form = Form(shapes.get(page, "table"), target=target, quiet=quiet)
        headless(
            flags, form,
            "restoretui.commands.report.report", "report", run, page if page in (*PAGES, BINARY) else None,
            only_shows=True,
        )  # fmt: skip

    @cli.command()
    @click.argument("run")
    @agreeing
    @FAIL_FAST
    @WAIT
    @WAIT_LIMIT
    @EVENTS
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
