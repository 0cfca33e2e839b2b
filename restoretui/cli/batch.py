"""The ``batch`` group of the command line, and the options by which a restore goes through jobs."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

import click

from restoretui.cli.options import JSON, WAIT_LIMIT, common
from restoretui.cli.running import headless

F = TypeVar("F", bound=Callable[..., Any])

BATCH_NAMES = (
    "role_arn", "manifest_location", "report_location", "report_scope", "priority", "description", "tags",
)  # fmt: skip
BATCH = "restoretui.commands.batch"
STATUSES = (
    "New", "Preparing", "Suspended", "Ready", "Active", "Pausing", "Paused", "Completing", "Complete", "Cancelling",
    "Cancelled", "Failing", "Failed",
)  # fmt: skip


def batch_options(command: F) -> F:
    """Add the options of jobs; without them the config decides."""
    for option in reversed((
        click.option("--role-arn", metavar="ARN", help="The role that S3 Batch Operations acts as."),
        click.option("--manifest-location", metavar="LOCATION",
                     help="Where manifests are written; default: the bucket itself."),
        click.option("--report-location", metavar="LOCATION",
                     help="Where completion reports go; default: the bucket itself."),
        click.option("--report-scope", type=click.Choice(["all", "failed", "none"]),
                     help="What the report tells of; default: all."),
        click.option("--priority", type=click.IntRange(0, 2_147_483_647), help="Higher goes first; default: 10."),
        click.option("--description", metavar="TEXT", help="Of the job, for people."),
        click.option("--tag", "tags", multiple=True, metavar="KEY=VALUE", help="Of the job; may be repeated."),
    )):  # fmt: skip
        command = option(command)
    return command


def take_batch_options(options: dict[str, Any]) -> dict[str, Any]:
    """Take those options out of a command's."""
    return {name: options.pop(name) for name in BATCH_NAMES}


def add_batch(cli: click.Group) -> None:
    """Add the group."""
    job = click.argument("job")

    @cli.group()
    def batch() -> None:
        """Jobs of S3 Batch Operations: list, show, confirm, cancel, reports, policies."""

    @batch.command()
    @click.option("--status", "statuses", multiple=True, type=click.Choice(STATUSES, case_sensitive=False),
                  help="Only jobs in this status; may be repeated.")  # fmt: skip
    @click.option("--all", "everything", is_flag=True, help="Jobs of other operations than restores, too.")
    @JSON
    @common
    def ls(statuses: tuple[str, ...], everything: bool, as_json: bool, **flags: Any) -> None:
        """Jobs of anybody in the account and region."""
        headless(flags, as_json, BATCH, "ls", statuses, everything=everything)

    def one(name: str, about: str) -> None:
        @batch.command(name, help=about)
        @job
        @JSON
        @common
        def command(job: str, as_json: bool, **flags: Any) -> None:
            function = "clean_up" if name == "clean" else name
            headless(flags, as_json, BATCH, function, job)

    one("show", "All that is known of one job.")
    one("confirm", "Let a suspended job run.")
    one("cancel", "Cancel a job; restores it asked for go on.")
    one("clone", "Make a suspended job like that one, with the same manifest.")
    one("clean", "Delete the manifest and the report that we wrote for a job of ours.")

    @batch.command()
    @job
    @click.argument("number", type=click.IntRange(0, 2_147_483_647))
    @JSON
    @common
    def priority(job: str, number: int, as_json: bool, **flags: Any) -> None:
        """Change a job's priority; higher goes first."""
        headless(flags, as_json, BATCH, "priority", job, number)

    @batch.command()
    @job
    @click.option("--json", "form", flag_value="json", help="JSON lines on stdout.")
    @click.option("--csv", "form", flag_value="csv", help="CSV on stdout.")
    @click.option("--failed", is_flag=True, help="Only tasks that failed.")
    @common
    def report(job: str, form: str | None, failed: bool, **flags: Any) -> None:
        """The completion report of a job; exit code 1 when any task failed."""
        as_json = form == "json"
        headless(flags, as_json, BATCH, "report", job, form or "table", failed=failed)

    @batch.command()
    @click.argument("locations", nargs=-1, required=True, metavar="LOCATION...")
    @click.option("--only", type=click.Choice(["trust", "role", "caller"]), help="Only this one.")
    @batch_options
    @common
    def policy(locations: tuple[str, ...], only: str | None, **options: Any) -> None:
        """The trust policy, role policy and caller policy for these buckets, ready to paste."""
        chosen = take_batch_options(options)
        headless(
            options, False,
            BATCH, "policy", locations, chosen, only,
        )  # fmt: skip

    @batch.command()
    @click.argument("run")
    @batch_options
    @click.option("--wait", is_flag=True, help="Wait until the copies are available.")
    @WAIT_LIMIT
    @JSON
    @common
    def retry(run: str, wait: bool, timeout: timedelta | None, as_json: bool, **options: Any) -> None:
        """Send the failed objects of a run anew through a job."""
        chosen = take_batch_options(options)
        headless(
            options, as_json,
            BATCH, "retry", run, chosen, wait=wait, timeout=timeout,
        )  # fmt: skip
