"""Templates of JSON lines: many rows that are alike but for a few values, some hundreds at a time.

A line is made the slow way (``jsonlines``) once for each kind of row: its state, class, tier and the like. It is
taken apart at the values that differ from row to row, and from then on only these are put in. So what a line holds is
said in one place, and a million of them cost two microseconds each. What cannot be put in as it is, a key whose
location is written otherwise, say, is made the slow way.
"""

import json
import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import lru_cache
from json.encoder import encode_basestring_ascii
from typing import Any, NamedTuple

from restoretui.core.model import END_UNTOLD
from restoretui.session.jsonlines.line import instant

MOST_KINDS = 1000
"""Kinds of rows that are kept; rows that are each of its own kind gain nothing."""
Make = Callable[[Any, Mapping[str, Any]], str]
"""The slow way: a line of a kind and of the values that differ."""
_WRITTEN_OTHERWISE = re.compile(r"[/*]\Z|\?versionId=", re.DOTALL)
"""Keys whose location is not just the key behind the bucket (``core.location``)."""
_UNPLAIN = ('"', "\\", "/\n", "*\n", "?versionId=")
"""The same in a page's keys, one a line, and what JSON escapes."""


class Slot(NamedTuple):
    """A value that differs from row to row."""

    texts: Callable[[Sequence[Any]], Sequence[str]]
    """How values stand in their lines."""
    probe: Any
    """A value that nothing else in a line looks like."""
    check: Any
    """Another, to see whether it comes out the same both ways."""

    def text(self, value: Any) -> str:
        """Of one."""
        return self.texts([value])[0]


class _Form(NamedTuple):
    text: str
    """For ``%``."""
    names: tuple[str, ...]


class RowLines:
    """The lines of one sort of row."""

    def __init__(self, make: Make, slots: Mapping[str, Slot]) -> None:
        """``slots`` are the values beside ``key`` and ``version_id``; lines of versions are made one by one."""
        self._make = make
        self._slots = {"key": _KEY, **slots}
        self._known: dict[tuple[Hashable, frozenset[str]], _Form | None] = {}

    def lines(
        self,
        kinds: Sequence[Hashable],
        keys: Sequence[str],
        version_ids: Sequence[str | None],
        values: Mapping[str, Sequence[Any]],
    ) -> list[str]:
        """One line a row, of its kind, key, version and ``values`` by slot; what is None is not known."""
        if not keys:
            return []
        columns: dict[str, Sequence[Any]] = {"key": keys, "version_id": version_ids, **values}
        unknown = {name: column.count(None) for name, column in columns.items()}

        def by_itself(at: int) -> str:
            return self._make(kinds[at], {name: column[at] for name, column in columns.items()})

        absent = frozenset(name for name, number in unknown.items() if number)
        forms = {kind: self._form(kind, absent) for kind in set(kinds)}
        first = forms[kinds[0]]
        are_alike = all(form is not None and form.names == first.names for form in forms.values()) if first else False
        is_even = "version_id" in absent and all(unknown[name] == len(keys) for name in absent)
        if first is None or not are_alike or not is_even:
            return list(map(by_itself, range(len(keys))))
        in_lines, unusual = _keys_in_lines(keys)
        texts = {name: self._slots[name].texts(columns[name]) for name in first.names if name != "key"}
        texts["key"] = in_lines
        rows = zip(*[texts[name] for name in first.names], strict=True)
        if len(forms) == 1:
            text = first.text
            made = [text % row for row in rows]
        else:
            own = {kind: form.text for kind, form in forms.items() if form is not None}
            made = [own[kind] % row for kind, row in zip(kinds, rows, strict=True)]
        for at in unusual:
            made[at] = by_itself(at)
        return made

    def _form(self, kind: Hashable, absent: frozenset[str]) -> _Form | None:
        try:
            return self._known[kind, absent]
        except KeyError:
            if len(self._known) >= MOST_KINDS:
                self._known.clear()
            found = self._known[kind, absent] = self._take_apart(kind, absent)
            return found

    def _take_apart(self, kind: Hashable, absent: frozenset[str]) -> _Form | None:
        slots = {name: slot for name, slot in self._slots.items() if name not in absent}
        if "version_id" not in absent:
            return None
        none = dict.fromkeys(absent)
        found = {slot.text(slot.probe): name for name, slot in slots.items()}
        names: list[str] = []

        def taken(match: re.Match[str]) -> str:
            names.append(found[match[0]])
            return "%s"

        line = self._make(kind, {name: slot.probe for name, slot in slots.items()} | none)
        text = re.sub("|".join(map(re.escape, found)), taken, line.replace("%", "%%"))
        again = text % tuple([slots[name].text(slots[name].check) for name in names])
        other = self._make(kind, {name: slot.check for name, slot in slots.items()} | none)
        return _Form(text, tuple(names)) if again == other else None


def _keys_in_lines(keys: Sequence[str]) -> tuple[Sequence[str], Sequence[int]]:
    """Keys as they stand inside a string of a line, and which of them have a location that is written otherwise."""
    joined = "\n".join((*keys, ""))
    whole = joined.replace("\n", "")
    if (
        len(whole) == len(joined) - len(keys)
        and whole.isascii()
        and whole.isprintable()
        and not any(text in joined for text in _UNPLAIN)
    ):
        return keys, ()
    return _inside(keys), [at for at, key in enumerate(keys) if _WRITTEN_OTHERWISE.search(key)]


def numbers(values: Sequence[int]) -> Sequence[str]:
    """As JSON."""
    return list(map(str, values))


@lru_cache(4096)
def _day(days: int) -> str:
    return f'"{(instant(days * 86_400) or "")[:11]}'


_MINUTES = [f"{minute // 60:02}:{minute % 60:02}:" for minute in range(1440)]
_SECONDS = [f'{second:02}Z"' for second in range(60)]


def moments(values: Sequence[float]) -> Sequence[str]:
    """``line.instant`` as JSON."""
    if set(map(type, values)) != {int}:
        return [moments([at])[0] if isinstance(at, int) else json.dumps(instant(at)) for at in values]
    day, minutes, seconds = _day, _MINUTES, _SECONDS
    whole: Sequence[Any] = values
    return [day(at // 86_400) + minutes[at % 86_400 // 60] + seconds[at % 60] for at in whole]


def quoted(values: Sequence[str]) -> Sequence[str]:
    """Strings with their quotes."""
    return list(map(encode_basestring_ascii, values))


_UNTOLD = END_UNTOLD.timestamp()


def ends(values: Sequence[float | None]) -> Sequence[float | None]:
    """The ends of copies that a line tells (``line.end_of``)."""
    return [None if at == _UNTOLD else at for at in values] if _UNTOLD in values else values


def _inside(values: Sequence[str]) -> Sequence[str]:
    """What stands inside a string."""
    return [encode_basestring_ascii(value)[1:-1] for value in values]


_KEY = Slot(_inside, "Kq7wZx", "Yw3/Jv9-c.d")
SIZES = Slot(numbers, 730_192_837_465_000, 51_000)
IDS = Slot(quoted, "Rb6nDyW1", "X-a/9+=")


def instants(which: int) -> Slot:
    """Instants; ``which`` tells those of one line from each other."""
    return Slot(moments, 1_111_111_111 + 7 * which, 1_400_000_000 + 7 * which)
