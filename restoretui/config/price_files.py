"""Where prices come from: the built-in files, what ``prices update`` has read, and the user's own, which win."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from restoretui.config.toml_file import read_toml
from restoretui.core.errors import UsageError
from restoretui.core.plan.pricing import PriceBook, PriceTable, read_price_book
from restoretui.core.plan.region_rows import spread

UPDATED, OWN = "prices-updated.toml", "prices.toml"
"""In the config folder: written by ``prices update``, and by nobody but the user."""
BUILT_IN = "built in"
_SHIPPED = Path(__file__).parent.parent
"""The package's own folder; ``importlib.resources`` finds the same, at the price of loading tempfile and shutil."""


class PriceFile(Struct, frozen=True):
    """One file and its tables."""

    name: str
    """Its path, or ``BUILT_IN``."""
    tables: tuple[PriceTable, ...]


def read_price_files(config_dir: Path) -> list[PriceFile]:
    """In the order in which they win, the last first asked; ``UsageError`` names the file that cannot be meant."""

    def built_in(name: str) -> dict[str, Any]:
        return tomllib.loads((_SHIPPED / name).read_text("utf-8"))

    tables = [*_tables(built_in("prices.toml")), *_tables(spread(built_in("prices-regions.toml")))]
    files = [PriceFile(BUILT_IN, tuple(tables))]
    for path in (config_dir / UPDATED, config_dir / OWN):
        if path.exists():
            try:
                files.append(PriceFile(str(path), _tables(read_toml(path))))
            except UsageError as error:
                if str(path) in str(error):
                    raise
                again = f"mend {path}" if path.name == OWN else f"remove {path}, or run `restoretui prices update`"
                raise UsageError(f"{error}, in {path}", again) from None
    return files


def read_updated(config_dir: Path) -> tuple[PriceTable, ...]:
    """What earlier updates have read; nothing where their file is not there, or not to be read any more."""
    path = config_dir / UPDATED
    try:
        return _tables(read_toml(path)) if path.exists() else ()
    except UsageError:
        return ()


def read_prices(config_dir: Path) -> PriceBook:
    """All tables together."""
    return PriceBook([table for file in read_price_files(config_dir) for table in file.tables])


def _tables(document: Mapping[str, Any]) -> tuple[PriceTable, ...]:
    return tuple(read_price_book([document]).tables)
