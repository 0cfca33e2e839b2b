"""What was seen and what was intended, on disk: two SQLite files, one writer."""

from restoretui.ledger.ledger import Ledger

__all__ = ["Ledger"]
