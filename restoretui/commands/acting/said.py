"""What is said of a restore besides its objects: the same for its plan, and where a manifest names the objects."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from restoretui.commands.agreeing import Meant
from restoretui.core.model import Tier
from restoretui.core.rules.rules import check_days
from restoretui.core.saying.on_behalf import NOBODY, OnBehalf
from restoretui.core.then.said import ThenSaid
from restoretui.ledger.records import EVERYTHING, Query

if TYPE_CHECKING:
    from restoretui.commands.acting.jobs import EngineName
    from restoretui.commands.acting.literal import LiteralSaid
    from restoretui.commands.telling import Since

Lasting = int | datetime
"""How long copies shall last: so many days, or at least until then."""


class RestoreSaid(NamedTuple):
    """The options of ``restore``, of which ``plan`` takes every one."""

    meant: Meant
    lasting: Lasting
    tier: Tier | None
    """None: not said, so a plan is one of all tiers."""
    shorten: bool = False
    engine: "EngineName" = "direct"
    batch: Mapping[str, Any] = MappingProxyType({})
    """The options of jobs, as the command line has them."""
    then: ThenSaid | None = None
    behalf: OnBehalf = NOBODY
    literal: "LiteralSaid | None" = None

    @property
    def names_manifest(self) -> bool:
        """A manifest that exists says which objects are meant."""
        return self.batch.get("manifest") not in (None, "written", "generated")


class WatchSaid(NamedTuple):
    """The options of ``watch``."""

    timeout: timedelta | None = None
    query: Query = EVERYTHING
    """With ``since``: the changes that are told."""
    since: "Since | None" = None
    fail_fast: bool = False
    dry_run: bool = False
    """Only what would be sent is told."""
    until_next: bool = False
    """What is due is done, and that is all."""


class JobsSaid(NamedTuple):
    """The options of jobs of S3 Batch Operations, as the command line has them; None, or nothing: not said."""

    role_arn: str | None = None
    manifest: str | None = None
    manifest_location: str | None = None
    report_location: str | None = None
    report_scope: str | None = None
    priority: int | None = None
    description: str | None = None
    tags: Sequence[str] = ()
    confirm: str | None = None


def check_lasting(lasting: Lasting) -> None:
    """``UsageError`` for days that no cloud takes."""
    if isinstance(lasting, int):
        check_days(lasting)
