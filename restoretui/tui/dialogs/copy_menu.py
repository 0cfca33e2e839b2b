"""The copy menu: what is under the cursor in every form somebody may want to paste, each by one key."""

from collections.abc import Awaitable, Callable, Sequence

from msgspec import Struct
from textual import on
from textual.app import ComposeResult
from textual.widget import Widget
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from restoretui.core.location import Location
from restoretui.tui.dialogs.dialog import Dialog
from restoretui.tui.keys import COPYING
from restoretui.tui.words import said
from restoretui.wording import format as fmt
from restoretui.wording.command_line import command_line


class Copied(Struct, frozen=True):
    """What the menu is about."""

    place: Location
    days: int
    """Of a restore that the command line offers."""
    readable: bool = False
    """It can be read as it is, as far as is known."""


class CopyMenu(Dialog[None]):
    """Closed by whatever is copied, and by escape."""

    BINDINGS = COPYING.bindings()
    FITS_ITSELF = True

    def __init__(self, about: Copied) -> None:
        super().__init__("Copy")
        self._about = about

    def body(self) -> ComposeResult:
        options = []
        for one in COPYING:
            if self._has(one.id):
                text = said((f"{self.shell.key_for(one.id)}  ", "mark"), f"{one.label:<9}", (one.help, "dim"))
                options.append(Option(text, id=one.id))
        self._list = OptionList(*options, compact=True)
        self._list.highlighted = next((at for at, one in enumerate(options) if one.id == "copy_uri"), 0)
        yield self._list

    def giving(self) -> Sequence[Widget]:
        return [self._list]

    def _has(self, form: str) -> bool:
        place = self._about.place
        if form == "copy_link":
            return place.key is not None
        if form == "copy_key":
            return place.key is not None or bool(place.prefix)
        return form in ("copy_uri", "copy_line") or bool(place.bucket)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Forms that the place does not have are no keys here."""
        if action == "copy":
            return self._has(str(parameters[0]))
        return super().check_action(action, parameters)

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.action_copy(event.option_id or "")

    def action_copy(self, form: str) -> None:
        """Copy one form."""
        ways: dict[str, Callable[[], Awaitable[None]]] = {
            "copy_key": self._key, "copy_uri": self._uri, "copy_arn": self._arn, "copy_url": self._url,
            "copy_link": self._link, "copy_download": self._download, "copy_line": self._line,
        }  # fmt: skip
        if self._has(form):
            self.attempt(ways[form], "copy", hold_keys=True)

    async def _key(self) -> None:
        place = self._about.place
        self._take(place.prefix if place.key is None else place.key)

    async def _uri(self) -> None:
        self._take(str(self._about.place))

    async def _arn(self) -> None:
        self._take(await self.session.copying.arn(self._about.place))

    async def _url(self) -> None:
        self._take(await self.session.copying.url(self._about.place))

    async def _line(self) -> None:
        about = self._about
        text = command_line(self.session.copying.line(about.place, about.days, readable=about.readable))
        self.dismiss(None)
        self._tell(text, self.shell.copy_lines(text), "")

    async def _link(self) -> None:
        link = await self.session.copying.link(self._about.place)
        self.dismiss(None)
        ends = f"it ends at {fmt.instant(link.ends)} UTC, {link.why}; whoever has it can read the object until then"
        self._tell("a link that reads the object", self.shell.copy_lines(link.url), ends)

    async def _download(self) -> None:
        forms = await self.session.copying.downloads(self._about.place)
        self.dismiss(None)
        self.shell.show_forms(forms)

    def _take(self, text: str) -> None:
        self.dismiss(None)
        self.shell.copy(text)

    def _tell(self, what: str, why_not: str, hint: str) -> None:
        if why_not:
            self.shell.say("warning", f"not copied: {what}", why_not)
        else:
            self.shell.say("done", f"copied {what}", hint)
