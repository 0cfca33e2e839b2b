"""Options that several commands take, and the types of their values."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

import click

from restoretui.core.clock import SystemClock
from restoretui.core.durations import read_duration
from restoretui.core.model import State, Tier

F = TypeVar("F", bound=Callable[..., Any])


class Duration(click.ParamType[timedelta]):
    """``90``, ``90s``, ``15m``, ``6h``, ``2d``, ``1h30m``."""

    name = "DURATION"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Seconds when no unit is given."""
        if isinstance(value, timedelta):
            return value
        try:
            return read_duration(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


_COMMON: Sequence[Callable[[F], F]] = (
    click.option("--profile", help="Profile of the AWS config and credentials files."),
    click.option("--region", help="Region to sign for when a bucket does not tell its own."),
    click.option("--endpoint-url", help="An S3-compatible store, or a sandbox."),
    click.option("--store", metavar="NAME", help="What kind of S3-compatible store it is: scaleway, minio, …"),
    click.option("--path-style/--virtual-host-style", default=None, help="How to write a bucket into the URL."),
    click.option("--requester-pays", is_flag=True, help="Agree to pay for requests on requester-pays buckets."),
    click.option("--expected-bucket-owner", metavar="ACCOUNT", help="Refuse buckets of any other account."),
    click.option("--read-only", is_flag=True, help="Look and watch, never send a restore request."),
    click.option("--patience", type=Duration(),
                 help="End after so long without an answer, before anything was sent; 0: at once. Default: 45s."),
    click.option("--state-dir", metavar="DIR", help="Where the ledger lives."),
    click.option("--config", metavar="PATH", help="Config file, or the folder it is in."),
    click.option("--verbose", "-v", is_flag=True, help="Write a log of what is done to the state folder."),
)  # fmt: skip
TAKES_VALUE = {
    "--profile", "--region", "--endpoint-url", "--store", "--expected-bucket-owner", "--patience", "--state-dir",
    "--config",
}  # fmt: skip
COMMON_NAMES = (
    "profile", "region", "endpoint_url", "store", "path_style", "requester_pays", "expected_bucket_owner",
    "read_only", "patience", "state_dir", "config", "verbose",
)  # fmt: skip


def common(command: F) -> F:
    """Add the options every command takes."""
    for option in reversed(_COMMON):
        command = option(command)
    return command


def selectors(command: F) -> F:
    """Add the options that choose among the objects at a location."""
    for option in reversed((
        click.option("--state", "states", multiple=True, type=click.Choice([state.value for state in State]),
                     help="Only objects in this state; may be repeated."),
        click.option("--storage-class", "classes", multiple=True, metavar="CLASS",
                     help="Only this storage class; may be repeated."),
        click.option("--match", metavar="GLOB", default="", help="Only keys that match, or contain, this."),
        click.option("--versions", is_flag=True, help="Every version, not only the current one."),
    )):  # fmt: skip
        command = option(command)
    return command


def keys(command: F) -> F:
    """Add the options that name objects one by one."""
    for option in reversed((
        click.option("--keys-from", metavar="FILE", help="Keys, one a line, verbatim; - reads stdin."),
        click.option("--version-id", metavar="ID", help="That version of the one key."),
    )):  # fmt: skip
        command = option(command)
    return command


class Instant(click.ParamType[datetime]):
    """``2026-12-01T12:00:00Z``, ``2026-12-01`` (midnight), or ``now``; UTC unless an offset is given."""

    name = "INSTANT"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """An aware instant in UTC."""
        if value == "now":
            return SystemClock().now()
        try:
            instant = value if isinstance(value, datetime) else datetime.fromisoformat(value)
            return instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is not an instant: write 2026-12-01T12:00:00Z, 2026-12-01 or now", param, ctx)


class Money(click.ParamType[Decimal]):
    """An amount in the price table's currency."""

    name = "USD"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Decimal:
        """Not negative."""
        try:
            money = Decimal(str(value).removeprefix("$"))
        except InvalidOperation:
            money = Decimal(-1)
        if not money.is_finite() or money < 0:
            self.fail(f"{value!r} is not an amount of money", param, ctx)
        return money


TIER = click.Choice([tier.value for tier in Tier], case_sensitive=False)
DAYS = click.option("--days", required=True, type=int, metavar="N", help="How long the restored copy shall last.")
JSON = click.option("--json", "as_json", is_flag=True, help="JSON lines on stdout.")
WAIT_LIMIT = click.option("--timeout", type=Duration(), help="Give up waiting after this (exit code 3).")
LOCATIONS = click.argument("locations", nargs=-1, required=True, metavar="LOCATION...")
