"""The guard before archived versions are removed for good: how many go has to be typed, beside what that costs."""

from restoretui.core.errors import UsageError
from restoretui.core.plan.then_costs import StepCost
from restoretui.core.plan.tier_plan import TierPlan
from restoretui.core.then.steps import ThenKind
from restoretui.tui.dialogs.restore.typed_field import TypedField
from restoretui.tui.words import said
from restoretui.wording import format as fmt
from restoretui.wording.then_words import early_fee


class DiscardField(TypedField):
    """Shown only where a plan removes something."""

    DEFAULT_CSS = """
    DiscardField { height: 1; & Static { width: auto; } & Input { width: 1fr; min-width: 8; } }
    """

    def __init__(self) -> None:
        super().__init__("discard")
        self.display = False
        self._goes = 0

    def say(self, chosen: TierPlan, currency: str, *, in_few_words: bool) -> None:
        """How many would go, and what that costs at most; nothing where none would."""
        going = removal_of(chosen)
        self.display = going is not None
        if going is None or going.objects != self._goes:
            self.clear()
        self._goes = going.objects if going is not None else 0
        if going is None:
            return
        fee = early_fee(going, currency)
        what = f"{fmt.plural(self._goes, 'archived version')} will be removed for good, for at most {fee}. Type "
        if in_few_words:
            what = f"Removal costs at most {fee.removeprefix('about ')}: type "
        self.tell(said((what, "warn"), (str(self._goes), "strong"), (": ", "warn")))

    def check(self) -> None:
        """``UsageError`` unless as many were typed as would go; then it takes the keys."""
        if self.display and self.text.replace(",", "") != str(self._goes):
            self.begin()
            raise UsageError(
                f"to remove {fmt.plural(self._goes, 'archived version')} for good, type {self._goes}",
                "nothing was sent",
            )


def removal_of(chosen: TierPlan) -> StepCost | None:
    """The part of a plan that removes archived versions."""
    return next((one for one in chosen.then if one.step.kind is ThenKind.DISCARD and one.objects), None)
