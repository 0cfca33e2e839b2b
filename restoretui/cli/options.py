"""Options that several commands take, and the types of their values."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click

from restoretui.core.bounds import Bounds
from restoretui.core.durations import read_duration, read_instant
from restoretui.core.errors import UsageError
from restoretui.core.model import State, Tier

if TYPE_CHECKING:
    from restoretui.core.filter.tree import Filter
    from restoretui.core.plan.money import Amount

F = TypeVar("F", bound=Callable[..., Any])


def shared(*names: str, **attrs: Any) -> Callable[[F], F]:
    """An option of several commands: one object, where Click would make one for each of them.

    A thousand objects for some two hundred options are a tenth of the time that ``--help`` takes.
    """
    made = click.Option(names, **attrs)
    return click.option(cls=cast("type[click.Option]", lambda *_names, **_attrs: made))


def _with(command: F, options: "Sequence[Callable[[F], F]]") -> F:
    """Add them, in the order in which help has them."""
    for option in reversed(options):
        command = option(command)
    return command


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
    shared("--profile", metavar="NAME", help="Profile of the AWS config and credentials files."),
    shared("--region", metavar="REGION", help="Region to sign for when a bucket does not tell its own: eu-west-1."),
    shared("--endpoint-url", metavar="URL", help="An S3-compatible store, or a sandbox: https://s3.example.net."),
    shared("--store", metavar="NAME", help="What kind of S3-compatible store it is: scaleway, minio, …"),
    shared("--path-style/--virtual-host-style", default=None, help="How to write a bucket into the URL."),
    shared("--requester-pays", is_flag=True, help="Agree to pay for requests on requester-pays buckets."),
    shared("--expected-bucket-owner", metavar="ACCOUNT", help="Refuse buckets of any other account: its 12 digits."),
    shared("--read-only", is_flag=True, help="Look and watch, never send a restore request."),
    shared("--patience", type=Duration(),
           help="End after so long without an answer, before anything was sent; 0: at once. 90s, 2m; default: 45s."),
    shared("--state-dir", metavar="DIR", help="Where the ledger lives. Default: ~/.local/state/restoretui."),
    shared("--config", metavar="PATH", help="Config file, or the folder it is in. Default: ~/.config/restoretui."),
    shared("--verbose", "-v", is_flag=True, help="Write a log of what is done to the state folder."),
)  # fmt: skip
TAKES_VALUE = {
    "--profile", "--region", "--endpoint-url", "--store", "--expected-bucket-owner", "--patience", "--state-dir",
    "--config", "--events",
}  # fmt: skip
COMMON_NAMES = (
    "profile", "region", "endpoint_url", "store", "path_style", "requester_pays", "expected_bucket_owner",
    "read_only", "patience", "state_dir", "config", "verbose",
)  # fmt: skip


def common(command: F) -> F:
    """Add the options every command takes."""
    return _with(command, _COMMON)


def common_but(name: str) -> Callable[[F], F]:
    """Add the options every command takes, except one that the command has in a form of its own."""

    def add(command: F) -> F:
        for option, called in reversed(list(zip(_COMMON, COMMON_NAMES, strict=True))):
            command = command if called == name else option(command)
        return command

    return add


_UNSET = ", as an unset variable is, and would choose all or nothing: leave it out"


def _none_empty(_ctx: click.Context, _param: click.Parameter, globs: tuple[str, ...]) -> tuple[str, ...]:
    if "" in globs:
        raise click.BadParameter(f"it is empty{_UNSET}")
    return globs


class Where(click.ParamType["Filter | None"]):
    """A filter, as in the screens: docs/filter.md."""

    name = "FILTER"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> "Filter | None":
        """Its tree; what is wrong stands below the word that is."""
        from restoretui.core.filter.parser import FilterError, parse_filter
        from restoretui.wording.safe import clean, width

        if not isinstance(value, str):
            return value  # type: ignore[no-any-return]  # Click converts a default twice.
        if not value.strip():
            self.fail(f"it is empty{_UNSET}", param, ctx)
        try:
            return parse_filter(value)
        except FilterError as error:
            marks = " " * width(clean(value[: error.start])) + "^" * (error.end - error.start)
            hint = f"; {error.hint}" if error.hint else ""
            self.fail(f"{error}{hint}\n  {clean(value)}\n  {marks}", param, ctx)


class Size(click.ParamType[int]):
    """``500``, ``10K``, ``1.5G``."""

    name = "SIZE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Bytes, in 1024s."""
        from restoretui.core.filter.units import read_size

        try:
            return value if isinstance(value, int) else read_size(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


class Age(click.ParamType[int]):
    """``48h``, ``90d``, ``2y``."""

    name = "AGE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Seconds."""
        from restoretui.core.filter.units import read_span

        try:
            return value if isinstance(value, int) else read_span(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


WHERE = shared(
    "--where", "where", metavar="FILTER", multiple=True, type=Where(),
    help="Only what matches this filter, as in the screens: 'state:archived size>1G age>2y !*.bai'; see below. "
    "May be repeated: all of them.",
)  # fmt: skip


_MATCHING: Sequence[Callable[[F], F]] = (
    WHERE,
    shared("--storage-class", "classes", multiple=True, metavar="CLASS",
           help="Only this storage class: GLACIER, DEEP_ARCHIVE; may be repeated."),
    shared("--match", "matches", metavar="GLOB", multiple=True, callback=_none_empty,
           help="Only keys that match this glob (* crosses /, {a,b} is either), or, without wildcards, "
           "contain it; may be repeated: any of them."),
    shared("--exclude", "excludes", metavar="GLOB", multiple=True, callback=_none_empty,
           help="No keys that match this, likewise; may be repeated."),
    shared("--older-than", "older_than", type=Age(), help="Modified longer ago: 90d, 2y."),
    shared("--newer-than", "newer_than", type=Age(), help="Modified since: 48h, 7d."),
    shared("--larger-than", "larger_than", type=Size(), help="Larger: 500, 10K, 1.5G (1024s)."),
    shared("--smaller-than", "smaller_than", type=Size(), help="Smaller: 500, 10K, 1.5G (1024s)."),
    shared("--versions", is_flag=True, help="Every version, not only the current one."),
)  # fmt: skip


def matching(command: F) -> F:
    """Add the options that choose among objects by what a listing tells of them."""
    return _with(command, _MATCHING)


_STATE = shared(
    "--state", "states", multiple=True, metavar="STATE",
    type=click.Choice([state.value for state in State], case_sensitive=False),
    help=f"Only objects in this state: {', '.join(state.value for state in State)}. May be repeated: any of them.",
)  # fmt: skip


def selectors(command: F) -> F:
    """Add the options that choose among the objects at a location."""
    return _STATE(matching(command))


VERSION_ID = shared("--version-id", metavar="ID", help="That version of the one key.")


KEYS_FORMAT = shared(
    "--keys-format",
    type=click.Choice(["plain", "uri", "jsonl", "csv", "manifest", "report"], case_sensitive=False),
    help="How that list is written: keys; locations; JSON lines, as --json and export print them; CSV with headings "
    "(location, or bucket, key, version_id); a manifest or completion report of S3 Batch Operations. Default: plain, "
    "unless its first line can be no key. All but plain name buckets, so LOCATION may be left out.",
)


_KEYS: Sequence[Callable[[F], F]] = (
    shared("--keys-from", metavar="FILE",
           help="Keys, one a line, verbatim; - reads stdin; @NAME takes what of a set lies at LOCATION."),
    KEYS_FORMAT,
    shared("-0", "--null", "keys_nul", is_flag=True, help="Keys in that list end in NUL, as find -print0."),
    VERSION_ID,
)  # fmt: skip


def keys(command: F) -> F:
    """Add the options that name objects one by one."""
    return _with(command, _KEYS)


ASK_UNSEEN = shared(
    "--ask-unseen", is_flag=True,
    help="Ask also for objects that may not be looked at (HEAD is denied), at a price that is not known.",
)  # fmt: skip


FROM_INVENTORY = shared(
    "--from-inventory", "from_inventory", metavar="LOCATION|FILE|imported|configured",
    help="By the bucket's inventory in place of a listing: its manifest.json, the folder with its dates, the one"
    " `imported` last, or the newest that the bucket's own configuration has had written (`configured`).",
)  # fmt: skip


class Instant(click.ParamType[datetime]):
    """``2026-12-01T12:00:00Z``, ``2026-12-01`` (midnight), or ``now``; UTC unless an offset is given."""

    name = "INSTANT"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """An aware instant in UTC."""
        try:
            return value if isinstance(value, datetime) else read_instant(value)
        except ValueError:
            self.fail(f"{value!r} is not an instant: write 2026-12-01T12:00:00Z, 2026-12-01 or now", param, ctx)


class Since(click.ParamType["datetime | timedelta"]):
    """An instant, or how long ago: ``2d``, ``36h``; a number alone is neither, since a year may be meant."""

    name = "TIME"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> "datetime | timedelta":
        """A span, or else an instant in UTC."""
        if isinstance(value, datetime | timedelta):
            return value
        try:
            return read_duration(value) if value[-1:].islower() and value != "now" else read_instant(value)
        except ValueError:
            forms = "2026-12-01T12:00Z, 2026-12-01, or how long ago: 5m, 36h, 7d"
            self.fail(f"{value!r} is no instant: write {forms}", param, ctx)


SINCE = shared("--since", type=Since(), help="Only what is newer: 2d, 36h, 2026-12-01, 2026-12-01T12:00Z (UTC).")


_PAST: Sequence[Callable[[F], F]] = (
    shared("--as-of", "as_of", type=Since(), metavar="INSTANT",
           help="What was there then, by its versions: 2026-12-01T12:00Z, or how long ago: 5m, 7d."),
    shared("--deleted-since", "deleted_since", type=Since(), metavar="INSTANT",
           help="Only what was deleted since then, and is deleted now: 2026-12-01T12:00Z, 5m, 7d."),
)  # fmt: skip


def past(command: F) -> F:
    """Add the options that choose what was there before."""
    return _with(command, _PAST)


class Number(click.ParamType[float]):
    """A number in a range: what is no number, nan say, lies in none."""

    name = "NUMBER"

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """As the config's numbers are checked."""
        try:
            return self._bounds.check("it", float(value))
        except (ValueError, UsageError):
            self.fail(f"{value!r} is not {self._bounds}", param, ctx)


SPEED = shared(
    "--speed", type=Number(Bounds(0.001, 1_000_000)), default=3600.0, show_default=True,
    help="Cloud seconds a second: 3600 is an hour a second.",
)  # fmt: skip


class Money(click.ParamType["Amount"]):
    """An amount and its currency."""

    name = "AMOUNT"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> "Amount":
        """Not negative; dollars where no currency is named."""
        from restoretui.core.plan.money import Amount, read_amount

        if isinstance(value, Amount):
            return value
        try:
            return read_amount(value)
        except UsageError as error:
            self.fail(f"{error}: {error.hint}", param, ctx)


def _one_each(_ctx: click.Context, _param: click.Parameter, limits: "tuple[Amount, ...]") -> "tuple[Amount, ...]":
    currencies = [limit.currency for limit in limits]
    for currency in currencies:
        if currencies.count(currency) > 1:
            raise click.BadParameter(f"there are two limits in {currency}, and only one can hold")
    return limits


MAX_OBJECTS = shared(
    "--max-objects", "most_objects", type=click.IntRange(0), metavar="N",
    help="Do nothing when it is about more objects than this (exit code 5).",
)  # fmt: skip
YES = shared("--yes", is_flag=True, help="Do not ask.")
DRY_RUN = shared(
    "-n", "--dry-run", "dry_run", is_flag=True, help="Only show what would be done; nothing is sent or changed."
)
FAIL_FAST = shared(
    "--fail-fast", is_flag=True,
    help="Once an object fails send no more, and give up what is unsent. Requests under way then end.",
)  # fmt: skip


_AGREEING: Sequence[Callable[[F], F]] = (
    shared("--max-cost", "max_costs", type=Money(), multiple=True, metavar="AMOUNT", callback=_one_each,
           help="Send nothing when the estimate is above this (exit code 5): 20, or 100CNY for another "
           "currency; one for each currency. In place of the config's budget."),
    MAX_OBJECTS,
    YES,
    DRY_RUN,
)  # fmt: skip


def agreeing(command: F) -> F:
    """Add the options by which spending is agreed to."""
    return _with(command, _AGREEING)


def guarded(command: F) -> F:
    """Add those of them that suit what costs nothing and yet takes something away."""
    return _with(command, (MAX_OBJECTS, YES, DRY_RUN))


TIER = click.Choice([tier.value for tier in Tier], case_sensitive=False)


_LASTING: Sequence[Callable[[F], F]] = (
    shared("--days", type=int, metavar="N", help="How many days the restored copies shall last, 1 or more."),
    shared("--until", type=Instant(), metavar="DATE",
           help="Instead: at least until then, as 2026-12-24 (its first minute) or 2026-12-24T18:00Z."),
    shared("--shorten", is_flag=True,
           help="Let copies that last longer than that end sooner, where the store can."),
)  # fmt: skip


def lasting(command: F) -> F:
    """Add the options that say how long copies shall last."""
    return _with(command, _LASTING)


def take_lasting(options: dict[str, Any], *, said_literally: bool = False) -> dict[str, Any]:
    """What ``lasting`` parsed, taken out of ``options``: exactly one of days and a date is said.

    Neither where the request is said literally, which has the days itself.
    """
    days, until, shorten = (options.pop(name) for name in ("days", "until", "shorten"))
    if said_literally:
        if days is not None or until is not None or shorten:
            raise click.UsageError("--restore-request says the days itself: leave --days, --until and --shorten out.")
        return {"lasting": 1, "shorten": False}
    if days is None and until is None:
        raise click.UsageError("Missing option '--days' (or '--until').")
    if days is not None and until is not None:
        raise click.UsageError("--days and --until say the same thing twice: leave one out.")
    return {"lasting": days if until is None else until, "shorten": shorten}


WAIT_LIMIT = shared(
    "--timeout", type=Duration(),
    help="Give up waiting after this (exit code 3): 90s, 15m, 6h, 2d. Default: never.",
)  # fmt: skip
LOCATIONS = click.argument("locations", nargs=-1, required=True, metavar="LOCATION...")
SOME_LOCATIONS = click.argument("locations", nargs=-1, metavar="LOCATION...")
"""Where a list of objects may stand in their place."""
