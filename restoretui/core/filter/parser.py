r"""Reads a filter. The grammar, as docs/filter.md publishes it::

    filter = [ any ]
    any    = all { "|" all }
    all    = part { part }
    part   = "!" part | "(" any ")" | term
    term   = field | '"' text '"' | word
    field  = name ( ":" | "=" ) value { "," value } | name ( "<" | "<=" | ">" | ">=" ) value

Words end at a space, a ``|`` or a bracket that closes a group; a backslash makes the next character literal.
"""

from typing import NamedTuple, cast

from restoretui.core.errors import UsageError
from restoretui.core.filter.fields import EVERY, FIELDS, Field
from restoretui.core.filter.globs import SPECIAL, char_set, literal
from restoretui.core.filter.printer import FIELD, quoted
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
    Op,
    Text,
    Word,
)
from restoretui.core.filter.units import looks_like_date, read_moment, read_size, read_span

DEEPEST = 40
"""Groups within groups."""
MOST_TERMS = 400
_SIGNS = frozenset('|()"!:<>=,')


class FilterError(UsageError):
    """A filter that cannot be meant; ``start`` to ``end`` is the word that is wrong."""

    def __init__(self, message: str, hint: str, start: int, end: int, *, unfinished: bool = False) -> None:
        super().__init__(message, hint)
        self.start = start
        self.end = max(end, start + 1)
        self.unfinished = unfinished
        """It may become right as more is typed."""


class _Lexeme(NamedTuple):
    """A value or word; ``text`` is a normalised glob where it is not quoted."""

    text: str
    quoted: bool
    start: int
    end: int


def parse_filter(text: str, fields: frozenset[str] = EVERY) -> Filter | None:
    """The tree; None for an empty text, which is everything. ``FilterError`` for what cannot be meant.

    ``fields`` are those that say something where the filter is for.
    """
    parser = _Parser(text, fields)
    parser.skip()
    return None if parser.at_end else parser.whole()


class _Parser:
    def __init__(self, text: str, fields: frozenset[str]) -> None:
        self._text = text
        self._fields = fields
        self._at = 0
        self._depth = 0
        self._groups = 0
        self._terms = 0

    @property
    def at_end(self) -> bool:
        return self._at >= len(self._text)

    @property
    def _next(self) -> str:
        return self._text[self._at : self._at + 1]

    def skip(self) -> None:
        while self._next.isspace():
            self._at += 1

    def whole(self) -> Filter:
        return self._any()

    def _any(self) -> Filter:
        parts = [self._all()]
        while self._next == "|":
            self._at += 1
            self.skip()
            parts.append(self._all())
        return AnyOf(tuple(parts)) if len(parts) > 1 else parts[0]

    def _all(self) -> Filter:
        parts: list[Filter] = []
        while not self.at_end and self._next != "|" and not (self._next == ")" and self._groups):
            parts.append(self._part())
            self.skip()
        if not parts:
            at = min(self._at, max(len(self._text) - 1, 0))
            raise FilterError("a word is missing here", "| stands between two", at, at + 1, unfinished=self.at_end)
        return AllOf(tuple(parts)) if len(parts) > 1 else parts[0]

    def _part(self) -> Filter:
        start = self._at
        if self._depth >= DEEPEST:
            raise FilterError("that is too deep", f"at most {DEEPEST} brackets and ! within each other", start, start)
        self._depth += 1
        try:
            if self._next == "!":
                self._at += 1
                if self.at_end or self._next.isspace() or self._next == "|" or (self._next == ")" and self._groups):
                    raise FilterError(
                        "! wants what shall not match", "no space after it: !*.bai", start, start + 1,
                        unfinished=self.at_end,
                    )  # fmt: skip
                return Not(self._part())
            if self._next == "(":
                return self._group(start)
            return self._term()
        finally:
            self._depth -= 1

    def _group(self, start: int) -> Filter:
        self._at += 1
        self._groups += 1
        self.skip()
        tree = self._any()
        self._groups -= 1
        if self._next != ")":
            raise FilterError("the bracket is not closed", "\\( is a bracket in a key", start, start + 1,
                              unfinished=True)  # fmt: skip
        self._at += 1
        return tree

    def _term(self) -> Filter:
        self._count()
        if self._next == '"':
            return Exact(self._quoted().text)
        found = FIELD.match(self._text, self._at)
        if found is not None:
            self._at = found.end()
            return self._field(found[1], found[2], found.start())
        return Word(self._bare(in_values=False).text)

    def _count(self) -> None:
        self._terms += 1
        if self._terms > MOST_TERMS:
            raise FilterError(f"there are more than {MOST_TERMS} words", "", self._at, self._at + 1)

    # --- words

    def _quoted(self) -> _Lexeme:
        start = self._at
        self._at += 1
        out: list[str] = []
        while not self.at_end:
            char = self._next
            if char == "\\" and self._at + 1 < len(self._text):
                out.append(self._text[self._at + 1])
                self._at += 2
                continue
            self._at += 1
            if char == '"':
                return _Lexeme("".join(out), True, start, self._at)
            out.append(char)
        raise FilterError('the " is not closed', 'a " in a key is \\"', start, len(self._text), unfinished=True)

    def _bare(self, *, in_values: bool) -> _Lexeme:
        start, brackets, set_end = self._at, 0, -1
        out: list[str] = []
        while not self.at_end:
            char = self._next
            if char.isspace():
                break
            if self._at >= set_end:
                if char == "|" or (in_values and char == ","):
                    break
                if char == ")" and not brackets and self._groups:
                    break
                brackets += (char == "(") - (char == ")" and brackets > 0)
                if char == "[":
                    set_end = self._end_of_set(in_values=in_values)
            if char == "\\":
                self._escape(out)
            else:
                out.append(char)
                self._at += 1
        return _Lexeme("".join(out), False, start, self._at)

    def _end_of_set(self, *, in_values: bool) -> int:
        """Where the set that begins here ends, in which no sign has a meaning; -1 if none does."""
        found = char_set(self._text, self._at + 1)
        if found is None:
            return -1
        inside = self._text[self._at : found[1]]
        broken = any(char.isspace() for char in inside) or (in_values and "," in inside)
        return -1 if broken else found[1]

    def _escape(self, out: list[str]) -> None:
        after = self._text[self._at + 1 : self._at + 2]
        if after and after in SPECIAL:
            out.append("\\" + after)
            self._at += 2
        elif after and (after in _SIGNS or after.isspace()):
            out.append(after)
            self._at += 2
        else:
            out.append("\\\\")
            self._at += 1

    # --- fields

    def _field(self, name: str, sign: str, start: int) -> Filter:
        field = FIELDS.get(name.lower())
        values = self._values(sign)
        end = self._at
        if field is None:
            raise _unknown_field(name, self._text[start:end], start, start + len(name))
        if field.name not in self._fields:
            raise FilterError(f"{field.name} says nothing here", "these have names only", start, end)
        if any(not value.text and not value.quoted for value in values):
            raise FilterError(
                f"{name}{sign} wants a value", f"such as {field.example}", start, end, unfinished=self.at_end
            )
        op = cast("Op", "=" if sign == ":" else sign)
        try:
            if field.kind == "word":
                return self._one_of(field, op, values)
            if field.kind == "text":
                return self._holds(field, sign, values)
            (value,) = values
            return Compared(field.name, op, _amount(field, op, value.text if value.quoted else literal(value.text)))
        except ValueError as error:
            raise FilterError(
                str(error), f"such as {field.example}", values[0].start, end, unfinished=self.at_end
            ) from None

    def _values(self, sign: str) -> list[_Lexeme]:
        values: list[_Lexeme] = []
        while True:
            self._count()
            values.append(self._quoted() if self._next == '"' else self._bare(in_values=sign in ":="))
            if self._next != "," or sign not in (":", "="):
                return values
            self._at += 1

    def _one_of(self, field: Field, op: Op, values: list[_Lexeme]) -> Filter:
        if op != "=":
            raise ValueError(f"{field.name} has no order: write {field.example}")
        return OneOf(field.name, tuple(_known_word(field, value) for value in values))

    def _holds(self, field: Field, sign: str, values: list[_Lexeme]) -> Filter:
        if sign not in (":", "="):
            raise ValueError(f"{field.name} has no order: write {field.example}")
        if sign == "=":
            return OneOf(field.name, tuple(each.text if each.quoted else literal(each.text) for each in values))
        texts: tuple[Text, ...] = tuple(Exact(each.text) if each.quoted else Word(each.text) for each in values)
        if field.name == "key":
            return texts[0] if len(texts) == 1 else AnyOf(texts)
        return Holds(field.name, texts)


def _amount(field: Field, op: Op, text: str) -> int | Moment:
    if field.kind == "size":
        return read_size(text)
    if field.kind == "date" or (field.kind == "date or span" and looks_like_date(text)):
        return read_moment(text)
    if op == "=":
        raise ValueError(f"{field.name} wants < or >")
    return read_span(text)


def _known_word(field: Field, value: _Lexeme) -> str:
    text = (value.text if value.quoted else literal(value.text)).lower()
    if field.name == "run":
        number = text.removeprefix("#")
        if not (number.isascii() and number.isdigit() and len(number) < 19):
            raise ValueError(f"{text!r} is no run's number")
        return str(int(number))
    if text not in field.words:
        near = _near(text, field.words)
        known = f"did you mean {near}?" if near else f"known are {', '.join(field.words)}"
        raise FilterError(f"no {field.name} is called {text!r}", known, value.start, value.end, unfinished=True)
    return text


def _unknown_field(name: str, term: str, start: int, end: int) -> FilterError:
    near = _near(name.lower(), tuple(FIELDS))
    others = f"fields are {', '.join(FIELDS)}; in keys, {quoted(term)} is looked for in quotes"
    return FilterError(f"no field is called {name!r}", f"did you mean {near}?" if near else others, start, end)


def _near(word: str, known: tuple[str, ...]) -> str:
    from difflib import get_close_matches

    begun = [each for each in known if len(word) > 2 and each.startswith(word)]
    return next(iter(begun or get_close_matches(word, known, 1, 0.6)), "")
