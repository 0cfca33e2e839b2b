"""The tables of ``catalog.db``: what was seen and what is marked. A new migration goes to the end."""

from restoretui.ledger.store.migrations import Migration

CATALOG_APPLICATION_ID = 0x52544331
"""``RTC1``: marks a SQLite file as our catalog."""

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
    Migration(
        "listings of other origin: inventories, and places as of a time",
        (
            # inventory, or as-of; empty: a LIST of what is there. ``made_at``: when it was written here.
            "ALTER TABLE listing ADD COLUMN origin TEXT NOT NULL DEFAULT ''",
            "ALTER TABLE listing ADD COLUMN source TEXT NOT NULL DEFAULT ''",
            "ALTER TABLE listing ADD COLUMN only TEXT NOT NULL DEFAULT ''",
            "ALTER TABLE listing ADD COLUMN as_of REAL",
            "ALTER TABLE listing ADD COLUMN made_at REAL",
            # Something of the bucket is known from an inventory alone: marks of it may be ``silent``.
            "ALTER TABLE place ADD COLUMN imported INTEGER",
            "ALTER TABLE selection ADD COLUMN silent INTEGER NOT NULL DEFAULT 0",
        ),
    ),
    Migration(
        "marks by span",
        (
            # The last key of what came so far; NULL where keys did not rise strictly, or nobody looked.
            "ALTER TABLE segment ADD COLUMN last_key TEXT",
            # What its rows tell, added up: see ``views.row_kinds``.
            "ALTER TABLE segment ADD COLUMN kinds TEXT",
            # All rows of a listing between two ids, with the keys at both ends: see ``marks.spans``.
            """CREATE TABLE selection_span (
                sel INTEGER NOT NULL REFERENCES selection_set,
                place_id INTEGER NOT NULL REFERENCES place,
                first_key TEXT NOT NULL,
                last_key TEXT NOT NULL,
                listing_id INTEGER NOT NULL REFERENCES listing,
                first_id INTEGER NOT NULL,
                last_id INTEGER NOT NULL,
                step INTEGER NOT NULL DEFAULT 0,
                PRIMARY KEY (sel, place_id, first_key)
            ) WITHOUT ROWID""",
            "CREATE INDEX selection_span_of ON selection_span (listing_id)",
        ),
    ),
)
