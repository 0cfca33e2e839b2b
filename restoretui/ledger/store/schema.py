"""The tables of both files, as ordered migrations.

``ledger.db`` holds what was intended and what became of it. ``catalog.db`` holds what was seen and what is marked; it
may be deleted at any time. Neither refers to ids of the other, so that each can be lost or replaced alone.

Texts that would repeat in every job (class, archive, verdict) stand once in ``line``: a run of a million objects has
a few dozen. States are spelled out so that the file can be read by eye. Nothing newer than SQLite 3.33 is used.
"""

from restoretui.ledger.store.migrations import Migration

APPLICATION_ID = 0x52544C31
"""``RTL1``: marks a SQLite file as our ledger."""
CATALOG_APPLICATION_ID = 0x52544331
"""``RTC1``: marks a SQLite file as our catalog."""

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
)

CATALOG = (
    Migration(
        "listings, looks and marks",
        (
            """CREATE TABLE place (
                id INTEGER PRIMARY KEY,
                scheme TEXT NOT NULL,
                endpoint TEXT NOT NULL,
                bucket TEXT NOT NULL,
                UNIQUE (scheme, endpoint, bucket)
            )""",
            """CREATE TABLE listing (
                id INTEGER PRIMARY KEY AUTOINCREMENT,
                place_id INTEGER NOT NULL REFERENCES place,
                prefix TEXT NOT NULL,
                recursive INTEGER NOT NULL,
                versions INTEGER NOT NULL,
                single INTEGER NOT NULL,
                started_at REAL NOT NULL,
                ended_at REAL,
                resume_token TEXT,
                error TEXT NOT NULL DEFAULT '',
                objects INTEGER NOT NULL DEFAULT 0,
                prefixes INTEGER NOT NULL DEFAULT 0,
                size_bytes INTEGER NOT NULL DEFAULT 0,
                first_segment INTEGER NOT NULL DEFAULT 0
            )""",
            "CREATE INDEX listing_scope ON listing (place_id, prefix)",
            """CREATE TABLE segment (
                listing_id INTEGER NOT NULL REFERENCES listing,
                number INTEGER NOT NULL,
                first_key TEXT NOT NULL,
                rows INTEGER NOT NULL,
                PRIMARY KEY (listing_id, number)
            ) WITHOUT ROWID""",
            "CREATE UNIQUE INDEX segment_order ON segment (listing_id, first_key, number)",
            """CREATE TABLE observation (
                place_id INTEGER NOT NULL REFERENCES place,
                key TEXT NOT NULL,
                version_id TEXT NOT NULL,
                storage_class TEXT NOT NULL,
                size INTEGER NOT NULL,
                modified INTEGER,
                archive_status TEXT,
                looked INTEGER NOT NULL,
                in_progress INTEGER,
                expiry INTEGER,
                seen_at REAL NOT NULL,
                gone INTEGER NOT NULL,
                PRIMARY KEY (place_id, key, version_id)
            ) WITHOUT ROWID""",
            "CREATE TABLE selection_set (id INTEGER PRIMARY KEY AUTOINCREMENT, created_at REAL NOT NULL)",
            "INSERT INTO selection_set (id, created_at) VALUES (1, 0)",
            """CREATE TABLE selection (
                sel INTEGER NOT NULL REFERENCES selection_set,
                place_id INTEGER NOT NULL REFERENCES place,
                key TEXT NOT NULL,
                version_id TEXT NOT NULL,
                storage_class TEXT NOT NULL,
                size INTEGER NOT NULL,
                modified INTEGER,
                archive_status TEXT,
                looked INTEGER NOT NULL,
                in_progress INTEGER,
                expiry INTEGER,
                seen_at REAL NOT NULL,
                PRIMARY KEY (sel, place_id, key, version_id)
            ) WITHOUT ROWID""",
            """CREATE TABLE selection_total (
                sel INTEGER NOT NULL REFERENCES selection_set,
                place_id INTEGER NOT NULL REFERENCES place,
                objects INTEGER NOT NULL,
                size_bytes INTEGER NOT NULL,
                PRIMARY KEY (sel, place_id)
            ) WITHOUT ROWID""",
        ),
    ),
    Migration(
        "what is marked has a revision",
        # By which a plan knows that the objects it was made of are still the ones that are marked.
        ("ALTER TABLE selection_set ADD COLUMN revision INTEGER NOT NULL DEFAULT 0",),
    ),
    Migration(
        "holders",
        (
            # Which process shows or makes which listing, by the name of its scratch space: its lock tells who lives.
            """CREATE TABLE holder (
                process TEXT NOT NULL,
                listing_id INTEGER NOT NULL,
                PRIMARY KEY (process, listing_id)
            ) WITHOUT ROWID""",
        ),
    ),
    Migration(
        "what HEAD tells of restores, and whether listings do",
        (
            *(
                f"ALTER TABLE {table} ADD COLUMN {column}"
                for table in ("observation", "selection")
                for column in (
                    "etag TEXT NOT NULL DEFAULT ''",
                    "told_tier TEXT",
                    "told_days INTEGER",
                    "told_asked REAL",
                )
            ),
            # 1 once a page of it told of a restore: from then on, what it says nothing of has none.
            "ALTER TABLE place ADD COLUMN tells INTEGER",
        ),
    ),
    Migration(
        "totals",
        (
            # Totals are kept; when the next of its copies ends; behind which row all have to be counted anew.
            "ALTER TABLE listing ADD COLUMN counted INTEGER NOT NULL DEFAULT 0",
            "ALTER TABLE listing ADD COLUMN due_at INTEGER",
            "ALTER TABLE listing ADD COLUMN recount INTEGER",
            "CREATE INDEX listing_counted ON listing (place_id) WHERE counted",
            # What changed since totals were brought up to date: see ``CHANGES_ARE_NOTED``.
            "CREATE TABLE stale_job (id INTEGER PRIMARY KEY)",
            """CREATE TABLE stale_look (
                place_id INTEGER NOT NULL,
                key TEXT NOT NULL,
                version_id TEXT NOT NULL,
                PRIMARY KEY (place_id, key, version_id)
            ) WITHOUT ROWID""",
        ),
    ),
    Migration(
        "when a lifecycle rule deletes an object, as HEAD tells it",
        tuple(f"ALTER TABLE {table} ADD COLUMN lapses INTEGER" for table in ("observation", "selection")),
    ),
    Migration(
        "marks of one session, sets with a name, and what undoes a change",
        (
            # work: of a command; marks: on the screens of ``owner``, a process; saved: by ``name``; undo: taken away.
            "ALTER TABLE selection_set ADD COLUMN kind TEXT NOT NULL DEFAULT 'work'",
            "ALTER TABLE selection_set ADD COLUMN owner TEXT NOT NULL DEFAULT ''",
            "ALTER TABLE selection_set ADD COLUMN name TEXT NOT NULL DEFAULT ''",
            "ALTER TABLE selection_set ADD COLUMN changed_at REAL NOT NULL DEFAULT 0",
            # The change under way: what it adds has its number, what it takes away goes to the set ``trash``.
            "ALTER TABLE selection_set ADD COLUMN step INTEGER NOT NULL DEFAULT 0",
            "ALTER TABLE selection_set ADD COLUMN trash INTEGER",
            "ALTER TABLE selection ADD COLUMN step INTEGER NOT NULL DEFAULT 0",
            """UPDATE selection_set SET kind = 'marks', changed_at =
               coalesce((SELECT max(seen_at) FROM selection WHERE sel = 1), 0) WHERE id = 1""",
            "CREATE UNIQUE INDEX selection_named ON selection_set (name) WHERE name <> ''",
        ),
    ),
)

_KEPT = "EXISTS (SELECT 1 FROM listing WHERE counted)"
_JOB_OF = (
    "INSERT INTO stale_look SELECT p.id, OLD.key, OLD.version_id FROM bucket b JOIN place p"
    " ON p.scheme = b.scheme AND p.endpoint = b.endpoint AND p.bucket = b.name WHERE b.id = OLD.bucket_id"
    " ON CONFLICT DO NOTHING"
)
_LOOK = "INSERT INTO stale_look VALUES ({row}.place_id, {row}.key, {row}.version_id) ON CONFLICT DO NOTHING"
CHANGES_ARE_NOTED = (
    f"""CREATE TEMP TRIGGER job_comes AFTER INSERT ON main.job WHEN {_KEPT}
        BEGIN INSERT INTO stale_job VALUES (NEW.id) ON CONFLICT DO NOTHING; END""",
    f"""CREATE TEMP TRIGGER job_changes AFTER UPDATE OF state, changed_at, expiry ON main.job
        WHEN (NEW.state <> OLD.state OR NEW.changed_at <> OLD.changed_at OR NEW.expiry IS NOT OLD.expiry) AND {_KEPT}
        BEGIN INSERT INTO stale_job VALUES (NEW.id) ON CONFLICT DO NOTHING; END""",
    f"""CREATE TEMP TRIGGER job_goes AFTER DELETE ON main.job WHEN {_KEPT} BEGIN {_JOB_OF}; END""",
    f"""CREATE TEMP TRIGGER look_comes AFTER INSERT ON catalog.observation WHEN {_KEPT}
        BEGIN {_LOOK.format(row="NEW")}; END""",
    f"""CREATE TEMP TRIGGER look_changes AFTER UPDATE ON catalog.observation WHEN {_KEPT}
        BEGIN {_LOOK.format(row="NEW")}; END""",
    f"""CREATE TEMP TRIGGER look_goes AFTER DELETE ON catalog.observation WHEN {_KEPT}
        BEGIN {_LOOK.format(row="OLD")}; END""",
)
"""Whatever changes what an object counts as is noted in the same transaction, whoever writes it. Triggers of the
connection that writes: those of a file could not name a table of the other."""


def listing_tables(listing_id: int) -> tuple[str, ...]:
    """The statements that make one listing's tables: objects (ids: see ``segments``), common prefixes, and totals.

    No unique or other index: appending is 10 times as fast without. ``seen`` is seconds since the listing began.
    """
    return (
        f"""CREATE TABLE catalog.l{listing_id} (
            id INTEGER PRIMARY KEY,
            key TEXT NOT NULL,
            version_id TEXT,
            size INTEGER NOT NULL,
            modified INTEGER NOT NULL,
            storage_class TEXT NOT NULL,
            in_progress INTEGER,
            expiry INTEGER,
            etag TEXT NOT NULL,
            is_latest INTEGER NOT NULL,
            seen INTEGER NOT NULL
        )""",
        f"CREATE TABLE catalog.p{listing_id} (id INTEGER PRIMARY KEY, prefix TEXT NOT NULL)",
        f"""CREATE TABLE catalog.t{listing_id} (
            id INTEGER PRIMARY KEY,
            depth INTEGER NOT NULL,
            prefix TEXT NOT NULL,
            storage_class TEXT NOT NULL,
            state TEXT NOT NULL,
            objects INTEGER NOT NULL,
            high INTEGER NOT NULL,
            low INTEGER NOT NULL,
            unsized INTEGER NOT NULL,
            UNIQUE (depth, prefix, storage_class, state)
        )""",
        f"""CREATE TABLE catalog.r{listing_id} (
            id INTEGER PRIMARY KEY,
            storage_class TEXT NOT NULL,
            state TEXT NOT NULL,
            size INTEGER NOT NULL,
            until INTEGER
        )""",
        f"CREATE INDEX catalog.r{listing_id}_until ON r{listing_id} (until) WHERE until IS NOT NULL",
    )
