"""Compiles a filter's tree into an SQL condition over whatever columns a view has.

It says of every row what ``core.filter.matcher`` says. Each term is 0 or 1, never NULL, so that ``!`` turns it round.
Of a row of which only its name is known (a common prefix; a key nobody has looked at yet) a term about anything else
is undecided: then the whole is true where it is surely so, or where it is perhaps so.
"""

from collections.abc import Callable, Sequence

from msgspec import Struct

from restoretui.core.filter.fields import EVERY, WORDS_ONLY
from restoretui.core.filter.matcher import class_named
from restoretui.core.filter.tree import (
    AllOf,
    AnyOf,
    Compared,
    Exact,
    Filter,
    Holds,
    Moment,
    Not,
    OneOf,
    Text,
    Word,
    conjuncts,
    fields_of,
)
from restoretui.ledger.store.unknown_values import UNTOLD_DATE
from restoretui.ledger.views.filter_sql import NEVER, Arguments, Condition, each, either, is_storable, word_sql

NOW = ":now"
"""What a statement with such a condition binds beside it: the cloud's time, in seconds since the epoch."""


class FilterColumns(Struct, frozen=True):
    """SQL expressions for what may be asked of a row; NULL where it is not known."""

    texts: Sequence[str]
    """Where words are looked for, the key first."""
    prefix: str = ""
    """What all keys of the listing begin with."""
    storage_class: str = "''"
    size: str = "NULL"
    modified: str = "NULL"
    state: str = "''"
    expiry: str = "NULL"
    """Of a copy that can be read."""
    tier: str = "NULL"
    run: str = "NULL"
    changed: str = "NULL"
    causes: Sequence[str] = ()
    """Of what failed: code, message, reason."""
    with_causes: str = "{}"
    """Where those columns are to be had, around a condition on them."""
    overdue: str = NEVER
    version: str = "''"
    decided: frozenset[str] = EVERY
    perhaps: bool = False
    """What is undecided counts as what lets the row through."""


def names_only(*columns: str, prefix: str = "", perhaps: bool = False) -> FilterColumns:
    """Of rows of which only the name is known."""
    return FilterColumns(columns, prefix, decided=WORDS_ONLY, perhaps=perhaps)


def where(tree: Filter | None, columns: FilterColumns, classes: Sequence[str] = ()) -> Condition:
    """The condition; ``classes`` are the names of all storage classes there are."""
    arguments = Arguments()
    return Condition(where_sql(tree, columns, classes, arguments), arguments.values)


def where_sql(tree: Filter | None, columns: FilterColumns, classes: Sequence[str], arguments: Arguments) -> str:
    """The same, with its values among others."""
    return "1" if tree is None else _Compiler(columns, classes, arguments).sql(tree, positive=True)


def cheapest_first(tree: Filter) -> list[Filter]:
    """The parts that must all match, in the order in which they are best tried."""
    return sorted(conjuncts(tree), key=_cost)


def _cost(part: Filter) -> int:
    fields = fields_of(part)
    return 2 if "key" in fields or "version" in fields else 1 if "class" in fields else 0


class _Compiler:
    def __init__(self, columns: FilterColumns, classes: Sequence[str], arguments: Arguments) -> None:
        self._columns = columns
        self._classes = classes
        self._arguments = arguments
        self._bind = arguments.bind

    def sql(self, tree: Filter, *, positive: bool) -> str:
        match tree:
            case AnyOf(parts):
                return either([self.sql(part, positive=positive) for part in parts])
            case AllOf(parts):
                return each([self.sql(part, positive=positive) for part in parts])
            case Not(part):
                return f"(NOT {self.sql(part, positive=not positive)})"
            case Word() | Exact():
                return either([self._text(tree, column, self._columns.prefix) for column in self._columns.texts])
        if tree.field not in self._columns.decided:
            return "1" if positive is self._columns.perhaps else NEVER
        match tree:
            case OneOf(field, values):
                return self._one_of(field, values)
            case Holds(field, values):
                return either([self._holds(field, value) for value in values])
            case Compared(field, op, value):
                return f"coalesce({self._compared(field, op, value)}, 0)"

    def _text(self, value: Text, column: str, prefix: str = "") -> str:
        if isinstance(value, Word):
            return word_sql(value.pattern, column, prefix, self._arguments)
        return f"(instr({column}, {self._bind(value.text)}) > 0)" if is_storable(value.text) else NEVER

    def _one_of(self, field: str, values: Sequence[str]) -> str:
        columns = self._columns
        if field == "is":
            return columns.overdue
        storable = [value for value in values if is_storable(value)]
        if field == "run":
            return f"coalesce({columns.run} IN ({', '.join(self._bind(int(value)) for value in storable)}), 0)"
        if field == "class":
            return either([f"({columns.storage_class} = {self._bind(value)} COLLATE NOCASE)" for value in storable])
        if field == "failed":
            return self._failed(lambda column: either(
                [f"{column} = {self._bind(value)} COLLATE NOCASE" for value in storable]
            ))  # fmt: skip
        listed = ", ".join(self._bind(value) for value in storable)
        column = {"state": columns.state, "tier": columns.tier, "version": columns.version}.get(field)
        if column is not None:
            return f"coalesce({column} IN ({listed}), 0)"
        # Of a common prefix the key is told with its slash and without.
        keys = columns.texts[:1] if columns.decided != WORDS_ONLY else columns.texts
        return either([f"{key} IN ({listed})" for key in keys])

    def _holds(self, field: str, value: Text) -> str:
        columns = self._columns
        if field == "failed":
            return self._failed(lambda column: self._text(value, column))
        if field == "version":
            return self._text(value, columns.version)
        named = class_named(value, self._classes)
        if named is not None:
            return f"({columns.storage_class} = {self._bind(named)})"
        return self._text(value, columns.storage_class)

    def _failed(self, matches: Callable[[str], str]) -> str:
        columns = self._columns
        inner = columns.with_causes.format(either([matches(column) for column in columns.causes]))
        return f"coalesce({columns.state} = 'failed' AND {inner}, 0)"

    def _compared(self, field: str, op: str, value: int | Moment) -> str:
        columns = self._columns
        if field == "size":
            return f"({columns.size} >= 0 AND {columns.size} {op} {self._bind(value)})"
        then = columns.changed if field == "changed" else columns.expiry if field == "expires" else columns.modified
        known = f"{then} <> {UNTOLD_DATE} AND " if field in ("age", "modified") else ""
        if isinstance(value, Moment):
            return f"({known}{self._then(then, op, value)})"
        if field == "expires":
            return f"({then} > {NOW} AND {then} - {NOW} {op} {self._bind(value)})"
        return f"({known}{NOW} - {then} {op} {self._bind(value)})"

    def _then(self, column: str, op: str, moment: Moment) -> str:
        first, end = self._bind(moment.first), self._bind(moment.end)
        return {
            "<": f"{column} < {first}", "<=": f"{column} < {end}", ">": f"{column} >= {end}",
            ">=": f"{column} >= {first}", "=": f"{column} >= {first} AND {column} < {end}",
        }[op]  # fmt: skip
