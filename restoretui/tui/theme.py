"""Our own colours, by what they mean: ice for what is archived, amber for what thaws, green for what can be read."""

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
DEFAULTS = {"cold": "$secondary", "quiet": "$text-muted"}
"""The same variables for themes that are not ours."""
