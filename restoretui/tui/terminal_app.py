"""The app as a program of the terminal: colours, frame pacing, key queue, title and notices; no session yet."""

import asyncio
import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from textual import events, on
from textual.app import App
from textual.driver import Driver
from textual.filter import LineFilter

from restoretui.tui import theme
from restoretui.tui.keys import key_name
from restoretui.tui.terminal.control_filter import ControlFilter
from restoretui.tui.terminal.desktop import NoticeForm, is_plain, notice_form, notice_sequence
from restoretui.tui.terminal.driver import TerminalDriver
from restoretui.tui.terminal.key_queue import KeyQueue
from restoretui.tui.terminal.pacing import Pacer


class TerminalApp(App[int]):
    """What Textual's app lacks on a slow line, and what of its own ways does not suit here."""

    TITLE = "restoretui"
    CSS = Path(__file__).with_name("style.tcss").read_text("utf-8")
    ALLOW_SELECT = False
    VERTICAL_BREAKPOINTS = [(0, "-short"), (30, "-tall")]  # noqa: RUF012  Textual declares it so
    ENABLE_COMMAND_PALETTE = False
    """Only its own binding is switched off: ours can be remapped, and does not reach into dialogs."""

    def __init__(self, driver_class: type[Driver] | None) -> None:
        super().__init__(driver_class=driver_class)
        self.animation_level = "none"
        self.use_command_palette = True
        self._control_filter = ControlFilter()
        self._window_title = ""
        self._titles = not is_plain(os.environ.get("TERM", ""))
        """The terminal takes one, and the settings do not forbid it."""
        self.pacer = Pacer(partial(self.call_later, self.while_running), self._probe, self._written)
        self.key_queue = KeyQueue(super().on_event, self._is_handling, self._on_screen)
        for ours in theme.THEMES:
            self.register_theme(ours)
        # Not by assignment, by which the stylesheet is parsed for Textual's own theme first, and then once more.
        self.set_reactive(App.theme, theme.DARK.name)
        self.stylesheet.set_variables(self.get_css_variables())

    # --- how it looks

    def get_css_variables(self) -> dict[str, str]:
        variables = super().get_css_variables()
        now = self.current_theme
        # Also for styled text, which looks its variables up there.
        self.theme_variables = variables | theme.own_variables(variables, ansi=now.ansi, dark=now.dark)
        return self.theme_variables

    def get_line_filters(self) -> Sequence[LineFilter]:
        return [*super().get_line_filters(), self._control_filter]

    def get_key_display(self, binding: "object") -> str:
        return key_name(getattr(binding, "key", ""))

    # --- keys, one after the other

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, events.Key) and not event.is_forwarded:
            self.key_queue.put(event)
        else:
            await super().on_event(event)

    def _is_handling(self) -> bool:
        """Messages wait between what has the focus and the app."""
        focused = self.focused or self.screen
        return any(node.message_queue_size for node in focused.ancestors_with_self)

    def _on_screen(self) -> object:
        """What a key pressed now is about, where it decides something."""
        return getattr(self.screen, "on_screen", None)

    # --- frames

    def while_running(self, call: Callable[[], object]) -> None:
        """What was due when the app began to close is not done any more: its widgets are going."""
        if self.is_running:
            call()

    def _probe(self) -> bool:
        if not isinstance(self._driver, TerminalDriver):
            return False
        # Twice: the widgets just told to repaint hand their regions to the screen only after its current refresh.
        self.call_after_refresh(self.call_after_refresh, self._driver.ask)
        return True

    def _written(self) -> int:
        return self._driver.sent if isinstance(self._driver, TerminalDriver) else 0

    @on(events.CursorPosition)
    def _terminal_answered(self) -> None:
        self.pacer.answered()

    # --- beside the screen

    def ring(self, text: str, *, bell: bool = True, form: str = "auto") -> None:
        """Draw attention to ``text``, also of somebody who looks elsewhere: by bell and desktop notice.

        ``form`` is how the terminal takes a notice (``NoticeForm``), or ``auto``: as terminals of its name do.
        """
        if bell:
            self.bell()
        if isinstance(self._driver, TerminalDriver) and form != NoticeForm.OFF:
            self.run_worker(self._tell_desktop(self._driver, text, form), group="desktop")

    async def _tell_desktop(self, driver: TerminalDriver, text: str, form: str) -> None:
        known = await asyncio.to_thread(notice_form, os.environ) if form == "auto" else NoticeForm(form)
        sequence = notice_sequence(text, known, os.environ)
        if sequence:
            driver.send(sequence)

    def set_window_title(self, title: str) -> None:
        """Of the terminal's window, if that is news."""
        if title != self._window_title and self._titles and isinstance(self._driver, TerminalDriver):
            self._window_title = title
            self._driver.set_title(title)
