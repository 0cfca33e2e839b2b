"""Which object of a job a row of its completion report is about, however the report writes keys (FACTS 2.3)."""

from collections.abc import Sequence
from sqlite3 import Connection

from restoretui.core.batch.jobs import ReportRow
from restoretui.core.batch.report_keys import KeyForm, is_plain, is_surely_raw, readings
from restoretui.ledger.batches.records import BatchJob


class ReportKeys:
    """What a whole report tells of how it writes keys. Look through every row before the first is joined."""

    def __init__(self, batch: BatchJob, first_job: int, objects: int) -> None:
        """``first_job`` and ``objects`` are the run's: its jobs are numbered without a gap."""
        self._batch = batch
        self._first = first_job
        self._named = {form: bytearray(objects) for form in KeyForm}
        self._wrong = dict.fromkeys(KeyForm, 0)

    def look_through(self, connection: Connection, rows: Sequence[ReportRow]) -> None:
        """Weigh some rows: a reading is wrong about each object that the job has not, or that was named before."""
        for row in rows:
            if row.bucket != self._batch.bucket or is_plain(row.key):
                continue
            raw = is_surely_raw(row.key)
            found: dict[str, int | None] = {}
            for form, key in readings(row.key).items():
                if key not in found:
                    found[key] = self._find(connection, key, row)
                job_id = found[key]
                if job_id is None or self._named[form][job_id - self._first] or (raw and form is not KeyForm.RAW):
                    self._wrong[form] += 1
                if job_id is not None:
                    self._named[form][job_id - self._first] = 1

    @property
    def likeliest(self) -> list[KeyForm]:
        """The ways that are wrong about the fewest rows: more than one where the report leaves it open."""
        least = min(self._wrong.values())
        return [form for form in KeyForm if self._wrong[form] == least]

    def objects_of(self, connection: Connection, row: ReportRow) -> list[int]:
        """The job's object that the row is about; several where nothing tells which, none where it has none such."""
        if row.bucket != self._batch.bucket:
            return []
        keys, likely = readings(row.key), self.likeliest
        found = {form: self._find(connection, key, row) for form, key in keys.items()}
        best = {found[form] for form in likely} - {None}
        if best:
            return sorted(job_id for job_id in best if job_id is not None)
        # Another hand may have written it, if no other row is about that object.
        others = {
            job_id for job_id in found.values()
            if job_id is not None and not any(self._named[form][job_id - self._first] for form in likely)
        }  # fmt: skip
        return sorted(others) if len(others) == 1 else []

    def as_known(self, connection: Connection, row: ReportRow) -> ReportRow:
        """The row with the key of its object; as it is written where that cannot be told."""
        about = self.objects_of(connection, row)
        if len(about) == 1:
            key = connection.execute("SELECT key FROM job WHERE id = ?", about).fetchone()
            return row._replace(key=str(key[0]))
        if about or is_plain(row.key):
            return row
        return row._replace(key=readings(row.key)[self.likeliest[0]])

    def _find(self, connection: Connection, key: str, row: ReportRow) -> int | None:
        batch = self._batch
        found = connection.execute(
            "SELECT j.id FROM job j WHERE j.bucket_id = (SELECT bucket_id FROM batch WHERE id = :batch)"
            " AND j.key = :key AND j.version_id = :version AND j.state NOT IN ('skipped', 'cancelled')"
            " AND j.batch_id = :batch",
            # S3 names the versions it found where we named none: ours are whatever was current.
            {"batch": batch.id, "key": key, "version": (row.version_id or "") if batch.versions else ""},
        ).fetchone()
        return None if found is None else int(found[0])
