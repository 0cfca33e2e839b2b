"""The paper about the JSON lines says of every word, line and end what the code has."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import restoretui
from restoretui.core.model import State
from restoretui.session.jsonlines.kinds import KINDS
from restoretui.session.jsonlines.summaries import ALSO, SUMMARIES
from restoretui.session.jsonlines.words import WORDS, Term

PAPER = Path(restoretui.__file__).parent / "docs" / "json.md"
STATES = {state.value for state in State}


def lines() -> Iterator[str]:
    yield "| Type | What it is | Always | Where it is known |"
    yield "|---|---|---|---|"
    for name, kind in KINDS.items():
        yield f"| `{name}` | {kind.meaning} | {words(kind.always)} | {words(kind.known)} |"


def ends() -> Iterator[str]:
    yield "| Command | Always | Where it is known |"
    yield "|---|---|---|"
    for name, end in SUMMARIES.items():
        if name != "open":
            yield f"| `{name}` | {words(tuple(end))} | {words(ALSO.get(name, ()))} |"


def vocabulary() -> Iterator[str]:
    yield "| Word | Value | Meaning |"
    yield "|---|---|---|"
    for name, word in WORDS.items():
        if name not in STATES:
            yield f"| `{name}` | {value(word)} | {word.meaning} |"


def words(names: tuple[str, ...]) -> str:
    """All states stand for themselves in one word."""
    if set(names) >= STATES:
        at = min(map(names.index, STATES))
        names = (*names[:at], "…", *(name for name in names[at:] if name not in STATES))
    return " ".join(f"`{name}`" if name != "…" else "*each state*" for name in names)


def value(word: Term) -> str:
    shape = word.shape
    if "enum" in shape:
        return "one of a few" if len(shape["enum"]) > 7 else ", ".join(f"`{one}`" for one in shape["enum"])
    if "T" in shape.get("pattern", ""):
        return "instant"
    return {"string": "text", "boolean": "true, false", "array": "list", "integer": "whole number"}.get(
        shape["type"], str(shape["type"])
    )


@pytest.mark.parametrize("table", [lines, ends, vocabulary])
def test_the_table_is_that_of_the_code(table: object) -> None:
    assert callable(table)
    made = "\n".join(table())
    assert made in PAPER.read_text("utf-8"), f"in {PAPER.name} should stand:\n{made}"
