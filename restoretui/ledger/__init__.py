"""The store on disk, two SQLite files with one writer thread: what was seen (catalog), what was intended (ledger).

Importing this package loads nothing more: the screens need the records' shapes before the first paint, and SQLite
only after it.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from restoretui.ledger.ledger import Ledger

__all__ = ["Ledger"]


def __getattr__(name: str) -> Any:
    if name != "Ledger":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from restoretui.ledger.ledger import Ledger

    return Ledger
