"""Single values of a prices file, each read or refused by name."""

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from restoretui.core.bounds import shown
from restoretui.core.errors import UsageError
from restoretui.core.plan.money import MOST


def money(where: str, value: object) -> Decimal:
    """An amount, through its text, so that 0.023 is meant exactly; a string keeps more digits than TOML's numbers."""
    try:
        price = Decimal(str(value))
    except (InvalidOperation, ValueError):  # no number, or a whole one of thousands of digits
        price = Decimal(-1)
    if not price.is_finite() or not 0 <= price <= MOST or isinstance(value, bool):
        raise bad(f"{where} = {shown(value)} is not an amount of money")
    return price


def money_if_known(raw: Mapping[str, Any], name: str, where: str = "") -> Decimal | None:
    """The amount called ``name``; None where it is not there, and so not known."""
    return money(f"{where}{name}", raw[name]) if name in raw else None


def currency(value: object) -> str:
    """As budgets name it, so that the two can be compared."""
    if not isinstance(value, str) or not re.fullmatch("[A-Za-z]{3}", value):
        raise bad(f"currency = {shown(value)} is not the three letters of one")
    return value.upper()


def names(raw: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """A list of names; empty where it is not there."""
    value = raw.get(name, [])
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise bad(f"{name} = {value!r} is not a list of names")
    return tuple(value)


def section(where: str, value: object) -> Mapping[str, Any]:
    """A section, that is values by their names."""
    if not isinstance(value, Mapping):
        raise bad(f"{where} = {value!r} is not a section")
    return value


def only(raw: Mapping[str, Any], known: Iterable[str], where: str) -> None:
    """Refuse what is misspelt: an optional name would otherwise silently mean its default, say dollars."""
    for name in sorted(raw.keys() - set(known)):
        raise bad(f"{where} does not know {name!r}")


def bad(message: str) -> UsageError:
    """The error of a prices file."""
    return UsageError(message, "mend the prices file")
