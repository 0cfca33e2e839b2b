"""The tiers side by side: how many objects each would take, how long, and for how much."""

from textual import events
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.widget import Widget

from restoretui.core.model import Tier
from restoretui.core.plan import RestorePlan, TierPlan
from restoretui.core.rules import Action
from restoretui.tui.keys import TIERS
from restoretui.tui.words import Part, said
from restoretui.wording import format as fmt
from restoretui.wording.safe import fit


class TierTable(Widget, can_focus=True):
    """One line a tier; up and down choose."""

    ALLOW_SELECT = False
    BINDINGS = TIERS.bindings()
    DEFAULT_CSS = "TierTable { height: 4; }"

    class Chosen(Message):
        """Another tier."""

        def __init__(self, tier: Tier) -> None:
            super().__init__()
            self.tier = tier

    class Accepted(Message):
        """Enter: this one it is."""

    def __init__(self, tier: Tier) -> None:
        super().__init__()
        self.tier = tier
        self._plan: RestorePlan | None = None

    def show(self, plan: RestorePlan) -> None:
        """Show this plan."""
        self._plan = plan
        self.refresh()

    def choose(self, tier: Tier) -> None:
        """Put the choice on ``tier``."""
        if tier is not self.tier:
            self.tier = tier
            self.refresh()
            self.post_message(self.Chosen(tier))

    def action_step(self, lines: int) -> None:
        tiers = list(Tier)
        self.choose(tiers[max(0, min(len(tiers) - 1, tiers.index(self.tier) + lines))])

    def action_choose(self, tier: str) -> None:
        self.choose(Tier(tier))

    def action_accept(self) -> None:
        self.post_message(self.Accepted())

    def on_click(self, event: events.Click) -> None:
        if 1 <= event.y <= len(Tier):
            self.choose(list(Tier)[event.y - 1])

    def watch_has_focus(self, has_focus: bool) -> None:
        super().watch_has_focus(has_focus)
        self.refresh()

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return 1 + len(Tier)

    def render(self) -> Content:
        head = f"    {'tier':<11}{'requests':>9}{'size':>11}  {'typical time':<14}{'cost':>11}"
        return Content("\n").join([said((fit(head, self.size.width), "dim")), *(self._line(tier) for tier in Tier)])

    def _line(self, tier: Tier) -> Content:
        chosen = tier is self.tier
        start: Part = (
            f" {'▶' if chosen and self.has_focus else ' '}{'◉' if chosen else '○'} ",
            "mark" if chosen else "dim",
        )
        name: Part = (f"{tier:<11}", "strong" if chosen else "")
        plan = self._plan
        line = said(start, name, *(self._numbers(plan, plan.tiers[tier]) if plan is not None else [("…", "dim")]))
        spare = self.size.width - line.cell_length
        line = line.pad_right(spare) if spare > 0 else line.truncate(self.size.width, ellipsis=True)
        return line.stylize_before("on $ground-chosen") if chosen else line

    @staticmethod
    def _numbers(plan: RestorePlan, chosen: TierPlan) -> list[Part]:
        if not chosen.requests:
            return [(f"{'0':>9}  ", "dim"), *_why_none(chosen)]
        window = fmt.span(chosen.window) if chosen.window is not None else "at once"
        cost = fmt.estimate(chosen.cost, chosen.requests, plan.prices.currency)
        left = plan.objects - chosen.requests
        parts: list[Part] = [
            f"{chosen.requests:>9,}",
            f"{fmt.size(chosen.size_bytes):>11}",
            f"  {window:<14}",
            f"{cost:>11}",
        ]
        if left:
            refused = chosen.counts.get(Action.REFUSED, 0)
            parts.append(
                (f"  {refused:,} refused" if refused else f"  {left:,} left out", "bad" if refused else "dim")
            )
        return parts


def _why_none(chosen: TierPlan) -> list[Part]:
    """The commonest reason for which nothing would be sent."""
    reasons: dict[tuple[Action, str], int] = {}
    for line in chosen.lines:
        verdict = line.verdict
        reasons[verdict.action, verdict.reason] = (
            reasons.get((verdict.action, verdict.reason), 0) + line.group.objects
        )
    if not reasons:
        return [("nothing is chosen", "dim")]
    (action, reason), _ = max(reasons.items(), key=lambda item: item[1])
    return [(f"{action}: {reason}", "bad" if action is Action.REFUSED else "dim")]
