"""Colours by what they mean, worked out from the theme in force: ours, Textual's, or a terminal's own sixteen.

Ice for what is archived, amber for what thaws, green for what can be read. A theme says what its colours are, not
that they can be read on each of its grounds; so every colour of ours is moved towards the theme's text colour until
it can. Where a theme has variables of the names of ours (``ok``, ``cold``, …), ours begin as those.
"""

from collections.abc import Mapping
from itertools import chain

from textual.color import Color

from restoretui.tui.looks.contrast import LEAST_CONTRAST, STEPS, contrast, readable

_MEANINGS = {
    "ok": "success", "busy": "accent", "wait": "primary", "warn": "warning", "bad": "error", "cold": "secondary",
}  # fmt: skip
"""Our text colours, and the theme's that each begins as."""
_TINTS = {
    "ground-panel": ("background", "panel", 1.0),
    "row-range": ("background", "accent", 0.18),
    "row-cursor": ("background", "primary", 0.24),
    "row-blurred": ("background", "primary", 0.10),
    "ground-marks": ("background", "accent", 0.14),
    "ground-done": ("surface", "success", 0.12),
    "ground-busy": ("surface", "primary", 0.14),
    "ground-warning": ("surface", "warning", 0.16),
    "ground-error": ("surface", "error", 0.18),
    "ground-chosen": ("surface", "primary", 0.20),
    "ground-tab": ("panel", "primary", 0.30),
}
"""Our grounds: what of the theme each is, tinted with what and how much."""
MOST_TAKEN = 0.4
"""Of the contrast that text has on the theme's background, the part that a ground of ours may take away."""
_ONLY_TEXT = "ground-tab"
"""The ground that only the text colour stands on."""
_ANSI_DARK = {
    "ok": "ansi_bright_green", "busy": "ansi_yellow", "wait": "ansi_bright_cyan", "warn": "ansi_bright_yellow",
    "bad": "ansi_bright_red", "cold": "ansi_cyan", "quiet": "ansi_white",
}  # fmt: skip
_ANSI_LIGHT = {
    "ok": "ansi_default", "busy": "ansi_magenta", "wait": "ansi_blue", "warn": "ansi_bright_red", "bad": "ansi_red",
    "cold": "ansi_blue", "quiet": "ansi_bright_black",
    "on-primary": "ansi_bright_white", "on-error": "ansi_bright_white",
}  # fmt: skip
"""No green and no cyan: on white hardly any terminal's can be read. Blue and black stand in, beside the shapes."""


def own_variables(variables: Mapping[str, str], *, ansi: bool, dark: bool) -> dict[str, str]:
    """Our variables for the stylesheet and for styled text, from those of the theme in force."""
    if ansi:
        return _of_terminal(_ANSI_DARK if dark else _ANSI_LIGHT)
    theme = {
        name: _opaque(variables[name], variables)
        for name in ("background", "surface", "panel", "foreground", "primary", *_MEANINGS.values())
    }
    text, background = theme["foreground"], theme["background"]
    least = float(variables.get("least-contrast", LEAST_CONTRAST))
    grounds = {
        name: _ground(theme[ground], theme[tint], part, text, contrast(text, background) * (1 - MOST_TAKEN))
        for name, (ground, tint, part) in _TINTS.items()
    }
    ink = readable(text, [background, theme["surface"], *grounds.values()], text, least)
    under = [background, theme["surface"], *(grounds[name] for name in _TINTS if name != _ONLY_TEXT)]
    ours = grounds | {"ink": ink}
    for name, begins_as in _MEANINGS.items():
        colour = _opaque(variables.get(name, variables[begins_as]), variables)
        ours[name] = readable(colour, under, ink, least)
    quiet = variables.get("quiet")
    ours["quiet"] = readable(
        _opaque(quiet, variables) if quiet else ink.blend(background, 0.4, alpha=1.0), under, ink, least
    )
    for name, ground in (("on-primary", "primary"), ("on-error", "error")):
        ours[name] = readable(background, [theme[ground]], background, least)
    plain = {name: colour.hex for name, colour in ours.items()}
    return plain | {
        "row-cursor-style": variables.get("row-cursor-style", "none"),
        "row-range-style": "none",
        "veil": background.with_alpha(0.7).hex,
    }


def _ground(ground: Color, tint: Color, part: float, text: Color, least: float) -> Color:
    """``ground`` tinted, less so where text would lose too much."""
    weaker = (ground.blend(tint, part * step / STEPS, alpha=1.0) for step in range(STEPS, 0, -1))
    return next((tinted for tinted in weaker if contrast(text, tinted) >= least), ground)


def _opaque(text: str, variables: Mapping[str, str]) -> Color:
    colour = Color.parse(text)
    return colour if colour.a >= 1 else Color.parse(variables["background"]).blend(colour, colour.a, alpha=1.0)


def _of_terminal(colours: Mapping[str, str]) -> dict[str, str]:
    """For themes made of the terminal's own colours, which nobody here knows: no tints, and rows turned round."""
    names = chain(_TINTS, ("ink", "on-primary", "on-error"))
    return dict.fromkeys(names, "ansi_default") | {
        **colours,
        "row-cursor-style": "reverse",
        "row-range-style": "underline",
        "veil": "transparent",
    }
