"""Imports point one way: core <- ledger, providers, engine <- session <- commands and screens.

Held twice: statically over every file, lazy imports included, and by what a fresh interpreter has really loaded.
"""

import ast
import re
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

import restoretui
from tests.cli.loading import libraries, loaded_by, run_command

PACKAGE = Path(restoretui.__file__).parent
TESTS = Path(__file__).parent

SCREENS = {"textual"}
SDKS = {"aioboto3", "aiobotocore", "boto3", "botocore", "s3transfer", "alibabacloud_oss_v2", "oss2"}
HTTP = {"aiohttp"}
COMMANDS = {"click", "rich"}

MAY_IMPORT = {
    # part -> the other parts of restoretui it may know
    "core": set(),
    "config": {"core"},
    "ledger": {"core"},
    "providers": {"core"},
    "engine": {"core", "ledger"},
    "sandbox": {"core"},
    "session": {"core", "config", "ledger", "engine", "providers"},
    "wording": {"core"},
    "reports": {"core", "ledger", "session", "wording"},
    "commands": {"core", "config", "ledger", "engine", "session", "wording", "reports"},
    "tui": {"core", "config", "ledger", "engine", "session", "wording", "reports"},
}
ROOMS = {
    # part -> its rooms, and the modules that stand in none, from the bottom up: each may know those before it
    "core": [
        "errors", "alerts", "doing", "clock", "blocking", "durations", "model", "rows", "measured",
        "progress", "network", "bounds", "os_errors", "then.contents", "provider", "rules", "filter", "past",
        "location", "inventory", "saying.on_behalf", "then", "literal", "plan", "batch", "saying", "events",
    ],
    "ledger": [
        "volumes", "job_ids", "queries", "records", "then_records", "run_records", "key_lists", "store", "run_sums",
        "views", "totals", "marks", "catalog", "then", "runs",
        "bursts", "activity", "places", "known_names", "batches", "selections", "upkeep", "ledger",
    ],
    "providers": [
        "threads", "processes", "reading_turns", "whose_keys", "sdk_models", "wire", "regions", "http",
        "s3.client.signing", "s3.plain", "s3.client",
        "s3.batch", "s3", "oss",
    ],
    "engine": [
        "outcomes", "capacity", "process", "then_tools", "traffic", "run_context", "listing", "watching",
        "refusals", "batch", "submitter", "cleaner", "undeleter", "then", "events", "pursuit", "opening", "engine",
    ],
    "session": [
        "output_files", "whole_files", "keys", "price_updates", "jsonlines", "rows", "export", "clouds",
        "events.feeds", "inventory", "past", "listings", "selecting", "sets", "planning", "batch", "spending",
        "saying", "waiting", "run_views", "then", "wiring", "session", "events", "summing", "report", "doctor",
    ],
    "sandbox": [
        "state", "world", "wire", "faults.scenarios", "faults", "s3", "s3control", "oss", "sts", "sqs", "http",
        "server",
    ],
    "tui": [
        "keys", "words", "looks", "palette", "activity_words", "job_row", "background", "terminal", "widgets",
        "widgets.table", "process", "shell", "pane", "details", "dialogs", "dialogs.restore", "acts", "own", "marks",
        "browse", "restores", "batch", "activity", "terminal_app", "main_screen", "late_imports",
        "shell_app", "app", "run",
    ],
}  # fmt: skip
TABS = ("browse", "restores", "batch", "activity")
"""Of the screens; none knows another."""
MOST_FILES = 15
"""In one folder, so that a reader can hold it."""
MUST_NOT_IMPORT = {
    # part -> libraries that would pull the world in
    "config": SCREENS | SDKS | HTTP | COMMANDS,
    "ledger": SCREENS | SDKS | HTTP | COMMANDS,
    "engine": SCREENS | SDKS | HTTP | COMMANDS,
    "session": SCREENS | SDKS | HTTP | COMMANDS,
    "providers": SCREENS | COMMANDS,
    "wording": SCREENS | SDKS | HTTP | {"click"},
    "reports": SCREENS | SDKS | HTTP | COMMANDS,
    "commands": SCREENS | SDKS | HTTP | {"click"},
    "tui": SDKS | HTTP,
}
RECORDS = {"msgspec", "typing_extensions"}
"""What records are made with, everywhere; it reads annotations with the second where that is there."""
SANDBOX_LIBRARIES = {"aiohttp", "multidict", "yarl"} | RECORDS
PLAIN_WORDS = {"restoretui.wording.safe", "restoretui.wording.format"}
"""Cleaning and wording shared by the screens and the commands; they load no screen."""


class Import(NamedTuple):
    """One import statement, or a module named in a string (for ``importlib``)."""

    importer: str
    imported: str
    inside: str | None
    """The function that imports lazily; None at module level."""

    @property
    def part(self) -> str:
        return part_of(self.importer)

    @property
    def library(self) -> str:
        return self.imported.partition(".")[0]

    def __str__(self) -> str:
        return f"{self.importer} imports {self.imported}" + (f" in {self.inside}()" if self.inside else "")


def part_of(module: str) -> str:
    """``restoretui.engine.traffic.rate_limiter`` -> ``engine``; the package itself -> ``""``."""
    return module.partition(".")[2].partition(".")[0]


def module_name(path: Path) -> str:
    parts = [PACKAGE.name, *path.relative_to(PACKAGE).with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}
MODULES_BELOW = frozenset(MODULES) - {PACKAGE.name}


def imports_of(module: str, *, strings: bool = True) -> Iterator[Import]:
    """``strings``: those named in a string, too, which may be the name of something else, such as a logger."""
    path = MODULES[module]
    package = module.split(".") if path.name == "__init__.py" else module.split(".")[:-1]

    def visit(node: ast.AST, inside: str | None) -> Iterator[Import]:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            inside = node.name
        elif isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(module, alias.name, inside)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            origin = ".".join([*base, *([node.module] if node.module else [])])
            for alias in node.names:
                whole = f"{origin}.{alias.name}"
                yield Import(module, whole if whole in MODULES else origin, inside)
        elif strings and isinstance(node, ast.Constant) and node.value in MODULES_BELOW:
            yield Import(module, str(node.value), inside)
        for child in ast.iter_child_nodes(node):
            yield from visit(child, inside)

    yield from visit(ast.parse(path.read_text("utf-8")), None)


@cache
def all_imports() -> list[Import]:
    """Read when a test asks: each process of the suite collects this module, and few of them run it."""
    return [found for module in MODULES for found in imports_of(module)]


@cache
def ours() -> list[Import]:
    return [found for found in all_imports() if found.library == PACKAGE.name]


@cache
def foreign() -> list[Import]:
    known = {*sys.stdlib_module_names, PACKAGE.name}
    return [found for found in all_imports() if found.library not in known]


def listed(wrong: list[Import]) -> str:
    return "\n".join(map(str, wrong))


def test_the_reader_sees_imports() -> None:
    assert len(MODULES) > 10
    assert Import("restoretui.core.plan.plan", "restoretui.core.rules.rules", None) in all_imports()
    assert Import("restoretui.cli.running", "restoretui.tui.run", "go") in all_imports()


def test_core_needs_the_standard_library_and_records_only() -> None:
    wrong = [found for found in foreign() if found.part == "core" and found.library not in RECORDS]
    assert not wrong, listed(wrong)


@pytest.mark.parametrize("part", MAY_IMPORT)
def test_a_part_knows_only_what_lies_below_it(part: str) -> None:
    known = MAY_IMPORT[part] | {part, ""}
    wrong = [found for found in ours() if found.part == part and part_of(found.imported) not in known]
    assert not wrong, listed(wrong)


def room_of(module: str, part: str) -> str:
    """``restoretui.ledger.store.writer`` -> ``store``; a module in no room is one by itself."""
    inside = module.removeprefix(f"{PACKAGE.name}.{part}.")
    rooms = [room for room in ROOMS[part] if inside == room or inside.startswith(f"{room}.")]
    assert rooms, f"{module} stands in no room that ROOMS knows: say between which"
    return max(rooms, key=len)


@pytest.mark.parametrize("part", ROOMS)
def test_a_room_knows_only_the_rooms_below_it(part: str) -> None:
    order = ROOMS[part]
    inside = f"{PACKAGE.name}.{part}."
    wrong = [
        found
        for found in ours()
        if found.importer.startswith(inside)
        and found.imported.startswith(inside)
        and order.index(room_of(found.imported, part)) > order.index(room_of(found.importer, part))
    ]
    assert not wrong, listed(wrong)


@pytest.mark.parametrize("part", ROOMS)
def test_every_room_is_there(part: str) -> None:
    modules = [module for module in MODULES if module.startswith(f"{PACKAGE.name}.{part}.")]
    assert {room_of(module, part) for module in modules} == set(ROOMS[part])


def test_a_tab_knows_no_other_tab() -> None:
    wrong = [
        found
        for found in ours()
        if found.part == part_of(found.imported) == "tui"
        and (room_of(found.importer, "tui") in TABS and room_of(found.imported, "tui") in TABS)
        and room_of(found.importer, "tui") != room_of(found.imported, "tui")
    ]
    assert not wrong, listed(wrong)


def test_no_files_import_each_other_in_a_circle() -> None:
    """Those for type checkers alone count, too: who reads one file of a circle has to read them all."""
    known = {module: {found.imported for found in imports_of(module, strings=False)} for module in MODULES}
    left = dict(known)
    while free := [module for module, imported in left.items() if not imported & left.keys() - {module}]:
        for module in free:
            del left[module]
    # What only leads to a circle does not stand in it.
    while idle := [module for module in left if not any(module in known[other] for other in left if other != module)]:
        for module in idle:
            del left[module]
    assert not left, "\n".join(
        f"{module} imports {', '.join(sorted(known[module] & left.keys()))}" for module in sorted(left)
    )


def test_a_folder_can_be_held() -> None:
    folders = Counter(path.parent.relative_to(PACKAGE.parent).as_posix() for path in MODULES.values())
    folders |= Counter(path.parent.relative_to(PACKAGE.parent).as_posix() for path in TESTS.rglob("*.py"))
    crowded = {folder: count for folder, count in folders.items() if count > MOST_FILES}
    assert not crowded


@pytest.mark.parametrize("part", MUST_NOT_IMPORT)
def test_a_part_leaves_these_libraries_to_others(part: str) -> None:
    wrong = [found for found in foreign() if found.part == part and found.library in MUST_NOT_IMPORT[part]]
    assert not wrong, listed(wrong)


def test_the_sandbox_needs_only_an_http_server() -> None:
    wrong = [found for found in foreign() if found.part == "sandbox" and found.library not in SANDBOX_LIBRARIES]
    assert not wrong, listed(wrong)


def test_only_the_demo_and_sandbox_commands_use_the_sandbox() -> None:
    wrong = [
        found
        for found in ours()
        if part_of(found.imported) == "sandbox"
        and found.part != "sandbox"
        and not re.search("demo|sandbox", f"{found.importer} {found.inside}")
    ]
    assert not wrong, listed(wrong)


def test_the_screens_are_loaded_only_when_they_are_opened() -> None:
    wrong = [
        found for found in ours() if part_of(found.imported) == "tui" and found.part != "tui" and found.inside is None
    ]
    assert not wrong, listed(wrong)


def test_nothing_below_imports_the_commands() -> None:
    wrong = [
        found
        for found in ours()
        if part_of(found.imported) == "cli" and found.part != "cli" and found.importer != "restoretui.__main__"
    ]
    assert not wrong, listed(wrong)


# --- what is really loaded -----------------------------------------------------------------------------------------


def import_all(*parts: str) -> str:
    return "\n".join(f"importlib.import_module({module!r})" for module in MODULES if part_of(module) in parts)


def test_loading_the_package_loads_nothing_else() -> None:
    assert loaded_by("import restoretui") == {"restoretui"}


def test_loading_core_loads_core() -> None:
    loaded = loaded_by(import_all("core"))
    assert libraries(loaded) <= sys.stdlib_module_names | RECORDS | {"restoretui"}
    assert {part_of(module) for module in loaded if module.startswith("restoretui.")} == {"core"}


@pytest.mark.parametrize("parts", [("ledger",), ("ledger", "engine"), ("config",), ("session",)])
def test_loading_what_works_in_the_background_loads_neither_screens_nor_a_cloud_sdk(parts: tuple[str, ...]) -> None:
    loaded = loaded_by(import_all(*parts))
    assert not libraries(loaded) & (SCREENS | SDKS | HTTP)
    assert not {module for module in loaded if part_of(module) in ("tui", "cli", "sandbox", "providers")}


def test_loading_the_sandbox_loads_only_core_besides() -> None:
    loaded = loaded_by(import_all("sandbox"))
    assert not libraries(loaded) & (SCREENS | SDKS)
    assert {part_of(module) for module in loaded if module.startswith("restoretui.")} <= {"core", "sandbox"}


def test_commands_and_their_wording_load_no_screen_and_no_cloud_sdk() -> None:
    loaded = loaded_by(import_all("commands", "wording"))
    assert not libraries(loaded) & (SCREENS | SDKS | HTTP)


def test_a_command_that_only_lists_loads_nothing_that_plans_sends_or_watches() -> None:
    loaded = loaded_by("import restoretui.commands.looking; from restoretui.ledger import Ledger")
    idle = {
        "restoretui.core.batch.jobs", "restoretui.core.plan.plan", "restoretui.engine.pursuit",
        "restoretui.engine.watching.sweep", "restoretui.ledger.batches.batch_jobs",
        "restoretui.ledger.runs.create_run", "restoretui.session.batch.operations", "restoretui.session.planning",
        "restoretui.session.spending",
    }  # fmt: skip
    assert idle <= set(MODULES)
    assert not loaded & idle


@pytest.mark.parametrize("arguments", [("--help",), ("--version",), ("restore", "--help"), ("demo", "--help")])
def test_help_is_instant(arguments: tuple[str, ...]) -> None:
    loaded = loaded_by(run_command(*arguments))
    assert not libraries(loaded) & (SCREENS | SDKS | HTTP | {"asyncio"})
    assert not {module for module in loaded if part_of(module) in ("sandbox", "providers")}
