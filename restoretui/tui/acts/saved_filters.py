"""Filters by name on the screens: offered by the palette and by ``f``, kept as they are in force, forgotten again.

What is kept on screen goes where the columns chosen on screen go, never into the config: that file is its writer's,
with comments and an order of its own, and may be shared or read-only.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from restoretui.core.errors import UsageError
from restoretui.core.filter.parser import parse_filter
from restoretui.core.filter.printer import filter_text
from restoretui.tui.dialogs.prompts import TextPrompt
from restoretui.tui.pane import Pane
from restoretui.wording.safe import clean

if TYPE_CHECKING:
    from restoretui.tui.shell import Shell

LONGEST_NAME = 48


def narrowings(pane: Pane) -> Mapping[str, Callable[[], None]]:
    """By name, for the palette; none where the tab shows what no field is known of."""
    if not pane.can_narrow:
        return {}
    return {name: partial(pane.narrow, parse_filter(text)) for name, text in pane.shell.filters_by_name().items()}


async def save_filter(pane: Pane) -> None:
    """Ask for a name and keep the filter in force under it."""
    text = filter_text(pane.narrowed_to)
    if not text:
        raise UsageError("everything is shown: there is no filter to save", "/ or f filters")
    typed = await pane.shell.push_screen_wait(
        TextPrompt("Save the filter", f"a name for {clean(text)}; ctrl+p and f v offer it from then on")
    )
    if typed is not None:
        keep_filter(pane.shell, typed, text)
        pane.attempt(pane.shell.remembered.save, "remember", exclusive=False)


def keep_filter(shell: "Shell", typed: str, text: str) -> None:
    """From now on, and until it is forgotten; ``UsageError`` for what cannot be its name."""
    name = " ".join(typed.split())
    if not name or len(name) > LONGEST_NAME or clean(name) != name:
        raise UsageError(
            f"{clean(typed)!r} cannot be the name of a filter", f"write up to {LONGEST_NAME} letters that can be seen"
        )
    if name in shell.configured_filters:
        raise UsageError(f"[views] of the config has {name!r} already", "change it there, or choose another name")
    is_new = name not in shell.remembered.filters
    shell.remembered.keep_filter(name, text)
    done = "saved as" if is_new else "saved in place of what was"
    shell.say("done", f"{clean(text)} {done} {name!r}", f"{shell.key_for('palette')} offers it")
