"""On whose behalf a run is made: who asked for it, under which ticket, and a note; for whoever it is handed to."""

from collections.abc import Collection
from typing import NamedTuple

from restoretui.core.errors import UsageError
from restoretui.core.rules.commands import options

ASKABLE = ("requester", "ticket", "note")
"""What the config may ask for with each restore (``ask_for``)."""
LONGEST = {"requester": 200, "ticket": 200, "note": 2000}
"""Characters of each: what is longer belongs into the ticket itself."""
_CALLED = {"requester": "who asked for it", "ticket": "a ticket", "note": "a note"}


class OnBehalf(NamedTuple):
    """Empty texts where nothing was said. None of it goes to a cloud."""

    requester: str = ""
    ticket: str = ""
    note: str = ""

    def checked(self) -> "OnBehalf":
        """Without blanks around; ``UsageError`` for what is no line of text."""
        kept = OnBehalf(*(text.strip() for text in self))
        for name, text in zip(self._fields, kept, strict=True):
            if len(text) > LONGEST[name]:
                raise UsageError(
                    f"--{name} has {len(text):,} characters, and {LONGEST[name]:,} are kept", "put the rest elsewhere"
                )
            if not text.isprintable():
                raise UsageError(f"--{name} holds what is no text in one line", "leave out line breaks and controls")
        return kept

    def lacks(self, asked_for: Collection[str]) -> list[str]:
        """What of this the config asks for and nobody said."""
        return [name for name in ASKABLE if name in asked_for and not getattr(self, name)]

    def require(self, asked_for: Collection[str], source: str, *, by_keys: bool = False) -> None:
        """``UsageError`` where something asked for is missing; ``source`` is the file that asks.

        ``by_keys``: it is typed into a field, where no option helps.
        """
        if lacking := self.lacks(asked_for):
            what = " and ".join(_CALLED[name] for name in lacking)
            raise UsageError(
                f"ask_for in {source} wants {what} with each restore, so nothing was sent",
                "type it" if by_keys else f"say it with {' '.join(f'--{name}' for name in lacking)}",
            )

    def words(self) -> list[str]:
        """As words of a command line."""
        return options(*((f"--{name}", text) for name, text in zip(self._fields, self, strict=True)))


NOBODY = OnBehalf()


def called(name: str) -> str:
    """What it is called where a person is asked for it."""
    return _CALLED[name]
