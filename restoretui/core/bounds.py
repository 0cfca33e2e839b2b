"""Numbers that a person may set, each with the range in which it does what it says: the one check for all of them."""

import math

from msgspec import Struct

from restoretui.core.errors import UsageError


class Bounds(Struct, frozen=True):
    """From ``least`` to ``most``, both included. ``whole`` numbers only, where half a one means nothing."""

    least: float
    most: float
    whole: bool = False
    unit: str = ""

    def __str__(self) -> str:
        kind = "a whole number" if self.whole else "a number"
        above = " above 0," if self.least > 0 else ""
        most = f"{self.most:,g}" if self.most < 10**6 else f"{self.most:.0f}"
        return f"{kind}{above} from {self.least:g} to {most}"

    def check(self, name: str, value: object) -> int | float:
        """``value`` itself, whole where it has to be; ``UsageError`` with name, value and range for any other.

        Nothing that is no number passes: no truth value, no text, no infinity.
        """
        number = value if isinstance(value, int | float) and not isinstance(value, bool) else math.nan
        # Whole numbers of any length compare with floats as they are; NaN compares with nothing.
        if not self.least <= number <= self.most or (self.whole and number != int(number)):
            unit = f" ({self.unit})" if self.unit else ""
            raise UsageError(f"{name} must be {self}{unit}, not {shown(value)}", "write a value in that range")
        return int(number) if self.whole else float(number)


KEEP_DAYS = Bounds(1, 365, whole=True, unit="days")
"""By how much copies may be extended so that what shall be done with them comes to its end."""


def shown(value: object) -> str:
    """A value that cannot be meant, as it stands in a sentence; cut where it would fill the screen."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # Python refuses to write out whole numbers of thousands of digits.
        return "so long a number"
    return text if len(text) <= 60 else f"{text[:57]}…"
