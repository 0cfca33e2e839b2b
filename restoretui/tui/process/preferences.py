"""What the config asks of the screens and they do not have: themes, commands and columns that do not exist."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from restoretui.tui.keys import IDS
from restoretui.tui.looks.themes import AUTO

if TYPE_CHECKING:
    from restoretui.config.settings import Settings
    from restoretui.tui.widgets.table.columns import Column


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
