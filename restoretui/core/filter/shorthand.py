"""The command line's shorthands as the same tree: ``--match``, ``--exclude``, ``--older-than`` and their likes."""

from collections.abc import Callable, Sequence

from msgspec import Struct

from restoretui.core.errors import UsageError
from restoretui.core.filter.matcher import FilterRow, row_matches
from restoretui.core.filter.tree import (
    AllOf,
    AnyOf,
    Compared,
    Filter,
    Holds,
    Not,
    OneOf,
    Op,
    Word,
    all_of,
    any_of,
    in_states,
)
from restoretui.core.model import State
from restoretui.core.rules.rules import CloudRules


class Shorthands(Struct, frozen=True):
    """What was said beside ``--where``; all of it must hold. Spans are seconds, sizes bytes."""

    where: Sequence[Filter | None] = ()
    matches: Sequence[str] = ()
    """Any of these globs."""
    excludes: Sequence[str] = ()
    """None of these."""
    states: Sequence[State] = ()
    classes: Sequence[str] = ()
    older_than: int | None = None
    newer_than: int | None = None
    larger_than: int | None = None
    smaller_than: int | None = None

    def tree(self) -> Filter | None:
        """All of it as one filter; None where nothing was said."""
        compared: tuple[tuple[str, Op, int | None], ...] = (
            ("age", ">", self.older_than),
            ("age", "<", self.newer_than),
            ("size", ">", self.larger_than),
            ("size", "<", self.smaller_than),
        )
        return all_of(
            [
                *self.where,
                in_states(*self.states) if self.states else None,
                OneOf("class", tuple(self.classes)) if self.classes else None,
                any_of(map(Word.of, self.matches)),
                *(Not(Word.of(glob)) for glob in self.excludes),
                *(Compared(field, op, value) for field, op, value in compared if value is not None),
            ]
        )


def in_clouds(tree: Filter | None, clouds: Sequence[CloudRules]) -> Filter | None:
    """The same with storage classes as ``clouds`` spell them; ``UsageError`` for one that none of them has."""

    def named(term: Filter) -> Filter:
        if isinstance(term, OneOf) and term.field == "class":
            return OneOf("class", tuple(name for text in term.values for name in _named(text, clouds)))
        if isinstance(term, Holds) and term.field == "class":
            _check_holds(term, clouds)
        return term

    return None if tree is None else _changed(tree, named)


def _changed(tree: Filter, change: Callable[[Filter], Filter]) -> Filter:
    if isinstance(tree, Not):
        return Not(_changed(tree.part, change))
    if isinstance(tree, AllOf | AnyOf):
        return type(tree)(tuple(_changed(part, change) for part in tree.parts))
    return change(tree)


def _named(text: str, clouds: Sequence[CloudRules]) -> list[str]:
    found = sorted({name for rules in clouds if (name := rules.class_named(text))})
    if not found:
        raise _no_class(f"no storage class is called {text!r} here", clouds)
    return found


def _check_holds(term: Holds, clouds: Sequence[CloudRules]) -> None:
    """Where operators name classes as they like, any name may be one."""
    if any(rules.other_archives is not None for rules in clouds):
        return
    classes = [name for rules in clouds for name in rules.classes]
    for value in term.values:
        one = Holds("class", (value,))
        if not any(row_matches(one, FilterRow((), storage_class=name), 0, classes) for name in classes):
            text = value.pattern if isinstance(value, Word) else value.text
            raise _no_class(f"no storage class here has {text!r} in its name", clouds)


def _no_class(message: str, clouds: Sequence[CloudRules]) -> UsageError:
    known = ", ".join(name for rules in clouds for name in sorted(rules.classes))
    return UsageError(
        message, f"known are {known}; a store with names of its own is named by --store or [stores.NAME]"
    )
