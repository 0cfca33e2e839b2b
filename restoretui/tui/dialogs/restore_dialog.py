"""The restore dialog: every tier side by side, what would happen to each object and why, and one careful Enter.

What is confirmed is the plan on screen. There is no button before everything that the plan hangs on has been looked
at; days, tier or engine changed make another plan; a key decides about the plan that was on screen when it was
pressed; and where the ledger has come to give another plan meanwhile, that one is shown and nothing is sent.
"""

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from functools import partial

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Button, Input, Static

from restoretui.core.batch.jobs import BatchOptions
from restoretui.core.errors import PlanChanged, RestoreTuiError, UsageError
from restoretui.core.model import DEFAULT_SCHEME, Tier
from restoretui.core.plan.offers import offer_of
from restoretui.core.plan.plan import RestorePlan, TierPlan
from restoretui.core.rules.rules import Action, Purpose, check_days
from restoretui.engine.traffic.waits import first_of
from restoretui.ledger.records import Run
from restoretui.tui.dialogs.dialog import Dialog
from restoretui.tui.dialogs.engine_fields import EngineFields
from restoretui.tui.dialogs.plan_layout import WITH_ENGINE, Layout, Parts, laid_out
from restoretui.tui.dialogs.plan_words import (
    NARROW_LINE,
    Target,
    cost_line,
    days_words,
    is_priced,
    limits_words,
    place_lines,
    price_line,
    verdict_entries,
)
from restoretui.tui.widgets.act_button import ActButton
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
ACCOUNT_WITHIN_S = 3.0
"""Longest wait for whose account it is, before the plan is shown without: not every network has a way to the STS."""


class RestoreDialog(Dialog[Run]):
    """Answers with the confirmed run; nothing is sent before that."""

    SHOWS_AT_ONCE = False

    def __init__(
        self, sel: int, purpose: Purpose, days: int, *, hidden: int = 0, scheme: str = DEFAULT_SCHEME, step: str = ""
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
        self._looked = False
        """Everything only a HEAD can judge has been looked at, and the target is known: a plan may be made."""
        self._tier_touched = False
        self._confirming = False
        self._target: Target | None = None
        self._layout = Layout()
        self._entries: list[int] = []
        """How many lines each reason takes."""

    def head(self) -> ComposeResult:
        self._what = Static(said(("planning …", "dim")), id="what", markup=False)
        self._days_field = Input(str(self._days), type="integer", max_length=4, compact=True, id="days")
        self._until = Static("", id="until", markup=False)
        self._tiers = TierTable(PREFERENCE[self._purpose][0])
        yield self._what
        with Horizontal(id="days-line") as self._days_line:
            self._before_days = Static("Copies last ", id="before-days", markup=False)
            yield self._before_days
            yield self._days_field
            yield self._until
        yield self._tiers

    def body(self) -> ComposeResult:
        self._engine = EngineFields()
        self._cost = Static("", id="cost", markup=False)
        self._verdicts = Static("", id="verdicts", markup=False)
        self._warned = Static("", id="warnings", markup=False)
        yield self._engine
        yield self._cost
        yield self._verdicts
        yield self._warned

    def foot(self) -> ComposeResult:
        self._where = Static("", id="where", markup=False)
        self._typed_label = Static("", id="typed-label", markup=False)
        self._typed = Input(compact=True, id="typed")
        self._button = ActButton(VERBS[self._purpose], variant="primary", compact=True, id="confirm", disabled=True)
        self._days_field.cursor_blink = self._typed.cursor_blink = False
        yield self._where
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
        """Look at what only a HEAD can judge, and where all this is, then plan."""
        self._looked = False

        def progress(looked: int) -> None:
            self._what.update(said((f"looking at Intelligent-Tiering objects: {looked:,} …", "dim")))

        if self._purpose is Purpose.UPGRADE and not self._tier_touched:
            self._days = await self._days_asked_for() or self._days
            self._days_field.value = str(self._days)
        self._unseen = await self.session.selecting.look(self._sel, progress)
        self._target = await self._find_target()
        self._looked = True
        await self._replan()
        if not self._target.account:
            await self._find_account()

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
        plan = await self.session.plan(self._sel, self._days, self._purpose, self._scheme)
        if plan.days != self._days or not self._looked:
            return  # Other days were typed meanwhile: whoever plans for those shows it.
        self._plan = plan
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

    async def _find_target(self) -> Target:
        session = self.session
        summary = await session.ledger.selections.summary(self._sel)
        buckets = sorted({bucket for cloud, bucket in summary.by_bucket if cloud == session.cloud_of(self._scheme)})
        regions = sorted({await session.region(bucket, self._scheme) for bucket in buckets})
        asking = asyncio.create_task(session.identity(self._scheme))
        account, profile = "", session.settings.connection_to(self._scheme).profile or ""
        try:
            await first_of(session.clock.pause(ACCOUNT_WITHIN_S), beside=[asking])
            if asking.done():
                identity = asking.result()
                account, profile = identity.account, identity.profile
        except RestoreTuiError:
            pass  # ``_find_account`` asks again, and says why it is not known.
        finally:
            asking.cancel()
        return Target(self._scheme, buckets, account, regions, profile)

    async def _find_account(self) -> None:
        identity = await self.session.identity(self._scheme)
        if self._target is not None and identity.account:
            self._target = self._target._replace(account=identity.account, profile=identity.profile)
            self._say_where()
            self.fit_soon()

    def _forget(self, nothing: str) -> None:
        """There is no plan any more: nothing of the last one may pass for the answer to what was typed since."""
        self._plan = None
        self.will_show(None)
        self.remove_class("-stale")
        self._button.disabled = True
        self._say_button(VERBS[self._purpose])
        self._until.update(said(" days"))
        self._tiers.show(None, nothing)
        for part in (self._cost, self._verdicts, self._warned, self._engine, self._typed_line):
            part.display = False
        self._entries = []
        self.fit_soon()

    # --- what is said

    def _chosen(self, plan: RestorePlan) -> TierPlan:
        return self._engine.through(plan).tiers[self._tiers.tier]

    def _say_plan(self, plan: RestorePlan) -> None:
        tier = self._tiers.tier
        shown = self._engine.through(plan)
        chosen = shown.tiers[tier]
        self.remove_class("-stale")
        self._tiers.show(shown)
        self._engine.say(plan, tier)
        self._say_where()
        size = sum(line.group.size_bytes for line in chosen.lines)
        what: list[Part] = [(fmt.plural(plan.objects, "object"), "strong"), f" · {fmt.size(size)} chosen"]
        self._what.update(said(*what, *limits_words(plan, chosen)))
        before, after = days_words(plan, self._width)
        self._before_days.update(before)
        self._until.update(said(*after))
        prices = [price_line(plan)] if is_priced(chosen.cost) else []
        self._cost.update(Content("\n").join([cost_line(shown, chosen), *prices]))
        self._cost.display = bool(chosen.requests)
        entries = verdict_entries(chosen, self._width - 1)
        self._entries = [len(entry) for entry in entries]
        self._verdicts.display = True
        self._verdicts.update(Content("\n").join([line for entry in entries for line in entry]))
        warnings = self._warnings(plan, chosen)
        self._warned.update(Content("\n").join(warnings))
        self._warned.display = bool(warnings)
        self._ask_typed(plan, chosen)
        watched = chosen.counts.get(Action.ALREADY, 0)
        nothing = not chosen.requests and not watched
        self._button.disabled = nothing or self.session.read_only
        verb = f"{VERBS[self._purpose]} {chosen.requests:,}" if chosen.requests or nothing else f"Watch {watched:,}"
        self._say_button(verb)
        if self.focused is None or self.middle not in self.focused.ancestors:
            self.middle.scroll_home(animate=False)
        self.will_show((shown.identity(tier), self._unseen, self._engine.said()))
        self.fit_soon()

    def _say_button(self, label: str) -> None:
        self._button.label = Content(label)
        self._button.refresh(layout=True)  # A label by itself does not make room for a longer one.

    def _say_where(self) -> None:
        if self._target is not None and self._plan is not None:
            lines = place_lines(self._target, self._width, self._layout.where_lines, self._report())
            self._where.update(Content("\n").join(lines))

    def _report(self) -> str:
        jobs = self._plan is not None and self._engine.uses_jobs(self._plan, self._tiers.tier)
        return self._engine.report() if jobs else ""

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
            texts.append("nothing would be sent at this tier: the reasons are given here")
        step = [said(("● ", "mark"), self._step)] if self._step else []
        return step + [said(("▲ ", "warn"), (text, "warn")) for text in texts]

    # --- what fits

    @property
    def _width(self) -> int:
        """Cells of a line in the frame."""
        return max(16, min(MOST_WIDTH, self.app.size.width) - FRAME_CELLS)

    def on_resize(self) -> None:
        if self._plan is not None:
            self._say_plan(self._plan)

    def fit(self) -> None:
        if not self.is_attached or not self.box.children:
            return

        def height(part: Widget, beside: int = 0) -> int:
            return part.get_content_height(self.size, self.size, self._width - beside) if part.display else 0

        middle = [part for part in (self._engine, self._cost, self._verdicts, self._warned) if part.display]
        layout = laid_out(
            Parts(
                room=self.room,
                what=self._what.get_content_height(self.size, self.size, self._width),
                tiers=partial(self._tiers.lines, self._width),
                where=self._where_height,
                problem=height(self._problem),
                typed=int(self._typed_line.display),
                middle=sum(part.outer_size.height for part in middle),
            )
        )
        if layout != self._layout:
            self._layout = layout
            self.set_class(layout.is_roomy, "-roomy")
            self._what.display = layout.has_what
            self._days_line.display = layout.has_days
            self._tiers.give(layout.tiers)
            self.middle.display = layout.middle > 0
            self._arrange(layout)
            self._say_where()
        self.middle.styles.max_height = max(1, layout.middle)
        self.say_hidden_soon()

    def _where_height(self, most: int) -> int:
        return 1 if self._target is None else len(place_lines(self._target, self._width, most, self._report()))

    def _arrange(self, layout: Layout) -> None:
        """Where there is room for little, warnings and reasons come first; for very little, the engine last."""
        order = [self._engine, self._cost, self._verdicts, self._warned]
        if not layout.is_roomy:
            order = [self._warned, self._verdicts, self._cost]
            order.insert(0 if layout.middle >= WITH_ENGINE else len(order), self._engine)
        if list(self.middle.children) != order:
            for part in order:
                self.middle.move_child(part, after=len(self.middle.children) - 1)
            if self.focused is not None and self.middle in self.focused.ancestors:
                self.call_after_refresh(self.focused.scroll_visible, animate=False)

    def hidden(self) -> tuple[int, int]:
        """Reasons, warnings and other parts out of view, not lines: how many are read nowhere on screen."""
        if not self.middle.display:
            return 0, len(self._entries)
        top = round(self.middle.scroll_y)
        bottom = top + self.middle.size.height
        above = below = 0
        for start, end in self._spans():
            above += start < top
            below += end > bottom and start >= top
        return above, below

    def _spans(self) -> Sequence[tuple[int, int]]:
        """First line and end of whatever is told in the middle."""
        spans = []
        for part in self.middle.children:
            region = part.virtual_region
            if not part.display or not region.height:
                continue
            if part is not self._verdicts:
                spans.append((region.y, region.bottom))
                continue
            y = region.y
            for lines in self._entries:
                spans.append((y, y + lines))
                y += lines
        return spans

    # --- the guard

    def _over_budget(self, chosen: TierPlan) -> bool:
        if self._plan is None or not chosen.requests:
            return False
        return bool(self.session.spending.why_not(offer_of(self._engine.through(self._plan), self._tiers.tier)))

    def _ask_typed(self, plan: RestorePlan, chosen: TierPlan) -> None:
        self._typed_line.display = self._over_budget(chosen)
        if self._typed_line.display:
            settings = self.session.settings
            budget = fmt.money(settings.budget or Decimal(0), settings.budget_currency)
            above: list[Part] = [("Above the budget of ", "warn"), budget, (". Type ", "warn")]
            if plan.prices.currency != settings.budget_currency:
                above = [("Not to be compared with the budget of ", "warn"), budget, (". Type ", "warn")]
            if self._width < NARROW_LINE:
                above = [("Over ", "warn"), budget, (": type ", "warn")]
            self._typed_label.update(said(*above, (_amount(chosen), "strong"), (" to confirm: ", "warn")))

    # --- keys

    @on(TierTable.Chosen)
    def _tier_chosen(self) -> None:
        self._tier_touched = True
        self._say_again()

    @on(EngineFields.Changed)
    def _engine_chosen(self) -> None:
        self._say_again()

    def _say_again(self) -> None:
        if self._plan is not None:
            self.no_complaint()
            self._say_plan(self._plan)

    @on(Input.Changed, "#days")
    def _days_typed(self, event: Input.Changed) -> None:
        text = event.value.strip()
        if self._plan is not None and text == str(self._plan.days):
            self._days = self._plan.days
            self.workers.cancel_group(self, "replan")
            self._say_again()
            return
        try:
            days = check_days(int(text) if text.isdigit() else 0)
        except UsageError as error:
            self.workers.cancel_group(self, "replan")
            self._days = 0
            self._forget("—")
            self.complain(UsageError(str(error), "type a whole number, 1 or more"))
            return
        if days == self._days and not self._looked:
            return  # What it began with, or is planned with as soon as everything has been looked at.
        self._days = days
        self.no_complaint()
        if self._looked:
            self.will_show(None)
            self.add_class("-stale")
            self._button.disabled = True
            self._say_button(VERBS[self._purpose])
            self._until.update(said(" days, …"))
            self.attempt(partial(self._replan, wait=True), "replan")

    @on(Input.Submitted, "#days")
    def _days_entered(self) -> None:
        self._tiers.focus()

    @on(TierTable.Accepted)
    def _tier_accepted(self) -> None:
        if self._plan is None or self._is_stale:
            return
        if not self.was_seen():
            self.not_seen()
        elif self._typed_line.display:
            self._typed.focus()
        elif not self._button.disabled:
            self._button.focus()
        else:
            self._confirm()

    @property
    def _is_stale(self) -> bool:
        """Another plan is being made."""
        return self._plan is not None and self._plan.days != self._days

    @on(Input.Submitted, "#typed")
    def _amount_entered(self) -> None:
        if self.was_seen():
            self._confirm()
        else:
            self.not_seen()

    @on(Button.Pressed, "#confirm")
    def _confirm(self) -> None:
        if self._plan is None or self._is_stale or self._confirming:
            return
        chosen = self._chosen(self._plan)
        if self._over_budget(chosen):
            typed = self._typed.value.strip().lstrip("$").replace(",", "")
            if typed != _amount(chosen):
                self.complain(RestoreTuiError(f"to confirm, type {_amount(chosen)}", "nothing was sent"))
                self._typed.focus()
                return
        typed_amount = Decimal(_amount(chosen)) if self._over_budget(chosen) else None
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
        self.attempt(partial(self._send, plan, self._tiers.tier, options, typed_amount), "confirm")

    async def _send(self, plan: RestorePlan, tier: Tier, options: BatchOptions | None, typed: Decimal | None) -> None:
        try:
            run = await self.session.confirm(self._sel, plan, tier, batch=options, typed=typed)
        except PlanChanged as change:
            self._typed.value = ""
            self._tiers.focus()
            self._forget("…")
            await self._prepare()
            self.complain(change)
            return
        finally:
            self._confirming = False
        self.dismiss(run)

    @on(Button.Pressed, "#cancel")
    def _cancelled(self) -> None:
        self.dismiss(None)

    def action_cancel(self) -> None:
        if not self._confirming:
            self.dismiss(None)


MOST_WIDTH = 96
"""As the style sheet has it."""
FRAME_CELLS = 4


def _amount(chosen: TierPlan) -> str:
    """What has to be typed."""
    return f"{chosen.cost.total:.2f}"
