"""How a plan's actions are said and painted: a glyph, and the name of its style (``words.COLOURS``)."""

from collections.abc import Mapping

from restoretui.core.rules.verdicts import Action

ACTIONS: Mapping[Action, tuple[str, str]] = {
    Action.START: ("»", "ok"),
    Action.UPGRADE: ("▲", "ok"),
    Action.EXTEND: ("↻", "ok"),
    Action.LATER: ("↻", "busy"),
    Action.SHORTEN: ("↧", "warn"),
    Action.ALREADY: ("◑", "busy"),
    Action.WAITS: ("·", "warn"),
    Action.NOTHING: ("–", "dim"),
    Action.REFUSED: ("✗", "bad"),
    Action.LOOK: ("?", "warn"),
}
