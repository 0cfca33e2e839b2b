"""What is said of a restore besides its objects: the same for its plan, and where a manifest names the objects."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from restoretui.commands.agreeing import Meant
from restoretui.core.model import Tier
from restoretui.core.rules.rules import check_days
from restoretui.core.saying.on_behalf import NOBODY, OnBehalf
from restoretui.core.then.said import ThenSaid

if TYPE_CHECKING:
    from restoretui.commands.acting.jobs import EngineName
    from restoretui.commands.acting.literal import LiteralSaid

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


def check_lasting(lasting: Lasting) -> None:
    """``UsageError`` for days that no cloud takes."""
    if isinstance(lasting, int):
        check_days(lasting)
