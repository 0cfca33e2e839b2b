"""One word for one thing: no class name stands for two."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import restoretui

PACKAGE = Path(restoretui.__file__).parent


def _modules(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*.py") if "__pycache__" not in path.parts)


def _classes(module: Path) -> Iterator[str]:
    """Classes of a module. Classes within classes (Textual's messages) go by their owner's name, so do not count."""
    for node in ast.parse(module.read_text(encoding="utf-8")).body:
        inner = node.body if isinstance(node, ast.If) else [node]
        yield from (each.name for each in inner if isinstance(each, ast.ClassDef))


def _owners() -> dict[str, list[str]]:
    owners: dict[str, list[str]] = defaultdict(list)
    for module in _modules(PACKAGE):
        for name in _classes(module):
            owners[name].append(str(module.relative_to(PACKAGE)))
    return owners


def test_no_class_name_stands_for_two_things() -> None:
    owners = _owners()
    twice = {name: where for name, where in owners.items() if len(where) > 1}
    assert not twice
    assert len(owners) > 300, "the classes were not found"
