"""A container whose lines all look alike, since its children stand on it: one is made, not one for each line.

Textual makes every line of every container before it finds that other widgets cover it: of a full screen that was
half of the time until the first paint.
"""

from textual.geometry import Region
from textual.strip import Strip


class Alike:
    """Mixed into a container without a border, with its ground as all it shows.

    No widget by itself: Textual takes the name and the styles of the first one among a widget's bases.
    """

    def render_lines(self, crop: Region) -> list[Strip]:
        if not crop.height:
            return []
        first: list[Strip] = super().render_lines(Region(crop.x, 0, crop.width, 1))  # type: ignore[misc]
        return first * crop.height
