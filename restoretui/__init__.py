"""restoretui: a live board for restoring archived cloud objects.

An application first. What other programs may rely on is what stands in ``__all__``; "Embedding" in
docs/architecture.md has an example. Importing this package costs nothing: each name loads its module when it is first
used (PEP 562), so neither the screens nor a cloud SDK is loaded until then.
"""

from importlib import import_module

TYPE_CHECKING = False
"""True to a type checker, which goes by the name; loading ``typing`` for it would cost more than all else here."""

if TYPE_CHECKING:
    from restoretui.config.loading import load_settings
    from restoretui.config.settings import Settings
    from restoretui.core.clock import Clock
    from restoretui.core.errors import GuardStopped, PlanChanged, RestoreTuiError
    from restoretui.core.filter.parser import parse_filter
    from restoretui.core.location import Location, parse_location
    from restoretui.core.model import ObjectRef, State, Tier
    from restoretui.core.plan.money import Amount
    from restoretui.core.plan.plan import RestorePlan
    from restoretui.core.rules.verdicts import Purpose
    from restoretui.ledger.records import Listing, Query
    from restoretui.ledger.run_records import Run
    from restoretui.session.session import Session, open_session

__version__ = "0.2.0"

__all__ = [
    "Amount",
    "Clock",
    "GuardStopped",
    "Listing",
    "Location",
    "ObjectRef",
    "PlanChanged",
    "Purpose",
    "Query",
    "RestorePlan",
    "RestoreTuiError",
    "Run",
    "Session",
    "Settings",
    "State",
    "Tier",
    "__version__",
    "load_settings",
    "open_session",
    "parse_filter",
    "parse_location",
]

_HOMES = {
    "restoretui.config.loading": ("load_settings",),
    "restoretui.config.settings": ("Settings",),
    "restoretui.core.clock": ("Clock",),
    "restoretui.core.errors": ("GuardStopped", "PlanChanged", "RestoreTuiError"),
    "restoretui.core.filter.parser": ("parse_filter",),
    "restoretui.core.location": ("Location", "parse_location"),
    "restoretui.core.model": ("ObjectRef", "State", "Tier"),
    "restoretui.core.plan.money": ("Amount",),
    "restoretui.core.plan.plan": ("RestorePlan",),
    "restoretui.core.rules.verdicts": ("Purpose",),
    "restoretui.ledger.records": ("Listing", "Query"),
    "restoretui.ledger.run_records": ("Run",),
    "restoretui.session.session": ("Session", "open_session"),
}

if not TYPE_CHECKING:  # A type checker goes by the imports above, and so knows a name that is not there.

    def __getattr__(name):
        home = next((module for module, names in _HOMES.items() if name in names), None)
        if home is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(import_module(home), name)
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
