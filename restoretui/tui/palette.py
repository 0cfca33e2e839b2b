"""The command palette: every command that works right now, by name. Its texts are ours or the config's, no key's."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from textual.app import App, SystemCommand
from textual.screen import Screen

from restoretui.tui.keys import IDS, key_name
from restoretui.wording.safe import clean

_NOT_LISTED = {"palette", "dismiss", "close", "keep_filter", "drop_filter"}
"""By their ids: what closes a box has the action of what cancels a run or a job, which are to be found here."""
_MOVES = ("move(", "page(")


def system_commands(
    app: App[Any],
    screen: Screen[Any],
    filters: Mapping[str, Callable[[], None]],
    own: Mapping[str, Callable[[], None]],
) -> Iterator[SystemCommand]:
    """From the bindings active below the palette, the saved filters for what is shown, and the user's commands."""
    seen: set[str] = set()
    for active in screen.active_bindings.values():
        binding = active.binding
        unlisted = binding.id in _NOT_LISTED or binding.action.startswith(_MOVES)
        if binding.id not in IDS or unlisted or binding.action in seen or not active.enabled:
            continue
        seen.add(binding.action)
        title = binding.description.capitalize()
        help_text = f"{binding.tooltip}  ({key_name(binding.key)})"
        yield SystemCommand(title, help_text, partial(app.run_action, binding.action, active.node))
    for name, run in own.items():
        yield SystemCommand(clean(name), "a command of yours: [[commands]] of the config", run)
    for name, show in filters.items():
        yield SystemCommand(f"Show {clean(name)}", "a saved filter: kept by F, of the config, or ready", show)
    yield SystemCommand("Theme", "choose other colours; it is remembered", app.action_change_theme)
    yield SystemCommand(
        "Density", "more or less room between rows; it is remembered", partial(app.run_action, "density")
    )
    yield SystemCommand("Screenshot", "save the screen as an SVG file", app.deliver_screenshot)
