"""The first line: the tabs, and whose credentials these are."""

from collections.abc import Mapping

from textual import events
from textual.content import Content
from textual.message import Message

from restoretui.core.model import Identity
from restoretui.tui.widgets.bar import Bar
from restoretui.tui.words import Part, said

BRAND = " restoretui "


class TabBar(Bar):
    """Tabs by their id; a number behind a tab's name says how much is going on there."""

    class Chosen(Message):
        """A tab was clicked."""

        def __init__(self, tab: str) -> None:
            super().__init__()
            self.tab = tab

    def __init__(self, tabs: Mapping[str, str], *, warning: str = "") -> None:
        super().__init__(id="tabs")
        self._tabs = tabs
        self._warning = warning
        self._active = next(iter(tabs))
        self._notes: dict[str, str] = {}
        self._identity: Identity | None = None
        self._ends: list[tuple[int, str]] = []

    def on_mount(self) -> None:
        self._say()

    @property
    def active(self) -> str:
        """The tab shown."""
        return self._active

    @active.setter
    def active(self, tab: str) -> None:
        self._active = tab
        self._say()

    def note(self, tab: str, text: str) -> bool:
        """Say ``text`` behind the tab's name; tells whether that is anything new."""
        self._notes[tab] = text
        return self._say()

    def identify(self, identity: Identity) -> None:
        """Show account, region and profile."""
        self._identity = identity
        self._say()

    def _say(self) -> bool:
        parts: list[Part] = [(BRAND, "bold $on-primary on $primary"), " "]
        self._ends = []
        for number, (tab, label) in enumerate(self._tabs.items(), 1):
            note = self._notes.get(tab, "")
            text = f" {number} {label} " + (f"{note} " if note else "")
            parts.append((text, "bold $ink on $ground-tab" if tab == self._active else "$quiet"))
            at = sum(len(part if isinstance(part, str) else part[0]) for part in parts)
            self._ends.append((at + self.styles.padding.left, tab))
        return self.show(said(*parts), *self._who())

    def _who(self) -> list[Content]:
        warning: list[Part] = [(f" {self._warning} ", "bold $on-error on $error"), " "] if self._warning else []
        if self._identity is None:
            return [said(*warning)]
        dot: Part = (" · ", "dim")
        account, region, profile = self._identity.account, self._identity.region, self._identity.profile
        with_profile: list[Part] = [dot, profile] if profile else []
        wordings: list[list[Part]] = [
            [("account ", "dim"), account, dot, region, *with_profile],
            [account, dot, region, *with_profile],
            [account, dot, region],
            [account],
        ]
        return [said(*warning, *wording) for wording in wordings]

    def on_click(self, event: events.Click) -> None:
        for end, tab in self._ends:
            if event.x < end:
                self.post_message(self.Chosen(tab))
                return
