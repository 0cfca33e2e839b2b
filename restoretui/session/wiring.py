"""The composition root: settings, ledger, providers, engine and clock wired together into a session's parts."""

import asyncio
from functools import cached_property
from typing import TYPE_CHECKING

from restoretui.config.settings import Settings
from restoretui.engine.engine import Engine
from restoretui.engine.traffic.health import HealthBoard
from restoretui.engine.traffic.speaker import Works
from restoretui.ledger import Ledger
from restoretui.ledger.records import CatalogBounds
from restoretui.session.clouds import Clouds
from restoretui.session.listings import Listings
from restoretui.session.run_views import RunViews
from restoretui.session.then.tools import tools_of
from restoretui.session.waiting import WaitReasons

if TYPE_CHECKING:
    from restoretui.core.plan.pricing import PriceBook
    from restoretui.session.batch.manifests import JobManifests
    from restoretui.session.batch.operations import BatchOperations
    from restoretui.session.inventory.inventories import Inventories
    from restoretui.session.past.past import Past
    from restoretui.session.planning import Planner
    from restoretui.session.saying.commands import Saying
    from restoretui.session.saying.naming import Copying
    from restoretui.session.selecting import Selecting
    from restoretui.session.sets.sets import Sets
    from restoretui.session.spending import Spending
    from restoretui.session.then.checks import ThenChecks


class Wiring:
    """The parts of a session. What may be asked of them together is in ``Session``, which is made of these."""

    def __init__(
        self, settings: Settings, ledger: Ledger, prices: "PriceBook | None", works: Works | None = None
    ) -> None:
        self.settings = settings
        self.ledger = ledger
        self.clock = settings.clock
        self._board = HealthBoard(lambda: ledger.changes.publish("health"))
        self.works = works or Works()
        """What takes its time, for whoever has to say so."""
        self.clouds = Clouds(settings, self._board, self.works)
        """How each cloud is reached, by scheme."""
        self._engine = Engine(
            ledger, self.clock, self.clouds, self._board, settings.concurrency, may_send=not settings.read_only
        )
        self._engine.tools = tools_of(settings)
        self.waiting = WaitReasons(ledger, self.clouds, self._board, self._engine, self.works)
        """What is waited for, and why."""
        self.run_views = RunViews(ledger, self._engine, self.clock, read_only=settings.read_only)
        """What is known of runs."""
        self.bounds = CatalogBounds(
            size_bytes=int(settings.listings_max_gib * (1 << 30)), age_s=settings.listings_max_days * 86_400.0
        )
        """How much is kept of what was listed."""
        self.listings = Listings(ledger, self.clock, self.clouds, self.bounds, self.works)
        self._prices = prices
        self._engine_task: asyncio.Task[None] | None = None
        self.is_closed = False

    # --- parts that few commands need: loaded when they are first asked for --------------------------------------

    @cached_property
    def selecting(self) -> "Selecting":
        """Filling selections."""
        from restoretui.session.selecting import Selecting

        return Selecting(self.ledger, self.clock, self.clouds, self.listings, self.works)

    @cached_property
    def batch(self) -> "BatchOperations":
        """Everything about S3 Batch Operations."""
        from restoretui.session.batch import operations

        def may_send() -> None:
            self.spending.check_may_send()

        return operations.BatchOperations(
            self.settings, self.ledger, self.clouds, may_send, self._engine.resend, self.works
        )

    @cached_property
    def manifests(self) -> "JobManifests":
        """Manifests that exist, for jobs to run from."""
        from restoretui.session.batch.manifests import JobManifests

        return JobManifests(self.clock, self.clouds, self.works, self._planner.prices)

    @cached_property
    def _planner(self) -> "Planner":
        from restoretui.session.planning import Planner

        if self._prices is None:
            raise RuntimeError("the session was opened without prices, and is asked what something costs")
        return Planner(self.clock, self.ledger, self._prices, self.clouds)

    @cached_property
    def spending(self) -> "Spending":
        """Everything that costs money, or ends what was paid for: offered, guarded, agreed to, recorded."""
        from restoretui.session import spending

        return spending.Spending(self.settings, self.ledger, self.clouds, self._planner, self.batch, self._engine)

    @cached_property
    def then(self) -> "ThenChecks":
        """What shall be done with objects once they can be read, looked at before it is planned."""
        from restoretui.session.then import checks

        return checks.ThenChecks(
            self.settings, self.ledger, self.clouds, lambda role: self.batch.options({"role_arn": role or None})
        )

    @cached_property
    def inventories(self) -> "Inventories":
        """What clouds have written of their buckets, as listings."""
        from restoretui.session.inventory.inventories import Inventories

        return Inventories(self.ledger, self.clock, self.clouds, self.works)

    @cached_property
    def past(self) -> "Past":
        """Places as they were at an instant, where versions are kept."""
        from restoretui.session.past.past import Past

        return Past(self.ledger, self.clock, self.clouds, self.works)

    @cached_property
    def sets(self) -> "Sets":
        """Sets of objects with a name."""
        from restoretui.session.sets.sets import Sets

        return Sets(self.ledger, self.clock, self.clouds, self.works)

    @cached_property
    def saying(self) -> "Saying":
        """The same as commands, for whoever would rather type them."""
        from restoretui.session.saying import commands

        return commands.Saying(self.settings, self.ledger, self.clouds, self.batch)

    @cached_property
    def copying(self) -> "Copying":
        """How things are named and read elsewhere."""
        from restoretui.session.saying import naming

        return naming.Copying(self.clock, self.clouds, self.selecting, self.saying)
