"""Polls for commits of other processes on the same files, and publishes the topics they made stale."""

from typing import Any

from restoretui.ledger.store import change_feed
from restoretui.ledger.store.change_feed import Changes
from restoretui.ledger.store.writer import Tx


class OtherProcesses:
    """Compares SQLite's ``data_version`` of both files, in the writer's thread.

    It changes only by commits of other connections (sqlite.org/pragma.html#pragma_data_version), and ours is the only
    one of this process that commits.
    """

    def __init__(self, feed: Changes) -> None:
        self._feed = feed
        self._versions: tuple[int, int] | None = None
        self._runs: dict[int, Any] = {}
        self._listings: dict[int, Any] = {}

    def begin(self, tx: Tx) -> None:
        """Changes count from now on: to be called before anything is read that somebody will want to hear about.

        What was there then is not read: the first time that anything has changed, all of it may have.
        """
        self._versions = self._read_versions(tx)

    def look(self, tx: Tx) -> None:
        """Touch the topics of what others have changed; what nobody listened to is told to who listens next."""
        if not self._feed.has_subscribers:
            return
        ledger, catalog = versions = self._read_versions(tx)
        before, self._versions = self._versions, versions
        if before is None or before[0] != ledger:
            runs = {row[0]: row for row in tx.rows("SELECT id, revision, list_calls, head_calls FROM run")}
            if before is not None:
                tx.touch(change_feed.RUNS, change_feed.ACTIVITY, change_feed.BATCHES)
                tx.touch(
                    *(change_feed.run_topic(run_id) for run_id, row in runs.items() if self._runs.get(run_id) != row)
                )
            self._runs = runs
        if before is None or before[1] != catalog:
            listings = {row[0]: row for row in tx.rows("SELECT id, objects, prefixes, ended_at, error FROM listing")}
            if before is not None:
                gone_or_new = {
                    listing_id
                    for listing_id in listings.keys() | self._listings.keys()
                    if listings.get(listing_id) != self._listings.get(listing_id)
                }
                tx.touch(change_feed.CATALOG, *map(change_feed.listing_topic, gone_or_new))
                tx.touch(*(change_feed.selection_topic(row[0]) for row in tx.rows("SELECT id FROM selection_set")))
            self._listings = listings

    @staticmethod
    def _read_versions(tx: Tx) -> tuple[int, int]:
        (ledger,) = tx.rows("PRAGMA main.data_version")[0]
        (catalog,) = tx.rows("PRAGMA catalog.data_version")[0]
        return ledger, catalog
