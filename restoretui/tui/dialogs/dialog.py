"""The base of all dialogs: a modal box over the screen that asks or tells something, closed by escape.

It fits every terminal: what stands above and below its middle is always in view, the middle scrolls, and the frame
says how much of it is out of view. And whatever it does, it does for keys that were pressed while what it shows was
on screen: a key typed ahead, or meant for numbers that have changed since, decides nothing.
"""

from collections.abc import Sequence
from functools import partial
from typing import TypeVar

from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Button, Static

from restoretui.core.errors import RestoreTuiError
from restoretui.tui.keys import DIALOG
from restoretui.tui.shell import Says, Working
from restoretui.tui.widgets.key_bar import KeyBar
from restoretui.tui.words import said

ResultT = TypeVar("ResultT")

FRAME_LINES = 2
KEY_LINES = 1
LEAST_WIDTH = 30
"""Columns of the terminal; with fewer, a tier's line has no room for what it costs."""


class Middle(VerticalScroll):
    """What scrolls. However late its own height changes: how much is out of view is told by it."""

    def on_resize(self) -> None:
        if isinstance(self.screen, Dialog):
            self.screen.say_hidden_soon()


class Dialog(Working, ModalScreen[ResultT]):
    """``None`` is the answer when it was cancelled."""

    BINDINGS = DIALOG.bindings()
    AUTO_FOCUS = "*"
    SHOWS_AT_ONCE = True
    """False where what is to be decided about has to be found first: then ``will_show`` is called once it is."""
    FITS_ITSELF = False
    """True where ``body`` brings parts of its own that scroll: ``giving`` then names them."""

    COUNTS_HIDDEN = True
    """False where so much is out of view that its number tells nothing."""

    def __init__(self, title: str) -> None:
        super().__init__()
        self._title = title
        self.on_screen: object = None
        """What the person can see of it, as far as decisions are concerned; None until it has been drawn."""
        self._to_be_seen: object = None
        self._scrolls = False
        self._lacked_room = False
        """The complaint on screen is that the terminal is too small: it goes as soon as that is no longer true."""

    def compose(self) -> ComposeResult:
        """Head, middle, complaint, foot, keys: subclasses fill in ``head``, ``body`` and ``foot``."""
        self.shell.key_queue.let_go()  # Keys that waited for the dialog are for it.
        # Parts are held, not queried: work that outlives the dialog may still tell them something.
        with Vertical(id="box") as self.box:
            self.box.border_title = said((self._title, ""))
            yield from self.head()
            if self.FITS_ITSELF:
                yield from self.body()
            else:
                with Middle(id="middle", can_focus=False) as self.middle:
                    yield from self.body()
            self._problem = Static("", id="problem", markup=False)
            yield self._problem
            yield from self.foot()
        yield KeyBar()

    def head(self) -> ComposeResult:
        """What stays in view above the middle."""
        yield from ()

    def body(self) -> ComposeResult:
        """What is in the middle, and scrolls where it does not fit."""
        yield from ()

    def foot(self) -> ComposeResult:
        """What stays in view below: the buttons."""
        yield from ()

    # --- what fits

    def giving(self) -> Sequence[Widget]:
        """The parts that become lower where there is no room, side by side; the first tells how much is hidden."""
        return [self.middle]

    def on_mount(self) -> None:
        # Textual calls this beside the one of a subclass, and so it does ``on_resize``.
        for part in self.giving()[:1]:
            for changed in ("scroll_y", "virtual_size"):
                self.watch(part, changed, self.say_hidden, init=False)
        self.screen_layout_refresh_signal.subscribe(self, lambda _: self._laid_out(), immediate=True)
        if self.SHOWS_AT_ONCE:
            self.will_show(self)
        self.fit_soon()

    def on_resize(self) -> None:
        self.fit_soon()

    def _laid_out(self) -> None:
        self.say_hidden()
        if self._lacked_room and self.is_whole:
            self.no_complaint()

    def fit_soon(self) -> None:
        """Something became higher or lower."""
        if self.is_attached:
            self.call_after_refresh(self.fit)

    def fit(self) -> None:
        """Give the middle what the parts that stay leave it."""
        giving = self.giving()
        if not giving or not self.is_attached or not self.box.children:
            return
        whole = sum(child.virtual_region_with_margin.height for child in self.box.children if child.display)
        stays = whole - max(part.outer_size.height for part in giving)
        room = max(1, self.room - stays)
        for part in giving:
            part.styles.max_height = room
        self.say_hidden_soon()

    @property
    def room(self) -> int:
        """The lines that may be in the frame."""
        return self.app.size.height - KEY_LINES - FRAME_LINES

    def say_hidden_soon(self) -> None:
        """What is to be told may be another now, also where no part gets another height: a layout tells by itself."""
        self.call_after_refresh(self.say_hidden)

    def say_hidden(self) -> None:
        """Tell in the frame how much is out of view."""
        above, below = self.hidden()
        told = [
            (arrow, f"{number:,} " if self.COUNTS_HIDDEN else "")
            for arrow, number in (("↑", above), ("↓", below))
            if number
        ]
        text = " · ".join(f"{arrow} {number}more" for arrow, number in told)
        self.box.border_subtitle = said((text, "mark")) if text else None
        if bool(text) is not self._scrolls:
            self._scrolls = bool(text)
            self.refresh_bindings()

    def hidden(self) -> tuple[int, int]:
        """How many lines are out of view, above and below."""
        for part in self.giving()[:1]:
            return round(part.scroll_y), max(0, part.max_scroll_y - round(part.scroll_y))
        return 0, 0

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Scrolling is a key only while something is out of view, saying only where a command does the same."""
        if action == "say":
            return self.says() is not None
        return self._scrolls if action == "scroll_text" else super().check_action(action, parameters)

    def action_scroll_text(self, pages: int) -> None:
        for part in self.giving()[:1]:
            part.scroll_relative(y=pages * max(1, part.size.height - 1), animate=False)

    # --- the same as commands

    def says(self) -> Says | None:
        """Puts into commands what is asked here; None where no command does it."""
        return None

    def action_say(self) -> None:
        """Copy it as a command, and offer its other forms: nothing is done by that."""
        if (says := self.says()) is not None:
            self.attempt(partial(self._show_forms, says), "say", hold_keys=True)

    async def _show_forms(self, says: Says) -> None:
        self.shell.show_forms(await says())

    # --- what is on screen

    def will_show(self, what: object) -> None:
        """Something to decide about is painted: keys are for it from now on, or once a slow line has it drawn."""
        if what == self._to_be_seen:
            return
        self._to_be_seen = what
        if what is None or not self.shell.pacer.is_answered:
            self.on_screen = what
            return
        self.on_screen = None
        # Twice: the widgets just told to repaint hand their regions to the screen only after its current refresh.
        self.call_after_refresh(self.call_after_refresh, self._painted, what)

    def _painted(self, what: object) -> None:
        self.shell.pacer.when_drawn(partial(self._drawn, what))

    def _drawn(self, what: object) -> None:
        if what == self._to_be_seen:
            self.on_screen = what

    @property
    def is_painted(self) -> bool:
        """Nothing newer is on its way to the screen."""
        return self.on_screen == self._to_be_seen

    @property
    def is_whole(self) -> bool:
        """What has to stay in view is in view: of a terminal that is too small for that, nothing is decided."""
        frame = self.box.content_region.intersection(self.region)
        moves = {*self.giving(), self._problem}
        stays = [part.region for part in self.box.children if part.display and part not in moves]
        return self.app.size.width >= LEAST_WIDTH and all(frame.contains_region(region) for region in stays)

    def was_seen(self) -> bool:
        """The key being acted on was pressed while what is shown now was on screen, all of it."""
        return self.is_whole and self.on_screen is not None and self.shell.key_queue.seen == self.on_screen

    def not_seen(self) -> None:
        """A key was meant for something else than what is shown now, or for what is out of view."""
        if self.is_whole:
            self.complain(
                RestoreTuiError("that key was pressed before this was on screen", "look at it, then press it again")
            )
        else:
            self.complain(RestoreTuiError("too small to show what is decided", "60x15 will do"))
            self._lacked_room = True

    # --- what is said

    def complain(self, error: RestoreTuiError) -> None:
        """In the dialog itself, below the middle; stays until ``no_complaint``."""
        self._lacked_room = False
        self._problem.update(said(("✗ ", "bad"), str(error), (f" — {error.hint}" if error.hint else "", "dim")))
        self._problem.display = True
        self.fit_soon()

    def remark(self, text: str) -> None:
        """What is waited for, where a complaint would be; stays until there is one, or ``no_complaint``."""
        self._problem.update(said((text, "dim")))
        self._problem.display = True
        self.fit_soon()

    def no_complaint(self) -> None:
        """What was wrong no longer is."""
        self._lacked_room = False
        self._problem.update(Content(""))
        self._problem.display = False
        self.fit_soon()

    def action_button(self, step: int) -> None:
        """From one button to a neighbour, if the keys are on one."""
        if isinstance(self.focused, Button) and self.focused.parent is not None:
            row = [button for button in self.focused.parent.query_children(Button) if not button.disabled]
            row[(row.index(self.focused) + step) % len(row)].focus()

    def action_cancel(self) -> None:
        """Dismiss with ``None``: nothing was decided."""
        self.dismiss(None)
