"""One word for one thing: no class name twice, and no word of documents that are not in the repository."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import restoretui

PACKAGE = Path(restoretui.__file__).parent
TESTS = Path(__file__).parent

ALLOWED: dict[str, str] = {
    # name -> why it may stand for two things
    "Target": "where an export goes, and what a plan is for",
}

ABSENT = re.compile(r"\b(DESIGN|TEXTUAL|EMULATORS|STYLE|PERF|REVIEW|ATTACK)\b|\bPEERS\b(?=[ ,.]*\d)")
"""Working papers that a newcomer cannot open; the rules of the clouds are in ``docs/facts.md``, cited as FACTS."""


def _modules(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*.py") if "__pycache__" not in path.parts)


def _world(module: Path) -> str:
    """The sandbox plays the other side, so that it has a ``Bucket`` and a ``Job`` of its own."""
    return "sandbox" if module.relative_to(PACKAGE).parts[0] == "sandbox" else "product"


def _classes(module: Path) -> Iterator[str]:
    """Classes of a module. Classes within classes (Textual's messages) go by their owner's name, so do not count."""
    for node in ast.parse(module.read_text(encoding="utf-8")).body:
        inner = node.body if isinstance(node, ast.If) else [node]
        yield from (each.name for each in inner if isinstance(each, ast.ClassDef))


def _owners() -> dict[tuple[str, str], list[str]]:
    owners: dict[tuple[str, str], list[str]] = defaultdict(list)
    for module in _modules(PACKAGE):
        for name in _classes(module):
            owners[_world(module), name].append(str(module.relative_to(PACKAGE)))
    return owners


def test_no_class_name_stands_for_two_things() -> None:
    owners = _owners()
    twice = {name: where for (_, name), where in owners.items() if len(where) > 1 and name not in ALLOWED}
    assert not twice
    assert len(owners) > 300, "the classes were not found"


def test_no_module_names_a_document_that_is_not_here() -> None:
    found = []
    for module in _modules(PACKAGE) + _modules(TESTS):
        if module == Path(__file__):
            continue
        for number, line in enumerate(module.read_text(encoding="utf-8").splitlines(), 1):
            if ABSENT.search(line):
                found.append(f"{module}:{number}: {line.strip()}")
    assert not found
