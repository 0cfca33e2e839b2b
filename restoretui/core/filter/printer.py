"""A filter's tree as the text that reads as that tree: the chips in the breadcrumb, saved filters, ``f``'s edits."""

import re

from restoretui.core.filter.tree import AllOf, AnyOf, Compared, Exact, Filter, Holds, Moment, Not, OneOf, Text, Word
from restoretui.core.filter.units import size_text, span_text

FIELD = re.compile(r"([A-Za-z]+)(:|<=|>=|<|>|=)")
"""How a term about a field begins."""
_PLAIN = re.compile(r"[\w./#-]+", re.ASCII)


def filter_text(tree: Filter | None) -> str:
    """One line; empty for None, which is everything."""
    return "" if tree is None else _text(tree)


def _text(tree: Filter) -> str:
    match tree:
        case AnyOf(parts):
            return " | ".join(f"({_text(part)})" if isinstance(part, AnyOf) else _text(part) for part in parts)
        case AllOf(parts):
            return " ".join(_grouped(part) for part in parts)
        case Not(part):
            return f"!{_grouped(part)}"
        case Word(pattern):
            return _word(pattern)
        case Exact(text):
            return quoted(text)
        case OneOf(field, values):
            sign = "=" if field in ("class", "version", "failed", "key") else ":"
            return f"{field}{sign}{','.join(map(plain_value, values))}"
        case Holds(field, values):
            return f"{field}:{','.join(map(_value, values))}"
        case Compared(field, op, value):
            return f"{field}{':' if op == '=' else op}{_amount(field, value)}"


def _grouped(tree: Filter) -> str:
    return f"({_text(tree)})" if isinstance(tree, AllOf | AnyOf) else _text(tree)


def _amount(field: str, value: int | Moment) -> str:
    if isinstance(value, Moment):
        return value.text
    return size_text(value) if field == "size" else span_text(value)


def quoted(text: str) -> str:
    """Between quotes, where a backslash makes the next character literal."""
    inner = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{inner}"'


def plain_value(text: str) -> str:
    """A value, between quotes where it has to be."""
    return text if _PLAIN.fullmatch(text) else quoted(text)


def _value(value: Text) -> str:
    return quoted(value.text) if isinstance(value, Exact) else _bare(value.pattern, in_values=True)


def _word(pattern: str) -> str:
    text = _bare(pattern, in_values=False)
    found = FIELD.match(text)
    return f"{text[: found.end(1)]}\\{text[found.end(1) :]}" if found else text


def _bare(pattern: str, *, in_values: bool) -> str:
    stops = "|()," if in_values else "|()"
    out: list[str] = []
    at = 0
    while at < len(pattern):
        char = pattern[at]
        if char == "\\":
            out.append(pattern[at : at + 2])
            at += 2
            continue
        special = char in stops or char.isspace() or (at == 0 and char in '!"')
        out.append(f"\\{char}" if special else char)
        at += 1
    return "".join(out)
