"""Whether objects that nobody may look at are asked for all the same; there only while a plan leaves some out."""

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Static

from restoretui.core.plan.unseen import UnseenPart
from restoretui.tui.widgets.pick_line import PickLine
from restoretui.tui.words import Part, said
from restoretui.wording import format as fmt

LEFT_OUT, ASKED = "left", "asked"
CHOICES = {LEFT_OUT: "left out", ASKED: "asked for"}


class UnseenField(Vertical):
    """Left out unless somebody says otherwise: nothing is known of them, perhaps not even their price."""

    DEFAULT_CSS = "UnseenField { height: auto; & Static { width: 1fr; height: auto; } }"

    class Changed(Message):
        """Another plan is wanted."""

    def compose(self) -> ComposeResult:
        self._choice = PickLine("Unseen", CHOICES, LEFT_OUT, id="unseen")
        self._what = Static("", id="unseen-what", markup=False)
        yield self._choice
        yield self._what

    @property
    def asks(self) -> bool:
        """They are asked for all the same."""
        return self._choice.value == ASKED

    def say(self, part: UnseenPart | None, currency: str) -> None:
        """Show the choice, with what hangs on it; None or no objects: there is none."""
        self.display = part is not None and part.objects > 0
        if part is None or not part.objects:
            return
        what = f"{fmt.plural(part.objects, 'object')} may not be looked at"
        if not part.requests:
            self._what.update(said((f" {what}, nor asked for at this tier", "dim")))
            return
        price = fmt.estimate(part.cost, part.requests, currency)
        parts: list[Part] = [
            (f" {what}; asking for {'it' if part.requests == 1 else 'them'} is ", "dim"),
            (fmt.plural(part.requests, "request"), "strong"), (", cost ", "dim"), (price, "strong"),
        ]  # fmt: skip
        if part.shortens:
            parts.append((", which may end a copy sooner", "warn"))
        self._what.update(said(*parts))

    @on(PickLine.Picked)
    def _picked(self, event: PickLine.Picked) -> None:
        event.stop()
        self.post_message(self.Changed())
