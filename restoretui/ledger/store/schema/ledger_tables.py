"""The tables of ``ledger.db``: what was intended, and what became of it. A new migration goes to the end."""

from restoretui.ledger.store.migrations import Migration

APPLICATION_ID = 0x52544C31
"""``RTL1``: marks a SQLite file as our ledger."""

LIVE = "state NOT IN ('skipped', 'cancelled')"
"""Jobs that mean something to their object; the exact words of the partial index, which SQLite compares."""


def _past_flow(kind: str, at: str, which: str) -> str:
    """What the jobs of older versions tell of it."""
    return (
        f"INSERT INTO flow SELECT run_id, '{kind}', line_id, CAST({at} / 60 AS INTEGER), count(*),"
        f" CAST(min(total(max(size, 0)), {1 << 62}) AS INTEGER) FROM job WHERE {at} IS NOT NULL AND {which}"
        f" AND run_id IN (SELECT id FROM run) GROUP BY 1, 3, 4"
    )


LEDGER = (
    Migration(
        "runs and jobs",
        (
            """CREATE TABLE bucket (
                id INTEGER PRIMARY KEY,
                scheme TEXT NOT NULL,
                endpoint TEXT NOT NULL,
                name TEXT NOT NULL,
                UNIQUE (scheme, endpoint, name)
            )""",
            """CREATE TABLE run (
                id INTEGER PRIMARY KEY AUTOINCREMENT,
                scheme TEXT NOT NULL,
                endpoint TEXT NOT NULL,
                connection TEXT NOT NULL,
                purpose TEXT NOT NULL,
                tier TEXT NOT NULL,
                days INTEGER NOT NULL,
                note TEXT NOT NULL,
                created_at REAL NOT NULL,
                objects INTEGER NOT NULL,
                size_bytes INTEGER NOT NULL,
                first_job INTEGER NOT NULL,
                estimate TEXT NOT NULL,
                currency TEXT NOT NULL,
                unpriced INTEGER NOT NULL,
                window_shortest REAL,
                window_longest REAL,
                list_calls INTEGER NOT NULL DEFAULT 0,
                head_calls INTEGER NOT NULL DEFAULT 0,
                first_requested_at REAL,
                last_requested_at REAL,
                ended_at REAL,
                revision INTEGER NOT NULL DEFAULT 0
            )""",
            """CREATE TABLE run_count (
                run_id INTEGER NOT NULL REFERENCES run,
                state TEXT NOT NULL,
                jobs INTEGER NOT NULL,
                size_bytes INTEGER NOT NULL,
                PRIMARY KEY (run_id, state)
            ) WITHOUT ROWID""",
            """CREATE TABLE line (
                id INTEGER PRIMARY KEY,
                run_id INTEGER NOT NULL REFERENCES run,
                storage_class TEXT NOT NULL,
                archive TEXT,
                action TEXT NOT NULL,
                reason TEXT NOT NULL,
                tier TEXT,
                days INTEGER
            )""",
            """CREATE TABLE job (
                id INTEGER PRIMARY KEY,
                run_id INTEGER NOT NULL REFERENCES run,
                line_id INTEGER NOT NULL REFERENCES line,
                bucket_id INTEGER NOT NULL REFERENCES bucket,
                key TEXT NOT NULL,
                version_id TEXT NOT NULL,
                size INTEGER NOT NULL,
                state TEXT NOT NULL,
                changed_at REAL NOT NULL,
                adopted INTEGER NOT NULL,
                attempt_at REAL,
                requested_at REAL,
                available_at REAL,
                expiry INTEGER,
                look INTEGER,
                reason TEXT NOT NULL DEFAULT '',
                outcome TEXT NOT NULL DEFAULT '',
                code TEXT NOT NULL DEFAULT '',
                message TEXT NOT NULL DEFAULT '',
                request_id TEXT NOT NULL DEFAULT ''
            )""",
            # By object, for the rows on screen and for the watcher's walks in key order.
            f"CREATE INDEX job_object ON job (bucket_id, key, version_id, state) WHERE {LIVE}",
            # What the submitter takes next, and what a crash may have left between intent and outcome.
            "CREATE INDEX job_unsent ON job (run_id) WHERE state = 'planned' AND attempt_at IS NULL",
            "CREATE INDEX job_attempted ON job (run_id) WHERE state = 'planned' AND attempt_at IS NOT NULL",
            "CREATE INDEX job_unknown ON job (run_id) WHERE state = 'unknown'",
        ),
    ),
    Migration(
        "activity",
        (
            """CREATE TABLE activity (
                id INTEGER PRIMARY KEY AUTOINCREMENT,
                at REAL NOT NULL,
                kind TEXT NOT NULL,
                run_id INTEGER,
                job_id INTEGER,
                bucket_id INTEGER,
                key TEXT,
                version_id TEXT,
                from_state TEXT,
                to_state TEXT,
                tier TEXT,
                expiry INTEGER,
                text TEXT NOT NULL DEFAULT '',
                code TEXT NOT NULL DEFAULT '',
                request_id TEXT NOT NULL DEFAULT ''
            )""",
            "CREATE INDEX activity_run ON activity (run_id) WHERE run_id IS NOT NULL",
            """CREATE TRIGGER activity_is_not_changed BEFORE UPDATE ON activity
               BEGIN SELECT raise(ABORT, 'the activity log is append-only'); END""",
            """CREATE TRIGGER activity_is_not_deleted BEFORE DELETE ON activity
               BEGIN SELECT raise(ABORT, 'the activity log is append-only'); END""",
        ),
    ),
    Migration(
        "leases",
        ("CREATE TABLE lease (name TEXT PRIMARY KEY, holder TEXT NOT NULL, expires_at REAL NOT NULL) WITHOUT ROWID",),
    ),
    Migration(
        "batches",
        (
            # One job of S3 Batch Operations, from its intent on; token and manifest are known before CreateJob.
            """CREATE TABLE batch (
                id INTEGER PRIMARY KEY AUTOINCREMENT,
                run_id INTEGER NOT NULL REFERENCES run,
                bucket_id INTEGER NOT NULL REFERENCES bucket,
                versions INTEGER NOT NULL,
                days INTEGER,
                objects INTEGER NOT NULL,
                size_bytes INTEGER NOT NULL,
                token TEXT NOT NULL UNIQUE,
                options TEXT NOT NULL,
                phase TEXT NOT NULL,
                planned_at REAL NOT NULL,
                confirmed_at REAL,
                cancelled_at REAL,
                region TEXT NOT NULL DEFAULT '',
                manifest_bucket TEXT NOT NULL DEFAULT '',
                manifest_key TEXT NOT NULL DEFAULT '',
                manifest_etag TEXT NOT NULL DEFAULT '',
                sent_at REAL,
                job_id TEXT NOT NULL DEFAULT '',
                status TEXT NOT NULL DEFAULT '',
                total INTEGER NOT NULL DEFAULT 0,
                succeeded INTEGER NOT NULL DEFAULT 0,
                failed INTEGER NOT NULL DEFAULT 0,
                elapsed_s INTEGER NOT NULL DEFAULT 0,
                problem TEXT NOT NULL DEFAULT '',
                report TEXT NOT NULL DEFAULT '',
                ended_at REAL,
                cleaned_at REAL
            )""",
            "CREATE INDEX batch_run ON batch (run_id)",
            "CREATE INDEX batch_job ON batch (job_id) WHERE job_id <> ''",
            "ALTER TABLE job ADD COLUMN batch_id INTEGER REFERENCES batch",
        ),
    ),
    Migration(
        "pruning",
        (
            # Runs that were removed on request: their rows go a few at a time, and only theirs may.
            """CREATE TABLE pruned (
                run_id INTEGER PRIMARY KEY,
                first_job INTEGER NOT NULL,
                last_job INTEGER NOT NULL,
                last_activity INTEGER NOT NULL,
                at REAL NOT NULL,
                is_done INTEGER NOT NULL DEFAULT 0
            )""",
            "DROP TRIGGER activity_is_not_deleted",
            """CREATE TRIGGER activity_is_not_deleted BEFORE DELETE ON activity
               WHEN NOT EXISTS (SELECT 1 FROM pruned WHERE run_id = OLD.run_id AND NOT is_done)
               BEGIN SELECT raise(ABORT, 'the activity log is append-only'); END""",
        ),
    ),
    Migration(
        "lengths of leases, and when runs were looked at",
        (
            # What a lease ends ahead of its length was written by another clock than ours.
            "ALTER TABLE lease ADD COLUMN lasts_s REAL NOT NULL DEFAULT 10.0",
            "ALTER TABLE run ADD COLUMN looked_at REAL",
        ),
    ),
    Migration(
        "what tells an overwrite",
        # By which a class that changes because of a restore is told from another upload under the same key.
        ("ALTER TABLE job ADD COLUMN etag TEXT NOT NULL DEFAULT ''",),
    ),
    Migration(
        "how many objects a run asks for itself",
        # The others restored, or were restored, by somebody else's request. NULL: of a run from before.
        ("ALTER TABLE run ADD COLUMN asks INTEGER",),
    ),
    Migration(
        "how runs go, and how long restores take",
        (
            # When requests went out and copies came and went, by the minute: what a million jobs come to.
            """CREATE TABLE flow (
                run_id INTEGER NOT NULL REFERENCES run,
                kind TEXT NOT NULL,
                line_id INTEGER NOT NULL,
                minute INTEGER NOT NULL,
                jobs INTEGER NOT NULL,
                size_bytes INTEGER NOT NULL,
                PRIMARY KEY (run_id, kind, line_id, minute)
            ) WITHOUT ROWID""",
            *(
                _past_flow(kind, at, which)
                for kind, at, which in (
                    ("requested", "requested_at", "1"),
                    ("arrived", "available_at", "1"),
                    ("ended", "changed_at", "state = 'expired' AND available_at IS NOT NULL"),
                )
            ),
            # A GiB-month of the temporary copy as the confirmed plan has it; NULL where no price of it is known.
            "ALTER TABLE line ADD COLUMN copy_rate TEXT",
            # How long restores took, whoever's run they were in: it outlives the runs.
            """CREATE TABLE duration (
                scheme TEXT NOT NULL,
                endpoint TEXT NOT NULL,
                archive TEXT NOT NULL,
                tier TEXT NOT NULL,
                seconds INTEGER NOT NULL,
                jobs INTEGER NOT NULL,
                PRIMARY KEY (scheme, endpoint, archive, tier, seconds)
            ) WITHOUT ROWID""",
            "CREATE INDEX job_failed ON job (run_id) WHERE state = 'failed'",
        ),
    ),
    Migration(
        "commands of runs",
        (
            # What could be typed to plan the same, as JSON: words, and how many of them are assignments.
            "CREATE TABLE run_command (run_id INTEGER PRIMARY KEY REFERENCES run, commands TEXT NOT NULL)",
        ),
    ),
    Migration(
        "places",
        (
            """CREATE TABLE visited (
                scheme TEXT NOT NULL,
                bucket TEXT NOT NULL,
                prefix TEXT NOT NULL,
                at REAL NOT NULL,
                bookmarked INTEGER NOT NULL DEFAULT 0,
                PRIMARY KEY (scheme, bucket, prefix)
            ) WITHOUT ROWID""",
        ),
    ),
    Migration(
        "runs that were given up",
        # Since when nothing more of it may leave: whoever sends it, in whatever process, is told so.
        ("ALTER TABLE run ADD COLUMN given_up_at REAL",),
    ),
    Migration(
        "looks of places",
        (
            # How the screens showed it: all keys below or prefix by prefix, and in which order. NULL: as it comes.
            "ALTER TABLE visited ADD COLUMN flat INTEGER",
            "ALTER TABLE visited ADD COLUMN sort TEXT",
            "ALTER TABLE visited ADD COLUMN descending INTEGER",
        ),
    ),
    Migration(
        "regions of runs",
        (
            # Of its buckets, blanks between them: what looking costs there. Empty: of a run from before.
            "ALTER TABLE run ADD COLUMN regions TEXT NOT NULL DEFAULT ''",
        ),
    ),
    Migration(
        "what is done with objects once they can be read",
        (
            """CREATE TABLE then_step (
                id INTEGER PRIMARY KEY AUTOINCREMENT,
                run_id INTEGER NOT NULL REFERENCES run,
                place INTEGER NOT NULL,
                kind TEXT NOT NULL,
                target TEXT NOT NULL,
                options TEXT NOT NULL
            )""",
            "CREATE INDEX then_step_run ON then_step (run_id, place)",
            """CREATE TABLE then_count (
                step_id INTEGER NOT NULL REFERENCES then_step,
                state TEXT NOT NULL,
                tasks INTEGER NOT NULL,
                PRIMARY KEY (step_id, state)
            ) WITHOUT ROWID""",
            # One step on one object; job_id 0: on the run as a whole. ``memo``: what an attempt has to know of
            # itself should it be begun again, as JSON. ``path``, ``folded``: of a download.
            """CREATE TABLE then_task (
                id INTEGER PRIMARY KEY AUTOINCREMENT,
                step_id INTEGER NOT NULL REFERENCES then_step,
                job_id INTEGER NOT NULL,
                state TEXT NOT NULL,
                changed_at REAL NOT NULL,
                attempt_at REAL,
                due_at REAL,
                tries INTEGER NOT NULL DEFAULT 0,
                reason TEXT NOT NULL DEFAULT '',
                code TEXT NOT NULL DEFAULT '',
                memo TEXT NOT NULL DEFAULT '',
                path TEXT NOT NULL DEFAULT '',
                folded TEXT NOT NULL DEFAULT '',
                output TEXT NOT NULL DEFAULT ''
            )""",
            "CREATE UNIQUE INDEX then_task_object ON then_task (step_id, job_id) WHERE job_id > 0",
            "CREATE INDEX then_task_state ON then_task (step_id, state, id)",
            "CREATE UNIQUE INDEX then_task_path ON then_task (step_id, folded) WHERE folded <> ''",
        ),
    ),
    Migration(
        "on whose behalf runs are",
        (
            "ALTER TABLE run ADD COLUMN requester TEXT NOT NULL DEFAULT ''",
            "ALTER TABLE run ADD COLUMN ticket TEXT NOT NULL DEFAULT ''",
        ),
    ),
    Migration(
        "requests said literally, and what else is answered to a request",
        (
            # What is sent in place of, or beside, what days and tier come to, as JSON; empty for nothing.
            "ALTER TABLE run ADD COLUMN literal TEXT NOT NULL DEFAULT ''",
            # Who is charged, and where results are written: of few requests is either told.
            """CREATE TABLE job_answer (
                job_id INTEGER PRIMARY KEY,
                charged TEXT NOT NULL,
                output_path TEXT NOT NULL
            )""",
        ),
    ),
    Migration(
        "as whom places were gone to",
        (
            # A profile's name; empty for none, and of places from before.
            "ALTER TABLE visited ADD COLUMN profile TEXT NOT NULL DEFAULT ''",
        ),
    ),
)
