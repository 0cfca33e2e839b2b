"""Whether one colour can be read on another, and what to do where it cannot."""

from collections.abc import Iterable
from functools import lru_cache

from textual.color import BLACK, WHITE, Color

LEAST_CONTRAST = 3.0
"""Of text on its ground, as WCAG 2 reckons it: its least for large or bold text, and for signs that carry meaning."""
_SPARE = 0.1
"""What rounding to whole steps of a colour may take off again."""
STEPS = 20


def contrast(one: Color, other: Color) -> float:
    """Contrast ratio of two opaque colours, 1 to 21 (WCAG 2.2, "contrast ratio")."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@lru_cache(512)
def _luminance(colour: Color) -> float:
    parts = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour.normalized)
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), parts, strict=True))


def _worst(colour: Color, grounds: Iterable[Color]) -> float:
    return min(contrast(colour, ground) for ground in grounds)


def readable(colour: Color, grounds: Iterable[Color], foreground: Color, least: float = LEAST_CONTRAST) -> Color:
    """``colour``, or what comes nearest to it and has at least that contrast on each of ``grounds``."""
    grounds = tuple(grounds)
    wanted = least + _SPARE
    towards = max((foreground, WHITE, BLACK), key=lambda end: min(_worst(end, grounds), wanted))
    steps = (colour.blend(towards, step / STEPS, alpha=1.0) for step in range(STEPS + 1))
    return next((step for step in steps if _worst(step, grounds) >= wanted), towards)
