"""The app as a program of the terminal: colours, frame pacing, key queue, title and notices; no session yet."""

import asyncio
import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from textual import events, on
from textual.app import App
from textual.driver import Driver
from textual.filter import ANSIToTruecolor, LineFilter
from textual.screen import Screen

from restoretui.tui.background import in_background
from restoretui.tui.keys import key_name
from restoretui.tui.looks.themes import AUTO, DARK, THEMES, automatic
from restoretui.tui.looks.variables import own_variables
from restoretui.tui.terminal.answers import is_plain, may_ask, said_background
from restoretui.tui.terminal.control_filter import ControlFilter
from restoretui.tui.terminal.driver import BackgroundTold, TerminalDriver
from restoretui.tui.terminal.key_queue import KeyQueue
from restoretui.tui.terminal.pacing import Pacer

if TYPE_CHECKING:
    from rich.console import RenderableType


class TerminalApp(App[int]):
    """What Textual's app lacks on a slow line, and what of its own ways does not suit here."""

    TITLE = "restoretui"
    CSS = Path(__file__).with_name("style.tcss").read_text("utf-8")
    LATE_CSS = Path(__file__).with_name("late.tcss").read_text("utf-8")
    """The styles of what no first paint shows."""
    ALLOW_SELECT = False
    ENABLE_COMMAND_PALETTE = False
    """Only its own binding is switched off: ours can be remapped, and does not reach into dialogs."""

    given_theme = ""
    """In force unless somebody chose another one on screen."""

    def __init__(self, driver_class: type[Driver] | None, theme: str | None = None) -> None:
        """``theme`` is a name, perhaps of none there is, or ``auto``."""
        super().__init__(driver_class=driver_class)
        self._asks_background = False
        self.spaced_rows = False
        """A blank line below each row of a table."""
        self.animation_level = "none"
        self.use_command_palette = True
        self._control_filter = ControlFilter()
        self._window_title = ""
        self._titles = not is_plain(os.environ.get("TERM", ""))
        """The terminal takes one, and the settings do not forbid it."""
        self.pacer = Pacer(partial(self.call_later, self.while_running), self._probe, self._written)
        self.key_queue = KeyQueue(super().on_event, self._is_handling, self._on_screen)
        for ours in THEMES:
            self.register_theme(ours)
        self.use_theme(theme)

    # --- how it looks

    def use_theme(self, theme: str | None) -> None:
        """What the config says, or was chosen at an earlier start: the name of a theme, of none there is, or auto."""
        self._asks_background = theme == AUTO and may_ask(os.environ)
        if theme == AUTO:
            light, is_console = said_background(os.environ), is_plain(os.environ.get("TERM", ""))
            theme = automatic(is_light=light, is_plain=is_console)
        self.given_theme = theme if theme in self.available_themes else DARK.name
        if self.is_running:
            self.theme = self.given_theme
            return
        # Not by assignment, by which the stylesheet is parsed for Textual's own theme first, and then once more.
        self.set_reactive(App.theme, self.given_theme)
        self.stylesheet.set_variables(self.get_css_variables())

    def style_late(self) -> None:
        """Add the styles of what no first paint shows, before any of it is there."""
        self.stylesheet.add_source(self.LATE_CSS, ("", "LATE_CSS"))

    def ask_background(self) -> None:
        """Where the theme is to follow the terminal's background, and the terminal may be asked for it."""
        if self._asks_background and isinstance(self._driver, TerminalDriver):
            self._driver.ask_background()

    @on(BackgroundTold)
    def _background_told(self, event: BackgroundTold) -> None:
        event.stop()
        if self._asks_background and self.theme == self.given_theme:
            self.given_theme = automatic(is_light=event.is_light, is_plain=False)
            self.theme = self.given_theme

    def get_css_variables(self) -> dict[str, str]:
        """Textual's, with our own colours by their meaning (``tui/looks``)."""
        if not self.given_theme:
            return {}  # As Textual makes the app: nothing is shown in the theme that it begins with.
        variables = super().get_css_variables()
        now = self.current_theme
        # Also for styled text, which looks its variables up there.
        self.theme_variables = variables | own_variables(variables, ansi=now.ansi, dark=now.dark)
        return self.theme_variables

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Textual's, with the filter of control characters behind them all."""
        filters = super().get_line_filters()
        if self.current_theme.ansi and not self.no_color:
            # Made for the theme that Textual begins with, it would give the terminal's own colours values of its own.
            filters = [each for each in filters if not isinstance(each, ANSIToTruecolor)]
        return [*filters, self._control_filter]

    def get_key_display(self, binding: "object") -> str:
        """The key's name as footer and help write it."""
        return key_name(getattr(binding, "key", ""))

    # --- keys, one after the other

    async def on_event(self, event: events.Event) -> None:
        """Keys go through the key queue, one after the other; everything else as Textual has it."""
        if isinstance(event, events.Key) and not event.is_forwarded:
            self.key_queue.put(event)
            return
        if isinstance(event, events.Resize) and isinstance(self._driver, TerminalDriver):
            self._driver.shown.forget()  # Terminals do with their text what they like.
        await super().on_event(event)

    def _is_handling(self) -> bool:
        """Messages wait between what has the focus and the app."""
        focused = self.focused or self.screen
        return any(node.message_queue_size for node in focused.ancestors_with_self)

    def _on_screen(self) -> object:
        """What a key pressed now is about, where it decides something."""
        return getattr(self.screen, "on_screen", None)

    # --- frames

    def _display(self, screen: Screen[object], renderable: "RenderableType | None") -> None:
        if isinstance(self._driver, TerminalDriver):
            renderable = self._driver.shown.only_changes(renderable)
        super()._display(screen, renderable)

    def action_redraw(self) -> None:
        """What somebody else wrote on the screen, the system say, is not known here, and would stay."""
        if isinstance(self._driver, TerminalDriver):
            self._driver.shown.forget()
        self.refresh()

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

    # --- when something is wrong

    def _handle_exception(self, error: Exception) -> None:
        from restoretui.tui.process.crash import Defect, found_screens_gone

        if self._exit and found_screens_gone(error):
            return
        # Textual would print values of variables, or pages of a stylesheet, and exit as if all was well.
        if self._exception is None:
            self._exception = error
            self._exception_event.set()
        self._return_code = int(Defect.exit_code)
        self._close_messages_no_wait()

    # --- beside the screen

    def ring(self, text: str, *, bell: bool = True, form: str = "auto") -> None:
        """Draw attention to ``text``, also of somebody who looks elsewhere: by bell and desktop notice.

        ``form`` is how the terminal takes a notice (``NoticeForm``), or ``auto``: as terminals of its name do.
        """
        from restoretui.tui.terminal.desktop import NoticeForm  # nothing is news before the first paint

        if bell:
            self.bell()
        if isinstance(self._driver, TerminalDriver) and form != NoticeForm.OFF:
            in_background(self, partial(self._tell_desktop, self._driver, text, form), "desktop")

    async def _tell_desktop(self, driver: TerminalDriver, text: str, form: str) -> None:
        from restoretui.tui.terminal.desktop import NoticeForm, notice_form, notice_sequence

        known = await asyncio.to_thread(notice_form, os.environ) if form == "auto" else NoticeForm(form)
        sequence = notice_sequence(text, known, os.environ)
        if sequence:
            driver.send(sequence)

    def set_window_title(self, title: str) -> None:
        """Of the terminal's window, if that is news."""
        if title != self._window_title and self._titles and isinstance(self._driver, TerminalDriver):
            self._window_title = title
            self._driver.set_title(title)
