"""Surrogate ids of buckets in the ledger, and which of them a run has objects in."""

from collections.abc import Collection, Iterator

from restoretui.ledger.records import CloudId
from restoretui.ledger.run_records import BucketSpan
from restoretui.ledger.store.quick_reads import QuickReads
from restoretui.ledger.store.writer import Tx


def bucket_id(tx: Tx, cloud: CloudId, bucket: str) -> int:
    """Get or create the id of a bucket."""
    named = (*cloud, bucket)
    tx.run("INSERT OR IGNORE INTO bucket (scheme, endpoint, name) VALUES (?, ?, ?)", named)
    row = tx.row("SELECT id FROM bucket WHERE scheme = ? AND endpoint = ? AND name = ?", named)
    return int(row[0]) if row else 0


class RunBuckets:
    """The buckets of each run: they never change, so they are read once."""

    def __init__(self, quick: QuickReads) -> None:
        self._quick = quick
        self._known: dict[int, tuple[tuple[str, ...], tuple[BucketSpan, ...]]] = {}

    def of(self, run_id: int, first_job: int, objects: int) -> tuple[str, ...]:
        """Their names, in the order of the run's jobs: those of one bucket stand together, so few rows are read."""
        known = self._known.get(run_id)
        if known is None:
            spans = tuple(self._read(first_job, first_job + objects - 1))
            known = self._known[run_id] = tuple(span.bucket for span in spans), spans
        return known[0]

    def spans(self, run_id: int, buckets: Collection[str]) -> list[BucketSpan]:
        """Where the jobs on these stand, in a run that ``of`` was asked about."""
        return [span for span in self._known[run_id][1] if span.bucket in buckets]

    def _read(self, job: int, last: int) -> Iterator[BucketSpan]:
        while job <= last and (bucket := self._bucket(job)) is not None:
            inside, outside = job, last + 1
            while outside - inside > 1:
                middle = last if outside > last and inside < last else (inside + outside) // 2
                if self._bucket(middle) == bucket:
                    inside = middle
                else:
                    outside = middle
            yield BucketSpan(bucket[1], job, inside)
            job = outside

    def _bucket(self, job: int) -> tuple[int, str] | None:
        row = self._quick.row(
            "SELECT b.id, b.name FROM job j JOIN bucket b ON b.id = j.bucket_id WHERE j.id = ?", (job,)
        )
        return None if row is None else (row[0], row[1])
