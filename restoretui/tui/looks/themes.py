"""Our own themes. Each is a choice of the config (``theme``) and of the palette, beside Textual's.

What a theme says beyond Textual's colours are variables: the colours of meanings where they are not those of the
same kind (``variables._MEANINGS``), and ``least-contrast``, which all text has on every ground.
"""

from dataclasses import replace

from textual.theme import BUILTIN_THEMES, Theme

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

HIGH_CONTRAST = Theme(
    name="high-contrast",
    primary="#8ad0ff",
    secondary="#c3cfff",
    accent="#ffd24a",
    success="#5cf29b",
    warning="#ffb347",
    error="#ff9b93",
    foreground="#ffffff",
    background="#000000",
    surface="#0a0a0a",
    panel="#1a1a1a",
    dark=True,
    variables={"cold": "#b4c8ff", "quiet": "#d0d0d0", "least-contrast": "7", "row-cursor-style": "reverse"},
)
"""Text and signs reach 7:1 on every ground: WCAG 2.2, level AAA (success criterion 1.4.6)."""

HIGH_CONTRAST_LIGHT = Theme(
    name="high-contrast-light",
    primary="#003f73",
    secondary="#26345c",
    accent="#5c3300",
    success="#00441a",
    warning="#5a2f00",
    error="#7a0000",
    foreground="#000000",
    background="#ffffff",
    surface="#ffffff",
    panel="#ececec",
    dark=False,
    variables={"cold": "#1f2f6b", "quiet": "#333333", "least-contrast": "7", "row-cursor-style": "reverse"},
)

COLOUR_BLIND = Theme(
    name="colour-blind",
    primary="#57b6ec",
    secondary="#9e72ff",
    accent="#fff83d",
    success="#57b6ec",
    warning="#d8990b",
    error="#e3684e",
    foreground="#e4e9ee",
    background="#0e1116",
    surface="#141a21",
    panel="#1c2530",
    dark=True,
    variables={"wait": "#c6f4f4", "cold": "#9e72ff", "quiet": "#a895a2"},
)
"""Blue is well and orange is not; no two meanings look alike without red, green or blue cones, by light or by hue."""

COLOUR_BLIND_LIGHT = Theme(
    name="colour-blind-light",
    primary="#2970b2",
    secondary="#732ddd",
    accent="#9f6700",
    success="#2970b2",
    warning="#922528",
    error="#46011e",
    foreground="#14202c",
    background="#ffffff",
    surface="#f6f8fa",
    panel="#e6ecf2",
    dark=False,
    variables={"wait": "#082059", "cold": "#732ddd", "quiet": "#706c7f"},
)

SIXTEEN = replace(BUILTIN_THEMES["ansi-dark"], name="16-colours")
_ANSI_LIGHT = BUILTIN_THEMES["ansi-light"]
_ON_BLUE = {f"{what}-selection-{part}": f"ansi_{colour}" for what in ("input", "screen")
            for part, colour in (("background", "blue"), ("foreground", "bright_white"))}  # fmt: skip
SIXTEEN_LIGHT = replace(
    _ANSI_LIGHT, name="16-colours-light", secondary="ansi_blue", success="ansi_blue",
    variables=_ANSI_LIGHT.variables | _ON_BLUE,
)  # fmt: skip
"""The terminal's own sixteen and nothing else, as it was set up: few bytes, and right on a console."""

THEMES = (
    DARK, LIGHT, HIGH_CONTRAST, HIGH_CONTRAST_LIGHT, COLOUR_BLIND, COLOUR_BLIND_LIGHT, SIXTEEN, SIXTEEN_LIGHT,
)  # fmt: skip
AUTO = "auto"
"""In the config: by the terminal's own background."""


def automatic(*, is_light: bool | None, is_plain: bool) -> str:
    """The name of the theme for a terminal whose background is light, dark, or not known (None).

    A plain one has its sixteen colours, and black behind them.
    """
    return SIXTEEN.name if is_plain else LIGHT.name if is_light else DARK.name
