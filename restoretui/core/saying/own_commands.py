"""Our own commands, as the words a shell hands to ``restoretui``: what a dialog shows, for a ticket or a runbook.

Never a secret, and never ``--yes``: whoever runs the line is shown the plan and asked, as the one who copied it was.
"""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct, field

from restoretui.core.batch.jobs import BatchOptions, Place
from restoretui.core.errors import UsageError
from restoretui.core.literal.literal import NOTHING_SAID, Literal
from restoretui.core.model import Tier
from restoretui.core.plan.money import Amount, plain
from restoretui.core.rules.commands import ShellCommand, option, options
from restoretui.core.saying.chosen import Chosen
from restoretui.core.saying.on_behalf import NOBODY, OnBehalf
from restoretui.core.then.said import role_of, words_of
from restoretui.core.then.steps import ThenStep

PROGRAM = "restoretui"


class Reach(Struct, frozen=True):
    """How a command reaches the cloud: assignments to its environment, and options."""

    environment: tuple[str, ...] = ()
    """``NAME=value``, for what no option says."""
    flags: tuple[str, ...] = ()

    def command(self, words: Sequence[str]) -> ShellCommand:
        """The command with both."""
        return ShellCommand((*self.environment, PROGRAM, *words, *self.flags), assigned=len(self.environment))


class Wish(Struct, frozen=True):
    """How it is to be restored: all that a plan depends on besides the objects."""

    tier: Tier
    lasting: int | datetime
    """Days, or until when."""
    shorten: bool = False
    ask_unseen: bool = False
    batch: BatchOptions | None = None
    """Through jobs made so; None for single requests."""
    then: tuple[ThenStep, ...] = ()
    """What is done with each object once it can be read."""
    limits: tuple[Amount, ...] = field(default=())
    """What it may cost at most, one for each currency."""
    most_objects: int | None = None
    behalf: OnBehalf = NOBODY
    literal: Literal = NOTHING_SAID
    """What is said in place of days and tier, or besides."""

    def words(self) -> list[str]:
        """All of it."""
        until, said = self.lasting, self.literal
        days = ["--days", str(until)] if isinstance(until, int) else ["--until", instant(until)]
        return [
            *(["--restore-request", said.request] if said.request else [*days, "--tier", self.tier.value]),
            *options(("--checksum-algorithm", said.checksum)),
            *(["--content-md5"] if said.md5 else []),
            *(["--shorten"] if self.shorten else []),
            *(["--ask-unseen"] if self.ask_unseen else []),
            *self._of_jobs(),
            *words_of(self.then),
            *self.behalf.words(),
            *(word for limit in self.limits for word in ("--max-cost", f"{plain(limit.value)}{limit.currency}")),
            *(["--max-objects", str(self.most_objects)] if self.most_objects is not None else []),
        ]

    def _of_jobs(self) -> list[str]:
        """``UsageError`` where jobs restore as one role and copy as another, which one command cannot say."""
        copies_as = role_of(self.then)
        if self.batch is None:
            return options(("--role-arn", copies_as))
        if copies_as not in ("", self.batch.role_arn):
            raise UsageError("one command cannot say two roles, one that restores and one that copies", "choose one")
        return ["--engine", "batch", *job_words(self.batch)]


def restore_command(reach: Reach, chosen: Chosen, wish: Wish) -> ShellCommand:
    """``restoretui restore``."""
    return reach.command(["restore", *chosen.words(), *wish.words()])


def clean_command(reach: Reach, chosen: Chosen) -> ShellCommand:
    """``restoretui clean``: of objects, or of a run named as the one location."""
    return reach.command(["clean", *chosen.words()])


def batch_command(reach: Reach, action: str, about: str, *more: str) -> ShellCommand:
    """``restoretui batch ACTION JOB|RUN``."""
    return reach.command(["batch", action, about, *more])


def job_words(jobs: BatchOptions) -> list[str]:
    """The options of jobs, each said: the reader's config may have others."""
    return [
        *options(
            ("--role-arn", jobs.role_arn),
            ("--manifest", jobs.named),
            ("--manifest-location", None if jobs.generated or jobs.existing else _location(jobs.manifest)),
            ("--report-location", _location(jobs.report)),
            ("--report-scope", jobs.scope.value),
            ("--priority", str(jobs.priority)),
            ("--description", jobs.description),
        ),
        *(word for name, value in jobs.tags.items() for word in option("--tag", f"{name}={value}")),
        *("--confirm", "later" if jobs.hold else "now"),
    ]


def _location(place: Place | None) -> str | None:
    if place is None:
        return None
    return f"s3://{place.bucket}/{place.prefix}/" if place.prefix else f"s3://{place.bucket}/"


def instant(at: datetime) -> str:
    """As ``--until`` reads it, in UTC."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
