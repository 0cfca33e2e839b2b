"""Rules of the house that a reader would otherwise have to be told: short files, small constructors, doors."""

import ast
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, TypeGuard

import pytest

from restoretui.core.rules.clouds import CLOUDS
from tests.test_layering import MODULES, PACKAGE, TESTS

MOST_PARAMETERS = 6
"""Of what makes an object."""
MOST_OF_A_FUNCTION = 8
"""Parameters of any other function: what travels together is a record."""
MOST_LINES = 400
"""Of a file: what one idea takes, told to somebody who reads all of it."""
MAY_BE_LONGER = {
    "tests/bench/kills.py": "one harness: what is killed, when, and what is counted afterwards are read together",
    "tests/ledger/selections/test_selections.py": "one repository: each test says what the next may take for granted",
    "tests/providers/s3/test_credential_chain.py": "one chain, tried source by source in its own order",
    "tests/providers/s3/test_faults.py": "one matrix: every refusal the wire can carry, against one client",
    "tests/providers/wire/listings/test_listing_xml.py": "one table of pages, which all parsers have to read alike",
    "tests/sandbox/test_batch_jobs.py": "one imitation: a job of S3 Batch Operations from its making to its report",
    "tests/sandbox/test_faults.py": "one table: what each fault does, side by side",
    "tests/tui/dialogs/test_what_is_confirmed.py": "one promise: what was shown is sent, whatever comes between",
    "tests/tui/test_states.py": "one promise: no state of any tab is blank",
}
"""File -> why it is one idea all the same."""
MAKING = {"__init__", "open", "start", "by"}
"""Methods that make an object: what they take is held together, or the object does too much.

Values (Structs, NamedTuples) have as many fields as the thing has facts; they are made by names, not here."""
MAY_TAKE_MORE: dict[str, str] = {}
"""Class -> why."""

TEXTUALS = {"check_action", "compose", "control", "get_default_screen", "get_system_commands", "render"}
"""Methods of Textual's that are overridden here and documented there, beside its ``on_…`` and ``watch_…``."""
A_FILES = {"fileno", "flush", "isatty", "writable", "write"}
"""And those of Python's files."""

ONE_CLOUDS_OWN = {
    "core/rules": "the tables themselves",
    "core/model.py": "the default is named once",
    "core/literal": "requests in the words of the one API that is sent them",
    "providers": "one folder each",
    "sandbox": "one adapter each",
    "core/events/messages.py": "the records have a field that is called so",
    "config/aws_profile.py": "the section of AWS's own config file is called so",
}
"""Places that may name a cloud's scheme, and why."""

FRONTS = ("tui", "commands", "cli")
LOOKS = {
    "activity": {"bursts", "since", "view"},
    "batches": {"find"},
    "catalog": {"browse", "find", "peek"},
    "changes": {"subscribe"},
    "mark_sets": {"by_bucket", "by_prefix", "left", "named", "refs", "saved", "shown"},
    "note": set(),
    "places": {"look", "visited"},
    "runs": {"as_of", "get", "of_object", "list", "looked_at", "open_runs", "peek_all", "tracked"},
    "selections": {"can_redo", "can_undo", "facts", "hidden", "revision", "sample", "summary", "unsure_of"},
    "totals": {"below", "covering", "dated", "is_settling", "is_stale", "of", "settle"},
}
"""Doors of the ledger that screens and commands may use to look: views of what is written."""
MARKS = {
    "add_range", "add_rows", "add_selection", "add_view", "clear", "create", "drop", "invert_view", "redo",
    "remove_refs", "remove_under", "toggle_rows", "undo",
}  # fmt: skip
"""What they may change there: what a person has marked, and nothing else. It costs nothing and can be undone."""
MARK_SETS = {"begin", "drop", "keep", "save", "tidy"}
"""The same of whole sets of marks."""
PLACES = {"bookmark", "visit"}
"""And where a person has been."""
WHOLE = {
    "commands/looking.py": "hands it to session.export, which reads",
    "commands/choosing/parts.py": "hands it to a session beside the first",
    "tui/process/lifetime.py": "hands its changes to the feed, which reads",
}
"""Files that pass the ledger, or one of its parts, on."""


def test_a_file_is_one_idea() -> None:
    files = [*PACKAGE.rglob("*.py"), *TESTS.rglob("*.py")]
    long = {
        path.relative_to(PACKAGE.parent).as_posix(): lines
        for path in files
        if (lines := path.read_text("utf-8").count("\n")) > MOST_LINES
    }
    assert {name: lines for name, lines in long.items() if name not in MAY_BE_LONGER} == {}
    assert set(MAY_BE_LONGER) <= set(long), "a reason for nothing"


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def where(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def test_no_constructor_takes_more_than_can_be_held() -> None:
    crowded = {
        f"{where(path)} {kind.name}.{made.name}": taken
        for path in MODULES.values()
        for kind in ast.walk(tree_of(path))
        if isinstance(kind, ast.ClassDef) and kind.name not in MAY_TAKE_MORE
        for made in kind.body
        if isinstance(made, ast.FunctionDef | ast.AsyncFunctionDef) and made.name in MAKING
        if (taken := len(made.args.args) - 1 + len(made.args.kwonlyargs)) > MOST_PARAMETERS
    }
    assert not crowded


def test_no_function_takes_more_than_can_be_told_apart() -> None:
    crowded = {
        f"{where(path)}:{node.lineno} {node.name}": taken
        for path in MODULES.values()
        for node in ast.walk(tree_of(path))
        if is_function(node)
        and (names := [one.arg for one in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)])
        and (taken := len(names) - (names[0] in ("self", "cls"))) > MOST_OF_A_FUNCTION
    }
    assert not crowded


def test_records_are_made_cheaply() -> None:
    """A start makes over a hundred classes of records, and a dataclass takes two thirds of a millisecond to make."""
    made = {
        where(path)
        for path in MODULES.values()
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.ImportFrom) and node.module == "dataclasses"
        for name in node.names
        if name.name != "replace"  # of what Textual makes
    }
    assert not made, f"{sorted(made)}: take msgspec.Struct"


def test_a_cloud_is_named_by_its_own_files_only() -> None:
    names = {*CLOUDS, *(kind.name for kind in CLOUDS.values())}
    wrong = [
        f"{where(path)}:{node.lineno} {node.value!r}"
        for path in MODULES.values()
        if not where(path).startswith(tuple(ONE_CLOUDS_OWN))
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Constant) and node.value in names
    ]
    assert not wrong


def chain_of(node: ast.AST) -> list[str]:
    """``self._pane.session.ledger.runs`` -> its names."""
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    if isinstance(node, ast.Name):
        names.append(node.id)
    return names[::-1]


def doors_used(tree: ast.Module) -> Iterator[tuple[int, list[str]]]:
    """Every use of a session's ledger: the names behind ``ledger``. A part that was given a name is followed."""
    inside = {id(node.value): node for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    called: dict[str, list[str]] = {}
    named: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            pairs = [(node.targets[0], node.value)]
            if isinstance(node.targets[0], ast.Tuple) and isinstance(node.value, ast.Tuple):
                pairs = list(zip(node.targets[0].elts, node.value.elts, strict=True))
            for target, value in pairs:
                chain = chain_of(value)
                if isinstance(target, ast.Name) and "ledger" in chain[1:]:
                    called[target.id] = chain[chain.index("ledger") + 1 :]
                    named.add(id(value))
    for node in ast.walk(tree):
        if not isinstance(node, ast.Attribute) or id(node) in inside:
            continue  # only the whole of a chain
        chain = chain_of(node)
        if "ledger" in chain[1:]:
            behind = chain[chain.index("ledger") + 1 :]
            if id(node) not in named or len(behind) != 1:
                yield node.lineno, behind
        elif len(chain) > 1 and chain[0] in called:
            yield node.lineno, [*called[chain[0]], *chain[1:]]


def test_the_reader_of_doors_follows_a_name() -> None:
    tree = ast.parse(
        "marks, x = pane.session.ledger.selections, 1\nmarks.drop(1)\nself.session.ledger.runs.apply([])"
    )
    assert sorted(doors_used(tree)) == [(2, ["selections", "drop"]), (3, ["runs", "apply"])]


@pytest.mark.parametrize("part", FRONTS)
def test_screens_and_commands_look_into_the_ledger_and_change_nothing_but_marks(part: str) -> None:
    wrong = []
    for path in sorted((PACKAGE / part).rglob("*.py")):
        for line, door in doors_used(tree_of(path)):
            part_of, used = (door[0] if door else ""), (door[1] if len(door) > 1 else "")
            allowed = LOOKS.get(part_of)
            fine = allowed is not None and (used in allowed or (not allowed and not used))
            fine = fine or (part_of == "selections" and used in MARKS)
            fine = fine or (part_of == "mark_sets" and used in MARK_SETS)
            fine = fine or (part_of == "places" and used in PLACES)
            if not fine and not (len(door) < 2 and where(path) in WHOLE):
                wrong.append(f"{where(path)}:{line} ledger.{'.'.join(door)}")
    assert not wrong


class Kind(NamedTuple):
    """A class as it is written: what it is made of, and which of its methods say something."""

    where: str
    name: str
    bases: tuple[str, ...]
    members: frozenset[str]
    methods: tuple[str, ...]
    documented: frozenset[str]


def is_function(node: ast.AST) -> TypeGuard[ast.FunctionDef | ast.AsyncFunctionDef]:
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)


def kinds_of(body: list[ast.stmt], place: str) -> Iterator[Kind]:
    for node in body:
        if not isinstance(node, ast.ClassDef):
            continue
        bases = [base.value if isinstance(base, ast.Subscript) else base for base in node.bases]
        methods = [one for one in node.body if is_function(one)]
        # The setter of a property has its getter's text.
        methods = [
            one for one in methods if not any(ast.unparse(by).endswith(".setter") for by in one.decorator_list)
        ]
        stored = {
            one.attr if isinstance(one, ast.Attribute) else one.id
            for one in ast.walk(node)
            if isinstance(one, ast.Attribute | ast.Name) and isinstance(one.ctx, ast.Store)
        }
        yield Kind(
            place, node.name, tuple(chain[-1] for base in bases if (chain := chain_of(base))),
            frozenset(stored.union(one.name for one in methods)), tuple(one.name for one in methods),
            frozenset(one.name for one in methods if ast.get_docstring(one)),
        )  # fmt: skip
        yield from kinds_of(node.body, place)


def actions_of_keys(tree: ast.Module) -> Iterator[str]:
    """What is done by keys that say so: ``Command(id, keys, action, …)``, ``Binding(keys, action, …)``."""
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in ("Command", "Binding"):
            action = call.args[2 if call.func.id == "Command" else 1]
            if isinstance(action, ast.Constant):
                yield f"action_{str(action.value).rpartition('app.')[2].partition('(')[0]}"


def unsaid(kinds: Sequence[Kind], by_keys: set[str]) -> list[str]:
    """Public methods without a docstring, where neither what they override nor their key has one."""
    named = defaultdict(list)
    for kind in kinds:
        named[kind.name].append(kind)

    def line(kind: Kind) -> Iterator[Kind]:
        yield kind
        for base in kind.bases:
            for one in named[base]:
                if one is not kind:
                    yield from line(one)

    def members(kind: Kind) -> set[str]:
        return set().union(*(one.members for one in line(kind)))

    protocols = {kind: members(kind) for kind in kinds if "Protocol" in kind.bases}
    found = []
    for kind in kinds:
        if kind.name.startswith("_"):
            continue
        own = members(kind)
        above = [*line(kind), *(one for way, asked in protocols.items() if asked <= own for one in line(way))]
        said = {name for one in above for name in one.documented}
        found += [
            f"{kind.where} {kind.name}.{name}"
            for name in kind.methods
            if name not in said | TEXTUALS | A_FILES | by_keys and not name.startswith(("_", "on_", "watch_"))
        ]
    return found


def test_a_public_method_says_what_it_does_where_nothing_above_it_does() -> None:
    """Modules, classes and functions: see D100, D101 and D103 of ruff."""
    trees = {where(path): tree_of(path) for path in MODULES.values()}
    by_keys = {action for tree in trees.values() for action in actions_of_keys(tree)}
    kinds = [kind for place, tree in trees.items() for kind in kinds_of(tree.body, place)]
    assert not unsaid(kinds, by_keys)
    overridden = {name for kind in kinds for name in kind.methods if name not in kind.documented}
    assert overridden >= TEXTUALS | A_FILES, "a reason for nothing"


def test_the_reader_of_docstrings_tells_what_is_inherited() -> None:
    tree = ast.parse(
        "class Reads(Protocol):\n def rows(self):\n  '''All.'''\n def row(self): ...\n"
        "class Window:\n def rows(self): ...\n def row(self): ...\n"
        "class Other:\n def rows(self): ...\n def action_go(self): ...\n def action_stay(self): ...\n"
    )
    found = unsaid([*kinds_of(tree.body, "x")], {"action_go"})
    assert found == ["x Reads.row", "x Window.row", "x Other.rows", "x Other.action_stay"]
