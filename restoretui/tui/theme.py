"""Colours by what they mean, worked out from the theme in force: ours, Textual's, or a terminal's own sixteen.

Ice for what is archived, amber for what thaws, green for what can be read. A theme says what its colours are, not
that they can be read on each of its grounds; so every colour of ours is moved towards the theme's text colour until
it can.
"""

from collections.abc import Iterable, Mapping
from itertools import chain

from textual.color import BLACK, WHITE, Color
from textual.theme import Theme

DARK = Theme(
    name="restoretui",
    primary="#6cb6e8",
    secondary="#8296b0",
    accent="#f0b35a",
    success="#7fcf94",
    warning="#e8a64c",
    error="#ee7b76",
    foreground="#d5dde6",
    background="#0e141a",
    surface="#131b23",
    panel="#1b2630",
    dark=True,
    variables={"cold": "#7d9cc0", "quiet": "#76879a"},
)

LIGHT = Theme(
    name="restoretui-light",
    primary="#1f6f9f",
    secondary="#5a6b80",
    accent="#9a5b00",
    success="#1d7a3d",
    warning="#8f5700",
    error="#b3261e",
    foreground="#1c2733",
    background="#f7f9fb",
    surface="#eef2f6",
    panel="#e1e8ef",
    dark=False,
    variables={"cold": "#3c618c", "quiet": "#64748b"},
)

THEMES = (DARK, LIGHT)

LEAST_CONTRAST = 3.0
"""Of text on its ground, as WCAG 2 reckons it: its least for large or bold text, and for signs that carry meaning."""
_SPARE = 0.1
"""What rounding to whole steps of a colour may take off again."""
_STEPS = 20

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
    "ok": "ansi_green", "busy": "ansi_magenta", "wait": "ansi_blue", "warn": "ansi_bright_red", "bad": "ansi_red",
    "cold": "ansi_cyan", "quiet": "ansi_bright_black",
}  # fmt: skip


def contrast(one: Color, other: Color) -> float:
    """Contrast ratio of two opaque colours, 1 to 21 (WCAG 2.2, "contrast ratio")."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: Color) -> float:
    parts = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour.normalized)
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), parts, strict=True))


def _worst(colour: Color, grounds: Iterable[Color]) -> float:
    return min(contrast(colour, ground) for ground in grounds)


def readable(colour: Color, grounds: Iterable[Color], foreground: Color) -> Color:
    """``colour``, or what comes nearest to it and can be read on each of ``grounds``."""
    grounds = tuple(grounds)
    wanted = LEAST_CONTRAST + _SPARE
    towards = max((foreground, WHITE, BLACK), key=lambda end: min(_worst(end, grounds), wanted))
    steps = (colour.blend(towards, step / _STEPS, alpha=1.0) for step in range(_STEPS + 1))
    return next((step for step in steps if _worst(step, grounds) >= wanted), towards)


def own_variables(variables: Mapping[str, str], *, ansi: bool, dark: bool) -> dict[str, str]:
    """Our variables for the stylesheet and for styled text, from those of the theme in force."""
    if ansi:
        return _of_terminal(_ANSI_DARK if dark else _ANSI_LIGHT)
    theme = {
        name: _opaque(variables[name], variables)
        for name in ("background", "surface", "panel", "foreground", "primary", *_MEANINGS.values())
    }
    text, background = theme["foreground"], theme["background"]
    grounds = {
        name: _ground(theme[ground], theme[tint], part, text, contrast(text, background) * (1 - MOST_TAKEN))
        for name, (ground, tint, part) in _TINTS.items()
    }
    ink = readable(text, [background, theme["surface"], *grounds.values()], text)
    under = [background, theme["surface"], *(grounds[name] for name in _TINTS if name != _ONLY_TEXT)]
    ours = grounds | {"ink": ink}
    for name, begins_as in _MEANINGS.items():
        colour = _opaque(variables.get(name, variables[begins_as]), variables)
        ours[name] = readable(colour, under, ink)
    quiet = variables.get("quiet")
    ours["quiet"] = readable(
        _opaque(quiet, variables) if quiet else ink.blend(background, 0.4, alpha=1.0), under, ink
    )
    for name, ground in (("on-primary", "primary"), ("on-error", "error")):
        ours[name] = readable(background, [theme[ground]], background)
    plain = {name: colour.hex for name, colour in ours.items()}
    return plain | {
        "row-cursor-style": "none",
        "row-range-style": "none",
        "veil": background.with_alpha(0.7).hex,
    }


def _ground(ground: Color, tint: Color, part: float, text: Color, least: float) -> Color:
    """``ground`` tinted, less so where text would lose too much."""
    weaker = (ground.blend(tint, part * step / _STEPS, alpha=1.0) for step in range(_STEPS, 0, -1))
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
