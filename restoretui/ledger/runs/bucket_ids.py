"""Surrogate ids of buckets in the ledger."""

from restoretui.ledger.records import CloudId
from restoretui.ledger.store.writer import Tx


def bucket_id(tx: Tx, cloud: CloudId, bucket: str) -> int:
    """Get or create the id of a bucket."""
    named = (*cloud, bucket)
    tx.run("INSERT OR IGNORE INTO bucket (scheme, endpoint, name) VALUES (?, ?, ?)", named)
    row = tx.row("SELECT id FROM bucket WHERE scheme = ? AND endpoint = ? AND name = ?", named)
    return int(row[0]) if row else 0
