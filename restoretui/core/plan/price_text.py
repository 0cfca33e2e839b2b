"""Price tables as the text of a prices file."""

import json
from collections.abc import Iterable
from decimal import Decimal

from restoretui.core.plan.money import plain
from restoretui.core.plan.pricing import RATES, PriceTable

_HEAD = """# Written by `restoretui prices update`, and by the next. Prices of your own belong into prices.toml.
"""


def as_toml(tables: Iterable[PriceTable]) -> str:
    """What ``read_price_book`` reads the same tables from."""
    return "\n".join([_HEAD, *(_table(table) for table in tables)])


def _table(table: PriceTable) -> str:
    values: dict[str, object] = {
        "scheme": table.scheme, "store": table.store, "regions": list(table.regions), "date": table.date,
        "currency": table.currency, "source": table.source, "copy_per_gib_month": table.copy_per_gib_month,
        "copy_free": sorted(table.copy_free), "put_per_1000": table.put_per_1000 or None,
        "no_estimate_for": list(table.no_estimate_for), **{name: getattr(table, name) for name in RATES},
    }  # fmt: skip
    lines = ["[[table]]"]
    lines += [f"{name} = {_written(value)}" for name, value in values.items() if value not in (None, "", [])]
    for archive in dict.fromkeys(archive for archive, _ in table.retrieval):
        lines += ["", f"[table.retrieval.{json.dumps(archive)}]"]
        for (of, tier), price in table.retrieval.items():
            if of == archive:
                fee = "" if price.per_1000 is None else f", per_1000 = {_written(price.per_1000)}"
                lines.append(f"{tier} = {{ per_gib = {_written(price.per_gib)}{fee} }}")
    return "\n".join([*lines, ""])


def _written(value: object) -> str:
    # Amounts as strings: TOML's numbers would lose digits.
    return json.dumps(plain(value) if isinstance(value, Decimal) else value)
