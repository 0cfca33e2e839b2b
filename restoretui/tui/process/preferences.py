"""What the config asks of the screens and they do not have: themes and commands that do not exist."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from restoretui.tui.keys import IDS

if TYPE_CHECKING:
    from restoretui.config.settings import Settings


def wrong_preferences(settings: "Settings", themes: Iterable[str]) -> tuple[list[str], list[str]]:
    """Clauses about what is wrong, and about what there is instead; both empty when all is well."""
    wrong: list[str] = []
    known: list[str] = []
    names = sorted(themes)
    if settings.theme is not None and settings.theme not in names:
        wrong.append(f"there is no theme {settings.theme!r}")
        known.append(f"known themes are {', '.join(names)}")
    unknown = sorted(set(settings.keys) - IDS)
    if unknown:
        wrong.append(f"no command is called {', '.join(unknown)}")
        known.append(f"known commands are {', '.join(sorted(IDS))}")
    return wrong, known
