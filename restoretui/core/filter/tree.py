"""The tree of a filter, and what may be asked of it. Sizes are bytes, ages and spans seconds, instants UTC."""

from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from msgspec import Struct

from restoretui.core.filter.globs import begins_with_text, escaped, normalised
from restoretui.core.model import State

Op = Literal["=", "<", ">", "<=", ">="]


class Word(Struct, frozen=True):
    """A word or glob (see ``globs``) that is looked for in the key; made by ``Word.of``."""

    pattern: str

    @classmethod
    def of(cls, text: str) -> "Word":
        """From a glob as it is typed in a shell's quotes."""
        return cls(normalised(text))

    @classmethod
    def literally(cls, text: str) -> "Word":
        """Looks for ``text``, whatever its case, with no character in it that means anything."""
        return cls(escaped(text))


class Exact(Struct, frozen=True):
    """Text between quotes: the key contains it as it is written, its case counts."""

    text: str


Text = Word | Exact


class OneOf(Struct, frozen=True):
    """A field is one of ``values``: ``state:archived,failed``, ``class=GLACIER``."""

    field: str
    values: tuple[str, ...]


class Holds(Struct, frozen=True):
    """A field's text matches any of ``values``, as a key would: ``class:deep``, ``failed:denied``."""

    field: str
    values: tuple[Text, ...]


class Moment(NamedTuple):
    """A date as it was written, ``2023-02``: from its first second to its ``end`` (not included), since the epoch."""

    text: str
    first: int
    end: int


class Compared(Struct, frozen=True):
    """``size>1G`` (bytes), ``age<2y`` (seconds), ``modified<2023-02``, ``expires<48h`` (from now on)."""

    field: str
    op: Op
    value: int | Moment


class Not(Struct, frozen=True):
    """``!part``."""

    part: "Filter"


class AllOf(Struct, frozen=True):
    """``one other``: two parts at least."""

    parts: tuple["Filter", ...]


class AnyOf(Struct, frozen=True):
    """``one | other``: two parts at least."""

    parts: tuple["Filter", ...]


Filter = Word | Exact | OneOf | Holds | Compared | Not | AllOf | AnyOf

LISTED = frozenset({"key", "class", "size", "modified", "age", "version"})
"""Fields that a listing tells by itself; all others take what else is known of an object."""


def all_of(parts: Iterable[Filter | None]) -> Filter | None:
    """Where all of them match that are there; None, which is everything, for none."""
    there = tuple(part for part in parts if part is not None)
    return AllOf(there) if len(there) > 1 else (there[0] if there else None)


def any_of(parts: Iterable[Filter]) -> Filter | None:
    """Where any of them matches; None, which is everything, for none."""
    there = tuple(parts)
    return AnyOf(there) if len(there) > 1 else (there[0] if there else None)


def in_states(*states: State) -> Filter:
    """What is in one of these states."""
    return OneOf("state", tuple(sorted(state.value for state in states)))


def conjuncts(tree: Filter) -> Iterator[Filter]:
    """The parts that must all match."""
    if isinstance(tree, AllOf):
        for part in tree.parts:
            yield from conjuncts(part)
    else:
        yield tree


def leaves(tree: Filter) -> Iterator[Filter]:
    """Every term, whatever joins them."""
    if isinstance(tree, Not):
        yield from leaves(tree.part)
    elif isinstance(tree, AllOf | AnyOf):
        for part in tree.parts:
            yield from leaves(part)
    else:
        yield tree


def field_of(term: Filter) -> str:
    """What a term is about; ``key`` for words."""
    return term.field if isinstance(term, OneOf | Holds | Compared) else "key"


def fields_of(tree: Filter | None) -> frozenset[str]:
    """What a filter is about."""
    return frozenset() if tree is None else frozenset(map(field_of, leaves(tree)))


def is_anchored(tree: Filter | None) -> bool:
    """A glob in it looks at the beginning of keys, which is not where everybody means it to."""
    return tree is not None and any(
        isinstance(term, Word) and begins_with_text(term.pattern) for term in leaves(tree)
    )


def is_about_keys(tree: Filter | None) -> bool:
    """A key alone decides."""
    return fields_of(tree) <= {"key"}
