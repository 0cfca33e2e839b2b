"""A report as a Parquet file of one row, by DuckDB, which is the extra that reads inventories in Parquet."""

import tempfile
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from restoretui.core.errors import UsageError

_INSTALL = "it is the extra `parquet`: pip install 'restoretui[parquet]', or '.[parquet]' in a checkout"
_COUNTS = (
    "run", "days", "objects", "size", "available", "expired", "skipped", "failed", "cancelled", "cost.unpriced",
)  # fmt: skip
_NUMBERS = (
    "cost.total", "progress.copies_cost", "took_seconds.least", "took_seconds.median", "took_seconds.most",
)  # fmt: skip
_LISTS = ("locations",)
_INSTANTS = ("as_of",)


def parquet_of(row: Mapping[str, Any]) -> bytes:
    """The file. Whole numbers, numbers, instants (UTC) and lists are what they are; a name keeps its point."""
    try:
        duckdb = import_module("duckdb")
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] != "duckdb":
            raise
        raise UsageError("a report in Parquet needs the package duckdb, which is not installed", _INSTALL) from None
    columns = ", ".join(f'"{name}" {_type_of(name)}' for name in row)
    with tempfile.TemporaryDirectory(prefix="restoretui-") as folder:
        path = Path(folder) / "report.parquet"
        connection = duckdb.connect(config={"threads": 1, "autoinstall_known_extensions": "false"})
        try:
            connection.execute(f"CREATE TABLE report ({columns})")
            connection.execute(f"INSERT INTO report VALUES ({', '.join('?' * len(row))})", list(row.values()))
            connection.execute(f"COPY report TO '{str(path).replace(chr(39), chr(39) * 2)}' (FORMAT PARQUET)")
        finally:
            connection.close()
        return path.read_bytes()


def _type_of(name: str) -> str:
    if name in _COUNTS:
        return "BIGINT"
    if name in _NUMBERS:
        return "DOUBLE"
    if name in _LISTS:
        return "VARCHAR[]"
    return "TIMESTAMPTZ" if name.endswith("_at") or name in _INSTANTS else "VARCHAR"
