"""A JSON Schema of the lines, made of their words: what ``restoretui schema`` prints."""

from collections.abc import Iterable, Mapping
from typing import Any

from restoretui.session.jsonlines.kinds import KINDS, PARTS
from restoretui.session.jsonlines.line import SCHEMA
from restoretui.session.jsonlines.summaries import ALSO, SUMMARIES
from restoretui.session.jsonlines.words import WORDS, Term

_OWN: dict[str, Mapping[str, Term]] = {"du": PARTS}
"""Commands whose summaries have volumes where others have counts."""


def schema() -> dict[str, Any]:
    """Draft 2020-12, of any line; among its ``$defs`` are ``line.TYPE``, ``end.COMMAND`` and ``word.NAME``."""
    lines = {name: _line(name, kind.meaning, kind.always, kind.known, kind.own) for name, kind in KINDS.items()}
    lines["summary"] = {
        "description": "the last line of every command",
        "type": "object",
        "required": ["type", "schema", "command", "exit_code"],
        "properties": {"command": {"enum": list(SUMMARIES)}},
        "allOf": [_if("command", name, f"end.{end_name(name)}") for name in SUMMARIES],
    }
    ends = {
        name: _line(
            "summary", f"how {name} ended", ("command", "exit_code", *fields), ALSO.get(name, ()), _OWN.get(name, {})
        )
        for name, fields in SUMMARIES.items()
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"A line that restoretui prints with --json, version {SCHEMA}",
        "type": "object",
        "required": ["type", "schema"],
        "properties": {"type": {"enum": list(lines)}, "schema": {"const": SCHEMA}},
        "allOf": [_if("type", name, f"line.{name}") for name in lines],
        "$defs": {
            **{f"line.{name}": line for name, line in lines.items()},
            **{f"end.{end_name(name)}": line for name, line in ends.items()},
            **{f"word.{name}": {"description": word.meaning, **word.shape} for name, word in WORDS.items()},
        },
    }


def end_name(command: str) -> str:
    """``batch show`` as it stands in ``end.batch_show``."""
    return command.replace(" ", "_")


def _if(word: str, value: str, then: str) -> dict[str, Any]:
    return {"if": {"properties": {word: {"const": value}}, "required": [word]}, "then": {"$ref": f"#/$defs/{then}"}}


def _line(
    kind: str, meaning: str, always: Iterable[str], known: Iterable[str], own: Mapping[str, Term]
) -> dict[str, Any]:
    always = list(always)
    words = {
        name: {"description": own[name].meaning, **own[name].shape} if name in own else _word(name)
        for name in (*always, *known)
    }
    return {
        "description": meaning,
        "type": "object",
        "properties": {"type": {"const": kind}, "schema": {"const": SCHEMA}, **words},
        "required": ["type", "schema", *always],
        "additionalProperties": False,
    }


def _word(name: str) -> dict[str, Any]:
    return {"$ref": f"#/$defs/word.{name}"}
