"""A filter as a list to tick: which values of a field it lets through, and the same filter with others."""

from collections.abc import Collection, Iterable, Sequence

from restoretui.core.filter.matcher import FilterRow, row_matches
from restoretui.core.filter.tree import Filter, OneOf, all_of, conjuncts, fields_of


def ticked(tree: Filter | None, field: str, values: Sequence[str]) -> list[str]:
    """Of ``values`` those that are let through by the parts about that field alone; none where there are none."""
    about = [part for part in _parts(tree) if fields_of(part) == {field}]
    return [
        value for value in values if about and all(row_matches(part, _row(field, value), 0, values) for part in about)
    ]


def with_ticked(tree: Filter | None, field: str, values: Iterable[str]) -> Filter | None:
    """The same with these values in place of what it says of that field alone; with none it says nothing of it."""
    chosen = tuple(values)
    rest = [part for part in _parts(tree) if fields_of(part) != {field}]
    return all_of([OneOf(field, chosen) if chosen else None, *rest])


def without(tree: Filter | None, fields: Collection[str]) -> Filter | None:
    """What it says of other things than these: whatever it matches is matched, and more."""
    return all_of(part for part in _parts(tree) if not fields_of(part) & set(fields))


def _row(field: str, value: str) -> FilterRow:
    return FilterRow((), storage_class=value) if field == "class" else FilterRow((), state=value)


def _parts(tree: Filter | None) -> list[Filter]:
    return [] if tree is None else list(conjuncts(tree))
