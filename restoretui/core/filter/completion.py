"""What may stand where a person is typing in a filter: the fields, and of their values those that are present."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from msgspec import Struct, field

from restoretui.core.filter.fields import FIELDS
from restoretui.core.filter.printer import FIELD, plain_value

_ENDS = frozenset("|(")
MOST = 12


class Counted(NamedTuple):
    """Objects, and the bytes of those whose size is known."""

    objects: int
    size_bytes: int


class Present(Struct, frozen=True):
    """What is in a view, by the words a filter has for it: the most frequent first."""

    states: Mapping[str, Counted] = field(default_factory=dict)
    classes: Mapping[str, Counted] = field(default_factory=dict)
    tiers: Mapping[str, Counted] = field(default_factory=dict)
    causes: Mapping[str, Counted] = field(default_factory=dict)
    """Codes of what failed."""
    runs: Mapping[str, Counted] = field(default_factory=dict)

    def of(self, name: str) -> Iterable[str] | None:
        """The values of a field; None where they are not told."""
        known = {
            "state": self.states, "class": self.classes, "tier": self.tiers, "failed": self.causes, "run": self.runs,
        }.get(name)  # fmt: skip
        return known if known is not None else FIELDS[name].words or None


class Completion(NamedTuple):
    """The word from ``start`` to the cursor may become ``text``."""

    start: int
    text: str


def completions(text: str, cursor: int, present: Present, fields: frozenset[str]) -> list[Completion]:
    """What the word that ends at the cursor may become; nothing where nothing is begun."""
    start = _word_start(text, cursor)
    word = text[start:cursor]
    if not word or text[:cursor].count('"') % 2:
        return []
    found = FIELD.match(word)
    if found is None:
        return [Completion(start, each) for each in _begun(word, present, fields)][:MOST]
    name = found[1].lower()
    if name not in fields:
        return []
    at = start + max(found.end(), word.rfind(",") + 1)
    begun = text[at:cursor].casefold()
    values = [value for value in present.of(name) or () if value.casefold().startswith(begun)]
    if name in ("class", "failed"):
        values += [value for value in present.of(name) or () if begun in value.casefold() and value not in values]
    texts = [plain_value(value) for value in values]
    return [Completion(at, each) for each in texts if each != text[at:cursor]][:MOST]


def _begun(word: str, present: Present, fields: frozenset[str]) -> Iterable[str]:
    """Fields that begin so, and then values that do, with their field."""
    for name, each in FIELDS.items():
        if name in fields and name.startswith(word.casefold()):
            yield each.example[: len(name) + 1]
    for name in ("state", "class", "tier", "is"):
        if name in fields:
            for value in present.of(name) or ():
                if value.casefold().startswith(word.casefold()):
                    yield f"{name}:{plain_value(value)}"


def _word_start(text: str, cursor: int) -> int:
    at = cursor
    while at > 0 and not text[at - 1].isspace() and text[at - 1] not in _ENDS:
        at -= 1
    while at < cursor and text[at] == "!":
        at += 1
    return at
