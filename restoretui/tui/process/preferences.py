"""What the config asks of the screens and they do not have: themes, commands and columns that do not exist."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from restoretui.tui.keys import BROWSE, EVERYWHERE, IDS, MARKED, RUNS, TABLE
from restoretui.tui.looks.themes import AUTO

if TYPE_CHECKING:
    from restoretui.config.settings import Settings
    from restoretui.tui.widgets.table.columns import Column


def _taken(settings: "Settings") -> "dict[str, dict[str, str]]":
    """By the scope of a command, the keys that do something else where it could be run."""
    tables = {"object": (EVERYWHERE, TABLE, BROWSE, RUNS, MARKED), "marks": (EVERYWHERE, TABLE, BROWSE, MARKED),
              "run": (EVERYWHERE, TABLE, RUNS)}  # fmt: skip
    return {
        scope: {
            key: command.label
            for group in reversed(groups)
            for command in group
            for key in settings.keys.get(command.id, command.keys).split(",")
        }
        for scope, groups in tables.items()
    }


def wrong_preferences(
    settings: "Settings", themes: Iterable[str], tables: "Iterable[tuple[str, Sequence[Column[Any]]]]"
) -> tuple[list[str], list[str]]:
    """Clauses about what is wrong, and about what there is instead; both empty when all is well."""
    wrong: list[str] = []
    known: list[str] = []
    names = sorted(themes)
    if settings.theme not in (None, AUTO, *names):
        wrong.append(f"there is no theme {settings.theme!r}")
        known.append(f"known themes are {', '.join([AUTO, *names])}")
    unknown = sorted(set(settings.keys) - IDS)
    if unknown:
        wrong.append(f"no command is called {', '.join(unknown)}")
        known.append(f"known commands are {', '.join(sorted(IDS))}")
    taken = _taken(settings)
    for command in settings.commands:
        if command.key in taken[command.scope]:
            wrong.append(
                f"the key {command.key} of {command.name!r} is {taken[command.scope][command.key]!r} already"
            )
            known.append("take another key for it")
    columns = {table: [column.id for column in offered] for table, offered in tables} if settings.columns else {}
    for table, chosen in settings.columns.items():
        if table not in columns:
            wrong.append(f"no table is called {table!r}")
            known.append(f"tables are {', '.join(sorted(columns))}")
            continue
        strange = sorted({text.partition(":")[0].strip() for text in chosen} - set(columns[table]))
        if strange:
            wrong.append(f"no column of {table} is called {', '.join(strange)}")
            known.append(f"its columns are {', '.join(columns[table])}")
    return wrong, known
