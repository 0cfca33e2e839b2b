"""Every JSON line that a test sees is held to the schema, by closures made of it once: there are many lines."""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from restoretui.cli.printing import wants_json
from restoretui.session.jsonlines.schema import end_name, schema

Check = Callable[[Any, str], str | None]
"""What is wrong with a value that stands at a path; None if nothing is."""

NO_LINES = ("sandbox", "demo", "schema")
"""Commands that print something else."""


def check_output(args: Sequence[str], out: str, code: int) -> None:
    """All that a command printed, once it has ended by itself."""
    form = wants_json(args)
    if form is None or set(NO_LINES) & set(args) or "--help" in args:
        return
    if {"-o", "--output"} & set(args):
        return
    lines = check_lines(out.splitlines() if form.shape == "jsonl" else map(json.dumps, json.loads(out)))
    assert lines, f"{args}: {code} and not one line"
    last = lines[-1]
    assert last["type"] == "summary", f"{args} ended with {last}"
    assert last["exit_code"] == code, f"{args} ended with {code}, and said {last}"
    assert [line["type"] for line in lines].count("summary") == 1, f"{args}: more than one summary"


def check_lines(lines: Iterable[str]) -> list[dict[str, Any]]:
    """Whole lines, read and held to the schema."""
    read = [json.loads(line) for line in lines]
    for line in read:
        wrong = whats_wrong(line)
        assert wrong is None, f"{wrong}\n{json.dumps(line)[:600]}"
    return read


def whats_wrong(line: Any) -> str | None:
    """By the part of the schema that is about lines of that type."""
    kind = line.get("type") if isinstance(line, dict) else None
    name = f"line.{kind}" if kind != "summary" else f"end.{end_name(str(line.get('command')))}"
    return _made(f"#/$defs/{name}")(line, "") if name in _schema()["$defs"] else f"there is no {name}"


@cache
def _schema() -> dict[str, Any]:
    return schema()


@cache
def _made(reference: str) -> Check:
    return checker(_schema()["$defs"][reference.removeprefix("#/$defs/")])


def checker(of: Mapping[str, Any]) -> Check:
    """For what our schema uses of JSON Schema; an assertion for what it does not."""
    checks = [_RULES[name](value, of) for name, value in of.items() if name not in ("description", "propertyNames")]
    if "propertyNames" in of:
        names = checker(of["propertyNames"])
        checks.append(lambda value, at: _first(names(name, f"{at}, the name {name!r}") for name in value))

    def check(value: Any, at: str) -> str | None:
        for one in checks:
            if (wrong := one(value, at)) is not None:
                return wrong
        return None

    return check


def _first(found: Any) -> str | None:
    return next((wrong for wrong in found if wrong is not None), None)


_TYPES: dict[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
}


def _is(right: Callable[[Any], bool], what: str) -> Check:
    return lambda value, at: None if right(value) else f"{at or 'the line'} is {value!r}, and not {what}"


def _properties(named: Mapping[str, Any], _of: Mapping[str, Any]) -> Check:
    checks = {name: checker(one) for name, one in named.items()}
    return lambda value, at: _first(
        check(value[name], f"{at}.{name}") for name, check in checks.items() if name in value
    )


def _additional(rule: Any, of: Mapping[str, Any]) -> Check:
    known = set(of.get("properties", ()))
    if rule is False:
        return lambda value, at: next((f"{at}.{name} is no word of it" for name in value if name not in known), None)
    check = checker(rule)
    return lambda value, at: _first(check(one, f"{at}.{name}") for name, one in value.items() if name not in known)


def _items(rule: Any, _of: Mapping[str, Any]) -> Check:
    check = checker(rule)
    return lambda value, at: _first(check(one, f"{at}[{number}]") for number, one in enumerate(value))


def _required(names: Sequence[str], _of: Mapping[str, Any]) -> Check:
    return lambda value, at: next((f"{at}.{name} is missing" for name in names if name not in value), None)


def _pattern(text: str, _of: Mapping[str, Any]) -> Check:
    found = re.compile(text)
    return _is(lambda value: found.search(value) is not None, text)


_RULES: dict[str, Callable[[Any, Mapping[str, Any]], Check]] = {
    "$ref": lambda reference, _: lambda value, at: _made(reference)(value, at),
    "type": lambda name, _: _is(_TYPES[name], name),
    "enum": lambda values, _: _is(lambda value: value in values, f"one of {values}"),
    "const": lambda wanted, _: _is(lambda value: value == wanted, repr(wanted)),
    "minLength": lambda least, _: _is(lambda value: len(value) >= least, f"{least} characters or more"),
    "minimum": lambda least, _: _is(lambda value: value >= least, f"{least} or more"),
    "maximum": lambda most, _: _is(lambda value: value <= most, f"{most} or less"),
    "pattern": _pattern,
    "properties": _properties,
    "additionalProperties": _additional,
    "items": _items,
    "required": _required,
}  # fmt: skip
