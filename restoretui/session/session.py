"""One session: everything that the screens and the commands may ask for, wired together by ``wiring``.

The screens and the commands act through these functions and through the session's parts (``listings``,
``selecting``, ``batch``, ``spending``, ``run_views``, ``waiting``), so that both do the same thing. Into the ledger
they look through its views, and change nothing in it but what is marked: ``tests/test_house.py`` lists these doors
and holds that there are no others. Only the command ``ledger``, which keeps the file itself in order, works on it
without a session.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, cast

from restoretui.config.settings import Settings
from restoretui.core.errors import RestoreTuiError, UsageError
from restoretui.core.location import Location, parse_location
from restoretui.core.model import DEFAULT_SCHEME, Bucket, Identity, Tier
from restoretui.core.os_errors import refused_by_system
from restoretui.core.provider import MfaPrompter, Provider, TakesLiterals
from restoretui.core.rules.verdicts import Purpose
from restoretui.core.saying.on_behalf import NOBODY, OnBehalf
from restoretui.engine.traffic.health import Health
from restoretui.engine.traffic.speaker import Wait, Works
from restoretui.engine.traffic.waits import first_of
from restoretui.ledger import Ledger
from restoretui.ledger.records import CloudId, Listing
from restoretui.ledger.run_records import Run
from restoretui.session.listings import BUG_HINT
from restoretui.session.waiting import OPENING, telling
from restoretui.session.wiring import Wiring

if TYPE_CHECKING:
    from restoretui.core.batch.jobs import BatchOptions
    from restoretui.core.literal.literal import Literal
    from restoretui.core.plan.money import Amount
    from restoretui.core.plan.plan import RestorePlan
    from restoretui.core.plan.tier_plan import FactGroup
    from restoretui.core.rules.commands import ShellCommand
    from restoretui.ledger.marks.marked_places import PartOfPlace

notices = logging.getLogger("restoretui.notices")
"""What a person should be told whatever the log is set to: commands say it on stderr."""

logging.getLogger("restoretui").addHandler(logging.NullHandler())  # else Python would write over the screen


class Session(Wiring):
    """Everything a screen or a command may ask for. Made by ``open_session``."""

    # --- the cloud ---------------------------------------------------------------------------------------------

    @property
    def read_only(self) -> bool:
        """Nothing may be sent that changes anything."""
        return self.settings.read_only

    @property
    def health(self) -> Health:
        """What the background is doing; topic ``health`` when it changes."""
        return self._board.now

    @property
    def mfa(self) -> MfaPrompter | None:
        """Asked for a code when a profile's role wants one; set it before the first request."""
        return self.clouds.mfa

    @mfa.setter
    def mfa(self, prompter: MfaPrompter | None) -> None:
        self.clouds.mfa = prompter

    def cloud_of(self, scheme: str) -> CloudId:
        """The cloud behind locations of that scheme, as the ledger knows it."""
        return self.clouds[scheme].ledger_cloud

    async def provider(self, scheme: str = DEFAULT_SCHEME) -> Provider:
        """The cloud of these settings; its SDK is loaded by the first call, in a thread."""
        return await self.clouds[scheme].provider()

    async def identity(self, scheme: str = DEFAULT_SCHEME, bucket: str = "") -> Identity:
        """Whose credentials these are, or those for a bucket."""
        cloud = self.clouds[scheme].of(bucket)
        provider = await cloud.provider()
        return await cloud.ask(provider.identity)

    async def identity_of(self, scheme: str, buckets: Sequence[str]) -> Identity:
        """Whose credentials those for some buckets are: of several accounts all of them, one behind the other."""
        reached = self.clouds[scheme].connection
        one_of_each = {reached.of(bucket): bucket for bucket in reversed(buckets)} or {reached: ""}
        found = [await self.identity(scheme, bucket) for bucket in reversed(one_of_each.values())]
        accounts, profiles = ([one.account for one in found], [one.profile for one in found])
        together = (", ".join(filter(None, dict.fromkeys(names))) for names in (accounts, profiles))
        return found[0]._replace(**dict(zip(("account", "profile"), together, strict=True)))

    async def buckets(self, scheme: str = DEFAULT_SCHEME) -> list[Bucket]:
        """The account's buckets."""
        cloud = self.clouds[scheme]
        provider = await cloud.provider()
        return await cloud.ask(provider.list_buckets)

    async def region(self, bucket: str, scheme: str = DEFAULT_SCHEME) -> str:
        """The bucket's region, asked for once; raises early and clearly when there is no such bucket."""
        return await self.clouds[scheme].region(bucket)

    def place_named(self, text: str) -> Location:
        """The location that a text names, which may begin with a place of the config or say a profile.

        Its bucket is reached by that account from now on. ``LocationError`` or ``UsageError`` for what is none.
        """
        from restoretui.config.places import read

        plain, account = read(text, self.settings.places)
        place = parse_location(plain)
        if account.values:
            self.settings.reach_as(place.scheme, place.bucket, account)
        return place

    def agree_to_pay(self, scheme: str) -> None:
        """From now on requests to that cloud say that the requester pays, as ``--requester-pays`` has them say.

        Of this session alone; a run remembers it with its connection, so that it goes on in the same way.
        """
        self.settings.agreed_to_pay.add(scheme)

    # --- looking -----------------------------------------------------------------------------------------------

    async def open_listing(
        self, location: Location, *, recursive: bool, versions: bool = False, refresh: bool = False
    ) -> Listing:
        """A listing of what is at ``location``; returns at once, pages stream in behind (topic ``listing:ID``).

        A fresh listing, of this session or an earlier one, is taken as it is, and goes on where it stopped if it was
        interrupted; one that has become stale (``Listing.is_stale``) is made anew. ``refresh`` asks for a new one.
        """
        return await self.listings.at(location, recursive=recursive, versions=versions, refresh=refresh)

    def listing_problem(self, listing_id: int) -> RestoreTuiError | None:
        """Why the listing ended early; None while it runs and when it is whole."""
        return self.listings.problem(listing_id)

    async def stop_listing(self, listing_id: int) -> None:
        """Stop listing; what was listed stays."""
        await self.listings.stop(listing_id)

    async def listed(self, listing: Listing) -> Listing:
        """The listing once it is whole; raises what ended it early."""
        return await self.listings.whole(listing)

    def glance(self, scheme: str, groups: "Sequence[FactGroup]", days: int) -> "RestorePlan":
        """What restoring so much would do and cost, from what is known already: quick, and no request."""
        return self._planner.glance(scheme, groups, days)

    async def read_directly(self, scheme: str, bucket: str) -> frozenset[str]:
        """Archives of a bucket whose objects its setting lets anybody read as they are, without a restore."""
        return await self._planner.read_directly(scheme, bucket)

    # --- planning and spending ---------------------------------------------------------------------------------

    async def schemes(self, sel: int) -> list[str]:
        """The clouds in which objects are chosen: a plan and a run is of one of them."""
        return await self._planner.schemes(sel)

    async def plan(
        self,
        sel: int,
        days: int,
        purpose: Purpose = Purpose.RESTORE,
        scheme: str | None = None,
        *,
        shorten: bool = False,
        ask_unseen: bool = False,
        until: datetime | None = None,
    ) -> "RestorePlan":
        """What restoring the selection would do and cost, at every tier. Sends nothing but looks.

        ``scheme`` says which cloud's objects; it may be left out when all are in one (else ``UsageError``). No copy
        is made to end sooner unless ``shorten`` says so, and nothing asked for that no look can judge unless
        ``ask_unseen`` does, here or for all plans of the selection (the method of that name). ``until`` is what the
        days were counted for, where that is an instant: then copies that have an end get what they lack.
        """
        return await self._planner.plan(
            sel, days, purpose, scheme, shorten=shorten, ask_unseen=ask_unseen, until=until
        )

    async def plan_part(self, part: "PartOfPlace", days: int) -> "RestorePlan":
        """What restoring a part of what is marked on screen would cost: to be shown, never to be confirmed."""
        return await self._planner.part(part, days)

    def ask_unseen(self, sel: int) -> None:
        """In plans of this selection, what no look can judge is asked for all the same."""
        self._planner.ask_unseen(sel)

    async def check_literal(self, scheme: str, literal: "Literal") -> None:
        """``UsageError`` where that cloud does not take restore requests said so. Sends nothing."""
        provider = await self.clouds[scheme].provider()
        if not provider.capabilities.literal:
            raise UsageError(f"{scheme}:// takes no restore requests said literally", "say --days and --tier")
        await cast("TakesLiterals", provider).check_literal(literal.body)

    def say_literally(self, sel: int, literal: "Literal") -> None:
        """In plans of this selection, requests are said so."""
        self._planner.say_literally(sel, literal.text)

    async def with_capacity(self, plan: "RestorePlan") -> "RestorePlan":
        """The plan with what capacity for Expedited the account owns, where Expedited would be asked for."""
        return await self._planner.with_capacity(plan)

    async def plans(
        self, sel: int, days: Callable[[str], int], *, shorten: bool = False, until: datetime | None = None
    ) -> list["RestorePlan"]:
        """A plan to restore for each cloud in which objects are chosen, ``days`` by scheme; they are read once."""
        return await self._planner.plans(sel, days, shorten=shorten, until=until)

    async def confirm(
        self,
        sel: int,
        plan: "RestorePlan",
        tier: Tier,
        *,
        max_cost: "Decimal | Amount | None" = None,
        behalf: OnBehalf = NOBODY,
        batch: "BatchOptions | None" = None,
        typed: Decimal | None = None,
        said: Sequence["ShellCommand"] = (),
    ) -> Run:
        """Agree to the plan at ``tier``, which the person was shown and said yes to, and write its intents down.

        ``max_cost`` (dollars, or an ``Amount``) takes the place of the budget; ``typed`` is the amount that was typed
        to go beyond it; ``said`` are the commands that say the same,
        ``behalf`` for whom it is. See ``Spending.agree`` and ``Spending.restore``.
        """
        from restoretui.core.plan.money import Amount
        from restoretui.core.plan.offers import offer_of
        from restoretui.session.planning import check_sends

        limits = () if max_cost is None else (max_cost if isinstance(max_cost, Amount) else Amount(max_cost),)
        check_sends(plan, tier)
        consent = await self.spending.agree([offer_of(plan, tier)], limits=limits, typed=typed)
        return await self.spending.restore(consent, sel, plan, tier, behalf=behalf, batch=batch, said=said)

    @property
    def out_of_capacity(self) -> frozenset[int]:
        """Runs whose requests wait: Expedited was refused too often in a row. Topic ``health`` when it changes."""
        return self._engine.out_of_capacity

    def keep_trying(self, run_id: int) -> None:
        """Go on with such a run at Expedited, however often there is no capacity."""
        self._engine.keep_trying(run_id)

    async def cancel(self, run_id: int) -> int:
        """Give up what has not been sent; returns how many. What was sent cannot be called back.

        Then-steps that were not begun are given up, too.
        """
        if self.batch.ours(run_id):
            await self.batch.cancel_run(run_id)
        await self.ledger.then.give_up(run_id)
        return await self.ledger.runs.set_cancelled(run_id)

    def check_may_send(self) -> None:
        """``GuardStopped`` in a read-only session, which changes nothing in any cloud."""
        self.spending.check_may_send()

    async def export(self, run_id: int, target: Path) -> int:
        """Write the run's objects to ``target``, as JSON lines if it is so named, else CSV; returns how many."""
        from restoretui.session.export import write_export

        run = await self.ledger.runs.get(run_id)
        with self.works.telling(lambda: f"writing to {target}"):
            await write_export(self.ledger, run, "json" if target.suffix in (".json", ".jsonl") else "csv", target)
        return run.objects

    async def export_report(self, job_id: str, region: str | None, target: Path) -> int:
        """Write a batch job's completion report to ``target`` as CSV; returns how many tasks it has."""
        from restoretui.session.export import write_report

        return await write_report(self.batch.report(job_id, region), target)

    # --- following ---------------------------------------------------------------------------------------------

    def start_engine(self, only: Iterable[int] | None = None, *, fail_fast: bool = False) -> None:
        """Pursue open runs in the background: all, or ``only`` these. A read-only session watches and never sends.

        With ``fail_fast`` nothing more of a run is sent once one of its objects has failed.
        """
        self._engine.fail_fast = fail_fast
        if self.settings.events and not self._engine.feeds:
            self._hear()
        self._engine.only = None if only is None else frozenset(only)
        if self._engine_task is None:
            self._engine_task = asyncio.create_task(self._engine.run(), name="engine")
            self._engine_task.add_done_callback(lambda _task: self.ledger.changes.publish("health"))

    def _hear(self) -> None:
        """Read the queues of the settings beside the polling; to receive a message is more than to look."""
        if self.read_only:
            notices.warning("this session is read-only, so it leaves the queue of events alone and polls")
            return
        from restoretui.session.events.feeds import feeds_of  # for those who have a queue

        self._engine.feeds = feeds_of(self.settings, self.clouds, self.ledger, self._board)

    @property
    def failure(self) -> RestoreTuiError | None:
        """Why the background stopped for good; None while it works. Topic ``health`` when it changes."""
        if self.ledger.problem is not None:
            return self.ledger.problem
        task = self._engine_task
        if task is None or not task.done() or task.cancelled():
            return None
        error = task.exception()
        if isinstance(error, RestoreTuiError):
            return error
        if isinstance(error, OSError):
            return refused_by_system(error)
        return RestoreTuiError(f"the watcher met a defect: {error!r}", BUG_HINT)

    def looks_cost(self, run: Run) -> Decimal | None:
        """What watching the run has cost so far, in its currency; None where a price is not known."""
        return self._planner.looks_cost(run)

    def is_ours(self, run_id: int) -> bool:
        """This process pursues the run; otherwise another one may, and this one shows what it finds."""
        return self._engine.is_ours(run_id)

    def is_elsewhere(self, run_id: int) -> bool:
        """Another process sends and watches the run."""
        return self._engine.is_elsewhere(run_id)

    async def look_now(self, run: Run) -> None:
        """One status round over a run."""
        await self._engine.look_now(run)

    async def wait_for(self, run_ids: Sequence[int], done: Callable[[Run], bool]) -> list[Run]:
        """Until ``done`` holds for every run; raises when the background can no longer go on."""
        with self.ledger.changes.subscribe() as changed:
            while True:
                if self.failure is not None:
                    raise self.failure
                runs = [await self.ledger.runs.get(run_id) for run_id in run_ids]
                if all(done(run) for run in runs):
                    return runs
                engine = [self._engine_task] if self._engine_task is not None else []
                await first_of(anext(changed), beside=engine)

    async def stop(self) -> None:
        """Stop the background, and note what was under way: nothing changes by itself any more."""
        self.ledger.leave()
        tasks = [task for task in (self._engine_task, *self.listings.tasks) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.clouds.stop()
        await self.listings.ended()

    async def aclose(self) -> None:
        """Stop the background, close connections and the ledger."""
        if self.is_closed:
            return
        self.is_closed = True
        await self.stop()
        await self.clouds.aclose()
        await self.ledger.aclose()


@asynccontextmanager
async def open_session(settings: Settings, *, priced: bool = True) -> AsyncIterator[Session]:
    """A session for the length of the block. ``priced`` is false where nothing is asked that has a price."""
    works = Works()
    waits: Callable[[], Iterable[Wait]] = works.waits
    async with telling(settings, lambda: waits()):
        with works.telling(lambda: OPENING):
            prices = await asyncio.to_thread(settings.prices) if priced else None
            ledger = await Ledger.open(settings.state_dir, settings.clock)
        if ledger.note:
            notices.warning("%s", ledger.note)
        session = Session(settings, ledger, prices, works)
        waits = session.waiting.waits
        try:
            yield session
        finally:
            await session.aclose()
