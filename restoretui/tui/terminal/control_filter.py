"""The output filter: whatever widget forgot to clean its text, no raw control or bidi character gets out.

``App.get_line_filters`` runs over every painted line. All characters removed here take no cell, so nothing shifts.
"""

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

_REMOVED = dict.fromkeys(
    [
        *range(0x20),
        *range(0x7F, 0xA0),
        0x061C,
        *range(0x200B, 0x2010),
        *range(0x2028, 0x202F),
        *range(0x2060, 0x2070),
        0xFEFF,
        *range(0xFFF9, 0xFFFC),
        *range(0xE0000, 0xE0080),
    ]
)
_REPLACED = dict.fromkeys(range(0xD800, 0xE000), "\ufffd")
_TABLE = _REMOVED | _REPLACED


class ControlFilter(LineFilter):
    """Removes raw control, bidi and zero-width characters; control segments are Textual's own and stay."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Called for every painted line, so quick for those that are clean: they are given back as they are."""
        if all(control or text.isprintable() for text, _, control in segments):
            return segments
        return [
            segment if segment.control else Segment(segment.text.translate(_TABLE), segment.style)
            for segment in segments
        ]
