"""Money with its currency. Amounts are compared within one currency only: there is no rate between two here."""

import re
from decimal import Decimal

from msgspec import Struct

from restoretui.core.errors import UsageError

MOST = Decimal(10) ** 12
"""No amount that can be meant is above it."""
DOLLARS = "USD"
_NUMBER = r"(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,2})?)"
_FORMS = (
    rf"(?P<sign>\$?)\s*{_NUMBER}\s*(?P<currency>[A-Za-z]{{3}})?",
    rf"(?P<currency>[A-Za-z]{{3}})\s*(?P<sign>){_NUMBER}",
)
"""Patterns, compiled for whoever has said an amount."""


class Amount(Struct, frozen=True):
    """So much of a currency, named by its three letters (ISO 4217)."""

    value: Decimal
    currency: str = DOLLARS

    def __str__(self) -> str:
        return f"{plain(self.value)} {self.currency}"


def read_amount(text: str) -> Amount:
    """``50``, ``$50``, ``100 CNY``, ``100CNY`` or ``CNY 100``; dollars where no currency is named.

    ``UsageError`` for what is no amount: negative, not finite, of two currencies, or beyond ``MOST``.
    """
    found = next((match for form in _FORMS if (match := re.fullmatch(form, text.strip()))), None)
    if found is None:
        raise UsageError(f"{text!r} is not an amount of money", "write 50, or 100CNY for another currency")
    value, currency = Decimal(found["number"]), (found["currency"] or DOLLARS).upper()
    if found["sign"] and currency != DOLLARS:
        raise UsageError(f"{text!r} names two currencies", "write 50, or 100CNY for another currency")
    if value > MOST:
        raise UsageError(f"{text!r} is not an amount of money that can be meant", f"the most is {MOST:,}")
    return Amount(value, currency)


def plain(value: Decimal) -> str:
    """All its digits and at least two behind the point, never an exponent: ``50.00``, ``0.000429``."""
    text = f"{value:f}"
    whole, _, rest = text.partition(".")
    return f"{whole}.{rest.rstrip('0'):0<2}"


def told_apart(cost: Decimal, limit: Decimal) -> tuple[str, str]:
    """Both as text, the first with as many digits as it takes to see by how much it is above the second."""
    for places in range(2, 19):
        # Two digits more than the first that tells, so that the rest is not rounded away.
        texts = [f"{cost:.{places}f}", f"{cost:.{places if places == 2 else places + 2}f}"]
        if all(Decimal(text) > limit for text in texts):
            return plain(Decimal(texts[1])), plain(limit)
    return plain(cost), plain(limit)
