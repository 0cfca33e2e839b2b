"""The restore dialog: every tier side by side, what would happen to each object and why, and one careful Enter."""

from collections.abc import Sequence
from decimal import Decimal
from functools import partial

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Button, Input, Static

from restoretui.core.batch import BatchOptions
from restoretui.core.errors import RestoreTuiError, UsageError
from restoretui.core.model import Tier
from restoretui.core.plan import RestorePlan, TierPlan
from restoretui.core.rules import Action, Purpose, check_days
from restoretui.ledger.records import Run
from restoretui.tui.screens.dialog import Dialog
from restoretui.tui.screens.engine_fields import EngineFields
from restoretui.tui.screens.plan_words import (
    cost_line,
    days_words,
    is_priced,
    limits_words,
    place_line,
    price_line,
    verdict_lines,
)
from restoretui.tui.widgets.tier_table import TierTable
from restoretui.tui.words import Part, said
from restoretui.wording import format as fmt

VERBS = {Purpose.RESTORE: "Restore", Purpose.EXTEND: "Extend", Purpose.UPGRADE: "Speed up"}
PREFERENCE = {
    Purpose.RESTORE: (Tier.STANDARD, Tier.BULK, Tier.EXPEDITED),
    Purpose.EXTEND: (Tier.BULK, Tier.STANDARD, Tier.EXPEDITED),
    Purpose.UPGRADE: (Tier.EXPEDITED, Tier.STANDARD, Tier.BULK),
}
SETTLE_S = 0.2


class RestoreDialog(Dialog[Run]):
    """Answers with the confirmed run; nothing is sent before that."""

    def __init__(
        self, sel: int, purpose: Purpose, days: int, *, hidden: int = 0, scheme: str = "s3", step: str = ""
    ) -> None:
        """``scheme`` says which cloud's objects of the selection; ``step`` that there are others, asked of apart."""
        super().__init__(VERBS[purpose])
        self._scheme = scheme
        self._step = step
        self._sel = sel
        self._purpose = purpose
        self._days = days
        self._hidden = hidden
        self._unseen = 0
        self._plan: RestorePlan | None = None
        self._tier_touched = False
        self._confirming = False
        self._caller: tuple[Sequence[str], str, Sequence[str], str] | None = None

    def body(self) -> ComposeResult:
        self._what = Static(said(("planning …", "dim")), id="what", markup=False)
        self._days_field = Input(str(self._days), type="integer", max_length=4, compact=True, id="days")
        self._until = Static("", id="until", markup=False)
        self._tiers = TierTable(PREFERENCE[self._purpose][0])
        self._cost = Static("", id="cost", markup=False)
        self._verdicts = Static("", markup=False)
        self._where = Static("", id="where", markup=False)
        self._warned = Static("", id="warnings", markup=False)
        self._typed_label = Static("", id="typed-label", markup=False)
        self._typed = Input(compact=True, id="typed")
        self._button = Button(VERBS[self._purpose], variant="primary", compact=True, id="confirm", disabled=True)
        self._days_field.cursor_blink = self._typed.cursor_blink = False
        yield self._what
        with Horizontal(id="days-line"):
            self._before_days = Static("Copies last ", id="before-days", markup=False)
            yield self._before_days
            yield self._days_field
            yield self._until
        yield self._tiers
        self._engine = EngineFields()
        yield self._engine
        yield self._cost
        with VerticalScroll(id="verdicts", can_focus=False) as self._scroll:
            yield self._verdicts
        yield self._where
        yield self._warned
        with Horizontal(id="typed-line") as self._typed_line:
            yield self._typed_label
            yield self._typed
        with Horizontal(classes="buttons"):
            yield self._button
            yield Button("Cancel", compact=True, id="cancel")

    def on_mount(self) -> None:
        self._engine.display = False
        self._tiers.focus()
        self.attempt(self._prepare, "plan", hold_keys=True)

    # --- planning

    async def _prepare(self) -> None:
        """Look at what only a HEAD can judge, then plan."""

        def progress(looked: int) -> None:
            self._what.update(said((f"looking at Intelligent-Tiering objects: {looked:,} …", "dim")))

        if self._purpose is Purpose.UPGRADE:
            self._days = await self._days_asked_for() or self._days
            self._days_field.value = str(self._days)
        self._unseen = await self.session.choosing.look(self._sel, progress)
        await self._replan()
        await self._say_where()

    async def _days_asked_for(self) -> int | None:
        """The days most of the restores under way were asked for with: speeding up must keep them."""
        counts: dict[int, int] = {}
        for groups in (await self.session.ledger.selections.facts(self._sel)).values():
            for group in groups:
                if group.facts.days is not None and group.facts.in_progress:
                    counts[group.facts.days] = counts.get(group.facts.days, 0) + group.objects
        return max(counts, key=lambda days: counts[days]) if counts else None

    async def _replan(self, *, wait: bool = False) -> None:
        if wait:
            await self.session.clock.pause(SETTLE_S)
        self._plan = plan = await self.session.plan(self._sel, self._days, self._purpose, self._scheme)
        self._engine.display = plan.rules.has_jobs and self._purpose is Purpose.RESTORE
        self.no_complaint()
        table = self._tiers
        if not self._tier_touched:
            useful = [tier for tier in PREFERENCE[self._purpose] if plan.tiers[tier].requests]
            if self._purpose is Purpose.EXTEND:
                # The tier speeds nothing up: rather one that every class has than the cheapest.
                useful.sort(key=lambda tier: -plan.tiers[tier].requests)
            with self.prevent(TierTable.Chosen):
                table.choose(useful[0] if useful else PREFERENCE[self._purpose][0])
        self._say_plan(plan)

    async def _say_where(self) -> None:
        session, plan = self.session, self._plan
        if plan is None:
            return
        identity = await session.identity(self._scheme)
        buckets = sorted({line.group.bucket for line in plan.tiers[Tier.STANDARD].lines})
        regions = sorted({await session.region(bucket, self._scheme) for bucket in buckets})
        self._caller = buckets, identity.account, regions, identity.profile
        self._say_plan(plan)

    # --- what is said

    def _chosen(self, plan: RestorePlan) -> TierPlan:
        return self._engine.through(plan).tiers[self._tiers.tier]

    def _say_plan(self, plan: RestorePlan) -> None:
        self._tiers.show(self._engine.through(plan))
        self._engine.say(plan, self._tiers.tier)
        jobs = self._engine.uses_jobs(plan, self._tiers.tier)
        self.set_class(jobs, "-jobs")
        if self._caller is not None:
            self._where.update(place_line(self._scheme, *self._caller, report=self._engine.report() if jobs else ""))
        chosen = self._chosen(plan)
        size = sum(line.group.size_bytes for line in chosen.lines)
        what: list[Part] = [(fmt.plural(plan.objects, "object"), "strong"), f" · {fmt.size(size)} chosen"]
        self._what.update(said(*what, *limits_words(plan, chosen)))
        before, after = days_words(plan)
        self._before_days.update(before)
        self._until.update(said(*after))
        prices = [price_line(plan)] if is_priced(chosen.cost) else []
        self._cost.update(Content("\n").join([cost_line(plan, chosen.cost), *prices]))
        self._cost.display = bool(chosen.requests)
        lines = verdict_lines(chosen, self._scroll.size.width - 2)
        self._verdicts.update(Content("\n").join(lines))
        warnings = self._warnings(plan, chosen)
        self._warned.update(Content("\n").join(warnings))
        self._warned.display = bool(warnings)
        self.set_class(bool(warnings), "-warned")
        self._ask_typed(plan, chosen)
        watched = chosen.counts.get(Action.ALREADY, 0)
        nothing = not chosen.requests and not watched
        self._button.disabled = nothing or self.session.read_only
        verb = f"{VERBS[self._purpose]} {chosen.requests:,}" if chosen.requests or nothing else f"Watch {watched:,}"
        self._button.label = Content(verb)
        self._button.refresh(layout=True)  # A label by itself does not make room for a longer one.

    def _warnings(self, plan: RestorePlan, chosen: TierPlan) -> list[Content]:
        texts = []
        if self.session.read_only:
            texts.append("this session is read-only: nothing can be sent")
        if self._hidden:
            texts.append(
                f"{self._hidden:,} of these are not rows on screen: below a prefix, elsewhere, or filtered out"
            )
        if self._unseen:
            texts.append(f"{fmt.plural(self._unseen, 'object')} could not be looked at and will be left out")
        if chosen.endless:
            texts.append(f"{fmt.plural(chosen.endless, 'object')} will come back for good: the days do not apply")
        if chosen.large_objects:
            texts.append(f"{fmt.plural(chosen.large_objects, 'object')} too large for expedited's typical time")
        if not chosen.requests:
            texts.append("nothing would be sent at this tier: the reasons are above")
        step = [said(("● ", "mark"), self._step)] if self._step else []
        return step + [said(("▲ ", "warn"), (text, "warn")) for text in texts]

    # --- the guard

    def _over_budget(self, chosen: TierPlan) -> bool:
        budget = self.session.settings.budget
        return budget is not None and chosen.requests > 0 and (chosen.cost.total > budget or chosen.cost.unpriced > 0)

    def _ask_typed(self, plan: RestorePlan, chosen: TierPlan) -> None:
        self._typed_line.display = self._over_budget(chosen)
        if self._typed_line.display:
            budget = fmt.money(self.session.settings.budget or Decimal(0), plan.prices.currency)
            above: list[Part] = [("Above the budget of ", "warn"), budget, (". Type ", "warn")]
            self._typed_label.update(said(*above, (_amount(chosen), "strong"), (" to confirm: ", "warn")))

    # --- keys

    @on(TierTable.Chosen)
    def _tier_chosen(self) -> None:
        self._tier_touched = True
        self.no_complaint()
        if self._plan is not None:
            self._say_plan(self._plan)

    @on(EngineFields.Changed)
    def _engine_chosen(self) -> None:
        self.no_complaint()
        if self._plan is not None:
            self._say_plan(self._plan)

    @on(Input.Changed, "#days")
    def _days_typed(self, event: Input.Changed) -> None:
        if self._plan is not None and event.value == str(self._plan.days):
            return
        self._button.disabled = True
        try:
            self._days = check_days(int(event.value) if event.value.strip().isdigit() else 0)
        except UsageError as error:
            self._plan = None
            self.complain(UsageError(str(error), "type a whole number, 1 or more"))
            return
        self.no_complaint()
        self.attempt(partial(self._replan, wait=True), "replan")

    @on(Input.Submitted, "#days")
    def _days_entered(self) -> None:
        self._tiers.focus()

    @on(TierTable.Accepted)
    def _tier_accepted(self) -> None:
        if self._typed_line.display:
            self._typed.focus()
        elif not self._button.disabled:
            self._button.focus()
        elif self._plan is not None:
            self._confirm()

    @on(Input.Submitted, "#typed")
    def _amount_entered(self) -> None:
        self._confirm()

    @on(Button.Pressed, "#confirm")
    def _confirm(self) -> None:
        if self._plan is None or self._confirming:
            return
        chosen = self._chosen(self._plan)
        if self._over_budget(chosen):
            typed = self._typed.value.strip().lstrip("$").replace(",", "")
            if typed != _amount(chosen):
                self.complain(RestoreTuiError(f"to confirm, type {_amount(chosen)}", "nothing was sent"))
                self._typed.focus()
                return
        options = None
        if chosen.requests and self._engine.uses_jobs(self._plan, self._tiers.tier):
            try:
                options = self._engine.options()
            except UsageError as error:
                self.complain(error)
                self._engine.role.focus()
                return
        self._confirming = True
        plan = self._engine.through(self._plan)
        self.attempt(partial(self._send, plan, self._tiers.tier, options), "confirm")

    async def _send(self, plan: RestorePlan, tier: Tier, options: BatchOptions | None) -> None:
        try:
            run = await self.session.confirm(self._sel, plan, tier, batch=options)
        finally:
            self._confirming = False
        self.dismiss(run)

    @on(Button.Pressed, "#cancel")
    def _cancelled(self) -> None:
        self.dismiss(None)

    def action_cancel(self) -> None:
        if not self._confirming:
            self.dismiss(None)


def _amount(chosen: TierPlan) -> str:
    """What has to be typed."""
    return f"{chosen.cost.total:.2f}"
