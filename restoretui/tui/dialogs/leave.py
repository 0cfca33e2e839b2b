"""Leaving while requests are still to be sent: what becomes of them is said before, and can be waited for."""

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Button, Static

from restoretui.core.errors import RestoreTuiError
from restoretui.tui.dialogs.dialog import Dialog
from restoretui.tui.words import Part, said
from restoretui.wording import format as fmt

LOOK_S = 0.5
"""Between two looks at what is left; the ledger hears of outcomes no more often."""
BAR_CELLS = 24


class Leave(Dialog[bool]):
    """Answers True when it is time to go; stays by escape, also while it waits for the last request."""

    AUTO_FOCUS = "#send"

    def __init__(self) -> None:
        super().__init__("Leave")
        self._is_sending = False
        self._requests: dict[int, int] = {}
        """Of each run that had something to send since the question was put."""

    def body(self) -> ComposeResult:
        self._said = Static("", id="left", markup=False)
        self._why_not = Static("", id="why-not", markup=False)
        yield self._said
        yield self._why_not

    def foot(self) -> ComposeResult:
        with Horizontal(classes="buttons"):
            yield Button("Send, then leave", variant="primary", compact=True, id="send")
            yield Button("Leave", compact=True, id="leave")
            yield Button("Stay", compact=True, id="stay")

    def on_mount(self) -> None:
        self._look()
        self.set_interval(LOOK_S, self._look)

    def _look(self) -> None:
        try:
            left = self.session.run_views.unsent()
        except RestoreTuiError as error:
            self.complain(error)
            return
        if self._is_sending and not left:
            self.dismiss(True)
            return
        self._requests |= {each.run.id: each.requests for each in left}
        unsent, requests = sum(each.unsent for each in left), sum(self._requests.values())
        self._said.update(said(*(_progress(unsent, requests) if self._is_sending else _question(unsent, requests))))
        why_not = self._hindrance() if self._is_sending else []
        self._why_not.display = bool(why_not)
        self._why_not.update(said(*why_not))

    def _hindrance(self) -> list[Part]:
        """Why it takes longer than it should, or will never come to an end."""
        failure, health = self.session.failure, self.session.health
        if failure is not None:
            return [("✗ ", "bad"), f"nothing is sent any more: {failure}", (_hint(failure.hint), "dim")]
        if health.level == "paused":
            hint = health.hint or "goes on by itself when that works again"
            return [("‖ ", "warn"), f"paused: {health.text}", (_hint(hint), "dim")]
        if health.level == "slow":
            return [("▼ ", "warn"), f"throttled: {health.rate:.0f} requests a second"]
        return []

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "send":
            self._is_sending = True
            event.button.display = False
            self.query_one("#stay", Button).focus()
            self._look()
        else:
            self.dismiss(event.button.id == "leave")


def _progress(unsent: int, requests: int) -> list[Part]:
    filled, rest = fmt.bar(1 - unsent / requests if requests else 1.0, BAR_CELLS)
    return [
        (filled, "busy"), (rest, "dim"), f"  {requests - unsent:,} of {fmt.plural(requests, 'request')} sent.",
        (" This leaves by itself after the last one.", "dim"),
    ]  # fmt: skip


def _question(unsent: int, requests: int) -> list[Part]:
    if not unsent:
        return ["All requests are sent by now."]
    are = "is" if unsent == 1 else "are"
    return [
        f"{unsent:,} of {fmt.plural(requests, 'request')} {are} not sent yet.",
        (" If you leave now they go on at the next start.", "dim"),
    ]


def _hint(hint: str) -> str:
    return f" — {hint}" if hint else ""
