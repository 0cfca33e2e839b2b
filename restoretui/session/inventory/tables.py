"""Reads Parquet and ORC files, some thousand rows at a time, by libraries that are extras.

DuckDB reads Parquet in less time and memory than pyarrow does, and is half as large to install; pyorc streams ORC in
20 MB. Both read a file on disk, by name and column; neither is loaded before one is at hand.
"""

from collections.abc import Callable, Generator, Mapping, Sequence
from glob import escape
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any

from restoretui.core.errors import InventoryUnreadable, UsageError
from restoretui.core.inventory.columns import InventoryColumn, column_named
from restoretui.core.inventory.manifest import Format
from restoretui.core.inventory.typed_rows import Columns

_AT_ONCE = 10_000
_MEMORY = "192MB"
"""For DuckDB: it holds a row group's columns."""
_LIBRARIES = {Format.PARQUET: "duckdb", Format.ORC: "pyorc"}
_FLAGS = (InventoryColumn.LATEST, InventoryColumn.MARKER)


def check_installed(form: Format, called: str) -> None:
    """``UsageError`` where the library that reads such files is not installed. Loads it."""
    try:
        import_module(_LIBRARIES[form])
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] != _LIBRARIES[form]:
            raise
        extra = form.value.lower()
        raise UsageError(
            f"{called} is in {form.value}, and what reads that is not installed",
            f"it is the extra `{extra}`: pip install 'restoretui[{extra}]', or '.[{extra}]' in a checkout",
        ) from None


def table_rows(form: Format, path: Path, name: str) -> Generator[Columns]:
    """The rows of one file by column; to be called, and each step made, beside the event loop.

    ``name`` is what it is called in errors; ``InventoryUnreadable`` where it is no such file.
    """
    return {Format.PARQUET: _parquet, Format.ORC: _orc}[form](path, name)


def _parquet(path: Path, name: str) -> Generator[Columns]:
    duckdb = import_module("duckdb")
    try:
        connection = duckdb.connect(
            config={"memory_limit": _MEMORY, "threads": 1, "autoinstall_known_extensions": "false"}
        )
        try:
            source, file = "read_parquet(?, binary_as_string = true)", [escape(str(path))]
            schema = connection.execute(f"DESCRIBE SELECT * FROM {source}", file).fetchall()
            there = _found({told[0]: told[1] for told in schema}, name)
            wanted = ", ".join(_told(column, *there[column]) for column in there)
            result = connection.execute(f"SELECT {wanted} FROM {source}", file)
            while rows := result.fetchmany(_AT_ONCE):
                yield dict(zip(there, zip(*rows, strict=True), strict=True))
        finally:
            connection.close()
    except duckdb.Error as error:
        raise _unreadable(name, error) from None


def _told(column: InventoryColumn, called: str, kind: str) -> str:
    """A column as an expression of the type that ``Columns`` have."""
    quoted = '"' + called.replace('"', '""') + '"'
    if column is InventoryColumn.SIZE:
        return f"TRY_CAST({quoted} AS BIGINT)"
    if column in _FLAGS:
        return f"TRY_CAST({quoted} AS BOOLEAN)"
    if column is InventoryColumn.MODIFIED:
        if kind.endswith("INT"):
            return f"CAST({quoted} // 1000 AS BIGINT)"  # milliseconds, as the schema has them
        stamp = quoted if kind.startswith("TIMESTAMP") else f"TRY_CAST({quoted} AS TIMESTAMP)"
        return f"CAST(floor(epoch({stamp})) AS BIGINT)"
    return f"CAST({quoted} AS VARCHAR)"


def _orc(path: Path, name: str) -> Generator[Columns]:
    pyorc = import_module("pyorc")

    class Seconds:
        """Timestamps as whole seconds since the epoch, UTC."""

        @staticmethod
        def from_orc(seconds: int, nanoseconds: int, timezone: object) -> int:
            del nanoseconds, timezone
            return seconds

        to_orc: Callable[..., Any] | None = None

    try:
        with path.open("rb") as file:
            fields = pyorc.Reader(file).schema.fields
            there = _found({called: str(kind) for called, kind in fields.items()}, name)
            by_name = {called: column for column, (called, _) in there.items()}
            reader = pyorc.Reader(
                file,
                batch_size=_AT_ONCE,
                column_names=list(by_name),
                struct_repr=pyorc.StructRepr.TUPLE,
                converters={pyorc.TypeKind.TIMESTAMP: Seconds},
            )
            # A struct of some of its columns has these in the order of the file.
            order = [by_name[called] for called in fields if called in by_name]
            while rows := list(islice(reader, _AT_ONCE)):
                yield dict(zip(order, zip(*rows, strict=True), strict=True))
    except (pyorc.ParseError, ValueError, RuntimeError) as error:
        raise _unreadable(name, error) from None


def _found(schema: Mapping[str, str], name: str) -> dict[InventoryColumn, tuple[str, str]]:
    """Which columns that are read there are: what each is called in the file, and its type."""
    found = {
        column: (called, kind) for called, kind in schema.items() if (column := column_named(called)) is not None
    }
    for column, called in ((InventoryColumn.KEY, "key"), (InventoryColumn.CLASS, "storage_class")):
        if column not in found:
            raise InventoryUnreadable(f"{name} has no column {called}", "take another inventory")
    return found


def _unreadable(name: str, error: BaseException) -> InventoryUnreadable:
    lines: Sequence[str] = str(error).strip().splitlines() or [type(error).__name__]
    return InventoryUnreadable(
        f"{name} cannot be read: {lines[0][:200]}", "fetch it again, or take another inventory"
    )
