"""The parts of a location as it is written, each of which leads to a place above it."""

from restoretui.core.location import Location
from restoretui.wording.safe import clean, width


def crumb_at(here: Location, cell: int) -> Location | None:
    """The place that the part at that cell names; None where that is the place itself, or nothing is."""
    places = [here]
    while places[-1].bucket:
        places.append(places[-1].parent)
    return next((place for place in reversed(places[1:]) if 0 <= cell < _ends(place)), None)


def _ends(place: Location) -> int:
    """Where the part ends, with the slash behind it."""
    text = clean(str(place))
    return width(text) + (not text.endswith("/"))
