"""The tables of both files, as ordered migrations.

``ledger.db`` holds what was intended and what became of it. ``catalog.db`` holds what was seen and what is marked; it
may be deleted at any time. Neither refers to ids of the other, so that each can be lost or replaced alone.

Texts that would repeat in every job (class, archive, verdict) stand once in ``line``: a run of a million objects has
a few dozen. States are spelled out so that the file can be read by eye. Nothing newer than SQLite 3.33 is used.
"""

from restoretui.ledger.store.schema.catalog_tables import CATALOG, CATALOG_APPLICATION_ID
from restoretui.ledger.store.schema.change_notes import BULK_IS_NOTED, CHANGES_ARE_NOTED, JOBS_COME_IN_BULK
from restoretui.ledger.store.schema.ledger_tables import APPLICATION_ID, LEDGER, LIVE
from restoretui.ledger.store.schema.listing_tables import listing_tables

__all__ = [
    "APPLICATION_ID",
    "BULK_IS_NOTED",
    "CATALOG",
    "CATALOG_APPLICATION_ID",
    "CHANGES_ARE_NOTED",
    "JOBS_COME_IN_BULK",
    "LEDGER",
    "LIVE",
    "listing_tables",
]
