"""The header's first line: the tabs, what kind of session this is, and whose credentials it uses."""

from collections.abc import Mapping, Sequence

from textual import events
from textual.content import Content
from textual.message import Message

from restoretui.core.model import Identity
from restoretui.tui.widgets.bar import Bar
from restoretui.tui.words import Part, said
from restoretui.wording.safe import clean, crop, width

BRAND = " restoretui "
Badge = tuple[str, str]
"""A word and the ground it stands on: ``error`` or ``primary``."""
ENOUGH, SHORTEST = 24, 8
"""Cells a profile's name is cropped to before the names of tabs give way, and never below."""
_DOT: Part = (" · ", "dim")


class TabBar(Bar):
    """Tabs by their id; a number behind a tab's name says how much is going on there.

    Badges and the profile's name are always in sight: the account, the brand and the names of the other tabs give way
    to them, in that order.
    """

    class Chosen(Message):
        """A tab was clicked."""

        def __init__(self, tab: str) -> None:
            super().__init__()
            self.tab = tab

    def __init__(self, tabs: Mapping[str, str], *, badges: Sequence[Badge] = (), profile: str = "") -> None:
        super().__init__(id="tabs")
        self._tabs = tabs
        self._badges = badges
        self._profile = clean(profile)
        self._active = next(iter(tabs))
        self._notes: dict[str, str] = {}
        self._identity: Identity | None = None
        self._lefts: list[Content] = []
        self._ends: list[tuple[int, str]] = []
        """Where each tab shown ends, in cells from the left edge."""

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

    def rebadge(self, badges: Sequence[Badge]) -> None:
        """Show these in place of the badges before."""
        self._badges = badges
        self._say()

    def use(self, profile: str) -> None:
        """These credentials from now on; whose they are is still to be found out."""
        self._profile, self._identity = clean(profile), None
        self._say()

    def identify(self, identity: Identity) -> None:
        """Show account, region and profile."""
        self._identity = identity
        self._profile = clean(identity.profile) or self._profile
        self._say()

    def _say(self) -> bool:
        self._lefts = [self._in_words(brand=True), self._in_words(), self._in_words(others=False)]
        return self.show(self._lefts[0], *self._who())

    def _labels(self, *, others: bool = True) -> list[tuple[str, str]]:
        """The text of each tab, by its id; of others than the active one perhaps the number alone."""
        labels = []
        for number, (tab, label) in enumerate(self._tabs.items(), 1):
            words = [str(number), label if others or tab == self._active else "", self._notes.get(tab, "")]
            labels.append((tab, f" {' '.join(word for word in words if word)} "))
        return labels

    def _in_words(self, *, brand: bool = False, others: bool = True) -> Content:
        parts: list[Part] = [(BRAND, "bold $on-primary on $primary"), " "] if brand else []
        for tab, text in self._labels(others=others):
            parts.append((text, "bold $ink on $ground-tab" if tab == self._active else "$quiet"))
        return said(*parts)

    def _who(self) -> list[Content]:
        """From everything to what must be seen."""
        badges = self._badges_said()
        profile: list[Part] = [self._profile] if self._profile else []
        wordings: list[list[Part]] = []
        if self._identity is not None:
            account, region = self._identity.account, self._identity.region
            ends = [_DOT, *profile] if profile else []
            wordings += [[("account ", "dim"), account, _DOT, region, *ends], [account, _DOT, region, *ends]]
            wordings += [[account, *ends]] if profile else [[account]]
        wordings.append(profile)
        if width(self._profile) > ENOUGH:
            wordings.append([crop(self._profile, ENOUGH)])
        return [Content.assemble(badges, said(*wording)) for wording in wordings]

    def _badges_said(self) -> Content:
        parts: list[Part] = []
        for word, ground in self._badges:
            parts += [(f" {word} ", f"bold $on-{ground} on ${ground}"), " "]
        return said(*parts)

    def render(self) -> Content:
        """The widest wording of tabs and account that fits; notes where each tab ends, for clicks."""
        room = self.size.width
        left, right = self._fitting(room)
        x = self.styles.padding.left + left.cell_length
        self._ends = []
        others = left is not self._lefts[-1]
        for tab, text in reversed(self._labels(others=others)):
            self._ends.insert(0, (x, tab))
            x -= width(text)
        return Content.assemble(left, " " * max(0, room - left.cell_length - right.cell_length), right)

    def _fitting(self, room: int) -> tuple[Content, Content]:
        for left in self._lefts:
            for right in self._rights:
                if left.cell_length + right.cell_length + (2 if right else 0) <= room:
                    return left, right
        left, right, badges = self._lefts[-1], self._rights[-1], self._badges_said()
        spare = room - left.cell_length - 2
        if self._profile:
            short = crop(self._profile, max(SHORTEST, spare - badges.cell_length))
            right = Content.assemble(badges, short)
        if left.cell_length + right.cell_length > room:
            left = left.truncate(max(0, room - right.cell_length - 1), ellipsis=True)
        return left, right

    def on_click(self, event: events.Click) -> None:
        """Posts ``Chosen`` for the tab under the pointer."""
        for end, tab in self._ends:
            if event.x < end:
                self.post_message(self.Chosen(tab))
                return
