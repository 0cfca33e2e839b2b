"""The restore dialog: every tier side by side, what would happen to each object and why, and one careful Enter.

What is confirmed is the plan on screen. There is no button before everything that the plan hangs on has been looked
at; days, tier or engine changed make another plan; a key decides about the plan that was on screen when it was
pressed; and where the ledger has come to give another plan meanwhile, that one is shown and nothing is sent.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from decimal import Decimal
from functools import partial

from textual import on
from textual.widgets import Button, Input

from restoretui.core.batch.jobs import BatchOptions
from restoretui.core.errors import GuardStopped, PlanChanged, RestoreTuiError, UsageError
from restoretui.core.model import Tier
from restoretui.core.plan.after import with_discards_agreed
from restoretui.core.plan.plan import RestorePlan
from restoretui.core.rules.commands import ShellCommand
from restoretui.core.rules.verdicts import Purpose
from restoretui.core.saying.own_commands import PROGRAM, Wish
from restoretui.core.then.steps import ThenStep
from restoretui.session.saying.commands import Said, Subject
from restoretui.tui.dialogs.restore.days_text import Lasting, lengthened, read_lasting
from restoretui.tui.dialogs.restore.engine_fields import EngineFields
from restoretui.tui.dialogs.restore.plan_view import PlanView
from restoretui.tui.dialogs.restore.target import days_asked_for, find_target
from restoretui.tui.dialogs.restore.then_field import ThenField
from restoretui.tui.dialogs.restore.tier_table import TierTable
from restoretui.tui.dialogs.restore.unseen_field import UnseenField
from restoretui.tui.process import taking_back
from restoretui.tui.shell import Says
from restoretui.tui.words import said

PREFERENCE = {
    Purpose.RESTORE: (Tier.STANDARD, Tier.BULK, Tier.EXPEDITED),
    Purpose.EXTEND: (Tier.BULK, Tier.STANDARD, Tier.EXPEDITED),
    Purpose.UPGRADE: (Tier.EXPEDITED, Tier.STANDARD, Tier.BULK),
}
SETTLE_S = 0.2
"""Debounce: seconds without a key after which the days typed are planned with."""


class RestoreDialog(PlanView):
    """Answers with the confirmed run; nothing is sent before that."""

    def __init__(
        self,
        about: Subject,
        purpose: Purpose,
        days: int,
        *,
        hidden: Callable[[], Awaitable[int]] | None = None,
        step: str = "",
    ) -> None:
        """``hidden`` counts what is not a row on screen; ``step``: objects in other clouds are asked of apart."""
        super().__init__(purpose, days, step=step)
        self._count_hidden = hidden
        self._about = about
        self._scheme = about.scheme
        self._sel = about.sel
        self._lasting = Lasting(days)
        """As it is typed; no days: what is typed cannot be meant."""
        self._looked = False
        """Everything only a HEAD can judge has been looked at, and the target is known: a plan may be made."""
        self._tier_touched = False
        self._confirming = False
        self._then_steps: tuple[ThenStep, ...] = ()
        """As chosen."""
        self._planned_then: tuple[ThenStep, ...] = ()
        """What the plan on screen was made with."""

    def on_mount(self) -> None:
        """Begins to look and to plan; the dialog is open meanwhile, and nothing can be confirmed."""
        self.engine.display = self.unseen_choice.display = self.then.display = False
        self.tiers.focus()
        self.attempt(self._prepare, "plan", hold_keys=True)

    # --- planning

    async def _prepare(self) -> None:
        """Look at what only a HEAD can judge, and where all this is, then plan."""
        self._looked = False

        def progress(looked: int) -> None:
            self.what.update(said((f"looking at what is chosen: {looked:,} objects so far …", "dim")))

        if self.purpose is Purpose.UPGRADE and not self._tier_touched:
            self._lasting = Lasting(await days_asked_for(self.session, self._sel) or self._lasting.days)
            self.days_field.value = str(self._lasting.days)
        self.unseen = await self.session.selecting.look(self._sel, progress)
        self.looks = self.session.selecting.looks
        self.out_of_sight = await self._count_hidden() if self._count_hidden is not None else 0
        self.target = await find_target(self.session, self._sel, self._scheme)
        self._looked = True
        await self._replan()
        if not self.target.account:
            await self._find_account()
        await self._find_capacity()

    async def _replan(self, *, wait: bool = False) -> None:
        if wait:
            await self.session.clock.pause(SETTLE_S)
        wanted = self._wanted
        plan = await self.session.plan(
            self._sel, self._lasting.days, self.purpose, self._scheme, shorten=self._lasting.shorten,
            ask_unseen=self.unseen_choice.asks, until=self._lasting.until,
        )  # fmt: skip
        plan = await self.session.then.planned(plan, wanted[2])
        remarks = await self.session.then.remarks(plan)
        contents = (await self.session.provider(self._scheme)).capabilities.contents
        if wanted != self._wanted or not self._looked:
            return  # Something else is wanted meanwhile: whoever plans for that shows it.
        self.plan, self._planned_then, self.then_remarks = plan, wanted[2], remarks
        self.then.offer_jobs(has_jobs=plan.rules.has_jobs)
        self.then.display = contents and self.purpose is Purpose.RESTORE
        self.engine.display = plan.rules.has_jobs and self.purpose is Purpose.RESTORE
        self.no_complaint()
        table = self.tiers
        if not self._tier_touched:
            useful = [tier for tier in PREFERENCE[self.purpose] if plan.tiers[tier].requests]
            if self.purpose is Purpose.EXTEND:
                # The tier speeds nothing up: rather one that every class has than the cheapest.
                useful.sort(key=lambda tier: -plan.tiers[tier].requests)
            with self.prevent(TierTable.Chosen):
                table.choose(useful[0] if useful else PREFERENCE[self.purpose][0])
        self.say_plan(plan)

    async def _find_account(self) -> None:
        buckets = self.target.buckets if self.target is not None else ()
        identity = await self.session.identity_of(self._scheme, buckets)
        if self.target is not None and identity.account:
            self.target = self.target._replace(account=identity.account, profile=identity.profile)
            self.say_target()
            self.fit_soon()

    async def _find_capacity(self) -> None:
        """What Expedited can count on is said once it is known; nobody waits for it."""
        if (plan := self.plan) is None or self.purpose is Purpose.EXTEND:
            return
        told = await self.session.with_capacity(plan)
        if self.plan is plan and told.capacity != plan.capacity:
            self.plan = told
            if not self._is_stale:
                self.say_plan(told)

    # --- keys

    @on(TierTable.Chosen)
    def _tier_chosen(self) -> None:
        self._tier_touched = True
        self._say_again()

    @on(EngineFields.Changed)
    def _engine_chosen(self) -> None:
        self._say_again()

    def _say_again(self) -> None:
        if self.plan is not None:
            self.no_complaint()
            self.say_plan(self.plan)

    @on(Input.Changed, "#days")
    def _days_typed(self, event: Input.Changed) -> None:
        self.days_field.styles.width = self.days_cells
        try:
            wanted = read_lasting(event.value, self.session.clouds[self._scheme].rules, self.session.clock.now())
        except UsageError as error:
            self.workers.cancel_group(self, "replan")
            self._lasting = Lasting(0)
            self.forget_plan("—")
            self.complain(error)
            return
        before, self._lasting = self._lasting, wanted
        if self.plan is not None and not self._is_stale:
            self.workers.cancel_group(self, "replan")
            self._say_again()
            return
        if wanted == before and not self._looked:
            return  # What it began with, or is planned with as soon as everything has been looked at.
        self.no_complaint()
        self._plan_anew()

    def _plan_anew(self) -> None:
        if self._looked:
            self.grow_stale()
            self.attempt(partial(self._replan, wait=True), "replan")

    @on(UnseenField.Changed)
    def _unseen_chosen(self) -> None:
        if self.plan is not None and not self._is_stale:
            self.workers.cancel_group(self, "replan")
            self._say_again()
        elif self._lasting.days:
            self._plan_anew()

    @on(ThenField.Changed)
    def _then_chosen(self) -> None:
        try:
            self._then_steps = self.then.steps()
        except UsageError as error:
            self.workers.cancel_group(self, "replan")
            self.grow_stale()
            self.complain(error)
            return
        self.no_complaint()
        if self.plan is not None and not self._is_stale:
            self.workers.cancel_group(self, "replan")
            self._say_again()
        elif self._lasting.days:
            self._plan_anew()

    @on(Input.Submitted, "#days")
    def _days_entered(self) -> None:
        self.tiers.focus()

    @on(TierTable.Lengthened)
    def _lengthened(self, event: TierTable.Lengthened) -> None:
        self.days_field.value = lengthened(self.days_field.value, event.days)

    @on(EngineFields.Explained)
    def _explained(self) -> None:
        self.fit_soon()

    @on(TierTable.Accepted)
    def _tier_accepted(self) -> None:
        if self.plan is None or self._is_stale:
            return
        if not self.was_seen():
            self.not_seen()
        elif self.amount.display:
            self.amount.begin()
        elif self.discards.display:
            self.discards.begin()
        elif not self.button.disabled:
            self.button.focus()
        else:
            self._confirm()

    @property
    def _is_stale(self) -> bool:
        """Another plan is being made."""
        plan = self.plan
        made_for = None if plan is None else Lasting(plan.days, plan.shorten, plan.until)
        return plan is not None and (made_for, plan.asks_unseen, self._planned_then) != self._wanted

    @property
    def _wanted(self) -> tuple[Lasting, bool, tuple[ThenStep, ...]]:
        """For how long, whether what may not be looked at is asked for, and what is done with the objects then."""
        return self._lasting, self.unseen_choice.asks, self._then_steps

    @on(Input.Submitted, "#typed")
    def _amount_entered(self) -> None:
        if not self.was_seen():
            self.not_seen()
        elif self.discards.display:
            self.discards.begin()
        else:
            self._confirm()

    @on(Input.Submitted, "#discard")
    def _count_entered(self) -> None:
        """To the button: what is removed for good is never one enter away."""
        if not self.was_seen():
            self.not_seen()
            return
        try:
            self.discards.check()
        except UsageError as error:
            self.complain(error)
            return
        self.no_complaint()
        self.button.focus()

    @on(Button.Pressed, "#confirm")
    def _confirm(self) -> None:
        if self.plan is None or self._is_stale or self._confirming:
            return
        chosen, typed_amount = self.chosen(self.plan), None
        if self.over_budget(chosen):
            try:
                typed_amount = self.amount.typed(chosen)
            except RestoreTuiError as error:
                self.complain(error)
                return
        try:
            self.discards.check()
        except UsageError as error:
            self.complain(error)
            return
        options = None
        if chosen.requests and self.engine.uses_jobs(self.plan, self.tiers.tier):
            try:
                options = self.engine.options()
            except UsageError as error:
                self.complain(error)
                self.engine.role.focus()
                return
        settings = self.session.settings
        try:
            self.behalf.behalf.require(settings.ask_for, settings.sources.get("ask_for", "the config"), by_keys=True)
        except UsageError as error:
            self.complain(error)
            self.behalf.begin()
            return
        self._confirming = True
        plan = self._meant(self.plan)
        self.attempt(partial(self._send, plan, self.tiers.tier, options, typed_amount), "confirm")

    async def _send(self, plan: RestorePlan, tier: Tier, options: BatchOptions | None, typed: Decimal | None) -> None:
        objects = sum(line.group.objects for line in plan.tiers[tier].lines)
        saying = self.set_interval(
            taking_back.SAY_EVERY_S, lambda: self.remark(taking_back.what_it_waits_for(self.session, objects))
        )
        try:
            said = await self._commands(plan, tier, options)
            behalf = self.behalf.behalf
            run = await self.session.confirm(
                self._sel, plan, tier, behalf=behalf, batch=options, typed=typed, said=said
            )
            if (task := asyncio.current_task()) is not None and task.cancelling():
                self._say_taken_back(await taking_back.given_up(self.session, run))
                return
        except PlanChanged as change:
            saying.stop()
            self.amount.clear()
            self.discards.clear()
            self.tiers.focus()
            self.forget_plan("…")
            await self._prepare()
            self.complain(change)
            return
        except asyncio.CancelledError:
            self._say_taken_back(GuardStopped(taking_back.TAKEN_BACK))
            raise
        finally:
            saying.stop()
            self._confirming = False
        self.dismiss(run)

    def _say_taken_back(self, how: GuardStopped) -> None:
        if self.is_attached and self.app.is_running:
            self.complain(how)

    # --- the same as commands

    def says(self) -> Says:
        return self._say_forms

    async def _say_forms(self) -> list[Said]:
        if self.plan is None or self._is_stale:
            raise UsageError("there is no plan yet that could be said", "wait until it is shown")
        uses_jobs = self.engine.uses_jobs(self.plan, self.tiers.tier)
        options = self.engine.options() if uses_jobs else None
        self.discards.check()
        plan, saying = self._meant(self.plan), self.session.saying
        wish = self._wish(plan, self.tiers.tier, options)
        ours = await saying.restore(self._about, wish, self.purpose)
        account = self.target.account if self.target is not None else ""
        return [Said(PROGRAM, ours), await saying.by_tools(self._about, plan, wish, account)]

    def _meant(self, plan: RestorePlan) -> RestorePlan:
        """The plan as it is sent, once whoever confirms it has said how many archived versions go."""
        return self.engine.through(with_discards_agreed(plan, self.tiers.tier))

    def _wish(self, plan: RestorePlan, tier: Tier, options: BatchOptions | None) -> Wish:
        wish = Wish(
            tier,
            plan.until or plan.days,
            plan.shorten,
            plan.asks_unseen,
            options,
            tuple(plan.then),
            behalf=self.behalf.behalf,
        )
        return self.session.saying.wish(plan, tier, wish)

    async def _commands(self, plan: RestorePlan, tier: Tier, options: BatchOptions | None) -> Sequence[ShellCommand]:
        """What the run keeps; nothing where no line can hold it, which must not keep anybody from restoring."""
        wish = self._wish(plan, tier, options)
        try:
            return await self.session.saying.restore(self._about, wish, self.purpose, write=False)
        except UsageError:
            return ()

    @on(Button.Pressed, "#cancel")
    def _cancelled(self) -> None:
        self.action_cancel()

    def action_cancel(self) -> None:
        if not self._confirming:
            self.dismiss(None)
        else:
            self.workers.cancel_group(self, "confirm")
