"""The view of a plan: its tiers, costs, reasons, warnings and target, on a terminal of any height."""

from collections.abc import Sequence
from functools import partial

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Button, Input, Static

from restoretui.core.model import Tier
from restoretui.core.plan.offers import offer_of
from restoretui.core.plan.plan import RestorePlan
from restoretui.core.plan.tier_plan import TierPlan
from restoretui.core.plan.unseen import UnseenPart, otherwise, unseen_part
from restoretui.core.rules.verdicts import Action, Purpose
from restoretui.core.then.steps import ThenKind
from restoretui.ledger.run_records import Run
from restoretui.session.inventory.looks_made import LooksMade
from restoretui.tui.dialogs.dialog import Dialog
from restoretui.tui.dialogs.restore.amount_field import AmountField
from restoretui.tui.dialogs.restore.behalf_field import BehalfField
from restoretui.tui.dialogs.restore.days_text import LONGEST
from restoretui.tui.dialogs.restore.discard_field import DiscardField
from restoretui.tui.dialogs.restore.engine_fields import EngineFields
from restoretui.tui.dialogs.restore.plan_layout import WITH_ENGINE, Layout, Parts, laid_out
from restoretui.tui.dialogs.restore.plan_words import (
    NARROW_LINE,
    beside_lines,
    cost_line,
    days_words,
    is_priced,
    limits_words,
    price_line,
    seen_lines,
    seen_words,
    verdict_entries,
    warning_lines,
)
from restoretui.tui.dialogs.restore.target import PlanTarget, place_lines
from restoretui.tui.dialogs.restore.then_field import ThenField
from restoretui.tui.dialogs.restore.tier_table import TierTable
from restoretui.tui.dialogs.restore.unseen_field import UnseenField
from restoretui.tui.widgets.guarded_button import GuardedButton
from restoretui.tui.words import Part, said
from restoretui.wording import format as fmt
from restoretui.wording.safe import clean

VERBS = {Purpose.RESTORE: "Restore", Purpose.EXTEND: "Extend", Purpose.UPGRADE: "Speed up"}
THEN_VERBS = {ThenKind.COPY: "Keep", ThenKind.DOWNLOAD: "Download"}
"""Where nothing is restored, since all can be read already."""
FIRST_TIER = {Purpose.RESTORE: Tier.STANDARD, Purpose.EXTEND: Tier.BULK, Purpose.UPGRADE: Tier.EXPEDITED}
MOST_WIDTH = 96
"""As the style sheet has it."""
FRAME_CELLS = 4
WIDE_REMOVAL = 90
"""Below so many cells a removal is said in fewer words."""
LEAST_DAYS = 5
"""Cells of the days' field."""


class PlanView(Dialog[Run]):
    """Shows a plan; what it is planned from, and what is sent, is for ``RestoreDialog``."""

    SHOWS_AT_ONCE = False

    def __init__(self, purpose: Purpose, days: int, *, step: str) -> None:
        """``step`` says that there are other objects, asked of apart."""
        super().__init__(VERBS[purpose])
        self.purpose = purpose
        self._first_days = days
        self._step = step
        self.plan: RestorePlan | None = None
        """The one on screen."""
        self.looks = LooksMade()
        """That it took."""
        self.target: PlanTarget | None = None
        self.then_remarks: Sequence[str] = ()
        """What somebody should know of what is done with the objects then."""
        self.out_of_sight = 0
        """Objects that are not rows on screen."""
        self.unseen = 0
        """Objects that could not be looked at."""
        self._layout = Layout()
        self._entries: list[int] = []
        """How many lines each reason takes."""

    def head(self) -> ComposeResult:
        self.what = Static(said(("planning …", "dim")), id="what", markup=False)
        self.days_field = Input(str(self._first_days), max_length=LONGEST, compact=True, id="days")
        self.until = Static("", id="until", markup=False)
        self.days_field.styles.width = self.days_cells
        self.tiers = TierTable(FIRST_TIER[self.purpose])
        yield self.what
        with Horizontal(id="days-line") as self._days_line:
            self._before_days = Static("Copies last ", id="before-days", markup=False)
            yield self._before_days
            yield self.days_field
            yield self.until
        yield self.tiers

    def body(self) -> ComposeResult:
        self.engine = EngineFields()
        self.unseen_choice = UnseenField()
        self.then = ThenField()
        self.behalf = BehalfField(self.session.settings.ask_for)
        self._cost = Static("", id="cost", markup=False)
        self._verdicts = Static("", id="verdicts", markup=False)
        self._warned = Static("", id="warnings", markup=False)
        yield self.engine
        yield self.unseen_choice
        yield self.then
        yield self.behalf
        yield self._cost
        yield self._verdicts
        yield self._warned

    def foot(self) -> ComposeResult:
        self._where = Static("", id="where", markup=False)
        self.amount = AmountField()
        self.discards = DiscardField()
        self.button = GuardedButton(VERBS[self.purpose], variant="primary", compact=True, id="confirm", disabled=True)
        self.days_field.cursor_blink = False
        yield self._where
        yield self.amount
        yield self.discards
        with Horizontal(classes="buttons"):
            yield self.button
            yield Button("Cancel", compact=True, id="cancel")

    # --- what is said

    def chosen(self, plan: RestorePlan) -> TierPlan:
        """The tier that is chosen, as it would be sent."""
        return self.engine.through(plan).tiers[self.tiers.tier]

    def say_plan(self, plan: RestorePlan) -> None:
        """Show it, and take it from now on for what a key is about."""
        tier = self.tiers.tier
        shown = self.engine.through(plan)
        chosen = shown.tiers[tier]
        self.remove_class("-stale")
        self.tiers.show(shown)
        self.engine.say(plan, tier)
        self.unseen_choice.say(self._unseen_part(plan, shown), plan.prices.currency)
        self.say_target()
        size = sum(line.group.size_bytes for line in chosen.lines)
        what: list[Part] = [(fmt.plural(plan.objects, "object"), "strong"), f" · {fmt.size(size)} chosen"]
        self.what.update(said(*what, *seen_words(plan, self.looks), *limits_words(plan, chosen)))
        counted = "" if self.days_field.value.strip().isdigit() else f" = {plan.days:,}"
        before, after = days_words(plan, self._width - self.days_cells - len(counted))
        self._before_days.update(before)
        self.until.update(said(counted, *after))
        prices = [price_line(plan)] if is_priced(chosen.cost) else []
        seen = seen_lines(shown, tier)
        self._cost.update(Content("\n").join([cost_line(shown, chosen), *beside_lines(shown, tier), *prices, *seen]))
        self._cost.display = bool(chosen.requests or chosen.then_objects)
        entries = verdict_entries(chosen, self._width - 1)
        self._entries = [len(entry) for entry in entries]
        self._verdicts.display = True
        self._verdicts.update(Content("\n").join([line for entry in entries for line in entry]))
        warnings = self._warning_lines(shown, chosen)
        self._warned.update(Content("\n").join(warnings))
        self._warned.display = bool(warnings)
        self.amount.display = self.over_budget(chosen)
        if self.amount.display:
            self.amount.ask(plan, chosen, self.session.settings, in_few_words=self._width < NARROW_LINE)
        self.discards.say(chosen, plan.prices.currency, in_few_words=self._width < WIDE_REMOVAL)
        watched = chosen.counts.get(Action.ALREADY, 0)
        nothing = not chosen.requests and not watched and not chosen.then_objects
        self.button.disabled = nothing or self.session.read_only
        verb = f"{VERBS[self.purpose]} {chosen.requests:,}" if chosen.requests or nothing else f"Watch {watched:,}"
        if not chosen.requests and not watched and chosen.then_objects:
            verb = f"{THEN_VERBS[plan.then[0].kind]} {chosen.then_objects:,}"
        self.say_button(verb)
        if self.focused is None or self.middle not in self.focused.ancestors:
            self.middle.scroll_home(animate=False)
        self.will_show((shown.identity(tier), self.unseen, self.engine.said()))
        self.fit_soon()

    def _unseen_part(self, plan: RestorePlan, shown: RestorePlan) -> UnseenPart | None:
        """What hangs on whether objects are asked for that may not be looked at; None where that is no question."""
        lines = plan.tiers[self.tiers.tier].lines
        looks = any(line.verdict.action is Action.LOOK for line in lines)
        if self.purpose is not Purpose.RESTORE or not (looks or plan.asks_unseen):
            return None
        return unseen_part(shown, self.engine.through(otherwise(plan)), self.tiers.tier)

    def say_button(self, label: str) -> None:
        """What the button does."""
        self.button.label = Content(label)
        self.button.refresh(layout=True)  # A label by itself does not make room for a longer one.

    def say_target(self) -> None:
        """Where it would be carried out, and by whom."""
        if self.target is not None and self.plan is not None:
            lines = place_lines(self.target, self._width, self._layout.where_lines, self._report())
            self._where.update(Content("\n").join(lines))

    def _report(self) -> str:
        jobs = self.plan is not None and self.engine.uses_jobs(self.plan, self.tiers.tier)
        return self.engine.report() if jobs else ""

    def _warning_lines(self, plan: RestorePlan, chosen: TierPlan) -> list[Content]:
        lines = warning_lines(
            plan,
            chosen,
            read_only=self.session.read_only,
            hidden=self.out_of_sight,
            unseen=self.unseen,
            step=self._step,
        )
        remarks = self.then_remarks if chosen.then_objects else ()
        return lines + [said(("▲ ", "warn"), (clean(text), "warn")) for text in remarks]

    # --- what fits

    @property
    def days_cells(self) -> int:
        """The width of the days' field: for what is typed and some more."""
        return max(LEAST_DAYS, len(self.days_field.value) + 2)

    @property
    def _width(self) -> int:
        """Cells of a line in the frame."""
        return max(16, min(MOST_WIDTH, self.app.size.width) - FRAME_CELLS)

    def on_resize(self) -> None:
        if self.plan is not None:
            self.say_plan(self.plan)

    def fit(self) -> None:
        """By ``laid_out``: which parts are shown, and how high, in the lines that the terminal has."""
        if not self.is_attached or not self.box.children:
            return

        def height(part: Widget, beside: int = 0) -> int:
            return part.get_content_height(self.size, self.size, self._width - beside) if part.display else 0

        parts = (self.engine, self.unseen_choice, self.then, self.behalf, self._cost, self._verdicts, self._warned)
        middle = [part for part in parts if part.display]
        layout = laid_out(
            Parts(
                room=self.room,
                what=self.what.get_content_height(self.size, self.size, self._width),
                tiers=partial(self.tiers.lines, self._width),
                where=self._where_height,
                problem=height(self._problem),
                typed=int(self.amount.display) + int(self.discards.display),
                middle=sum(part.outer_size.height for part in middle),
            )
        )
        if layout != self._layout:
            self._layout = layout
            self.set_class(layout.is_roomy, "-roomy")
            self.what.display = layout.has_what
            self._days_line.display = layout.has_days
            self.tiers.give(layout.tiers)
            self.middle.display = layout.middle > 0
            self._arrange(layout)
            self.say_target()
        self.middle.styles.max_height = max(1, layout.middle)
        self.say_hidden_soon()

    def _where_height(self, most: int) -> int:
        return 1 if self.target is None else len(place_lines(self.target, self._width, most, self._report()))

    def _arrange(self, layout: Layout) -> None:
        """Where there is room for little, warnings come first; for very little, reasons next and the engine last."""
        choices = [self.engine, self.unseen_choice, self.then, self.behalf]
        order = [*choices, self._cost, self._verdicts, self._warned]
        if not layout.is_roomy and layout.middle >= WITH_ENGINE:
            order = [*choices, self._warned, self._cost, self._verdicts]
        elif not layout.is_roomy:
            order = [
                self._warned,
                self.behalf,
                self.unseen_choice,
                self._verdicts,
                self._cost,
                self.then,
                self.engine,
            ]
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

    def forget_plan(self, nothing: str) -> None:
        """There is no plan any more: nothing of the last one may pass for the answer to what was typed since."""
        self.plan = None
        self.will_show(None)
        self.remove_class("-stale")
        self.button.disabled = True
        self.say_button(VERBS[self.purpose])
        self.until.update(said(" days"))
        self.tiers.show(None, nothing)
        for part in (
            self._cost, self._verdicts, self._warned, self.engine, self.unseen_choice, self.then, self.amount,
            self.discards,
        ):  # fmt: skip
            part.display = False
        self._entries = []
        self.fit_soon()

    def grow_stale(self) -> None:
        """Another plan is on its way: what is on screen decides nothing any more."""
        self.will_show(None)
        self.add_class("-stale")
        self.button.disabled = True
        self.say_button(VERBS[self.purpose])
        self.until.update(said(" days, …"))

    def over_budget(self, chosen: TierPlan) -> bool:
        """Its amount has to be typed."""
        if self.plan is None or not (chosen.requests or chosen.then_objects):
            return False
        return bool(self.session.spending.why_not(offer_of(self.engine.through(self.plan), self.tiers.tier)))
